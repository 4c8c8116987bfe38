/* worker_limits.h - what one worker has of the limits for itself: its connection to Redis, which no
 * value of the cache holds up. One loop; closed after its exchanges have ended. */
#ifndef WORKER_WORKER_LIMITS_H
#define WORKER_WORKER_LIMITS_H

#include "base/log_fold.h"
#include "worker/shared_cache.h"

struct worker_limits {
    struct loop *loop;           /* borrowed */
    struct redis_target *target; /* NULL: not opened */
    struct redis_limits *redis;  /* likewise */
    struct log_fold trouble;     /* of the connection, for the log */
};

/* When there are a Redis and limits for the first time. limits: zeroed. instance: this process among
 * all; borrowed. */
enum status worker_limits_open(struct worker_limits *limits, struct loop *loop,
                               const struct snapshot_options *options, struct span instance,
                               char error[SHARED_CACHE_ERROR_SIZE]) MUST_CHECK;

/* Ends the connection, before the loop is closed. No-op for one that is zeroed. */
void worker_limits_close(struct worker_limits *limits);

#endif
