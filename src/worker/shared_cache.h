/* shared_cache.h - the cache as one process has it: the memory, the times of writes, and the link to
 * other instances. Main thread's; outlives the workers, which use it from their threads. */
#ifndef WORKER_SHARED_CACHE_H
#define WORKER_SHARED_CACHE_H

#include "cache/tag_link.h"
#include "worker/snapshot.h"

struct shared_cache {
    struct cache *cache; /* NULL: off */
    struct tags *tags;
    struct redis_target *target; /* NULL without Redis */
    struct tag_link *link;       /* likewise */
};

enum { SHARED_CACHE_ERROR_SIZE = 320 };

/* loop is the main thread's, for the link. Starting without Redis works; a password or a CA file
 * that cannot be read does not. */
enum status shared_cache_open(struct shared_cache *shared, struct loop *loop,
                              const struct snapshot_options *options,
                              char error[SHARED_CACHE_ERROR_SIZE]) MUST_CHECK;
void shared_cache_close(struct shared_cache *shared);

/* A way to the same Redis for another loop. */
struct redis_target *shared_cache_target(const struct snapshot_options *options, struct loop *loop,
                                         char error[SHARED_CACHE_ERROR_SIZE]);

#endif
