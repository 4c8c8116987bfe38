/* GET /api/limits: each policy and what it decided; with ?key=, ?address=, ?bot=, ?operation= also what is
 * left of it for them, without spending any; without, who has used most of it, as far as that can be known
 * without a count of its own: names are not kept in the table, so only those that the settings have (keys,
 * profiles) are asked for. */
#include "admin/api.h"
#include "admin/most_used.h"
#include "base/clock.h"
#include "base/json_writer.h"
#include "base/text.h"
#include "gateway/limit_look.h"
#include "http/url.h"

enum { ANSWER_MAX = 256 * KIB, REDIS_MS = 500, MS_IN_SECOND = 1000, US_IN_MS = 1000 };

/* One answer being made. */
struct limits_call {
    struct admin_call *call;
    struct services services; /* a copy */
    struct exchange exchange; /* what is asked about; nobody runs it */
    bool is_asked;            /* about somebody */
    struct limit_look look;
};

/* --- The question --- */

static bool take_key(struct limits_call *limits, struct span value)
{
    const struct admin_services *services = limits->call->services;
    struct exchange *ex = &limits->exchange;
    ex->key = key_record_find(services->keys, services->key_count, value);
    if (!ex->key) {
        admin_say(limits->call, PROBLEM_BAD_REQUEST, SPAN("There is no key of that name or id."));
        return false;
    }
    ex->profile = ex->key->profile;
    if (ex->ids[ID_BOT].len == 0)
        ex->ids[ID_BOT] = identity_default(ex->profile, ex->key->bots, ID_BOT);
    return true;
}

static bool take_address(struct limits_call *limits, struct span value)
{
    if (address_parse(value, &limits->exchange.address))
        return true;
    admin_say(limits->call, PROBLEM_BAD_REQUEST,
              SPAN("address must be an IP address: 192.0.2.1 or 2001:db8::1."));
    return false;
}

static bool take_bot(struct limits_call *limits, struct span value)
{
    limits->exchange.ids[ID_BOT] = value;
    return true;
}

static bool take_operation(struct limits_call *limits, struct span value)
{
    for (size_t i = 0; i < operation_count(); i++) {
        if (span_equal(operation_at(i)->name, value))
            limits->exchange.route.operation = operation_at(i);
    }
    if (limits->exchange.route.operation)
        return true;
    admin_say(limits->call, PROBLEM_BAD_REQUEST,
              SPAN("There is no operation of that name; `bpgate routes` lists them."));
    return false;
}

static const struct {
    struct span name;
    bool (*take)(struct limits_call *limits, struct span value);
} parameters[] = {
    {SPAN_INIT("key"), take_key},
    {SPAN_INIT("address"), take_address},
    {SPAN_INIT("bot"), take_bot},
    {SPAN_INIT("operation"), take_operation},
};

static bool take_parameter(struct limits_call *limits, struct span name, struct span value)
{
    for (size_t i = 0; i < COUNT_OF(parameters); i++) {
        if (span_equal(name, parameters[i].name))
            return parameters[i].take(limits, percent_decode(limits->call->arena, value));
    }
    admin_say(limits->call, PROBLEM_BAD_REQUEST,
              SPAN("This takes key, address, bot and operation: /api/limits?key=NAME."));
    return false;
}

/* False: it has been refused. */
static bool read_question(struct limits_call *limits)
{
    struct span rest = limits->call->request->query, name, value;
    while (query_next(&rest, &name, &value)) {
        if (!take_parameter(limits, name, value))
            return false;
        limits->is_asked = true;
    }
    return true;
}

/* --- The answer --- */

static uint64_t sum_of(const struct limits_call *limits, const struct limit_policy *policy,
                       unsigned decision)
{
    return metrics_sum(limits->call->services->counted, METRIC_LIMITS,
                       AT(policy->metric_word, decision));
}

static const struct {
    enum limit_part part;
    struct span name;
} parts[] = {
    {LIMIT_BY_KEY, SPAN_INIT("key")},
    {LIMIT_BY_PROFILE, SPAN_INIT("profile")},
    {LIMIT_BY_BOT, SPAN_INIT("bot")},
    {LIMIT_BY_ADDRESS, SPAN_INIT("address")},
    {LIMIT_BY_OPERATION, SPAN_INIT("operation")},
};

static void write_parts(struct json_writer *json, struct span name, unsigned bits)
{
    json_array_in(json, name);
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        if (bits & parts[i].part)
            json_element(json, parts[i].name);
    }
    json_close(json);
}

/* What a policy counts by and the question does not say. */
static unsigned missing_parts(const struct exchange *ex, const struct limit_policy *policy)
{
    unsigned missing = 0;
    missing |= ex->key ? 0 : LIMIT_BY_KEY;
    missing |= ex->profile ? 0 : LIMIT_BY_PROFILE;
    missing |= ex->ids[ID_BOT].len > 0 ? 0 : LIMIT_BY_BOT;
    missing |= ex->address.len > 0 ? 0 : LIMIT_BY_ADDRESS;
    missing |= ex->route.operation ? 0 : LIMIT_BY_OPERATION;
    return missing & policy->parts;
}

static int64_t in_ms(uint64_t us)
{
    return (int64_t)((us + US_IN_MS - 1) / US_IN_MS);
}

static void write_left(const struct limits_call *limits, struct json_writer *json, size_t i)
{
    const struct limit_policy *policy = limits->look.limits.policies[i];
    const struct gcra_answer now = limit_look_ask(&limits->look, i, 0);
    const struct gcra_answer next = limit_look_ask(&limits->look, i, policy->cost);
    json_number(json, SPAN("limit"), (int64_t)limits->look.limits.claims[i].rate->burst);
    json_number(json, SPAN("remaining"), (int64_t)now.remaining);
    json_number(json, SPAN("reset_ms"), in_ms(now.full_us));
    json_bool(json, SPAN("admits"), next.is_admitted);
    json_number(json, SPAN("retry_ms"), in_ms(next.retry_us));
    json_text(json, SPAN("counted_in"), limit_look_view(&limits->look, i));
}

/* Of a policy for whom is asked about. */
static void write_partition(const struct limits_call *limits, struct json_writer *json,
                            const struct limit_policy *policy)
{
    unsigned missing = missing_parts(&limits->exchange, policy);
    size_t i = 0;
    while (i < limits->look.limits.count && limits->look.limits.policies[i] != policy)
        i++;
    json_bool(json, SPAN("concerns"), i < limits->look.limits.count);
    if (i == limits->look.limits.count)
        return;
    if (missing == 0)
        write_left(limits, json, i);
    else
        write_parts(json, SPAN("needs"), missing);
}

static void write_policy(const struct limits_call *limits, struct json_writer *json,
                         const struct limit_policy *policy)
{
    static const struct span places[] = {SPAN_INIT("address"), SPAN_INIT("caller"),
                                         SPAN_INIT("upstream")};
    json_object(json);
    json_text(json, SPAN("name"), policy->name);
    json_number(json, SPAN("requests"), (int64_t)policy->requests);
    json_number(json, SPAN("per_s"), (int64_t)(policy->per_ms / MS_IN_SECOND));
    json_number(json, SPAN("per_ms"), (int64_t)policy->per_ms);
    json_number(json, SPAN("burst"), (int64_t)policy->rate.burst);
    json_number(json, SPAN("cost"), (int64_t)policy->cost);
    write_parts(json, SPAN("by"), policy->parts);
    json_text(json, SPAN("where"), places[policy->place]);
    json_text(json, SPAN("mode"), policy->is_shadow ? SPAN("shadow") : SPAN("enforce"));
    json_number(json, SPAN("admitted"), (int64_t)sum_of(limits, policy, DECISION_ADMITTED));
    json_number(json, SPAN("refused"), (int64_t)sum_of(limits, policy, DECISION_REFUSED));
    json_number(json, SPAN("would_refuse"),
                (int64_t)sum_of(limits, policy, DECISION_SHADOW_REFUSED));
    if (limits->is_asked)
        write_partition(limits, json, policy);
    else
        most_used_write(limits->call, policy, json);
    json_close(json);
}

static void answer(struct limits_call *limits)
{
    const struct limit_services *services = &limits->services.limits;
    struct json_writer json;
    json_init(&json, arena_alloc(limits->call->arena, ANSWER_MAX), ANSWER_MAX);
    json_object(&json);
    json_array_in(&json, SPAN("policies"));
    for (size_t i = 0; services->rules && i < services->rules->count; i++)
        write_policy(limits, &json, &services->rules->policies[i]);
    json_close(&json);
    if (services->table)
        json_number(&json, SPAN("partitions"),
                    (int64_t)limit_table_count(services->table, clock_us()));
    json_close(&json);
    admin_answer(limits->call, 200, json_finish(&json));
}

/* --- Waiting --- */

static void let_go(const struct limits_call *limits)
{
    limits->services.let_go(limits->services.generation);
}

static void on_looked(struct limit_look *look)
{
    struct limits_call *limits = container_of(look, struct limits_call, look);
    let_go(limits);
    answer(limits);
}

static void call_off(void *call)
{
    struct limits_call *limits = call;
    limit_look_off(&limits->look);
    let_go(limits);
}

void api_limits(struct admin_call *call)
{
    struct limits_call *limits = arena_zalloc(call->arena, sizeof(*limits));
    limits->call = call;
    limits->services = *call->services->gateway;
    limits->exchange.services = &limits->services;
    limits->exchange.arena = call->arena;
    if (!read_question(limits))
        return;
    limits->look.exchange = &limits->exchange;
    limits->look.of_any_operation = !limits->exchange.route.operation;
    limits->look.on_done = on_looked;
    if (!limits->is_asked || !limits->services.limits.table ||
        limit_look_begin(&limits->look, REDIS_MS)) {
        answer(limits);
        return;
    }
    limits->services.hold(limits->services.generation);
    admin_wait(call, limits, call_off);
}
