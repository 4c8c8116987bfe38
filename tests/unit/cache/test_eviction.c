#include "cache/eviction.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* Entries without memory of their own: a size, and a hash that says which they are. */
enum { ENTRIES = 600, SIZE = 100, CAPACITY = 100 * SIZE };

struct scene {
    struct eviction eviction;
    struct cache_entry entries[ENTRIES];
};

static void set_up(struct scene *scene)
{
    *scene = (struct scene){0};
    eviction_init(&scene->eviction, CAPACITY, 1024);
    for (uint64_t i = 0; i < ENTRIES; i++) {
        scene->entries[i].size = SIZE;
        scene->entries[i].hash = (i + 1) << 33 | (i + 1);
    }
}

static void add_all(struct scene *scene, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++)
        eviction_add(&scene->eviction, &scene->entries[i]);
}

static void hit(struct scene *scene, size_t index, int times)
{
    for (int i = 0; i < times; i++)
        cache_entry_hit(&scene->entries[index]);
}

/* Steps until one goes; which. */
static size_t let_one_go(struct scene *scene)
{
    struct cache_entry *gone = NULL;
    for (int steps = 0; !gone; steps++) {
        assert_true(steps < 1000);
        gone = eviction_step(&scene->eviction);
    }
    assert_int_equal(gone->queue, CACHE_NOWHERE);
    return (size_t)(gone - scene->entries);
}

static void who_is_not_asked_for_goes_in_the_order_of_coming(void **state)
{
    (void)state;
    struct scene scene;
    set_up(&scene);
    add_all(&scene, 0, 100);
    assert_true(eviction_bytes(&scene.eviction) == CAPACITY);
    for (size_t i = 0; i < 100; i++)
        assert_int_equal(let_one_go(&scene), i);
    assert_true(eviction_bytes(&scene.eviction) == 0);
    eviction_clear(&scene.eviction);
}

static void two_hits_lead_to_the_main_queue_and_one_does_not(void **state)
{
    (void)state;
    struct scene scene;
    set_up(&scene);
    add_all(&scene, 0, 100);
    hit(&scene, 0, 2);
    hit(&scene, 1, 1);
    assert_int_equal(let_one_go(&scene), 1);
    assert_int_equal(scene.entries[0].queue, CACHE_MAIN);
    eviction_clear(&scene.eviction);
}

static void the_small_queue_gives_first_until_it_has_its_tenth(void **state)
{
    (void)state;
    struct scene scene;
    set_up(&scene);
    add_all(&scene, 0, 50);
    for (size_t i = 0; i < 30; i++)
        hit(&scene, i, 2);
    for (size_t gone = 30; gone < 40; gone++)
        assert_int_equal(let_one_go(&scene), gone);
    assert_true(scene.eviction.small.bytes == CAPACITY / 10);
    assert_int_equal(let_one_go(&scene), 0); /* the main queue's oldest; its hits led it there */
    eviction_clear(&scene.eviction);
}

static void a_hit_is_a_round_in_the_main_queue(void **state)
{
    (void)state;
    struct scene scene;
    set_up(&scene);
    add_all(&scene, 0, 3);
    for (size_t i = 0; i < 3; i++)
        hit(&scene, i, 2);
    scene.eviction.capacity = 0; /* the small queue gives all */
    assert_null(eviction_step(&scene.eviction));
    assert_null(eviction_step(&scene.eviction));
    assert_null(eviction_step(&scene.eviction));
    hit(&scene, 0, 9); /* counts up to 3 */
    assert_int_equal(let_one_go(&scene), 1);
    assert_int_equal(let_one_go(&scene), 2);
    assert_int_equal(atomic_load(&scene.entries[0].hits), 2);
    assert_int_equal(let_one_go(&scene), 0);
    eviction_clear(&scene.eviction);
}

static void who_comes_back_soon_goes_to_the_main_queue(void **state)
{
    (void)state;
    struct scene scene;
    set_up(&scene);
    add_all(&scene, 0, 1);
    assert_int_equal(let_one_go(&scene), 0);
    add_all(&scene, 0, 2);
    assert_int_equal(scene.entries[0].queue, CACHE_MAIN);
    assert_int_equal(scene.entries[1].queue, CACHE_SMALL);
    eviction_clear(&scene.eviction);
}

static void who_comes_back_late_is_a_newcomer(void **state)
{
    (void)state;
    struct scene scene;
    set_up(&scene);
    for (size_t i = 0; i < 200; i++) { /* as many bytes as two main queues */
        add_all(&scene, i, i + 1);
        assert_int_equal(let_one_go(&scene), i);
    }
    add_all(&scene, 0, 1);
    assert_int_equal(scene.entries[0].queue, CACHE_SMALL);
    eviction_clear(&scene.eviction);
}

static void a_replacement_has_place_and_hits_of_the_old_one(void **state)
{
    (void)state;
    struct scene scene;
    set_up(&scene);
    add_all(&scene, 0, 3);
    hit(&scene, 1, 3);
    scene.entries[9].size = 3 * SIZE;
    eviction_replace(&scene.eviction, &scene.entries[1], &scene.entries[9]);
    assert_int_equal(scene.entries[1].queue, CACHE_NOWHERE);
    assert_int_equal(atomic_load(&scene.entries[9].hits), 3);
    assert_true(eviction_bytes(&scene.eviction) == 5 * SIZE);
    eviction_replace(&scene.eviction, &scene.entries[0], &scene.entries[7]);
    eviction_replace(&scene.eviction, &scene.entries[2], &scene.entries[8]);
    scene.eviction.capacity = 0; /* the small queue gives all */
    assert_int_equal(let_one_go(&scene), 7);
    assert_int_equal(let_one_go(&scene), 8);
    assert_int_equal(let_one_go(&scene), 9);
    eviction_clear(&scene.eviction);
}

static void anything_may_be_taken_out_anywhere(void **state)
{
    (void)state;
    struct scene scene;
    set_up(&scene);
    add_all(&scene, 0, 5);
    eviction_remove(&scene.eviction, &scene.entries[0]);
    eviction_remove(&scene.eviction, &scene.entries[4]);
    eviction_remove(&scene.eviction, &scene.entries[2]);
    assert_int_equal(let_one_go(&scene), 1);
    assert_int_equal(let_one_go(&scene), 3);
    assert_true(eviction_bytes(&scene.eviction) == 0);
    add_all(&scene, 2, 3); /* taken out is not let go: no ghost */
    assert_int_equal(scene.entries[2].queue, CACHE_SMALL);
    eviction_clear(&scene.eviction);
}

/* With everything asked for, a look for something to let go could go round three times. */
static void second_chances_end(void **state)
{
    (void)state;
    struct scene scene;
    set_up(&scene);
    add_all(&scene, 0, ENTRIES);
    for (size_t i = 0; i < ENTRIES; i++)
        hit(&scene, i, 3);
    int steps = 1;
    while (!eviction_step(&scene.eviction))
        steps++;
    assert_in_range(steps, 200, 300);
    eviction_clear(&scene.eviction);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_is_not_asked_for_goes_in_the_order_of_coming),
        cmocka_unit_test(two_hits_lead_to_the_main_queue_and_one_does_not),
        cmocka_unit_test(the_small_queue_gives_first_until_it_has_its_tenth),
        cmocka_unit_test(a_hit_is_a_round_in_the_main_queue),
        cmocka_unit_test(who_comes_back_soon_goes_to_the_main_queue),
        cmocka_unit_test(who_comes_back_late_is_a_newcomer),
        cmocka_unit_test(a_replacement_has_place_and_hits_of_the_old_one),
        cmocka_unit_test(anything_may_be_taken_out_anywhere),
        cmocka_unit_test(second_chances_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
