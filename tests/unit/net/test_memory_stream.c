#include "net/memory_stream.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "support/recorder.h"

struct scene {
    struct memory_pair *pair;
    struct recorder left, right;
};

static int set_up(void **state)
{
    static struct scene scene;
    struct stream *left, *right;
    scene = (struct scene){0};
    scene.pair = memory_pair_create(&left, &right);
    recorder_listen(&scene.left, left);
    recorder_listen(&scene.right, right);
    *state = &scene;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *scene = *state;
    recorder_close(&scene->left);
    recorder_close(&scene->right);
    memory_pair_destroy(scene->pair);
    return 0;
}

static void settle(struct scene *scene)
{
    for (int steps = 0; memory_pair_step(scene->pair, 3); steps++)
        assert_in_range(steps, 0, 100000);
}

static void the_first_step_opens_both_ends(void **state)
{
    struct scene *scene = *state;
    assert_true(memory_pair_step(scene->pair, 3));
    assert_int_equal(scene->left.opened, 1);
    assert_int_equal(scene->right.opened, 1);
    assert_false(memory_pair_step(scene->pair, 3));
}

static void bytes_cross_in_pieces_of_at_most_max(void **state)
{
    struct scene *scene = *state;
    settle(scene);
    recorder_write(&scene->left, SPAN("hello"));
    assert_int_equal(scene->right.got.len, 0);
    assert_true(memory_pair_step(scene->pair, 3));
    assert_int_equal(scene->right.got.len, 3);
    settle(scene);
    assert_true(span_equal(buffer_bytes(&scene->right.got), SPAN("hello")));
}

static void the_end_follows_the_bytes_and_the_other_way_stays_open(void **state)
{
    struct scene *scene = *state;
    recorder_write(&scene->left, SPAN("bye"));
    stream_end(scene->left.stream);
    settle(scene);
    assert_int_equal(scene->right.got.len, 3);
    assert_int_equal(scene->right.ended, 1);
    recorder_write(&scene->right, SPAN("still here"));
    settle(scene);
    assert_int_equal(scene->left.got.len, 10);
    assert_int_equal(scene->left.ended, 0);
}

static void a_paused_end_hears_neither_bytes_nor_the_end(void **state)
{
    struct scene *scene = *state;
    settle(scene);
    stream_pause(scene->right.stream, 1);
    recorder_write(&scene->left, SPAN("bye"));
    stream_end(scene->left.stream);
    settle(scene);
    assert_int_equal(scene->right.got.len, 0);
    assert_int_equal(scene->right.ended, 0);
    stream_resume(scene->right.stream, 1);
    settle(scene);
    assert_int_equal(scene->right.got.len, 3);
    assert_int_equal(scene->right.ended, 1);
}

static void a_full_end_is_congested_until_the_other_has_taken(void **state)
{
    struct scene *scene = *state;
    struct span bytes = pattern_make(STREAM_HIGH_MARK + 1);
    recorder_write(&scene->left, bytes);
    assert_true(stream_is_congested(scene->left.stream));
    while (memory_pair_step(scene->pair, 4096))
        continue;
    assert_false(stream_is_congested(scene->left.stream));
    assert_int_equal(scene->left.drained, 1);
    assert_true(span_equal(buffer_bytes(&scene->right.got), bytes));
    pattern_free(bytes);
}

static void a_close_ends_the_other_after_what_was_written(void **state)
{
    struct scene *scene = *state;
    settle(scene);
    recorder_write(&scene->left, SPAN("bye"));
    recorder_close(&scene->left);
    settle(scene);
    assert_int_equal(scene->right.got.len, 3);
    assert_int_equal(scene->right.ended, 1);
    assert_int_equal(scene->right.failed, 0);
}

static void writing_to_a_closed_end_fails_after_its_last_bytes_are_raised(void **state)
{
    struct scene *scene = *state;
    settle(scene);
    recorder_write(&scene->left, SPAN("early answer"));
    recorder_close(&scene->left);
    recorder_write(&scene->right, SPAN("long request"));
    settle(scene);
    assert_int_equal(scene->right.got.len, 12);
    assert_int_equal(scene->right.failed, 1);
    assert_int_equal(scene->right.ended, 0);
}

static void an_abort_drops_the_bytes_and_fails_the_other(void **state)
{
    struct scene *scene = *state;
    settle(scene);
    recorder_write(&scene->left, SPAN("lost"));
    stream_abort(scene->left.stream);
    scene->left.stream = NULL;
    settle(scene);
    assert_int_equal(scene->right.got.len, 0);
    assert_int_equal(scene->right.failed, 1);
    assert_int_equal(scene->right.ended, 0);
}

static void a_broken_end_fails_once_even_when_paused_and_drops_what_is_written(void **state)
{
    struct scene *scene = *state;
    settle(scene);
    stream_pause(scene->left.stream, 1);
    recorder_write(&scene->left, SPAN("dropped"));
    memory_pair_break(scene->pair, scene->left.stream);
    recorder_write(&scene->left, SPAN("dropped"));
    assert_int_equal(scene->left.failed, 0);
    settle(scene);
    assert_int_equal(scene->left.failed, 1);
    assert_int_equal(scene->left.why, ERR_IO);
    assert_int_equal(scene->right.got.len, 0);
}

static void an_end_is_quiet_until_something_waits_for_it(void **state)
{
    struct scene *scene = *state;
    settle(scene);
    assert_true(stream_is_quiet(scene->left.stream));
    recorder_write(&scene->right, SPAN("x"));
    assert_false(stream_is_quiet(scene->left.stream));
    settle(scene);
    assert_true(stream_is_quiet(scene->left.stream));
    stream_end(scene->right.stream);
    assert_false(stream_is_quiet(scene->left.stream));
}

static void an_end_may_be_closed_by_its_own_event(void **state)
{
    struct scene *scene = *state;
    scene->right.closes_on_data = true;
    recorder_write(&scene->left, SPAN("enough"));
    settle(scene);
    assert_null(scene->right.stream);
    assert_int_equal(scene->left.ended, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_first_step_opens_both_ends, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bytes_cross_in_pieces_of_at_most_max, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_end_follows_the_bytes_and_the_other_way_stays_open,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_paused_end_hears_neither_bytes_nor_the_end, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_full_end_is_congested_until_the_other_has_taken, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_close_ends_the_other_after_what_was_written, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(
            writing_to_a_closed_end_fails_after_its_last_bytes_are_raised, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_abort_drops_the_bytes_and_fails_the_other, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(
            a_broken_end_fails_once_even_when_paused_and_drops_what_is_written, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_end_is_quiet_until_something_waits_for_it, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(an_end_may_be_closed_by_its_own_event, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
