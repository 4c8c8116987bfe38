#include "config/config_cache.h"

#include "unit/config/wrong_files.h"

#define RULE "cache:\n  rules:\n  - "

static const struct wrong_file wrong_rules[] = {
    {RULE "{operations: [hub]}\n",
     "3:5: cache.rules[].ttl is missing; this entry needs it, or never: true"},
    {RULE "{operations: [hub], stale: 1h}\n",
     "3:5: cache.rules[].ttl is missing; this entry needs it, or never: true"},
    {RULE "{operations: [hub], ttl: 1m, never: true}\n",
     "3:5: cache.rules[].never keeps nothing, so that ttl, stale and force beside it mean nothing; "
     "remove it or them"},
    {RULE "{operations: [hub], force: true, never: true}\n",
     "3:5: cache.rules[].never keeps nothing, so that ttl, stale and force beside it mean nothing; "
     "remove it or them"},
    {RULE "{ttl: 1m}\n", "3:5: cache.rules[].operations is missing; this entry needs it"},
    {RULE "{operations: [], ttl: 1m}\n",
     "3:18: cache.rules[].operations is empty; name some, or remove the rule"},
    {RULE "{operations: [hub, getBots], ttl: 1m}\n",
     "3:24: cache.rules[].operations: \"getBots\" matches no operation: did you mean getBot?"},
    {RULE "{operations: [createMessage], ttl: 1m}\n",
     "3:18: cache.rules[].operations names nothing that is read with GET, and only that is kept; "
     "name other operations"},
    {RULE "{operations: [unknown], never: true}\n",
     "3:18: cache.rules[].operations names nothing that is read with GET, and only that is kept; "
     "name other operations"},
    {RULE "{operations: [hub], ttl: 60}\n",
     "3:30: cache.rules[].ttl needs a unit; write 60s or 60ms"},
    {RULE "{operations: [hub], ttl: 1500ms}\n",
     "3:30: cache.rules[].ttl must be whole seconds; \"1500ms\" is not"},
    {RULE "{operations: [hub], ttl: 0s}\n",
     "3:30: cache.rules[].ttl must be from 1s to 365d; \"0s\" is not"},
    {RULE "{operations: [hub], ttl: 1m, stall: 1m}\n",
     "3:34: \"cache.rules[].stall\" is not a setting; did you mean \"stale\"?"},
    {RULE "{operations: [hub], ttl: 1m}\nupstream: {catalogue: none}\n",
     "3:3: cache.rules name operations, and with upstream.catalogue: none there are none; remove "
     "one"},
};

static const struct wrong_file wrong_redis[] = {
    {"redis: {password: env:P}\n", "1:19: redis.password needs redis.url beside it; add that"},
    {"redis: {ca_file: a.pem}\n", "1:18: redis.ca_file needs redis.url beside it; add that"},
    {"redis: {url: 'redis://:secret@r', password: env:P}\n",
     "1:45: redis.password and redis.url both have a password; remove it from one"},
    {"redis: {url: 'redis://r', ca_file: a.pem}\n",
     "1:36: redis.ca_file is for rediss://, but redis.url is without TLS; change one"},
};

static void a_rule_that_says_nothing_of_use_is_told_with_its_place(void **state)
{
    (void)state;
    assert_all_wrong(wrong_rules, COUNT_OF(wrong_rules));
}

static void a_redis_that_breaks_a_rule_is_told_with_its_place(void **state)
{
    (void)state;
    assert_all_wrong(wrong_redis, COUNT_OF(wrong_redis));
}

static void a_redis_url_that_is_none_never_shows_its_password(void **state)
{
    (void)state;
    static struct config_errors errors;
    char line[CONFIG_LINE_SIZE];
    assert_null(config_parse(SPAN("redis: {url: 'redis://:secret@'}\n"), "f", &errors));
    assert_int_equal(errors.errors, 1);
    config_problem_write(&errors, 0, line);
    assert_true(span_starts_with(span_of(line), SPAN("f:1:14: redis.url ")));
    assert_null(strstr(line, "secret"));
}

static void what_has_no_effect_without_redis_is_warned_of(void **state)
{
    (void)state;
    char line[CONFIG_LINE_SIZE];
    /* That there are no keys is a warning too, without a place: the last. */
    assert_int_equal(count_warnings("cache: {redis_private: true}\nanonymous: a\n"
                                    "profiles: [{name: a}]\n",
                                    line),
                     1);
    assert_string_equal(line, "f:1:24: warning: cache.redis_private has no effect: there is no "
                              "Redis; set redis.url");
}

static struct cache_rule rule_for(const struct snapshot *snapshot, const char *name)
{
    const struct cache_rules *rules = &snapshot->options.cache_rules;
    for (size_t i = 0; i < operation_count(); i++) {
        if (span_equal(operation_at(i)->name, span_of(name)))
            return rules->by_operation[i];
    }
    fail();
    return rules->by_operation[0];
}

static void assert_rule(const struct snapshot *snapshot, const char *name, struct cache_rule wanted)
{
    struct cache_rule rule = rule_for(snapshot, name);
    assert_int_equal(rule.kind, wanted.kind);
    assert_int_equal(rule.ttl_s, wanted.ttl_s);
    assert_int_equal(rule.stale_s, wanted.stale_s);
}

static void rules_reach_their_operations_and_the_last_counts(void **state)
{
    (void)state;
    struct snapshot *snapshot =
        load_good("cache:\n  rules:\n"
                  "  - {operations: [hub.*], ttl: 10m}\n"
                  "  - {operations: [\"list*\", \"!listPublicPlugins\"], ttl: 5s, stale: 1m}\n"
                  "  - {operations: [getBot], ttl: 1s, force: true}\n"
                  "  - {operations: [getPublicPlugin], never: true}\n");
    const struct cache_rule never = {CACHE_RULE_NEVER, 0, 0};
    assert_rule(snapshot, "getPublicIntegration",
                (struct cache_rule){CACHE_RULE_OPERATOR, 600, 7 * 86400});
    assert_rule(snapshot, "listPublicPlugins",
                (struct cache_rule){CACHE_RULE_OPERATOR, 600, 86400});
    assert_rule(snapshot, "listPublicIntegrations",
                (struct cache_rule){CACHE_RULE_OPERATOR, 5, 60});
    assert_rule(snapshot, "listMessages", (struct cache_rule){CACHE_RULE_OPERATOR, 5, 60});
    assert_rule(snapshot, "getBot", (struct cache_rule){CACHE_RULE_FORCE, 1, 300});
    assert_rule(snapshot, "getPublicPlugin", never);
    assert_rule(snapshot, "createMessage", never);
    assert_rule(snapshot, "getMessage", never);
    assert_false(snapshot->options.cache_rules.is_generic);
    snapshot_release(snapshot);
}

static void without_a_file_the_classes_hold(void **state)
{
    (void)state;
    struct snapshot *snapshot = load_good("");
    assert_rule(snapshot, "getPublicIntegration",
                (struct cache_rule){CACHE_RULE_DEFAULT, 3600, 7 * 86400});
    snapshot_release(snapshot);
    snapshot = load_good("upstream: {catalogue: none}\n");
    assert_true(snapshot->options.cache_rules.is_generic);
    snapshot_release(snapshot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rule_that_says_nothing_of_use_is_told_with_its_place),
        cmocka_unit_test(a_redis_that_breaks_a_rule_is_told_with_its_place),
        cmocka_unit_test(a_redis_url_that_is_none_never_shows_its_password),
        cmocka_unit_test(what_has_no_effect_without_redis_is_warned_of),
        cmocka_unit_test(rules_reach_their_operations_and_the_last_counts),
        cmocka_unit_test(without_a_file_the_classes_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
