#include "net/loop.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/clock.h"

struct scene {
    struct loop loop;
    struct task task;
    struct timer timer;
    unsigned task_runs, timer_runs, turns;
    uint64_t fired_ms;
};

static int set_up(void **state)
{
    static struct scene scene;
    scene = (struct scene){0};
    loop_init(&scene.loop);
    *state = &scene;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *scene = *state;
    loop_close(&scene->loop);
    return 0;
}

static void on_task(struct task *task)
{
    container_of(task, struct scene, task)->task_runs++;
}

static void on_due(struct timer *timer)
{
    struct scene *scene = container_of(timer, struct scene, timer);
    scene->timer_runs++;
    scene->fired_ms = loop_now_ms(&scene->loop);
    later_run(&scene->loop.later, &scene->task, on_task);
}

static void on_task_sets_timer(struct task *task)
{
    struct scene *scene = container_of(task, struct scene, task);
    timer_set(&scene->timer, loop_now_ms(&scene->loop) + 1);
}

static void stop(struct task *task)
{
    loop_stop(&container_of(task, struct scene, task)->loop);
}

static void on_turn(uv_check_t *check)
{
    ((struct scene *)check->data)->turns++;
}

static void an_empty_loop_returns_at_once(void **state)
{
    struct scene *scene = *state;
    loop_run(&scene->loop);
    loop_run(&scene->loop);
}

static void its_clock_is_the_monotonic_one(void **state)
{
    struct scene *scene = *state;
    uv_update_time(&scene->loop.uv);
    uint64_t now_ms = clock_ms();
    /* libuv may use the coarse clock, a few milliseconds behind. */
    assert_in_range(loop_now_ms(&scene->loop), now_ms - 1000, now_ms);
}

static void on_due_ask(struct timer *timer)
{
    struct scene *scene = container_of(timer, struct scene, timer);
    scene->fired_ms = loop_wall_ms(&scene->loop);
}

static void the_wall_clock_stands_still_for_a_turn_and_no_longer(void **state)
{
    enum { LATER_MS = 5 };
    struct scene *scene = *state;
    uint64_t now_ms = clock_wall_ms(), asked_ms = loop_wall_ms(&scene->loop);
    assert_in_range(asked_ms, now_ms, now_ms + 1000);
    timer_init(&scene->timer, &scene->loop.timers, on_due_ask);
    timer_set(&scene->timer, loop_now_ms(&scene->loop) + LATER_MS);
    while (clock_wall_ms() == asked_ms)
        ;
    assert_int_equal(loop_wall_ms(&scene->loop), asked_ms);
    loop_run(&scene->loop);
    assert_true(scene->fired_ms > asked_ms);
}

static void a_task_runs_although_nothing_else_is_there(void **state)
{
    struct scene *scene = *state;
    later_run(&scene->loop.later, &scene->task, on_task);
    loop_run(&scene->loop);
    assert_int_equal(scene->task_runs, 1);
}

static void a_timer_keeps_the_loop_alive_and_fires_at_its_time(void **state)
{
    struct scene *scene = *state;
    timer_init(&scene->timer, &scene->loop.timers, on_due);
    uint64_t due_ms = loop_now_ms(&scene->loop) + 20;
    timer_set(&scene->timer, due_ms);
    loop_run(&scene->loop);
    assert_int_equal(scene->timer_runs, 1);
    assert_int_equal(scene->task_runs, 1);
    assert_true(scene->fired_ms >= due_ms);
}

static void a_timer_set_by_a_task_counts(void **state)
{
    struct scene *scene = *state;
    timer_init(&scene->timer, &scene->loop.timers, on_due);
    later_run(&scene->loop.later, &scene->task, on_task_sets_timer);
    loop_run(&scene->loop);
    assert_int_equal(scene->timer_runs, 1);
}

static void a_timer_moved_later_wakes_the_loop_only_a_few_times(void **state)
{
    struct scene *scene = *state;
    timer_init(&scene->timer, &scene->loop.timers, on_due);
    uint64_t now_ms = loop_now_ms(&scene->loop);
    timer_set(&scene->timer, now_ms + 5);
    timer_set(&scene->timer, now_ms + 30);
    uv_check_t counter = {.data = scene};
    uv_check_init(&scene->loop.uv, &counter);
    uv_check_start(&counter, on_turn);
    uv_unref((uv_handle_t *)&counter);
    loop_run(&scene->loop);
    assert_in_range(scene->turns, 1, 10);
    assert_true(scene->fired_ms >= now_ms + 30);
    uv_close((uv_handle_t *)&counter, NULL);
    loop_run(&scene->loop);
}

static void a_stopped_timer_does_not_hold_the_loop(void **state)
{
    struct scene *scene = *state;
    timer_init(&scene->timer, &scene->loop.timers, on_due);
    timer_set(&scene->timer, loop_now_ms(&scene->loop) + 60000);
    (void)uv_run(&scene->loop.uv, UV_RUN_NOWAIT);
    timer_stop(&scene->timer);
    loop_run(&scene->loop);
    assert_int_equal(scene->timer_runs, 0);
}

static void stopping_ends_the_run_and_a_new_run_goes_on(void **state)
{
    struct scene *scene = *state;
    timer_init(&scene->timer, &scene->loop.timers, on_due);
    timer_set(&scene->timer, loop_now_ms(&scene->loop) + 10);
    later_run(&scene->loop.later, &scene->task, stop);
    loop_run(&scene->loop);
    assert_int_equal(scene->timer_runs, 0);
    loop_run(&scene->loop);
    assert_int_equal(scene->timer_runs, 1);
}

static void closing_runs_what_is_still_queued(void **state)
{
    struct scene scene = {0};
    (void)state;
    loop_init(&scene.loop);
    later_run(&scene.loop.later, &scene.task, on_task);
    loop_close(&scene.loop);
    assert_int_equal(scene.task_runs, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_empty_loop_returns_at_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(its_clock_is_the_monotonic_one, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_wall_clock_stands_still_for_a_turn_and_no_longer,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_task_runs_although_nothing_else_is_there, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_timer_keeps_the_loop_alive_and_fires_at_its_time, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_timer_set_by_a_task_counts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_timer_moved_later_wakes_the_loop_only_a_few_times, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_stopped_timer_does_not_hold_the_loop, set_up, tear_down),
        cmocka_unit_test_setup_teardown(stopping_ends_the_run_and_a_new_run_goes_on, set_up,
                                        tear_down),
        cmocka_unit_test(closing_runs_what_is_still_queued),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
