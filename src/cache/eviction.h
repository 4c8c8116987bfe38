/* eviction.h - which entries stay: S3-FIFO by bytes (Yang et al., "FIFO queues are all you need for
 * cache eviction", SOSP 2023).
 *
 * 1. A newcomer enters the small queue, a tenth of the bytes; most are never asked for again and leave
 *    it at the other end, remembered as ghosts.
 * 2. Who was asked for there, or comes back while its ghost lives, goes to the main queue.
 * 3. At the end of the main queue who was asked for goes round once more, for each hit once.
 *
 * A hit is a count in the entry (cache_entry_hit), so that hits need nothing of this. All else is
 * guarded by the cache's lock of the queues. Entries are borrowed.
 */
#ifndef CACHE_EVICTION_H
#define CACHE_EVICTION_H

#include "cache/cache_entry.h"
#include "cache/ghosts.h"

struct entry_queue {
    struct cache_entry *oldest, *newest;
    size_t bytes;
};

struct eviction {
    struct entry_queue small, main;
    struct ghosts ghosts;
    size_t capacity;       /* bytes of all entries */
    uint64_t passed_bytes; /* of newcomers that were let go: the ghosts' time */
    unsigned chances;      /* given in a row */
};

/* ghost_count: a power of two, at least 4. */
void eviction_init(struct eviction *eviction, size_t capacity, size_t ghost_count);
void eviction_clear(struct eviction *eviction); /* the entries are left as they are */

size_t eviction_bytes(const struct eviction *eviction);

/* entry->hash is set. */
void eviction_add(struct eviction *eviction, struct cache_entry *entry);
void eviction_remove(struct eviction *eviction, struct cache_entry *entry);

/* entry takes the place of old, and its hits. */
void eviction_replace(struct eviction *eviction, struct cache_entry *old,
                      struct cache_entry *entry);

/* Looks at the next candidate: lets it go, removed and returned, or moves it on and returns NULL.
 * After some hundred second chances in a row a candidate goes whatever its hits, so that a row of calls
 * is short. There is at least one entry. */
struct cache_entry *eviction_step(struct eviction *eviction);

/* Any thread, without a lock. */
void cache_entry_hit(struct cache_entry *entry);

#endif
