#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct span nothing = {NULL, 0};

static void assert_span(struct span actual, const char *expected)
{
    assert_int_equal(actual.len, strlen(expected));
    if (actual.len > 0)
        assert_memory_equal(actual.at, expected, actual.len);
}

static void span_of_no_text_is_empty(void **state)
{
    (void)state;
    assert_int_equal(span_of(NULL).len, 0);
    assert_span(span_of("abc"), "abc");
}

static void spans_are_equal_by_bytes(void **state)
{
    (void)state;
    assert_true(span_equal(SPAN("abc"), SPAN("abc")));
    assert_false(span_equal(SPAN("abc"), SPAN("abd")));
    assert_false(span_equal(SPAN("abc"), SPAN("ab")));
    assert_false(span_equal(SPAN("a\0b"), SPAN("a\0c")));
    assert_true(span_equal(SPAN(""), nothing));
    assert_true(span_equal(nothing, nothing));
}

static void case_is_ignored_for_ascii_letters_only(void **state)
{
    (void)state;
    assert_true(span_equal_nocase(SPAN("Content-Length"), SPAN("content-lENGTH")));
    assert_false(span_equal_nocase(SPAN("@"), SPAN("`")));
    assert_false(span_equal_nocase(SPAN("["), SPAN("{")));
    assert_false(span_equal_nocase(SPAN("\xc4"), SPAN("\xe4")));
    assert_false(span_equal_nocase(SPAN("a"), SPAN("ab")));
    assert_true(span_equal_nocase(nothing, SPAN("")));
}

static void every_byte_lowers_to_itself_unless_it_is_a_capital(void **state)
{
    (void)state;
    for (int byte = -128; byte < 128; byte++) {
        bool is_capital = byte >= 'A' && byte <= 'Z';
        assert_int_equal(ascii_lower((char)byte), is_capital ? byte + 32 : byte);
    }
}

static void a_prefix_may_be_empty_or_the_whole(void **state)
{
    (void)state;
    assert_true(span_starts_with(SPAN("abc"), SPAN("ab")));
    assert_true(span_starts_with(SPAN("abc"), SPAN("abc")));
    assert_true(span_starts_with(SPAN("abc"), SPAN("")));
    assert_true(span_starts_with(nothing, nothing));
    assert_false(span_starts_with(SPAN("abc"), SPAN("abcd")));
    assert_false(span_starts_with(SPAN("abc"), SPAN("bc")));
}

static void trimming_takes_spaces_and_tabs_off_both_ends(void **state)
{
    (void)state;
    assert_span(span_trim(SPAN(" \t a b\t ")), "a b");
    assert_span(span_trim(SPAN("ab")), "ab");
    assert_span(span_trim(SPAN(" \t ")), "");
    assert_span(span_trim(SPAN("\r\na\n")), "\r\na\n");
    assert_span(span_trim(nothing), "");
}

static void skipping_moves_the_start(void **state)
{
    (void)state;
    assert_span(span_skip(SPAN("abc"), 0), "abc");
    assert_span(span_skip(SPAN("abc"), 2), "c");
    assert_span(span_skip(SPAN("abc"), 3), "");
    assert_span(span_skip(nothing, 0), "");
}

static void cutting_leaves_what_follows_the_separator(void **state)
{
    (void)state;
    struct span rest = SPAN("a=b=c");
    assert_span(span_cut(&rest, '='), "a");
    assert_span(rest, "b=c");
    assert_span(span_cut(&rest, '='), "b");
    assert_span(span_cut(&rest, '='), "c");
    assert_span(rest, "");
    assert_span(span_cut(&rest, '='), "");
}

static void cutting_at_the_edges_gives_empty_parts(void **state)
{
    (void)state;
    struct span rest = SPAN("=a="), none = nothing;
    assert_span(span_cut(&rest, '='), "");
    assert_span(span_cut(&rest, '='), "a");
    assert_span(rest, "");
    assert_span(span_cut(&none, '='), "");
}

static void a_list_yields_its_elements_trimmed_without_empty_ones(void **state)
{
    (void)state;
    struct span rest = SPAN(",, gzip ,\t, br;q=0.5,,deflate , "), element;
    assert_true(span_next_element(&rest, &element));
    assert_span(element, "gzip");
    assert_true(span_next_element(&rest, &element));
    assert_span(element, "br;q=0.5");
    assert_true(span_next_element(&rest, &element));
    assert_span(element, "deflate");
    assert_false(span_next_element(&rest, &element));
    rest = nothing;
    assert_false(span_next_element(&rest, &element));
}

static void numbers_up_to_the_largest_are_read(void **state)
{
    (void)state;
    uint64_t value = 0;
    assert_true(span_to_u64(SPAN("0"), &value));
    assert_true(value == 0);
    assert_true(span_to_u64(SPAN("0000000000000000000000042"), &value));
    assert_true(value == 42);
    assert_true(span_to_u64(SPAN("18446744073709551615"), &value));
    assert_true(value == UINT64_MAX);
}

static void what_is_not_a_number_is_refused_and_sets_nothing(void **state)
{
    (void)state;
    static const char *const texts[] = {"",    " 1",
                                        "1 ",  "+1",
                                        "-1",  "0x",
                                        "1e3", "1_",
                                        "1.0", "18446744073709551616",
                                        "a",   "/",
                                        ":",   "99999999999999999999999999"};
    uint64_t value = 7;
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        assert_false(span_to_u64(span_of(texts[i]), &value));
    assert_false(span_to_u64(SPAN("1\0"), &value));
    assert_true(value == 7);
}

static void a_number_is_written_as_it_is_read(void **state)
{
    (void)state;
    char room[U64_DIGITS], hex[U64_HEX_DIGITS];
    assert_span(u64_digits(0, room), "0");
    assert_span(u64_digits(1090, room), "1090");
    assert_span(u64_digits(UINT64_MAX, room), "18446744073709551615");
    assert_ptr_equal(put_hex(hex, UINT64_C(0xfedcba9876543210)), hex + U64_HEX_DIGITS);
    assert_memory_equal(hex, "fedcba9876543210", U64_HEX_DIGITS);
    (void)put_hex(hex, 1);
    assert_memory_equal(hex, "0000000000000001", U64_HEX_DIGITS);
}

static void an_escape_is_three_bytes_at_the_beginning(void **state)
{
    (void)state;
    static const struct {
        struct span text;
        int byte;
    } rows[] = {
        {SPAN_INIT("%41"), 'A'},  {SPAN_INIT("%2fx"), '/'}, {SPAN_INIT("%00"), 0},
        {SPAN_INIT("%fF"), 0xff}, {SPAN_INIT("a%41"), -1},  {SPAN_INIT("%4"), -1},
        {SPAN_INIT("%"), -1},     {SPAN_INIT(""), -1},      {SPAN_INIT("%4g"), -1},
        {SPAN_INIT("%g4"), -1},   {SPAN_INIT("%%41"), -1},  {SPAN_INIT("%-1"), -1},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_int_equal(escaped_byte(rows[i].text), rows[i].byte);
    assert_int_equal(escaped_byte((struct span){NULL, 0}), -1);
}

static void only_hex_digits_have_a_value(void **state)
{
    (void)state;
    static const char digits[] = "0123456789abcdef";
    for (int byte = -128; byte < 128; byte++) {
        const char *found = byte > 0 ? strchr(digits, ascii_lower((char)byte)) : NULL;
        assert_int_equal(hex_digit((char)byte), found ? found - digits : -1);
    }
}

static void a_pattern_covers_all_of_the_text(void **state)
{
    (void)state;
    static const struct {
        const char *text, *pattern;
        bool matches;
    } rows[] = {
        {"createMessage", "createMessage", true},
        {"createMessage", "create*", true},
        {"createMessage", "*Message", true},
        {"createMessage", "c*M*e", true},
        {"createMessage", "*", true},
        {"createMessage", "**", true},
        {"createMessage", "create", false},
        {"createMessage", "Message", false},
        {"createMessage", "create*x", false},
        {"createMessage", "", false},
        {"", "", true},
        {"", "*", true},
        {"", "a", false},
        {"aab", "*ab", true},
        {"ababac", "*abac", true},
        {"abc", "a*b*c*", true},
        {"a*c", "a*c", true},
        {"hub.list", "hub.*", true},
        {"hubXlist", "hub.*", false},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_int_equal(span_matches(span_of(rows[i].text), span_of(rows[i].pattern)),
                         rows[i].matches);
}

static void a_hostile_pattern_ends_soon(void **state)
{
    (void)state;
    char text[2000];
    memset(text, 'a', sizeof(text));
    assert_false(span_matches((struct span){text, sizeof(text)}, SPAN("*a*a*a*a*a*a*a*a*a*a*b")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(span_of_no_text_is_empty),
        cmocka_unit_test(spans_are_equal_by_bytes),
        cmocka_unit_test(case_is_ignored_for_ascii_letters_only),
        cmocka_unit_test(every_byte_lowers_to_itself_unless_it_is_a_capital),
        cmocka_unit_test(a_prefix_may_be_empty_or_the_whole),
        cmocka_unit_test(trimming_takes_spaces_and_tabs_off_both_ends),
        cmocka_unit_test(skipping_moves_the_start),
        cmocka_unit_test(cutting_leaves_what_follows_the_separator),
        cmocka_unit_test(cutting_at_the_edges_gives_empty_parts),
        cmocka_unit_test(a_list_yields_its_elements_trimmed_without_empty_ones),
        cmocka_unit_test(numbers_up_to_the_largest_are_read),
        cmocka_unit_test(what_is_not_a_number_is_refused_and_sets_nothing),
        cmocka_unit_test(a_number_is_written_as_it_is_read),
        cmocka_unit_test(only_hex_digits_have_a_value),
        cmocka_unit_test(an_escape_is_three_bytes_at_the_beginning),
        cmocka_unit_test(a_pattern_covers_all_of_the_text),
        cmocka_unit_test(a_hostile_pattern_ends_soon),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
