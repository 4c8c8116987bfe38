/* redis_subscriber.h - hears what is published on one channel of Redis, on a connection of its own.
 *
 * It connects by itself and comes back after every loss. What was published in between is lost: on
 * on_subscribed, whoever mirrors state reads it anew. Not thread-safe.
 */
#ifndef STORE_REDIS_SUBSCRIBER_H
#define STORE_REDIS_SUBSCRIBER_H

#include "store/redis_target.h"

struct redis_subscriber_options {
    struct span channel;      /* copied */
    size_t max_message_bytes; /* a longer one closes the connection */
    uint64_t silence_ms; /* heard nothing: Redis is asked whether it is there; heard nothing for
                                 as long again: the connection is closed */
};

/* Raised from the loop, never from inside a redis_subscriber_* call. */
struct redis_subscriber_events {
    void (*on_subscribed)(void *owner); /* all that is published from now on is heard */
    void (*on_message)(void *owner, struct span message); /* borrowed for the call */
    /* Nothing is heard any more, or an attempt to come back has failed; as on_down of redis.h. */
    void (*on_lost)(void *owner, enum redis_trouble trouble, struct span detail);
};

struct redis_subscriber;

/* Begins to connect. The target is borrowed and outlives it. */
struct redis_subscriber *redis_subscriber_create(struct loop *loop, struct redis_target *target,
                                                 const struct redis_subscriber_options *options,
                                                 const struct redis_subscriber_events *events,
                                                 void *owner);

/* Legal at any moment, also inside its own events, and silent. */
void redis_subscriber_destroy(struct redis_subscriber *subscriber);

bool redis_subscriber_is_up(const struct redis_subscriber *subscriber);

#endif
