/* Slow clients: who is cut, who is not, and when. The scene's least rate is 300 bytes in 30 s. */
#include "client/client_connection.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "support/client_scene.h"

#define GET  "GET /a HTTP/1.1\r\nhost: x\r\n\r\n"
#define POST "POST /a HTTP/1.1\r\nhost: x\r\ncontent-length: 10000\r\n\r\n"

enum { LONG_ANSWER = 10000 };

static int set_up(void **state)
{
    static struct client_scene scene;
    client_scene_set_up(&scene);
    scene.plan.on_request = heard_nothing;
    (void)client_scene_connect(&scene);
    *state = &scene;
    return 0;
}

static int tear_down(void **state)
{
    client_scene_tear_down(*state);
    return 0;
}

static void begin_answer(struct client_scene *scene)
{
    client_scene_send(scene, SPAN(GET));
    stream_pause(scene->peers[0].client.stream, RECORDER_PAUSE);
    heard_head(scene->heard, 200, BODY_CHUNKED, 0);
    struct span body = pattern_make(LONG_ANSWER);
    client_send_body(scene->heard->connection, body);
    pattern_free(body);
    client_scene_turn(scene);
}

static void finish_answer(struct client_scene *scene)
{
    client_send_end(scene->heard->connection);
    heard_done(scene->heard);
    client_scene_turn(scene);
}

/* Lets the client take count bytes. */
static void fetch(struct client_scene *scene, size_t count)
{
    stream_resume(scene->peers[0].client.stream, RECORDER_PAUSE);
    scene->most = count;
    (void)client_scene_step(scene);
    scene->most = LOOP_READ_SIZE;
    stream_pause(scene->peers[0].client.stream, RECORDER_PAUSE);
}

static void assert_cut(const struct client_scene *scene)
{
    assert_int_equal(scene->left, 1);
    assert_int_equal(scene->peers[0].client.failed, 1); /* not an end: it could pass for one */
}

static void done_as_too_slow(struct heard *heard)
{
    assert_true(client_was_too_slow(heard->connection));
    heard_done(heard);
}

static void done_as_gone(struct heard *heard)
{
    assert_false(client_was_too_slow(heard->connection));
    heard_done(heard);
}

/* --- While the answer is being made --- */

static void who_leaves_was_not_too_slow(void **state)
{
    struct client_scene *scene = *state;
    begin_answer(scene);
    scene->plan.on_gone = done_as_gone;
    client_scene_pass(scene, 35000);
    memory_pair_break(scene->peers[0].pair, scene->peers[0].served);
    client_scene_turn(scene);
    assert_int_equal(scene->gone, 1);
}

static void who_takes_nothing_is_cut_after_four_thirds_of_a_window(void **state)
{
    struct client_scene *scene = *state;
    begin_answer(scene);
    scene->plan.on_gone = done_as_too_slow;
    client_scene_pass(scene, 39999);
    assert_int_equal(scene->gone, 0);
    client_scene_pass(scene, 1);
    assert_int_equal(scene->gone, 1);
    assert_cut(scene);
}

static void who_takes_enough_in_large_steps_is_kept(void **state)
{
    struct client_scene *scene = *state;
    begin_answer(scene);
    for (int step = 0; step < 10; step++) {
        fetch(scene, 400);
        client_scene_pass(scene, 40000);
        assert_int_equal(scene->gone, 0);
    }
    client_scene_pass(scene, 10000);
    assert_cut(scene);
}

static void what_was_taken_at_first_buys_no_time(void **state)
{
    struct client_scene *scene = *state;
    begin_answer(scene);
    fetch(scene, LONG_ANSWER - 100);
    client_scene_pass(scene, 49999);
    assert_int_equal(scene->gone, 0);
    client_scene_pass(scene, 1);
    assert_cut(scene);
}

static void an_answer_that_comes_slowly_is_nobodys_fault(void **state)
{
    struct client_scene *scene = *state;
    client_scene_send(scene, SPAN(GET));
    heard_head(scene->heard, 200, BODY_CHUNKED, 0);
    for (int piece = 0; piece < 50; piece++) {
        client_send_body(scene->heard->connection, SPAN("data: x\n\n"));
        client_scene_pass(scene, 10000);
        assert_int_equal(scene->gone, 0);
    }
    finish_answer(scene);
    assert_int_equal(scene->left, 0);
}

static uint64_t taken_by_peer;

static uint64_t taken_by_hand(const struct stream *stream)
{
    (void)stream;
    return taken_by_peer;
}

/* The kernel may have swallowed it: what is queued says little. */
static void what_counts_is_what_the_peer_has_acknowledged(void **state)
{
    struct client_scene *scene = *state;
    taken_by_peer = 0;
    client_scene_counting.taken = taken_by_hand;
    begin_answer(scene);
    for (int look = 0; look < 10; look++) {
        taken_by_peer += 100;
        client_scene_pass(scene, 10000);
        assert_int_equal(scene->gone, 0);
    }
    fetch(scene, 1000);
    taken_by_peer += 99;
    client_scene_pass(scene, 10000);
    assert_cut(scene);
}

/* --- After it --- */

static void who_leaves_an_answer_lying_is_not_kept_for_the_time_at_rest(void **state)
{
    struct client_scene *scene = *state;
    begin_answer(scene);
    finish_answer(scene);
    client_scene_pass(scene, 39999);
    assert_int_equal(scene->left, 0);
    client_scene_pass(scene, 1);
    assert_cut(scene);
}

static void who_takes_its_answer_may_take_longer_than_the_time_at_rest(void **state)
{
    struct client_scene *scene = *state;
    begin_answer(scene);
    finish_answer(scene);
    for (int look = 0; look < 20; look++) {
        fetch(scene, 100);
        client_scene_pass(scene, 10000);
        assert_int_equal(scene->left, 0);
    }
    fetch(scene, LONG_ANSWER);
    client_scene_pass(scene, 10000);
    assert_int_equal(scene->left, 1);
    assert_int_equal(scene->peers[0].client.failed, 0);
}

static void an_answer_that_was_taken_late_leaves_the_rest_of_the_time_at_rest(void **state)
{
    struct client_scene *scene = *state;
    begin_answer(scene);
    finish_answer(scene);
    client_scene_pass(scene, 15000);
    fetch(scene, 2 * LONG_ANSWER);
    client_scene_pass(scene, 49999);
    assert_int_equal(scene->left, 0);
    client_scene_pass(scene, 1);
    assert_int_equal(scene->left, 1);
    assert_int_equal(scene->peers[0].client.failed, 0);
}

static void further_requests_win_no_time(void **state)
{
    struct client_scene *scene = *state;
    scene->plan.on_request = heard_answer_ok;
    stream_pause(scene->peers[0].client.stream, RECORDER_PAUSE);
    client_scene_send(scene, SPAN(GET));
    for (int s = 0; s < 40; s += 4) {
        assert_int_equal(scene->left, 0);
        client_scene_send(scene, SPAN(GET));
        client_scene_pass(scene, 4000);
    }
    assert_cut(scene);
}

static void a_closing_connection_waits_as_long_for_its_last_answer(void **state)
{
    struct client_scene *scene = *state;
    begin_answer(scene);
    client_close_after(scene->heard->connection);
    finish_answer(scene);
    client_scene_pass(scene, 39999);
    assert_int_equal(scene->left, 0);
    client_scene_pass(scene, 1);
    assert_cut(scene);
}

/* --- Bodies --- */

static void a_body_that_drips_in_steps_of_5_s_fails_after_one_window(void **state)
{
    struct client_scene *scene = *state;
    scene->plan.on_request = heard_read;
    client_scene_send(scene, SPAN(POST));
    for (int s = 0; s < 30; s += 5) {
        client_scene_send(scene, SPAN("x"));
        client_scene_pass(scene, 4999);
        assert_non_null(scene->heard);
        client_scene_pass(scene, 1);
    }
    assert_null(scene->heard);
    assert_true(span_starts_with(client_scene_got(scene), SPAN("HTTP/1.1 408 ")));
}

static void a_client_that_reads_well_may_still_drip_its_body(void **state)
{
    struct client_scene *scene = *state;
    scene->plan.on_request = heard_nothing;
    scene->plan.on_body_failed = heard_done;
    client_scene_send(scene, SPAN(POST));
    client_read_body(scene->heard->connection);
    heard_head(scene->heard, 200, BODY_CHUNKED, 0);
    for (int s = 0; s < 30; s += 10) {
        assert_non_null(scene->heard);
        struct span body = pattern_make(LONG_ANSWER);
        client_send_body(scene->heard->connection, body);
        pattern_free(body);
        client_scene_send(scene, SPAN("x"));
        client_scene_pass(scene, 10000);
    }
    assert_null(scene->heard);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(who_leaves_was_not_too_slow),
        TEST(who_takes_nothing_is_cut_after_four_thirds_of_a_window),
        TEST(who_takes_enough_in_large_steps_is_kept),
        TEST(what_was_taken_at_first_buys_no_time),
        TEST(an_answer_that_comes_slowly_is_nobodys_fault),
        TEST(what_counts_is_what_the_peer_has_acknowledged),
        TEST(who_leaves_an_answer_lying_is_not_kept_for_the_time_at_rest),
        TEST(who_takes_its_answer_may_take_longer_than_the_time_at_rest),
        TEST(an_answer_that_was_taken_late_leaves_the_rest_of_the_time_at_rest),
        TEST(further_requests_win_no_time),
        TEST(a_closing_connection_waits_as_long_for_its_last_answer),
        TEST(a_body_that_drips_in_steps_of_5_s_fails_after_one_window),
        TEST(a_client_that_reads_well_may_still_drip_its_body),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
