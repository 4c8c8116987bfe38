/* eviction.c - the hit ratio of the cache's memory tier beside that of plain LRU with the same bytes.
 *
 *   cmake --build --preset release --target bench_eviction
 *   build/release/bench/bench_eviction [requests=3000000] [objects=300000]
 *
 * Plays a trace against the real cache and against a list in order of use: requests for objects by
 * Zipf's law with exponent 0.9, sizes spread by the object; and again with one request of four for
 * something that is never asked for again (bots, scans). Memory is 1 %, 5 % and 20 % of all objects'
 * bytes. The cache pays for its tables out of that, LRU pays for nothing. A first pass of as many
 * requests fills both and is not counted. Ends with 1 if LRU is better anywhere.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cache/cache.h"

enum { BODY_MIN = 200, BODY_MAX = 8000 };

#define ZIPF 0.9

static uint64_t random_state;

/* xorshift64*: the same trace in every run. */
static uint64_t next_random(void)
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return random_state * UINT64_C(2685821657736338717);
}

static double next_unit(void)
{
    return (double)(next_random() >> 11) / (double)(UINT64_C(1) << 53);
}

struct zipf {
    double *sums; /* of the weights up to each rank */
    size_t count;
};

static void zipf_init(struct zipf *zipf, size_t count)
{
    double sum = 0;
    *zipf = (struct zipf){xcalloc(count, sizeof(*zipf->sums)), count};
    for (size_t i = 0; i < count; i++)
        zipf->sums[i] = sum += 1 / pow((double)(i + 1), ZIPF);
}

static size_t zipf_next(const struct zipf *zipf)
{
    double wanted = next_unit() * zipf->sums[zipf->count - 1];
    size_t low = 0, high = zipf->count - 1;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (zipf->sums[middle] < wanted)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Small ones are many: spread evenly over the logarithm. */
static size_t body_len(size_t object)
{
    double unit = (double)((object * UINT64_C(0x9e3779b97f4a7c15)) >> 40) / (double)(1 << 24);
    return (size_t)(BODY_MIN * pow((double)BODY_MAX / BODY_MIN, unit));
}

static struct span key_of(size_t object, char text[64])
{
    int len = snprintf(text, 64, "/v1/admin/hub/integrations/%zu?version=latest", object);
    return (struct span){text, (size_t)len};
}

static struct cache_entry *make(size_t object)
{
    static const struct cache_facts facts = {.status = 200};
    struct header fields[] = {
        {SPAN("content-type"), SPAN("application/json"), HEADER_CONTENT_TYPE},
        {SPAN("cache-control"), SPAN("max-age=3600"), HEADER_CACHE_CONTROL},
    };
    struct header_list headers = {fields, COUNT_OF(fields), COUNT_OF(fields)};
    char text[64];
    size_t len = body_len(object);
    struct cache_entry *entry =
        cache_entry_create(&facts, key_of(object, text), &headers, SPAN(""), len);
    memset(cache_entry_body(entry), 'x', len);
    return entry;
}

/* Returns what a miss had to fetch, 0 for a hit. */
static size_t ask_cache(struct cache *cache, size_t object)
{
    char text[64];
    struct cache_entry *entry = cache_find(cache, key_of(object, text));
    size_t size = 0;
    if (!entry) {
        entry = make(object);
        size = entry->size;
        cache_put(cache, entry);
    }
    cache_entry_release(entry);
    return size;
}

/* A ring through all objects that are in; index `count` is its head. */
struct lru {
    uint32_t *older, *newer; /* by object; older[object] == object: not in */
    uint32_t *sizes;
    size_t count, used, limit;
};

static void lru_init(struct lru *lru, size_t count, size_t limit)
{
    *lru = (struct lru){.count = count, .limit = limit};
    lru->older = xcalloc(count + 1, sizeof(uint32_t));
    lru->newer = xcalloc(count + 1, sizeof(uint32_t));
    lru->sizes = xcalloc(count + 1, sizeof(uint32_t));
    for (size_t i = 0; i <= count; i++)
        lru->older[i] = lru->newer[i] = (uint32_t)i;
}

static void lru_clear(struct lru *lru)
{
    free(lru->older);
    free(lru->newer);
    free(lru->sizes);
}

static void lru_unlink(struct lru *lru, size_t object)
{
    lru->newer[lru->older[object]] = lru->newer[object];
    lru->older[lru->newer[object]] = lru->older[object];
    lru->older[object] = lru->newer[object] = (uint32_t)object;
}

static void lru_push(struct lru *lru, size_t object)
{
    uint32_t newest = lru->older[lru->count];
    lru->older[object] = newest;
    lru->newer[object] = (uint32_t)lru->count;
    lru->newer[newest] = lru->older[lru->count] = (uint32_t)object;
}

static bool ask_lru(struct lru *lru, size_t object, size_t size)
{
    bool is_hit = lru->older[object] != object;
    if (is_hit)
        lru_unlink(lru, object);
    else
        lru->used += lru->sizes[object] = (uint32_t)size;
    lru_push(lru, object);
    while (lru->used > lru->limit) {
        size_t oldest = lru->newer[lru->count];
        lru_unlink(lru, oldest);
        lru->used -= lru->sizes[oldest];
    }
    return is_hit;
}

struct trace {
    const struct zipf *zipf;
    size_t requests;
    bool has_scans;
};

static size_t trace_next(const struct trace *trace, size_t *scanned)
{
    if (trace->has_scans && next_random() % 4 == 0)
        return trace->zipf->count + (*scanned)++;
    return zipf_next(trace->zipf);
}

static bool play(const struct trace *trace, size_t memory_bytes, double percent)
{
    struct cache_options options = {.memory_bytes = memory_bytes, .object_bytes = MIB};
    struct cache *cache = cache_create(&options);
    struct lru lru;
    lru_init(&lru, trace->zipf->count + 2 * trace->requests, memory_bytes);
    size_t hits = 0, lru_hits = 0, scanned = 0;
    random_state = 88172645463325252;
    for (size_t i = 0; i < 2 * trace->requests; i++) {
        size_t object = trace_next(trace, &scanned);
        struct cache_entry *probe = lru.sizes[object] ? NULL : make(object);
        size_t size = probe ? probe->size : lru.sizes[object];
        cache_entry_release(probe);
        bool is_hit = ask_cache(cache, object) == 0, is_lru_hit = ask_lru(&lru, object, size);
        hits += is_hit && i >= trace->requests;
        lru_hits += is_lru_hit && i >= trace->requests;
    }
    double all = (double)trace->requests, ours = (double)hits / all,
           theirs = (double)lru_hits / all;
    printf("%-6s %4.0f %% of the bytes (%7.1f MiB)  cache %6.2f %%  LRU %6.2f %%  %+5.2f\n",
           trace->has_scans ? "scans" : "zipf", percent, (double)memory_bytes / MIB, 100 * ours,
           100 * theirs, 100 * (ours - theirs));
    lru_clear(&lru);
    cache_destroy(cache);
    return ours > theirs;
}

int main(int argc, char **argv)
{
    static const double percents[] = {1, 5, 20};
    size_t requests = argc > 1 ? strtoul(argv[1], NULL, 10) : 3000000;
    size_t objects = argc > 2 ? strtoul(argv[2], NULL, 10) : 300000;
    if (requests == 0 || objects == 0)
        return 2;
    struct zipf zipf;
    zipf_init(&zipf, objects);
    double all = 0;
    for (size_t i = 0; i < objects; i++) {
        struct cache_entry *entry = make(i);
        all += (double)entry->size;
        cache_entry_release(entry);
    }
    printf("%zu requests, %zu objects of %.0f bytes\n", requests, objects, all / (double)objects);
    bool is_better = true;
    for (int scans = 0; scans <= 1; scans++) {
        for (size_t i = 0; i < COUNT_OF(percents); i++) {
            struct trace trace = {&zipf, requests, scans == 1};
            is_better &= play(&trace, (size_t)(all * percents[i] / 100), percents[i]);
        }
    }
    free(zipf.sums);
    return is_better ? 0 : 1;
}
