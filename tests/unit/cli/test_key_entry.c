#include "cli/key_entry.h"

#include "base/text.h"
#include "config/config.h"
#include "support/json_check.h"

#include <stdlib.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct output {
    char *text;
    size_t len;
};

static struct output write_entry(const struct key_entry *entry,
                                 void (*write)(FILE *file, const struct key_entry *entry))
{
    struct output output = {0};
    FILE *file = open_memstream(&output.text, &output.len);
    write(file, entry);
    fclose(file);
    return output;
}

static struct key_entry make_entry(void)
{
    struct key_entry entry = {
        .name = "a\"b\\c:#'[x]",
        .profile = "true",
        .operations = {SPAN("read"), SPAN("list*"), SPAN("!delete*"), SPAN("*"), SPAN("hub.*")},
        .operation_count = 5,
        .expires = "2999-01-31",
    };
    gateway_key_make(entry.key);
    return entry;
}

static void the_entry_can_be_pasted_and_lets_the_key_in(void **state)
{
    (void)state;
    static struct config_errors errors;
    struct key_entry entry = make_entry();
    struct output output = write_entry(&entry, key_entry_write_yaml);
    assert_non_null(strstr(output.text, entry.key));
    char *pasted = strstr(output.text, "  - id:");
    assert_non_null(pasted);
    char yaml[2048];
    snprintf(yaml, sizeof(yaml), "profiles: [{name: 'true'}]\nkeys:\n%s", pasted);
    struct snapshot *snapshot = config_parse(span_of(yaml), "f", &errors);
    config_errors_print(&errors, stderr);
    assert_non_null(snapshot);
    const struct presented presented = {.key_header = span_of(entry.key)};
    const struct key_record *record = NULL;
    size_t hash = 0;
    assert_int_equal(key_ring_authenticate(snapshot->keys, &presented, 1, &record, &hash), AUTH_OK);
    assert_true(span_equal(record->name, span_of(entry.name)));
    assert_int_equal(record->expires_ms, UINT64_C(32474736000000));
    snapshot_release(snapshot);
    free(output.text);
}

static void the_json_is_one_valid_line_with_the_same(void **state)
{
    (void)state;
    struct key_entry entry = make_entry();
    struct output output = write_entry(&entry, key_entry_write_json);
    assert_true(json_is_valid((struct span){output.text, output.len}));
    assert_ptr_equal(strchr(output.text, '\n'), output.text + output.len - 1);
    assert_non_null(strstr(output.text, entry.key));
    assert_non_null(strstr(output.text, "\"entry\":{\"id\":\""));
    assert_non_null(strstr(output.text, "\"hashes\":[{\"sha256\":\""));
    assert_non_null(
        strstr(output.text, "\"operations\":[\"read\",\"list*\",\"!delete*\",\"*\",\"hub.*\"]"));
    assert_non_null(strstr(output.text, "\"expires\":\"2999-01-31\""));
    free(output.text);
}

static void the_secret_is_in_the_key_alone(void **state)
{
    (void)state;
    struct key_entry entry = make_entry();
    struct gateway_key key;
    char secret[KEY_SECRET_LEN + 1];
    assert_int_equal(gateway_key_parse(span_of(entry.key), &key), KEY_FORM_GOOD);
    snprintf(secret, sizeof(secret), "%.*s", (int)key.secret.len, key.secret.at);
    struct output output = write_entry(&entry, key_entry_write_yaml);
    char *first = strstr(output.text, secret);
    assert_non_null(first);
    assert_null(strstr(first + 1, secret));
    free(output.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_entry_can_be_pasted_and_lets_the_key_in),
        cmocka_unit_test(the_json_is_one_valid_line_with_the_same),
        cmocka_unit_test(the_secret_is_in_the_key_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
