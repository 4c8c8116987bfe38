#include "http/header_names.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/text.h"

enum { LONGEST = 64 };

static void every_row_finds_itself_in_any_case(void **state)
{
    (void)state;
    for (int id = HEADER_OTHER + 1; id < HEADER_ID_COUNT; id++) {
        struct span name = header_name((enum header_id)id);
        char mixed[LONGEST];
        assert_in_range(name.len, 1, LONGEST);
        for (size_t i = 0; i < name.len; i++) {
            char c = name.at[i];
            mixed[i] = (char)(i % 2 == 0 && c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
        }
        assert_int_equal(header_id_of(name), id);
        assert_int_equal(header_id_of((struct span){mixed, name.len}), id);
    }
}

static void near_misses_are_other(void **state)
{
    (void)state;
    for (int id = HEADER_OTHER + 1; id < HEADER_ID_COUNT; id++) {
        struct span name = header_name((enum header_id)id);
        char changed[LONGEST];
        for (size_t i = 0; i < name.len; i++) {
            memcpy(changed, name.at, name.len);
            changed[i] = '#';
            assert_int_equal(header_id_of((struct span){changed, name.len}), HEADER_OTHER);
        }
        memcpy(changed, name.at, name.len);
        changed[name.len] = changed[name.len - 1];
        assert_int_equal(header_id_of((struct span){changed, name.len + 1}), HEADER_OTHER);
        assert_int_not_equal(header_id_of((struct span){changed, name.len - 1}), id);
    }
}

static void names_of_any_length_are_looked_up_safely(void **state)
{
    (void)state;
    char name[600];
    memset(name, 'x', sizeof name);
    for (size_t len = 0; len <= sizeof name; len++)
        assert_int_equal(header_id_of((struct span){name, len}), HEADER_OTHER);
    assert_int_equal(header_id_of((struct span){NULL, 0}), HEADER_OTHER);
    /* 256 longer than "host": the length must not be cut to a byte. */
    memset(name, 'h', 1);
    memset(name + 1, 's', 258);
    memset(name + 259, 't', 1);
    assert_int_equal(header_id_of((struct span){name, 260}), HEADER_OTHER);
}

static void flags_come_from_the_row_or_the_family(void **state)
{
    (void)state;
    assert_int_equal(header_flags_of(HEADER_UPGRADE, SPAN("Upgrade")), HEADER_HOP);
    assert_int_equal(header_flags_of(HEADER_CONTENT_LENGTH, SPAN("content-length")),
                     HEADER_FRAMING | HEADER_SINGLE);
    assert_int_equal(header_flags_of(HEADER_OTHER, SPAN("X-Forwarded-For")), HEADER_PRIVATE);
    assert_int_equal(header_flags_of(HEADER_OTHER, SPAN("x-bpgate-anything")), HEADER_PRIVATE);
    assert_int_equal(header_flags_of(HEADER_OTHER, SPAN("Sec-Fetch-Mode")), HEADER_PRIVATE);
    assert_int_equal(header_flags_of(HEADER_OTHER, SPAN("x-forwarded")), 0);
    assert_int_equal(header_flags_of(HEADER_OTHER, SPAN("second")), 0);
    assert_int_equal(header_flags_of(HEADER_OTHER, SPAN("")), 0);
}

static void guarded_names_with_underscores_are_aliases(void **state)
{
    (void)state;
    static const struct span aliases[] = {{"x_bot_id", 8},      {"X_Bot-Id", 8},
                                          {"x-bot_id", 8},      {"X-WORKSPACE_ID", 14},
                                          {"x_bpgate_key", 12}, {"x_integration_id", 16},
                                          {"x-user_role", 11},  {"x_multiple-integrations", 23}};
    static const struct span others[] = {
        {"x-bot-id", 8}, {"x_bot_ids", 9},       {"xbot_id", 7},  {"_", 1},
        {"", 0},         {"content_length", 14}, {"x_bot id", 8}, {"authorization", 13}};
    for (size_t i = 0; i < COUNT_OF(aliases); i++)
        assert_true(header_is_guarded_alias(aliases[i]));
    for (size_t i = 0; i < COUNT_OF(others); i++)
        assert_false(header_is_guarded_alias(others[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_finds_itself_in_any_case),
        cmocka_unit_test(near_misses_are_other),
        cmocka_unit_test(names_of_any_length_are_looked_up_safely),
        cmocka_unit_test(flags_come_from_the_row_or_the_family),
        cmocka_unit_test(guarded_names_with_underscores_are_aliases),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
