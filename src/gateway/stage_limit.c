#include "base/clock.h"
#include "base/text.h"
#include "gateway/limits.h"
#include "gateway/local_answer.h"
#include "gateway/stages.h"

enum { IN_FLIGHT_RETRY_MS = 1000, IPV6_NETWORK_LEN = 8 };

/* An exchange waits for Redis so long in all; here at first for less, since lookup_redis waits too. */
enum { REDIS_BUDGET_MS = 25, CALLER_WAIT_MS = 10 };

static struct limit_services *limits_of(const struct exchange *ex)
{
    return &ex->services->limits;
}

static struct limits *limits_here(struct exchange *ex)
{
    if (!ex->limits)
        ex->limits = arena_zalloc(ex->arena, sizeof(*ex->limits));
    return ex->limits;
}

/* --- Whom a limit is about --- */

/* An IPv6 network of 64 bits is one address, as everywhere. */
static struct span address_of_caller(const struct exchange *ex)
{
    size_t len = ex->address.len == ADDRESS_IPV6_LEN ? IPV6_NETWORK_LEN : ex->address.len;
    return (struct span){(const char *)ex->address.bytes, len};
}

static struct span operation_name_of(const struct exchange *ex)
{
    return ex->route.operation ? ex->route.operation->name : SPAN("unknown");
}

/* Each part with its length, so that no two lists of parts look alike. */
static struct span partition(const struct exchange *ex, const struct limit_policy *policy)
{
    const struct span parts[] = {
        policy->name,
        policy->parts & LIMIT_BY_KEY && ex->key ? ex->key->id : SPAN(""),
        policy->parts & LIMIT_BY_PROFILE && ex->profile ? ex->profile->name : SPAN(""),
        policy->parts & LIMIT_BY_BOT ? ex->ids[ID_BOT] : SPAN(""),
        policy->parts & LIMIT_BY_ADDRESS ? address_of_caller(ex) : SPAN(""),
        policy->parts & LIMIT_BY_OPERATION ? operation_name_of(ex) : SPAN(""),
    };
    size_t size = 0, at = 0;
    for (size_t i = 0; i < COUNT_OF(parts); i++)
        size += sizeof(uint32_t) + parts[i].len;
    char *text = arena_alloc(ex->arena, size);
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        uint32_t len = (uint32_t)parts[i].len;
        memcpy(text + at, &len, sizeof(len));
        if (len > 0)
            memcpy(text + at + sizeof(len), parts[i].at, len);
        at += sizeof(len) + len;
    }
    return (struct span){text, size};
}

static bool has_key(const struct limit_policy *policy, const struct key_record *key)
{
    for (size_t i = 0; i < policy->key_count; i++) {
        if (key && policy->keys[i] == key->index)
            return true;
    }
    return policy->key_count == 0;
}

static bool has_operation(const struct limit_policy *policy, const struct exchange *ex)
{
    const struct operation *operation = ex->route.operation;
    if (!policy->has_operations)
        return true;
    return operation ? scope_allows(&policy->operations, operation_index(operation))
                     : scope_allows_unknown(&policy->operations, false, false);
}

/* --- Refusing --- */

static enum verdict refuse(struct exchange *ex, struct span policy, uint64_t retry_us,
                           struct span message)
{
    unsigned retry_after_s = limits_seconds(retry_us);
    struct span shown = quoted(ex->arena, policy);
    const struct problem problem = {
        .id = PROBLEM_RATE_LIMITED,
        .message = message,
        .retry_after_s = retry_after_s > 0 ? retry_after_s : 1,
        .metadata = arena_format(ex->arena, "\"policy\":\"%.*s\",\"retry_ms\":%llu", (int)shown.len,
                                 shown.at, (unsigned long long)((retry_us + 999) / 1000)),
    };
    return problem_respond(ex, &problem);
}

/* The policy that is longest in the way: after that the request is admitted, if nobody else comes. */
static enum verdict refuse_by_policies(struct exchange *ex, struct limits *limits, size_t from)
{
    size_t longest = from;
    for (size_t i = from; i < limits->count; i++) {
        if (limits->claims[i].is_shadow || limits->claims[i].answer.is_admitted)
            continue;
        if (limits->claims[longest].is_shadow ||
            limits->claims[i].answer.retry_us >= limits->claims[longest].answer.retry_us)
            longest = i;
    }
    const struct limit_policy *policy = limits->policies[longest];
    uint64_t retry_us = limits->claims[longest].answer.retry_us;
    limits->refused = policy;
    return refuse(ex, policy->name, retry_us,
                  arena_format(ex->arena,
                               "The limit \"%.*s\" of this gateway is reached: %llu requests in "
                               "%llu ms. Try again in %llu ms.",
                               (int)policy->name.len, policy->name.at,
                               (unsigned long long)policy->requests,
                               (unsigned long long)policy->per_ms,
                               (unsigned long long)((retry_us + 999) / 1000)));
}

/* --- The policies of one place --- */

static void claim(struct exchange *ex, struct limits *limits, const struct limit_policy *policy)
{
    const struct limit_services *services = limits_of(ex);
    struct span text = partition(ex, policy);
    size_t place = limits->count++;
    ASSERT(place < LIMIT_CLAIMS_MAX);
    limits->policies[place] = policy;
    limits->partitions[place] = (struct limit_partition){policy->name, text};
    limits->claims[place] = (struct limit_claim){
        .key = limit_table_key(services->table, text),
        .rate = &policy->rate,
        .cost = policy->cost,
        .is_shadow = policy->is_shadow,
    };
}

static void claim_all(struct exchange *ex, struct limits *limits, enum limit_place place)
{
    const struct limit_rules *rules = limits_of(ex)->rules;
    limits->before = limits->count;
    for (size_t i = 0; i < rules->count; i++) {
        const struct limit_policy *policy = &rules->policies[i];
        if (policy->place == place && has_key(policy, ex->key) && has_operation(policy, ex))
            claim(ex, limits, policy);
    }
}

size_t limits_look(struct exchange *ex, enum limit_place place,
                   struct limit_claim claims[LIMIT_CLAIMS_MAX],
                   const struct limit_policy *policies[LIMIT_CLAIMS_MAX])
{
    struct limits *limits = arena_zalloc(ex->arena, sizeof(*limits));
    claim_all(ex, limits, place);
    for (size_t i = 0; i < limits->count; i++) {
        claims[i] = limits->claims[i];
        claims[i].answer = limit_table_look(limits_of(ex)->table, &claims[i], clock_us());
        policies[i] = limits->policies[i];
    }
    return limits->count;
}

/* What the first count claims have spent. */
static void give_back(struct exchange *ex, struct limits *limits, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (limits->ledgers[i] == LEDGER_REDIS)
            redis_limits_give_back(limits_of(ex)->redis, &limits->claims[i], &limits->partitions[i],
                                   1);
        else
            limit_table_give_back(limits_of(ex)->table, &limits->claims[i], 1, clock_us());
    }
}

static enum verdict settle(struct exchange *ex, bool is_admitted, enum limit_ledger ledger)
{
    struct limits *limits = ex->limits;
    for (size_t i = limits->before; i < limits->count; i++)
        limits->ledgers[i] = ledger;
    if (is_admitted)
        return STAGE_NEXT;
    /* What this place refuses others had admitted: nothing is spent. */
    give_back(ex, limits, limits->before);
    return refuse_by_policies(ex, limits, limits->before);
}

/* What counts here while Redis is away: all of the rate, or a share of it, and of the burst as far as one
 * request fits. */
static void take_share(struct exchange *ex)
{
    struct limits *limits = ex->limits;
    const struct limit_services *services = limits_of(ex);
    uint64_t instances =
        services->away == LIMITS_LOCAL_SHARE ? redis_limits_instances(services->redis) : 1;
    for (size_t i = limits->before; i < limits->count; i++) {
        struct limit_claim *claim = &limits->claims[i];
        uint64_t burst = claim->rate->burst / instances;
        limits->shares[i] = (struct gcra_rate){claim->rate->interval_us * instances,
                                               burst > claim->cost ? burst : claim->cost};
        claim->rate = &limits->shares[i];
    }
}

/* What Redis has admitted counts here too: without it, things go on where it left them. */
static void charge_here(struct exchange *ex)
{
    struct limits *limits = ex->limits;
    uint64_t now_us = clock_us();
    take_share(ex);
    for (size_t i = limits->before; i < limits->count; i++) {
        if (!limits->claims[i].is_shadow)
            limit_table_charge(limits_of(ex)->table, &limits->claims[i], now_us);
        limits->claims[i].rate = &limits->policies[i]->rate;
    }
}

static enum verdict take_here(struct exchange *ex)
{
    struct limits *limits = ex->limits;
    bool is_admitted = limit_table_take(limits_of(ex)->table, limits->claims + limits->before,
                                        limits->count - limits->before, clock_us());
    return settle(ex, is_admitted, LEDGER_MEMORY);
}

static enum verdict decide_without_redis(struct exchange *ex)
{
    switch (limits_of(ex)->away) {
    case LIMITS_LOCAL_SHARE:
    case LIMITS_LOCAL:
        take_share(ex);
        return take_here(ex);
    case LIMITS_ALLOW:
        ex->limits->count = ex->limits->before;
        return STAGE_NEXT;
    case LIMITS_DENY:
        break;
    }
    ex->limits->count = ex->limits->before;
    const struct problem problem = {
        .id = PROBLEM_OVERLOADED,
        .retry_after_s = 1,
        .message = SPAN("The limits cannot be looked up, because the gateway's Redis is away, and "
                        "redis.away says deny."),
    };
    return problem_respond(ex, &problem);
}

static enum verdict heed(struct exchange *ex, enum redis_take_start taken)
{
    if (taken == TAKE_AWAY)
        return decide_without_redis(ex);
    if (taken == TAKE_ADMITTED)
        charge_here(ex);
    return settle(ex, taken == TAKE_ADMITTED, LEDGER_REDIS);
}

static void on_taken(struct redis_take *take, enum redis_take_start taken)
{
    struct limits *limits = container_of(take, struct limits, take);
    limits->taken = taken;
    exchange_resume(limits->exchange);
}

static void call_off(void *limits)
{
    redis_take_off(&((struct limits *)limits)->take);
}

static enum verdict ask_redis(struct exchange *ex, uint64_t most_ms)
{
    struct limits *limits = ex->limits;
    uint64_t now_ms = loop_now_ms(ex->services->loop);
    uint64_t left_ms = ex->redis_ms < REDIS_BUDGET_MS ? REDIS_BUDGET_MS - ex->redis_ms : 0;
    limits->exchange = ex;
    limits->asked_ms = now_ms;
    limits->take = (struct redis_take){
        .claims = limits->claims + limits->before,
        .partitions = limits->partitions + limits->before,
        .count = limits->count - limits->before,
        .deadline_ms = now_ms + (left_ms < most_ms ? left_ms : most_ms),
        .on_done = on_taken,
    };
    enum redis_take_start taken = redis_take_begin(&limits->take, limits_of(ex)->redis);
    return taken == TAKE_WAITS ? exchange_wait(ex, limits, call_off) : heed(ex, taken);
}

static enum verdict take(struct exchange *ex, enum limit_place place, uint64_t most_ms)
{
    if (limits_of(ex)->rules->count == 0)
        return STAGE_NEXT;
    struct limits *limits = limits_here(ex);
    claim_all(ex, limits, place);
    if (limits->count == limits->before)
        return STAGE_NEXT;
    return limits_of(ex)->redis && most_ms > 0 ? ask_redis(ex, most_ms) : take_here(ex);
}

static enum verdict taken(struct exchange *ex)
{
    ex->redis_ms += loop_now_ms(ex->services->loop) - ex->limits->asked_ms;
    return heed(ex, ex->limits->taken);
}

/* --- Guessing keys --- */

/* Behind a proxy on this machine that is not trusted all callers are one: not they are locked out. */
static bool is_exempt(const struct exchange *ex)
{
    return limits_of(ex)->rules->auth_failures.burst == 0 || ex->address.len == 0 ||
           address_is_loopback(&ex->address);
}

static struct limit_claim claim_of_failure(const struct exchange *ex)
{
    const struct limit_services *services = limits_of(ex);
    struct span address = address_of_caller(ex);
    char text[sizeof("auth_failures") + ADDRESS_IPV6_LEN] = "auth_failures";
    memcpy(text + sizeof("auth_failures"), address.at, address.len);
    return (struct limit_claim){
        .key = limit_table_key(services->table,
                               (struct span){text, sizeof("auth_failures") + address.len}),
        .rate = &services->rules->auth_failures,
        .cost = 1,
    };
}

void limits_charge_failure(struct exchange *ex)
{
    if (is_exempt(ex))
        return;
    struct limit_claim claim = claim_of_failure(ex);
    (void)limit_table_take(limits_of(ex)->table, &claim, 1, clock_us());
}

/* --- The stages --- */

enum verdict limit_address_begin(struct exchange *ex)
{
    if (!is_exempt(ex)) {
        const struct limit_claim claim = claim_of_failure(ex);
        struct gcra_answer answer = limit_table_look(limits_of(ex)->table, &claim, clock_us());
        if (!answer.is_admitted)
            return refuse(ex, SPAN("auth_failures"), answer.retry_us,
                          SPAN("Too many requests with wrong keys came from this address: check "
                               "the client's token, and try again later."));
    }
    return take(ex, LIMIT_ADDRESS, 0); /* always in memory: it is for strangers */
}

static enum verdict enter_flight(struct exchange *ex, enum verdict verdict)
{
    if (verdict != STAGE_NEXT || !ex->key || ex->key->max_inflight == 0)
        return verdict;
    struct limits *limits = limits_here(ex);
    limits->is_in_flight =
        inflight_enter(limits_of(ex)->inflight, ex->key->index, ex->key->max_inflight);
    if (limits->is_in_flight)
        return STAGE_NEXT;
    give_back(ex, limits, limits->count);
    return refuse(ex, SPAN("max_inflight"), (uint64_t)IN_FLIGHT_RETRY_MS * 1000,
                  arena_format(ex->arena,
                               "As many requests of this key as may be, %u, are under way at this "
                               "moment: wait for their answers.",
                               ex->key->max_inflight));
}

enum verdict limit_caller_begin(struct exchange *ex)
{
    return enter_flight(ex, take(ex, LIMIT_CALLER, CALLER_WAIT_MS));
}

enum verdict limit_caller_finish(struct exchange *ex)
{
    return enter_flight(ex, taken(ex));
}

enum verdict limit_upstream_begin(struct exchange *ex)
{
    return take(ex, LIMIT_UPSTREAM, REDIS_BUDGET_MS);
}

enum verdict limit_upstream_finish(struct exchange *ex)
{
    return taken(ex);
}

void limits_clear(struct exchange *ex)
{
    if (ex->limits && ex->limits->is_in_flight) {
        inflight_leave(limits_of(ex)->inflight, ex->key->index);
        ex->limits->is_in_flight = false;
    }
}
