/* cache_cost.c - what the cache's memory tier costs: time of a hit, memory of the process.
 *
 *   cmake --build --preset release --target bench_cache_cost
 *   build/release/bench/bench_cache_cost hits
 *   build/release/bench/bench_cache_cost memory MIB THREADS [phases]
 *
 * hits: nanoseconds of a cache_find and its release, with 10 to 1 000 000 entries, with one thread
 * and several. memory: threads put a million entries of different sizes in all, at the same time or,
 * with `phases`, one thread after the other; prints the most that was counted and the most that was
 * resident, and ends with 1 beyond memory + 1 % and 1.3 times memory + 32 MiB.
 */
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "cache/cache.h"

enum { HITS = 1000000, RUNS = 5, PUTS = 1000000, THREADS_MAX = 64, LOOK_EVERY = 1000 };

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(2685821657736338717);
}

static struct span key_of(uint64_t number, char text[128])
{
    int len = snprintf(text, 128, "/v1/admin/hub/integrations/intver_%020llu:scope=public",
                       (unsigned long long)number);
    return (struct span){text, (size_t)len};
}

static struct cache_entry *make(uint64_t number, size_t body_len)
{
    static const struct cache_facts facts = {.status = 200};
    struct header fields[] = {
        {SPAN("content-type"), SPAN("application/json"), HEADER_CONTENT_TYPE},
        {SPAN("cache-control"), SPAN("max-age=3600"), HEADER_CACHE_CONTROL},
        {SPAN("date"), SPAN("Sun, 06 Nov 1994 08:49:37 GMT"), HEADER_DATE},
    };
    struct header_list headers = {fields, COUNT_OF(fields), COUNT_OF(fields)};
    char text[128];
    struct cache_entry *entry =
        cache_entry_create(&facts, key_of(number, text), &headers, SPAN(""), body_len);
    memset(cache_entry_body(entry), 'x', body_len);
    return entry;
}

static void put(struct cache *cache, uint64_t number, size_t body_len)
{
    struct cache_entry *entry = make(number, body_len);
    cache_put(cache, entry);
    cache_entry_release(entry);
}

struct reader {
    pthread_t thread;
    struct cache *cache;
    size_t entries, wanted;
    double ns;
};

/* The keys are made beforehand: so many of all, in random order. */
static void *read_many(void *arg)
{
    struct reader *reader = arg;
    char(*texts)[128] = xcalloc(reader->wanted, sizeof(*texts));
    size_t len = 0, missed = 0;
    uint64_t state = 0x9e3779b97f4a7c15u ^ (uintptr_t)reader;
    for (size_t i = 0; i < reader->wanted; i++)
        len = key_of(next_random(&state) % reader->entries, texts[i]).len;
    for (size_t i = 0; i < HITS + reader->wanted; i++) {
        uint64_t began_us = i == reader->wanted ? clock_us() : 0;
        if (began_us > 0)
            reader->ns = (double)began_us;
        struct cache_entry *entry =
            cache_find(reader->cache, (struct span){texts[i % reader->wanted], len});
        missed += !entry;
        cache_entry_release(entry);
    }
    reader->ns = ((double)clock_us() - reader->ns) * 1000 / HITS;
    ASSERT(missed == 0);
    free(texts);
    return NULL;
}

/* The best of some runs: the others met something else that ran. */
static double time_hits(struct cache *cache, size_t entries, size_t wanted, size_t threads)
{
    struct reader readers[THREADS_MAX];
    double best = 0;
    for (int run = 0; run < RUNS; run++) {
        double ns = 0;
        for (size_t i = 0; i < threads; i++) {
            readers[i] = (struct reader){.cache = cache, .entries = entries, .wanted = wanted};
            ASSERT(pthread_create(&readers[i].thread, NULL, read_many, &readers[i]) == 0);
        }
        for (size_t i = 0; i < threads; i++) {
            ASSERT(pthread_join(readers[i].thread, NULL) == 0);
            ns += readers[i].ns / (double)threads;
        }
        best = run == 0 || ns < best ? ns : best;
    }
    return best;
}

static int bench_hits(void)
{
    static const size_t counts[] = {10, 1000, 100000, 1000000};
    puts("ns of a find and its release:    10 of them   two threads   1000   100000 of them");
    for (size_t i = 0; i < COUNT_OF(counts); i++) {
        struct cache_options options = {.memory_bytes = (size_t)2048 * MIB, .object_bytes = MIB};
        struct cache *cache = cache_create(&options);
        for (size_t n = 0; n < counts[i]; n++)
            put(cache, n, 600);
        printf("%8zu entries                 %10.1f %13.1f %6.1f %16.1f\n", counts[i],
               time_hits(cache, counts[i], 10, 1), time_hits(cache, counts[i], 10, 2),
               time_hits(cache, counts[i], 1000, 1), time_hits(cache, counts[i], 100000, 1));
        cache_destroy(cache);
    }
    return 0;
}

/* Resident bytes of this process. */
static size_t resident(void)
{
    char text[128] = "";
    FILE *file = fopen("/proc/self/statm", "r");
    ASSERT(file && fgets(text, sizeof(text), file));
    fclose(file);
    struct span rest = span_of(text);
    uint64_t pages = 0;
    (void)span_cut(&rest, ' ');
    ASSERT(span_to_u64(span_cut(&rest, ' '), &pages));
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

struct writer {
    pthread_t thread;
    struct cache *cache;
    size_t first, count;
    pthread_mutex_t *turn; /* with phases: held by who writes */
    pthread_barrier_t *end;
    size_t most_counted, most_resident;
};

/* Most are small, some are of many KiB: 100 bytes to 100 KiB, evenly over the logarithm, cubed. */
static size_t some_len(uint64_t *state)
{
    uint64_t random = next_random(state);
    unsigned shift = (unsigned)(random % 100);
    size_t top = shift < 60 ? 1000 : shift < 95 ? 8000 : shift < 99 ? 60000 : 300000;
    return 100 + (size_t)(next_random(state) % top);
}

static void look(struct writer *writer)
{
    struct cache_counts counts;
    cache_read_counts(writer->cache, &counts);
    size_t now = resident();
    if (now > writer->most_resident)
        writer->most_resident = now;
    if (counts.bytes > writer->most_counted)
        writer->most_counted = counts.bytes;
}

static void *write_many(void *arg)
{
    struct writer *writer = arg;
    uint64_t state = 0x9e3779b97f4a7c15u + writer->first;
    if (writer->turn)
        pthread_mutex_lock(writer->turn);
    for (size_t i = 0; i < writer->count; i++) {
        put(writer->cache, writer->first + i, some_len(&state));
        if (i % LOOK_EVERY == 0)
            look(writer);
    }
    if (writer->turn)
        pthread_mutex_unlock(writer->turn);
    pthread_barrier_wait(writer->end); /* workers stay, and so does what malloc has for each */
    return NULL;
}

static int bench_memory(size_t memory_bytes, size_t threads, bool in_phases)
{
    struct cache_options options = {.memory_bytes = memory_bytes, .object_bytes = MIB};
    struct cache *cache = cache_create(&options);
    struct writer writers[THREADS_MAX];
    pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
    pthread_barrier_t end;
    size_t counted = 0, most = 0;
    uint64_t began_us = clock_us();
    ASSERT(pthread_barrier_init(&end, NULL, (unsigned)threads) == 0);
    for (size_t i = 0; i < threads; i++) {
        writers[i] = (struct writer){.cache = cache,
                                     .first = i * PUTS / threads,
                                     .count = PUTS / threads,
                                     .turn = in_phases ? &turn : NULL,
                                     .end = &end};
        ASSERT(pthread_create(&writers[i].thread, NULL, write_many, &writers[i]) == 0);
    }
    for (size_t i = 0; i < threads; i++) {
        ASSERT(pthread_join(writers[i].thread, NULL) == 0);
        counted = writers[i].most_counted > counted ? writers[i].most_counted : counted;
        most = writers[i].most_resident > most ? writers[i].most_resident : most;
    }
    struct cache_counts counts;
    cache_read_counts(cache, &counts);
    printf("%zu MiB, %zu threads%s: %llu entries of %llu bytes, %.2f µs a put; counted %.1f MiB "
           "(%.3f), resident %.1f MiB (allowed %.1f)\n",
           memory_bytes / MIB, threads, in_phases ? " in phases" : "",
           (unsigned long long)counts.entries, (unsigned long long)(counts.bytes / counts.entries),
           (double)(clock_us() - began_us) / PUTS, (double)counted / MIB,
           (double)counted / (double)memory_bytes, (double)most / MIB,
           1.3 * (double)memory_bytes / MIB + 32);
    cache_destroy(cache);
    return (double)counted <= 1.01 * (double)memory_bytes &&
                   (double)most <= 1.3 * (double)memory_bytes + 32.0 * MIB
               ? 0
               : 1;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "hits") == 0)
        return bench_hits();
    size_t mib = argc > 3 ? strtoul(argv[2], NULL, 10) : 0;
    size_t threads = argc > 3 ? strtoul(argv[3], NULL, 10) : 0;
    if (mib > 0 && threads > 0 && threads <= THREADS_MAX && strcmp(argv[1], "memory") == 0)
        return bench_memory(mib * MIB, threads, argc > 4);
    fprintf(stderr, "bench_cache_cost hits | memory MIB THREADS [phases]\n");
    return 2;
}
