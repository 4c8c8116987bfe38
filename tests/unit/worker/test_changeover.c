#include "worker/changeover.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { WORKERS = 3, STEPS_MAX = 8 };

/* The workers as main sees them. Linked in the place of the real ones. */
static struct scene {
    struct changeover changeover;
    struct worker *workers[WORKERS];
    enum worker_step steps[WORKERS][STEPS_MAX];
    size_t counts[WORKERS];
    unsigned ends;
    bool is_good;
    char error[WORKER_ERROR_SIZE];
} scene;

static size_t index_of(const struct worker_change *change)
{
    return (size_t)(change - scene.changeover.changes);
}

void worker_change(struct worker *worker, struct worker_change *change, enum worker_step step)
{
    size_t i = index_of(change);
    (void)worker;
    change->step = step;
    scene.steps[i][scene.counts[i]++] = step;
}

static void on_done(struct changeover *changeover, bool is_good, const char *error)
{
    assert_ptr_equal(changeover, &scene.changeover);
    scene.ends++;
    scene.is_good = is_good;
    (void)snprintf(scene.error, sizeof(scene.error), "%s", error ? error : "");
}

static void begin(void)
{
    scene = (struct scene){.ends = 0};
    changeover_init(&scene.changeover, scene.workers, WORKERS);
    scene.changeover.on_done = on_done;
    changeover_begin(&scene.changeover, NULL);
}

/* A worker answers the step that it has. */
static void answer(size_t worker, const char *error)
{
    struct worker_change *change = &scene.changeover.changes[worker];
    change->is_good = !error;
    if (error)
        (void)snprintf(change->error, sizeof(change->error), "%s", error);
    change->on_done(change);
}

static void all_adopt_when_all_could_prepare(void **state)
{
    (void)state;
    begin();
    answer(2, NULL);
    answer(0, NULL);
    assert_int_equal(scene.counts[0], 1);
    answer(1, NULL);
    for (size_t i = 0; i < WORKERS; i++) {
        assert_int_equal(scene.counts[i], 2);
        assert_int_equal(scene.steps[i][1], WORKER_ADOPT);
    }
    answer(0, NULL);
    answer(1, NULL);
    assert_int_equal(scene.ends, 0);
    answer(2, NULL);
    assert_int_equal(scene.ends, 1);
    assert_true(scene.is_good);
    changeover_clear(&scene.changeover);
}

static void one_that_cannot_keeps_all_from_it(void **state)
{
    (void)state;
    begin();
    answer(0, NULL);
    answer(1, "no such certificate");
    answer(2, NULL);
    assert_int_equal(scene.counts[0], 2);
    assert_int_equal(scene.steps[0][1], WORKER_DROP);
    assert_int_equal(scene.counts[1], 1);
    assert_int_equal(scene.steps[2][1], WORKER_DROP);
    answer(2, NULL);
    answer(0, NULL);
    assert_int_equal(scene.ends, 1);
    assert_false(scene.is_good);
    assert_string_equal(scene.error, "no such certificate");
    changeover_clear(&scene.changeover);
}

static void when_none_can_there_is_nothing_to_drop(void **state)
{
    (void)state;
    begin();
    for (size_t i = 0; i < WORKERS; i++)
        answer(i, "no token");
    for (size_t i = 0; i < WORKERS; i++)
        assert_int_equal(scene.counts[i], 1);
    assert_int_equal(scene.ends, 1);
    assert_false(scene.is_good);
    changeover_clear(&scene.changeover);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_adopt_when_all_could_prepare),
        cmocka_unit_test(one_that_cannot_keeps_all_from_it),
        cmocka_unit_test(when_none_can_there_is_nothing_to_drop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
