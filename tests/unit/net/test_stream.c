#include "net/stream.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"

/* A kind that only counts, and an owner that only counts. */
struct scene {
    struct stream stream;
    unsigned writes, pauses, resumes, ends, closes, aborts;
    unsigned opened, received, drained, ended, failed;
    enum status why;
    bool is_quiet;
    size_t queued_by_write; /* what a write accounts */
};

static struct scene *scene_of(struct stream *stream)
{
    return container_of(stream, struct scene, stream);
}

static void count_write(struct stream *stream, const struct span *spans, size_t count)
{
    (void)spans, (void)count;
    scene_of(stream)->writes++;
    stream_account(stream, scene_of(stream)->queued_by_write);
}

static void count_pause(struct stream *stream)
{
    scene_of(stream)->pauses++;
}

static void count_resume(struct stream *stream)
{
    scene_of(stream)->resumes++;
}

static void count_end(struct stream *stream)
{
    scene_of(stream)->ends++;
}

static void count_close(struct stream *stream)
{
    scene_of(stream)->closes++;
}

static void count_abort(struct stream *stream)
{
    scene_of(stream)->aborts++;
}

static bool answer_quiet(struct stream *stream)
{
    return scene_of(stream)->is_quiet;
}

static const struct stream_kind counting_kind = {
    .name = "counting",
    .write = count_write,
    .pause = count_pause,
    .resume = count_resume,
    .end = count_end,
    .close = count_close,
    .abort = count_abort,
    .is_quiet = answer_quiet,
};

static void on_open(void *owner)
{
    ((struct scene *)owner)->opened++;
}

static void on_data(void *owner, struct span bytes)
{
    ((struct scene *)owner)->received += (unsigned)bytes.len;
}

static void on_drained(void *owner)
{
    ((struct scene *)owner)->drained++;
}

static void on_end(void *owner)
{
    ((struct scene *)owner)->ended++;
}

static void on_failed(void *owner, enum status why)
{
    struct scene *scene = owner;
    scene->failed++;
    scene->why = why;
}

static const struct stream_events events = {on_open, on_data, on_drained, on_end, on_failed};

static int set_up(void **state)
{
    static struct scene scene;
    scene = (struct scene){.stream.kind = &counting_kind, .is_quiet = true};
    stream_listen_to(&scene.stream, &events, &scene);
    *state = &scene;
    return 0;
}

static void write_some(struct scene *scene)
{
    struct span bytes = SPAN("bytes");
    stream_write(&scene->stream, &bytes, 1);
}

static void raise_all(struct scene *scene)
{
    stream_raise_open(&scene->stream);
    stream_raise_data(&scene->stream, SPAN("12345"));
    stream_account(&scene->stream, STREAM_HIGH_MARK + 1);
    stream_account(&scene->stream, 0);
    stream_raise_end(&scene->stream);
}

static void events_reach_the_owner(void **state)
{
    struct scene *scene = *state;
    raise_all(scene);
    stream_raise_failed(&scene->stream, ERR_TLS);
    assert_int_equal(scene->opened, 1);
    assert_int_equal(scene->received, 5);
    assert_int_equal(scene->drained, 1);
    assert_int_equal(scene->ended, 1);
    assert_int_equal(scene->failed, 1);
    assert_int_equal(scene->why, ERR_TLS);
}

static void empty_data_is_not_raised(void **state)
{
    struct scene *scene = *state;
    stream_raise_data(&scene->stream, (struct span){0});
    assert_int_equal(scene->received, 0);
}

static void nothing_follows_a_failure(void **state)
{
    struct scene *scene = *state;
    stream_account(&scene->stream, STREAM_HIGH_MARK + 1);
    stream_raise_failed(&scene->stream, ERR_IO);
    raise_all(scene);
    stream_raise_failed(&scene->stream, ERR_CLOSED);
    assert_int_equal(scene->failed, 1);
    assert_int_equal(scene->why, ERR_IO);
    assert_int_equal(scene->opened + scene->received + scene->drained + scene->ended, 0);
}

static void a_failure_that_is_about_to_be_told_silences_the_rest(void **state)
{
    struct scene *scene = *state;
    scene->stream.is_failed = true;
    raise_all(scene);
    assert_int_equal(scene->opened + scene->received + scene->drained + scene->ended, 0);
    stream_raise_failed(&scene->stream, ERR_IO);
    assert_int_equal(scene->failed, 1);
}

static void the_end_comes_once(void **state)
{
    struct scene *scene = *state;
    stream_raise_end(&scene->stream);
    stream_raise_end(&scene->stream);
    assert_int_equal(scene->ended, 1);
}

static void a_closed_stream_is_silent(void **state)
{
    struct scene *scene = *state;
    stream_close(&scene->stream);
    assert_int_equal(scene->closes, 1);
    raise_all(scene);
    stream_raise_failed(&scene->stream, ERR_IO);
    assert_int_equal(
        scene->opened + scene->received + scene->drained + scene->ended + scene->failed, 0);
}

static void an_aborted_stream_is_silent_too(void **state)
{
    struct scene *scene = *state;
    stream_abort(&scene->stream);
    assert_int_equal(scene->aborts, 1);
    assert_int_equal(scene->closes, 0);
    raise_all(scene);
    assert_int_equal(scene->received, 0);
}

static void bytes_flow_again_when_no_reason_is_left(void **state)
{
    struct scene *scene = *state;
    stream_pause(&scene->stream, 1);
    stream_pause(&scene->stream, 4);
    stream_pause(&scene->stream, 4);
    assert_int_equal(scene->pauses, 1);
    stream_resume(&scene->stream, 1);
    stream_resume(&scene->stream, 2);
    assert_int_equal(scene->resumes, 0);
    stream_resume(&scene->stream, 4);
    stream_resume(&scene->stream, 4);
    assert_int_equal(scene->resumes, 1);
}

static void a_failed_stream_is_not_paused_resumed_written_or_ended(void **state)
{
    struct scene *scene = *state;
    stream_raise_failed(&scene->stream, ERR_IO);
    stream_pause(&scene->stream, 1);
    stream_resume(&scene->stream, 1);
    write_some(scene);
    stream_end(&scene->stream);
    assert_int_equal(scene->pauses + scene->resumes + scene->writes + scene->ends, 0);
}

static void after_the_end_writes_are_dropped_and_ending_again_does_nothing(void **state)
{
    struct scene *scene = *state;
    write_some(scene);
    stream_end(&scene->stream);
    stream_end(&scene->stream);
    write_some(scene);
    assert_int_equal(scene->writes, 1);
    assert_int_equal(scene->ends, 1);
}

static void congestion_begins_above_the_high_mark_and_ends_below_the_low_one(void **state)
{
    struct scene *scene = *state;
    stream_account(&scene->stream, STREAM_HIGH_MARK);
    assert_false(stream_is_congested(&scene->stream));
    stream_account(&scene->stream, STREAM_HIGH_MARK + 1);
    assert_true(stream_is_congested(&scene->stream));
    stream_account(&scene->stream, STREAM_LOW_MARK);
    assert_true(stream_is_congested(&scene->stream));
    assert_int_equal(scene->drained, 0);
    stream_account(&scene->stream, STREAM_LOW_MARK - 1);
    assert_false(stream_is_congested(&scene->stream));
    assert_int_equal(scene->drained, 1);
    stream_account(&scene->stream, 0);
    assert_int_equal(scene->drained, 1);
}

static void what_was_written_and_is_not_queued_is_taken(void **state)
{
    struct scene *scene = *state;
    scene->queued_by_write = 2;
    write_some(scene);
    write_some(scene);
    assert_int_equal(stream_taken(&scene->stream), 8);
    stream_account(&scene->stream, 0);
    assert_int_equal(stream_taken(&scene->stream), 10);
    stream_end(&scene->stream);
    write_some(scene);
    assert_int_equal(stream_taken(&scene->stream), 10);
}

static void what_drains_inside_a_call_is_told_from_the_loop(void **state)
{
    struct scene *scene = *state;
    scene->queued_by_write = STREAM_HIGH_MARK + 1;
    write_some(scene);
    scene->queued_by_write = 0;
    write_some(scene);
    assert_false(stream_is_congested(&scene->stream));
    assert_int_equal(scene->drained, 0);
    stream_account(&scene->stream, 0);
    assert_int_equal(scene->drained, 1);
}

static void quiet_is_what_the_kind_says_unless_ended_or_failed(void **state)
{
    struct scene *scene = *state;
    assert_true(stream_is_quiet(&scene->stream));
    scene->is_quiet = false;
    assert_false(stream_is_quiet(&scene->stream));
    scene->is_quiet = true;
    stream_raise_end(&scene->stream);
    assert_false(stream_is_quiet(&scene->stream));
}

static void a_new_owner_hears_what_follows(void **state)
{
    struct scene *scene = *state, other = {0};
    stream_raise_open(&scene->stream);
    stream_listen_to(&scene->stream, &events, &other);
    stream_raise_data(&scene->stream, SPAN("12345"));
    assert_int_equal(scene->received, 0);
    assert_int_equal(other.received, 5);
    assert_int_equal(other.opened, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(events_reach_the_owner, set_up),
        cmocka_unit_test_setup(empty_data_is_not_raised, set_up),
        cmocka_unit_test_setup(nothing_follows_a_failure, set_up),
        cmocka_unit_test_setup(a_failure_that_is_about_to_be_told_silences_the_rest, set_up),
        cmocka_unit_test_setup(the_end_comes_once, set_up),
        cmocka_unit_test_setup(a_closed_stream_is_silent, set_up),
        cmocka_unit_test_setup(an_aborted_stream_is_silent_too, set_up),
        cmocka_unit_test_setup(bytes_flow_again_when_no_reason_is_left, set_up),
        cmocka_unit_test_setup(a_failed_stream_is_not_paused_resumed_written_or_ended, set_up),
        cmocka_unit_test_setup(after_the_end_writes_are_dropped_and_ending_again_does_nothing,
                               set_up),
        cmocka_unit_test_setup(congestion_begins_above_the_high_mark_and_ends_below_the_low_one,
                               set_up),
        cmocka_unit_test_setup(what_was_written_and_is_not_queued_is_taken, set_up),
        cmocka_unit_test_setup(what_drains_inside_a_call_is_told_from_the_loop, set_up),
        cmocka_unit_test_setup(quiet_is_what_the_kind_says_unless_ended_or_failed, set_up),
        cmocka_unit_test_setup(a_new_owner_hears_what_follows, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
