#include "client/pace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const struct pace_limits limits = {.step_ms = 10, .span = 3, .least = 300};

/* Looks every 10 ms at counts; how many looks it takes to find it too slow, 0 for never. */
static unsigned looks_until_slow(const struct pace_limits *kept, const uint64_t *counts,
                                 unsigned count)
{
    struct pace pace;
    pace_begin(&pace, kept, 1000, 0);
    for (unsigned look = 1; look <= count; look++) {
        if (!pace_is_kept(&pace, kept, 1000 + 10 * (uint64_t)look, counts[look - 1]))
            return look;
    }
    return 0;
}

static void what_does_not_move_is_found_after_one_span(void **state)
{
    (void)state;
    static const uint64_t counts[9] = {0};
    assert_int_equal(looks_until_slow(&limits, counts, 9), 3);
}

static void the_least_in_each_span_is_enough_however_it_comes(void **state)
{
    (void)state;
    static const uint64_t even[] = {100, 200, 300, 400, 500, 600, 700, 800};
    static const uint64_t at_once[] = {0, 0, 300, 300, 300, 600, 600, 600, 900};
    static const uint64_t in_large_steps[] = {9000, 9000, 9000, 99000, 99000, 99000};
    assert_int_equal(looks_until_slow(&limits, even, 8), 0);
    assert_int_equal(looks_until_slow(&limits, at_once, 9), 0);
    assert_int_equal(looks_until_slow(&limits, in_large_steps, 6), 0);
}

static void one_byte_less_is_too_little_in_any_span(void **state)
{
    (void)state;
    static const uint64_t at_first[] = {100, 200, 299};
    static const uint64_t later[] = {100, 200, 300, 399};
    static const uint64_t much_later[] = {500, 1000, 1500, 1500, 1600, 1799, 1799, 1899};
    assert_int_equal(looks_until_slow(&limits, at_first, 3), 3);
    assert_int_equal(looks_until_slow(&limits, later, 4), 4);
    assert_int_equal(looks_until_slow(&limits, much_later, 8), 6);
}

static void what_moved_before_is_not_saved_up(void **state)
{
    (void)state;
    static const uint64_t counts[] = {1000000, 1000000, 1000000, 1000000};
    assert_int_equal(looks_until_slow(&limits, counts, 4), 4);
}

static void a_span_may_be_as_long_as_the_ring(void **state)
{
    (void)state;
    static const struct pace_limits longest = {.step_ms = 10, .span = PACE_SPAN_MAX, .least = 4};
    static const uint64_t enough[] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    static const uint64_t too_little[] = {1, 2, 3, 4, 5, 6, 7, 7, 8};
    assert_int_equal(looks_until_slow(&longest, enough, 9), 0);
    assert_int_equal(looks_until_slow(&longest, too_little, 9), 8);
}

static void looking_too_early_changes_nothing(void **state)
{
    (void)state;
    struct pace pace;
    pace_begin(&pace, &limits, 1000, 0);
    for (uint64_t now_ms = 1000; now_ms < 1030; now_ms++)
        assert_true(pace_is_kept(&pace, &limits, now_ms, 0));
    assert_int_equal(pace.next_ms, 1030);
    assert_false(pace_is_kept(&pace, &limits, 1030, 0));
}

static void a_time_without_looks_blames_nobody(void **state)
{
    (void)state;
    struct pace pace;
    pace_begin(&pace, &limits, 1000, 0);
    assert_true(pace_is_kept(&pace, &limits, 100000, 0));
    assert_int_equal(pace.next_ms, 100010);
    assert_true(pace_is_kept(&pace, &limits, 100010, 0));
    assert_true(pace_is_kept(&pace, &limits, 100020, 300));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_does_not_move_is_found_after_one_span),
        cmocka_unit_test(the_least_in_each_span_is_enough_however_it_comes),
        cmocka_unit_test(one_byte_less_is_too_little_in_any_span),
        cmocka_unit_test(what_moved_before_is_not_saved_up),
        cmocka_unit_test(a_span_may_be_as_long_as_the_ring),
        cmocka_unit_test(looking_too_early_changes_nothing),
        cmocka_unit_test(a_time_without_looks_blames_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
