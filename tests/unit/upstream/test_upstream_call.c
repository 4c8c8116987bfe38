#include "upstream/upstream_call.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "support/call_scene.h"

#define OK_HEAD "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n"

static void assert_span(struct span is, struct span wanted)
{
    assert_int_equal(is.len, wanted.len);
    assert_memory_equal(is.at, wanted.at, wanted.len);
}

static void assert_said(const struct call_scene *scene, const char *wanted)
{
    assert_span(buffer_bytes(&scene->said), span_of(wanted));
}

static int set_up(void **state)
{
    static struct call_scene scene;
    call_scene_set_up(&scene);
    *state = &scene;
    return 0;
}

static int tear_down(void **state)
{
    call_scene_tear_down(*state);
    return 0;
}

/* --- Answers in pieces, and cut short --- */

static const struct answer {
    struct span bytes;
    const char *said;
    bool to_head, ends, is_reused;
} answers[] = {
    {SPAN_INIT("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello"), "ready head200 <hello>end ",
     false, false, true},
    {SPAN_INIT("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"), "ready head200 end ", false, false,
     true},
    {SPAN_INIT("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
               "3;x=y\r\nhel\r\n2\r\nlo\r\n0\r\nT: v\r\n\r\n"),
     "ready head200 <hello>end ", false, false, true},
    {SPAN_INIT("HTTP/1.1 200 OK\r\n\r\nhello"), "ready head200 <hello>end ", false, true, false},
    {SPAN_INIT("HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello"),
     "ready head200 <hello>end ", false, false, false},
    {SPAN_INIT("HTTP/1.0 200 OK\r\ncontent-length: 5\r\n\r\nhello"), "ready head200 <hello>end ",
     false, false, false},
    {SPAN_INIT("HTTP/1.0 200 OK\r\ncontent-length: 5\r\nconnection: keep-alive\r\n\r\nhello"),
     "ready head200 <hello>end ", false, false, true},
    {SPAN_INIT("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n"), "ready head200 end ", true, false,
     true},
    {SPAN_INIT("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"), "ready head200 end ", true,
     false, true},
    {SPAN_INIT("HTTP/1.1 204 No Content\r\n\r\n"), "ready head204 end ", false, false, true},
    {SPAN_INIT("HTTP/1.1 204 No Content\r\ncontent-length: 0\r\n\r\n"), "ready head204 end ", false,
     false, true},
    {SPAN_INIT("HTTP/1.1 204 No Content\r\ncontent-length: 5\r\n\r\n"), "ready head204 end ", false,
     false, false},
    {SPAN_INIT("HTTP/1.1 204 No Content\r\ntransfer-encoding: chunked\r\n\r\n"),
     "ready head204 end ", false, false, false},
    {SPAN_INIT("HTTP/1.1 304 Not Modified\r\ncontent-length: 5\r\n\r\n"), "ready head304 end ",
     false, false, true},
    {SPAN_INIT("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: a\r\n\r\n"
               "HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"),
     "ready interim103 interim102 head200 <ok>end ", false, false, true},
    {SPAN_INIT("HTTP/1.1 502 \r\ncontent-length: 2\r\n\r\nno"), "ready head502 <no>end ", false,
     false, true},
};

static void begin_answer(struct call_scene *scene, const struct answer *answer, size_t most)
{
    call_scene_set_up(scene);
    scene->dialer.most = most;
    scene->request.is_head = answer->to_head;
    (void)call_scene_send(scene);
}

static void hear(const struct answer *answer, size_t cut, size_t most)
{
    struct call_scene scene;
    begin_answer(&scene, answer, most);
    struct fake_server *server = &scene.dialer.servers[0];
    call_scene_answer(&scene, server, (struct span){answer->bytes.at, cut});
    call_scene_answer(&scene, server, span_skip(answer->bytes, cut));
    if (answer->ends)
        stream_end(server->server.stream);
    call_scene_turn(&scene);
    assert_said(&scene, answer->said);
    assert_int_equal(call_scene_idle(&scene), answer->is_reused);
    assert_int_equal(scene.call.bytes_in, answer->bytes.len);
    assert_span(buffer_bytes(&server->server.got), SPAN(CALL_SCENE_HEAD));
    call_scene_tear_down(&scene);
}

static void answers_are_the_same_wherever_they_are_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(answers); i++) {
        for (size_t cut = 0; cut <= answers[i].bytes.len; cut++)
            hear(&answers[i], cut, LOOP_READ_SIZE);
        hear(&answers[i], 0, 1);
    }
}

/* An answer of which only the first bytes came. Never an end, unless only the close could tell. */
static void hear_cut_short(const struct answer *answer, size_t len, bool is_clean)
{
    struct call_scene scene;
    begin_answer(&scene, answer, LOOP_READ_SIZE);
    struct fake_server *server = &scene.dialer.servers[0];
    call_scene_answer(&scene, server, (struct span){answer->bytes.at, len});
    bool has_head = scene.response != NULL;
    bool may_end = answer->ends && is_clean && has_head;
    if (is_clean)
        stream_end(server->server.stream);
    else
        memory_pair_break(server->pair, server->ours);
    call_scene_turn(&scene);
    assert_int_equal(scene.ended, may_end);
    assert_int_equal(scene.failed, !may_end);
    assert_int_equal(call_scene_open(&scene), 0);
    if (!may_end) {
        assert_int_equal(scene.failure.kind, has_head ? CALL_BODY_CUT : CALL_LOST);
        assert_true(scene.failure.was_sent);
        assert_false(scene.failure.was_reused);
    }
    call_scene_tear_down(&scene);
}

static void answers_cut_short_never_pass_for_whole_ones(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(answers); i++) {
        for (size_t len = 0; len < answers[i].bytes.len; len++) {
            hear_cut_short(&answers[i], len, true);
            hear_cut_short(&answers[i], len, false);
        }
    }
}

static void a_failure_without_goodbye_cuts_a_body_that_lasts_until_the_close(void **state)
{
    struct call_scene *scene = *state;
    struct fake_server *server = call_scene_send(scene);
    call_scene_answer(scene, server, SPAN("HTTP/1.1 200 OK\r\n\r\nhello"));
    memory_pair_break(server->pair, server->ours);
    call_scene_turn(scene);
    assert_said(scene, "ready head200 <hello>CALL_BODY_CUT ");
}

/* --- What is not an answer --- */

static const struct {
    struct span bytes;
    const char *said;
} malformed[] = {
    {SPAN_INIT("rubbish"), "ready CALL_MALFORMED "},
    {SPAN_INIT("HTTP/2.0 200 OK\r\n\r\n"), "ready CALL_MALFORMED "},
    {SPAN_INIT("HTTP/1.1 99 OK\r\n\r\n"), "ready CALL_MALFORMED "},
    {SPAN_INIT("HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n"), "ready CALL_MALFORMED "},
    {SPAN_INIT("HTTP/1.1 200 OK\r\na : b\r\n\r\n"), "ready CALL_MALFORMED "},
    {SPAN_INIT("HTTP/1.1 200 OK\r\na: b\r\n c\r\n\r\n"), "ready CALL_MALFORMED "},
    {SPAN_INIT("HTTP/1.1 200 OK\na: b\n\n"), "ready CALL_MALFORMED "},
    {SPAN_INIT("HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n"),
     "ready CALL_MALFORMED "},
    {SPAN_INIT("HTTP/1.1 200 OK\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n"),
     "ready CALL_MALFORMED "},
    {SPAN_INIT("HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n"), "ready CALL_MALFORMED "},
    {SPAN_INIT("HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\n"), "ready CALL_MALFORMED "},
    {SPAN_INIT("HTTP/1.1 103 Early Hints\r\n\r\nrubbish"), "ready interim103 CALL_MALFORMED "},
    {SPAN_INIT("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\nx\r\n"),
     "ready head200 <ok>CALL_BODY_MALFORMED "},
};

static void a_malformed_answer_fails_and_the_connection_is_closed(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(malformed); i++) {
        struct call_scene scene;
        call_scene_set_up(&scene);
        struct fake_server *server = call_scene_send(&scene);
        call_scene_answer(&scene, server, malformed[i].bytes);
        assert_said(&scene, malformed[i].said);
        assert_int_equal(call_scene_open(&scene), 0);
        assert_true(scene.failure.was_sent);
        assert_true(scene.failure.detail.len > 0);
        assert_span(scene.failure.proxy_status, SPAN("http_protocol_error"));
        call_scene_tear_down(&scene);
    }
}

static void a_head_without_end_fails(void **state)
{
    struct call_scene *scene = *state;
    struct fake_server *server = call_scene_send(scene);
    call_scene_answer(scene, server, SPAN("HTTP/1.1 200 OK\r\n"));
    for (int i = 0; i < 70 && !scene->failed; i++) {
        char line[1024] = "a: ";
        memset(line + 3, 'x', sizeof(line) - 3);
        memcpy(line + sizeof(line) - 2, "\r\n", 2);
        call_scene_answer(scene, server, (struct span){line, sizeof(line)});
    }
    assert_said(scene, "ready CALL_HEAD_TOO_LARGE ");
}

static void interim_answers_without_end_fail(void **state)
{
    struct call_scene *scene = *state;
    struct fake_server *server = call_scene_send(scene);
    for (int i = 0; i < 16; i++)
        call_scene_answer(scene, server, SPAN("HTTP/1.1 103 Early Hints\r\n\r\n"));
    assert_int_equal(scene->failed, 0);
    call_scene_answer(scene, server, SPAN("HTTP/1.1 100 Continue\r\n\r\n"));
    assert_int_equal(scene->failure.kind, CALL_MALFORMED);
}

static void interim_answers_do_not_fill_the_arena(void **state)
{
    struct call_scene *scene = *state;
    struct fake_server *server = call_scene_send(scene);
    struct buffer interim;
    buffer_init(&interim, SIZE_MAX);
    assert_int_equal(buffer_append(&interim, SPAN("HTTP/1.1 103 Early Hints\r\na: ")), OK);
    struct span long_value = pattern_make(30000);
    assert_int_equal(buffer_append(&interim, long_value), OK);
    assert_int_equal(buffer_append(&interim, SPAN("\r\n\r\n")), OK);
    pattern_free(long_value);
    for (int i = 0; i < 16 && !scene->failed; i++)
        call_scene_answer(scene, server, buffer_bytes(&interim));
    buffer_clear(&interim);
    assert_int_equal(scene->failure.kind, CALL_MALFORMED);
    assert_in_range(scene->arena.used, 0, 200 * KIB);
}

/* --- Reuse --- */

static void a_connection_is_used_again(void **state)
{
    struct call_scene *scene = *state;
    struct fake_server *server = call_scene_send(scene);
    call_scene_answer(scene, server, SPAN(OK_HEAD "ok"));
    call_scene_begin(scene);
    call_scene_turn(scene);
    call_scene_answer(scene, server, SPAN(OK_HEAD "no"));
    assert_said(scene, "ready head200 <ok>end ready head200 <no>end ");
    assert_int_equal(scene->dialer.begun, 1);
}

static void a_loss_on_a_used_connection_is_told_as_such(void **state)
{
    struct call_scene *scene = *state;
    struct fake_server *server = call_scene_send(scene);
    call_scene_answer(scene, server, SPAN(OK_HEAD "ok"));
    call_scene_begin(scene);
    stream_end(server->server.stream);
    call_scene_turn(scene);
    assert_int_equal(scene->failure.kind, CALL_LOST);
    assert_true(scene->failure.was_reused);
    assert_true(scene->failure.was_sent);
}

static void bytes_after_the_answer_spoil_the_connection(void **state)
{
    struct call_scene *scene = *state;
    struct fake_server *server = call_scene_send(scene);
    call_scene_answer(scene, server, SPAN(OK_HEAD "okHTTP/1.1 200 OK\r\n"));
    assert_said(scene, "ready head200 <ok>end ");
    assert_int_equal(call_scene_open(scene), 0);
}

static void bytes_a_moment_later_do_too(void **state)
{
    struct call_scene *scene = *state;
    struct fake_server *server = call_scene_send(scene);
    call_scene_answer(scene, server, SPAN(OK_HEAD "ok"));
    assert_int_equal(call_scene_idle(scene), 1);
    call_scene_answer(scene, server, SPAN("HTTP/1.1 200 OK\r\n"));
    assert_int_equal(call_scene_open(scene), 0);
}

static void a_body_where_there_may_be_none_spoils_the_connection(void **state)
{
    struct call_scene *scene = *state;
    struct fake_server *server = call_scene_send(scene);
    call_scene_answer(scene, server, SPAN("HTTP/1.1 204 No Content\r\n\r\nhello"));
    assert_said(scene, "ready head204 end ");
    assert_int_equal(call_scene_open(scene), 0);
}

/* --- Requests --- */

static void send_nothing_yet(struct call_scene *scene)
{
    upstream_call_send(&scene->call, (struct span){"", 0}, false);
}

static void the_body_is_chunked_on_the_wire(void **state)
{
    struct call_scene *scene = *state;
    scene->request.body = BODY_CHUNKED;
    scene->plan.on_ready = send_nothing_yet;
    struct fake_server *server = call_scene_send(scene);
    upstream_call_send(&scene->call, SPAN("hello, "), false);
    upstream_call_send(&scene->call, (struct span){"", 0}, false);
    upstream_call_send(&scene->call, SPAN("world"), true);
    call_scene_turn(scene);
    struct span wanted = SPAN(CALL_SCENE_HEAD "7\r\nhello, \r\n5\r\nworld\r\n0\r\n\r\n");
    assert_span(buffer_bytes(&server->server.got), wanted);
    assert_int_equal(scene->call.bytes_out, wanted.len);
}

static void an_empty_chunked_body_is_still_ended(void **state)
{
    struct call_scene *scene = *state;
    scene->request.body = BODY_CHUNKED;
    struct fake_server *server = call_scene_send(scene);
    assert_span(buffer_bytes(&server->server.got), SPAN(CALL_SCENE_HEAD "0\r\n\r\n"));
}

static void a_body_with_a_length_goes_as_it_is(void **state)
{
    struct call_scene *scene = *state;
    scene->request.body = BODY_LENGTH;
    scene->plan.on_ready = send_nothing_yet;
    struct fake_server *server = call_scene_send(scene);
    upstream_call_send(&scene->call, SPAN("hello"), false);
    upstream_call_send(&scene->call, (struct span){"", 0}, true);
    call_scene_turn(scene);
    assert_span(buffer_bytes(&server->server.got), SPAN(CALL_SCENE_HEAD "hello"));
}

static void an_early_answer_does_not_stop_the_body(void **state)
{
    struct call_scene *scene = *state;
    scene->request.body = BODY_LENGTH;
    scene->plan.on_ready = send_nothing_yet;
    struct fake_server *server = call_scene_send(scene);
    call_scene_answer(scene, server, SPAN(OK_HEAD "o"));
    upstream_call_send(&scene->call, SPAN("hello"), true);
    call_scene_turn(scene);
    call_scene_answer(scene, server, SPAN("k"));
    assert_said(scene, "ready head200 <ok>end ");
    assert_span(buffer_bytes(&server->server.got), SPAN(CALL_SCENE_HEAD "hello"));
    assert_int_equal(call_scene_open(scene), 0); /* who knows whether it reads on */
}

static void an_answer_complete_before_the_body_closes_the_connection(void **state)
{
    struct call_scene *scene = *state;
    scene->request.body = BODY_LENGTH;
    scene->plan.on_ready = send_nothing_yet;
    struct fake_server *server = call_scene_send(scene);
    call_scene_answer(scene, server, SPAN(OK_HEAD "ok"));
    assert_said(scene, "ready head200 <ok>end ");
    assert_true(upstream_call_is_over(&scene->call));
    assert_int_equal(call_scene_open(scene), 0);
}

static void so_does_one_that_came_before_the_request_was_read(void **state)
{
    struct call_scene *scene = *state;
    scene->request.body = BODY_LENGTH;
    scene->body = SPAN("hello");
    call_scene_begin(scene);
    struct fake_server *server = fake_dialer_connect(&scene->dialer);
    stream_pause(server->server.stream, RECORDER_PAUSE);
    call_scene_answer(scene, server, SPAN(OK_HEAD "ok"));
    assert_said(scene, "ready head200 <ok>end ");
    assert_int_equal(call_scene_open(scene), 0);
}

static void the_moments_are_noted_for_the_log(void **state)
{
    struct call_scene *scene = *state;
    uint64_t began_ms = loop_now_ms(&scene->loop);
    call_scene_begin(scene);
    scene->loop.uv.time += 5;
    struct fake_server *server = fake_dialer_connect(&scene->dialer);
    scene->loop.uv.time += 7;
    call_scene_answer(scene, server, SPAN(OK_HEAD "ok"));
    assert_int_equal(scene->call.ready_ms, began_ms + 5);
    assert_int_equal(scene->call.sent_ms, began_ms + 5);
    assert_int_equal(scene->call.head_ms, began_ms + 12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_are_the_same_wherever_they_are_cut),
        cmocka_unit_test(answers_cut_short_never_pass_for_whole_ones),
        cmocka_unit_test(a_malformed_answer_fails_and_the_connection_is_closed),
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(a_failure_without_goodbye_cuts_a_body_that_lasts_until_the_close),
        TEST(a_head_without_end_fails),
        TEST(interim_answers_without_end_fail),
        TEST(interim_answers_do_not_fill_the_arena),
        TEST(a_connection_is_used_again),
        TEST(a_loss_on_a_used_connection_is_told_as_such),
        TEST(bytes_after_the_answer_spoil_the_connection),
        TEST(bytes_a_moment_later_do_too),
        TEST(a_body_where_there_may_be_none_spoils_the_connection),
        TEST(the_body_is_chunked_on_the_wire),
        TEST(an_empty_chunked_body_is_still_ended),
        TEST(a_body_with_a_length_goes_as_it_is),
        TEST(an_early_answer_does_not_stop_the_body),
        TEST(an_answer_complete_before_the_body_closes_the_connection),
        TEST(so_does_one_that_came_before_the_request_was_read),
        TEST(the_moments_are_noted_for_the_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
