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

static enum lease_answer take(struct lease_table *leases, struct limit_claim *claim,
                              uint64_t now_us)
{
    unsigned open;
    return lease_take(leases, claim, 1, now_us, &open);
}

static uint64_t wish(struct lease_table *leases, const struct limit_claim *claim, uint64_t now_us)
{
    return lease_wish(leases, claim, now_us, now_us + MS);
}

/* As if debited ahead at that moment. */
static void lend(struct lease_table *leases, struct limit_claim *claim, uint64_t granted,
                 uint64_t now_us)
{
    claim->answer = (struct gcra_answer){.is_admitted = true, .remaining = BURST};
    lease_fill(leases, claim, granted, now_us, now_us);
}

static void refuse(struct lease_table *leases, struct limit_claim *claim, uint64_t retry_us,
                   uint64_t now_us)
{
    claim->answer = (struct gcra_answer){.retry_us = retry_us};
    lease_note(leases, claim, false, now_us);
}

static void come(struct lease_table *leases, uint64_t number, int times, uint64_t now_us)
{
    struct limit_claim claim = claim_of(number);
    for (int i = 0; i < times; i++)
        (void)take(leases, &claim, now_us);
}

static void nothing_is_known_at_first(void **state)
{
    struct limit_claim claim = claim_of(1);
    assert_int_equal(take(*state, &claim, start_us), LEASE_ASK);
}

static void a_batch_is_what_comes_in_half_a_life_and_a_quarter_of_the_burst_at_most(void **state)
{
    struct limit_claim claim = claim_of(1);
    come(*state, 1, 7, start_us);
    assert_int_equal(wish(*state, &claim, start_us), 0);
    come(*state, 1, 1, start_us);
    assert_int_equal(wish(*state, &claim, start_us), 4);
    come(*state, 1, 4, start_us);
    assert_int_equal(wish(*state, &claim, start_us + MS), 6);
    come(*state, 1, 100, start_us);
    assert_int_equal(wish(*state, &claim, start_us + 2 * MS), BURST / 4);
}

static void what_came_in_the_window_before_counts_and_nothing_older(void **state)
{
    struct limit_claim claim = claim_of(1);
    come(*state, 1, 12, start_us);
    come(*state, 1, 1, start_us + lease_life_us(&rate));
    assert_int_equal(wish(*state, &claim, start_us + lease_life_us(&rate)), 6);
    come(*state, 1, 1, start_us + 3 * lease_life_us(&rate));
    assert_int_equal(wish(*state, &claim, start_us + 3 * lease_life_us(&rate)), 0);
}

static void a_small_burst_is_not_debited_ahead(void **state)
{
    struct limit_claim claim = claim_of(1);
    claim.rate = &small;
    for (int i = 0; i < 50; i++)
        (void)take(*state, &claim, start_us);
    assert_int_equal(wish(*state, &claim, start_us), 0);
}

/* Else all who come while it is under way would debit one each, and all but the last be lost. */
static void one_batch_is_under_way_at_a_time(void **state)
{
    struct limit_claim claim = claim_of(1);
    come(*state, 1, 20, start_us);
    assert_int_equal(wish(*state, &claim, start_us), 10);
    assert_int_equal(wish(*state, &claim, start_us + MS - 1), 0);
    assert_int_equal(wish(*state, &claim, start_us + MS), 10);
    lend(*state, &claim, 4, start_us + MS);
    assert_int_equal(wish(*state, &claim, start_us + MS), 6);
}

static void a_wish_that_went_with_a_refused_request_may_be_made_again(void **state)
{
    struct limit_claim claim = claim_of(1);
    come(*state, 1, 20, start_us);
    assert_int_equal(wish(*state, &claim, start_us), 10);
    claim.answer = (struct gcra_answer){.retry_us = 1};
    lease_note(*state, &claim, false, start_us);
    assert_int_equal(wish(*state, &claim, start_us), 0);
    lease_note(*state, &claim, true, start_us);
    assert_int_equal(wish(*state, &claim, start_us), 10);
}

static void no_more_is_wished_for_while_half_of_it_is_there(void **state)
{
    struct limit_claim claim = claim_of(1);
    come(*state, 1, 16, start_us);
    lend(*state, &claim, 4, start_us);
    assert_int_equal(wish(*state, &claim, start_us), 0);
    come(*state, 1, 1, start_us);
    assert_int_equal(wish(*state, &claim, start_us), 7); /* what is held: a quarter at most */
}

static void a_lease_is_spent_while_it_lives(void **state)
{
    struct limit_claim claim = claim_of(1);
    lend(*state, &claim, 3, start_us);
    for (uint64_t left = 3; left > 0; left--) {
        assert_int_equal(take(*state, &claim, start_us), LEASE_ADMITTED);
        assert_int_equal(claim.answer.remaining, BURST - 3 + left - 1);
    }
    assert_int_equal(take(*state, &claim, start_us), LEASE_ASK);
    lend(*state, &claim, 3, start_us);
    uint64_t end_us = start_us + lease_life_us(&rate);
    assert_int_equal(take(*state, &claim, end_us - 1), LEASE_ADMITTED);
    assert_int_equal(take(*state, &claim, end_us), LEASE_ASK);
}

static void who_looks_at_what_is_lent_spends_nothing(void **state)
{
    struct limit_claim claim = claim_of(1), other = claim_of(2);
    lend(*state, &claim, 3, start_us);
    uint64_t life_us = lease_life_us(claim.rate);
    for (int i = 0; i < 5; i++)
        assert_int_equal(lease_lent(*state, &claim, start_us + 1), 3);
    assert_int_equal(lease_lent(*state, &other, start_us + 1), 0);
    assert_int_equal(lease_lent(*state, &claim, start_us + life_us), 0);
}

static void a_later_batch_does_not_lengthen_the_life_of_the_one_before(void **state)
{
    struct limit_claim claim = claim_of(1);
    uint64_t life_us = lease_life_us(&rate);
    lend(*state, &claim, 2, start_us);
    lend(*state, &claim, 1, start_us + life_us / 2);
    assert_int_equal(take(*state, &claim, start_us + life_us), LEASE_ADMITTED);
    assert_int_equal(take(*state, &claim, start_us + life_us), LEASE_ASK);
}

/* Its answer may be late. */
static void a_lease_lives_from_when_it_was_asked_for(void **state)
{
    struct limit_claim claim = claim_of(1);
    claim.answer = (struct gcra_answer){.is_admitted = true, .remaining = BURST};
    lease_fill(*state, &claim, 3, start_us, start_us + 20 * MS);
    assert_int_equal(take(*state, &claim, start_us + lease_life_us(&rate)), LEASE_ASK);
}

/* Else 1.25 × burst would not be the bound. */
static void no_more_than_a_quarter_of_the_burst_comes_anew_while_it_lives(void **state)
{
    (void)state;
    static const struct gcra_rate slow = {1000 * MS, 1000};
    assert_int_equal(lease_life_us(&rate), BURST / 4 * rate.interval_us);
    assert_int_equal(lease_life_us(&slow), 250 * MS);
}

/* A partition that is not lent must not let what is lent for another go to waste. */
static void what_is_lent_is_spent_and_the_rest_is_asked_for(void **state)
{
    struct limit_claim claims[] = {claim_of(1), claim_of(2)};
    unsigned open = 0;
    lend(*state, &claims[0], 2, start_us);
    assert_int_equal(lease_take(*state, claims, 2, start_us, &open), LEASE_ASK);
    assert_int_equal(open, 2);
    assert_true(claims[0].lent_until_us > 0 && claims[1].lent_until_us == 0);
    lend(*state, &claims[1], 1, start_us);
    assert_int_equal(lease_take(*state, claims, 2, start_us, &open), LEASE_ADMITTED);
    assert_int_equal(lease_take(*state, claims, 2, start_us, &open), LEASE_ASK);
    assert_int_equal(open, 3);
}

static void what_is_put_back_is_there_again_and_ends_no_later(void **state)
{
    struct limit_claim claim = claim_of(1);
    uint64_t end_us = start_us + lease_life_us(&rate);
    lend(*state, &claim, 1, start_us);
    assert_int_equal(take(*state, &claim, start_us), LEASE_ADMITTED);
    lease_put_back(*state, &claim, end_us - 1);
    assert_int_equal(take(*state, &claim, end_us - 1), LEASE_ADMITTED);
    lend(*state, &claim, 1, end_us - 1);
    claim.lent_until_us = end_us;
    lease_put_back(*state, &claim, end_us);
    assert_int_equal(take(*state, &claim, end_us), LEASE_ADMITTED);
    assert_int_equal(take(*state, &claim, end_us), LEASE_ASK);
}

static void who_is_refused_by_one_spends_nothing_of_another(void **state)
{
    struct limit_claim claims[] = {claim_of(1), claim_of(2)};
    unsigned open;
    lend(*state, &claims[0], 1, start_us);
    refuse(*state, &claims[1], 5 * MS, start_us);
    for (int i = 0; i < 3; i++)
        assert_int_equal(lease_take(*state, claims, 2, start_us, &open), LEASE_REFUSED);
    assert_int_equal(take(*state, &claims[0], start_us), LEASE_ADMITTED);
}

static void a_refusal_holds_until_its_time_and_a_second_at_most(void **state)
{
    struct limit_claim claim = claim_of(1);
    refuse(*state, &claim, 5 * MS, start_us);
    assert_int_equal(take(*state, &claim, start_us + 5 * MS - 1), LEASE_REFUSED);
    assert_int_equal(claim.answer.retry_us, 1);
    assert_int_equal(take(*state, &claim, start_us + 5 * MS), LEASE_ASK);
    refuse(*state, &claim, 5000 * MS, start_us);
    assert_int_equal(take(*state, &claim, start_us + 999 * MS), LEASE_REFUSED);
    assert_int_equal(claim.answer.retry_us, 4001 * MS);
    assert_int_equal(take(*state, &claim, start_us + 1000 * MS), LEASE_ASK);
}

static void a_shadow_that_would_refuse_is_not_asked_for_and_refuses_nothing(void **state)
{
    struct limit_claim claim = claim_of(1);
    refuse(*state, &claim, 5 * MS, start_us);
    claim.is_shadow = true;
    assert_int_equal(take(*state, &claim, start_us), LEASE_ADMITTED);
    assert_false(claim.answer.is_admitted);
    assert_int_equal(take(*state, &claim, start_us + 5 * MS), LEASE_ASK);
}

static void under_load_it_waits_for_a_batch(void **state)
{
    struct limit_claim claim = claim_of(1);
    come(*state, 1, 8, start_us);
    refuse(*state, &claim, 1, start_us);
    uint64_t pause_us = lease_life_us(&rate) / 4;
    assert_int_equal(take(*state, &claim, start_us + pause_us - 1), LEASE_REFUSED);
    assert_int_equal(take(*state, &claim, start_us + pause_us), LEASE_ASK);
}

static void under_load_one_asks_for_all_when_a_refusal_is_over(void **state)
{
    struct limit_claim claim = claim_of(1);
    come(*state, 1, 8, start_us);
    refuse(*state, &claim, 20 * MS, start_us);
    uint64_t over_us = start_us + lease_life_us(&rate) / 4;
    assert_int_equal(lease_life_us(&rate) / 4, 25 * MS);
    assert_int_equal(take(*state, &claim, over_us), LEASE_ASK);
    assert_int_equal(take(*state, &claim, over_us), LEASE_REFUSED);
    claim.answer = (struct gcra_answer){.is_admitted = true, .remaining = 5};
    lease_note(*state, &claim, false, over_us + MS);
    assert_int_equal(take(*state, &claim, over_us + MS), LEASE_ASK);
    assert_int_equal(take(*state, &claim, over_us + MS), LEASE_ASK);
}

static void under_load_it_waits_also_when_the_last_batch_was_all_there_was(void **state)
{
    struct limit_claim claim = claim_of(1);
    come(*state, 1, 8, start_us);
    claim.answer = (struct gcra_answer){.is_admitted = true, .remaining = 2};
    lease_fill(*state, &claim, 2, start_us, start_us);
    assert_int_equal(take(*state, &claim, start_us), LEASE_ADMITTED);
    assert_int_equal(take(*state, &claim, start_us), LEASE_ADMITTED);
    assert_int_equal(take(*state, &claim, start_us), LEASE_REFUSED);
    assert_int_equal(take(*state, &claim, start_us + lease_life_us(&rate) / 4), LEASE_ASK);
}

static void who_is_pushed_out_asks_again(void **state)
{
    struct limit_claim claims[] = {claim_of(1), claim_of(1 + 4096)};
    unsigned open;
    lend(*state, &claims[0], 3, start_us);
    lend(*state, &claims[1], 3, start_us);
    assert_int_equal(take(*state, &claims[0], start_us), LEASE_ASK);
    lend(*state, &claims[0], 3, start_us);
    assert_int_equal(lease_take(*state, claims, 2, start_us, &open), LEASE_ASK);
    assert_int_equal(open, 3);
}

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(2685821657736338717);
}

/* What limit_script_take does, for one claim: it, and then the batch. */
static void ask_shared(struct lease_table *leases, struct limit_claim *claim, uint64_t *arrival_us,
                       uint64_t now_us)
{
    claim->answer = gcra_ask(claim->rate, *arrival_us, claim->cost, now_us);
    if (claim->answer.is_admitted)
        *arrival_us = claim->answer.arrival_us;
    lease_note(leases, claim, false, now_us);
}

static uint64_t fill_shared(struct lease_table *leases, const struct limit_claim *of,
                            uint64_t *arrival_us, uint64_t now_us)
{
    struct limit_claim claim = *of;
    uint64_t wished = wish(leases, &claim, now_us);
    claim.cost = 0;
    claim.answer = gcra_ask(claim.rate, *arrival_us, 0, now_us);
    uint64_t granted = wished < claim.answer.remaining ? wished : claim.answer.remaining;
    if (wished == 0)
        return 0;
    *arrival_us = claim.answer.arrival_us + granted * claim.rate->interval_us;
    lease_fill(leases, &claim, granted, now_us, now_us);
    return granted;
}

/* One request at one worker; how much was debited for it and ahead of it. */
static uint64_t decide(struct lease_table *leases, struct limit_claim *claim, uint64_t *arrival_us,
                       uint64_t now_us, enum lease_answer *answer)
{
    *answer = take(leases, claim, now_us);
    if (*answer == LEASE_REFUSED)
        return 0;
    if (*answer == LEASE_ASK)
        ask_shared(leases, claim, arrival_us, now_us);
    bool is_debited = *answer == LEASE_ASK && claim->answer.is_admitted;
    return is_debited + fill_shared(leases, claim, arrival_us, now_us);
}

/* A trickle that gets a lease; then, while it lives, perhaps a storm; then time for all of the burst to come
 * back. */
static uint64_t next_pause(uint64_t *random, const struct gcra_rate *of, bool *is_storm)
{
    uint64_t mean = *is_storm ? 2 * of->burst : 8;
    if (next_random(random) % mean > 0)
        return *is_storm ? 0 : next_random(random) % of->interval_us;
    *is_storm = !*is_storm;
    return next_random(random) %
           (*is_storm ? 2 * lease_life_us(of) : 2 * of->burst * of->interval_us);
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
        enum lease_answer answer;
        (void)decide(leases, &claim, &arrival_us, now_us, &answer);
        *leased += answer == LEASE_ADMITTED;
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

/* Whatever the share of the rate that comes, steadily or not: while it is well below all of it, leases refuse
 * nobody, and debit little that nobody spends. */
static void leases_refuse_nobody_who_would_not_be_refused_without_them(void **state)
{
    (void)state;
    uint64_t random = 5, leased = 0;
    for (uint64_t percent = 2; percent <= 64; percent *= 2) {
        struct lease_table *workers[WORKERS];
        for (size_t i = 0; i < WORKERS; i++)
            workers[i] = lease_table_create();
        const struct gcra_rate wide = gcra_rate_of(10000, 1000, 1000);
        uint64_t now_us = start_us, arrival_us = 0, debited = 0;
        for (int i = 0; i < 10 * ARRIVALS; i++) {
            struct limit_claim claim = claim_of(1);
            enum lease_answer answer;
            claim.rate = &wide;
            now_us += next_random(&random) % (2 * wide.interval_us * 100 / percent);
            debited += decide(workers[next_random(&random) % WORKERS], &claim, &arrival_us, now_us,
                              &answer);
            assert_true(answer != LEASE_REFUSED && claim.answer.is_admitted);
            leased += answer == LEASE_ADMITTED;
        }
        assert_in_range(debited, 10 * ARRIVALS, 12 * ARRIVALS);
        for (size_t i = 0; i < WORKERS; i++)
            lease_table_destroy(workers[i]);
    }
    assert_true(leased > 30 * ARRIVALS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(nothing_is_known_at_first),
        TEST(a_batch_is_what_comes_in_half_a_life_and_a_quarter_of_the_burst_at_most),
        TEST(what_came_in_the_window_before_counts_and_nothing_older),
        TEST(a_small_burst_is_not_debited_ahead),
        TEST(one_batch_is_under_way_at_a_time),
        TEST(a_wish_that_went_with_a_refused_request_may_be_made_again),
        TEST(no_more_is_wished_for_while_half_of_it_is_there),
        TEST(a_lease_is_spent_while_it_lives),
        TEST(who_looks_at_what_is_lent_spends_nothing),
        TEST(a_later_batch_does_not_lengthen_the_life_of_the_one_before),
        TEST(a_lease_lives_from_when_it_was_asked_for),
        TEST(no_more_than_a_quarter_of_the_burst_comes_anew_while_it_lives),
        TEST(what_is_lent_is_spent_and_the_rest_is_asked_for),
        TEST(what_is_put_back_is_there_again_and_ends_no_later),
        TEST(who_is_refused_by_one_spends_nothing_of_another),
        TEST(a_refusal_holds_until_its_time_and_a_second_at_most),
        TEST(a_shadow_that_would_refuse_is_not_asked_for_and_refuses_nothing),
        TEST(under_load_it_waits_for_a_batch),
        TEST(under_load_one_asks_for_all_when_a_refusal_is_over),
        TEST(under_load_it_waits_also_when_the_last_batch_was_all_there_was),
        TEST(who_is_pushed_out_asks_again),
        cmocka_unit_test(in_no_window_more_than_a_quarter_of_the_burst_is_lent),
        cmocka_unit_test(leases_refuse_nobody_who_would_not_be_refused_without_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
