#include "config/config_limits.h"

#include "unit/config/wrong_files.h"

#define LIMIT "limits:\n  - "
#define RATE  "requests: 5, per: 1s"

static const struct wrong_file wrong_limits[] = {
    {LIMIT "{" RATE "}\n", "2:5: limits[].name is missing; this entry needs it"},
    {LIMIT "{name: a, per: 1s}\n", "2:5: limits[].requests is missing; this entry needs it"},
    {LIMIT "{name: 'a\"b', " RATE "}\n",
     "2:12: limits[].name must be 1 to 64 visible ASCII characters without spaces, \" or \\: it "
     "becomes part of a header"},
    {LIMIT "{name: a, requests: 5}\n",
     "2:5: limits[].per is missing; write the time that `requests` is about, as per: 60s"},
    {LIMIT "{name: a, requests: 0, per: 1s}\n",
     "2:25: limits[].requests must be from 1 to 1000000000; \"0\" is not"},
    {LIMIT "{name: a, requests: 5, per: 60}\n",
     "2:33: limits[].per needs a unit; write 60s or 60ms"},
    {LIMIT "{name: a, requests: 5, per: 31d}\n",
     "2:33: limits[].per must be from 1ms to 30d; \"31d\" is not"},
    {LIMIT "{name: a, requests: 1001, per: 1ms}\n",
     "2:5: limits[].requests is more than a million a second; nothing here is counted finer, so "
     "write less, or a longer `per`"},
    {LIMIT "{name: a, requests: 2000000, per: 1h}\n",
     "2:5: limits[].burst is missing: without it so many as `requests` may come at once, and more "
     "than 1000000 may not; set burst"},
    {LIMIT "{name: a, " RATE ", burst: 0}\n",
     "2:44: limits[].burst must be from 1 to 1000000; \"0\" is not"},
    {LIMIT "{name: a, " RATE ", cost: 6}\n",
     "2:5: limits[].cost is more than the burst, so that no request would ever be admitted; lower "
     "it or raise burst"},
    {LIMIT "{name: a, " RATE ", burst: 2, cost: 3}\n",
     "2:5: limits[].cost is more than the burst, so that no request would ever be admitted; lower "
     "it or raise burst"},
    {LIMIT "{name: a, " RATE ", key: [keys]}\n",
     "2:43: limits[].key must be key, profile, bot, address or operation; \"keys\" is not; "
     "did you mean \"key\"?"},
    {LIMIT "{name: a, " RATE ", where: cache}\n",
     "2:44: limits[].where must be caller or upstream; \"cache\" is not"},
    {LIMIT "{name: a, " RATE ", mode: dry}\n",
     "2:43: limits[].mode must be enforce or shadow; \"dry\" is not"},
    {LIMIT "{name: a, " RATE "}\n  - {name: a, " RATE "}\n",
     "3:12: limit \"a\" is here twice, first in line 2; give each its own"},
    {LIMIT "{name: a, " RATE ", match_keys: [cj]}\n",
     "2:50: limits[].match_keys names \"cj\", which is no key; add it or name another"},
    {LIMIT "{name: a, " RATE ", match_keys: []}\n",
     "2:49: limits[].match_keys is empty; name some, or remove the line for all"},
    {LIMIT "{name: a, " RATE ", match_operations: [creatMessage]}\n",
     "2:56: limits[].match_operations: \"creatMessage\" matches no operation: did you mean "
     "createMessage?"},
    {LIMIT "{name: a, " RATE ", match_operations: []}\n",
     "2:55: limits[].match_operations is empty; name some, or remove the line for all"},
    {LIMIT "{name: a, " RATE ", match_operations: [read]}\nupstream: {catalogue: none}\n",
     "2:55: limits[].match_operations names operations, and with upstream.catalogue: none there "
     "are none; remove one"},
    {LIMIT "{name: a, " RATE ", bursts: 2}\n",
     "2:37: \"limits[].bursts\" is not a setting; did you mean \"burst\"?"},
    {"auth_failures: {per: 10ms}\n",
     "1:22: auth_failures.per must be from 1s to 1d; \"10ms\" is not"},
};

static void a_limit_that_breaks_a_rule_is_told_with_its_place(void **state)
{
    (void)state;
    assert_all_wrong(wrong_limits, COUNT_OF(wrong_limits));
}

static void keys_of_a_limit_before_authentication_are_refused(void **state)
{
    (void)state;
    static struct config_errors errors;
    char line[CONFIG_LINE_SIZE];
    assert_null(config_parse(SPAN(LIMIT "{name: a, " RATE ", key: [address], match_keys: [x]}\n"),
                             "f", &errors));
    config_problem_write(&errors, 0, line);
    assert_non_null(strstr(line, "is not known yet where key: [address] alone is asked"));
}

static void policies_are_as_written(void **state)
{
    (void)state;
    struct snapshot *snapshot = load_good(
        "profiles: [{name: p}]\n"
        "keys: [{id: Ab3dE6gH9k, name: ci, profile: p, hashes: [{sha256: " HASH64 "}], "
        "max_inflight: 7}]\n" LIMIT
        "{name: one, requests: 600, per: 60s, burst: 60, key: [key, bot]}\n"
        "  - {name: two, requests: 5, per: 3s, match_keys: [ci], match_operations: ['create*'], "
        "cost: 2, mode: shadow}\n"
        "  - {name: three, requests: 50, per: 1s, key: [profile], where: upstream}\n"
        "  - {name: four, requests: 10, per: 1s, key: [address]}\n"
        "auth_failures: {requests: 3, per: 30s}\n");
    const struct limit_rules *rules = &snapshot->options.limit_rules;
    const struct limit_policy *policies = rules->policies;
    assert_int_equal(rules->count, 4);
    assert_int_equal(policies[0].rate.interval_us, 100000);
    assert_int_equal(policies[0].rate.burst, 60);
    assert_int_equal(policies[0].parts, LIMIT_BY_KEY | LIMIT_BY_BOT);
    assert_int_equal(policies[0].place, LIMIT_CALLER);
    assert_false(policies[0].has_operations);
    assert_int_equal(policies[1].rate.burst, 5);
    assert_int_equal(policies[1].cost, 2);
    assert_true(policies[1].is_shadow && policies[1].has_operations);
    assert_int_equal(policies[1].key_count, 1);
    assert_int_equal(policies[1].keys[0], snapshot->options.keys[0].index);
    assert_int_equal(policies[2].place, LIMIT_UPSTREAM);
    assert_int_equal(policies[3].place, LIMIT_ADDRESS);
    assert_int_equal(rules->auth_failures.burst, 3);
    assert_int_equal(rules->auth_failures.interval_us, 10000000);
    assert_int_equal(snapshot->options.keys[0].max_inflight, 7);
    snapshot_release(snapshot);
}

static void without_limits_there_are_only_failures_of_authentication(void **state)
{
    (void)state;
    struct snapshot *snapshot = load_good("workers: 1\n");
    assert_int_equal(snapshot->options.limit_rules.count, 0);
    assert_int_equal(snapshot->options.limit_rules.auth_failures.burst, 20);
    snapshot_release(snapshot);
    snapshot = load_good("auth_failures: {requests: 0}\n");
    assert_int_equal(snapshot->options.limit_rules.auth_failures.burst, 0);
    snapshot_release(snapshot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_limit_that_breaks_a_rule_is_told_with_its_place),
        cmocka_unit_test(keys_of_a_limit_before_authentication_are_refused),
        cmocka_unit_test(policies_are_as_written),
        cmocka_unit_test(without_limits_there_are_only_failures_of_authentication),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
