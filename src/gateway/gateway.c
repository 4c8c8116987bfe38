#include "gateway/gateway.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/random.h"
#include "base/text.h"
#include "gateway/caller_address.h"
#include "gateway/cors.h"
#include "gateway/forward.h"
#include "gateway/limits.h"
#include "gateway/local_answer.h"
#include "gateway/lookup.h"
#include "gateway/stages.h"
#include "http/trace_context.h"

enum { REQUEST_ID_MAX = 128 };

/* The caller's id if it is fit for a log and a field, else a new one. */
static struct span request_id_of(const struct request *request, struct arena *arena)
{
    const struct header *header = header_list_find(&request->headers, HEADER_X_REQUEST_ID);
    bool is_fit = header && header->value.len > 0 && header->value.len <= REQUEST_ID_MAX;
    for (size_t i = 0; is_fit && i < header->value.len; i++)
        is_fit = header->value.at[i] > ' ' && header->value.at[i] < 0x7f;
    if (is_fit)
        return header->value;
    return arena_format(arena, "%016llx%016llx", (unsigned long long)random_u64(),
                        (unsigned long long)random_u64());
}

/* W3C Trace Context §3.2, §3.3: the caller's trace goes on with a span of ours, or one begins. */
static void settle_trace(struct exchange *ex)
{
    char span_id[SPAN_ID_LEN + 1], trace_id[TRACE_ID_LEN + 1];
    struct trace_context trace;
    char *text = arena_alloc(ex->arena, TRACEPARENT_LEN + 1);
    ex->continues_trace = trace_context_find(&ex->request->headers, &trace);
    if (!ex->continues_trace) {
        (void)snprintf(trace_id, sizeof(trace_id), "%016llx%016llx",
                       (unsigned long long)random_u64(), (unsigned long long)random_u64() | 1);
        trace = (struct trace_context){.trace_id = {trace_id, TRACE_ID_LEN}};
    }
    (void)snprintf(span_id, sizeof(span_id), "%016llx", (unsigned long long)random_u64() | 1);
    ex->traceparent = traceparent_write(text, trace.trace_id, (struct span){span_id, SPAN_ID_LEN},
                                        trace.is_sampled);
}

static struct exchange *create(struct services *services, struct client_connection *client,
                               struct arena *arena, struct request *request)
{
    struct exchange *ex = arena_zalloc(arena, sizeof(*ex));
    ex->services = services;
    ex->client = client;
    ex->arena = arena;
    ex->request = request;
    ex->snapshot = services->snapshot;
    services->hold(ex->snapshot);
    ex->started_ms = loop_now_ms(services->loop);
    ex->started_us = clock_us();
    ex->started_wall_ms = clock_wall_ms();
    ex->request_id = request_id_of(request, arena);
    settle_trace(ex);
    ex->page = cors_page_of(ex);
    ex->address =
        caller_address(client_peer(client), &request->headers, &services->options->trusted_proxies);
    return ex;
}

static void on_done(struct exchange *ex)
{
    forward_clear(ex->forward);
    lookup_clear(ex->lookup);
    limits_clear(ex);
    cache_entry_release(ex->held);
    ex->services->let_go(ex->snapshot);
    client_done(ex->client);
}

static void *on_request(void *owner, struct client_connection *client, struct arena *arena,
                        struct request *request)
{
    struct exchange *ex = create(owner, client, arena, request);
    exchange_start(ex, stages, stage_count, on_done);
    return ex;
}

static void *on_refused(void *owner, struct client_connection *client, struct arena *arena,
                        enum http_fault fault, struct span line)
{
    struct request *request = arena_zalloc(arena, sizeof(*request));
    request->version = 11;
    struct exchange *ex = create(owner, client, arena, request);
    struct problem problem = problem_of_fault(fault);
    ex->refused_line = line;
    ex->now = WHEN_ANSWERED;
    (void)problem_respond(ex, &problem);
    exchange_start(ex, stages, stage_count, on_done);
    return ex;
}

static void on_body(void *exchange, struct span piece)
{
    forward_take_body(exchange, piece);
}

static void on_body_end(void *exchange)
{
    forward_end_body(exchange);
}

/* Nothing more comes of the request's body. Before the answer has begun that is the answer; after
 * it, nobody can say what the upstream made of half a request. */
static void on_body_failed(void *exchange, enum http_fault fault)
{
    struct exchange *ex = exchange;
    struct problem problem = problem_of_fault(fault);
    if (ex->is_delivering) {
        ex->is_cut = true;
        client_cut(ex->client);
        exchange_abort(ex);
        return;
    }
    (void)problem_respond(ex, &problem);
    exchange_interrupt(ex);
}

static void on_drained(void *exchange)
{
    struct exchange *ex = exchange;
    if (ex->is_delivering)
        deliver_drained(ex);
}

/* Others may wait for what it fetches; and it comes a second time when the worker ends. */
static void on_gone(void *exchange)
{
    struct exchange *ex = exchange;
    if (!ex->has_left && lookup_outlives_client(ex->lookup))
        ex->has_left = true;
    else
        exchange_abort(ex);
}

const struct client_handler gateway_handler = {
    .on_request = on_request,
    .on_refused = on_refused,
    .on_body = on_body,
    .on_body_end = on_body_end,
    .on_body_failed = on_body_failed,
    .on_drained = on_drained,
    .on_gone = on_gone,
};
