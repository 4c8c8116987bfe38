/* exchange.h - one request and the response it gets.
 *
 * An exchange walks the table of stages (stages.c). Each stage either finishes at once or waits for
 * exactly one thing; while it waits, the exchange knows how to call that thing off, so that a client
 * that leaves can be dropped at any moment. Every exchange ends through the last row, once.
 *
 * Ownership: lives in the arena of its request, which outlives on_done until the loop's later queue
 * runs. Never touch one after on_done. Lives on one loop; not thread-safe.
 */
#ifndef GATEWAY_EXCHANGE_H
#define GATEWAY_EXCHANGE_H

#include "base/clock.h"
#include "botpress/problem.h"
#include "client/client_connection.h"
#include "gateway/services.h"

enum verdict {
    STAGE_NEXT,    /* go on with the following stage */
    STAGE_WAIT,    /* exchange_resume will be called, once */
    STAGE_RESPOND, /* the response is decided: skip to its delivery */
};

struct exchange;
struct forward;
struct lookup;
struct limits;
struct filtering;
typedef enum verdict stage_fn(struct exchange *exchange);

/* When a row takes part: a mask of the exchange's present condition. */
enum condition {
    WHEN_OPEN = 1,     /* nothing decided yet */
    WHEN_ANSWERED = 2, /* a stage has returned STAGE_RESPOND */
    WHEN_ABORTED = 4,  /* the client has gone */
    WHEN_ANY = 7,
};

/* A row of the table. finish runs when what begin waited for has come. */
struct stage {
    const char *name;
    stage_fn *begin;
    stage_fn *finish; /* NULL for stages that never wait */
    unsigned when;
};

/* Who made the answer. */
enum source { SOURCE_NONE, SOURCE_GATEWAY, SOURCE_UPSTREAM, SOURCE_CACHE };

struct exchange {
    /* The machine: exchange.c alone. */
    const struct stage *stages;
    size_t stage, stage_count;
    enum condition now;
    bool is_running, is_waiting, has_waited;
    void *operation; /* borrowed, set while it waits */
    void (*call_off)(void *operation);
    void (*on_done)(struct exchange *exchange);
    uint64_t waiting_since_us, waited_us;

    /* What it is about: the gateway, at its start. */
    struct services *services;        /* held: those of its start */
    struct client_connection *client; /* borrowed until on_done */
    struct arena *arena;              /* borrowed */
    struct request *request;          /* borrowed */
    uint64_t started_ms, started_us, started_wall_ms;
    struct span request_id;
    struct span traceparent;  /* with a span of our own, for the upstream */
    bool continues_trace;     /* the caller's; else it begins here */
    struct span page;         /* the origin of the settings that asks; len 0: none of these */
    struct address address;   /* the caller's, behind trusted proxies too */
    struct span refused_line; /* of a head that was refused, for the log */

    /* stage route */
    struct route_match route;
    enum route_result route_result;
    unsigned operation_flags; /* of the operation, or of its tree when it is unknown */
    enum deadline_class deadline;

    /* stage authenticate */
    const struct key_record *key;  /* NULL for anonymous requests */
    const struct profile *profile; /* NULL until known */
    unsigned secret;               /* which of the key's was shown */
    struct span ids[ID_KIND_COUNT];
    struct span destination_bot, integration_alias;

    /* stages limit_* */
    struct limits *limits; /* in the arena; NULL: none was asked */
    uint64_t redis_ms;     /* waited for Redis so far; lookup_redis's too */

    /* stages filter_* */
    struct filtering *filtering; /* in the arena; NULL: no filter is for it */

    /* stage lookup */
    struct lookup *lookup; /* in the arena; NULL: the cache has no part in it */

    /* stage forward */
    struct forward *forward; /* in the arena; NULL before it */

    /* Whoever responds. */
    struct response *response;
    struct span body; /* all of it, where it is at hand: of the gateway's own, or from the store */
    struct cache_entry *held; /* counted: what body points into; NULL: the arena's */
    size_t sent;              /* of body, or of what is being stored */
    enum source source;
    struct span reason; /* of a problem: metadata.reason, for the log */
    unsigned refusal;   /* 1 + enum problem_id of a problem of the gateway's own; 0: none */
    bool has_left;      /* the client has gone, or there never was one; it goes on for the store */
    bool is_feeding;    /* body is at hand: it goes out as the client takes it */
    bool is_delivering; /* the head has gone to the client */
    bool is_cut;        /* and the body could not be completed */

    /* stage log */
    uint64_t ended_us;
};

/* Runs the stages from the first on. exchange: zeroed but for what it is about. on_done is its last
 * act and may be raised before this returns. */
void exchange_start(struct exchange *exchange, const struct stage *stages, size_t count,
                    void (*on_done)(struct exchange *exchange));

/* The time now, as near as it matters to an exchange that has not waited: a stage takes less than a
 * microsecond, and so would reading the clock for each. */
static inline uint64_t exchange_now_us(const struct exchange *exchange)
{
    return exchange->has_waited ? clock_us() : exchange->started_us;
}

static inline uint64_t exchange_wall_ms(const struct exchange *exchange)
{
    return exchange->has_waited ? clock_wall_ms() : exchange->started_wall_ms;
}

/* For a stage about to return STAGE_WAIT: what it waits for and how to call that off. */
enum verdict exchange_wait(struct exchange *exchange, void *operation,
                           void (*call_off)(void *operation));

/* For the completion of that operation, as its last act. Not from inside begin. */
void exchange_resume(struct exchange *exchange);

/* The response is decided from outside while it waits (a body too large, a deadline): calls off
 * what is pending and goes on to the delivery. */
void exchange_interrupt(struct exchange *exchange);

/* The client has gone: calls off what is pending and runs only the last rites. */
void exchange_abort(struct exchange *exchange);

#endif
