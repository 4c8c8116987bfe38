#include "gateway/gateway.h"

#include "base/clock.h"
#include "base/text.h"
#include "gateway/caller_address.h"
#include "gateway/cors.h"
#include "gateway/filters.h"
#include "gateway/forward.h"
#include "gateway/limits.h"
#include "gateway/local_answer.h"
#include "gateway/lookup.h"
#include "gateway/marks.h"
#include "gateway/stages.h"

static struct exchange *create(struct services *services, struct client_connection *client,
                               struct arena *arena, struct request *request)
{
    struct exchange *ex = arena_zalloc(arena, sizeof(*ex));
    ex->services = services;
    ex->client = client;
    ex->arena = arena;
    ex->request = request;
    services->hold(services->generation);
    ex->started_ms = loop_now_ms(services->loop);
    ex->started_us = clock_us();
    ex->started_wall_ms = loop_wall_ms(services->loop);
    marks_settle(ex);
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
    filters_clear(ex->filtering);
    ex->services->let_go(ex->services->generation);
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
    struct exchange *ex = exchange;
    if (ex->forward)
        forward_take_body(ex, piece);
    else
        filters_take_body(ex, piece);
}

static void on_body_end(void *exchange)
{
    struct exchange *ex = exchange;
    if (ex->forward)
        forward_end_body(ex);
    else
        filters_end_body(ex);
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
