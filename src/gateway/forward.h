/* forward.h - the call upstream of one exchange: attempts, the body up, the answer down.
 *
 * Made by stage forward, used by deliver through the functions below, cleared by the gateway when
 * the exchange has ended. In the exchange's arena but for its buffers.
 */
#ifndef GATEWAY_FORWARD_H
#define GATEWAY_FORWARD_H

#include "gateway/upload.h"

struct forward {
    struct exchange *exchange; /* borrowed */
    struct upstream_call call;
    struct upload upload;
    struct timer timer;            /* ends the gathering; before a retry */
    struct credential *credential; /* borrowed; NULL: no token of ours is injected */
    uint64_t generation;           /* of the token last sent */
    bool tried_other_token;
    bool was_sent;     /* by any attempt */
    bool has_given_up; /* no further try, whatever the rules say */
    bool owes_outcome; /* of the attempt, to the breaker: outcome.h */
    unsigned attempts;
    struct response *response;  /* NULL until a head has come */
    struct buffer collected;    /* of an answer ≥ 400, or for filters: to be looked at */
    bool collected_is_too_long; /* what is collected is not all of it */
    size_t filter_limit;        /* the filters want the body, up to here; 0: they do not */
    bool is_beyond_filters;     /* it is longer */
    size_t held;                /* of collected, as it counts among all held bytes */
    enum forward_state {
        FORWARD_GATHERING,  /* the request's body, or as much as is held: nothing is asked yet */
        FORWARD_ASKING,     /* no head yet */
        FORWARD_COLLECTING, /* the body of an error, or one for filters */
        FORWARD_RELAYING,   /* deliver sends what comes */
        FORWARD_OVER,       /* the answer is complete */
        FORWARD_FAILED,
    } state;
    struct call_failure failure; /* with FORWARD_FAILED */
};

/* From the client: the request's body. May decide the response from outside. */
void forward_take_body(struct exchange *exchange, struct span piece);
void forward_end_body(struct exchange *exchange);

/* Stage deliver's: a piece of the answer's body; and the client has room again for more of it. */
void deliver_piece(struct exchange *exchange, struct span piece);
void deliver_drained(struct exchange *exchange);

/* Ends what runs, silently; for exchange_wait. operation: the struct forward. */
void forward_call_off(void *operation);

/* Frees what the arena does not. forward may be NULL. */
void forward_clear(struct forward *forward);

#endif
