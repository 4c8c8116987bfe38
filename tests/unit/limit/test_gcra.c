#include "limit/gcra.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

enum { SECOND_US = 1000000, ARRIVALS = 3000, RATES = 300 };

static const uint64_t start_us = UINT64_C(1772000000) * SECOND_US;

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(2685821657736338717);
}

static void five_at_once_and_the_sixth_waits(void **state)
{
    (void)state;
    const struct gcra_rate rate = gcra_rate_of(5, 10000, 5);
    uint64_t arrival_us = 0;
    for (uint64_t i = 0; i < 5; i++) {
        struct gcra_answer answer = gcra_ask(&rate, arrival_us, 1, start_us);
        assert_true(answer.is_admitted);
        assert_int_equal(answer.remaining, 4 - i);
        assert_int_equal(answer.full_us, (i + 1) * 2 * SECOND_US);
        arrival_us = answer.arrival_us;
    }
    struct gcra_answer answer = gcra_ask(&rate, arrival_us, 1, start_us);
    assert_false(answer.is_admitted);
    assert_int_equal(answer.retry_us, 2 * SECOND_US);
    assert_int_equal(answer.remaining, 0);
    assert_false(gcra_ask(&rate, arrival_us, 1, start_us + answer.retry_us - 1).is_admitted);
    assert_true(gcra_ask(&rate, arrival_us, 1, start_us + answer.retry_us).is_admitted);
}

static void a_cost_is_spent_whole_or_not_at_all(void **state)
{
    (void)state;
    const struct gcra_rate rate = gcra_rate_of(10, 1000, 10);
    struct gcra_answer answer = gcra_ask(&rate, 0, 7, start_us);
    assert_true(answer.is_admitted);
    assert_int_equal(answer.remaining, 3);
    struct gcra_answer refused = gcra_ask(&rate, answer.arrival_us, 4, start_us);
    assert_false(refused.is_admitted);
    assert_int_equal(refused.retry_us, SECOND_US / 10);
    assert_int_equal(refused.remaining, 3);
    assert_true(gcra_ask(&rate, answer.arrival_us, 3, start_us).is_admitted);
}

static void what_is_given_back_was_never_spent(void **state)
{
    (void)state;
    const struct gcra_rate rate = gcra_rate_of(3, 1000, 3);
    struct gcra_answer first = gcra_ask(&rate, 0, 1, start_us);
    struct gcra_answer second = gcra_ask(&rate, first.arrival_us, 2, start_us);
    assert_int_equal(gcra_give_back(&rate, second.arrival_us, 2), first.arrival_us);
    assert_int_equal(gcra_give_back(&rate, 5, 2), 0);
}

static void intervals_are_rounded_up(void **state)
{
    (void)state;
    assert_int_equal(gcra_rate_of(3, 10, 1).interval_us, 3334);
    assert_int_equal(gcra_rate_of(1000, 1, 1).interval_us, 1);
    assert_int_equal(gcra_rate_of(1, GCRA_PER_MAX_MS, GCRA_BURST_MAX).interval_us,
                     GCRA_PER_MAX_MS * 1000);
}

static void the_largest_numbers_fit(void **state)
{
    (void)state;
    const struct gcra_rate rate = gcra_rate_of(1, GCRA_PER_MAX_MS, GCRA_BURST_MAX);
    struct gcra_answer answer = gcra_ask(&rate, 0, GCRA_BURST_MAX, start_us);
    assert_true(answer.is_admitted);
    answer = gcra_ask(&rate, answer.arrival_us, GCRA_BURST_MAX, start_us);
    assert_false(answer.is_admitted);
    assert_int_equal(answer.retry_us, GCRA_BURST_MAX * GCRA_PER_MAX_MS * 1000);
}

/* For random rates and arrivals, in every window: admitted ≤ burst + rate × time; who is refused is admitted
 * at retry_us and not a moment before, and has changed nothing. */
static void in_no_window_more_than_burst_and_rate_allow(void **state)
{
    (void)state;
    uint64_t random = 7;
    uint64_t *admitted = xcalloc(ARRIVALS, sizeof(*admitted));
    for (int round = 0; round < RATES; round++) {
        const struct gcra_rate rate =
            gcra_rate_of(1 + next_random(&random) % 50, 1 + next_random(&random) % 5000,
                         1 + next_random(&random) % 20);
        uint64_t now_us = start_us, arrival_us = 0;
        size_t count = 0;
        for (int i = 0; i < ARRIVALS; i++) {
            now_us += next_random(&random) % (2 * rate.interval_us);
            struct gcra_answer answer = gcra_ask(&rate, arrival_us, 1, now_us);
            if (answer.is_admitted) {
                arrival_us = answer.arrival_us;
                admitted[count++] = now_us;
                continue;
            }
            assert_false(gcra_ask(&rate, arrival_us, 1, now_us + answer.retry_us - 1).is_admitted);
            assert_true(gcra_ask(&rate, arrival_us, 1, now_us + answer.retry_us).is_admitted);
        }
        for (size_t from = 0; from < count; from += 7) {
            for (size_t to = from; to < count && to < from + 200; to++) {
                uint64_t window_us = admitted[to] - admitted[from];
                assert_true(to - from + 1 <= rate.burst + window_us / rate.interval_us);
            }
        }
    }
    free(admitted);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(five_at_once_and_the_sixth_waits),
        cmocka_unit_test(a_cost_is_spent_whole_or_not_at_all),
        cmocka_unit_test(what_is_given_back_was_never_spent),
        cmocka_unit_test(intervals_are_rounded_up),
        cmocka_unit_test(the_largest_numbers_fit),
        cmocka_unit_test(in_no_window_more_than_burst_and_rate_allow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
