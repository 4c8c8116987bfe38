#include "cache/eviction.h"

enum {
    HITS_MAX = 3,
    HITS_FOR_MAIN = 2,
    SMALL_SHARE = 10,  /* a tenth */
    CHANCES_MAX = 256, /* about 25 µs in memory that is in no processor's cache */
};

void eviction_init(struct eviction *eviction, size_t capacity, size_t ghost_count)
{
    *eviction = (struct eviction){.capacity = capacity};
    ghosts_init(&eviction->ghosts, ghost_count);
}

void eviction_clear(struct eviction *eviction)
{
    ghosts_clear(&eviction->ghosts);
}

size_t eviction_bytes(const struct eviction *eviction)
{
    return eviction->small.bytes + eviction->main.bytes;
}

static struct entry_queue *queue_of(struct eviction *eviction, const struct cache_entry *entry)
{
    ASSERT(entry->queue != CACHE_NOWHERE);
    return entry->queue == CACHE_SMALL ? &eviction->small : &eviction->main;
}

static void append(struct eviction *eviction, enum cache_queue which, struct cache_entry *entry)
{
    ASSERT(entry->queue == CACHE_NOWHERE);
    entry->queue = which;
    struct entry_queue *queue = queue_of(eviction, entry);
    entry->newer = NULL;
    entry->older = queue->newest;
    *(queue->newest ? &queue->newest->newer : &queue->oldest) = entry;
    queue->newest = entry;
    queue->bytes += entry->size;
}

void eviction_remove(struct eviction *eviction, struct cache_entry *entry)
{
    struct entry_queue *queue = queue_of(eviction, entry);
    *(entry->older ? &entry->older->newer : &queue->oldest) = entry->newer;
    *(entry->newer ? &entry->newer->older : &queue->newest) = entry->older;
    queue->bytes -= entry->size;
    entry->older = entry->newer = NULL;
    entry->queue = CACHE_NOWHERE;
}

void eviction_replace(struct eviction *eviction, struct cache_entry *old, struct cache_entry *entry)
{
    struct entry_queue *queue = queue_of(eviction, old);
    ASSERT(entry->queue == CACHE_NOWHERE);
    entry->queue = old->queue;
    entry->older = old->older;
    entry->newer = old->newer;
    *(entry->older ? &entry->older->newer : &queue->oldest) = entry;
    *(entry->newer ? &entry->newer->older : &queue->newest) = entry;
    queue->bytes += entry->size - old->size;
    atomic_store_explicit(&entry->hits, atomic_load_explicit(&old->hits, memory_order_relaxed),
                          memory_order_relaxed);
    old->older = old->newer = NULL;
    old->queue = CACHE_NOWHERE;
}

static uint32_t kib(uint64_t bytes)
{
    return (uint32_t)(bytes / KIB);
}

static size_t small_share(const struct eviction *eviction)
{
    return eviction->capacity / SMALL_SHARE;
}

/* Ghosts live for as many bytes of newcomers as the main queue has. */
void eviction_add(struct eviction *eviction, struct cache_entry *entry)
{
    uint32_t life_kib = kib(eviction->capacity - small_share(eviction));
    bool is_back =
        ghosts_take(&eviction->ghosts, entry->hash, kib(eviction->passed_bytes), life_kib);
    atomic_store_explicit(&entry->hits, 0, memory_order_relaxed);
    append(eviction, is_back ? CACHE_MAIN : CACHE_SMALL, entry);
}

static void move_to_main(struct eviction *eviction, struct cache_entry *entry, unsigned hits)
{
    eviction_remove(eviction, entry);
    atomic_store_explicit(&entry->hits, (uint8_t)hits, memory_order_relaxed);
    append(eviction, CACHE_MAIN, entry);
}

struct cache_entry *eviction_step(struct eviction *eviction)
{
    bool is_small = !eviction->main.oldest || eviction->small.bytes > small_share(eviction);
    struct cache_entry *entry = is_small ? eviction->small.oldest : eviction->main.oldest;
    ASSERT(entry);
    unsigned hits = atomic_load_explicit(&entry->hits, memory_order_relaxed);
    bool is_wanted = hits >= (is_small ? HITS_FOR_MAIN : 1);
    if (is_wanted && eviction->chances < CHANCES_MAX) {
        eviction->chances++;
        move_to_main(eviction, entry, is_small ? 0 : hits - 1);
        return NULL;
    }
    eviction->chances = 0;
    eviction_remove(eviction, entry);
    if (is_small) {
        eviction->passed_bytes += entry->size;
        ghosts_add(&eviction->ghosts, entry->hash, kib(eviction->passed_bytes));
    }
    return entry;
}

void cache_entry_hit(struct cache_entry *entry)
{
    uint8_t hits = atomic_load_explicit(&entry->hits, memory_order_relaxed);
    if (hits < HITS_MAX)
        atomic_store_explicit(&entry->hits, (uint8_t)(hits + 1), memory_order_relaxed);
}
