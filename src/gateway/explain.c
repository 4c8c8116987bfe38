#include "gateway/explain.h"

#include "base/clock.h"
#include "base/text.h"
#include "gateway/authenticated.h"
#include "gateway/caller_address.h"
#include "gateway/cors.h"
#include "gateway/explain_parts.h"
#include "gateway/filters.h"
#include "gateway/local_answer.h"
#include "gateway/marks.h"
#include "gateway/stages.h"
#include "http/trace_context.h"

enum { REDIS_MS = 500 /* a person waits, no request */ };

static struct exchange *exchange_of(struct explanation *e, struct arena *arena)
{
    struct request *request = e->question.request;
    struct exchange *ex = arena_zalloc(arena, sizeof(*ex));
    struct trace_context trace;
    ex->services = &e->services;
    ex->arena = arena;
    ex->request = request;
    ex->now = WHEN_OPEN;
    ex->started_ms = loop_now_ms(e->services.loop);
    ex->started_us = clock_us();
    ex->started_wall_ms = clock_wall_ms();
    ex->request_id = marks_own_id(request);
    if (ex->request_id.len == 0)
        ex->request_id = SPAN("(made anew)");
    ex->continues_trace = trace_context_find(&request->headers, &trace);
    ex->traceparent = ex->continues_trace ? SPAN("(continued)") : SPAN("(begun)");
    ex->page = cors_page_of(ex);
    ex->address =
        caller_address(&e->question.peer, &request->headers, &e->services.options->trusted_proxies);
    return ex;
}

/* The key that was named counts as shown. */
static enum verdict authenticate(struct explanation *e)
{
    struct exchange *ex = e->exchange;
    const struct presented presented = {
        .authorization = header_list_value(&ex->request->headers, HEADER_AUTHORIZATION),
        .key_header = header_list_value(&ex->request->headers, HEADER_X_BPGATE_KEY),
        .address = ex->address.bytes,
        .address_len = ex->address.len,
    };
    size_t hash_index;
    enum auth_result result;
    ex->key = e->question.key;
    if (ex->key)
        result = key_record_judge(ex->key, ex->address.bytes, ex->address.len, ex->started_wall_ms);
    else
        result = key_ring_authenticate(ex->services->keys, NULL, &presented, ex->started_wall_ms,
                                       &ex->key, &hash_index);
    return authenticated(ex, result);
}

/* The stages that wait for nothing and spend nothing; the one that answers, or NULL. */
static const char *settle(struct explanation *e)
{
    if (authenticate(e) == STAGE_RESPOND)
        return "authenticate";
    return authorize_begin(e->exchange) == STAGE_RESPOND ? "authorize" : NULL;
}

static const char *refuse_by_limit(struct exchange *ex, const char *stage)
{
    (void)problem_say(ex, PROBLEM_RATE_LIMITED, SPAN(""));
    return stage;
}

/* From the limits of the caller on; the stage that answers, or NULL: the cache or the upstream does. */
static const char *write_rest(struct explanation *e, struct lookup **lookup)
{
    struct exchange *ex = e->exchange;
    bool is_admitted = explain_limits(e, LIMIT_CALLER);
    if (ex->services->filters.host)
        filters_begin(ex); /* their marks are in the cache's key */
    struct lookup *l = *lookup = is_admitted ? lookup_create(ex) : NULL;
    if (l)
        lookup_find(l);
    bool is_given = l && lookup_may_give(l);
    const char *refused = is_admitted ? NULL : "limit_caller";
    if (is_admitted && !is_given && !explain_limits(e, LIMIT_UPSTREAM))
        refused = "limit_upstream";
    json_close(e->json);
    if (refused)
        return refuse_by_limit(ex, refused);
    explain_filters(ex, e->json);
    explain_cache(e, l);
    if (is_given || explain_headers(ex, l, e->json))
        return NULL;
    (void)problem_say(ex, PROBLEM_MISSING_HEADER, SPAN(""));
    return "forward";
}

static void tell(struct explanation *e)
{
    struct exchange *ex = e->exchange;
    struct lookup *lookup = NULL;
    const char *answers;
    explain_caller(ex, e->json);
    json_array_in(e->json, SPAN("limits"));
    bool is_admitted = explain_failures(e);
    is_admitted = explain_limits(e, LIMIT_ADDRESS) && is_admitted;
    if (is_admitted && !e->failed) {
        answers = write_rest(e, &lookup);
    } else {
        json_close(e->json);
        answers = is_admitted ? e->failed : refuse_by_limit(ex, "limit_address");
    }
    if (answers)
        explain_answer(ex, e->json, answers);
    lookup_clear(lookup);
    ex->services->let_go(ex->services->generation);
}

static void on_looked(struct limit_look *look)
{
    struct explanation *e = container_of(look, struct explanation, look);
    tell(e);
    e->on_done(e);
}

bool explain_begin(struct explanation *e, const struct services *services, struct arena *arena,
                   const struct explain_question *question)
{
    e->question = *question;
    e->services = *services;
    e->services.metrics = NULL;
    e->exchange = exchange_of(e, arena);
    if (route_begin(e->exchange) == STAGE_RESPOND) {
        explain_answer(e->exchange, e->json, "route");
        return true;
    }
    explain_operation(e->exchange, e->json);
    e->failed = settle(e);
    e->services.hold(e->services.generation);
    e->look = (struct limit_look){.exchange = e->exchange, .on_done = on_looked};
    if (!limit_look_begin(&e->look, REDIS_MS))
        return false;
    tell(e);
    return true;
}

void explain_off(struct explanation *e)
{
    limit_look_off(&e->look);
    e->services.let_go(e->services.generation);
}
