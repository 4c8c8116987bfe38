/* redis.h - commands to one Redis, pipelined on one connection that keeps itself up.
 *
 * A worker has one for each purpose, so that a large value of the cache delays no decision of the
 * limits. It connects by itself, logs in, and comes back after every loss. Nobody waits for a Redis
 * that is away: redis_call_begin says so at once. When three commands in a second were late, Redis
 * counts as away until a probe is answered quickly. Not thread-safe.
 */
#ifndef STORE_REDIS_H
#define STORE_REDIS_H

#include "net/timer.h"
#include "store/redis_reply.h"
#include "store/redis_target.h"

struct redis_options {
    size_t max_commands;    /* sent and not yet answered */
    size_t max_bytes;       /* of those */
    size_t max_reply_bytes; /* a longer reply closes the connection; each item of a list counts
                               sizeof(struct redis_reply) */
    uint64_t quick_ms;      /* a probe answered within this ends the time of being away */
    uint64_t silence_ms;    /* a connection that owes answers and gives none is closed after this:
                               no command may block for as long */
};

/* Raised from the loop, never from inside a redis_* call. */
struct redis_events {
    /* Commands are taken from now on; also each time it comes back: nothing that was kept on the
     * connection or in the server's memory (scripts) is sure to be there. */
    void (*on_up)(void *owner);
    /* They are not any more, or an attempt to come back has failed. detail is Redis' or the
     * system's own words, borrowed for the call; redis_trouble_log makes a line of it. */
    void (*on_down)(void *owner, enum redis_trouble trouble, struct span detail);
};

struct redis;

/* Begins to connect. The target is borrowed and outlives it. */
struct redis *redis_create(struct loop *loop, struct redis_target *target,
                           const struct redis_options *options, const struct redis_events *events,
                           void *owner);

/* Legal at any moment, also inside its own events and completions, and silent. Calls that are still
 * running are called off. */
void redis_destroy(struct redis *redis);

/* Whether commands are taken: between on_up and on_down. */
bool redis_is_up(const struct redis *redis);

enum redis_result {
    REDIS_ANSWERED, /* the reply is no refusal */
    REDIS_REFUSED,  /* the reply is a refusal: its text says what Redis did not like */
    REDIS_LATE,     /* the deadline has passed; Redis may execute the command yet, or has */
    REDIS_LOST,     /* the connection was lost; likewise */
};

/* A command under way. Embedded in whoever waits for it; zeroed at first. */
struct redis_call {
    struct redis *redis; /* borrowed; NULL while it is not running */
    uint64_t number;     /* its place in the order of commands */
    struct timer deadline;
    uint64_t begun_ms;
    bool is_due; /* the deadline has come; the socket is looked at once more */
    /* Set by the owner. Raised once, from the loop, unless called off; the call may be begun anew or
     * freed in it. reply (with all in it) is borrowed for the call, NULL for LATE and LOST. */
    void (*on_done)(struct redis_call *call, enum redis_result result,
                    const struct redis_reply *reply);
};

/* Sends a command: argv[0] is its name; the bytes are copied or sent before it returns. deadline_ms
 * is a moment of the loop's clock. OK: on_done will be raised. ERR_CLOSED: Redis is away, or the
 * deadline has passed already; ERR_LIMIT: as much is under way as may be. Nothing was sent then, and
 * nothing will be raised. */
enum status redis_call_begin(struct redis_call *call, struct redis *redis, const struct span *argv,
                             size_t argc, uint64_t deadline_ms) MUST_CHECK;

/* Silent; no-op when it is not running. What was sent may be executed all the same. */
void redis_call_off(struct redis_call *call);

static inline bool redis_call_is_running(const struct redis_call *call)
{
    return call->redis != NULL;
}

/* As redis_call_begin, for a command whose answer nobody waits for; a refusal is counted. */
enum status redis_post(struct redis *redis, const struct span *argv, size_t argc) MUST_CHECK;

struct redis_counts {
    size_t commands, bytes;     /* sent and not yet answered, now */
    uint64_t answered, refused; /* replies, to late and called-off commands and probes as well */
    uint64_t late;              /* calls */
    uint64_t lost;              /* commands unanswered when the connection was lost */
    uint64_t connected;         /* times it logged in */
};
struct redis_counts redis_counts(const struct redis *redis);

#endif
