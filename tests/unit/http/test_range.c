#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "http/conditional.h"
#include "support/field_lines.h"

enum { NOV_6_S = 784111777 };

static const struct validators stored = {SPAN_INIT("\"a\""), NOV_6_S, true, NOV_6_S + 10};

struct row {
    const char *range;
    uint64_t length;
    enum range_result result;
    size_t count;
    struct byte_range ranges[RANGES_MAX];
};

static void check(const struct row *row)
{
    struct header room = {SPAN("Range"), span_of(row->range), HEADER_RANGE};
    struct header_list request = {.at = &room, .count = 1, .cap = 1};
    struct byte_range ranges[RANGES_MAX];
    size_t count = 99;
    enum range_result result = range_resolve(&request, &stored, row->length, ranges, &count);
    if (result != row->result || count != row->count)
        fail_msg("%s: %d with %zu ranges", row->range, (int)result, count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(ranges[i].first, row->ranges[i].first);
        assert_int_equal(ranges[i].last, row->ranges[i].last);
    }
}

/* RFC 9110 §14.1.2, with its examples for 10000 bytes. */
static void one_range_is_fitted_to_the_length(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"bytes=0-499", 10000, RANGE_ONE, 1, {{0, 499}}},
        {"bytes=500-999", 10000, RANGE_ONE, 1, {{500, 999}}},
        {"bytes=-500", 10000, RANGE_ONE, 1, {{9500, 9999}}},
        {"bytes=9500-", 10000, RANGE_ONE, 1, {{9500, 9999}}},
        {"bytes=0-0", 10000, RANGE_ONE, 1, {{0, 0}}},
        {"bytes=-1", 10000, RANGE_ONE, 1, {{9999, 9999}}},
        {"bytes=0-", 10000, RANGE_ONE, 1, {{0, 9999}}},
        {"bytes=9999-20000", 10000, RANGE_ONE, 1, {{9999, 9999}}},
        {"bytes=-20000", 10000, RANGE_ONE, 1, {{0, 9999}}},
        {"bytes=0-0", 1, RANGE_ONE, 1, {{0, 0}}},
        {"BYTES=0-1", 10, RANGE_ONE, 1, {{0, 1}}}, /* §14.1: units in any case */
        {"bytes=00000000000000000000000001-0002", 10, RANGE_ONE, 1, {{1, 2}}},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        check(&rows[i]);
}

static void several_ranges_keep_their_order(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"bytes=0-0,-1", 10000, RANGE_MANY, 2, {{0, 0}, {9999, 9999}}},
        {"bytes= 0-999, 4500-5499, -1000",
         10000,
         RANGE_MANY,
         3,
         {{0, 999}, {4500, 5499}, {9000, 9999}}},
        {"bytes=5-6,0-1", 10, RANGE_MANY, 2, {{5, 6}, {0, 1}}},
        {"bytes=0-4,5-9", 10, RANGE_MANY, 2, {{0, 4}, {5, 9}}},
        {"bytes=,,0-1, ,3-4,", 10, RANGE_MANY, 2, {{0, 1}, {3, 4}}}, /* §5.6.1.2 */
        {"bytes=0-0,1-1,2-2,3-3,4-4,5-5,6-6,7-7",
         10,
         RANGE_MANY,
         8,
         {{0, 0}, {1, 1}, {2, 2}, {3, 3}, {4, 4}, {5, 5}, {6, 6}, {7, 7}}},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        check(&rows[i]);
}

/* §14.1.2: one satisfiable range makes the set satisfiable. */
static void ranges_beyond_the_end_are_left_out(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"bytes=10-,0-1", 10, RANGE_ONE, 1, {{0, 1}}},
        {"bytes=0-1,-0,20-30,4-5", 10, RANGE_MANY, 2, {{0, 1}, {4, 5}}},
        {"bytes=10-", 10, RANGE_UNSATISFIABLE, 0, {{0, 0}}},
        {"bytes=10-20,30-40", 10, RANGE_UNSATISFIABLE, 0, {{0, 0}}},
        {"bytes=-0", 10, RANGE_UNSATISFIABLE, 0, {{0, 0}}},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        check(&rows[i]);
}

static void positions_of_any_size_are_fitted(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"bytes=0-18446744073709551615", 10, RANGE_ONE, 1, {{0, 9}}},
        {"bytes=1-99999999999999999999999", 10, RANGE_ONE, 1, {{1, 9}}},
        {"bytes=-99999999999999999999999", 10, RANGE_ONE, 1, {{0, 9}}},
        {"bytes=99999999999999999999999-", 10, RANGE_UNSATISFIABLE, 0, {{0, 0}}},
        {"bytes=18446744073709551615-", 10, RANGE_UNSATISFIABLE, 0, {{0, 0}}},
        {"bytes=18446744073709551614-",
         UINT64_MAX,
         RANGE_ONE,
         1,
         {{UINT64_MAX - 1, UINT64_MAX - 1}}},
        {"bytes=-1", UINT64_MAX, RANGE_ONE, 1, {{UINT64_MAX - 1, UINT64_MAX - 1}}},
        {"bytes=0-", UINT64_MAX, RANGE_ONE, 1, {{0, UINT64_MAX - 1}}},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        check(&rows[i]);
}

static void assert_ignored(const char *range)
{
    const struct row row = {range, 1000, RANGE_NONE, 0, {{0, 0}}};
    check(&row);
}

/* §14.2: invalid ranges may be ignored, units that are not understood MUST be. */
static void what_breaks_the_grammar_is_ignored(void **state)
{
    (void)state;
    static const char *const ranges[] = {
        "",
        "bytes",
        "bytes=",
        "bytes=,",
        "bytes= ",
        "=0-1",
        "0-1",
        "items=0-1",
        "byte=0-1",
        "bytess=0-1",
        "bytes =0-1",
        "bytes:0-1",
        "bytes=-",
        "bytes=1",
        "bytes=a-b",
        "bytes=1-0",
        "bytes=0-1-2",
        "bytes=--1",
        "bytes=-1-",
        "bytes=+1-2",
        "bytes=0 -1",
        "bytes=0- 1",
        "bytes=- 1",
        "bytes=0x1-2",
        "bytes=0-1;",
        "bytes=0-1 2",
        "bytes=0-1,a",
        "bytes=5-4,0-1",
        "bytes=0-1,-",
        "bytes=\"0-1\"",
        "bytes=0-1, bytes=3-4",
        "bytes=1.0-2",
        "bytes=*",
        "seconds=1-",
        "none=0-1",
    };
    for (size_t i = 0; i < COUNT_OF(ranges); i++)
        assert_ignored(ranges[i]);
}

/* §14.2, §17.15 */
static void many_or_overlapping_ranges_are_ignored(void **state)
{
    (void)state;
    assert_ignored("bytes=0-0,1-1,2-2,3-3,4-4,5-5,6-6,7-7,8-8");
    assert_ignored("bytes=2000-,2000-,2000-,2000-,2000-,2000-,2000-,2000-,2000-");
    assert_ignored("bytes=0-,0-");
    assert_ignored("bytes=0-5,5-9");
    assert_ignored("bytes=5-9,0-5");
    assert_ignored("bytes=0-9,3-4");
    assert_ignored("bytes=3-4,0-9");
    assert_ignored("bytes=0-1,-1000");
}

static void an_empty_body_has_no_ranges(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"bytes=0-", 0, RANGE_NONE, 0, {{0, 0}}},
        {"bytes=-5", 0, RANGE_NONE, 0, {{0, 0}}},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        check(&rows[i]);
}

static void assert_result(const char *lines, enum range_result expected)
{
    struct field_lines fields;
    struct byte_range ranges[RANGES_MAX];
    size_t count;
    const struct header_list *request = field_lines_read(&fields, span_of(lines));
    assert_int_equal(range_resolve(request, &stored, 100, ranges, &count), expected);
}

static void ranges_come_in_one_field(void **state)
{
    (void)state;
    assert_result("", RANGE_NONE);
    assert_result("Range: bytes=0-1\nRange: bytes=3-4", RANGE_NONE);
    assert_result("Range: bytes=0-1\nRange: bytes=0-1", RANGE_NONE);
}

/* §13.1.5: when If-Range is false the recipient MUST ignore Range. */
static void a_range_of_another_representation_is_ignored(void **state)
{
    (void)state;
    assert_result("Range: bytes=0-1\nIf-Range: \"a\"", RANGE_ONE);
    assert_result("Range: bytes=0-1\nIf-Range: \"b\"", RANGE_NONE);
    assert_result("Range: bytes=200-\nIf-Range: \"b\"", RANGE_NONE);
    assert_result("Range: bytes=200-\nIf-Range: \"a\"", RANGE_UNSATISFIABLE);
    assert_result("Range: bytes=0-1\nIf-Range: Sun, 06 Nov 1994 08:49:37 GMT", RANGE_ONE);
    assert_result("Range: bytes=0-1\nIf-Range: Sun, 06 Nov 1994 08:49:38 GMT", RANGE_NONE);
    assert_result("If-Range: \"a\"", RANGE_NONE); /* MUST be ignored without Range */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_range_is_fitted_to_the_length),
        cmocka_unit_test(several_ranges_keep_their_order),
        cmocka_unit_test(ranges_beyond_the_end_are_left_out),
        cmocka_unit_test(positions_of_any_size_are_fitted),
        cmocka_unit_test(what_breaks_the_grammar_is_ignored),
        cmocka_unit_test(many_or_overlapping_ranges_are_ignored),
        cmocka_unit_test(an_empty_body_has_no_ranges),
        cmocka_unit_test(ranges_come_in_one_field),
        cmocka_unit_test(a_range_of_another_representation_is_ignored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
