#include "net/timer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { TIMERS = 200, ROUNDS = 40000 };

struct watch {
    struct timer timer;
    unsigned fired;
    uint64_t again_ms; /* sets itself anew from on_due */
    struct watch *stops;
};

static void on_due(struct timer *timer)
{
    struct watch *watch = container_of(timer, struct watch, timer);
    watch->fired++;
    if (watch->again_ms)
        timer_set(timer, watch->again_ms);
    if (watch->stops)
        timer_stop(&watch->stops->timer);
}

static int set_up(void **state)
{
    static struct timers timers;
    timers_init(&timers);
    *state = &timers;
    return 0;
}

static int tear_down(void **state)
{
    timers_clear(*state);
    return 0;
}

static void without_timers_there_is_nothing_to_wait_for(void **state)
{
    assert_true(timers_next_ms(*state) == UINT64_MAX);
    timers_run(*state, UINT64_MAX);
}

static void a_timer_fires_once_and_not_before_its_time(void **state)
{
    struct watch watch = {0};
    timer_init(&watch.timer, *state, on_due);
    timer_set(&watch.timer, 100);
    assert_int_equal(timers_next_ms(*state), 100);
    timers_run(*state, 99);
    assert_int_equal(watch.fired, 0);
    timers_run(*state, 100);
    assert_int_equal(watch.fired, 1);
    assert_true(timers_next_ms(*state) == UINT64_MAX);
    timers_run(*state, 1000);
    assert_int_equal(watch.fired, 1);
}

static void a_deadline_moved_later_is_found_at_the_old_moment(void **state)
{
    struct watch watch = {0};
    timer_init(&watch.timer, *state, on_due);
    timer_set(&watch.timer, 100);
    timer_set(&watch.timer, 300);
    assert_int_equal(timers_next_ms(*state), 100); /* lazily: only a number was stored */
    timers_run(*state, 100);
    assert_int_equal(watch.fired, 0);
    assert_int_equal(timers_next_ms(*state), 300);
    timers_run(*state, 300);
    assert_int_equal(watch.fired, 1);
}

static void a_deadline_moved_earlier_counts_at_once(void **state)
{
    struct watch watch = {0};
    timer_init(&watch.timer, *state, on_due);
    timer_set(&watch.timer, 300);
    timer_set(&watch.timer, 500);
    timer_set(&watch.timer, 100);
    assert_int_equal(timers_next_ms(*state), 100);
    timers_run(*state, 100);
    assert_int_equal(watch.fired, 1);
}

static void a_stopped_timer_is_forgotten(void **state)
{
    struct watch watch = {0};
    timer_init(&watch.timer, *state, on_due);
    timer_stop(&watch.timer);
    timer_set(&watch.timer, 100);
    timer_stop(&watch.timer);
    assert_true(timers_next_ms(*state) == UINT64_MAX);
    timers_run(*state, 100);
    assert_int_equal(watch.fired, 0);
}

static void a_timer_may_stop_another_that_is_due_as_well(void **state)
{
    struct watch second = {0}, first = {.stops = &second};
    timer_init(&first.timer, *state, on_due);
    timer_init(&second.timer, *state, on_due);
    timer_set(&first.timer, 10);
    timer_set(&second.timer, 11);
    timers_run(*state, 20);
    assert_int_equal(first.fired, 1);
    assert_int_equal(second.fired, 0);
}

static void a_timer_that_sets_itself_to_the_past_does_not_hold_the_loop(void **state)
{
    struct watch watch = {.again_ms = 5};
    timer_init(&watch.timer, *state, on_due);
    timer_set(&watch.timer, 10);
    timers_run(*state, 10);
    assert_int_equal(watch.fired, 1);
    assert_int_equal(timers_next_ms(*state), 5);
    timer_stop(&watch.timer);
}

struct model {
    struct timers timers;
    struct watch watches[TIMERS];
    uint64_t due_ms[TIMERS]; /* the naive model: 0 while stopped */
    unsigned fired[TIMERS];
    uint64_t now_ms, seed;
};

static uint64_t next_number(struct model *model)
{
    model->seed = model->seed * 6364136223846793005u + 1442695040888963407u;
    return model->seed >> 33;
}

static void compare(const struct model *model)
{
    uint64_t earliest_ms = UINT64_MAX;
    for (size_t i = 0; i < TIMERS; i++) {
        assert_int_equal(model->watches[i].fired, model->fired[i]);
        if (model->due_ms[i] && model->due_ms[i] < earliest_ms)
            earliest_ms = model->due_ms[i];
    }
    assert_true(timers_next_ms(&model->timers) <= earliest_ms);
    assert_true(timers_next_ms(&model->timers) > model->now_ms);
}

static void run_to(struct model *model, uint64_t now_ms)
{
    model->now_ms = now_ms;
    timers_run(&model->timers, now_ms);
    for (size_t i = 0; i < TIMERS; i++) {
        if (!model->due_ms[i] || model->due_ms[i] > now_ms)
            continue;
        model->due_ms[i] = 0;
        model->fired[i]++;
    }
    compare(model);
}

static void any_mix_of_set_stop_and_run_agrees_with_a_naive_model(void **state)
{
    static struct model model;
    (void)state;
    memset(&model, 0, sizeof(model));
    model.seed = 42;
    timers_init(&model.timers);
    for (size_t i = 0; i < TIMERS; i++)
        timer_init(&model.watches[i].timer, &model.timers, on_due);
    for (int round = 0; round < ROUNDS; round++) {
        size_t i = next_number(&model) % TIMERS;
        uint64_t action = next_number(&model) % 16;
        if (action == 0) {
            run_to(&model, model.now_ms + next_number(&model) % 50);
        } else if (action < 4) {
            timer_stop(&model.watches[i].timer);
            model.due_ms[i] = 0;
        } else {
            model.due_ms[i] = model.now_ms + 1 + next_number(&model) % 500;
            timer_set(&model.watches[i].timer, model.due_ms[i]);
        }
    }
    run_to(&model, model.now_ms + 1000);
    assert_true(timers_next_ms(&model.timers) == UINT64_MAX);
    timers_clear(&model.timers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_timers_there_is_nothing_to_wait_for),
        cmocka_unit_test(a_timer_fires_once_and_not_before_its_time),
        cmocka_unit_test(a_deadline_moved_later_is_found_at_the_old_moment),
        cmocka_unit_test(a_deadline_moved_earlier_counts_at_once),
        cmocka_unit_test(a_stopped_timer_is_forgotten),
        cmocka_unit_test(a_timer_may_stop_another_that_is_due_as_well),
        cmocka_unit_test(a_timer_that_sets_itself_to_the_past_does_not_hold_the_loop),
        cmocka_unit_test(any_mix_of_set_stop_and_run_agrees_with_a_naive_model),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
