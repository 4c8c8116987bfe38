#include "upstream/breaker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { START = 100000, SECOND = 1000 };

static void record_many(struct breaker *breaker, enum call_outcome outcome, unsigned count,
                        uint64_t now_ms)
{
    for (unsigned i = 0; i < count; i++)
        (void)breaker_record(breaker, outcome, now_ms);
}

static void breaker_stays_closed_below_twenty_calls(void **state)
{
    (void)state;
    struct breaker breaker;
    breaker_init(&breaker);
    record_many(&breaker, OUTCOME_BAD, 19, START);
    assert_true(breaker_allows(&breaker, START));
    assert_true(breaker_record(&breaker, OUTCOME_BAD, START));
    assert_false(breaker_allows(&breaker, START));
}

static void breaker_opens_when_half_of_the_calls_fail(void **state)
{
    (void)state;
    struct breaker breaker;
    breaker_init(&breaker);
    record_many(&breaker, OUTCOME_GOOD, 15, START);
    record_many(&breaker, OUTCOME_BAD, 14, START);
    assert_true(breaker_allows(&breaker, START));
    assert_true(breaker_record(&breaker, OUTCOME_BAD, START));
    assert_int_equal(breaker_wait_ms(&breaker, START), 5 * SECOND);
}

static void breaker_forgets_what_is_older_than_ten_seconds(void **state)
{
    (void)state;
    struct breaker breaker;
    breaker_init(&breaker);
    record_many(&breaker, OUTCOME_BAD, 19, START);
    assert_false(breaker_record(&breaker, OUTCOME_BAD, START + 10 * SECOND));
    assert_true(breaker_allows(&breaker, START + 10 * SECOND));
    record_many(&breaker, OUTCOME_BAD, 18, START + 10 * SECOND);
    assert_true(breaker_record(&breaker, OUTCOME_BAD, START + 11 * SECOND));
}

static void five_connections_in_a_row_that_fail_open_it(void **state)
{
    (void)state;
    struct breaker breaker;
    breaker_init(&breaker);
    record_many(&breaker, OUTCOME_UNCONNECTED, 4, START);
    record_many(&breaker, OUTCOME_GOOD, 1, START);
    record_many(&breaker, OUTCOME_UNCONNECTED, 4, START);
    assert_true(breaker_allows(&breaker, START));
    assert_true(breaker_record(&breaker, OUTCOME_UNCONNECTED, START));
    assert_false(breaker_allows(&breaker, START));
}

static void one_probe_is_let_through_after_the_pause(void **state)
{
    (void)state;
    struct breaker breaker;
    breaker_init(&breaker);
    record_many(&breaker, OUTCOME_UNCONNECTED, 5, START);
    assert_false(breaker_allows(&breaker, START + 5 * SECOND - 1));
    assert_true(breaker_allows(&breaker, START + 5 * SECOND));
    assert_false(breaker_allows(&breaker, START + 5 * SECOND));
    (void)breaker_record(&breaker, OUTCOME_GOOD, START + 5 * SECOND);
    assert_true(breaker_allows(&breaker, START + 5 * SECOND));
    assert_true(breaker_allows(&breaker, START + 5 * SECOND));
}

static void each_failed_probe_doubles_the_pause_up_to_a_minute(void **state)
{
    (void)state;
    struct breaker breaker;
    uint64_t now_ms = START;
    static const uint64_t pauses[] = {5, 10, 20, 40, 60, 60};
    breaker_init(&breaker);
    record_many(&breaker, OUTCOME_UNCONNECTED, 5, now_ms);
    for (size_t i = 0; i < COUNT_OF(pauses); i++) {
        assert_int_equal(breaker_wait_ms(&breaker, now_ms), pauses[i] * SECOND);
        now_ms += pauses[i] * SECOND;
        assert_true(breaker_allows(&breaker, now_ms));
        assert_true(breaker_record(&breaker, OUTCOME_BAD, now_ms));
    }
}

static void a_probe_without_an_outcome_gives_its_place_to_the_next(void **state)
{
    (void)state;
    struct breaker breaker;
    breaker_init(&breaker);
    record_many(&breaker, OUTCOME_UNCONNECTED, 5, START);
    assert_true(breaker_allows(&breaker, START + 5 * SECOND));
    assert_false(breaker_record(&breaker, OUTCOME_UNKNOWN, START + 6 * SECOND));
    assert_true(breaker_allows(&breaker, START + 6 * SECOND));
}

static void calls_that_had_begun_before_it_opened_change_nothing(void **state)
{
    (void)state;
    struct breaker breaker;
    breaker_init(&breaker);
    record_many(&breaker, OUTCOME_UNCONNECTED, 5, START);
    assert_false(breaker_record(&breaker, OUTCOME_GOOD, START + 1));
    assert_false(breaker_record(&breaker, OUTCOME_BAD, START + 1));
    assert_int_equal(breaker_wait_ms(&breaker, START + 1), 5 * SECOND - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(breaker_stays_closed_below_twenty_calls),
        cmocka_unit_test(breaker_opens_when_half_of_the_calls_fail),
        cmocka_unit_test(breaker_forgets_what_is_older_than_ten_seconds),
        cmocka_unit_test(five_connections_in_a_row_that_fail_open_it),
        cmocka_unit_test(one_probe_is_let_through_after_the_pause),
        cmocka_unit_test(each_failed_probe_doubles_the_pause_up_to_a_minute),
        cmocka_unit_test(a_probe_without_an_outcome_gives_its_place_to_the_next),
        cmocka_unit_test(calls_that_had_begun_before_it_opened_change_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
