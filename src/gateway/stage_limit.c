#include "base/clock.h"
#include "base/text.h"
#include "gateway/limit_claims.h"
#include "gateway/local_answer.h"
#include "gateway/stages.h"

enum { IN_FLIGHT_RETRY_MS = 1000 };

/* An exchange waits for Redis so long in all; here at first for less, since lookup_redis waits too. */
enum { REDIS_BUDGET_MS = 25, CALLER_WAIT_MS = 10 };

static struct limit_services *limits_of(const struct exchange *ex)
{
    return &ex->services->limits;
}

static struct limits *limits_here(struct exchange *ex)
{
    if (ex->limits)
        return ex->limits;
    /* The rest, which is long, is written before it is read. */
    struct limits *limits = arena_alloc(ex->arena, sizeof(*limits));
    limits->count = limits->before = 0;
    limits->refused = NULL;
    limits->is_in_flight = false;
    ex->limits = limits;
    return limits;
}

static bool are_any(const struct limit_rules *rules, enum limit_place place)
{
    for (size_t i = 0; i < rules->count; i++) {
        if (rules->policies[i].place == place)
            return true;
    }
    return false;
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

/* --- Spending --- */

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

/* What Redis has admitted counts here too: without it, things go on where it left them. */
static void charge_here(struct exchange *ex)
{
    struct limits *limits = ex->limits;
    uint64_t now_us = clock_us();
    limit_claims_share(ex, ex->limits);
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
                                        limits->count - limits->before, exchange_now_us(ex));
    return settle(ex, is_admitted, LEDGER_MEMORY);
}

static enum verdict decide_without_redis(struct exchange *ex)
{
    switch (limits_of(ex)->away) {
    case LIMITS_LOCAL_SHARE:
    case LIMITS_LOCAL:
        limit_claims_share(ex, ex->limits);
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
    if (!are_any(limits_of(ex)->rules, place))
        return STAGE_NEXT;
    struct limits *limits = limits_here(ex);
    limit_claims_of(ex, limits, place);
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

void limits_charge_failure(struct exchange *ex)
{
    if (limit_failures_are_free(ex))
        return;
    struct limit_claim claim = limit_claim_of_failure(ex);
    (void)limit_table_take(limits_of(ex)->table, &claim, 1, clock_us());
}

/* --- The stages --- */

enum verdict limit_address_begin(struct exchange *ex)
{
    if (!limit_failures_are_free(ex)) {
        const struct limit_claim claim = limit_claim_of_failure(ex);
        struct gcra_answer answer = limit_table_look(limits_of(ex)->table, &claim, clock_us());
        if (!answer.is_admitted)
            return refuse(ex, SPAN("auth_failures"), answer.retry_us,
                          SPAN("Too many requests with wrong keys came from this address: check "
                               "the client's token, and try again later."));
    }
    return take(ex, LIMIT_ADDRESS, 0); /* always in memory: it is for strangers */
}

static struct inflight *inflight_of(const struct exchange *ex)
{
    return limits_of(ex)->inflight[ex->key->index];
}

static enum verdict enter_flight(struct exchange *ex, enum verdict verdict)
{
    if (verdict != STAGE_NEXT || !ex->key || ex->key->max_inflight == 0)
        return verdict;
    struct limits *limits = limits_here(ex);
    limits->is_in_flight = inflight_enter(inflight_of(ex), ex->key->max_inflight);
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
        inflight_leave(inflight_of(ex));
        ex->limits->is_in_flight = false;
    }
}
