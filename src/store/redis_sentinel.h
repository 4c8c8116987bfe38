/* redis_sentinel.h - asks the sentinels where the master is now.
 *
 * Each question begins with another sentinel and goes on to the next when one cannot be had, does
 * not know, or is silent: one that is cut off from the others names an old master, and whoever finds
 * that this is no master asks again. One per loop.
 */
#ifndef STORE_REDIS_SENTINEL_H
#define STORE_REDIS_SENTINEL_H

#include "net/loop.h"
#include "store/redis_url.h"

struct redis_sentinel_options {
    const struct redis_address *addresses; /* copied, as the next three */
    size_t count;                          /* at most REDIS_URL_MAX_ADDRESSES */
    struct span master;                    /* its name */
    struct span user, password;            /* empty: none. A sentinel that wants none gets it too */
    uint64_t connect_ms;                   /* to resolve and to connect, each */
    uint64_t refresh_ms;                   /* of DNS answers */
};

struct redis_sentinel;

struct redis_sentinel *redis_sentinel_create(struct loop *loop,
                                             const struct redis_sentinel_options *options);

/* No question may be open. */
void redis_sentinel_destroy(struct redis_sentinel *sentinel);

struct redis_question; /* one of them; owned by the sentinel */

/* Raised once, from the loop, unless called off. master is NULL when nobody knows, and detail says
 * what the last one asked answered. Both are borrowed for the call. */
typedef void redis_question_done_fn(void *owner, const struct redis_address *master,
                                    struct span detail);

struct redis_question *redis_question_begin(struct redis_sentinel *sentinel,
                                            redis_question_done_fn *on_done, void *owner);

/* Silent; before on_done only. */
void redis_question_call_off(struct redis_question *question);

#endif
