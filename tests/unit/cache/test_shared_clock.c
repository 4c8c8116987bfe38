#include "cache/shared_clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { SECOND_US = 1000000 };

static void the_server_is_asked_in_the_middle_of_the_round(void **state)
{
    (void)state;
    struct shared_clock clock = {0};
    assert_true(shared_clock_note(&clock, 1000, 3000, 2500));
    assert_int_equal(clock.offset_us, 500);
    assert_int_equal(clock.round_us, 2000);
    clock = (struct shared_clock){0};
    assert_true(shared_clock_note(&clock, 1000, 3000, 1500));
    assert_int_equal(clock.offset_us, -500);
}

static void a_quicker_answer_is_believed(void **state)
{
    (void)state;
    struct shared_clock clock = {0};
    assert_true(shared_clock_note(&clock, 1000, 3000, 2500));
    assert_true(shared_clock_note(&clock, 5000, 5100, 5850));
    assert_int_equal(clock.offset_us, 800);
}

static void a_slower_one_is_not_while_it_may_be_wrong_by_as_much(void **state)
{
    (void)state;
    struct shared_clock clock = {0};
    assert_true(shared_clock_note(&clock, 1000, 1200, 1100));
    assert_false(shared_clock_note(&clock, 5000, 25000, 24000));
    assert_int_equal(clock.offset_us, 0);
    assert_int_equal(clock.at_us, 1200);
}

static void a_clock_that_was_set_is_followed_at_once(void **state)
{
    (void)state;
    struct shared_clock clock = {0};
    assert_true(shared_clock_note(&clock, 1000, 1200, 1100));
    assert_true(shared_clock_note(&clock, 5000, 25000, 15000 + SECOND_US));
    assert_int_equal(clock.offset_us, SECOND_US);
    assert_true(shared_clock_note(&clock, 30000, 60000, 45000));
    assert_int_equal(clock.offset_us, 0);
}

static void an_answer_holds_for_five_minutes(void **state)
{
    (void)state;
    struct shared_clock clock = {0};
    const uint64_t later = 1200 + UINT64_C(300) * SECOND_US;
    assert_true(shared_clock_note(&clock, 1000, 1200, 1100));
    assert_false(shared_clock_note(&clock, later - 1000, later - 1, later));
    assert_true(shared_clock_note(&clock, later - 1000, later, later));
    assert_int_equal(clock.offset_us, 500);
}

static void what_cannot_be_is_ignored(void **state)
{
    (void)state;
    struct shared_clock clock = {0};
    assert_false(shared_clock_note(&clock, 2000, 1000, 1500));
    assert_false(shared_clock_note(&clock, 1000, 2000, UINT64_MAX));
    assert_int_equal(clock.at_us, 0);
    assert_true(shared_clock_note(&clock, 1000, 2000, 0));
    assert_int_equal(clock.offset_us, -1500);
    assert_true(shared_clock_note(&clock, 3000, 4000, INT64_MAX));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_server_is_asked_in_the_middle_of_the_round),
        cmocka_unit_test(a_quicker_answer_is_believed),
        cmocka_unit_test(a_slower_one_is_not_while_it_may_be_wrong_by_as_much),
        cmocka_unit_test(a_clock_that_was_set_is_followed_at_once),
        cmocka_unit_test(an_answer_holds_for_five_minutes),
        cmocka_unit_test(what_cannot_be_is_ignored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
