/* Dials, and who is served by what they bring: another part of the tests of upstream_pool. */
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

static void a_failed_dial_says_why(void **state)
{
    struct pool_scene *scene = *state;
    struct waiter *waiter = pool_scene_begin(scene, 0, false);
    fake_dialer_fail(&scene->dialer, DIAL_TLS_UNTRUSTED, SPAN("certificate has expired"));
    assert_int_equal(waiter->told, 1);
    assert_int_equal(waiter->result, POOL_DIAL_FAILED);
    assert_int_equal(waiter->dial, DIAL_TLS_UNTRUSTED);
    assert_true(span_equal(waiter->detail, SPAN("certificate has expired")));
    assert_pool_counts(scene, 0, 0, 0);
}

static void a_wait_may_begin_again_from_inside_its_failure(void **state)
{
    struct pool_scene *scene = *state;
    struct waiter *waiter = pool_scene_begin(scene, 0, false);
    waiter->begins_again = true;
    fake_dialer_fail(&scene->dialer, DIAL_REFUSED, SPAN("no"));
    assert_pool_counts(scene, 0, 1, 0);
    (void)fake_dialer_connect(&scene->dialer);
    assert_int_equal(waiter->told, 2);
    assert_int_equal(waiter->result, POOL_OK);
}

/* Waiter 1 dials and is given what waiter 0 had; what was dialed is still on its way. */
static void leave_one_dial(struct pool_scene *scene, bool must_be_fresh)
{
    (void)pool_scene_connect_one(scene, 0);
    struct upstream_connection *connection = scene->waiters[0].connection;
    (void)pool_scene_begin(scene, 1, must_be_fresh);
    assert_int_equal(scene->dialer.begun, 2);
    pool_scene_give_back(&scene->waiters[0], true);
    assert_int_equal(scene->waiters[1].told, 0); /* not from inside the call */
    pool_scene_turn(scene);
    assert_int_equal(scene->waiters[1].told, 1);
    assert_ptr_equal(scene->waiters[1].connection, connection);
    assert_int_equal(scene->dialer.called_off, 0);
    assert_pool_counts(scene, 0, 2, 0);
}

static void who_dials_takes_what_is_given_back_sooner(void **state)
{
    struct pool_scene *scene = *state;
    leave_one_dial(scene, true);
    struct fake_server *server = fake_dialer_connect(&scene->dialer);
    assert_int_equal(scene->waiters[1].told, 1);
    assert_pool_counts(scene, 1, 2, 0);
    (void)pool_scene_begin(scene, 2, false);
    pool_scene_turn(scene);
    assert_ptr_equal(scene->waiters[2].connection->stream, server->ours);
    assert_true(scene->waiters[2].connection->was_pooled);
}

static void what_is_dialed_for_nobody_is_the_next_ones(void **state)
{
    struct pool_scene *scene = *state;
    leave_one_dial(scene, false);
    (void)pool_scene_begin(scene, 2, true);
    (void)pool_scene_begin(scene, 3, true);
    assert_int_equal(scene->dialer.begun, 3);
    struct fake_server *server = fake_dialer_connect(&scene->dialer);
    assert_int_equal(scene->waiters[2].told, 1);
    assert_ptr_equal(scene->waiters[2].connection->stream, server->ours);
    assert_int_equal(scene->waiters[3].told, 0);
}

static void a_dial_for_nobody_may_fail(void **state)
{
    struct pool_scene *scene = *state;
    leave_one_dial(scene, false);
    fake_dialer_fail(&scene->dialer, DIAL_REFUSED, SPAN("no"));
    assert_int_equal(scene->waiters[1].told, 1);
    assert_pool_counts(scene, 0, 1, 0);
}

static void who_takes_over_a_dial_may_call_it_off(void **state)
{
    struct pool_scene *scene = *state;
    leave_one_dial(scene, false);
    struct waiter *waiter = pool_scene_begin(scene, 2, false);
    pool_wait_call_off(&waiter->wait);
    waiter->told = 1;
    assert_int_equal(scene->dialer.called_off, 1);
    assert_pool_counts(scene, 0, 1, 0);
}

static void the_first_in_line_takes_over_a_dial(void **state)
{
    struct pool_scene *scene = *state;
    (void)pool_scene_connect_one(scene, 0);
    for (size_t i = 1; i < 5; i++)
        (void)pool_scene_begin(scene, i, false);
    assert_pool_counts(scene, 0, 4, 1);
    pool_scene_give_back(&scene->waiters[0], true);
    pool_scene_turn(scene);
    assert_int_equal(scene->waiters[1].told, 1);
    assert_pool_counts(scene, 0, 4, 0);
    (void)fake_dialer_connect(&scene->dialer);
    assert_int_equal(scene->waiters[4].told, 1);
    assert_int_equal(scene->dialer.begun, 4);
}

static int set_up_two(void **state)
{
    return pool_scene_set_up(state, 2, 2);
}

static void what_is_too_old_makes_no_room_where_one_is_coming(void **state)
{
    struct pool_scene *scene = *state;
    leave_one_dial(scene, false);
    pool_scene_give_back(&scene->waiters[1], true);
    pool_scene_pass(scene, 4000);
    (void)pool_scene_begin(scene, 2, true);
    assert_pool_counts(scene, 1, 2, 0);
    assert_int_equal(scene->dialer.begun, 2);
}

static void dials_for_nobody_end_with_the_pool(void **state)
{
    struct pool_scene *scene = *state;
    leave_one_dial(scene, false);
    pool_scene_destroy(scene);
    assert_int_equal(scene->dialer.called_off, 1);
}

static void no_dial_outlives_its_wait_once_the_pool_has_ended(void **state)
{
    struct pool_scene *scene = *state;
    (void)pool_scene_connect_one(scene, 0);
    (void)pool_scene_begin(scene, 1, false);
    pool_scene_destroy(scene);
    pool_scene_give_back(&scene->waiters[0], true);
    pool_scene_turn(scene);
    assert_int_equal(scene->waiters[1].told, 1);
    assert_int_equal(scene->dialer.called_off, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, pool_scene_tear_down)
        TEST(a_failed_dial_says_why),
        TEST(a_wait_may_begin_again_from_inside_its_failure),
        TEST(who_dials_takes_what_is_given_back_sooner),
        TEST(what_is_dialed_for_nobody_is_the_next_ones),
        TEST(a_dial_for_nobody_may_fail),
        TEST(who_takes_over_a_dial_may_call_it_off),
        TEST(the_first_in_line_takes_over_a_dial),
        cmocka_unit_test_setup_teardown(what_is_too_old_makes_no_room_where_one_is_coming,
                                        set_up_two, pool_scene_tear_down),
        TEST(dials_for_nobody_end_with_the_pool),
        TEST(no_dial_outlives_its_wait_once_the_pool_has_ended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
