#include "config/setting_value.h"

#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct draft draft;
static char error[VALUE_ERROR_SIZE];

static int set_up(void **state)
{
    (void)state;
    draft_init(&draft);
    error[0] = '\0';
    return 0;
}

static bool store(const char *path, const char *text)
{
    const struct setting *row = setting_find(settings_table(), span_of(path));
    assert_non_null(row);
    return setting_store(row, &draft, (struct located){span_of(text), {1, 1}}, error);
}

static void assert_refused(const char *path, const char *text, const char *expected)
{
    assert_false(store(path, text));
    assert_string_equal(error, expected);
}

static void values_go_to_their_places_in_their_units(void **state)
{
    (void)state;
    assert_true(store("max_connections", "17"));
    assert_int_equal(draft.options.max_connections, 17);
    assert_true(store("client.head_timeout", "3s"));
    assert_int_equal(draft.options.client.head_ms, 3000);
    assert_true(store("client.keep_alive", "1m"));
    assert_int_equal(draft.options.client.keep_alive_s, 60);
    assert_true(store("client.head_bytes", "64KiB"));
    assert_int_equal(draft.options.client.head.head_bytes, 65536);
    assert_true(store("unknown_routes", "deny"));
    assert_true(draft.options.gateway.deny_unknown_routes);
    assert_true(store("unknown_routes", "forward"));
    assert_false(draft.options.gateway.deny_unknown_routes);
    assert_true(store("access_log", "off"));
    assert_true(span_equal(draft.access_log.text, SPAN("off")));
    assert_int_equal(draft.access_log.place.line, 1);
}

static void a_number_without_end_is_out_of_bounds(void **state)
{
    (void)state;
    assert_refused("max_connections", "99999999999999999999",
                   "must be from 1 to 1000000; \"99999999999999999999\" is not");
    assert_refused("max_connections", "9 9", "must be a whole number; \"9 9\" is not");
}

static void auto_is_zero_workers(void **state)
{
    (void)state;
    assert_true(store("workers", "3"));
    assert_int_equal(draft.options.workers, 3);
    assert_true(store("workers", "auto"));
    assert_int_equal(draft.options.workers, 0);
    assert_refused("workers", "Auto", "must be auto or a whole number; \"Auto\" is not");
    assert_refused("workers", "0", "must be from 1 to 256; \"0\" is not");
    assert_false(store("max_connections", "auto"));
}

static void bounds_belong_to_what_is_allowed(void **state)
{
    (void)state;
    assert_true(store("workers", "1"));
    assert_true(store("workers", "256"));
    assert_refused("workers", "257", "must be from 1 to 256; \"257\" is not");
    assert_true(store("client.head_bytes", "1024"));
    assert_true(store("client.head_bytes", "1MiB"));
    assert_refused("client.head_bytes", "1023", "must be from 1KiB to 1MiB; \"1023\" is not");
    assert_refused("client.head_bytes", "1048577B",
                   "must be from 1KiB to 1MiB; \"1048577B\" is not");
    assert_refused("client.head_timeout", "99999999999999999999s",
                   "must be from 1ms to 1h; \"99999999999999999999s\" is not");
    assert_refused("upstream.retry_percent", "101", "must be from 0 to 100; \"101\" is not");
}

static void a_refused_value_leaves_the_old_one(void **state)
{
    (void)state;
    assert_false(store("max_connections", "many"));
    assert_int_equal(draft.options.max_connections, 10000);
    assert_false(store("upstream.url", "nowhere"));
    assert_true(span_equal(draft.url.text, SPAN("https://api.botpress.cloud")));
}

static void a_wrong_value_is_told_with_what_to_write(void **state)
{
    (void)state;
    assert_refused("max_connections", "-1", "must be a whole number; \"-1\" is not");
    assert_refused("max_connections", "1e3", "must be a whole number; \"1e3\" is not");
    assert_refused("upstream.retry_percent", "20%", "must be a whole number; \"20%\" is not");
    assert_refused("client.head_timeout", "10", "needs a unit; write 10s or 10ms");
    assert_refused("client.head_timeout", "10 s",
                   "must be a duration such as 250ms, 5s, 2m or 1h; \"10 s\" is not");
    assert_refused("client.head_bytes", "32k",
                   "must be a size such as 64KiB or 50MB; \"32k\" is not");
    assert_refused("client.keep_alive", "1500ms", "must be whole seconds; \"1500ms\" is not");
    assert_refused("upstream.allow_plaintext", "yes", "must be false or true; \"yes\" is not");
    assert_refused("unknown_routes", "denied",
                   "must be forward or deny; \"denied\" is not; did you mean \"deny\"?");
}

static void dates_are_kept_in_milliseconds(void **state)
{
    (void)state;
    struct draft_key key = {0};
    const struct setting_table *keys = setting_find(settings_table(), SPAN("keys"))->records;
    const struct setting *row = setting_find(keys, SPAN("expires"));
    assert_true(setting_store(row, &key, (struct located){.text = SPAN("2027-01-31")}, error));
    assert_int_equal(key.expires_ms, UINT64_C(1801353600000));
    assert_false(setting_store(row, &key, (struct located){.text = SPAN("never")}, error));
    assert_string_equal(
        error, "must be a date such as 2027-01-31 or 2027-01-31T12:00:00Z; \"never\" is not");
    /* 0 stands for no date. */
    assert_false(setting_store(row, &key, (struct located){.text = SPAN("1970-01-01")}, error));
}

static void words_of_a_set_add_up(void **state)
{
    (void)state;
    struct draft_profile profile = {0};
    const struct setting_table *table = setting_find(settings_table(), SPAN("profiles"))->records;
    const struct setting *row = setting_find(table, SPAN("pass"));
    assert_true(setting_add_word(row, &profile, SPAN("x-user-role"), error));
    assert_int_equal(profile.pass, PASS_USER_ROLE);
    assert_true(setting_add_word(row, &profile, SPAN("x-integration-name"), error));
    assert_true(setting_add_word(row, &profile, SPAN("x-integration-name"), error));
    assert_int_equal(profile.pass, PASS_USER_ROLE | PASS_INTEGRATION_NAME);
    assert_true(setting_add_word(row, &profile, SPAN("x-user-id"), error));
    assert_int_equal(profile.pass, PASS_USER_ID | PASS_USER_ROLE | PASS_INTEGRATION_NAME);
    assert_false(setting_add_word(row, &profile, SPAN("x-user"), error));
    assert_string_equal(error,
                        "must be x-user-id, x-user-role or x-integration-name; \"x-user\" is "
                        "not; did you mean \"x-user-id\"?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(values_go_to_their_places_in_their_units, set_up),
        cmocka_unit_test_setup(auto_is_zero_workers, set_up),
        cmocka_unit_test_setup(a_number_without_end_is_out_of_bounds, set_up),
        cmocka_unit_test_setup(bounds_belong_to_what_is_allowed, set_up),
        cmocka_unit_test_setup(a_refused_value_leaves_the_old_one, set_up),
        cmocka_unit_test_setup(a_wrong_value_is_told_with_what_to_write, set_up),
        cmocka_unit_test_setup(dates_are_kept_in_milliseconds, set_up),
        cmocka_unit_test_setup(words_of_a_set_add_up, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
