/* limit_cost.c - what the limits cost: time of a decision, memory of a million partitions, the longest
 * decision while the table grows.
 *
 *   cmake --build --preset release --target bench_limit_cost
 *   build/release/bench/bench_limit_cost
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "limit/limit_table.h"

enum { DECISIONS = 2000000, RUNS = 5, PARTITIONS = 1000000 };

static const struct gcra_rate rate = {UINT64_C(3600) * 1000000, 100000};

static struct limit_claim claim_of(const struct limit_table *table, unsigned number)
{
    char text[64];
    int len = snprintf(text, sizeof(text), "per-key:Ab3dE6gH9k:%u", number);
    return (struct limit_claim){
        .key = limit_table_key(table, (struct span){text, (size_t)len}), .rate = &rate, .cost = 1};
}

static double resident_mib(void)
{
    unsigned long all, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file && fscanf(file, "%lu %lu", &all, &resident) != 2)
        resident = 0;
    if (file)
        (void)fclose(file);
    return (double)resident * (double)sysconf(_SC_PAGESIZE) / MIB;
}

/* The best of some runs: the hash of the partition, the locks, the look-up, the arithmetic. */
static double ns_of_decision(struct limit_table *table, unsigned partitions, size_t claims)
{
    double best = 1e9;
    for (int run = 0; run < RUNS; run++) {
        uint64_t began_us = clock_us();
        for (unsigned i = 0; i < DECISIONS; i++) {
            struct limit_claim list[LIMIT_CLAIMS_MAX];
            for (size_t c = 0; c < claims; c++)
                list[c] = claim_of(table, (i * 2654435761u + (unsigned)c * 7919u) % partitions);
            (void)limit_table_take(table, list, claims, began_us);
        }
        double ns = (double)(clock_us() - began_us) * 1000 / DECISIONS;
        best = ns < best ? ns : best;
    }
    return best;
}

int main(void)
{
    static const unsigned partitions[] = {10, 1000, 100000, PARTITIONS};
    struct limit_table *table = limit_table_create(PARTITIONS);
    double before = resident_mib();
    uint64_t longest_us = 0;
    for (unsigned i = 0; i < PARTITIONS; i++) {
        struct limit_claim claim = claim_of(table, i);
        uint64_t began_us = clock_us();
        (void)limit_table_take(table, &claim, 1, began_us);
        uint64_t took_us = clock_us() - began_us;
        longest_us = took_us > longest_us ? took_us : longest_us;
    }
    printf("%d partitions: %.1f MiB, longest decision %llu us\n", PARTITIONS,
           resident_mib() - before, (unsigned long long)longest_us);
    printf("ns a decision, with the writing of its partition:  1 limit   3 limits\n");
    for (size_t i = 0; i < COUNT_OF(partitions); i++)
        printf("%8u partitions %38.0f %10.0f\n", partitions[i],
               ns_of_decision(table, partitions[i], 1), ns_of_decision(table, partitions[i], 3));
    limit_table_destroy(table);
    return 0;
}
