/* redis_limits.h - limits that several gateways share, as one worker asks for them: leases first, then one
 * script call for all claims of a request.
 *
 * Nobody waits for a Redis that is away; what to do then is the caller's affair, who is told how many
 * instances were there last. Lives on one loop.
 */
#ifndef LIMIT_REDIS_LIMITS_H
#define LIMIT_REDIS_LIMITS_H

#include "limit/limit_wire.h"
#include "net/loop.h"
#include "store/redis.h"

struct redis_limits;

/* instance: this process among all that share the Redis, borrowed; len 0: it only looks, and is none of them. Connects to target by itself; on_down as
 * in redis.h, for the log. */
struct redis_limits *redis_limits_create(struct loop *loop, struct redis_target *target,
                                         struct span instance, const struct redis_events *events,
                                         void *owner);
void redis_limits_destroy(struct redis_limits *limits); /* NULL is allowed */

/* Whether it can be asked now. */
bool redis_limits_are_up(const struct redis_limits *limits);

/* Gateways that share the Redis, as last seen; at least 1. */
unsigned redis_limits_instances(const struct redis_limits *limits);

enum redis_take_start {
    TAKE_ADMITTED, /* at once */
    TAKE_REFUSED,  /* likewise */
    TAKE_WAITS,    /* on_done will be raised */
    TAKE_AWAY,     /* Redis cannot be asked now */
};

/* A request under way. Embedded; zeroed at first. */
struct redis_take {
    struct redis_limits *limits; /* borrowed */
    struct redis_call call;
    struct limit_claim *claims;               /* borrowed until the end */
    const struct limit_partition *partitions; /* likewise: the claims' */
    size_t count;
    uint64_t deadline_ms;
    unsigned open; /* a bit for each claim that is asked for; the others were spent from leases */
    uint64_t more[LIMIT_CLAIMS_MAX]; /* to be lent beside them */
    uint64_t since_us;               /* when it was sent */
    bool is_whole;                   /* the script's text was sent, not its hash */
    /* TAKE_ADMITTED, TAKE_REFUSED or TAKE_AWAY; the claims' answers are set, but for the last. */
    void (*on_done)(struct redis_take *take, enum redis_take_start result);
};

/* claims, partitions, count and on_done are set; deadline_ms: a moment of the loop's clock. */
enum redis_take_start redis_take_begin(struct redis_take *take, struct redis_limits *limits);
void redis_take_off(struct redis_take *take); /* silent; legal at any moment */

/* A question under way that spends nothing. Embedded; zeroed at first. */
struct redis_look {
    struct redis_limits *limits; /* borrowed */
    struct redis_call call;
    struct limit_claim *claims; /* borrowed until the end; of cost 0; their answers are set */
    const struct limit_partition *partitions; /* likewise: the claims' */
    size_t count;
    uint64_t deadline_ms;
    void (*on_done)(struct redis_look *look, bool is_answered);
};

/* False: Redis cannot be asked now, and nothing will be raised. */
bool redis_look_begin(struct redis_look *look, struct redis_limits *limits) MUST_CHECK;
void redis_look_off(struct redis_look *look); /* silent; legal at any moment */

/* Undoes what was spent there for claims that were admitted. Not waited for. */
void redis_limits_give_back(struct redis_limits *limits, const struct limit_claim *claims,
                            const struct limit_partition *partitions, size_t count);

#endif
