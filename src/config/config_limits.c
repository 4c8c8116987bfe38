#include "config/config_limits.h"

#include "base/text.h"
#include "config/record_names.h"
#include "gateway/limits.h"
#include "gateway/operation_list.h"

struct builder {
    const struct draft *draft;
    struct snapshot_options *options;
    struct arena *arena;
    struct config_errors *errors;
    const struct scope_operation *operations;
};

static void say(const struct builder *builder, struct place place, const char *text)
{
    config_errors_add(builder->errors, place, "%s", text);
}

/* --- Numbers --- */

/* A number that could not be read has its problem already. */
static bool has_rate(const struct builder *builder, const struct draft_limit *from)
{
    if (builder->errors->errors == 0 && from->requests == 0)
        say(builder, from->place, "limits[].requests is missing; this entry needs it");
    if (builder->errors->errors == 0 && from->per_ms == 0)
        say(builder, from->place,
            "limits[].per is missing; write the time that `requests` is about, as per: 60s");
    return from->requests > 0 && from->per_ms > 0;
}

static void check_numbers(const struct builder *builder, const struct draft_limit *from)
{
    uint64_t burst = from->burst > 0 ? from->burst : from->requests;
    if (from->requests > 1000 * from->per_ms)
        say(builder, from->place,
            "limits[].requests is more than a million a second; nothing here is counted finer, so "
            "write less, or a longer `per`");
    else if (from->burst == 0 && from->requests > GCRA_BURST_MAX)
        say(builder, from->place,
            "limits[].burst is missing: without it so many as `requests` may come at once, and "
            "more "
            "than 1000000 may not; set burst");
    else if (from->cost > burst)
        say(builder, from->place,
            "limits[].cost is more than the burst, so that no request would ever be admitted; "
            "lower it or raise burst");
}

/* --- What it is about --- */

static bool is_by_address_alone(const struct draft_limit *from)
{
    return from->parts == LIMIT_BY_ADDRESS && !from->is_upstream;
}

static void check_meaning(const struct builder *builder, const struct draft_limit *from)
{
    if (is_by_address_alone(from) && from->match_keys.written > 0)
        say(builder, from->match_keys.place,
            "limits[].match_keys is not known yet where key: [address] alone is asked, before "
            "authentication; add key to `key`, or remove this");
    if (builder->options->gateway.is_generic && from->match_operations.written > 0)
        say(builder, from->match_operations.place,
            "limits[].match_operations names operations, and with upstream.catalogue: none there "
            "are none; remove one");
    if (from->match_keys.place.line > 0 && from->match_keys.written == 0)
        say(builder, from->match_keys.place,
            "limits[].match_keys is empty; name some, or remove the line for all");
    if (from->match_operations.place.line > 0 && from->match_operations.written == 0)
        say(builder, from->match_operations.place,
            "limits[].match_operations is empty; name some, or remove the line for all");
}

static void build_keys(const struct builder *builder, const struct draft_limit *from,
                       struct limit_policy *policy)
{
    const struct record_names names = {&builder->draft->keys, sizeof(struct draft_key),
                                       offsetof(struct draft_key, name), "key"};
    size_t *keys = arena_zalloc(builder->arena, from->match_keys.count * sizeof(*keys));
    for (size_t i = 0; i < from->match_keys.count; i++) {
        int index = record_names_resolve(&names, &from->match_keys.at[i], "limits[].match_keys",
                                         builder->errors);
        if (index >= 0)
            keys[policy->key_count++] = (size_t)index;
    }
    policy->keys = keys;
}

static void build_operations(const struct builder *builder, const struct draft_limit *from,
                             struct limit_policy *policy)
{
    const struct located_list *list = &from->match_operations;
    struct span *texts = arena_zalloc(builder->arena, list->count * sizeof(*texts));
    struct scope_error error;
    for (size_t i = 0; i < list->count; i++)
        texts[i] = list->at[i].text;
    policy->has_operations = list->count > 0;
    if (policy->has_operations &&
        scope_compile(&policy->operations, texts, list->count, builder->operations,
                      operation_count(), &error) != OK)
        config_errors_add(builder->errors, list->at[error.place].place,
                          "limits[].match_operations: %s", error.text);
}

static void build_policy(const struct builder *builder, const struct draft_limit *from,
                         struct limit_policy *policy)
{
    uint64_t burst = from->burst > 0 ? from->burst : from->requests;
    policy->name = from->name.text;
    policy->requests = from->requests;
    policy->per_ms = from->per_ms;
    policy->cost = from->cost;
    policy->parts = from->parts;
    policy->is_shadow = from->is_shadow;
    policy->place = from->is_upstream           ? LIMIT_UPSTREAM
                    : is_by_address_alone(from) ? LIMIT_ADDRESS
                                                : LIMIT_CALLER;
    if (has_rate(builder, from)) {
        check_numbers(builder, from);
        if (burst <= GCRA_BURST_MAX)
            policy->rate = gcra_rate_of(from->requests, from->per_ms, burst);
    }
    check_meaning(builder, from);
    build_keys(builder, from, policy);
    build_operations(builder, from, policy);
    limit_policy_tell(policy, builder->arena);
}

void config_limits_build(const struct draft *draft, struct snapshot_options *options,
                         struct arena *arena, struct config_errors *errors)
{
    struct builder builder = {draft, options, arena, errors, operation_list_of_rules(arena)};
    const struct record_names names = {&draft->limits, sizeof(struct draft_limit),
                                       offsetof(struct draft_limit, name), "limit"};
    const struct draft_limit *from = draft->limits.at;
    size_t count = draft->limits.count;
    struct limit_policy *policies = arena_zalloc(arena, count * sizeof(*policies));
    record_names_require_different(&names, errors);
    for (size_t i = 0; i < count && !config_errors_are_full(errors); i++)
        build_policy(&builder, &from[i], &policies[i]);
    options->limit_rules = (struct limit_rules){.policies = policies, .count = count};
    if (draft->auth_failures.requests > 0)
        options->limit_rules.auth_failures =
            gcra_rate_of(draft->auth_failures.requests, draft->auth_failures.per_ms,
                         draft->auth_failures.requests);
}
