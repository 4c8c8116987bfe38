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

/* --- Connections --- */

static void the_first_wait_dials(void **state)
{
    struct pool_scene *scene = *state;
    struct waiter *waiter = pool_scene_begin(scene, 0, false);
    assert_pool_counts(scene, 0, 1, 0);
    struct fake_server *server = fake_dialer_connect(&scene->dialer);
    assert_int_equal(waiter->told, 1);
    assert_int_equal(waiter->result, POOL_OK);
    assert_ptr_equal(waiter->connection->stream, server->ours);
    assert_false(waiter->connection->was_pooled);
    assert_pool_counts(scene, 0, 1, 0);
}

static void a_connection_given_back_is_used_again(void **state)
{
    struct pool_scene *scene = *state;
    (void)pool_scene_connect_one(scene, 0);
    struct upstream_connection *connection = scene->waiters[0].connection;
    pool_scene_give_back(&scene->waiters[0], true);
    assert_pool_counts(scene, 1, 1, 0);
    struct waiter *waiter = pool_scene_begin(scene, 1, false);
    assert_pool_counts(scene, 0, 1, 0);
    pool_scene_turn(scene);
    assert_int_equal(waiter->told, 1);
    assert_ptr_equal(waiter->connection, connection);
    assert_int_equal(scene->dialer.begun, 1);
}

static void a_connection_that_is_not_clean_is_closed(void **state)
{
    struct pool_scene *scene = *state;
    struct fake_server *server = pool_scene_connect_one(scene, 0);
    pool_scene_give_back(&scene->waiters[0], false);
    pool_scene_turn(scene);
    assert_pool_counts(scene, 0, 0, 0);
    assert_int_equal(server->server.ended, 1);
}

static void the_newest_is_used_first(void **state)
{
    struct pool_scene *scene = *state;
    for (size_t i = 0; i < 3; i++)
        (void)pool_scene_connect_one(scene, i);
    struct upstream_connection *second = scene->waiters[1].connection;
    pool_scene_give_back(&scene->waiters[0], true);
    pool_scene_give_back(&scene->waiters[2], true);
    pool_scene_give_back(&scene->waiters[1], true);
    (void)pool_scene_begin(scene, 3, false);
    pool_scene_turn(scene);
    assert_ptr_equal(scene->waiters[3].connection, second);
}

static void rest_all(struct pool_scene *scene, size_t count)
{
    for (size_t i = 0; i < count; i++)
        (void)pool_scene_connect_one(scene, i);
    for (size_t i = 0; i < count; i++)
        pool_scene_give_back(&scene->waiters[i], true);
}

/* Under load the next request comes at once: to close what is over the bound would cost it a
 * handshake. What has rested longest is what is least needed. */
static void more_than_may_rest_only_for_a_moment(void **state)
{
    struct pool_scene *scene = *state;
    rest_all(scene, 4);
    pool_scene_pass(scene, 999);
    assert_pool_counts(scene, 4, 4, 0);
    pool_scene_pass(scene, 1);
    assert_pool_counts(scene, 3, 3, 0);
    assert_int_equal(scene->dialer.servers[0].server.ended, 1);
}

static int set_up_few(void **state)
{
    return pool_scene_set_up(state, 6, 3);
}

static void all_that_are_too_many_go(void **state)
{
    struct pool_scene *scene = *state;
    rest_all(scene, 6);
    pool_scene_pass(scene, 1000);
    pool_scene_pass(scene, 0);
    pool_scene_pass(scene, 0);
    assert_pool_counts(scene, 3, 3, 0);
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(scene->dialer.servers[i].server.ended, i < 3);
}

static void what_is_not_too_many_any_more_stays(void **state)
{
    struct pool_scene *scene = *state;
    rest_all(scene, 4);
    (void)pool_scene_begin(scene, 4, false);
    pool_scene_turn(scene);
    pool_scene_pass(scene, 59999);
    assert_pool_counts(scene, 3, 4, 0);
    pool_scene_pass(scene, 1);
    assert_pool_counts(scene, 0, 1, 0);
}

/* Those that have rested for long would otherwise keep the place of those that can serve. */
static void what_rests_makes_room_for_what_is_fresh(void **state)
{
    struct pool_scene *scene = *state;
    rest_all(scene, 3);
    pool_scene_pass(scene, 4000);
    (void)pool_scene_begin(scene, 3, true);
    struct fake_server *fresh = fake_dialer_connect(&scene->dialer);
    pool_scene_give_back(&scene->waiters[3], true);
    pool_scene_pass(scene, 0);
    assert_pool_counts(scene, 3, 3, 0);
    assert_int_equal(scene->dialer.servers[0].server.ended, 1);
    assert_int_equal(fresh->server.ended, 0);
}

static void an_idle_connection_is_closed_after_its_time(void **state)
{
    struct pool_scene *scene = *state;
    struct fake_server *server = pool_scene_rest_one(scene, 59999);
    assert_pool_counts(scene, 1, 1, 0);
    pool_scene_pass(scene, 1);
    assert_pool_counts(scene, 0, 0, 0);
    assert_int_equal(server->server.ended, 1);
    assert_int_equal(upstream_pool_counts(scene->pool).shortest_life_ms, 60000);
}

static void what_is_in_use_has_no_idle_time(void **state)
{
    struct pool_scene *scene = *state;
    (void)pool_scene_connect_one(scene, 0);
    pool_scene_give_back(&scene->waiters[0], true);
    (void)pool_scene_begin(scene, 0, false);
    pool_scene_turn(scene);
    pool_scene_pass(scene, 100000);
    assert_pool_counts(scene, 0, 1, 0);
}

static void unexpected_bytes_close_an_idle_connection(void **state)
{
    struct pool_scene *scene = *state;
    struct fake_server *server = pool_scene_connect_one(scene, 0);
    pool_scene_give_back(&scene->waiters[0], true);
    recorder_write(&server->server, SPAN("HTTP/1.1 408 Request Timeout\r\n\r\n"));
    pool_scene_turn(scene);
    assert_pool_counts(scene, 0, 0, 0);
    assert_int_equal(upstream_pool_counts(scene->pool).shortest_life_ms, 5000);
}

static void an_idle_connection_that_fails_is_dropped(void **state)
{
    struct pool_scene *scene = *state;
    struct fake_server *server = pool_scene_connect_one(scene, 0);
    pool_scene_give_back(&scene->waiters[0], true);
    memory_pair_break(server->pair, server->ours);
    pool_scene_turn(scene);
    assert_pool_counts(scene, 0, 0, 0);
}

/* --- Freshness --- */

static void only_a_fresh_connection_serves_what_must_not_be_repeated(void **state)
{
    struct pool_scene *scene = *state;
    (void)pool_scene_rest_one(scene, 1666);
    (void)pool_scene_begin(scene, 0, true);
    pool_scene_turn(scene);
    assert_int_equal(scene->dialer.begun, 1);
    pool_scene_give_back(&scene->waiters[0], true);
    pool_scene_pass(scene, 1667);
    (void)pool_scene_begin(scene, 1, true);
    assert_int_equal(scene->dialer.begun, 2);
    (void)pool_scene_begin(scene, 2, false);
    pool_scene_turn(scene);
    assert_int_equal(scene->waiters[2].told, 1);
    assert_int_equal(scene->dialer.begun, 2);
}

static void the_shortest_life_is_learned_from_the_server(void **state)
{
    struct pool_scene *scene = *state;
    struct fake_server *server = pool_scene_rest_one(scene, 900);
    stream_end(server->server.stream);
    pool_scene_turn(scene);
    assert_int_equal(upstream_pool_counts(scene->pool).shortest_life_ms, 900);
    (void)pool_scene_rest_one(scene, 299);
    (void)pool_scene_begin(scene, 0, true);
    pool_scene_turn(scene);
    assert_int_equal(scene->dialer.begun, 2);
    pool_scene_give_back(&scene->waiters[0], true);
    pool_scene_pass(scene, 300);
    (void)pool_scene_begin(scene, 0, true);
    assert_int_equal(scene->dialer.begun, 3);
}

static void a_server_that_closes_at_once_does_not_forbid_all_reuse(void **state)
{
    struct pool_scene *scene = *state;
    struct fake_server *server = pool_scene_connect_one(scene, 0);
    pool_scene_give_back(&scene->waiters[0], true);
    stream_end(server->server.stream);
    pool_scene_turn(scene);
    assert_int_equal(upstream_pool_counts(scene->pool).shortest_life_ms, 100);
}

/* The server ends the newest connection at rest after so many milliseconds. */
static void show_life(struct pool_scene *scene, uint64_t ms)
{
    struct fake_server *server = pool_scene_rest_one(scene, ms);
    stream_end(server->server.stream);
    pool_scene_turn(scene);
}

static void a_connection_at_rest_is_closed_before_the_server_does(void **state)
{
    struct pool_scene *scene = *state;
    show_life(scene, 20000);
    struct fake_server *server = pool_scene_rest_one(scene, 17999);
    assert_pool_counts(scene, 1, 1, 0);
    pool_scene_pass(scene, 1);
    assert_pool_counts(scene, 0, 0, 0);
    assert_int_equal(server->server.ended, 1);
}

static void so_are_those_that_rest_already(void **state)
{
    struct pool_scene *scene = *state;
    struct fake_server *first = pool_scene_connect_one(scene, 0);
    (void)pool_scene_connect_one(scene, 1);
    (void)pool_scene_connect_one(scene, 2);
    pool_scene_give_back(&scene->waiters[0], true);
    pool_scene_give_back(&scene->waiters[1], true);
    pool_scene_pass(scene, 5000);
    pool_scene_give_back(&scene->waiters[2], true);
    pool_scene_pass(scene, 15000);
    stream_end(first->server.stream);
    pool_scene_turn(scene);
    pool_scene_pass(scene, 0);
    assert_pool_counts(scene, 1, 1, 0);
    pool_scene_pass(scene, 2999);
    assert_pool_counts(scene, 1, 1, 0);
    pool_scene_pass(scene, 1);
    assert_pool_counts(scene, 0, 0, 0);
}

static void a_server_that_starts_anew_spoils_no_rest(void **state)
{
    struct pool_scene *scene = *state;
    show_life(scene, 999);
    (void)pool_scene_rest_one(scene, 59999);
    assert_pool_counts(scene, 1, 1, 0);
}

static void what_the_server_has_shown_is_forgotten(void **state)
{
    struct pool_scene *scene = *state;
    show_life(scene, 3000);
    pool_scene_pass(scene, 600000);
    assert_int_equal(upstream_pool_counts(scene->pool).shortest_life_ms, 5000);
    (void)pool_scene_rest_one(scene, 59999);
    assert_pool_counts(scene, 1, 1, 0);
}

static void a_rest_after_which_the_server_answered_is_to_be_trusted(void **state)
{
    struct pool_scene *scene = *state;
    (void)pool_scene_rest_one(scene, 9000);
    (void)pool_scene_begin(scene, 0, false);
    pool_scene_turn(scene);
    assert_int_equal(upstream_pool_counts(scene->pool).shortest_life_ms, 5000);
    pool_scene_give_back(&scene->waiters[0], true);
    assert_int_equal(upstream_pool_counts(scene->pool).shortest_life_ms, 9000);
    pool_scene_pass(scene, 2999);
    (void)pool_scene_begin(scene, 0, true);
    pool_scene_turn(scene);
    assert_int_equal(scene->dialer.begun, 1);
    pool_scene_give_back(&scene->waiters[0], true);
    pool_scene_pass(scene, 3000);
    (void)pool_scene_begin(scene, 0, true);
    assert_int_equal(scene->dialer.begun, 2);
}

static void a_rest_after_which_the_answer_was_lost_shows_nothing(void **state)
{
    struct pool_scene *scene = *state;
    (void)pool_scene_rest_one(scene, 9000);
    (void)pool_scene_begin(scene, 0, false);
    pool_scene_turn(scene);
    pool_scene_give_back(&scene->waiters[0], false);
    assert_int_equal(upstream_pool_counts(scene->pool).shortest_life_ms, 5000);
}

static void what_shows_a_close_is_not_fresh(void **state)
{
    struct pool_scene *scene = *state;
    struct fake_server *server = pool_scene_connect_one(scene, 0);
    pool_scene_give_back(&scene->waiters[0], true);
    stream_end(server->server.stream);
    (void)pool_scene_begin(scene, 1, true);
    assert_int_equal(scene->dialer.begun, 2);
}

static void to_be_taken_and_called_off_does_not_make_a_connection_fresh(void **state)
{
    struct pool_scene *scene = *state;
    (void)pool_scene_rest_one(scene, 4000);
    struct waiter *waiter = pool_scene_begin(scene, 0, false);
    pool_wait_call_off(&waiter->wait);
    waiter->told = 1;
    assert_pool_counts(scene, 1, 1, 0);
    (void)pool_scene_begin(scene, 1, true);
    assert_int_equal(scene->dialer.begun, 2);
}

static void at_the_bound_a_rested_connection_makes_room_for_a_fresh_one(void **state)
{
    struct pool_scene *scene = *state;
    (void)pool_scene_rest_one(scene, 4000);
    (void)pool_scene_begin(scene, 1, true);
    assert_pool_counts(scene, 0, 1, 0);
    (void)fake_dialer_connect(&scene->dialer);
    assert_int_equal(scene->waiters[1].told, 1);
    assert_int_equal(scene->waiters[1].result, POOL_OK);
}

/* --- The bound and the line --- */

static void beyond_the_bound_waits_stand_in_line_and_are_served_in_order(void **state)
{
    struct pool_scene *scene = *state;
    (void)pool_scene_connect_one(scene, 0);
    (void)pool_scene_begin(scene, 1, false);
    (void)pool_scene_begin(scene, 2, true);
    assert_pool_counts(scene, 0, 1, 2);
    pool_scene_give_back(&scene->waiters[0], true);
    assert_int_equal(scene->waiters[1].told, 0); /* not from inside the call */
    pool_scene_turn(scene);
    assert_int_equal(scene->waiters[1].told, 1);
    assert_int_equal(scene->waiters[2].told, 0);
    pool_scene_give_back(&scene->waiters[1], true);
    pool_scene_turn(scene);
    assert_int_equal(scene->waiters[2].result, POOL_OK);
    assert_int_equal(scene->dialer.begun, 1);
    assert_pool_counts(scene, 0, 1, 0);
}

static void a_connection_that_closes_lets_the_first_in_line_dial(void **state)
{
    struct pool_scene *scene = *state;
    (void)pool_scene_connect_one(scene, 0);
    (void)pool_scene_begin(scene, 1, false);
    (void)pool_scene_begin(scene, 2, false);
    pool_scene_give_back(&scene->waiters[0], false);
    assert_pool_counts(scene, 0, 1, 1);
    assert_int_equal(scene->dialer.begun, 2);
    fake_dialer_fail(&scene->dialer, DIAL_REFUSED, SPAN("no"));
    assert_int_equal(scene->waiters[1].result, POOL_DIAL_FAILED);
    assert_int_equal(scene->dialer.begun, 3);
    (void)fake_dialer_connect(&scene->dialer);
    assert_int_equal(scene->waiters[2].result, POOL_OK);
}

static void the_line_has_a_bound(void **state)
{
    struct pool_scene *scene = *state;
    (void)pool_scene_connect_one(scene, 0);
    (void)pool_scene_begin(scene, 1, false);
    (void)pool_scene_begin(scene, 2, false);
    struct waiter *waiter = pool_scene_begin(scene, 3, false);
    pool_scene_turn(scene);
    assert_int_equal(waiter->told, 1);
    assert_int_equal(waiter->result, POOL_FULL);
    assert_pool_counts(scene, 0, 1, 2);
}

static void the_line_has_a_deadline(void **state)
{
    struct pool_scene *scene = *state;
    (void)pool_scene_connect_one(scene, 0);
    (void)pool_scene_begin(scene, 1, false);
    pool_scene_pass(scene, 1000);
    (void)pool_scene_begin(scene, 2, false);
    pool_scene_pass(scene, 999);
    assert_int_equal(scene->waiters[1].told, 0);
    pool_scene_pass(scene, 1);
    assert_int_equal(scene->waiters[1].result, POOL_WAIT_TIMEOUT);
    assert_int_equal(scene->waiters[2].told, 0);
    assert_pool_counts(scene, 0, 1, 1);
    pool_scene_pass(scene, 1000);
    assert_int_equal(scene->waiters[2].result, POOL_WAIT_TIMEOUT);
}

static void who_left_the_line_to_dial_has_no_deadline_here(void **state)
{
    struct pool_scene *scene = *state;
    (void)pool_scene_connect_one(scene, 0);
    (void)pool_scene_begin(scene, 1, false);
    pool_scene_give_back(&scene->waiters[0], false);
    pool_scene_pass(scene, 10000);
    assert_int_equal(scene->waiters[1].told, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name)     cmocka_unit_test_setup_teardown(name, set_up, pool_scene_tear_down)
#define TEST_ONE(name) cmocka_unit_test_setup_teardown(name, set_up_one, pool_scene_tear_down)
        TEST(the_first_wait_dials),
        TEST(a_connection_given_back_is_used_again),
        TEST(a_connection_that_is_not_clean_is_closed),
        TEST(the_newest_is_used_first),
        TEST(more_than_may_rest_only_for_a_moment),
        cmocka_unit_test_setup_teardown(all_that_are_too_many_go, set_up_few, pool_scene_tear_down),
        TEST(what_is_not_too_many_any_more_stays),
        TEST(what_rests_makes_room_for_what_is_fresh),
        TEST(an_idle_connection_is_closed_after_its_time),
        TEST(what_is_in_use_has_no_idle_time),
        TEST(unexpected_bytes_close_an_idle_connection),
        TEST(an_idle_connection_that_fails_is_dropped),
        TEST(only_a_fresh_connection_serves_what_must_not_be_repeated),
        TEST(the_shortest_life_is_learned_from_the_server),
        TEST(a_server_that_closes_at_once_does_not_forbid_all_reuse),
        TEST(a_connection_at_rest_is_closed_before_the_server_does),
        TEST(so_are_those_that_rest_already),
        TEST(a_server_that_starts_anew_spoils_no_rest),
        TEST(what_the_server_has_shown_is_forgotten),
        TEST(a_rest_after_which_the_server_answered_is_to_be_trusted),
        TEST(a_rest_after_which_the_answer_was_lost_shows_nothing),
        TEST(what_shows_a_close_is_not_fresh),
        TEST(to_be_taken_and_called_off_does_not_make_a_connection_fresh),
        TEST_ONE(at_the_bound_a_rested_connection_makes_room_for_a_fresh_one),
        TEST_ONE(beyond_the_bound_waits_stand_in_line_and_are_served_in_order),
        TEST_ONE(a_connection_that_closes_lets_the_first_in_line_dial),
        TEST_ONE(the_line_has_a_bound),
        TEST_ONE(the_line_has_a_deadline),
        TEST_ONE(who_left_the_line_to_dial_has_no_deadline_here),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
