#include "http/conditional.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "support/field_lines.h"

#define NOV_6   "Sun, 06 Nov 1994 08:49:37 GMT"
#define EARLIER "Sun, 06 Nov 1994 08:49:36 GMT"
#define LATER   "Sun, 06 Nov 1994 08:49:38 GMT"

enum { NOV_6_S = 784111777 };

/* Stored responses, by what they have. */
static const struct validators strong = {SPAN_INIT("\"a\""), NOV_6_S, true, NOV_6_S + 10},
                               weak = {SPAN_INIT("W/\"a\""), NOV_6_S, true, NOV_6_S + 10},
                               dated = {{NULL, 0}, NOV_6_S, true, NOV_6_S + 10},
                               bare = {{NULL, 0}, 0, false, NOV_6_S};

struct row {
    const struct validators *stored;
    const char *request;
    enum condition_result result;
};

static void check(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct field_lines lines;
        const struct header_list *request = field_lines_read(&lines, span_of(rows[i].request));
        if (conditional_evaluate(request, rows[i].stored) != rows[i].result)
            fail_msg("row %zu: %s", i, rows[i].request);
    }
}

static void a_request_without_conditions_passes(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {&strong, "", CONDITION_PASS},
        {&bare, "", CONDITION_PASS},
        {&strong, "Range: bytes=0-1\nIf-Range: \"b\"", CONDITION_PASS},
    };
    check(rows, COUNT_OF(rows));
}

/* RFC 9110 §13.1.2: a recipient MUST use the weak comparison function. */
static void if_none_match_compares_weakly(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {&strong, "If-None-Match: \"a\"", CONDITION_NOT_MODIFIED},
        {&strong, "If-None-Match: W/\"a\"", CONDITION_NOT_MODIFIED},
        {&weak, "If-None-Match: \"a\"", CONDITION_NOT_MODIFIED},
        {&weak, "If-None-Match: W/\"a\"", CONDITION_NOT_MODIFIED},
        {&strong, "If-None-Match: \"b\"", CONDITION_PASS},
        {&strong, "If-None-Match: \"A\"", CONDITION_PASS},
        {&strong, "If-None-Match: \"b\", \"c,\", W/\"a\"", CONDITION_NOT_MODIFIED},
        {&strong, "If-None-Match: \"b\"\nIf-None-Match: \"a\"", CONDITION_NOT_MODIFIED},
        {&strong, "If-None-Match: \"b,a\"", CONDITION_PASS},
        {&strong, "If-None-Match:", CONDITION_PASS},
        {&strong, "If-None-Match: a", CONDITION_PASS},
        {&strong, "If-None-Match: broken, \"a\"", CONDITION_NOT_MODIFIED},
        {&dated, "If-None-Match: \"a\"", CONDITION_PASS},
        {&dated, "If-None-Match: \"\"", CONDITION_PASS},
    };
    check(rows, COUNT_OF(rows));
}

/* §13.1.2: "*" is false when there is any representation. */
static void a_star_matches_whatever_is_stored(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {&bare, "If-None-Match: *", CONDITION_NOT_MODIFIED},
        {&strong, "If-None-Match: *", CONDITION_NOT_MODIFIED},
        {&strong, "If-None-Match: *, \"b\"", CONDITION_PASS},
        {&strong, "If-None-Match: *\nIf-None-Match: *", CONDITION_PASS},
        {&strong, "If-None-Match: \"*\"", CONDITION_PASS},
        {&bare, "If-Match: *", CONDITION_PASS},
        {&bare, "If-Match: \"*\"", CONDITION_FAILED},
    };
    check(rows, COUNT_OF(rows));
}

/* §13.1.3 */
static void if_modified_since_compares_dates(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {&dated, "If-Modified-Since: " NOV_6, CONDITION_NOT_MODIFIED},
        {&dated, "If-Modified-Since: " LATER, CONDITION_NOT_MODIFIED},
        {&dated, "If-Modified-Since: " EARLIER, CONDITION_PASS},
        {&dated, "If-Modified-Since: Sunday, 06-Nov-94 08:49:37 GMT", CONDITION_NOT_MODIFIED},
        {&dated, "If-Modified-Since: Sun Nov  6 08:49:37 1994", CONDITION_NOT_MODIFIED},
    };
    check(rows, COUNT_OF(rows));
}

/* §13.1.3: a recipient MUST ignore it when it is not one valid date. */
static void if_modified_since_that_is_no_date_is_ignored(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {&dated, "If-Modified-Since: 0", CONDITION_PASS},
        {&dated, "If-Modified-Since:", CONDITION_PASS},
        {&dated, "If-Modified-Since: sun, 06 nov 2094 08:49:37 gmt", CONDITION_PASS},
        {&dated, "If-Modified-Since: " LATER "; length=5", CONDITION_PASS},
        {&dated, "If-Modified-Since: " LATER ", " LATER, CONDITION_PASS},
        {&dated, "If-Modified-Since: " LATER "\nIf-Modified-Since: " LATER, CONDITION_PASS},
        {&dated, "If-Modified-Since: Mon, 01 Jan 1900 00:00:00 GMT", CONDITION_PASS},
    };
    check(rows, COUNT_OF(rows));
}

/* §13.1.3: a recipient MUST ignore If-Modified-Since if there is an If-None-Match. */
static void if_none_match_goes_before_if_modified_since(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {&strong, "If-None-Match: \"b\"\nIf-Modified-Since: " LATER, CONDITION_PASS},
        {&strong, "If-Modified-Since: " EARLIER "\nIf-None-Match: \"a\"", CONDITION_NOT_MODIFIED},
        {&strong, "If-None-Match: broken\nIf-Modified-Since: " LATER, CONDITION_PASS},
        {&strong, "If-None-Match:\nIf-Modified-Since: " LATER, CONDITION_PASS},
        {&dated, "If-None-Match: \"a\"\nIf-Modified-Since: " LATER, CONDITION_PASS},
    };
    check(rows, COUNT_OF(rows));
}

/* RFC 9111 §4.3.2 */
static void the_date_stands_in_for_a_missing_last_modified(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {&bare, "If-Modified-Since: " NOV_6, CONDITION_NOT_MODIFIED},
        {&bare, "If-Modified-Since: " EARLIER, CONDITION_PASS},
    };
    check(rows, COUNT_OF(rows));
}

/* §13.1.1: an origin server MUST use the strong comparison function. */
static void if_match_compares_strongly(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {&strong, "If-Match: \"a\"", CONDITION_PASS},
        {&strong, "If-Match: \"b\", \"a\"", CONDITION_PASS},
        {&strong, "If-Match: W/\"a\"", CONDITION_FAILED},
        {&weak, "If-Match: W/\"a\"", CONDITION_FAILED},
        {&weak, "If-Match: \"a\"", CONDITION_FAILED},
        {&strong, "If-Match: \"b\"", CONDITION_FAILED},
        {&strong, "If-Match:", CONDITION_FAILED},
        {&dated, "If-Match: \"a\"", CONDITION_FAILED},
    };
    check(rows, COUNT_OF(rows));
}

/* §13.1.4: a recipient MUST ignore it without one valid date, or a modification date. */
static void if_unmodified_since_compares_dates(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {&dated, "If-Unmodified-Since: " NOV_6, CONDITION_PASS},
        {&dated, "If-Unmodified-Since: " LATER, CONDITION_PASS},
        {&dated, "If-Unmodified-Since: " EARLIER, CONDITION_FAILED},
        {&dated, "If-Unmodified-Since: 0", CONDITION_PASS},
        {&dated, "If-Unmodified-Since: " EARLIER "\nIf-Unmodified-Since: " EARLIER, CONDITION_PASS},
        {&bare, "If-Unmodified-Since: " EARLIER, CONDITION_PASS},
    };
    check(rows, COUNT_OF(rows));
}

/* §13.2.2 */
static void conditions_are_evaluated_in_the_order_of_the_rfc(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {&strong, "If-None-Match: \"a\"\nIf-Match: \"b\"", CONDITION_FAILED},
        {&strong, "If-None-Match: \"a\"\nIf-Match: \"a\"", CONDITION_NOT_MODIFIED},
        {&strong, "If-Match: \"a\"\nIf-Unmodified-Since: " EARLIER, CONDITION_PASS},
        {&strong, "If-Match: \"b\"\nIf-Unmodified-Since: " LATER, CONDITION_FAILED},
        {&strong, "If-Unmodified-Since: " EARLIER "\nIf-None-Match: \"a\"", CONDITION_FAILED},
        {&strong, "If-Unmodified-Since: " LATER "\nIf-Modified-Since: " LATER,
         CONDITION_NOT_MODIFIED},
    };
    check(rows, COUNT_OF(rows));
}

static void a_stored_tag_that_is_none_matches_nothing(void **state)
{
    (void)state;
    static const struct validators broken = {SPAN_INIT("a"), 0, false, NOV_6_S};
    static const struct row rows[] = {
        {&broken, "If-None-Match: a", CONDITION_PASS},
        {&broken, "If-None-Match: \"a\"", CONDITION_PASS},
    };
    check(rows, COUNT_OF(rows));
}

static void conditional_requests_are_known_by_their_fields(void **state)
{
    (void)state;
    static const struct {
        const char *lines;
        bool is_conditional, is_for_origin;
    } rows[] = {
        {"", false, false},
        {"Range: bytes=0-1\nIf: x", false, false},
        {"if-match: x", true, true},
        {"If-Unmodified-Since: x", true, true},
        {"If-None-Match: x", true, false},
        {"If-Modified-Since: x", true, false},
        {"If-Range: x", true, false},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct field_lines lines;
        const struct header_list *request = field_lines_read(&lines, span_of(rows[i].lines));
        assert_int_equal(conditional_is_conditional(request), rows[i].is_conditional);
        assert_int_equal(conditional_is_for_origin(request), rows[i].is_for_origin);
    }
}

static void assert_current(const char *request, const struct validators *stored, bool expected)
{
    struct field_lines lines;
    assert_int_equal(
        conditional_range_is_current(field_lines_read(&lines, span_of(request)), stored), expected);
}

/* RFC 9110 §13.1.5 */
static void if_range_compares_tags_strongly(void **state)
{
    (void)state;
    assert_current("", &bare, true);
    assert_current("If-Range: \"a\"", &strong, true);
    assert_current("If-Range: W/\"a\"", &strong, false);
    assert_current("If-Range: \"a\"", &weak, false);
    assert_current("If-Range: W/\"a\"", &weak, false);
    assert_current("If-Range: \"b\"", &strong, false);
    assert_current("If-Range: \"a\", \"b\"", &strong, false);
    assert_current("If-Range: *", &strong, false);
    assert_current("If-Range:", &strong, false);
    assert_current("If-Range: \"a\"\nIf-Range: \"a\"", &strong, false);
    assert_current("If-Range: \"a\"", &dated, false);
}

/* §13.1.5: exactly the stored date, and only if it is a strong validator (§8.8.2.2). */
static void if_range_compares_dates_exactly(void **state)
{
    (void)state;
    const struct validators same_second = {SPAN_INIT(""), NOV_6_S, true, NOV_6_S};
    const struct validators one_later = {SPAN_INIT(""), NOV_6_S, true, NOV_6_S + 1};
    assert_current("If-Range: " NOV_6, &dated, true);
    assert_current("If-Range: " NOV_6, &one_later, true);
    assert_current("If-Range: " NOV_6, &same_second, false);
    assert_current("If-Range: " LATER, &dated, false);
    assert_current("If-Range: " EARLIER, &dated, false);
    assert_current("If-Range: " NOV_6, &bare, false);
    assert_current("If-Range: " NOV_6 "\nIf-Range: " NOV_6, &dated, false);
}

static void dates_of_any_size_are_compared_safely(void **state)
{
    (void)state;
    static const struct validators extremes[] = {
        {{NULL, 0}, INT64_MIN, true, INT64_MIN},
        {{NULL, 0}, INT64_MAX, true, INT64_MAX},
        {{NULL, 0}, INT64_MAX, true, INT64_MIN},
    };
    for (size_t i = 0; i < COUNT_OF(extremes); i++) {
        struct field_lines lines;
        const struct header_list *request =
            field_lines_read(&lines, SPAN("If-Modified-Since: Sunday, 06-Nov-94 08:49:37 GMT\n"
                                          "If-Range: Sunday, 06-Nov-94 08:49:37 GMT"));
        (void)conditional_evaluate(request, &extremes[i]);
        assert_false(conditional_range_is_current(request, &extremes[i]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_without_conditions_passes),
        cmocka_unit_test(if_none_match_compares_weakly),
        cmocka_unit_test(a_star_matches_whatever_is_stored),
        cmocka_unit_test(if_modified_since_compares_dates),
        cmocka_unit_test(if_modified_since_that_is_no_date_is_ignored),
        cmocka_unit_test(if_none_match_goes_before_if_modified_since),
        cmocka_unit_test(the_date_stands_in_for_a_missing_last_modified),
        cmocka_unit_test(if_match_compares_strongly),
        cmocka_unit_test(if_unmodified_since_compares_dates),
        cmocka_unit_test(conditions_are_evaluated_in_the_order_of_the_rfc),
        cmocka_unit_test(a_stored_tag_that_is_none_matches_nothing),
        cmocka_unit_test(conditional_requests_are_known_by_their_fields),
        cmocka_unit_test(if_range_compares_tags_strongly),
        cmocka_unit_test(if_range_compares_dates_exactly),
        cmocka_unit_test(dates_of_any_size_are_compared_safely),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
