#include "config/config_tell.h"

#include <stdlib.h>

#include <jansson.h>

#include "unit/config/wrong_files.h"

/* What is told of a file, taken apart; decref it. */
static json_t *tell(const char *yaml)
{
    struct snapshot *snapshot = load_good(yaml);
    json_error_t error;
    struct span told = snapshot->options.told;
    json_t *root = json_loadb(told.at, told.len, JSON_REJECT_DUPLICATES, &error);
    if (!root)
        fail_msg("%s: %.*s", error.text, (int)told.len, told.at);
    snapshot_release(snapshot);
    return root;
}

static json_t *row_of(const json_t *root, const char *path)
{
    json_t *row = json_object_get(json_object_get(root, "settings"), path);
    assert_non_null(row);
    return row;
}

static void assert_value(const json_t *root, const char *path, const char *expected)
{
    char *text = json_dumps(json_object_get(row_of(root, path), "value"),
                            JSON_COMPACT | JSON_ENCODE_ANY | JSON_PRESERVE_ORDER);
    assert_string_equal(text, expected);
    free(text);
}

static void assert_source(const json_t *root, const char *path, const char *expected)
{
    const json_t *source = json_object_get(row_of(root, path), "source");
    assert_string_equal(json_string_value(source), expected);
}

static void every_setting_of_the_table_is_told(void **state)
{
    (void)state;
    json_t *root = tell("");
    const struct setting_table *table = settings_table();
    assert_int_equal(json_object_size(json_object_get(root, "settings")), table->count);
    for (size_t i = 0; i < table->count; i++)
        assert_source(root, table->rows[i].path, "default");
    assert_string_equal(json_string_value(json_object_get(root, "file")), "f");
    json_decref(root);
}

static void values_are_written_as_a_file_has_them(void **state)
{
    (void)state;
    json_t *root = tell("workers: 3\n"
                        "drain: 90s\n"
                        "client: {head_bytes: 64KiB, keep_alive: 2m, idle_timeout: 3m}\n"
                        "upstream: {retry_percent: 10, breaker: {enabled: false}}\n"
                        "unknown_routes: deny\n"
                        "cors: {origins: ['https://a.example', 'https://b.example']}\n");
    assert_value(root, "workers", "3");
    assert_value(root, "drain", "\"90s\"");
    assert_value(root, "client.head_bytes", "\"64KiB\"");
    assert_value(root, "client.keep_alive", "\"2m\"");
    assert_value(root, "upstream.retry_percent", "10");
    assert_value(root, "upstream.breaker.enabled", "false");
    assert_value(root, "unknown_routes", "\"deny\"");
    assert_value(root, "cors.origins", "[\"https://a.example\",\"https://b.example\"]");
    assert_value(root, "upstream.timeouts.total", "null");
    assert_value(root, "redis.url", "null");
    json_decref(root);
}

static void what_stands_in_the_file_is_told_with_its_place(void **state)
{
    (void)state;
    json_t *root = tell("workers: 3\nclient:\n  idle_timeout: 10s\n");
    assert_source(root, "client.idle_timeout", "file");
    const json_t *row = row_of(root, "client.idle_timeout");
    assert_int_equal(json_integer_value(json_object_get(row, "line")), 3);
    assert_int_equal(json_integer_value(json_object_get(row, "column")), 17);
    assert_null(json_object_get(row_of(root, "drain"), "line"));
    json_decref(root);
}

/* keep_alive gives way to idle_timeout, auto is a number, no listener is one. */
static void what_has_come_of_a_default_is_told(void **state)
{
    (void)state;
    json_t *root = tell("client: {idle_timeout: 10s}\n");
    assert_value(root, "client.keep_alive", "\"5s\"");
    assert_source(root, "client.keep_alive", "default");
    assert_true(json_integer_value(json_object_get(row_of(root, "workers"), "value")) >= 1);
    assert_value(root, "listen",
                 "[{\"address\":\"127.0.0.1:8080\",\"tls.client_certificate\":"
                 "\"optional\",\"proxy_protocol\":false}]");
    json_decref(root);
}

static void entries_have_the_fields_that_are_set(void **state)
{
    (void)state;
    json_t *root =
        tell("profiles:\n"
             "  - {name: p, bot_id: b, pass: [x-user-id, x-integration-name]}\n"
             "limits:\n"
             "  - {name: l, requests: 5, per: 1s, key: [key], match_operations: ['list*']}\n"
             "keys:\n"
             "  - {id: Ab3dE6gH9k, name: ci, profile: p, expires: 2027-01-31,\n"
             "     hashes: [{sha256: " HASH64 "}]}\n");
    assert_value(root, "profiles",
                 "[{\"name\":\"p\",\"bot_id\":\"b\",\"pass\":[\"x-user-id\","
                 "\"x-integration-name\"],\"pass_authorization\":false}]");
    assert_value(root, "limits",
                 "[{\"name\":\"l\",\"requests\":5,\"per\":\"1s\",\"key\":[\"key\"],"
                 "\"match_operations\":[\"list*\"],\"cost\":1,\"where\":\"caller\","
                 "\"mode\":\"enforce\"}]");
    assert_value(root, "keys",
                 "[{\"id\":\"Ab3dE6gH9k\",\"name\":\"ci\",\"hashes\":[{\"sha256\":\"***\"}],"
                 "\"profile\":\"p\",\"expires\":\"2027-01-31T00:00:00Z\",\"disabled\":false}]");
    json_decref(root);
}

static void passwords_of_urls_are_not_told(void **state)
{
    (void)state;
    json_t *root = tell("redis: {url: 'rediss://user:pass%40word@redis.example:6380/1'}\n"
                        "upstream: {proxy: 'http://token@proxy.example:3128'}\n");
    assert_value(root, "redis.url", "\"rediss://***@redis.example:6380/1\"");
    assert_value(root, "upstream.proxy", "\"http://***@proxy.example:3128\"");
    json_decref(root);
    root = tell("redis: {url: 'unix://:secret@/run/redis.sock'}\n");
    assert_value(root, "redis.url", "\"unix://***@/run/redis.sock\"");
    json_decref(root);
    root = tell("redis: {url: 'redis+sentinel://:secret@a:1,b:2/main'}\n");
    assert_value(root, "redis.url", "\"redis+sentinel://***@a:1,b:2/main\"");
    json_decref(root);
}

static void a_proxy_of_the_environment_is_told_as_such(void **state)
{
    (void)state;
    setenv("HTTPS_PROXY", "http://user:secret@proxy.example:3128", 1);
    json_t *root = tell("");
    unsetenv("HTTPS_PROXY");
    assert_value(root, "upstream.proxy", "\"http://***@proxy.example:3128\"");
    assert_source(root, "upstream.proxy", "environment");
    json_decref(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_setting_of_the_table_is_told),
        cmocka_unit_test(values_are_written_as_a_file_has_them),
        cmocka_unit_test(what_stands_in_the_file_is_told_with_its_place),
        cmocka_unit_test(what_has_come_of_a_default_is_told),
        cmocka_unit_test(entries_have_the_fields_that_are_set),
        cmocka_unit_test(passwords_of_urls_are_not_told),
        cmocka_unit_test(a_proxy_of_the_environment_is_told_as_such),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
