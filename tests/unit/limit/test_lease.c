#include "limit/lease.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { MS = 1000, BURST = 40 };

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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
