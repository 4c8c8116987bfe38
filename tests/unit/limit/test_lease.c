#include "limit/lease.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { MS = 1000, BURST = 40, WORKERS = 3, ARRIVALS = 3000, RATES = 100 };

static const struct gcra_rate rate = {10 * MS, BURST}, small = {10 * MS, 8};
static const uint64_t start_us = 1000000000;

static int set_up(void **state)
{
    *state = lease_table_create();
    return 0;
}

static int tear_down(void **state)
{
    lease_table_destroy(*state);
    return 0;
}

static struct limit_claim claim_of(uint64_t number)
{
    return (struct limit_claim){.key = {{number, 7}}, .rate = &rate, .cost = 1};
}

/* As if asked and answered: so much granted beyond the cost. */
static void grant(struct lease_table *leases, struct limit_claim *claim, uint64_t granted,
                  uint64_t now_us)
{
    claim->answer = (struct gcra_answer){.is_admitted = true, .remaining = BURST - 1};
    lease_note(leases, claim, granted, now_us);
}

static void refuse(struct lease_table *leases, struct limit_claim *claim, uint64_t retry_us,
                   uint64_t now_us)
{
    claim->answer = (struct gcra_answer){.retry_us = retry_us};
    lease_note(leases, claim, 0, now_us);
}

static void nothing_is_known_at_first(void **state)
{
    struct limit_claim claim = claim_of(1);
    assert_int_equal(lease_take(*state, &claim, 1, start_us), LEASE_ASK);
}

static void a_batch_is_wished_for_only_when_many_come(void **state)
{
    struct limit_claim claim = claim_of(1);
    for (int i = 0; i < 4; i++)
        assert_int_equal(lease_wish(*state, &claim, start_us), 0);
    assert_int_equal(lease_wish(*state, &claim, start_us), BURST / 4);
    assert_int_equal(lease_wish(*state, &claim, start_us + lease_life_us(&rate)), 0);
    claim.rate = &small;
    for (int i = 0; i < 20; i++)
        assert_int_equal(lease_wish(*state, &claim, start_us), 0);
}

static void a_lease_is_spent_while_it_lives(void **state)
{
    struct limit_claim claim = claim_of(1);
    grant(*state, &claim, 3, start_us);
    for (uint64_t left = 3; left > 0; left--) {
        assert_int_equal(lease_take(*state, &claim, 1, start_us), LEASE_ADMITTED);
        assert_int_equal(claim.answer.remaining, BURST - 1 - 3 + left - 1);
    }
    assert_int_equal(lease_take(*state, &claim, 1, start_us), LEASE_ASK);
    grant(*state, &claim, 3, start_us);
    uint64_t end_us = start_us + lease_life_us(&rate);
    assert_int_equal(lease_take(*state, &claim, 1, end_us - 1), LEASE_ADMITTED);
    assert_int_equal(lease_take(*state, &claim, 1, end_us), LEASE_ASK);
}

/* Else 1.25 × burst would not be the bound. */
static void no_more_than_a_quarter_of_the_burst_comes_anew_while_it_lives(void **state)
{
    (void)state;
    static const struct gcra_rate slow = {1000 * MS, 1000};
    assert_int_equal(lease_life_us(&rate), BURST / 4 * rate.interval_us);
    assert_int_equal(lease_life_us(&slow), 250 * MS);
}

static void all_are_spent_from_leases_or_none(void **state)
{
    struct limit_claim claims[] = {claim_of(1), claim_of(2)};
    grant(*state, &claims[0], 2, start_us);
    assert_int_equal(lease_take(*state, claims, 2, start_us), LEASE_ASK);
    grant(*state, &claims[1], 1, start_us);
    assert_int_equal(lease_take(*state, claims, 2, start_us), LEASE_ADMITTED);
    assert_int_equal(lease_take(*state, claims, 2, start_us), LEASE_ASK);
    assert_int_equal(lease_take(*state, claims, 1, start_us), LEASE_ADMITTED);
}

static void a_refusal_holds_until_its_time_and_a_second_at_most(void **state)
{
    struct limit_claim claim = claim_of(1);
    refuse(*state, &claim, 5 * MS, start_us);
    assert_int_equal(lease_take(*state, &claim, 1, start_us + 5 * MS - 1), LEASE_REFUSED);
    assert_int_equal(claim.answer.retry_us, 1);
    assert_int_equal(lease_take(*state, &claim, 1, start_us + 5 * MS), LEASE_ASK);
    refuse(*state, &claim, 5000 * MS, start_us);
    assert_int_equal(lease_take(*state, &claim, 1, start_us + 999 * MS), LEASE_REFUSED);
    assert_int_equal(claim.answer.retry_us, 4001 * MS);
    assert_int_equal(lease_take(*state, &claim, 1, start_us + 1000 * MS), LEASE_ASK);
}

static void a_shadows_refusal_refuses_nothing(void **state)
{
    struct limit_claim claim = claim_of(1);
    refuse(*state, &claim, 5 * MS, start_us);
    claim.is_shadow = true;
    assert_int_equal(lease_take(*state, &claim, 1, start_us), LEASE_ASK);
}

static void under_load_it_waits_for_a_batch(void **state)
{
    struct limit_claim claim = claim_of(1);
    for (int i = 0; i < 5; i++)
        (void)lease_wish(*state, &claim, start_us);
    refuse(*state, &claim, 1, start_us);
    uint64_t pause_us = lease_life_us(&rate) / 4;
    assert_int_equal(lease_take(*state, &claim, 1, start_us + pause_us - 1), LEASE_REFUSED);
    assert_int_equal(lease_take(*state, &claim, 1, start_us + pause_us), LEASE_ASK);
}

static void under_load_it_waits_also_when_the_last_batch_was_all_there_was(void **state)
{
    struct limit_claim claim = claim_of(1);
    for (int i = 0; i < 5; i++)
        (void)lease_wish(*state, &claim, start_us);
    claim.answer = (struct gcra_answer){.is_admitted = true, .remaining = 2};
    lease_note(*state, &claim, 2, start_us);
    assert_int_equal(lease_take(*state, &claim, 1, start_us), LEASE_ADMITTED);
    assert_int_equal(lease_take(*state, &claim, 1, start_us), LEASE_ADMITTED);
    assert_int_equal(lease_take(*state, &claim, 1, start_us), LEASE_REFUSED);
    assert_int_equal(lease_take(*state, &claim, 1, start_us + lease_life_us(&rate) / 4), LEASE_ASK);
}

static void who_is_pushed_out_asks_again(void **state)
{
    struct limit_claim claim = claim_of(1), other = claim_of(1 + 4096);
    grant(*state, &claim, 3, start_us);
    grant(*state, &other, 3, start_us);
    assert_int_equal(lease_take(*state, &claim, 1, start_us), LEASE_ASK);
    assert_int_equal(lease_take(*state, &other, 1, start_us), LEASE_ADMITTED);
}

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(2685821657736338717);
}

/* What limit_script_take does, for one claim. */
static void ask_shared(struct lease_table *leases, struct limit_claim *claim, uint64_t *arrival_us,
                       uint64_t now_us)
{
    uint64_t wish = lease_wish(leases, claim, now_us), granted = 0;
    claim->answer = gcra_ask(claim->rate, *arrival_us, claim->cost, now_us);
    if (claim->answer.is_admitted) {
        granted = wish < claim->answer.remaining ? wish : claim->answer.remaining;
        *arrival_us = claim->answer.arrival_us + granted * claim->rate->interval_us;
    }
    lease_note(leases, claim, granted, now_us);
}

/* A trickle that gets a lease; then, while it lives, perhaps a storm; then time for all of the burst to come
 * back. */
static uint64_t next_pause(uint64_t *random, const struct gcra_rate *of, bool *is_storm)
{
    uint64_t mean = *is_storm ? 2 * of->burst : 8;
    if (next_random(random) % mean > 0)
        return *is_storm ? 0 : next_random(random) % of->interval_us;
    *is_storm = !*is_storm;
    return next_random(random) % (*is_storm ? lease_life_us(of) : 2 * of->burst * of->interval_us);
}

/* When what came at random to random workers was admitted. leased: how much of it without asking. */
static size_t admit_at_random(struct lease_table *workers[], const struct gcra_rate *of,
                              uint64_t *random, uint64_t admitted_us[ARRIVALS], size_t *leased)
{
    uint64_t now_us = start_us, arrival_us = 0;
    size_t count = 0;
    bool is_storm = false;
    for (size_t i = 0; i < ARRIVALS; i++) {
        now_us += next_pause(random, of, &is_storm);
        struct lease_table *leases = workers[next_random(random) % WORKERS];
        struct limit_claim claim = claim_of(1);
        claim.rate = of;
        enum lease_answer answer = lease_take(leases, &claim, 1, now_us);
        *leased += answer == LEASE_ADMITTED;
        if (answer == LEASE_ASK)
            ask_shared(leases, &claim, &arrival_us, now_us);
        if (claim.answer.is_admitted)
            admitted_us[count++] = now_us;
    }
    return count;
}

/* For random rates and arrivals at several workers, in every window: admitted ≤ 1.25 × burst + rate × time. */
static void in_no_window_more_than_a_quarter_of_the_burst_is_lent(void **state)
{
    (void)state;
    static uint64_t admitted_us[ARRIVALS];
    uint64_t random = 11;
    size_t leased = 0, beyond = 0;
    for (int round = 0; round < RATES; round++) {
        struct lease_table *workers[WORKERS];
        for (size_t i = 0; i < WORKERS; i++)
            workers[i] = lease_table_create();
        const struct gcra_rate one =
            gcra_rate_of(1 + next_random(&random) % 500, 1 + next_random(&random) % 2000,
                         8 + next_random(&random) % 100);
        size_t count = admit_at_random(workers, &one, &random, admitted_us, &leased);
        for (size_t from = 0; from < count; from += 3) {
            for (size_t to = from; to < count && to < from + 4 * one.burst; to++) {
                uint64_t new = (admitted_us[to] - admitted_us[from]) / one.interval_us;
                assert_true(to - from + 1 <= one.burst + one.burst / 4 + new);
                beyond += to - from + 1 > one.burst + new;
            }
        }
        for (size_t i = 0; i < WORKERS; i++)
            lease_table_destroy(workers[i]);
    }
    assert_true(leased > 0 && beyond > 0); /* else it was not tried */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(nothing_is_known_at_first),
        TEST(a_batch_is_wished_for_only_when_many_come),
        TEST(a_lease_is_spent_while_it_lives),
        TEST(no_more_than_a_quarter_of_the_burst_comes_anew_while_it_lives),
        TEST(all_are_spent_from_leases_or_none),
        TEST(a_refusal_holds_until_its_time_and_a_second_at_most),
        TEST(a_shadows_refusal_refuses_nothing),
        TEST(under_load_it_waits_for_a_batch),
        TEST(under_load_it_waits_also_when_the_last_batch_was_all_there_was),
        TEST(who_is_pushed_out_asks_again),
        cmocka_unit_test(in_no_window_more_than_a_quarter_of_the_burst_is_lent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
