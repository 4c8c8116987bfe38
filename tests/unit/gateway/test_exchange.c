#include "gateway/exchange.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

/* Six stages that follow a script, two bits each: next, wait then next, respond, wait then respond;
 * a delivery that may wait; and the log. */
enum { SCRIPTED = 6, DELIVERY = SCRIPTED, SCRIPTS = 1 << (2 * SCRIPTED + 1) };
enum { WAITS = 1, RESPONDS = 2 };

struct world {
    struct exchange ex;
    struct later later;
    unsigned script;
    int ops_open, logged, done, delivered, waits;
    int begun[SCRIPTED + 1], finished[SCRIPTED + 1];
    size_t reached; /* the furthest stage */
    bool ends_late;
};

/* What a stage waits for. */
struct errand {
    struct task task;
    struct world *world;
};

static struct world *world_of(struct exchange *ex)
{
    return container_of(ex, struct world, ex);
}

static void complete(struct task *task)
{
    struct errand *errand = container_of(task, struct errand, task);
    struct world *world = errand->world;
    world->ops_open--;
    free(errand);
    exchange_resume(&world->ex);
}

static void call_off(void *data)
{
    struct errand *errand = data;
    errand->world->ops_open--;
    later_cancel(&errand->task);
    free(errand);
}

static enum verdict wait(struct world *world)
{
    struct errand *errand = xcalloc(1, sizeof(*errand));
    errand->world = world;
    world->ops_open++;
    world->waits++;
    later_run(&world->later, &errand->task, complete);
    return exchange_wait(&world->ex, errand, call_off);
}

static unsigned plan(const struct world *world)
{
    return world->script >> (2 * world->ex.stage) & 3;
}

static enum verdict begin(struct exchange *ex)
{
    struct world *world = world_of(ex);
    assert_int_equal(ex->now, WHEN_OPEN);
    assert_true(ex->stage >= world->reached);
    world->reached = ex->stage;
    world->begun[ex->stage]++;
    if (plan(world) & WAITS)
        return wait(world);
    return plan(world) & RESPONDS ? STAGE_RESPOND : STAGE_NEXT;
}

static enum verdict finish(struct exchange *ex)
{
    struct world *world = world_of(ex);
    world->finished[ex->stage]++;
    return plan(world) & RESPONDS ? STAGE_RESPOND : STAGE_NEXT;
}

static enum verdict deliver_begin(struct exchange *ex)
{
    struct world *world = world_of(ex);
    world->delivered++;
    world->begun[DELIVERY]++;
    return plan(world) & WAITS ? wait(world) : STAGE_NEXT;
}

static enum verdict deliver_finish(struct exchange *ex)
{
    world_of(ex)->finished[DELIVERY]++;
    return STAGE_NEXT;
}

static enum verdict log_begin(struct exchange *ex)
{
    world_of(ex)->logged++;
    return STAGE_NEXT;
}

static const struct stage stages[] = {
    {"route", begin, finish, WHEN_OPEN},
    {"authenticate", begin, finish, WHEN_OPEN},
    {"limit", begin, finish, WHEN_OPEN},
    {"filter", begin, finish, WHEN_OPEN},
    {"lookup", begin, finish, WHEN_OPEN},
    {"forward", begin, finish, WHEN_OPEN},
    {"deliver", deliver_begin, deliver_finish, WHEN_OPEN | WHEN_ANSWERED},
    {"log", log_begin, NULL, WHEN_ANY},
};

static void on_done(struct exchange *ex)
{
    world_of(ex)->done++;
}

static void start(struct world *world, unsigned script)
{
    *world = (struct world){.script = script};
    later_init(&world->later);
    exchange_start(&world->ex, stages, COUNT_OF(stages), on_done);
}

/* What holds however an exchange went. */
static void assert_ended_well(const struct world *world)
{
    assert_int_equal(world->done, 1);
    assert_int_equal(world->logged, 1);
    assert_int_equal(world->ops_open, 0);
    for (size_t i = 0; i < COUNT_OF(world->begun); i++)
        assert_true(world->finished[i] <= world->begun[i] && world->begun[i] <= 1);
}

/* Runs one errand; false when none is left. */
static bool turn(struct world *world)
{
    struct list *link = list_pop_front(&world->later.queue);
    if (!link)
        return false;
    struct task *task = container_of(link, struct task, link);
    task->run(task);
    return true;
}

static int run_to_end(struct world *world)
{
    int turns = 0;
    while (turn(world))
        turns++;
    return turns;
}

static void every_script_ends_once_in_order_and_is_delivered_and_logged(void **state)
{
    (void)state;
    for (unsigned script = 0; script < SCRIPTS; script++) {
        struct world world;
        start(&world, script);
        int turns = run_to_end(&world);
        assert_int_equal(turns, world.waits);
        assert_ended_well(&world);
        assert_int_equal(world.delivered, 1);
    }
}

static bool answered_from(unsigned script, size_t stage)
{
    return script >> (2 * stage) & RESPONDS;
}

static void after_an_answer_open_stages_are_skipped(void **state)
{
    (void)state;
    for (unsigned script = 0; script < SCRIPTS; script++) {
        struct world world;
        start(&world, script);
        (void)run_to_end(&world);
        bool is_answered = false;
        for (size_t i = 0; i < SCRIPTED; i++) {
            assert_int_equal(world.begun[i], !is_answered);
            is_answered = is_answered || answered_from(script, i);
        }
    }
}

/* Leaves at the wait with this number; false when there are fewer. */
static bool leave_at(unsigned script, int number, void (*leave)(struct exchange *exchange),
                     int delivered)
{
    struct world world;
    start(&world, script);
    for (int i = 0; i < number && !world.done; i++)
        assert_true(turn(&world));
    if (world.done)
        return false;
    bool was_delivering = world.delivered > 0;
    leave(&world.ex);
    /* An answer may still wait for its delivery. */
    (void)run_to_end(&world);
    assert_ended_well(&world);
    assert_int_equal(world.delivered, was_delivering || delivered);
    return true;
}

static void the_client_may_leave_at_every_wait_of_every_script(void **state)
{
    (void)state;
    for (unsigned script = 0; script < SCRIPTS; script++) {
        for (int number = 0; leave_at(script, number, exchange_abort, 0); number++)
            assert_in_range(number, 0, SCRIPTED);
    }
}

static void an_answer_may_be_decided_from_outside_at_every_wait_of_every_script(void **state)
{
    (void)state;
    for (unsigned script = 0; script < SCRIPTS; script++) {
        for (int number = 0; leave_at(script, number, exchange_interrupt, 1); number++)
            assert_in_range(number, 0, SCRIPTED);
    }
}

static void after_the_client_has_gone_only_the_log_runs(void **state)
{
    struct world world;
    (void)state;
    start(&world, WAITS);
    exchange_abort(&world.ex);
    assert_ended_well(&world);
    assert_int_equal(world.ex.now, WHEN_ABORTED);
    assert_int_equal(world.reached, 0);
    assert_int_equal(world.delivered, 0);
}

static void the_client_may_leave_after_an_answer_was_decided_from_outside(void **state)
{
    struct world world;
    (void)state;
    start(&world, WAITS | WAITS << 2 * DELIVERY);
    exchange_interrupt(&world.ex);
    assert_int_equal(world.done, 0);
    assert_int_equal(world.delivered, 1);
    exchange_abort(&world.ex);
    assert_ended_well(&world);
}

static void an_exchange_that_is_answered_from_the_start_skips_to_its_delivery(void **state)
{
    struct world world = {.ex.now = WHEN_ANSWERED};
    (void)state;
    later_init(&world.later);
    exchange_start(&world.ex, stages, COUNT_OF(stages), on_done);
    assert_ended_well(&world);
    assert_int_equal(world.delivered, 1);
    assert_int_equal(world.begun[0], 0);
}

static void an_exchange_that_never_waits_is_done_before_start_returns(void **state)
{
    struct world world;
    (void)state;
    start(&world, 0);
    assert_ended_well(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_script_ends_once_in_order_and_is_delivered_and_logged),
        cmocka_unit_test(after_an_answer_open_stages_are_skipped),
        cmocka_unit_test(the_client_may_leave_at_every_wait_of_every_script),
        cmocka_unit_test(an_answer_may_be_decided_from_outside_at_every_wait_of_every_script),
        cmocka_unit_test(after_the_client_has_gone_only_the_log_runs),
        cmocka_unit_test(the_client_may_leave_after_an_answer_was_decided_from_outside),
        cmocka_unit_test(an_exchange_that_is_answered_from_the_start_skips_to_its_delivery),
        cmocka_unit_test(an_exchange_that_never_waits_is_done_before_start_returns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
