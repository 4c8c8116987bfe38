/* redis_link.h - one connection to Redis that keeps itself up: dials, greets, comes back.
 *
 * For redis.h and redis_subscriber.h, which embed it and give its replies a meaning. After a loss
 * it waits 50 ms, then twice as long each time up to a second, less a part by chance, so that not all
 * workers come at once. Not thread-safe.
 */
#ifndef STORE_REDIS_LINK_H
#define STORE_REDIS_LINK_H

#include "store/redis_greeting.h"
#include "store/redis_reader.h"
#include "store/redis_target.h"

/* Raised from the loop. In each of them the link may be closed. */
struct redis_link_events {
    void (*on_up)(void *owner); /* greeted: redis_link_send may be called */
    /* An answer, borrowed for the call. Trouble that is returned brings the connection down: its
     * detail is the text of a refusal, else what is wrong with the answer. */
    enum redis_trouble (*on_reply)(void *owner, const struct redis_reply *reply);
    /* It was lost, or could not be had; it will be tried again. */
    void (*on_down)(void *owner, enum redis_trouble trouble, struct span detail);
};

struct redis_link {
    struct loop *loop; /* borrowed, as the next four */
    struct redis_target *target;
    const struct redis_link_events *events;
    void *owner;
    struct redis_dial *dial;     /* while one runs; else NULL */
    struct stream *stream;       /* owned; NULL while there is none */
    struct redis_reader *reader; /* owned; kept until the next connection: replies that
                                               were handed out are in it */
    struct redis_greeting greeting;
    struct buffer out; /* of this turn of the loop: written by flush */
    struct task flush;
    struct timer timer; /* the end of the greeting, or the time to dial again */
    size_t max_reply_bytes;
    uint64_t wait_ms, up_since_ms;
    bool is_up, is_closed;
};

/* Bounds, before redis_link_open: of what is sent in one turn of the loop, and of one reply. */
void redis_link_init(struct redis_link *link, size_t max_bytes, size_t max_reply_bytes);

/* Begins to dial. */
void redis_link_open(struct redis_link *link, struct loop *loop, struct redis_target *target,
                     const struct redis_link_events *events, void *owner);

/* Silent, at any moment; the memory stays until redis_link_clear. Idempotent. */
void redis_link_close(struct redis_link *link);

/* Frees what a closed link holds; with nothing of it on the stack. */
void redis_link_clear(struct redis_link *link);

static inline bool redis_link_is_up(const struct redis_link *link)
{
    return link->is_up;
}

/* Sends a command at the end of this turn of the loop, with all others of the turn; large arguments
 * at once and without a copy. Only while it is up. ERR_LIMIT: more than max_bytes wait. */
enum status redis_link_send(struct redis_link *link, const struct span *argv,
                            size_t argc) MUST_CHECK;

/* Brings it down as a lost connection would; raises on_down. Only from the loop, while it is up. */
void redis_link_fail(struct redis_link *link, enum redis_trouble trouble, struct span detail);

#endif
