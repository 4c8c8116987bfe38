#include "config/config_cache.h"

#include <stdlib.h>

#include "base/text.h"
#include "gateway/operation_list.h"

enum { LIST_ARENA_LIMIT = MIB };

/* --- Redis --- */

static void check_redis_is_there(const struct draft *draft, struct config_errors *errors)
{
    const struct {
        const char *setting;
        const struct located *text;
    } companions[] = {{"redis.password", &draft->redis_password},
                      {"redis.ca_file", &draft->redis_ca_file}};
    if (draft_place(draft, "redis.url").line > 0)
        return;
    for (size_t i = 0; i < COUNT_OF(companions); i++) {
        if (companions[i].text->text.len > 0)
            config_errors_add(errors, companions[i].text->place,
                              "%s needs redis.url beside it; add that", companions[i].setting);
    }
    if (draft_place(draft, "redis.away").line > 0)
        config_errors_add(errors, draft_place(draft, "redis.away"),
                          "redis.away needs redis.url beside it; add that");
    if (draft->options.redis_private)
        config_errors_warn(errors, draft_place(draft, "cache.redis_private"),
                           "cache.redis_private has no effect: there is no Redis; set redis.url");
}

static void check_redis(const struct draft *draft, const struct redis_url *url,
                        struct config_errors *errors)
{
    if (draft->redis_password.text.len > 0 && url->login.password.len > 0)
        config_errors_add(errors, draft->redis_password.place,
                          "redis.password and redis.url both have a password; remove it from one");
    if (draft->redis_ca_file.text.len > 0 && !url->is_tls)
        config_errors_add(errors, draft->redis_ca_file.place,
                          "redis.ca_file is for rediss://, but redis.url is without TLS; change "
                          "one");
}

/* --- Rules --- */

static void check_rule(const struct draft_cache_rule *rule, struct config_errors *errors)
{
    bool is_set = rule->ttl_s > 0 || rule->stale_s > 0 || rule->force;
    if (rule->never && is_set)
        config_errors_add(
            errors, rule->place,
            "cache.rules[].never keeps nothing, so that ttl, stale and force beside it "
            "mean nothing; remove it or them");
    /* A ttl that could not be read has its problem already. */
    else if (!rule->never && rule->ttl_s == 0 && errors->errors == 0)
        config_errors_add(errors, rule->place,
                          "cache.rules[].ttl is missing; this entry needs it, or never: true");
    if (rule->operations.place.line == 0)
        config_errors_add(errors, rule->place,
                          "cache.rules[].operations is missing; this entry needs it");
    else if (rule->operations.written == 0)
        config_errors_add(errors, rule->operations.place,
                          "cache.rules[].operations is empty; name some, or remove the rule");
}

static bool covers_a_read(const struct scope *scope)
{
    for (size_t i = 0; i < operation_count(); i++) {
        if (operation_at(i)->method == METHOD_GET && scope_allows(scope, i))
            return true;
    }
    return false;
}

static void compile(const struct draft_cache_rule *rule, struct scope *scope,
                    const struct scope_operation *operations, struct config_errors *errors)
{
    const struct located_list *from = &rule->operations;
    struct span *list = xcalloc(from->count, sizeof(*list));
    struct scope_error error;
    for (size_t i = 0; i < from->count; i++)
        list[i] = from->at[i].text;
    enum status status =
        scope_compile(scope, list, from->count, operations, operation_count(), &error);
    free(list);
    if (status != OK)
        config_errors_add(errors, from->at[error.place].place, "cache.rules[].operations: %s",
                          error.text);
    else if (from->count > 0 && from->count == from->written && !covers_a_read(scope))
        config_errors_add(errors, from->place,
                          "cache.rules[].operations names nothing that is read with GET, and only "
                          "that is kept; name other operations");
}

static struct cache_rule rule_of(const struct draft_cache_rule *from)
{
    if (from->never)
        return (struct cache_rule){.kind = CACHE_RULE_NEVER};
    return (struct cache_rule){.kind = from->force ? CACHE_RULE_FORCE : CACHE_RULE_OPERATOR,
                               .ttl_s = (uint32_t)from->ttl_s,
                               .stale_s = (uint32_t)from->stale_s};
}

static void build_rules(const struct draft *draft, struct cache_rules *rules, struct arena *arena,
                        struct config_errors *errors)
{
    const struct draft_cache_rule *from = draft->cache_rules.at;
    size_t count = draft->cache_rules.count;
    struct cache_override *overrides = xcalloc(count, sizeof(*overrides));
    struct arena lists;
    arena_init(&lists, LIST_ARENA_LIMIT);
    const struct scope_operation *operations = operation_list(&lists);
    for (size_t i = 0; i < count && !config_errors_are_full(errors); i++) {
        check_rule(&from[i], errors);
        compile(&from[i], &overrides[i].operations, operations, errors);
        overrides[i].rule = rule_of(&from[i]);
        overrides[i].keeps_stale = !from[i].never && from[i].stale_s == 0;
    }
    cache_rules_build(rules, overrides, count, arena);
    arena_clear(&lists);
    free(overrides);
}

void config_cache_build(const struct draft *draft, struct snapshot_options *options,
                        struct arena *arena, struct config_errors *errors)
{
    check_redis_is_there(draft, errors);
    if (options->has_redis)
        check_redis(draft, &options->redis.url, errors);
    if (options->gateway.is_generic && draft->cache_rules.count > 0)
        config_errors_add(
            errors, draft->cache_rules.place,
            "cache.rules name operations, and with upstream.catalogue: none there are "
            "none; remove one");
    build_rules(draft, &options->cache_rules, arena, errors);
    options->cache_rules.is_generic = options->gateway.is_generic;
}
