#include "http/byte_class.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { ALPHABET = 256, LONGEST = 40 };

static bool is_alnum(int c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_of(int c, const char *set)
{
    return c != 0 && strchr(set, c) != NULL;
}

static void tokens_are_made_of_tchar(void **state)
{
    (void)state;
    for (int c = 0; c < ALPHABET; c++)
        assert_int_equal(byte_is((char)c, BYTE_TOKEN), is_alnum(c) || is_of(c, "!#$%&'*+-.^_`|~"));
}

static void values_hold_tab_space_visible_and_obs_text(void **state)
{
    (void)state;
    for (int c = 0; c < ALPHABET; c++)
        assert_int_equal(byte_is((char)c, BYTE_FIELD), c == '\t' || (c >= ' ' && c != 0x7f));
}

static void visible_is_ascii_without_space_and_delete(void **state)
{
    (void)state;
    for (int c = 0; c < ALPHABET; c++)
        assert_int_equal(byte_is((char)c, BYTE_VISIBLE), c > ' ' && c < 0x7f);
}

static void paths_hold_pchar_slash_escapes_and_brackets(void **state)
{
    (void)state;
    for (int c = 0; c < ALPHABET; c++)
        assert_int_equal(byte_is((char)c, BYTE_PATH),
                         is_alnum(c) || is_of(c, "-._~!$&'()*+,;=:@/%[]"));
}

static void host_names_hold_what_is_unreserved(void **state)
{
    (void)state;
    for (int c = 0; c < ALPHABET; c++)
        assert_int_equal(byte_is((char)c, BYTE_UNRESERVED), is_alnum(c) || is_of(c, "-._~"));
}

static void the_fast_scan_stops_where_the_slow_one_does(void **state)
{
    (void)state;
    char text[LONGEST];
    for (int c = 0; c < ALPHABET; c++) {
        for (size_t at = 0; at < LONGEST; at++) {
            memset(text, at % 2 ? 'x' : 0xe9, sizeof text);
            text[at] = (char)c;
            struct span span = {text, sizeof text};
            assert_int_equal(bytes_of_field(span), bytes_of_class(span, BYTE_FIELD));
        }
    }
}

static void the_fast_scan_reads_no_byte_behind_the_text(void **state)
{
    (void)state;
    const char text[LONGEST] = "0123456789abcdefghijklmnopqrstuvwxyz\r\n";
    for (size_t len = 0; len < 36; len++)
        assert_int_equal(bytes_of_field((struct span){text, len}), len);
    assert_int_equal(bytes_of_field((struct span){text, LONGEST}), 36);
    assert_int_equal(bytes_of_field((struct span){NULL, 0}), 0);
}

static void a_token_is_not_empty(void **state)
{
    (void)state;
    assert_true(is_token(SPAN("x-bot-id")));
    assert_false(is_token(SPAN("")));
    assert_false(is_token(SPAN("a b")));
    assert_false(is_token(SPAN("a:")));
    assert_false(is_token(SPAN("\xc3\xa9")));
}

/* And nothing is written but the value and the bytes behind it. */
static void a_field_is_copied_and_looked_at_in_one_go(void **state)
{
    (void)state;
    char text[LONGEST], copy[LONGEST + BYTES_BEHIND + 1];
    for (int c = 0; c < ALPHABET; c++) {
        for (size_t len = 1; len <= LONGEST; len++) {
            size_t at = (size_t)c % len;
            memset(text, 'x', sizeof text);
            memset(copy, '#', sizeof copy);
            text[at] = (char)c;
            assert_int_equal(copy_field(copy, (struct span){text, len}),
                             byte_is((char)c, BYTE_FIELD));
            assert_memory_equal(copy, text, len);
            assert_int_equal(copy[len + BYTES_BEHIND], '#');
        }
    }
    assert_true(copy_field(copy, (struct span){NULL, 0}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tokens_are_made_of_tchar),
        cmocka_unit_test(values_hold_tab_space_visible_and_obs_text),
        cmocka_unit_test(visible_is_ascii_without_space_and_delete),
        cmocka_unit_test(paths_hold_pchar_slash_escapes_and_brackets),
        cmocka_unit_test(host_names_hold_what_is_unreserved),
        cmocka_unit_test(the_fast_scan_stops_where_the_slow_one_does),
        cmocka_unit_test(the_fast_scan_reads_no_byte_behind_the_text),
        cmocka_unit_test(a_field_is_copied_and_looked_at_in_one_go),
        cmocka_unit_test(a_token_is_not_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
