#include "cache/tags.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <uv.h>

#include "base/clock.h"

enum { SECOND_US = 1000000, THREADS = 3, ROUNDS = 20000 };

static int set_up(void **state)
{
    *state = tags_create();
    return 0;
}

static int tear_down(void **state)
{
    tags_destroy(*state);
    return 0;
}

static void what_was_never_stamped_is_older_than_any_fetch(void **state)
{
    const uint16_t slots[] = {0, 1, TAG_SLOTS - 1};
    assert_int_equal(tags_state(*state, slots, 3, 1), TAGS_OLDER);
    assert_int_equal(tags_state(*state, slots, 0, 1), TAGS_OLDER);
    assert_int_equal(tags_time(*state, TAG_SLOTS, false), 0);
}

static void a_write_makes_old_what_began_before_it_or_at_its_moment(void **state)
{
    const uint16_t slots[] = {7, 9};
    tags_stamp(*state, &slots[1], 1, 100, false);
    assert_int_equal(tags_state(*state, slots, 2, 99), TAGS_WRITTEN);
    assert_int_equal(tags_state(*state, slots, 2, 100), TAGS_WRITTEN);
    assert_int_equal(tags_state(*state, slots, 2, 101), TAGS_OLDER);
    assert_int_equal(tags_state(*state, slots, 1, 99), TAGS_OLDER);
}

static void a_purge_is_softer_than_a_write(void **state)
{
    const uint16_t slots[] = {7, 9};
    tags_stamp(*state, &slots[0], 1, 100, true);
    assert_int_equal(tags_state(*state, slots, 2, 100), TAGS_SOFTLY_PURGED);
    assert_int_equal(tags_state(*state, slots, 2, 101), TAGS_OLDER);
    tags_stamp(*state, &slots[1], 1, 50, false);
    assert_int_equal(tags_state(*state, slots, 2, 50), TAGS_WRITTEN);
    assert_int_equal(tags_state(*state, slots, 2, 51), TAGS_SOFTLY_PURGED);
}

static void everything_is_a_slot_of_every_entry(void **state)
{
    const uint16_t slot = 3;
    tags_stamp_all(*state, 100, true);
    assert_int_equal(tags_state(*state, &slot, 1, 100), TAGS_SOFTLY_PURGED);
    tags_stamp_all(*state, 90, false);
    assert_int_equal(tags_state(*state, NULL, 0, 90), TAGS_WRITTEN);
    assert_int_equal(tags_state(*state, NULL, 0, 91), TAGS_SOFTLY_PURGED);
    assert_int_equal(tags_time(*state, TAG_SLOTS, false), 90);
    assert_int_equal(tags_time(*state, TAG_SLOTS, true), 100);
}

static void a_time_is_raised_and_never_lowered(void **state)
{
    const uint16_t slot = 5;
    tags_stamp(*state, &slot, 1, 100, false);
    tags_stamp(*state, &slot, 1, 40, false);
    assert_int_equal(tags_time(*state, slot, false), 100);
    assert_int_equal(tags_time(*state, slot, true), 0);
}

static void the_slots_of_names_are_what_all_instances_agree_on(void **state)
{
    (void)state;
    assert_int_equal(tag_slot(SPAN("")), 0x2325 ^ 0x8422 ^ 0x9ce4 ^ 0xcbf2);
    /* FNV-1a of "a" is af63dc4c8601ec8c. */
    assert_int_equal(tag_slot(SPAN("a")), 0xaf63 ^ 0xdc4c ^ 0x8601 ^ 0xec8c);
    assert_int_not_equal(tag_slot(SPAN("bot:1")), tag_slot(SPAN("bot:2")));
}

static void without_others_the_clock_is_this_machines(void **state)
{
    uint64_t wall_us = clock_wall_ms() * 1000, now_us = tags_now_us(*state);
    assert_in_range(now_us, wall_us - SECOND_US, wall_us + 10 * SECOND_US);
    assert_in_range(tags_machine_us(*state), now_us - SECOND_US, now_us + 10 * SECOND_US);
}

static void the_clock_follows_its_offset_but_never_backwards(void **state)
{
    uint64_t before = tags_now_us(*state);
    tags_set_offset(*state, 3600LL * SECOND_US);
    uint64_t ahead = tags_now_us(*state);
    assert_true(ahead >= before + 3600ULL * SECOND_US);
    tags_set_offset(*state, -3600LL * SECOND_US);
    assert_int_equal(tags_now_us(*state), ahead + 1);
    assert_int_equal(tags_now_us(*state), ahead + 2);
}

/* Or a clock that was set back would make everything count as written for as long. */
static void after_a_write_a_fetch_is_newer_also_while_the_clock_waits(void **state)
{
    const uint16_t slot = 8;
    tags_set_offset(*state, 3600LL * SECOND_US);
    (void)tags_now_us(*state);
    tags_set_offset(*state, 0);
    for (unsigned i = 0; i < 3; i++) {
        uint64_t before = tags_now_us(*state);
        tags_stamp(*state, &slot, 1, tags_now_us(*state), false);
        assert_int_equal(tags_state(*state, &slot, 1, before), TAGS_WRITTEN);
        assert_int_equal(tags_state(*state, &slot, 1, tags_now_us(*state)), TAGS_OLDER);
    }
}

struct racer {
    struct tags *tags;
    uint64_t newest; /* of what it was given */
    bool went_back;
};

static void race(void *argument)
{
    struct racer *racer = argument;
    for (unsigned i = 0; i < ROUNDS; i++) {
        const uint16_t slot = (uint16_t)(i % 16);
        uint64_t now = tags_now_us(racer->tags);
        racer->went_back |= now <= racer->newest;
        racer->newest = now;
        tags_stamp(racer->tags, &slot, 1, now, i % 2 == 0);
        racer->went_back |= tags_time(racer->tags, slot, i % 2 == 0) < now;
        tags_set_offset(racer->tags, i % 5 * 100);
    }
}

static void threads_see_one_clock_and_the_latest_stamps(void **state)
{
    uv_thread_t threads[THREADS];
    struct racer racers[THREADS];
    uint64_t newest = 0, stamped = 0;
    for (size_t i = 0; i < THREADS; i++) {
        racers[i] = (struct racer){.tags = *state};
        assert_int_equal(uv_thread_create(&threads[i], race, &racers[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        uv_thread_join(&threads[i]);
        assert_false(racers[i].went_back);
        assert_true(racers[i].newest != newest);
        if (racers[i].newest > newest)
            newest = racers[i].newest;
    }
    for (unsigned slot = 0; slot < 16; slot++) {
        for (unsigned soft = 0; soft < 2; soft++) {
            uint64_t time = tags_time(*state, slot, soft != 0);
            stamped = time > stamped ? time : stamped;
        }
    }
    assert_int_equal(stamped, newest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_never_stamped_is_older_than_any_fetch, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_write_makes_old_what_began_before_it_or_at_its_moment,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_purge_is_softer_than_a_write, set_up, tear_down),
        cmocka_unit_test_setup_teardown(everything_is_a_slot_of_every_entry, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_time_is_raised_and_never_lowered, set_up, tear_down),
        cmocka_unit_test(the_slots_of_names_are_what_all_instances_agree_on),
        cmocka_unit_test_setup_teardown(without_others_the_clock_is_this_machines, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_clock_follows_its_offset_but_never_backwards, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(after_a_write_a_fetch_is_newer_also_while_the_clock_waits,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(threads_see_one_clock_and_the_latest_stamps, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
