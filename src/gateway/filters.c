#include "gateway/filters.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "gateway/head_down.h"
#include "gateway/head_up.h"
#include "gateway/local_answer.h"
#include "gateway/operation_list.h"
#include "gateway/tally.h"
#include "http/url.h"

/* What the gateway itself may add behind the filters, up or down. */
enum { SPARE_FIELDS = HEAD_UP_SPARE + HEAD_DOWN_SPARE };

static bool is_error_type(struct span name)
{
    enum error_type type;
    return error_type_find(name, &type);
}

struct script_host *filters_compile(const struct filter_rules *rules, char error[SCRIPT_ERROR_SIZE])
{
    const struct script_host_options options = {
        .sources = rules->sources,
        .count = rules->count,
        .limits = rules->limits,
        .body_bytes = rules->body_bytes,
        .is_error_type = is_error_type,
    };
    return script_host_create(&options, error);
}

/* --- Which are for it --- */

struct span filters_path(const struct exchange *ex)
{
    return path_plain(ex->arena, ex->request->path);
}

static bool has_route(const struct filter_rule *rule, struct span path)
{
    for (size_t i = 0; i < rule->route_count; i++) {
        if (span_matches(path, rule->routes[i]))
            return true;
    }
    return rule->route_count == 0;
}

static bool has_key(const struct filter_rule *rule, const struct key_record *key)
{
    for (size_t i = 0; i < rule->key_count; i++) {
        if (key && rule->keys[i] == key->index)
            return true;
    }
    return rule->key_count == 0;
}

static bool has_profile(const struct filter_rule *rule, const struct profile *profile)
{
    for (size_t i = 0; i < rule->profile_count; i++) {
        if (profile && span_equal(rule->profiles[i], profile->name))
            return true;
    }
    return rule->profile_count == 0;
}

bool filters_fit(const struct filter_rule *rule, const struct exchange *ex, struct span path)
{
    return has_route(rule, path) && has_key(rule, ex->key) && has_profile(rule, ex->profile) &&
           (!rule->has_operations || rule_has_operation(&rule->operations, ex->route.operation));
}

static const struct filter_rules *rules_of(const struct filtering *f)
{
    return f->exchange->services->filters.rules;
}

static bool runs(const struct filtering *f, size_t filter, enum script_phase phase)
{
    return f->fits >> filter & 1 && script_host_has(f->host, filter, phase);
}

/* Of all that change the body, in their order. */
static struct span digest_of(const struct filtering *f)
{
    const struct filter_rules *rules = rules_of(f);
    char bytes[SCRIPT_FILTERS_MAX * FILTER_DIGEST_SIZE];
    size_t len = 0;
    for (size_t i = 0; i < rules->count; i++) {
        if (!runs(f, i, SCRIPT_BODY))
            continue;
        memcpy(bytes + len, rules->rules[i].digest, FILTER_DIGEST_SIZE);
        len += FILTER_DIGEST_SIZE;
    }
    return len > 0 ? arena_copy(f->exchange->arena, (struct span){bytes, len}) : SPAN("");
}

void filters_choose(struct filtering *f)
{
    const struct filter_rules *rules = rules_of(f);
    struct span path = filters_path(f->exchange);
    f->fits = 0;
    for (size_t i = 0; i < rules->count; i++)
        f->fits |= (uint32_t)filters_fit(&rules->rules[i], f->exchange, path) << i;
    f->digest = digest_of(f);
}

static struct filtering *create(struct exchange *ex)
{
    struct filtering *f = arena_zalloc(ex->arena, sizeof(*f));
    f->exchange = ex;
    f->host = ex->services->filters.host;
    ex->filtering = f;
    return f;
}

void filters_begin(struct exchange *ex)
{
    const struct filter_services *filters = &ex->services->filters;
    struct span path = filters_path(ex);
    bool has_any = false;
    for (size_t i = 0; i < filters->rules->count && !has_any; i++)
        has_any = filters_fit(&filters->rules->rules[i], ex, path);
    if (has_any)
        filters_choose(create(ex));
}

void filters_copy(const struct exchange *from, struct exchange *to)
{
    if (!from->filtering)
        return;
    struct filtering *f = create(to);
    f->wishes = from->filtering->wishes;
    for (size_t i = 0; i < f->wishes.tag_count; i++)
        f->wishes.tags[i] = arena_copy(to->arena, f->wishes.tags[i]);
    filters_choose(f);
}

bool filters_have(const struct filtering *f, enum script_phase phase)
{
    for (size_t i = 0; f && i < rules_of(f)->count; i++) {
        if (runs(f, i, phase))
            return true;
    }
    return false;
}

/* --- Running them --- */

struct script_call filters_call(struct filtering *f)
{
    struct exchange *ex = f->exchange;
    const struct operation *operation = ex->route.operation;
    return (struct script_call){
        .arena = ex->arena,
        .request = ex->request,
        .spare_fields = SPARE_FIELDS,
        .request_id = ex->request_id,
        .operation = operation ? operation->name : SPAN(""),
        .pattern = operation ? operation->pattern : SPAN(""),
        .key_name = ex->key ? ex->key->name : SPAN(""),
        .key_id = ex->key ? ex->key->id : SPAN(""),
        .profile = ex->profile ? ex->profile->name : SPAN(""),
        .bot = ex->ids[ID_BOT],
        .workspace = ex->ids[ID_WORKSPACE],
        .params = ex->route.params,
        .param_count = ex->route.param_count,
        .address = &ex->address,
        .wall_ms = clock_wall_ms(),
        .now_ms = loop_now_ms(ex->services->loop),
        .wishes = &f->wishes,
        .dict = ex->services->filters.dict,
        .metrics = ex->services->filters.metrics,
        .cells = ex->services->metrics,
    };
}

static bool say_failed(struct filtering *f, size_t filter, enum script_phase phase,
                       const struct filter_fault *fault, bool *passed)
{
    if (phase == SCRIPT_LOG || script_host_is_open(f->host, filter)) {
        *passed = true;
        return true;
    }
    (void)problem_say(f->exchange, fault->problem, fault->message);
    return false;
}

static void log_failure(const struct filtering *f, size_t filter, const char *error, bool fell)
{
    struct span name = script_host_name(f->host, filter);
    log_event(LOG_WARN, "filter_failed",
              FIELDS(field_text("filter", name), field_text("reason", span_of(error)),
                     field_text("request_id", f->exchange->request_id)));
    if (fell)
        log_event(
            LOG_WARN, "filter_set_aside",
            FIELDS(field_text("filter", name),
                   field_text("reason", SPAN("10 failures in a minute; not run for the next")),
                   field_text("meanwhile", script_host_is_open(f->host, filter)
                                               ? SPAN("its requests pass without it")
                                               : SPAN("its requests are answered 500"))));
}

/* False: it has failed, and that ends the request. */
static bool run(struct filtering *f, size_t filter, enum script_phase phase,
                struct script_call *call, bool *passed)
{
    static const struct filter_fault broke_off = {.problem = PROBLEM_FILTER_FAILED};
    static const struct filter_fault no_json = {
        .problem = PROBLEM_BAD_REQUEST,
        .message =
            SPAN_INIT("The request body is not the JSON that a filter of this gateway reads."),
    };
    char error[SCRIPT_ERROR_SIZE];
    bool fell;
    enum script_end end = script_host_call(f->host, filter, phase, call, error, &fell);
    tally_filter(f->exchange->services, filter, end);
    switch (end) {
    case SCRIPT_DONE:
        return true;
    case SCRIPT_FAILED:
        log_failure(f, filter, error, fell);
        break;
    case SCRIPT_SET_ASIDE:
        break;
    case SCRIPT_BAD_BODY:
        return say_failed(f, filter, phase, &no_json, passed);
    }
    return say_failed(f, filter, phase, &broke_off, passed);
}

bool filters_run(struct filtering *f, enum script_phase phase, struct script_call *call,
                 bool *passed)
{
    *passed = false;
    for (size_t i = 0; i < rules_of(f)->count; i++) {
        if (!runs(f, i, phase))
            continue;
        bool has_body = call->has_body;
        if (phase == SCRIPT_REQUEST)
            call->has_body = has_body && script_host_needs_request_body(f->host, i);
        bool goes_on = run(f, i, phase, call, passed);
        call->has_body = has_body;
        if (!goes_on)
            return false;
        if (call->answer.is_given)
            break;
    }
    return true;
}

bool filters_give_up(struct filtering *f, enum script_phase phase, const struct filter_fault *fault)
{
    bool passed = false;
    for (size_t i = 0; i < rules_of(f)->count; i++) {
        if (!runs(f, i, phase) ||
            (phase == SCRIPT_REQUEST && !script_host_needs_request_body(f->host, i)))
            continue;
        tally_filter(f->exchange->services, i, SCRIPT_FAILED);
        log_failure(f, i, fault->why, false);
        if (!say_failed(f, i, phase, fault, &passed))
            return false;
    }
    return true;
}

static struct span source_name(enum source source)
{
    static const struct span names[] = {SPAN_INIT("none"), SPAN_INIT("gateway"),
                                        SPAN_INIT("upstream"), SPAN_INIT("cache")};
    return names[source];
}

void filters_log(struct exchange *ex)
{
    struct filtering *f = ex->filtering;
    bool passed;
    if (!filters_have(f, SCRIPT_LOG))
        return;
    struct script_call call = filters_call(f);
    call.response = ex->response;
    call.source = source_name(ex->source);
    call.duration_us = ex->ended_us - ex->started_us;
    ASSERT(filters_run(f, SCRIPT_LOG, &call, &passed)); /* nothing depends on it any more */
    script_call_clear(&call);
}

void filters_clear(struct filtering *f)
{
    if (!f)
        return;
    timer_stop(&f->timer);
    f->exchange->services->lasting->held -= f->body.len;
    buffer_clear(&f->body);
    buffer_clear(&f->decoded);
    buffer_clear(&f->coded);
    script_call_clear(&f->about);
}
