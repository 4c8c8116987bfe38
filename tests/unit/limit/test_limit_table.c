#include "limit/limit_table.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/text.h"

enum { MOST = 100000, SECOND_US = 1000000, THREADS = 4, TRIES = 20000 };

static const uint64_t start_us = UINT64_C(50) * SECOND_US;
static const struct gcra_rate slow = {SECOND_US, 2}, slower = {SECOND_US, 1};

static struct limit_claim claim_of(const struct limit_table *table, const char *name,
                                   const struct gcra_rate *rate)
{
    return (struct limit_claim){
        .key = limit_table_key(table, span_of(name)), .rate = rate, .cost = 1};
}

static bool take_one(struct limit_table *table, const char *name, const struct gcra_rate *rate,
                     uint64_t now_us)
{
    struct limit_claim claim = claim_of(table, name, rate);
    return limit_table_take(table, &claim, 1, now_us);
}

static int set_up(void **state)
{
    *state = limit_table_create(MOST);
    return 0;
}

static int tear_down(void **state)
{
    limit_table_destroy(*state);
    return 0;
}

static void partitions_know_nothing_of_each_other(void **state)
{
    struct limit_table *table = *state;
    assert_true(take_one(table, "a", &slower, start_us));
    assert_false(take_one(table, "a", &slower, start_us));
    assert_true(take_one(table, "b", &slower, start_us));
    assert_false(take_one(table, "a", &slower, start_us + SECOND_US - 1));
    assert_true(take_one(table, "a", &slower, start_us + SECOND_US));
}

static void all_spend_or_none(void **state)
{
    struct limit_table *table = *state;
    assert_true(take_one(table, "tight", &slower, start_us));
    struct limit_claim claims[] = {claim_of(table, "wide", &slow),
                                   claim_of(table, "tight", &slower)};
    for (int i = 0; i < 5; i++)
        assert_false(limit_table_take(table, claims, 2, start_us));
    assert_true(claims[0].answer.is_admitted);
    assert_false(claims[1].answer.is_admitted);
    assert_int_equal(claims[1].answer.retry_us, SECOND_US);
    assert_int_equal(limit_table_look(table, &claims[0], start_us).remaining, 1);
    assert_true(limit_table_take(table, claims, 2, start_us + SECOND_US));
}

static void a_shadow_counts_and_refuses_nothing(void **state)
{
    struct limit_table *table = *state;
    struct limit_claim claims[] = {claim_of(table, "shadow", &slower),
                                   claim_of(table, "real", &slow)};
    claims[0].is_shadow = true;
    assert_true(limit_table_take(table, claims, 2, start_us));
    assert_true(limit_table_take(table, claims, 2, start_us));
    assert_false(claims[0].answer.is_admitted);
    assert_false(limit_table_take(table, claims, 2, start_us));
    assert_false(limit_table_take(table, claims, 2, start_us + SECOND_US - 1));
    assert_true(limit_table_take(table, claims, 2, start_us + SECOND_US));
    assert_true(claims[0].answer.is_admitted);
}

static void what_is_given_back_can_be_spent_again(void **state)
{
    struct limit_table *table = *state;
    struct limit_claim claim = claim_of(table, "a", &slower);
    for (int i = 0; i < 5; i++) {
        assert_true(limit_table_take(table, &claim, 1, start_us));
        limit_table_give_back(table, &claim, 1, start_us);
    }
    assert_true(limit_table_take(table, &claim, 1, start_us));
    assert_false(limit_table_take(table, &claim, 1, start_us));
    limit_table_give_back(table, &claim, 1, start_us); /* was refused: nothing */
    assert_false(limit_table_take(table, &claim, 1, start_us));
}

static void what_was_admitted_elsewhere_is_charged_as_far_as_there_is_something(void **state)
{
    struct limit_table *table = *state;
    struct limit_claim claim = claim_of(table, "a", &slow);
    limit_table_charge(table, &claim, start_us);
    assert_int_equal(limit_table_look(table, &claim, start_us).remaining, 0);
    assert_true(limit_table_look(table, &claim, start_us).is_admitted);
    for (int i = 0; i < 9; i++)
        limit_table_charge(table, &claim, start_us);
    assert_false(limit_table_look(table, &claim, start_us + SECOND_US - 1).is_admitted);
    assert_true(limit_table_look(table, &claim, start_us + SECOND_US).is_admitted);
}

static void looking_spends_nothing_and_takes_no_place(void **state)
{
    struct limit_table *table = *state;
    const struct limit_claim claim = claim_of(table, "a", &slower);
    for (int i = 0; i < 5; i++)
        assert_true(limit_table_look(table, &claim, start_us).is_admitted);
    assert_int_equal(limit_table_count(table, 0), 0);
}

static void what_is_over_makes_room(void **state)
{
    struct limit_table *table = *state;
    char name[32];
    for (int i = 0; i < 20 * MOST; i++) {
        (void)snprintf(name, sizeof(name), "%d", i);
        assert_true(take_one(table, name, &slower, start_us + (uint64_t)i * 100));
    }
    /* A second's worth of them is alive at a time. */
    uint64_t end_us = start_us + (uint64_t)(20 * MOST - 1) * 100;
    assert_int_equal(limit_table_count(table, end_us), SECOND_US / 100);
}

/* Each for a time of its own: places are left, taken by others, and come back to. */
static void each_spends_its_own_however_they_come_and_go(void **state)
{
    enum { KEYS = 3000, STEPS = 200000 };
    struct limit_table *table = *state;
    static uint64_t over_us[KEYS];
    uint64_t now_us = start_us;
    uint32_t random = 1;
    char name[32];
    for (size_t i = 0; i < STEPS; i++) {
        random = random * 1664525 + 1013904223;
        size_t key = (random >> 8) % KEYS;
        const struct gcra_rate rate = {100 + key * 700, 1};
        (void)snprintf(name, sizeof(name), "%zu", key);
        assert_int_equal(take_one(table, name, &rate, now_us), now_us >= over_us[key]);
        if (now_us >= over_us[key])
            over_us[key] = now_us + rate.interval_us;
        now_us += random >> 28;
    }
    size_t alive = 0;
    for (size_t key = 0; key < KEYS; key++)
        alive += over_us[key] > now_us;
    assert_int_equal(limit_table_count(table, now_us), alive);
}

static void of_very_many_it_is_known_about_how_many(void **state)
{
    (void)state;
    enum { MANY = 200000 };
    static const struct gcra_rate hourly = {UINT64_C(3600) * SECOND_US, 1};
    struct limit_table *table = limit_table_create(MANY);
    char name[32];
    for (int i = 0; i < MANY; i++) {
        (void)snprintf(name, sizeof(name), "%d", i);
        assert_true(take_one(table, name, &hourly, start_us));
    }
    assert_in_range(limit_table_count(table, start_us + 1), MANY * 9 / 10, MANY * 11 / 10);
    limit_table_destroy(table);
}

static void beyond_the_bound_others_are_forgotten_and_nothing_grows(void **state)
{
    struct limit_table *table = *state;
    static const struct gcra_rate hourly = {UINT64_C(3600) * SECOND_US, 1};
    char name[32];
    size_t known = 0;
    for (int i = 0; i < 4 * MOST; i++) {
        (void)snprintf(name, sizeof(name), "%d", i);
        assert_true(take_one(table, name, &hourly, start_us + (uint64_t)i));
    }
    size_t count = limit_table_count(table, start_us + 4 * MOST);
    assert_true(count >= MOST);
    assert_true(count < 3 * MOST);
    /* The newest are those that are remembered. */
    for (int i = 4 * MOST - 1000; i < 4 * MOST; i++) {
        (void)snprintf(name, sizeof(name), "%d", i);
        known += !take_one(table, name, &hourly, start_us + 4 * MOST);
    }
    assert_true(known > 800);
}

struct racer {
    struct limit_table *table;
    size_t admitted;
};

static void *race(void *argument)
{
    struct racer *racer = argument;
    static const struct gcra_rate thousand = {UINT64_C(3600) * SECOND_US, 1000};
    for (int i = 0; i < TRIES; i++) {
        char name[32];
        (void)snprintf(name, sizeof(name), "mine %d", i % 500);
        struct limit_claim claims[] = {claim_of(racer->table, "all", &thousand),
                                       claim_of(racer->table, name, &thousand)};
        racer->admitted += limit_table_take(racer->table, claims, 2, start_us);
    }
    return NULL;
}

static void threads_together_get_no_more_than_one(void **state)
{
    struct racer racers[THREADS];
    pthread_t threads[THREADS];
    size_t admitted = 0;
    for (size_t i = 0; i < THREADS; i++) {
        racers[i] = (struct racer){.table = *state};
        assert_int_equal(pthread_create(&threads[i], NULL, race, &racers[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        admitted += racers[i].admitted;
    }
    assert_int_equal(admitted, 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(partitions_know_nothing_of_each_other),
        TEST(all_spend_or_none),
        TEST(a_shadow_counts_and_refuses_nothing),
        TEST(what_is_given_back_can_be_spent_again),
        TEST(what_was_admitted_elsewhere_is_charged_as_far_as_there_is_something),
        TEST(looking_spends_nothing_and_takes_no_place),
        TEST(what_is_over_makes_room),
        TEST(each_spends_its_own_however_they_come_and_go),
        cmocka_unit_test(of_very_many_it_is_known_about_how_many),
        TEST(beyond_the_bound_others_are_forgotten_and_nothing_grows),
        TEST(threads_together_get_no_more_than_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
