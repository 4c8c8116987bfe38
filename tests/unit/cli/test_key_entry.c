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

#define TEXT(text)                                                                                 \
    {                                                                                              \
        (text), sizeof(text) - 1                                                                   \
    }
static const struct span operations[] = {TEXT("read"), TEXT("list*"), TEXT("!delete*"), TEXT("*"),
                                         TEXT("hub.*")};
static const struct span bots[] = {TEXT("bot_1"), TEXT("bot:2")};
static const struct span cidrs[] = {TEXT("10.0.0.0/8"), TEXT("::1")};

static struct key_entry make_entry(void)
{
    struct key_entry entry = {
        .name = SPAN("a\"b\\c:#'[x]"),
        .profile = SPAN("true"),
        .operations = {operations, COUNT_OF(operations)},
        .expires = SPAN("2999-01-31"),
    };
    key_entry_make_key(&entry, SPAN(""));
    return entry;
}

/* All that an entry may have. */
static struct key_entry make_rotated_entry(void)
{
    struct key_entry entry = make_entry();
    entry.bots = (struct id_list){bots, COUNT_OF(bots)};
    entry.cidrs = (struct id_list){cidrs, COUNT_OF(cidrs)};
    entry.is_disabled = true;
    key_entry_make_key(&entry, SPAN("Ab3dE6gH9k"));
    entry.hashes[entry.hash_count++] = (struct key_entry_hash){
        .sha256 = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789ABCDEF",
        .not_after = "2999-01-01T00:00:00Z"};
    return entry;
}

static void the_entry_can_be_pasted_and_lets_the_key_in(void **state)
{
    (void)state;
    static struct config_errors errors;
    struct key_entry entry = make_entry();
    struct output output = write_entry(&entry, key_entry_write_yaml);
    char yaml[2048];
    snprintf(yaml, sizeof(yaml), "profiles: [{name: 'true'}]\nkeys:\n%s", output.text);
    struct snapshot *snapshot = config_parse(span_of(yaml), "f", &errors);
    config_errors_print(&errors, stderr);
    assert_non_null(snapshot);
    const struct presented presented = {.key_header = span_of(entry.key)};
    const struct key_record *record = NULL;
    size_t hash = 0;
    assert_int_equal(key_ring_authenticate(snapshot->keys, NULL, &presented, 1, &record, &hash),
                     AUTH_OK);
    assert_true(span_equal(record->name, entry.name));
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

static void an_entry_with_all_fields_can_be_pasted(void **state)
{
    (void)state;
    static struct config_errors errors;
    struct key_entry entry = make_rotated_entry();
    struct output output = write_entry(&entry, key_entry_write_yaml);
    char yaml[2048];
    snprintf(yaml, sizeof(yaml), "profiles: [{name: 'true'}]\nkeys:\n%s", output.text);
    struct snapshot *snapshot = config_parse(span_of(yaml), "f", &errors);
    config_errors_print(&errors, stderr);
    assert_non_null(snapshot);
    const struct key_record *key = &snapshot->options.keys[0];
    assert_true(span_equal(key->id, SPAN("Ab3dE6gH9k")));
    assert_int_equal(key->hash_count, 2);
    assert_int_equal(key->hashes[0].not_after_ms, 0);
    assert_int_equal(key->hashes[1].not_after_ms, UINT64_C(32472144000000));
    assert_int_equal(key->bots.count, 2);
    assert_int_equal(key->cidr_count, 2);
    assert_true(key->is_disabled);
    snapshot_release(snapshot);
    free(output.text);
}

static void an_empty_list_stays_one_and_an_absent_one_is_left_out(void **state)
{
    (void)state;
    struct key_entry entry = make_entry();
    entry.operations.count = 0;
    struct output yaml = write_entry(&entry, key_entry_write_yaml);
    struct output json = write_entry(&entry, key_entry_write_json);
    assert_non_null(strstr(yaml.text, "operations: []\n"));
    assert_non_null(strstr(json.text, "\"operations\":[]"));
    assert_null(strstr(yaml.text, "bots"));
    assert_null(strstr(json.text, "bots"));
    free(yaml.text);
    free(json.text);
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
    assert_null(strstr(output.text, secret));
    free(output.text);
    output = write_entry(&entry, key_entry_write_json);
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
        cmocka_unit_test(an_entry_with_all_fields_can_be_pasted),
        cmocka_unit_test(an_empty_list_stays_one_and_an_absent_one_is_left_out),
        cmocka_unit_test(the_secret_is_in_the_key_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
