#include "cache/flight.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"

enum { MANY = 1000, QUICK_US = 20000 };

struct scene {
    struct loop loop;
    struct tags *tags;
    struct flight_table *table;
    struct cache_entry *entry;
    unsigned told; /* seats so far */
};

/* One who waits, and what it does when it is told. */
struct guest {
    struct flight_seat seat;
    struct scene *scene;
    unsigned place; /* 1: told first */
    enum landing landing;
    struct cache_entry *entry;
    struct guest *leaves;  /* for this one it leaves */
    struct guest *frees;   /* this one it destroys */
    struct flight *joins;  /* it takes a seat here */
    struct flight *lands;  /* it lands this one */
    struct span leads_key; /* it leads a flight for this */
    struct flight *led;
};

static void on_landed(struct flight_seat *seat, enum landing landing, struct cache_entry *entry)
{
    struct guest *guest = container_of(seat, struct guest, seat);
    guest->place = ++guest->scene->told;
    guest->landing = landing;
    guest->entry = entry;
    if (guest->leaves)
        flight_leave(&guest->leaves->seat);
    if (guest->frees) {
        flight_leave(&guest->frees->seat);
        free(guest->frees);
    }
    if (guest->joins)
        flight_join(guest->joins, seat, on_landed);
    if (guest->lands)
        flight_land(guest->lands, LANDED_ALONE, NULL);
    if (guest->leads_key.len > 0) {
        guest->led = flight_find(guest->scene->table, guest->leads_key);
        if (guest->led)
            flight_join(guest->led, seat, on_landed);
        else
            guest->led = flight_lead(guest->scene->table, guest->leads_key, NULL, 0,
                                     tags_now_us(guest->scene->tags));
    }
}

static struct cache_entry *make_entry(struct span key)
{
    const struct cache_facts facts = {.status = 200};
    const struct header_list headers = {0};
    return cache_entry_create(&facts, key, &headers, SPAN(""), 0);
}

static int set_up(void **state)
{
    static struct scene scene;
    scene = (struct scene){0};
    loop_init(&scene.loop);
    scene.tags = tags_create();
    scene.table = flight_table_create(&scene.loop, scene.tags);
    scene.entry = make_entry(SPAN("a"));
    *state = &scene;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *scene = *state;
    assert_int_equal(scene->entry->references, 1);
    cache_entry_release(scene->entry);
    flight_table_destroy(scene->table);
    loop_close(&scene->loop);
    tags_destroy(scene->tags);
    return 0;
}

static struct flight *lead(struct scene *scene, struct span key)
{
    return flight_lead(scene->table, key, NULL, 0, tags_now_us(scene->tags));
}

static void join(struct scene *scene, struct flight *flight, struct guest *guest)
{
    guest->scene = scene;
    flight_join(flight, &guest->seat, on_landed);
}

static void flush(struct scene *scene)
{
    loop_flush(&scene->loop);
}

static void a_flight_is_found_by_its_whole_key_until_it_lands(void **state)
{
    struct scene *scene = *state;
    assert_null(flight_find(scene->table, SPAN("a")));
    struct flight *first = lead(scene, SPAN("a")), *second = lead(scene, SPAN("a\0"));
    assert_ptr_equal(flight_find(scene->table, SPAN("a")), first);
    assert_ptr_equal(flight_find(scene->table, SPAN("a\0")), second);
    assert_null(flight_find(scene->table, SPAN("a\0b")));
    flight_land(first, LANDED_ALONE, NULL);
    assert_null(flight_find(scene->table, SPAN("a")));
    assert_ptr_equal(flight_find(scene->table, SPAN("a\0")), second);
    flight_land(second, LANDED_WITH_ENTRY, scene->entry);
}

static void the_key_may_be_gone_after_the_call(void **state)
{
    struct scene *scene = *state;
    char *key = xstrdup(SPAN("short-lived"));
    struct flight *flight = lead(scene, (struct span){key, strlen(key)});
    free(key);
    assert_ptr_equal(flight_find(scene->table, SPAN("short-lived")), flight);
    flight_land(flight, LANDED_ALONE, NULL);
}

static void all_seats_are_told_in_one_turn_in_their_order_and_not_inside_the_call(void **state)
{
    struct scene *scene = *state;
    struct guest guests[3] = {0};
    struct flight *flight = lead(scene, SPAN("a"));
    assert_false(flight_has_seats(flight));
    for (size_t i = 0; i < 3; i++)
        join(scene, flight, &guests[i]);
    assert_true(flight_has_seats(flight));
    flight_land(flight, LANDED_WITH_ENTRY, scene->entry);
    assert_int_equal(scene->told, 0);
    assert_int_equal(scene->entry->references, 2);
    flush(scene);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(guests[i].place, i + 1);
        assert_int_equal(guests[i].landing, LANDED_WITH_ENTRY);
        assert_ptr_equal(guests[i].entry, scene->entry);
    }
    flush(scene);
    assert_int_equal(scene->told, 3);
}

static void who_leaves_is_not_told(void **state)
{
    struct scene *scene = *state;
    struct guest guests[4] = {0};
    struct flight *flight = lead(scene, SPAN("a"));
    for (size_t i = 0; i < 4; i++)
        join(scene, flight, &guests[i]);
    flight_leave(&guests[1].seat);
    flight_leave(&guests[1].seat);
    flight_land(flight, LANDED_ALONE, NULL);
    flight_leave(&guests[0].seat); /* between landing and the turn in which it is told */
    flush(scene);
    assert_int_equal(scene->told, 2);
    assert_int_equal(guests[2].place, 1);
    assert_int_equal(guests[3].place, 2);
}

static void when_all_have_left_nobody_is_told(void **state)
{
    struct scene *scene = *state;
    struct guest guest = {0};
    struct flight *flight = lead(scene, SPAN("a"));
    join(scene, flight, &guest);
    flight_land(flight, LANDED_WITH_ENTRY, scene->entry);
    flight_leave(&guest.seat);
    flush(scene);
    assert_int_equal(scene->told, 0);
}

static void a_seat_may_leave_for_others_and_free_them_while_it_is_told(void **state)
{
    struct scene *scene = *state;
    struct guest guests[4] = {0}, *doomed = xcalloc(1, sizeof(*doomed));
    struct flight *flight = lead(scene, SPAN("a"));
    join(scene, flight, &guests[0]);
    join(scene, flight, &guests[1]);
    join(scene, flight, doomed);
    join(scene, flight, &guests[2]);
    join(scene, flight, &guests[3]);
    guests[0].leaves = &guests[1]; /* the next */
    guests[0].frees = doomed;
    guests[2].leaves = &guests[0]; /* one that has been told */
    guests[3].leaves = &guests[3]; /* itself */
    flight_land(flight, LANDED_ALONE, NULL);
    flush(scene);
    assert_int_equal(scene->told, 3);
    assert_int_equal(guests[1].place, 0);
    assert_int_equal(guests[3].place, 3);
}

static void a_seat_may_take_its_place_elsewhere_while_it_is_told(void **state)
{
    struct scene *scene = *state;
    struct guest guests[2] = {0};
    struct flight *flight = lead(scene, SPAN("a")), *other = lead(scene, SPAN("b"));
    join(scene, flight, &guests[0]);
    join(scene, flight, &guests[1]);
    guests[0].joins = other;
    flight_land(flight, LANDED_ALONE, NULL);
    flush(scene);
    assert_int_equal(scene->told, 2);
    assert_true(flight_has_seats(other));
    guests[0].joins = NULL;
    flight_land(other, LANDED_WITH_ENTRY, scene->entry);
    flush(scene);
    assert_int_equal(scene->told, 3);
    assert_int_equal(guests[0].place, 3);
    assert_ptr_equal(guests[0].entry, scene->entry);
}

static void a_seat_may_land_another_flight_while_it_is_told(void **state)
{
    struct scene *scene = *state;
    struct guest first = {0}, second = {0};
    struct flight *flight = lead(scene, SPAN("a")), *other = lead(scene, SPAN("b"));
    join(scene, flight, &first);
    join(scene, other, &second);
    first.lands = other;
    flight_land(flight, LANDED_ALONE, NULL);
    flush(scene);
    assert_int_equal(first.place, 1);
    assert_int_equal(second.place, 2);
}

static void when_the_leader_falls_the_first_leads_and_the_others_join_it(void **state)
{
    struct scene *scene = *state;
    struct guest guests[3] = {0};
    struct flight *flight = lead(scene, SPAN("a"));
    for (size_t i = 0; i < 3; i++) {
        guests[i].leads_key = SPAN("a");
        join(scene, flight, &guests[i]);
    }
    flight_land(flight, LANDED_AGAIN, NULL);
    flush(scene);
    assert_int_equal(scene->told, 3);
    assert_ptr_equal(guests[1].led, guests[0].led);
    assert_ptr_equal(guests[2].led, guests[0].led);
    guests[1].leads_key = guests[2].leads_key = SPAN("");
    flight_land(guests[0].led, LANDED_WITH_FAILURE, scene->entry);
    flush(scene);
    assert_int_equal(scene->told, 5);
    assert_int_equal(guests[0].place, 1);
    assert_int_equal(guests[2].landing, LANDED_WITH_FAILURE);
}

static void a_write_closes_a_flight_to_newcomers_and_not_to_who_waits(void **state)
{
    struct scene *scene = *state;
    const uint16_t slots[] = {4, 5};
    struct guest guest = {0};
    struct flight *flight =
        flight_lead(scene->table, SPAN("a"), slots, 2, tags_now_us(scene->tags));
    join(scene, flight, &guest);
    tags_stamp(scene->tags, &slots[1], 1, tags_now_us(scene->tags), true);
    assert_ptr_equal(flight_find(scene->table, SPAN("a")), flight);
    tags_stamp(scene->tags, &slots[1], 1, tags_now_us(scene->tags), false);
    assert_null(flight_find(scene->table, SPAN("a")));

    struct flight *next = flight_lead(scene->table, SPAN("a"), slots, 2, tags_now_us(scene->tags));
    assert_ptr_equal(flight_find(scene->table, SPAN("a")), next);
    flight_land(flight, LANDED_WITH_ENTRY, scene->entry);
    flush(scene);
    assert_int_equal(guest.place, 1);
    assert_ptr_equal(flight_find(scene->table, SPAN("a")), next);
    flight_land(next, LANDED_ALONE, NULL);
}

static void the_table_may_go_between_landing_and_telling(void **state)
{
    struct scene *scene = *state;
    struct guest guest = {0};
    struct flight *flight = lead(scene, SPAN("a"));
    join(scene, flight, &guest);
    flight_land(flight, LANDED_WITH_ENTRY, scene->entry);
    flight_table_destroy(scene->table);
    flush(scene);
    assert_int_equal(guest.place, 1);
    scene->table = flight_table_create(&scene->loop, scene->tags);
}

static void a_thousand_seats_are_told_in_no_time(void **state)
{
    struct scene *scene = *state;
    struct guest *guests = xcalloc(MANY, sizeof(*guests));
    struct flight *flight = lead(scene, SPAN("a"));
    for (size_t i = 0; i < MANY; i++)
        join(scene, flight, &guests[i]);
    uint64_t before_us = clock_us();
    flight_land(flight, LANDED_WITH_ENTRY, scene->entry);
    flush(scene);
    assert_in_range(clock_us() - before_us, 0, QUICK_US); /* with sanitizers, on a busy machine */
    assert_int_equal(guests[MANY - 1].place, MANY);
    free(guests);
}

static void many_flights_at_once_are_told_apart(void **state)
{
    struct scene *scene = *state;
    static struct flight *flights[MANY * 4];
    for (unsigned i = 0; i < COUNT_OF(flights); i++)
        flights[i] = lead(scene, (struct span){(char *)&i, sizeof(i)});
    for (unsigned i = 0; i < COUNT_OF(flights); i++)
        assert_ptr_equal(flight_find(scene->table, (struct span){(char *)&i, sizeof(i)}),
                         flights[i]);
    for (unsigned i = 0; i < COUNT_OF(flights); i++)
        flight_land(flights[i], LANDED_ALONE, NULL);
}

static void what_is_not_for_sharing_is_remembered_until_its_time(void **state)
{
    struct scene *scene = *state;
    assert_false(flight_is_alone(scene->table, SPAN("a"), 0));
    flight_remember_alone(scene->table, SPAN("a"), 1000);
    assert_true(flight_is_alone(scene->table, SPAN("a"), 999));
    assert_false(flight_is_alone(scene->table, SPAN("a"), 1000));
    assert_false(flight_is_alone(scene->table, SPAN("b"), 999));
    flight_remember_alone(scene->table, SPAN("a"), 2000);
    assert_true(flight_is_alone(scene->table, SPAN("a"), 1999));
}

static void the_memory_of_what_is_not_for_sharing_is_bounded(void **state)
{
    struct scene *scene = *state;
    unsigned known = 0;
    for (unsigned i = 0; i < 100000; i++) {
        flight_remember_alone(scene->table, (struct span){(char *)&i, sizeof(i)}, 1000 + i);
        assert_true(flight_is_alone(scene->table, (struct span){(char *)&i, sizeof(i)}, 0));
    }
    for (unsigned i = 0; i < 100000; i++)
        known += flight_is_alone(scene->table, (struct span){(char *)&i, sizeof(i)}, 0);
    assert_int_equal(known, 1024);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_flight_is_found_by_its_whole_key_until_it_lands),
        TEST(the_key_may_be_gone_after_the_call),
        TEST(all_seats_are_told_in_one_turn_in_their_order_and_not_inside_the_call),
        TEST(who_leaves_is_not_told),
        TEST(when_all_have_left_nobody_is_told),
        TEST(a_seat_may_leave_for_others_and_free_them_while_it_is_told),
        TEST(a_seat_may_take_its_place_elsewhere_while_it_is_told),
        TEST(a_seat_may_land_another_flight_while_it_is_told),
        TEST(when_the_leader_falls_the_first_leads_and_the_others_join_it),
        TEST(a_write_closes_a_flight_to_newcomers_and_not_to_who_waits),
        TEST(the_table_may_go_between_landing_and_telling),
        TEST(a_thousand_seats_are_told_in_no_time),
        TEST(many_flights_at_once_are_told_apart),
        TEST(what_is_not_for_sharing_is_remembered_until_its_time),
        TEST(the_memory_of_what_is_not_for_sharing_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
