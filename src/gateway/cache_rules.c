#include "gateway/cache_rules.h"

#include "base/text.h"
#include "http/url.h"

enum { MINUTE_S = 60, HOUR_S = 60 * MINUTE_S, DAY_S = 24 * HOUR_S };

/* Stale answers help while the upstream fails. A public version never changes; a quota that was
 * right minutes ago misleads. */
static const struct cache_rule class_rules[CACHE_CLASS_COUNT] = {
    [CACHE_NEVER] = {CACHE_RULE_NEVER, 0, 0},
    [CACHE_HUB_EXACT] = {CACHE_RULE_DEFAULT, HOUR_S, 7 * DAY_S},
    [CACHE_HUB_LIST] = {CACHE_RULE_DEFAULT, MINUTE_S, DAY_S},
    [CACHE_PUBLIC] = {CACHE_RULE_DEFAULT, 5 * MINUTE_S, DAY_S},
    [CACHE_ENTITY] = {CACHE_RULE_DEFAULT, 15, 5 * MINUTE_S},
    [CACHE_USAGE] = {CACHE_RULE_DEFAULT, 30, 5 * MINUTE_S},
};

static const struct cache_rule generic_rule = {CACHE_RULE_RFC, 0, 0};

static void apply(struct cache_rule *rule, const struct cache_override *override)
{
    uint32_t stale_s = override->keeps_stale ? rule->stale_s : override->rule.stale_s;
    *rule = override->rule;
    rule->stale_s = stale_s;
}

/* 1 + the place of the last that covers the operation; 0: none does. */
static unsigned find_override(const struct operation *operation,
                              const struct cache_override *overrides, size_t count)
{
    while (count > 0 && !scope_allows(&overrides[count - 1].operations, operation_index(operation)))
        count--;
    return operation->method == METHOD_GET ? (unsigned)count : 0;
}

/* The last one upon the operation's class: rules do not add up. */
static struct cache_rule rule_of(const struct operation *operation,
                                 const struct cache_override *overrides, unsigned overridden_by)
{
    if (operation->method != METHOD_GET)
        return class_rules[CACHE_NEVER];
    struct cache_rule rule = class_rules[operation->cache];
    if (overridden_by > 0)
        apply(&rule, &overrides[overridden_by - 1]);
    return rule;
}

void cache_rules_build(struct cache_rules *rules, const struct cache_override *overrides,
                       size_t count, struct arena *arena)
{
    struct cache_rule *by_operation = arena_alloc(arena, operation_count() * sizeof(*by_operation));
    unsigned *overridden_by = arena_alloc(arena, operation_count() * sizeof(*overridden_by));
    for (size_t i = 0; i < operation_count(); i++) {
        overridden_by[i] = find_override(operation_at(i), overrides, count);
        by_operation[i] = rule_of(operation_at(i), overrides, overridden_by[i]);
    }
    rules->by_operation = by_operation;
    rules->overridden_by = overridden_by;
}

/* The byte at the front, an escape resolved as the upstream will; -1 at the end. *text loses it. */
static int take_byte(struct span *text)
{
    if (text->len == 0)
        return -1;
    int escaped = escaped_byte(*text), byte = escaped >= 0 ? escaped : (unsigned char)text->at[0];
    *text = span_skip(*text, escaped >= 0 ? ESCAPE_LEN : 1);
    return byte;
}

static bool is_latest(struct span text)
{
    static const char latest[] = "latest";
    for (size_t i = 0; i < sizeof(latest) - 1; i++) {
        if (take_byte(&text) != latest[i])
            return false;
    }
    return text.len == 0;
}

static bool asks_for_latest(const struct route_match *route, struct span query)
{
    struct span name, value;
    for (size_t i = 0; i < route->param_count; i++) {
        if (is_latest(route->params[i]))
            return true;
    }
    while (query_next(&query, &name, &value)) {
        if (is_latest(value))
            return true;
    }
    return false;
}

const struct cache_rule *cache_rules_for(const struct cache_rules *rules,
                                         const struct route_match *route, struct span query)
{
    if (rules->is_generic)
        return &generic_rule;
    if (!route->operation)
        return &class_rules[CACHE_NEVER];
    const struct cache_rule *rule = &rules->by_operation[operation_index(route->operation)];
    bool is_of_class = rule->kind == CACHE_RULE_DEFAULT;
    return is_of_class ? &class_rules[cache_rules_class_of(route, query)] : rule;
}

int cache_rules_override_of(const struct cache_rules *rules, const struct route_match *route)
{
    if (rules->is_generic || !route->operation)
        return -1;
    return (int)rules->overridden_by[operation_index(route->operation)] - 1;
}

enum cache_class cache_rules_class_of(const struct route_match *route, struct span query)
{
    if (!route->operation)
        return CACHE_NEVER;
    bool is_list = route->operation->cache == CACHE_HUB_EXACT && asks_for_latest(route, query);
    return is_list ? CACHE_HUB_LIST : route->operation->cache;
}
