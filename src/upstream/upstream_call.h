/* upstream_call.h - one request to the upstream on one connection, and its answer.
 *
 * Never sends anything twice: whoever called decides about that, by what on_failed says. Embedded in
 * its owner; between upstream_call_begin and the last event (on_end or on_failed) the owner may call
 * it off at any moment, silently: if nothing was sent, the connection goes back to the pool, else it
 * is closed. Lives on one loop.
 */
#ifndef UPSTREAM_UPSTREAM_CALL_H
#define UPSTREAM_UPSTREAM_CALL_H

#include "base/arena.h"
#include "base/buffer.h"
#include "http/body_reader.h"
#include "http/parser.h"
#include "upstream/upstream_pool.h"

struct upstream_deadlines {
    uint64_t send_idle_ms;  /* without progress while the request is being sent */
    uint64_t first_byte_ms; /* from the request's last byte to the end of the answer's head */
    uint64_t body_idle_ms;  /* between two pieces of the answer's body */
    uint64_t total_at_ms;   /* absolute, on the loop's clock; 0: none */
};

/* What went wrong: with what is known of the request's fate, and RFC 9209 §2.3's name. */
#define CALL_FAILURES(X)                                                                           \
    X(CALL_NOT_CONNECTED, false, "destination_unavailable")                                        \
    X(CALL_POOL_FULL, false, "connection_limit_reached")                                           \
    X(CALL_SEND_TIMEOUT, true, "connection_write_timeout")                                         \
    X(CALL_NO_ANSWER, true, "http_response_timeout")                                               \
    X(CALL_TOTAL_TIMEOUT, true, "http_response_timeout")                                           \
    X(CALL_BODY_TIMEOUT, true, "connection_read_timeout")                                          \
    X(CALL_LOST, true, "connection_terminated")                                                    \
    X(CALL_MALFORMED, true, "http_protocol_error")                                                 \
    X(CALL_HEAD_TOO_LARGE, true, "http_response_header_section_size")                              \
    X(CALL_BODY_CUT, true, "http_response_incomplete")                                             \
    X(CALL_BODY_MALFORMED, true, "http_protocol_error")

#define CALL_FAILURE_ENUM(name, after_sending, proxy_status) name,
enum call_failure_kind { CALL_FAILURES(CALL_FAILURE_ENUM) };
#undef CALL_FAILURE_ENUM

struct call_failure {
    enum call_failure_kind kind;
    bool was_sent;            /* whether a byte of the request was given to the connection */
    bool was_reused;          /* the connection had been in the pool before */
    enum dial_result dial;    /* with CALL_NOT_CONNECTED */
    struct span proxy_status; /* RFC 9209's error */
    struct span detail;       /* a few words; borrowed for the call */
};

struct call_events {
    /* A connection is there: the owner calls upstream_call_send now, with what it has of the body. */
    void (*on_ready)(void *owner);
    void (*on_drained)(void *owner); /* the request's body may go on */
    /* A final answer's head; the response is in the call's arena. */
    void (*on_head)(void *owner, struct response *response);
    void (*on_interim)(void *owner, struct response *response); /* 1xx but 100 and 101 */
    void (*on_body)(void *owner, struct span piece);
    void (*on_end)(void *owner); /* the answer is complete; the connection is given back */
    void (*on_failed)(void *owner, const struct call_failure *failure); /* also after on_head */
};

struct upstream_request {
    struct arena *arena;  /* for the answer's head; outlives the call */
    struct span head;     /* written, in memory that outlives the call */
    enum body_kind body;  /* how upstream_call_send frames: NONE, LENGTH or CHUNKED */
    bool is_head;         /* the method is HEAD */
    bool must_not_repeat; /* not idempotent: only a fresh connection */
    bool is_any_api;      /* the answer may have transfer codings that nobody knows: parser.h */
    struct upstream_deadlines deadlines;
};

struct upstream_call {
    const struct call_events *events;
    void *owner; /* borrowed; NULL when called off or ended */
    struct loop *loop;
    struct arena *arena; /* borrowed: for the answer's head */
    struct upstream_request request;
    struct pool_wait wait;
    struct upstream_connection *connection; /* NULL while waiting and after the end */
    struct timer timer;
    struct buffer input; /* a head that has not come whole */
    struct head_check check;
    struct body_reader body;
    enum call_state { CALL_IDLE, CALL_WAITING, CALL_HEAD, CALL_BODY, CALL_ENDED } state;
    bool head_is_sent, request_is_sent, keep_alive, is_paused;
    unsigned interim_count;
    size_t interim_bytes; /* of their heads, which stay in the arena */
    size_t queued;        /* of the request in the stream when something last moved */
    uint64_t progress_ms; /* when something last moved: what the deadlines of phases count from */
    uint64_t ready_ms, sent_ms, head_ms; /* when; 0: not yet. For the log */
    uint64_t bytes_in, bytes_out;
};

/* Takes or opens a connection; on_ready or on_failed follows. The call may be begun again after it
 * has ended. */
void upstream_call_begin(struct upstream_call *call, struct upstream_pool *pool, struct loop *loop,
                         const struct upstream_request *request, const struct call_events *events,
                         void *owner);

/* Sends a piece of the body, before the first one the head, in one write. piece may be empty; with
 * is_last the request is complete. After on_ready only. */
void upstream_call_send(struct upstream_call *call, struct span piece, bool is_last);

bool upstream_call_is_congested(const struct upstream_call *call);

/* No further read of the answer until resumed; what was read already still comes. */
void upstream_call_pause(struct upstream_call *call);
void upstream_call_resume(struct upstream_call *call);

/* Other deadlines from now on: the head has shown a stream. */
void upstream_call_set_deadlines(struct upstream_call *call,
                                 const struct upstream_deadlines *deadlines);

/* Neither waiting nor running. */
bool upstream_call_is_over(const struct upstream_call *call);

/* Silent. Legal at any moment, also when it has ended or never begun (zeroed). */
void upstream_call_off(struct upstream_call *call);

#endif
