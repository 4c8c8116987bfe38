#include "cache/pending_slots.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <uv.h>

enum { THREADS = 3, ROOM = 2 * (TAG_SLOTS + 1) };

static struct pending_slots pending;
static struct pending_slot room[ROOM];

static int set_up(void **state)
{
    (void)state;
    pending_slots_init(&pending);
    return 0;
}

static void add(uint32_t slot, bool is_soft)
{
    pending_slots_add(&pending, (struct pending_slot){slot, is_soft});
}

static void what_is_added_twice_is_there_once(void **state)
{
    (void)state;
    assert_int_equal(pending_slots_take(&pending, room, ROOM), 0);
    add(7, false);
    add(7, false);
    add(7, true);
    add(TAG_SLOTS, true);
    assert_int_equal(pending_slots_take(&pending, room, ROOM), 3);
    assert_true(room[0].slot == 7 && !room[0].is_soft);
    assert_true(room[1].slot == 7 && room[1].is_soft);
    assert_true(room[2].slot == TAG_SLOTS && room[2].is_soft);
    assert_int_equal(pending_slots_take(&pending, room, ROOM), 0);
}

static void what_finds_no_room_stays(void **state)
{
    (void)state;
    size_t taken = 0;
    for (uint32_t slot = 60; slot < 70; slot++) {
        add(slot, false);
        add(slot, true);
    }
    assert_int_equal(pending_slots_take(&pending, room, 0), 0);
    for (size_t part; (part = pending_slots_take(&pending, room + taken, 3)) > 0;)
        taken += part;
    assert_int_equal(taken, 20);
    for (uint32_t i = 0; i < 20; i++) {
        assert_int_equal(room[i].slot, 60 + i % 10);
        assert_int_equal(room[i].is_soft, i >= 10);
    }
}

static void all_there_are_fit(void **state)
{
    (void)state;
    for (uint32_t slot = 0; slot <= TAG_SLOTS; slot++) {
        add(slot, false);
        add(slot, true);
    }
    assert_int_equal(pending_slots_take(&pending, room, ROOM), ROOM);
    assert_int_equal(pending_slots_take(&pending, room, ROOM), 0);
}

static void add_many(void *first)
{
    for (uint32_t slot = *(const uint32_t *)first; slot <= TAG_SLOTS; slot += THREADS)
        add(slot, slot % 2 == 0);
}

static void nothing_is_lost_between_threads(void **state)
{
    (void)state;
    uv_thread_t threads[THREADS];
    uint32_t firsts[THREADS];
    size_t taken = 0;
    for (uint32_t i = 0; i < THREADS; i++) {
        firsts[i] = i;
        assert_int_equal(uv_thread_create(&threads[i], add_many, &firsts[i]), 0);
    }
    for (unsigned i = 0; i < 1000; i++)
        taken += pending_slots_take(&pending, room, 100);
    for (size_t i = 0; i < THREADS; i++)
        uv_thread_join(&threads[i]);
    taken += pending_slots_take(&pending, room, ROOM);
    assert_int_equal(taken, TAG_SLOTS + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(what_is_added_twice_is_there_once, set_up),
        cmocka_unit_test_setup(what_finds_no_room_stays, set_up),
        cmocka_unit_test_setup(all_there_are_fit, set_up),
        cmocka_unit_test_setup(nothing_is_lost_between_threads, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
