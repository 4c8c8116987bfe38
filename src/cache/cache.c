#include "cache/cache.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/short_lock.h"
#include "base/siphash.h"
#include "base/text.h"
#include "cache/eviction.h"

/* Two kinds of locks. queue_lock guards the queues, the counts and who may change the map; a shard's
 * lock guards its buckets against those who look up. So the map changes under both, taken in this
 * order, and may be read under either. */

enum {
    SHARDS = 64,
    STEPS_AT_ONCE = 4,       /* of eviction, in one hold of queue_lock: less than 1 µs */
    BYTES_PER_BUCKET = 1024, /* of memory: tables are made once, whole, and take about 2 % of it */
    UNDER_WAY_SHARE = 4,     /* a quarter */
    CACHE_LINE = 64,
};

struct shard {
    pthread_mutex_t lock;
    char apart[CACHE_LINE]; /* shards must not share a cache line */
};

struct cache {
    struct siphash_seed seed;
    struct cache_entry **buckets;
    size_t bucket_count; /* a power of two, at least SHARDS */
    size_t object_bytes, under_way_max, table_bytes;
    atomic_size_t under_way;
    struct shard shards[SHARDS];

    pthread_mutex_t queue_lock; /* what follows */
    struct eviction eviction;
    struct cache_counts counts; /* but for bytes */
};

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t buckets_for(size_t memory_bytes)
{
    size_t count = SHARDS;
    while (count < memory_bytes / BYTES_PER_BUCKET)
        count *= 2;
    return count;
}

/* As many ghosts as buckets. */
struct cache *cache_create(const struct cache_options *options)
{
    struct cache *cache = xcalloc(1, sizeof(*cache));
    siphash_seed_init(&cache->seed);
    cache->bucket_count = buckets_for(options->memory_bytes);
    cache->buckets = xcalloc(cache->bucket_count, sizeof(struct cache_entry *));
    cache->table_bytes = sizeof(*cache) + cache->bucket_count * sizeof(struct cache_entry *) +
                         cache->bucket_count * sizeof(struct ghost);
    size_t tables = smaller(cache->table_bytes, options->memory_bytes);
    eviction_init(&cache->eviction, options->memory_bytes - tables, cache->bucket_count);
    cache->under_way_max = options->memory_bytes / UNDER_WAY_SHARE;
    cache->object_bytes = smaller(options->object_bytes, cache->under_way_max);
    short_lock_init(&cache->queue_lock);
    for (size_t i = 0; i < SHARDS; i++)
        short_lock_init(&cache->shards[i].lock);
    return cache;
}

void cache_destroy(struct cache *cache)
{
    if (!cache)
        return;
    for (size_t i = 0; i < cache->bucket_count; i++) {
        struct cache_entry *entry;
        while ((entry = cache->buckets[i]) != NULL) {
            cache->buckets[i] = entry->next_in_bucket;
            eviction_remove(&cache->eviction, entry);
            cache_entry_release(entry);
        }
    }
    for (size_t i = 0; i < SHARDS; i++)
        pthread_mutex_destroy(&cache->shards[i].lock);
    pthread_mutex_destroy(&cache->queue_lock);
    eviction_clear(&cache->eviction);
    free(cache->buckets);
    free(cache);
}

static pthread_mutex_t *shard_lock(struct cache *cache, uint64_t hash)
{
    return &cache->shards[hash % SHARDS].lock;
}

static struct cache_entry **bucket_of(const struct cache *cache, uint64_t hash)
{
    return &cache->buckets[hash & (cache->bucket_count - 1)];
}

/* Under queue_lock or the shard's. */
static struct cache_entry *look_up(const struct cache *cache, uint64_t hash, struct span key)
{
    struct cache_entry *entry = *bucket_of(cache, hash);
    if (entry)
        __builtin_prefetch(entry + 1); /* its key, while the entry itself comes */
    while (entry && (entry->hash != hash || !span_equal(entry->key, key)))
        entry = entry->next_in_bucket;
    return entry;
}

struct cache_entry *cache_find(struct cache *cache, struct span key)
{
    uint64_t hash = siphash(&cache->seed, key);
    pthread_mutex_t *lock = shard_lock(cache, hash);
    __builtin_prefetch(
        bucket_of(cache, hash)); /* one of far more than any processor's cache holds */
    pthread_mutex_lock(lock);
    struct cache_entry *entry = look_up(cache, hash, key);
    if (entry) {
        (void)cache_entry_count(entry); /* under the lock: it may be let go right after */
        cache_entry_hit(entry);
    }
    pthread_mutex_unlock(lock);
    return entry;
}

/* Puts entry in the place of old in the map; either may be NULL. Under queue_lock. */
static void swap_in_map(struct cache *cache, uint64_t hash, struct cache_entry *old,
                        struct cache_entry *entry)
{
    struct cache_entry **place = bucket_of(cache, hash);
    while (old && *place != old)
        place = &(*place)->next_in_bucket;
    struct cache_entry *next = old ? old->next_in_bucket : *place;
    pthread_mutex_t *lock = shard_lock(cache, hash);
    pthread_mutex_lock(lock);
    if (entry)
        entry->next_in_bucket = next;
    *place = entry ? entry : next;
    pthread_mutex_unlock(lock);
    if (old)
        old->next_in_bucket = NULL;
}

/* Takes an entry out. The map's reference is the caller's, for when it holds no lock. */
static struct cache_entry *drop(struct cache *cache, struct cache_entry *entry)
{
    if (entry->queue != CACHE_NOWHERE)
        eviction_remove(&cache->eviction, entry);
    swap_in_map(cache, entry->hash, entry, NULL);
    cache->counts.entries--;
    return entry;
}

/* Some steps towards room: what was let go, or NULL. */
static struct cache_entry *make_room(struct cache *cache)
{
    struct cache_entry *entry = NULL;
    for (int i = 0; i < STEPS_AT_ONCE && !entry; i++)
        entry = eviction_step(&cache->eviction);
    if (!entry)
        return NULL;
    cache->counts.evictions++;
    cache->counts.evicted_bytes += entry->size;
    return drop(cache, entry);
}

/* Returns old, whose reference is now the caller's. */
static struct cache_entry *keep(struct cache *cache, struct cache_entry *entry,
                                struct cache_entry *old)
{
    if (old)
        eviction_replace(&cache->eviction, old, entry);
    else
        eviction_add(&cache->eviction, entry);
    swap_in_map(cache, entry->hash, old, cache_entry_count(entry));
    cache->counts.entries += !old;
    cache->counts.puts++;
    return old;
}

/* One hold of queue_lock: keeps the entry, or makes some room for it and says false. *gone: what has
 * left the cache thereby, for the caller to release, or NULL. */
static bool try_to_put(struct cache *cache, struct cache_entry *entry, uint64_t hash,
                       struct cache_entry **gone)
{
    if (entry->queue != CACHE_NOWHERE)
        return true;
    struct cache_entry *old = look_up(cache, hash, entry->key);
    size_t capacity = cache->eviction.capacity;
    if (entry->body.len > cache->object_bytes || entry->size > capacity) {
        *gone = old ? drop(cache, old) : NULL; /* it is known to be out of date */
        return true;
    }
    size_t others = eviction_bytes(&cache->eviction) - (old ? old->size : 0);
    if (others > capacity - entry->size) {
        *gone = make_room(cache);
        return false;
    }
    entry->hash = hash;
    *gone = keep(cache, entry, old);
    return true;
}

void cache_put(struct cache *cache, struct cache_entry *entry)
{
    uint64_t hash = siphash(&cache->seed, entry->key);
    bool is_done = false;
    while (!is_done) {
        struct cache_entry *gone = NULL;
        pthread_mutex_lock(&cache->queue_lock);
        is_done = try_to_put(cache, entry, hash, &gone);
        pthread_mutex_unlock(&cache->queue_lock);
        cache_entry_release(gone);
    }
}

void cache_drop(struct cache *cache, const struct cache_entry *entry)
{
    struct cache_entry *gone = NULL;
    pthread_mutex_lock(&cache->queue_lock);
    if (entry->queue != CACHE_NOWHERE) {
        gone = drop(cache, look_up(cache, entry->hash, entry->key));
        ASSERT(gone == entry);
    }
    pthread_mutex_unlock(&cache->queue_lock);
    cache_entry_release(gone);
}

bool cache_reserve(struct cache *cache, size_t bytes)
{
    size_t taken = atomic_load_explicit(&cache->under_way, memory_order_relaxed);
    do {
        if (bytes > cache->under_way_max - taken)
            return false;
    } while (!atomic_compare_exchange_weak_explicit(&cache->under_way, &taken, taken + bytes,
                                                    memory_order_relaxed, memory_order_relaxed));
    return true;
}

void cache_unreserve(struct cache *cache, size_t bytes)
{
    size_t before = atomic_fetch_sub_explicit(&cache->under_way, bytes, memory_order_relaxed);
    ASSERT(before >= bytes);
}

size_t cache_object_bytes(const struct cache *cache)
{
    return cache->object_bytes;
}

void cache_read_counts(struct cache *cache, struct cache_counts *counts)
{
    pthread_mutex_lock(&cache->queue_lock);
    *counts = cache->counts;
    counts->bytes = eviction_bytes(&cache->eviction);
    pthread_mutex_unlock(&cache->queue_lock);
    counts->bytes += cache->table_bytes;
}
