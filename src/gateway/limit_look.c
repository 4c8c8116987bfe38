#include "gateway/limit_look.h"

#include "base/clock.h"
#include "base/text.h"
#include "gateway/limit_claims.h"

/* Where those of a place begin: they stand in the order of the places. */
static size_t first_beyond(const struct limits *limits, enum limit_place place)
{
    size_t i = 0;
    while (i < limits->count && limits->policies[i]->place <= place)
        i++;
    return i;
}

static void look_here(struct limit_look *look, size_t from, size_t to)
{
    uint64_t now_us = clock_us();
    for (size_t i = from; i < to; i++) {
        const struct limit_claim *claim = &look->limits.claims[i];
        struct limit_table *table = look->exchange->services->limits.table;
        look->ahead_us[i] = limit_table_look(table, claim, now_us).full_us;
    }
}

static void look_without_redis(struct limit_look *look)
{
    look->view = LIMIT_VIEW_AWAY;
    for (size_t i = look->limits.before; i < look->limits.count; i++)
        look->limits.claims[i].cost = look->limits.policies[i]->cost;
    limit_claims_share(look->exchange, &look->limits);
    look_here(look, look->limits.before, look->limits.count);
}

static void on_answer(struct redis_look *redis, bool is_answered)
{
    struct limit_look *look = container_of(redis, struct limit_look, redis);
    for (size_t i = look->limits.before; is_answered && i < look->limits.count; i++)
        look->ahead_us[i] = look->limits.claims[i].answer.full_us;
    if (!is_answered)
        look_without_redis(look);
    look->on_done(look);
}

static void collect_of(struct limit_look *look, enum limit_place place)
{
    const struct limit_rules *rules = look->exchange->services->limits.rules;
    for (size_t i = 0; i < rules->count; i++) {
        const struct limit_policy *policy = &rules->policies[i];
        bool is_meant = look->of_any_operation ? limit_is_of_key(policy, look->exchange->key)
                                               : limit_concerns(policy, look->exchange);
        if (policy->place == place && is_meant)
            limit_claim_add(look->exchange, &look->limits, policy);
    }
}

static void collect(struct limit_look *look)
{
    for (enum limit_place place = LIMIT_ADDRESS; place <= LIMIT_UPSTREAM; place++)
        collect_of(look, place);
    for (size_t i = 0; i < look->limits.count; i++)
        look->limits.claims[i].cost = 0;
    look->limits.before = first_beyond(&look->limits, LIMIT_ADDRESS);
}

bool limit_look_begin(struct limit_look *look, uint64_t most_ms)
{
    const struct limit_services *services = &look->exchange->services->limits;
    struct limits *limits = &look->limits;
    collect(look);
    look_here(look, 0, limits->before);
    if (!services->redis) {
        look_here(look, limits->before, limits->count);
        return true;
    }
    look->view = LIMIT_VIEW_REDIS;
    if (limits->count == limits->before)
        return true;
    look->redis = (struct redis_look){
        .claims = limits->claims + limits->before,
        .partitions = limits->partitions + limits->before,
        .count = limits->count - limits->before,
        .deadline_ms = loop_now_ms(look->exchange->services->loop) + most_ms,
        .on_done = on_answer,
    };
    if (redis_look_begin(&look->redis, services->redis))
        return false;
    look_without_redis(look);
    return true;
}

void limit_look_off(struct limit_look *look)
{
    redis_look_off(&look->redis);
}

struct gcra_answer limit_look_ask(const struct limit_look *look, size_t i, uint64_t cost)
{
    const struct gcra_rate *rate = look->limits.claims[i].rate;
    return gcra_ask(rate, look->ahead_us[i], cost < rate->burst ? cost : rate->burst, 0);
}

struct span limit_look_view(const struct limit_look *look, size_t i)
{
    static const struct span words[] = {
        [LIMIT_VIEW_MEMORY] = SPAN_INIT("memory"),
        [LIMIT_VIEW_REDIS] = SPAN_INIT("redis"),
        [LIMIT_VIEW_AWAY] = SPAN_INIT("memory, redis is away"),
    };
    return words[i < look->limits.before ? LIMIT_VIEW_MEMORY : look->view];
}
