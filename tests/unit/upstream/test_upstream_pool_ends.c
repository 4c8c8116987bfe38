/* Losing, calling off and the end of the pool: the second half of upstream_pool's tests. */
#include "upstream/upstream_pool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "support/pool_scene.h"

static int set_up(void **state)
{
    return pool_scene_set_up(state, 4, 3);
}

static int set_up_one(void **state)
{
    return pool_scene_set_up(state, 1, 2);
}

/* --- Lost between being taken and being told --- */

static void lose_taken(struct pool_scene *scene, int how)
{
    struct fake_server *server = pool_scene_connect_one(scene, 0);
    pool_scene_give_back(&scene->waiters[0], true);
    (void)pool_scene_begin(scene, 1, false);
    (void)pool_scene_begin(scene, 2, false);
    (void)pool_scene_begin(scene, 3, false);
    if (how == 0)
        stream_end(server->server.stream);
    else if (how == 1)
        recorder_write(&server->server, SPAN("?"));
    else
        memory_pair_break(server->pair, server->ours);
    (void)memory_pair_step(server->pair, 10); /* the loop reads before it runs what is put off */
    pool_scene_turn(scene);
    assert_int_equal(scene->waiters[1].told, 0);
    assert_int_equal(scene->dialer.begun, 2);
    assert_pool_counts(scene, 0, 1, 2);
    (void)fake_dialer_connect(&scene->dialer);
    assert_int_equal(scene->waiters[1].told, 1);
    assert_int_equal(scene->waiters[1].result, POOL_OK);
    assert_int_equal(scene->waiters[2].told, 0);
}

static void a_connection_lost_before_it_is_told_is_replaced_at_the_bound_too(void **state)
{
    (void)state;
    for (int how = 0; how < 3; how++) {
        struct pool_scene scene;
        pool_scene_build(&scene, 1, 2);
        lose_taken(&scene, how);
        pool_scene_clear(&scene);
    }
}

/* --- Calling off --- */

static void a_dial_that_is_called_off_makes_room(void **state)
{
    struct pool_scene *scene = *state;
    struct waiter *waiter = pool_scene_begin(scene, 0, false);
    (void)pool_scene_begin(scene, 1, false);
    pool_wait_call_off(&waiter->wait);
    waiter->told = 1;
    assert_int_equal(scene->dialer.called_off, 1);
    assert_int_equal(scene->dialer.begun, 2);
    assert_pool_counts(scene, 0, 1, 0);
    (void)fake_dialer_connect(&scene->dialer);
    assert_int_equal(scene->waiters[1].result, POOL_OK);
}

static void a_wait_in_line_may_be_called_off(void **state)
{
    struct pool_scene *scene = *state;
    (void)pool_scene_connect_one(scene, 0);
    struct waiter *waiter = pool_scene_begin(scene, 1, false);
    (void)pool_scene_begin(scene, 2, false);
    pool_wait_call_off(&waiter->wait);
    assert_pool_counts(scene, 0, 1, 1);
    pool_scene_give_back(&scene->waiters[0], true);
    pool_scene_pass(scene, 10000);
    assert_int_equal(waiter->told, 0);
    waiter->told = 1;
    assert_int_equal(scene->waiters[2].told, 1);
}

static void a_taken_connection_that_is_called_off_goes_to_the_next_in_line(void **state)
{
    struct pool_scene *scene = *state;
    (void)pool_scene_connect_one(scene, 0);
    struct upstream_connection *connection = scene->waiters[0].connection;
    pool_scene_give_back(&scene->waiters[0], true);
    struct waiter *waiter = pool_scene_begin(scene, 1, false);
    (void)pool_scene_begin(scene, 2, false);
    pool_wait_call_off(&waiter->wait);
    pool_scene_turn(scene);
    assert_int_equal(waiter->told, 0);
    waiter->told = 1;
    assert_ptr_equal(scene->waiters[2].connection, connection);
}

static void but_not_if_it_has_rested_too_long_for_that_one(void **state)
{
    struct pool_scene *scene = *state;
    (void)pool_scene_rest_one(scene, 4000);
    struct waiter *waiter = pool_scene_begin(scene, 1, false);
    (void)pool_scene_begin(scene, 2, true);
    pool_wait_call_off(&waiter->wait);
    waiter->told = 1;
    pool_scene_turn(scene);
    assert_int_equal(scene->waiters[2].told, 0);
    assert_int_equal(scene->dialer.begun, 2);
    assert_pool_counts(scene, 0, 1, 0);
}

static void the_answer_that_the_line_is_full_may_be_called_off(void **state)
{
    struct pool_scene *scene = *state;
    (void)pool_scene_connect_one(scene, 0);
    (void)pool_scene_begin(scene, 1, false);
    (void)pool_scene_begin(scene, 2, false);
    struct waiter *waiter = pool_scene_begin(scene, 3, false);
    pool_wait_call_off(&waiter->wait);
    pool_scene_turn(scene);
    assert_int_equal(waiter->told, 0);
    waiter->told = 1;
}

/* --- The end of the pool --- */

static void idle_connections_close_with_the_pool(void **state)
{
    struct pool_scene *scene = *state;
    struct fake_server *server = pool_scene_connect_one(scene, 0);
    pool_scene_give_back(&scene->waiters[0], true);
    pool_scene_destroy(scene);
    pool_scene_turn(scene);
    assert_int_equal(server->server.ended, 1);
}

static void what_a_call_holds_outlives_the_pool_and_is_closed(void **state)
{
    struct pool_scene *scene = *state;
    struct fake_server *server = pool_scene_connect_one(scene, 0);
    pool_scene_destroy(scene);
    pool_scene_turn(scene);
    assert_int_equal(server->server.ended, 0);
    pool_scene_give_back(&scene->waiters[0], true);
    pool_scene_turn(scene);
    assert_int_equal(server->server.ended, 1);
}

static void waits_outlive_the_pool_in_each_phase(void **state)
{
    struct pool_scene *scene = *state; /* one connection, two in line */
    (void)pool_scene_connect_one(scene, 0);
    pool_scene_give_back(&scene->waiters[0], true);
    for (size_t i = 1; i < 5; i++)
        (void)pool_scene_begin(scene, i, false);
    pool_scene_destroy(scene);
    pool_scene_turn(scene);
    assert_int_equal(scene->waiters[1].result, POOL_OK);
    assert_int_equal(scene->waiters[4].result, POOL_FULL);
    pool_scene_give_back(&scene->waiters[1], false);
    fake_dialer_fail(&scene->dialer, DIAL_REFUSED, SPAN("no"));
    assert_int_equal(scene->waiters[2].result, POOL_DIAL_FAILED);
    (void)fake_dialer_connect(&scene->dialer);
    assert_int_equal(scene->waiters[3].result, POOL_OK);
}

static void a_dial_may_fail_or_be_called_off_after_the_pool(void **state)
{
    (void)state;
    for (int how = 0; how < 2; how++) {
        struct pool_scene scene;
        pool_scene_build(&scene, 1, 0);
        struct waiter *waiter = pool_scene_begin(&scene, 0, false);
        pool_scene_destroy(&scene);
        if (how == 0)
            fake_dialer_fail(&scene.dialer, DIAL_REFUSED, SPAN("no"));
        else
            pool_wait_call_off(&waiter->wait);
        waiter->told = 1;
        pool_scene_clear(&scene);
    }
}

static void a_taken_connection_may_be_lost_or_called_off_after_the_pool(void **state)
{
    (void)state;
    for (int how = 0; how < 2; how++) {
        struct pool_scene scene;
        pool_scene_build(&scene, 1, 0);
        struct fake_server *server = pool_scene_connect_one(&scene, 0);
        pool_scene_give_back(&scene.waiters[0], true);
        struct waiter *waiter = pool_scene_begin(&scene, 1, false);
        pool_scene_destroy(&scene);
        if (how == 0) {
            memory_pair_break(server->pair, server->ours);
            (void)memory_pair_step(server->pair, 10);
            fake_dialer_fail(&scene.dialer, DIAL_REFUSED, SPAN("no"));
            assert_int_equal(waiter->told, 1);
        } else {
            pool_wait_call_off(&waiter->wait);
            waiter->told = 1;
        }
        pool_scene_clear(&scene);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name)     cmocka_unit_test_setup_teardown(name, set_up, pool_scene_tear_down)
#define TEST_ONE(name) cmocka_unit_test_setup_teardown(name, set_up_one, pool_scene_tear_down)
        cmocka_unit_test(a_connection_lost_before_it_is_told_is_replaced_at_the_bound_too),
        TEST_ONE(a_dial_that_is_called_off_makes_room),
        TEST_ONE(a_wait_in_line_may_be_called_off),
        TEST_ONE(a_taken_connection_that_is_called_off_goes_to_the_next_in_line),
        TEST_ONE(but_not_if_it_has_rested_too_long_for_that_one),
        TEST_ONE(the_answer_that_the_line_is_full_may_be_called_off),
        TEST(idle_connections_close_with_the_pool),
        TEST(what_a_call_holds_outlives_the_pool_and_is_closed),
        TEST_ONE(waits_outlive_the_pool_in_each_phase),
        cmocka_unit_test(a_dial_may_fail_or_be_called_off_after_the_pool),
        cmocka_unit_test(a_taken_connection_may_be_lost_or_called_off_after_the_pool),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
