/* Late commands, silence and probes: the second half of redis' tests. */
#include "store/redis.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "support/redis_scene.h"

static int set_up(void **state)
{
    static struct redis_scene scene;
    redis_scene_build(&scene);
    redis_scene_start(&scene);
    *state = &scene;
    return 0;
}

static int tear_down(void **state)
{
    redis_scene_clear(*state);
    return 0;
}

static void pass(struct redis_scene *scene, uint64_t ms)
{
    fake_target_pass(&scene->target, ms);
}

static enum status try_to_begin(struct redis_scene *scene, size_t index)
{
    return redis_scene_begin_until(&scene->calls[index], SPAN("x"),
                                   loop_now_ms(&scene->target.loop) + 25);
}

/* Redis hears and does not answer; three calls are late. */
static void make_away(struct redis_scene *scene)
{
    scene->target.is_mute = true;
    for (size_t i = 0; i < 3; i++)
        (void)redis_scene_begin(scene, i, "x", 25);
    pass(scene, 26);
    assert_int_equal(scene->downs, 1);
    assert_int_equal(scene->trouble, REDIS_SLOW);
}

/* Redis goes on: it answers all that it has heard. */
static void wake(struct redis_scene *scene)
{
    struct fake_redis *server = fake_target_newest(&scene->target);
    scene->target.is_mute = false;
    for (; server->held > 0; server->held--)
        fake_redis_say(server, "+late");
    fake_target_turn(&scene->target);
}

static void after_three_late_calls_nobody_waits(void **state)
{
    struct redis_scene *scene = *state;
    make_away(scene);
    assert_int_equal(scene->completions_at_down, 3);
    assert_false(redis_is_up(scene->redis));
    assert_int_equal(try_to_begin(scene, 3), ERR_CLOSED);
    const struct span argv[] = {SPAN("PING")};
    assert_int_equal(redis_post(scene->redis, argv, 1), ERR_CLOSED);
    assert_int_equal(scene->target.connected, 1);
}

static void two_late_calls_in_a_second_are_borne(void **state)
{
    struct redis_scene *scene = *state;
    scene->target.is_mute = true;
    for (int round = 0; round < 4; round++) {
        for (size_t i = 0; i < 2; i++)
            (void)redis_scene_begin(scene, i, "x", 25);
        pass(scene, 1100);
        wake(scene);
        scene->target.is_mute = true;
        scene->calls[0].told = scene->calls[1].told = 0;
    }
    assert_int_equal(scene->downs, 0);
    assert_int_equal(redis_counts(scene->redis).late, 8);
}

static void a_call_that_was_given_no_time_does_not_count_against_redis(void **state)
{
    struct redis_scene *scene = *state;
    scene->target.is_mute = true;
    for (size_t i = 0; i < REDIS_SCENE_CALLS; i++)
        (void)redis_scene_begin(scene, i, "x", 2);
    pass(scene, 20);
    assert_int_equal(redis_counts(scene->redis).late, REDIS_SCENE_CALLS);
    assert_int_equal(scene->downs, 0);
}

static void a_probe_that_is_answered_quickly_ends_it(void **state)
{
    struct redis_scene *scene = *state;
    make_away(scene);
    pass(scene, 990);
    assert_int_equal(scene->ups, 1);
    wake(scene); /* answers to late probes say nothing of how quick it is now */
    assert_int_equal(scene->ups, 1);
    pass(scene, 250);
    assert_int_equal(scene->ups, 2);
    assert_true(redis_is_up(scene->redis));
    assert_int_equal(try_to_begin(scene, 4), OK);
    fake_target_turn(&scene->target);
    assert_int_equal(scene->calls[4].result, REDIS_ANSWERED);
    assert_string_equal(scene->calls[4].text, "x");
    assert_int_equal(scene->target.connected, 1);
}

static void a_short_stall_is_over_with_the_first_probe(void **state)
{
    struct redis_scene *scene = *state;
    make_away(scene);
    pass(scene, 20);
    wake(scene);
    assert_int_equal(scene->ups, 2);
}

static void probes_go_out_though_as_much_is_under_way_as_may_be(void **state)
{
    struct redis_scene *scene = *state;
    const struct span argv[] = {SPAN("GET"), SPAN("key")};
    scene->target.is_mute = true;
    while (redis_post(scene->redis, argv, 2) == OK)
        continue;
    wake(scene);
    make_away(scene);
    while (fake_target_newest(&scene->target)->held < 10)
        pass(scene, 1);
    wake(scene);
    pass(scene, 250);
    assert_int_equal(scene->ups, 2);
}

static void calls_that_run_when_it_goes_away_keep_their_deadlines(void **state)
{
    struct redis_scene *scene = *state;
    (void)redis_scene_begin(scene, 5, "patient", 200);
    scene->target.is_mute = true;
    make_away(scene);
    assert_int_equal(scene->calls[5].told, 0);
    wake(scene);
    assert_int_equal(scene->calls[5].told, 1);
    assert_int_equal(scene->calls[5].result, REDIS_ANSWERED);
}

static void a_connection_that_owes_answers_and_is_silent_is_closed(void **state)
{
    struct redis_scene *scene = *state;
    make_away(scene);
    scene->target.is_deaf = true;
    pass(scene, 5000);
    assert_int_equal(scene->trouble, REDIS_SILENT);
    assert_true(scene->target.servers[0].has_ended);
    /* Each new connection is given a second for its greeting. */
    pass(scene, 10000);
    assert_in_range(scene->target.connected, 5, 10);
    assert_string_equal(scene->detail, "no answer to the greeting");
    scene->target.is_deaf = scene->target.is_mute = false;
    pass(scene, 2000);
    assert_int_equal(scene->ups, 2);
}

static void a_connection_at_rest_is_asked_whether_it_is_there(void **state)
{
    struct redis_scene *scene = *state;
    pass(scene, 20000);
    assert_in_range(fake_target_newest(&scene->target)->commands, 3, 4);
    assert_int_equal(scene->target.connected, 1);
    scene->target.is_mute = true;
    pass(scene, 4000);
    assert_int_equal(scene->downs, 0);
    pass(scene, 6000);
    assert_int_equal(scene->downs, 1);
    assert_int_equal(scene->trouble, REDIS_SILENT);
}

static void a_command_after_a_long_rest_has_the_whole_time(void **state)
{
    struct redis_scene *scene = *state;
    pass(scene, 4990);
    scene->target.is_mute = true;
    (void)redis_scene_begin(scene, 0, "x", 4000);
    pass(scene, 3900);
    assert_int_equal(scene->downs, 0);
    wake(scene);
    assert_int_equal(scene->calls[0].result, REDIS_ANSWERED);
}

static void it_may_be_destroyed_while_it_is_away(void **state)
{
    struct redis_scene *scene = *state;
    make_away(scene);
    redis_scene_destroy(scene);
    fake_target_turn(&scene->target);
}

static void it_may_be_destroyed_when_it_goes_away_and_when_it_is_back(void **state)
{
    struct redis_scene *scene = *state;
    scene->destroys_at_down = true;
    make_away(scene);
    assert_null(scene->redis);
    redis_scene_clear(scene);
    redis_scene_build(scene);
    redis_scene_start(scene);
    make_away(scene);
    scene->destroys_at_up = true;
    wake(scene);
    assert_int_equal(scene->ups, 2);
    assert_null(scene->redis);
}

static void a_loss_while_it_is_away_is_told_as_well(void **state)
{
    struct redis_scene *scene = *state;
    make_away(scene);
    scene->target.is_mute = false;
    fake_redis_hang_up(fake_target_newest(&scene->target));
    fake_target_turn(&scene->target);
    assert_int_equal(scene->downs, 2);
    assert_int_equal(scene->trouble, REDIS_GONE);
    pass(scene, 100);
    assert_int_equal(scene->ups, 2);
}

int main(void)
{
#define SCENE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        SCENE(after_three_late_calls_nobody_waits),
        SCENE(two_late_calls_in_a_second_are_borne),
        SCENE(a_call_that_was_given_no_time_does_not_count_against_redis),
        SCENE(a_probe_that_is_answered_quickly_ends_it),
        SCENE(a_short_stall_is_over_with_the_first_probe),
        SCENE(probes_go_out_though_as_much_is_under_way_as_may_be),
        SCENE(calls_that_run_when_it_goes_away_keep_their_deadlines),
        SCENE(a_connection_that_owes_answers_and_is_silent_is_closed),
        SCENE(a_connection_at_rest_is_asked_whether_it_is_there),
        SCENE(a_command_after_a_long_rest_has_the_whole_time),
        SCENE(it_may_be_destroyed_while_it_is_away),
        SCENE(it_may_be_destroyed_when_it_goes_away_and_when_it_is_back),
        SCENE(a_loss_while_it_is_away_is_told_as_well),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
