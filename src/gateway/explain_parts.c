#include "gateway/explain_parts.h"

#include "base/clock.h"
#include "base/text.h"
#include "gateway/filters.h"
#include "gateway/head_up.h"
#include "gateway/limit_claims.h"

enum { US_IN_MS = 1000 };

/* --- What it is, and whose --- */

void explain_operation(const struct exchange *ex, struct json_writer *json)
{
    static const struct span deadlines[] = {SPAN_INIT("normal"), SPAN_INIT("deploy"),
                                            SPAN_INIT("cognitive"), SPAN_INIT("stream")};
    const struct operation *operation = ex->route.operation;
    const struct class_deadlines *deadline = &ex->services->options->deadlines[ex->deadline];
    json_text(json, SPAN("op"), operation ? operation->name : SPAN("unknown"));
    if (operation)
        json_text(json, SPAN("route"), operation->pattern);
    json_text(json, SPAN("service"), service_name(ex->route.service));
    json_text(json, SPAN("deadline"), deadlines[ex->deadline]);
    json_number(json, SPAN("first_byte_ms"), (int64_t)deadline->first_byte_ms);
    json_number(json, SPAN("total_ms"), (int64_t)deadline->total_ms);
    json_text(json, SPAN("retry"),
              ex->operation_flags & OP_IDEMPOTENT ? SPAN("idempotent") : SPAN("unsent_only"));
}

void explain_caller(const struct exchange *ex, struct json_writer *json)
{
    char text[ADDRESS_TEXT_SIZE];
    if (ex->key)
        json_text(json, SPAN("key"), ex->key->name);
    if (ex->profile)
        json_text(json, SPAN("profile"), ex->profile->name);
    if (ex->address.len > 0)
        json_text(json, SPAN("address"), address_write(&ex->address, text));
}

void explain_answer(const struct exchange *ex, struct json_writer *json, const char *stage)
{
    json_object_in(json, SPAN("answer"));
    json_text(json, SPAN("stage"), span_of(stage));
    json_number(json, SPAN("status"), ex->response->status);
    json_text(json, SPAN("reason"), ex->reason);
    json_raw(json, SPAN("body"), ex->body.len > 0 ? ex->body : SPAN("null"));
    json_close(json);
}

/* --- Limits --- */

static struct span place_name(enum limit_place place)
{
    static const struct span names[] = {[LIMIT_ADDRESS] = SPAN_INIT("address"),
                                        [LIMIT_CALLER] = SPAN_INIT("caller"),
                                        [LIMIT_UPSTREAM] = SPAN_INIT("upstream")};
    return names[place];
}

static void write_decision(struct json_writer *json, const struct gcra_answer *answer)
{
    json_bool(json, SPAN("admits"), answer->is_admitted);
    json_number(json, SPAN("remaining"), (int64_t)answer->remaining);
    json_number(json, SPAN("retry_ms"), (int64_t)((answer->retry_us + US_IN_MS - 1) / US_IN_MS));
    json_number(json, SPAN("full_ms"), (int64_t)((answer->full_us + US_IN_MS - 1) / US_IN_MS));
}

static void write_limit(const struct explanation *e, size_t i, const struct gcra_answer *answer)
{
    struct json_writer *json = e->json;
    const struct limit_policy *policy = e->look.limits.policies[i];
    json_object(json);
    json_text(json, SPAN("name"), policy->name);
    json_text(json, SPAN("where"), place_name(policy->place));
    json_number(json, SPAN("requests"), (int64_t)policy->requests);
    json_number(json, SPAN("per_ms"), (int64_t)policy->per_ms);
    json_number(json, SPAN("cost"), (int64_t)policy->cost);
    json_bool(json, SPAN("shadow"), policy->is_shadow);
    bool is_shared = e->look.view == LIMIT_VIEW_REDIS && policy->place != LIMIT_ADDRESS;
    bool is_known = e->question.is_live || is_shared;
    json_text(json, SPAN("counted_in"),
              is_known ? limit_look_view(&e->look, i) : SPAN("unknown: no gateway was asked"));
    if (is_known)
        write_decision(json, answer);
    json_close(json);
}

bool explain_limits(struct explanation *e, enum limit_place place)
{
    const struct limits *limits = &e->look.limits;
    bool is_admitted = true;
    for (size_t i = 0; i < limits->count; i++) {
        const struct limit_policy *policy = limits->policies[i];
        if (policy->place != place)
            continue;
        struct gcra_answer answer = limit_look_ask(&e->look, i, policy->cost);
        is_admitted &= answer.is_admitted || policy->is_shadow;
        write_limit(e, i, &answer);
    }
    return is_admitted;
}

bool explain_failures(struct explanation *e)
{
    const struct exchange *ex = e->exchange;
    if (limit_failures_are_free(ex) || !e->question.is_live)
        return true;
    const struct limit_claim claim = limit_claim_of_failure(ex);
    struct gcra_answer answer = limit_table_look(ex->services->limits.table, &claim, clock_us());
    json_object(e->json);
    json_text(e->json, SPAN("name"), SPAN("auth_failures"));
    json_text(e->json, SPAN("where"), place_name(LIMIT_ADDRESS));
    json_text(e->json, SPAN("counted_in"), SPAN("memory"));
    write_decision(e->json, &answer);
    json_close(e->json);
    return answer.is_admitted;
}

/* --- Filters --- */

static void write_phases(const struct script_host *host, size_t filter, struct json_writer *json)
{
    static const struct span names[SCRIPT_PHASE_COUNT] = {
        [SCRIPT_REQUEST] = SPAN_INIT("request"),
        [SCRIPT_BODY] = SPAN_INIT("body"),
        [SCRIPT_RESPONSE] = SPAN_INIT("response"),
        [SCRIPT_LOG] = SPAN_INIT("log"),
    };
    json_array_in(json, SPAN("phases"));
    for (enum script_phase phase = 0; phase < SCRIPT_PHASE_COUNT; phase++) {
        if (script_host_has(host, filter, phase))
            json_element(json, names[phase]);
    }
    json_close(json);
}

void explain_filters(struct exchange *ex, struct json_writer *json)
{
    const struct filter_services *filters = &ex->services->filters;
    struct span path = filters_path(ex);
    json_array_in(json, SPAN("filters"));
    for (size_t i = 0; filters->rules && i < filters->rules->count; i++) {
        const struct filter_rule *rule = &filters->rules->rules[i];
        if (!filters_fit(rule, ex, path))
            continue;
        json_object(json);
        if (rule->name.len > 0)
            json_text(json, SPAN("name"), rule->name);
        json_text(json, SPAN("file"), filters->rules->sources[i].file);
        if (filters->host)
            write_phases(filters->host, i, json);
        json_close(json);
    }
    json_close(json);
}

/* --- The cache --- */

static struct span expectation_of(const struct explanation *e, const struct lookup *l)
{
    if (!l)
        return SPAN("no part");
    if (!e->question.is_live)
        return SPAN("unknown: no gateway was asked");
    if (!l->entry)
        return SPAN("miss");
    return lookup_may_give(l) ? SPAN("hit") : SPAN("validate");
}

static void write_lifetime(const struct lookup *l, struct json_writer *json)
{
    const struct exchange *ex = l->exchange;
    const struct cache_rules *rules = ex->services->cache.rules;
    int override = cache_rules_override_of(rules, &ex->route);
    struct span class = cache_class_name(cache_rules_class_of(&ex->route, ex->request->query));
    if (l->rule->kind == CACHE_RULE_RFC) {
        json_text(json, SPAN("ttl_from"), SPAN("the answer (RFC 9111)"));
        return;
    }
    json_number(json, SPAN("ttl_s"), (int64_t)l->rule->ttl_s);
    json_number(json, SPAN("stale_s"), (int64_t)l->rule->stale_s);
    json_text(json, SPAN("ttl_from"),
              override >= 0 ? arena_format(ex->arena, "cache.rules[%d]", override)
                            : arena_format(ex->arena,
                                           "the catalogue's class %.*s, unless the answer "
                                           "declares its own",
                                           (int)class.len, class.at));
}

/* The names of "name:value" lines. */
static void write_names(struct json_writer *json, struct span lines)
{
    json_array_in(json, SPAN("headers"));
    while (lines.len > 0) {
        struct span line = span_cut(&lines, '\n');
        json_element(json, span_cut(&line, ':'));
    }
    json_close(json);
}

static void write_scope(struct json_writer *json, const struct cache_key_parts *parts)
{
    static const struct span names[CACHE_KEY_SCOPE] = {
        SPAN_INIT("upstream"), SPAN_INIT("credential"),  SPAN_INIT("workspace"),
        SPAN_INIT("bot"),      SPAN_INIT("integration"), SPAN_INIT("integration_alias"),
        SPAN_INIT("token"),
    };
    json_object_in(json, SPAN("identity"));
    for (size_t i = 0; i < CACHE_KEY_SCOPE; i++) {
        bool is_secret = i + 1 == CACHE_KEY_SCOPE;
        if (parts->scope[i].len > 0)
            json_text(json, names[i], is_secret ? SPAN("***") : parts->scope[i]);
    }
    json_close(json);
}

static void write_key(struct lookup *l, struct json_writer *json)
{
    const struct cache_key_parts parts = lookup_key_parts(l);
    json_object_in(json, SPAN("key"));
    json_text(json, SPAN("method"), SPAN("GET"));
    json_text(json, SPAN("path"), parts.path);
    if (parts.query.at)
        json_text(json, SPAN("query"), parts.query);
    json_text(json, SPAN("query_order"), parts.sorts_query ? SPAN("by name") : SPAN("as it is"));
    write_scope(json, &parts);
    if (l->is_shared)
        json_text(json, header_name(HEADER_X_MULTIPLE_INTEGRATIONS), parts.shape);
    else
        write_names(json, parts.shape);
    json_close(json);
}

void explain_cache(const struct explanation *e, struct lookup *l)
{
    struct json_writer *json = e->json;
    json_object_in(json, SPAN("cache"));
    json_text(json, SPAN("expected"), expectation_of(e, l));
    if (l) {
        json_text(json, SPAN("scope"), l->is_shared ? SPAN("public") : SPAN("identity"));
        write_lifetime(l, json);
        if (l->entry)
            json_number(json, SPAN("left_s"), l->reuse.ttl_s);
        json_bool(json, SPAN("redis_asked"),
                  e->services.cache.redis != NULL && !lookup_may_give(l));
        write_key(l, json);
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

bool explain_headers(struct exchange *ex, struct lookup *l, struct json_writer *json)
{
    const struct header_list *headers = &ex->request->headers;
    struct span missing = SPAN("");
    filters_prepare_fetch(ex);
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
