#include "measure.h"

#include <dirent.h>
#include <stdio.h>

static size_t bucket_of(uint64_t ns)
{
    if (ns >> FRACTION_BITS == 0)
        return (size_t)ns;
    unsigned shift = 63u - (unsigned)__builtin_clzll(ns) - FRACTION_BITS;
    return ((size_t)(shift + 1) << FRACTION_BITS) + (size_t)(ns >> shift) - (1u << FRACTION_BITS);
}

static uint64_t ns_of_bucket(size_t bucket)
{
    size_t shift = bucket >> FRACTION_BITS;
    if (shift == 0)
        return bucket;
    uint64_t fraction = (bucket & ((1u << FRACTION_BITS) - 1)) + (1u << FRACTION_BITS);
    return fraction << (shift - 1);
}

void histogram_note(struct histogram *histogram, uint64_t ns)
{
    histogram->counts[bucket_of(ns)]++;
    histogram->count++;
    if (ns > histogram->largest)
        histogram->largest = ns;
}

double histogram_us(const struct histogram *histogram, double part)
{
    uint64_t wanted = (uint64_t)(part * (double)histogram->count), seen = 0;
    for (size_t i = 0; i < BUCKETS; i++) {
        seen += histogram->counts[i];
        if (seen > wanted)
            return (double)ns_of_bucket(i) / 1000;
    }
    return (double)histogram->largest / 1000;
}

static uint64_t cpu_ns_of_thread(long pid, const char *thread)
{
    char path[128];
    unsigned long long ns = 0;
    (void)snprintf(path, sizeof(path), "/proc/%ld/task/%.20s/schedstat", pid, thread);
    FILE *file = fopen(path, "r");
    if (!file)
        return 0;
    if (fscanf(file, "%llu", &ns) != 1)
        ns = 0;
    (void)fclose(file);
    return ns;
}

static uint64_t cpu_ns_of_process(long pid)
{
    char path[64];
    uint64_t sum = 0;
    (void)snprintf(path, sizeof(path), "/proc/%ld/task", pid);
    DIR *threads = opendir(path);
    const struct dirent *thread;
    while (threads && (thread = readdir(threads)) != NULL) {
        if (thread->d_name[0] != '.')
            sum += cpu_ns_of_thread(pid, thread->d_name);
    }
    if (threads)
        (void)closedir(threads);
    return sum;
}

uint64_t cpu_ns_of(const long *pids, size_t count)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += cpu_ns_of_process(pids[i]);
    return sum;
}
