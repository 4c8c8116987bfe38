/* upstream_pool.h - the connections of one worker to the upstream: idle ones, a bound, a waiting line.
 *
 * Calls (upstream_call.h) take a connection and give it back; the newest idle one is used first, so
 * that the rest can age and close. A request that must not be sent twice gets only a connection that
 * is new, or has rested less than a third of the idle life that this server has shown (idle_life.h). What
 * rests is closed a little before that life is over, so that requests do not meet its end.
 *
 * Who waits while a connection is dialed takes one that is given back sooner; what was dialed is then
 * for the next, or rests.
 */
#ifndef UPSTREAM_UPSTREAM_POOL_H
#define UPSTREAM_UPSTREAM_POOL_H

#include "net/dialer.h"
#include "net/loop.h"

struct upstream_pool_options {
    size_t max_idle; /* for longer than a moment */
    size_t max_open, max_waiting;
    uint64_t wait_ms;       /* longest time in the line */
    uint64_t idle_ms;       /* an idle connection is closed after this, or before: idle_life.h */
    uint64_t first_life_ms; /* assumed idle life until the server has shown one */
};

struct upstream_pool;
struct upstream_connection;

/* The dialer is borrowed and outlives the pool. */
struct upstream_pool *upstream_pool_create(struct loop *loop, struct dialer *dialer,
                                           const struct upstream_pool_options *options);

/* Closes idle connections now; what calls hold is closed when it comes back. No call may be left
 * when the loop is closed. */
void upstream_pool_destroy(struct upstream_pool *pool);

struct upstream_pool_counts {
    size_t idle, open, waiting;
    uint64_t shortest_life_ms;
};
struct upstream_pool_counts upstream_pool_counts(const struct upstream_pool *pool);

/* --- For upstream_call ------------------------------------------------------------------------ */

/* Why a connection could not be had: nothing was sent in any of these cases. */
enum pool_result {
    POOL_OK,
    POOL_DIAL_FAILED,  /* dial and detail say more */
    POOL_FULL,         /* the line is as long as it may be */
    POOL_WAIT_TIMEOUT, /* none became free in time */
};

/* A wait for a connection. Embedded in the call. */
struct pool_wait {
    struct list link;
    struct upstream_pool *pool;
    struct upstream_connection *dialed; /* on its way for this wait, or NULL */
    struct timer timer;                 /* while in the line */
    struct task ready;
    struct upstream_connection *connection; /* taken already, told by ready */
    bool must_be_fresh;
    /* Raised once, from the loop. On POOL_OK the connection is the owner's. */
    void (*on_done)(struct pool_wait *wait, enum pool_result result, enum dial_result dial,
                    struct span detail);
};

void pool_wait_begin(struct pool_wait *wait, struct upstream_pool *pool, bool must_be_fresh);
void pool_wait_call_off(struct pool_wait *wait);

struct upstream_connection {
    struct stream *stream; /* owned; NULL until it is dialed and once it is closed */
    struct dial *dial;     /* while it is dialed */
    struct upstream_pool *pool;
    struct list link; /* of the idle ones, or of those that are dialed for nobody any more */
    uint64_t idle_since_ms;
    uint64_t rested_ms;         /* before it was taken */
    bool was_pooled;            /* given back or left over before: it may have ended unseen */
    struct pool_wait *taken_by; /* borrowed: who dials it, or will be told of it in this turn */
    struct timer timer;
    struct task bury;
};

/* Gives a connection back: to the idle ones if it is clean (the whole answer read, nothing after
 * it, the upstream keeps it open), else it is closed. */
void upstream_pool_release(struct upstream_connection *connection, bool is_clean);

#endif
