#include "upstream/idle_life.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { SECOND_MS = 1000, MINUTE_MS = 60 * SECOND_MS };
enum { FIRST_MS = 5 * SECOND_MS, MOST_MS = MINUTE_MS };

/* In the middle of a slot, a long time after the start of the machine. */
static const uint64_t noon_ms = UINT64_C(1000000) * 5 * MINUTE_MS + 150 * SECOND_MS;

static struct idle_life life_of(uint64_t rested_ms)
{
    struct idle_life life;
    idle_life_init(&life, FIRST_MS);
    idle_life_note(&life, rested_ms, noon_ms);
    return life;
}

static void until_something_is_shown_the_assumed_holds(void **state)
{
    (void)state;
    struct idle_life life;
    idle_life_init(&life, FIRST_MS);
    assert_int_equal(idle_life_shortest_ms(&life, 0), FIRST_MS);
    assert_int_equal(idle_life_shortest_ms(&life, noon_ms), FIRST_MS);
    assert_int_equal(idle_life_limit_ms(&life, MOST_MS, 0), MOST_MS);
    assert_int_equal(idle_life_limit_ms(&life, MOST_MS, noon_ms), MOST_MS);
}

static void a_limit_is_a_little_before_the_shortest_life(void **state)
{
    (void)state;
    static const struct {
        uint64_t rested_ms, shortest_ms, limit_ms;
    } rows[] = {
        {0, 100, MOST_MS},       {100, 100, MOST_MS},
        {999, 999, MOST_MS},     {1000, 1000, 500},
        {4999, 4999, 4499},      {5000, 5000, 4500},
        {20000, 20000, 18000},   {MOST_MS, MOST_MS, 54000},
        {70000, 70000, MOST_MS}, {UINT64_MAX / 2, UINT64_MAX / 2, MOST_MS},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct idle_life life = life_of(rows[i].rested_ms);
        assert_int_equal(idle_life_shortest_ms(&life, noon_ms), rows[i].shortest_ms);
        assert_int_equal(idle_life_limit_ms(&life, MOST_MS, noon_ms), rows[i].limit_ms);
    }
}

static void the_shortest_counts_in_any_order(void **state)
{
    (void)state;
    struct idle_life life = life_of(3000);
    idle_life_note(&life, 2000, noon_ms);
    idle_life_note(&life, 4000, noon_ms);
    assert_int_equal(idle_life_shortest_ms(&life, noon_ms), 2000);
    assert_int_equal(idle_life_limit_ms(&life, MOST_MS, noon_ms), 1500);
}

static void a_young_end_hides_no_rest(void **state)
{
    (void)state;
    struct idle_life life = life_of(3000);
    idle_life_note(&life, 200, noon_ms);
    assert_int_equal(idle_life_shortest_ms(&life, noon_ms), 200);
    assert_int_equal(idle_life_limit_ms(&life, MOST_MS, noon_ms), 2500);
}

static void a_life_is_remembered_for_five_minutes_and_forgotten_after_ten(void **state)
{
    (void)state;
    struct idle_life life = life_of(3000);
    for (uint64_t minute = 0; minute <= 5; minute++)
        assert_int_equal(idle_life_limit_ms(&life, MOST_MS, noon_ms + minute * MINUTE_MS), 2500);
    assert_int_equal(idle_life_limit_ms(&life, MOST_MS, noon_ms + 10 * MINUTE_MS), MOST_MS);
    assert_int_equal(idle_life_shortest_ms(&life, noon_ms + 10 * MINUTE_MS), FIRST_MS);
}

static void what_is_shown_later_outlives_what_was_shown_before(void **state)
{
    (void)state;
    struct idle_life life = life_of(2000);
    idle_life_note(&life, 4000, noon_ms + 5 * MINUTE_MS);
    assert_int_equal(idle_life_limit_ms(&life, MOST_MS, noon_ms + 5 * MINUTE_MS), 1500);
    assert_int_equal(idle_life_limit_ms(&life, MOST_MS, noon_ms + 10 * MINUTE_MS), 3500);
    idle_life_note(&life, 6000, noon_ms + 10 * MINUTE_MS);
    assert_int_equal(idle_life_limit_ms(&life, MOST_MS, noon_ms + 10 * MINUTE_MS), 3500);
    assert_int_equal(idle_life_limit_ms(&life, MOST_MS, noon_ms + 15 * MINUTE_MS), 5400);
    assert_int_equal(idle_life_limit_ms(&life, MOST_MS, noon_ms + 20 * MINUTE_MS), MOST_MS);
}

static void what_was_kept_longest_counts_until_a_connection_ends(void **state)
{
    (void)state;
    struct idle_life life;
    idle_life_init(&life, FIRST_MS);
    idle_life_note_kept(&life, FIRST_MS - 1, noon_ms);
    assert_int_equal(idle_life_shortest_ms(&life, noon_ms), FIRST_MS);
    idle_life_note_kept(&life, 30000, noon_ms);
    idle_life_note_kept(&life, 20000, noon_ms);
    assert_int_equal(idle_life_shortest_ms(&life, noon_ms), 30000);
    assert_int_equal(idle_life_limit_ms(&life, MOST_MS, noon_ms), MOST_MS);
    idle_life_note(&life, 25000, noon_ms);
    assert_int_equal(idle_life_shortest_ms(&life, noon_ms), 25000);
    assert_int_equal(idle_life_shortest_ms(&life, noon_ms + 10 * MINUTE_MS), FIRST_MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(until_something_is_shown_the_assumed_holds),
        cmocka_unit_test(a_limit_is_a_little_before_the_shortest_life),
        cmocka_unit_test(the_shortest_counts_in_any_order),
        cmocka_unit_test(a_young_end_hides_no_rest),
        cmocka_unit_test(a_life_is_remembered_for_five_minutes_and_forgotten_after_ten),
        cmocka_unit_test(what_was_kept_longest_counts_until_a_connection_ends),
        cmocka_unit_test(what_is_shown_later_outlives_what_was_shown_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
