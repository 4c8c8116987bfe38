/* redis_tier.h - stored responses in Redis, behind the memory of one worker: a restart or a second
 * instance starts warm.
 *
 * Keys are `bpgate:c:` and the SHA-256 of the cache key, in hex; a value is a block of entry_codec.h.
 * What Redis gives back is from outside: anything that does not fit, to the last byte, is a miss.
 * Holds entries with CACHE_SHARED only, unless keeps_private; never CACHE_SECRET.
 *
 * A read is one GET within its deadline, else a miss; writes are begun and forgotten, dropped when
 * too much is queued. One per worker, on its own connection (store/redis.h).
 */
#ifndef CACHE_REDIS_TIER_H
#define CACHE_REDIS_TIER_H

#include "cache/cache_entry.h"
#include "cache/tags.h"
#include "store/redis.h"

struct redis_tier_options {
    uint64_t read_ms; /* of one read: 15 */
    bool keeps_private;
    size_t object_bytes; /* of a body, compressed or not; larger ones stay in memory */
    struct tags *tags; /* borrowed; with it, what began later than the shared clock says is a miss:
                            it would seem newer than the writes that it has not seen. May be NULL. */
};

struct redis_tier;

/* loop and redis are borrowed and outlive it. */
struct redis_tier *redis_tier_create(struct loop *loop, struct redis *redis,
                                     const struct redis_tier_options *options);

/* No look-up may be running. NULL is allowed. */
void redis_tier_destroy(struct redis_tier *tier);

/* Whether asking makes sense now: connected, circuit closed. */
bool redis_tier_is_up(const struct redis_tier *tier);

/* A look-up, embedded in who waits; zeroed at first. Begun anew, it has what is left of its time. */
struct redis_lookup {
    struct redis_call call;
    uint64_t deadline_ms; /* of all its reads; 0: none was begun */
    struct redis_tier *tier;
    struct span key; /* borrowed until it is done */
    void (*on_found)(struct redis_lookup *lookup, struct cache_entry *entry);
};

/* false: not now, go on at once. Else on_found is raised once, from the loop: an entry with one
 * reference for the caller, or NULL. The look-up may be begun anew or freed in it. */
bool redis_lookup_begin(struct redis_lookup *lookup, struct redis_tier *tier, struct span key,
                        void (*on_found)(struct redis_lookup *lookup, struct cache_entry *entry));
void redis_lookup_off(struct redis_lookup *lookup); /* silent; no-op when it is not running */

/* Writes in the background; lives there as long as it is fresh or may be served stale. Nothing is
 * written that has a second left at most. */
void redis_tier_put(struct redis_tier *tier, const struct cache_entry *entry, uint64_t now_wall_ms);

/* Since it was created. */
struct redis_tier_counts {
    uint64_t found, absent, damaged; /* answers to look-ups; damaged: what does not fit */
    uint64_t late;                   /* look-ups that got none: late, lost or refused */
    uint64_t written, dropped;       /* puts; dropped: too much was queued, or Redis away */
};
struct redis_tier_counts redis_tier_counts(const struct redis_tier *tier);

#endif
