/* worker_cache.h - what one worker has of the cache for itself: the flights of its loop, and its
 * connection to Redis. One loop; closed after its exchanges have ended. */
#ifndef WORKER_WORKER_CACHE_H
#define WORKER_WORKER_CACHE_H

#include "base/log_fold.h"
#include "worker/shared_cache.h"

struct worker_cache {
    struct loop *loop; /* borrowed; the next too */
    const struct shared_cache *shared;
    struct flight_table *flights; /* NULL: no cache; the next three: no Redis */
    struct redis_target *target;
    struct redis *redis;
    struct redis_tier *tier;
    struct log_fold trouble; /* of the connection, for the log */
};

enum status worker_cache_open(struct worker_cache *cache, struct loop *loop,
                              const struct shared_cache *shared,
                              const struct snapshot_options *options,
                              char error[SHARED_CACHE_ERROR_SIZE]) MUST_CHECK;

/* The part of an exchange's services; the rules are a generation's. */
struct cache_services worker_cache_services(const struct worker_cache *cache);

/* Ends the connection, before the loop is closed; and frees the rest, after it. */
void worker_cache_disconnect(struct worker_cache *cache);
void worker_cache_close(struct worker_cache *cache);

#endif
