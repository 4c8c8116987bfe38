#include "net/later.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

struct job {
    struct task task;
    struct later *later;
    unsigned runs;
    struct job *next; /* queued or cancelled by it */
    bool cancels;
};

static unsigned order;

static void run_job(struct task *task)
{
    struct job *job = container_of(task, struct job, task);
    job->runs = ++order;
    if (job->next && job->cancels)
        later_cancel(&job->next->task);
    else if (job->next)
        later_run(job->later, &job->next->task, run_job);
}

static int set_up(void **state)
{
    static struct later later;
    later_init(&later);
    order = 0;
    *state = &later;
    return 0;
}

static void tasks_run_in_order_and_once(void **state)
{
    struct later *later = *state;
    struct job first = {.later = later}, second = {.later = later};
    later_run(later, &first.task, run_job);
    later_run(later, &second.task, run_job);
    later_run(later, &first.task, run_job);
    assert_int_equal(order, 0);
    later_flush(later);
    assert_int_equal(first.runs, 1);
    assert_int_equal(second.runs, 2);
    later_flush(later);
    assert_int_equal(order, 2);
}

static void a_task_queued_by_a_task_runs_in_the_same_flush(void **state)
{
    struct later *later = *state;
    struct job second = {.later = later}, first = {.later = later, .next = &second};
    later_run(later, &first.task, run_job);
    later_flush(later);
    assert_int_equal(second.runs, 2);
}

static void a_task_may_cancel_the_next(void **state)
{
    struct later *later = *state;
    struct job second = {.later = later};
    struct job first = {.later = later, .next = &second, .cancels = true};
    later_run(later, &first.task, run_job);
    later_run(later, &second.task, run_job);
    later_flush(later);
    assert_int_equal(first.runs, 1);
    assert_int_equal(second.runs, 0);
}

static void cancelling_what_is_not_queued_does_nothing(void **state)
{
    struct later *later = *state;
    struct job job = {.later = later};
    later_cancel(&job.task);
    later_run(later, &job.task, run_job);
    later_cancel(&job.task);
    later_cancel(&job.task);
    later_flush(later);
    assert_int_equal(job.runs, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(tasks_run_in_order_and_once, set_up),
        cmocka_unit_test_setup(a_task_queued_by_a_task_runs_in_the_same_flush, set_up),
        cmocka_unit_test_setup(a_task_may_cancel_the_next, set_up),
        cmocka_unit_test_setup(cancelling_what_is_not_queued_does_nothing, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
