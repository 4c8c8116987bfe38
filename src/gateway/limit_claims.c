#include "gateway/limit_claims.h"

#include "base/text.h"
#include "gateway/filters.h"
#include "gateway/operation_list.h"

enum { IPV6_NETWORK_LEN = 8 };

static const struct limit_services *limits_of(const struct exchange *ex)
{
    return &ex->services->limits;
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

bool limit_is_of_key(const struct limit_policy *policy, const struct key_record *key)
{
    for (size_t i = 0; i < policy->key_count; i++) {
        if (key && policy->keys[i] == key->index)
            return true;
    }
    return policy->key_count == 0;
}

bool limit_concerns(const struct limit_policy *policy, const struct exchange *ex)
{
    return limit_is_of_key(policy, ex->key) &&
           (!policy->has_operations ||
            rule_has_operation(&policy->operations, ex->route.operation));
}

/* A filter says what a request is worth to the limits that are asked after it. */
static uint64_t cost_of(const struct exchange *ex, const struct limit_policy *policy)
{
    const struct filtering *filtering = ex->filtering;
    if (policy->place != LIMIT_UPSTREAM || !filtering || !filtering->wishes.has_cost)
        return policy->cost;
    uint64_t cost = policy->cost * filtering->wishes.cost;
    return cost < policy->rate.burst ? cost : policy->rate.burst; /* more is never admitted */
}

/* --- The policies of one place --- */

void limit_claim_add(struct exchange *ex, struct limits *limits, const struct limit_policy *policy)
{
    struct span text = partition(ex, policy);
    size_t place = limits->count++;
    ASSERT(place < LIMIT_CLAIMS_MAX);
    limits->policies[place] = policy;
    limits->partitions[place] = (struct limit_partition){policy->name, text};
    limits->claims[place] = (struct limit_claim){
        .key = limit_table_key(limits_of(ex)->table, text),
        .rate = &policy->rate,
        .cost = cost_of(ex, policy),
        .is_shadow = policy->is_shadow,
    };
}

void limit_claims_of(struct exchange *ex, struct limits *limits, enum limit_place place)
{
    const struct limit_rules *rules = limits_of(ex)->rules;
    limits->before = limits->count;
    for (size_t i = 0; i < rules->count; i++) {
        const struct limit_policy *policy = &rules->policies[i];
        if (policy->place == place && limit_concerns(policy, ex) && cost_of(ex, policy) > 0)
            limit_claim_add(ex, limits, policy);
    }
}

void limit_claims_share(const struct exchange *ex, struct limits *limits)
{
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

/* --- Guessing keys --- */

/* Behind a proxy on this machine that is not trusted all callers are one: not they are locked out. */
bool limit_failures_are_free(const struct exchange *ex)
{
    return limits_of(ex)->rules->auth_failures.burst == 0 || ex->address.len == 0 ||
           address_is_loopback(&ex->address);
}

struct limit_claim limit_claim_of_failure(const struct exchange *ex)
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
