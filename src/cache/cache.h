/* cache.h - responses that may be given again: the memory tier, shared by all workers.
 *
 * Entries are found by their whole key in a map of locked shards; which of them stay is S3-FIFO by
 * bytes (Yang et al., SOSP 2023): a small queue for newcomers, a main queue for those asked for again,
 * and the fingerprints of what was let go. A hit takes one shard's lock for the look-up and sets two
 * bits; only cache_put and its evictions take the queues' lock. No lock is held over an allocation or
 * a free. Knows nothing of freshness: that is cache_policy's.
 *
 * Every function may be called from any thread. Ownership: created by the snapshot's owner, outlives
 * the workers.
 */
#ifndef CACHE_CACHE_H
#define CACHE_CACHE_H

#include "cache/cache_entry.h"

struct cache_options {
    size_t memory_bytes; /* of all entries and the map; 0: nothing is kept */
    size_t object_bytes; /* of one body */
};

struct cache;

struct cache *cache_create(const struct cache_options *options);
void cache_destroy(struct cache *cache); /* entries that are still counted elsewhere live on */

/* Counted for the caller (cache_entry_release), or NULL. */
struct cache_entry *cache_find(struct cache *cache, struct span key);

/* Keeps the entry, in place of one with the same key; the caller's reference stays its own. */
void cache_put(struct cache *cache, struct cache_entry *entry);

/* Drops this very entry, if it is still there. */
void cache_drop(struct cache *cache, const struct cache_entry *entry);

/* Bodies under way: takes part of the budget for them (a quarter of the memory), or refuses. */
bool cache_reserve(struct cache *cache, size_t bytes) MUST_CHECK;
void cache_unreserve(struct cache *cache, size_t bytes);

/* The largest body that is kept. */
size_t cache_object_bytes(const struct cache *cache);

struct cache_counts {
    uint64_t entries, bytes;                 /* now */
    uint64_t puts, evictions, evicted_bytes; /* since the start */
};
void cache_read_counts(struct cache *cache, struct cache_counts *counts);

#endif
