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
    uint64_t refund_us = gcra_refund_us(&rate, 2, start_us, start_us);
    assert_int_equal(second.arrival_us - refund_us, first.arrival_us);
}

/* Others may have had it. */
static void what_has_come_anew_since_then_is_not_given_back(void **state)
{
    (void)state;
    const struct gcra_rate rate = gcra_rate_of(1, 1000, 4);
    assert_int_equal(gcra_refund_us(&rate, 2, start_us, start_us + SECOND_US / 2),
                     3 * SECOND_US / 2);
    assert_int_equal(gcra_refund_us(&rate, 2, start_us, start_us + 2 * SECOND_US), 0);
    assert_int_equal(gcra_refund_us(&rate, 2, start_us, start_us + 9 * SECOND_US), 0);
    assert_int_equal(gcra_refund_us(&rate, 1, start_us, start_us - 5), SECOND_US);
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

/* A request that was admitted and may be called back. */
struct spending {
    uint64_t since_us, refund_at_us; /* 0: it is kept */
};

/* Sets the arrival time back for those whose moment has come, as they come. */
static void call_back(struct spending *all, size_t count, const struct gcra_rate *rate,
                      uint64_t *arrival_us, uint64_t now_us)
{
    for (size_t i = 0; i < count; i++) {
        if (all[i].refund_at_us == 0 || all[i].refund_at_us > now_us)
            continue;
        *arrival_us -= gcra_refund_us(rate, 1, all[i].since_us, now_us);
        all[i] = all[--count];
        all[count].refund_at_us = 0;
        i--;
    }
}

/* For random rates, arrivals and waits: of those who are not called back, in every window no more than burst +
 * rate × time. */
static void refunds_admit_nobody_beyond_the_bound(void **state)
{
    (void)state;
    uint64_t random = 3;
    uint64_t *kept = xcalloc(ARRIVALS, sizeof(*kept));
    struct spending *open = xcalloc(ARRIVALS, sizeof(*open));
    size_t refunds = 0;
    for (int round = 0; round < RATES; round++) {
        const struct gcra_rate rate =
            gcra_rate_of(1 + next_random(&random) % 50, 1 + next_random(&random) % 5000,
                         1 + next_random(&random) % 20);
        uint64_t now_us = start_us, arrival_us = 0;
        size_t count = 0, spent = 0;
        for (int i = 0; i < ARRIVALS / 4; i++) {
            now_us += next_random(&random) % (2 * rate.interval_us);
            call_back(open, spent, &rate, &arrival_us, now_us);
            struct gcra_answer answer = gcra_ask(&rate, arrival_us, 1, now_us);
            if (!answer.is_admitted)
                continue;
            arrival_us = answer.arrival_us;
            bool is_kept = next_random(&random) % 2 == 0;
            if (is_kept)
                kept[count++] = now_us;
            uint64_t wait_us = 1 + next_random(&random) % (2 * rate.burst * rate.interval_us);
            open[spent++] = (struct spending){now_us, is_kept ? 0 : now_us + wait_us};
            refunds += !is_kept;
        }
        for (size_t from = 0; from < count; from++) {
            for (size_t to = from; to < count && to < from + 100; to++) {
                uint64_t window_us = kept[to] - kept[from];
                assert_true(to - from + 1 <= rate.burst + window_us / rate.interval_us);
            }
        }
    }
    assert_true(refunds > 10 * ARRIVALS);
    free(open);
    free(kept);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(five_at_once_and_the_sixth_waits),
        cmocka_unit_test(a_cost_is_spent_whole_or_not_at_all),
        cmocka_unit_test(what_is_given_back_was_never_spent),
        cmocka_unit_test(what_has_come_anew_since_then_is_not_given_back),
        cmocka_unit_test(refunds_admit_nobody_beyond_the_bound),
        cmocka_unit_test(intervals_are_rounded_up),
        cmocka_unit_test(the_largest_numbers_fit),
        cmocka_unit_test(in_no_window_more_than_burst_and_rate_allow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
