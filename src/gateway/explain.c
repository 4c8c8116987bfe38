#include "gateway/explain.h"

#include "base/clock.h"
#include "base/text.h"
#include "gateway/head_up.h"
#include "gateway/limits.h"
#include "gateway/local_answer.h"
#include "gateway/lookup.h"
#include "gateway/stages.h"

static struct exchange *exchange_of(struct services *services, struct arena *arena,
                                    const struct explain_question *question)
{
    struct exchange *ex = arena_zalloc(arena, sizeof(*ex));
    ex->services = services;
    ex->arena = arena;
    ex->request = question->request;
    ex->key = question->key;
    ex->profile = question->key ? question->key->profile : services->anonymous;
    ex->now = WHEN_OPEN;
    ex->started_ms = loop_now_ms(services->loop);
    ex->started_us = clock_us();
    ex->started_wall_ms = clock_wall_ms();
    ex->request_id = SPAN("(made anew)");
    ex->traceparent = SPAN("(continued or begun)");
    return ex;
}

/* --- What it is --- */

static void write_operation(const struct exchange *ex, struct json_writer *json)
{
    static const struct span deadlines[] = {SPAN_INIT("normal"), SPAN_INIT("deploy"),
                                            SPAN_INIT("cognitive"), SPAN_INIT("stream")};
    const struct operation *operation = ex->route.operation;
    json_text(json, SPAN("op"), operation ? operation->name : SPAN("unknown"));
    if (operation)
        json_text(json, SPAN("route"), operation->pattern);
    json_text(json, SPAN("service"), service_name(ex->route.service));
    json_text(json, SPAN("deadline"), deadlines[ex->deadline]);
    json_number(json, SPAN("total_ms"),
                (int64_t)ex->services->options->deadlines[ex->deadline].total_ms);
    json_text(json, SPAN("retry"),
              ex->operation_flags & OP_IDEMPOTENT ? SPAN("idempotent") : SPAN("unsent_only"));
}

static void write_verdict(const struct exchange *ex, struct json_writer *json, const char *stage)
{
    json_object_in(json, SPAN("answer"));
    json_text(json, SPAN("stage"), span_of(stage));
    json_number(json, SPAN("status"), ex->response->status);
    json_text(json, SPAN("reason"), ex->reason);
    json_raw(json, SPAN("body"), ex->body.len > 0 ? ex->body : SPAN("null"));
    json_close(json);
}

/* --- Limits --- */

/* Whether all of a place admit; each is told. */
static bool write_limits(struct exchange *ex, struct json_writer *json, enum limit_place place)
{
    struct limit_claim claims[LIMIT_CLAIMS_MAX];
    const struct limit_policy *policies[LIMIT_CLAIMS_MAX];
    bool is_admitted = true;
    size_t count = limits_look(ex, place, claims, policies);
    for (size_t i = 0; i < count; i++) {
        const struct gcra_answer *answer = &claims[i].answer;
        is_admitted &= answer->is_admitted || claims[i].is_shadow;
        json_object(json);
        json_text(json, SPAN("name"), policies[i]->name);
        json_bool(json, SPAN("admits"), answer->is_admitted);
        json_bool(json, SPAN("shadow"), claims[i].is_shadow);
        json_number(json, SPAN("remaining"), (int64_t)answer->remaining);
        json_number(json, SPAN("retry_ms"), (int64_t)((answer->retry_us + 999) / 1000));
        json_close(json);
    }
    return is_admitted;
}

/* --- The cache --- */

static struct span cache_expectation(const struct lookup *l)
{
    if (!l)
        return SPAN("no part");
    if (!l->entry)
        return SPAN("miss");
    return lookup_may_give(l) ? SPAN("hit") : SPAN("validate");
}

static void write_cache(const struct lookup *l, struct json_writer *json)
{
    json_object_in(json, SPAN("cache"));
    json_text(json, SPAN("expected"), cache_expectation(l));
    if (l) {
        json_text(json, SPAN("scope"), l->is_shared ? SPAN("public") : SPAN("identity"));
        json_number(json, SPAN("ttl_s"), (int64_t)l->rule->ttl_s);
        json_number(json, SPAN("stale_s"), (int64_t)l->rule->stale_s);
        if (l->entry)
            json_number(json, SPAN("left_s"), l->reuse.ttl_s);
        json_bool(json, SPAN("redis_asked"), l->exchange->services->cache.redis != NULL);
    }
    json_close(json);
}

/* --- What goes upstream --- */

static struct span shown_value(const struct header *header)
{
    bool is_secret = header->id == HEADER_AUTHORIZATION || header->id == HEADER_X_BPGATE_KEY ||
                     span_matches(header->value, SPAN("*bpg_*")) ||
                     span_matches(header->value, SPAN("*bp_*"));
    return is_secret ? SPAN("***") : header->value;
}

static bool write_headers(struct exchange *ex, struct lookup *l, struct json_writer *json)
{
    const struct header_list *headers = &ex->request->headers;
    struct span missing = SPAN("");
    if (l)
        lookup_prepare_fetch(l);
    bool is_whole = head_up_prepare(ex, &missing);
    json_object_in(json, SPAN("headers"));
    for (size_t i = 0; i < headers->count; i++)
        json_text(json, headers->at[i].name, shown_value(&headers->at[i]));
    if (ex->profile->credential >= 0)
        json_text(json, SPAN("authorization"), SPAN("Bearer ***"));
    json_close(json);
    if (!is_whole)
        json_text(json, SPAN("missing"), missing);
    return is_whole;
}

/* --- All of it --- */

static const char *write_stages(struct exchange *ex, struct lookup **l, struct json_writer *json)
{
    if (route_begin(ex) == STAGE_RESPOND)
        return "route";
    write_operation(ex, json);
    if (!ex->profile) {
        (void)problem_say(ex, PROBLEM_NO_KEY, SPAN(""));
        return "authenticate";
    }
    json_text(json, SPAN("profile"), ex->profile->name);
    if (authorize_begin(ex) == STAGE_RESPOND)
        return "authorize";
    json_array_in(json, SPAN("limits"));
    bool is_admitted = write_limits(ex, json, LIMIT_CALLER);
    *l = is_admitted ? lookup_create(ex) : NULL;
    if (*l)
        lookup_find(*l);
    bool is_given = *l && (*l)->entry && lookup_may_give(*l);
    if (is_admitted && !is_given)
        is_admitted = write_limits(ex, json, LIMIT_UPSTREAM);
    json_close(json);
    if (!is_admitted) {
        (void)problem_say(ex, PROBLEM_RATE_LIMITED, SPAN(""));
        return "limit";
    }
    write_cache(*l, json);
    if (is_given || write_headers(ex, *l, json))
        return NULL;
    (void)problem_say(ex, PROBLEM_MISSING_HEADER, SPAN(""));
    return "forward";
}

void explain_write(const struct services *services, struct arena *arena,
                   const struct explain_question *question, struct json_writer *json)
{
    struct services alone = *services; /* what is counted in it is forgotten with it */
    struct lookup *l = NULL;
    alone.metrics = NULL;
    struct exchange *ex = exchange_of(&alone, arena, question);
    const char *stage = write_stages(ex, &l, json);
    if (stage)
        write_verdict(ex, json, stage);
    lookup_clear(l);
}
