/* Deadlines, pauses, calling off and beginning again: the second half of upstream_call's tests. */
#include "upstream/upstream_call.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "support/call_scene.h"

#define OK_HEAD "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n"

static void assert_said(const struct call_scene *scene, const char *wanted)
{
    struct span is = buffer_bytes(&scene->said);
    assert_int_equal(is.len, strlen(wanted));
    assert_memory_equal(is.at, wanted, is.len);
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

static void send_nothing_yet(struct call_scene *scene)
{
    upstream_call_send(&scene->call, (struct span){"", 0}, false);
}

/* --- No connection --- */

static void a_failed_dial_is_told_with_nothing_sent(void **state)
{
    struct call_scene *scene = *state;
    call_scene_begin(scene);
    fake_dialer_fail(&scene->dialer, DIAL_CONNECT_TIMEOUT, SPAN("timed out"));
    assert_said(scene, "CALL_NOT_CONNECTED ");
    assert_false(scene->failure.was_sent);
    assert_false(scene->failure.was_reused);
    assert_int_equal(scene->failure.dial, DIAL_CONNECT_TIMEOUT);
    assert_true(span_equal(scene->failure.proxy_status, SPAN("connection_timeout")));
    assert_true(upstream_call_is_over(&scene->call));
}

static void a_full_line_is_told_with_nothing_sent(void **state)
{
    struct call_scene *scene = *state;
    upstream_pool_destroy(scene->pool);
    scene->pool_options.max_open = 0;
    scene->pool_options.max_waiting = 0;
    scene->pool = upstream_pool_create(&scene->loop, &scene->dialer, &scene->pool_options);
    call_scene_begin(scene);
    call_scene_turn(scene);
    assert_said(scene, "CALL_POOL_FULL ");
    assert_false(scene->failure.was_sent);
    assert_true(span_equal(scene->failure.proxy_status, SPAN("connection_limit_reached")));
}

/* --- Deadlines --- */

static void the_total_time_also_covers_the_wait_for_a_connection(void **state)
{
    struct call_scene *scene = *state;
    scene->request.deadlines.total_at_ms = loop_now_ms(&scene->loop) + 100;
    call_scene_begin(scene);
    call_scene_pass(scene, 99);
    assert_int_equal(scene->failed, 0);
    call_scene_pass(scene, 1);
    assert_said(scene, "CALL_NOT_CONNECTED ");
    assert_false(scene->failure.was_sent);
    assert_int_equal(scene->dialer.called_off, 1);
}

static void the_first_byte_has_a_deadline_from_the_last_of_the_request(void **state)
{
    struct call_scene *scene = *state;
    scene->request.body = BODY_LENGTH;
    scene->plan.on_ready = send_nothing_yet;
    (void)call_scene_send(scene);
    call_scene_pass(scene, 1000000); /* the client's pace is not our business */
    assert_int_equal(scene->failed, 0);
    upstream_call_send(&scene->call, SPAN("hello"), true);
    call_scene_pass(scene, 49999);
    assert_int_equal(scene->failed, 0);
    call_scene_pass(scene, 1);
    assert_said(scene, "ready CALL_NO_ANSWER ");
    assert_true(scene->failure.was_sent);
}

static void neither_interim_answers_nor_a_head_that_drips_buy_time(void **state)
{
    struct call_scene *scene = *state;
    struct fake_server *server = call_scene_send(scene);
    call_scene_pass(scene, 25000);
    call_scene_answer(scene, server, SPAN("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/"));
    call_scene_pass(scene, 24999);
    call_scene_answer(scene, server, SPAN("1"));
    assert_int_equal(scene->failed, 0);
    call_scene_pass(scene, 1);
    assert_said(scene, "ready interim103 CALL_NO_ANSWER ");
}

static void the_total_time_ends_each_phase(void **state)
{
    static const struct {
        struct span answer;
        const char *said;
    } phases[] = {
        {SPAN_INIT(""), "ready CALL_TOTAL_TIMEOUT "},
        {SPAN_INIT("HTTP/1.1 200"), "ready CALL_TOTAL_TIMEOUT "},
        {SPAN_INIT(OK_HEAD "o"), "ready head200 <o>CALL_TOTAL_TIMEOUT "},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(phases); i++) {
        struct call_scene scene;
        call_scene_set_up(&scene);
        scene.request.deadlines.total_at_ms = loop_now_ms(&scene.loop) + 5000;
        struct fake_server *server = call_scene_send(&scene);
        if (phases[i].answer.len > 0)
            call_scene_answer(&scene, server, phases[i].answer);
        call_scene_pass(&scene, 4999);
        assert_int_equal(scene.failed, 0);
        call_scene_pass(&scene, 1);
        assert_said(&scene, phases[i].said);
        call_scene_tear_down(&scene);
    }
}

static void the_body_may_not_stall(void **state)
{
    struct call_scene *scene = *state;
    struct fake_server *server = call_scene_send(scene);
    call_scene_answer(scene, server, SPAN("HTTP/1.1 200 OK\r\n\r\n"));
    for (int i = 0; i < 10; i++) {
        call_scene_pass(scene, 14999);
        call_scene_answer(scene, server, SPAN("a"));
    }
    assert_int_equal(scene->failed, 0);
    call_scene_pass(scene, 15000);
    assert_said(scene, "ready head200 <aaaaaaaaaa>CALL_BODY_TIMEOUT ");
}

static void a_pause_of_ours_is_not_a_stall_of_theirs(void **state)
{
    struct call_scene *scene = *state;
    struct fake_server *server = call_scene_send(scene);
    call_scene_answer(scene, server, SPAN(OK_HEAD));
    upstream_call_pause(&scene->call);
    call_scene_pass(scene, 1000000);
    assert_int_equal(scene->failed, 0);
    upstream_call_resume(&scene->call);
    call_scene_pass(scene, 14999);
    assert_int_equal(scene->failed, 0);
    call_scene_pass(scene, 1);
    assert_int_equal(scene->failure.kind, CALL_BODY_TIMEOUT);
}

static void further_deadlines_replace_the_first(void **state)
{
    struct call_scene *scene = *state;
    scene->request.deadlines.total_at_ms = loop_now_ms(&scene->loop) + 5000;
    struct fake_server *server = call_scene_send(scene);
    call_scene_answer(scene, server, SPAN(OK_HEAD));
    upstream_call_set_deadlines(&scene->call, &(struct upstream_deadlines){.body_idle_ms = 75000});
    call_scene_pass(scene, 74999);
    assert_int_equal(scene->failed, 0);
    call_scene_pass(scene, 1);
    assert_int_equal(scene->failure.kind, CALL_BODY_TIMEOUT);
}

static struct fake_server *send_long_body(struct call_scene *scene, size_t len)
{
    scene->request.body = BODY_LENGTH;
    struct span body = pattern_make(len);
    scene->body = body;
    call_scene_begin(scene);
    struct fake_server *server = fake_dialer_connect(&scene->dialer);
    stream_pause(server->server.stream, RECORDER_PAUSE);
    call_scene_turn(scene);
    pattern_free(body);
    return server;
}

/* Lets the server take count bytes of the request. */
static void read_some(struct call_scene *scene, struct fake_server *server, size_t count)
{
    stream_resume(server->server.stream, RECORDER_PAUSE);
    scene->dialer.most = count;
    (void)fake_dialer_step(&scene->dialer);
    scene->dialer.most = LOOP_READ_SIZE;
    stream_pause(server->server.stream, RECORDER_PAUSE);
}

static void an_upstream_that_stops_reading_is_not_waited_for(void **state)
{
    struct call_scene *scene = *state;
    (void)send_long_body(scene, 2 * STREAM_HIGH_MARK);
    assert_true(upstream_call_is_congested(&scene->call));
    call_scene_pass(scene, 9999);
    assert_int_equal(scene->failed, 0);
    call_scene_pass(scene, 1);
    assert_said(scene, "ready CALL_SEND_TIMEOUT ");
}

static void one_that_reads_slowly_is(void **state)
{
    struct call_scene *scene = *state;
    struct fake_server *server = send_long_body(scene, 2 * STREAM_HIGH_MARK);
    for (int i = 0; i < 100; i++) {
        read_some(scene, server, 1000);
        call_scene_pass(scene, 10000);
        assert_int_equal(scene->failed, 0);
    }
    call_scene_pass(scene, 10000);
    assert_int_equal(scene->failure.kind, CALL_SEND_TIMEOUT);
}

static void the_end_of_congestion_is_told_and_the_wait_for_the_answer_begins(void **state)
{
    struct call_scene *scene = *state;
    struct fake_server *server = send_long_body(scene, 2 * STREAM_HIGH_MARK);
    stream_resume(server->server.stream, RECORDER_PAUSE);
    call_scene_turn(scene);
    assert_int_equal(scene->drained, 1);
    assert_false(upstream_call_is_congested(&scene->call));
    call_scene_pass(scene, 49999);
    assert_int_equal(scene->failed, 0);
    call_scene_pass(scene, 1);
    assert_int_equal(scene->failure.kind, CALL_NO_ANSWER);
}

static void a_request_that_moves_on_does_not_keep_an_answer_alive_that_stalls(void **state)
{
    struct call_scene *scene = *state;
    struct fake_server *server = send_long_body(scene, 2 * STREAM_HIGH_MARK);
    call_scene_answer(scene, server, SPAN("HTTP/1.1 200 OK\r\n\r\n"));
    call_scene_pass(scene, 14999);
    stream_resume(server->server.stream, RECORDER_PAUSE);
    call_scene_turn(scene);
    assert_int_equal(scene->drained, 1);
    call_scene_pass(scene, 1);
    assert_said(scene, "ready head200 CALL_BODY_TIMEOUT ");
}

/* --- Pauses --- */

static void pause_call(struct call_scene *scene)
{
    upstream_call_pause(&scene->call);
}

static void a_paused_answer_stays_with_the_server(void **state)
{
    struct call_scene *scene = *state;
    scene->plan.on_body = pause_call;
    struct fake_server *server = call_scene_send(scene);
    call_scene_answer(scene, server, SPAN("HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\na"));
    call_scene_answer(scene, server, SPAN("bc"));
    assert_said(scene, "ready head200 <a");
    assert_int_equal(server->server.stream->queued, 2);
    upstream_call_resume(&scene->call);
    call_scene_turn(scene);
    assert_said(scene, "ready head200 <abc");
    scene->plan.on_body = NULL;
    upstream_call_resume(&scene->call);
    call_scene_answer(scene, server, SPAN("def"));
    assert_said(scene, "ready head200 <abcdef>end ");
}

static void an_answer_that_ends_while_paused_leaves_a_connection_that_hears(void **state)
{
    struct call_scene *scene = *state;
    scene->plan.on_body = pause_call;
    struct fake_server *server = call_scene_send(scene);
    call_scene_answer(scene, server, SPAN(OK_HEAD "ok"));
    assert_int_equal(call_scene_idle(scene), 1);
    scene->plan.on_body = NULL;
    call_scene_begin(scene);
    call_scene_turn(scene);
    call_scene_answer(scene, server, SPAN(OK_HEAD "no"));
    assert_said(scene, "ready head200 <ok>end ready head200 <no>end ");
    stream_end(server->server.stream);
    call_scene_turn(scene);
    assert_int_equal(call_scene_open(scene), 0);
}

static void pauses_before_and_after_the_answer_mean_nothing(void **state)
{
    struct call_scene *scene = *state;
    call_scene_begin(scene);
    upstream_call_pause(&scene->call);
    upstream_call_resume(&scene->call);
    struct fake_server *server = fake_dialer_connect(&scene->dialer);
    call_scene_turn(scene);
    call_scene_answer(scene, server, SPAN(OK_HEAD "ok"));
    upstream_call_pause(&scene->call);
    upstream_call_resume(&scene->call);
    assert_said(scene, "ready head200 <ok>end ");
}

/* --- Calling off, at every step and inside every event --- */

#define LONG_ANSWER                                                                                \
    "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"        \
    "3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n"

/* False when the call was over before that step. */
static bool call_off_at(int step)
{
    struct call_scene scene;
    call_scene_set_up(&scene);
    scene.dialer.most = 5;
    int i = 0;
    call_scene_begin(&scene);
    if (i++ < step) {
        struct fake_server *server = fake_dialer_connect(&scene.dialer);
        recorder_write(&server->server, SPAN(LONG_ANSWER));
    }
    bool is_running = true;
    while (i++ < step && is_running)
        is_running = fake_dialer_step(&scene.dialer);
    size_t said = scene.said.len;
    upstream_call_off(&scene.call);
    upstream_call_off(&scene.call);
    assert_true(upstream_call_is_over(&scene.call));
    call_scene_pass(&scene, 100);
    assert_int_equal(scene.said.len, said);
    assert_int_equal(call_scene_open(&scene), call_scene_idle(&scene));
    call_scene_tear_down(&scene);
    return is_running;
}

static void a_call_may_be_called_off_at_every_step(void **state)
{
    (void)state;
    for (int step = 0; call_off_at(step); step++)
        assert_in_range(step, 0, 1000);
}

static void a_call_that_never_began_may_be_called_off(void **state)
{
    struct upstream_call call = {0};
    (void)state;
    assert_true(upstream_call_is_over(&call));
    upstream_call_off(&call);
    assert_true(upstream_call_is_over(&call));
}

static void a_wait_that_is_called_off_gives_the_connection_back(void **state)
{
    struct call_scene *scene = *state;
    struct fake_server *server = call_scene_send(scene);
    call_scene_answer(scene, server, SPAN(OK_HEAD "ok"));
    call_scene_begin(scene);
    upstream_call_off(&scene->call);
    call_scene_turn(scene);
    assert_int_equal(call_scene_idle(scene), 1);
    assert_said(scene, "ready head200 <ok>end ");
}

static void call_off(struct call_scene *scene)
{
    upstream_call_off(&scene->call);
}

static const struct call_plan offs[] = {
    {.on_ready = call_off}, {.on_interim = call_off}, {.on_head = call_off},
    {.on_body = call_off},  {.on_end = call_off},
};

static void a_call_may_be_called_off_inside_each_event(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(offs); i++) {
        for (size_t most = 1; most <= LOOP_READ_SIZE; most *= 16) {
            struct call_scene scene;
            call_scene_set_up(&scene);
            scene.plan = offs[i];
            scene.dialer.most = most;
            struct fake_server *server = call_scene_send(&scene);
            call_scene_answer(&scene, server, SPAN(LONG_ANSWER));
            assert_true(upstream_call_is_over(&scene.call));
            assert_int_equal(scene.failed, 0);
            assert_int_equal(scene.ended, offs[i].on_end ? 1 : 0);
            call_scene_tear_down(&scene);
        }
    }
}

/* --- Beginning again from inside an event, as a retry does --- */

static void begin_again(struct call_scene *scene)
{
    scene->plan = (struct call_plan){0};
    upstream_call_off(&scene->call);
    call_scene_begin(scene);
}

static const struct {
    struct call_plan plan;
    struct span answer;
    bool is_broken;
    const char *said;
} agains[] = {
    {{.on_failed = begin_again},
     SPAN_INIT("rubbish"),
     false,
     "ready CALL_MALFORMED ready head200 <ok>end "},
    {{.on_failed = begin_again},
     SPAN_INIT("HTTP/1.1 200"),
     true,
     "ready CALL_LOST ready head200 <ok>end "},
    {{.on_failed = begin_again},
     SPAN_INIT(OK_HEAD "o"),
     true,
     "ready head200 <o>CALL_BODY_CUT ready head200 <ok>end "},
    {{.on_failed = begin_again},
     SPAN_INIT("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nx"),
     false,
     "ready head200 CALL_BODY_MALFORMED ready head200 <ok>end "},
    {{.on_head = begin_again},
     SPAN_INIT("HTTP/1.1 401 No\r\ncontent-length: 2\r\n\r\nno"),
     false,
     "ready head401 ready head200 <ok>end "},
    {{.on_head = begin_again},
     SPAN_INIT("HTTP/1.1 401 No\r\ncontent-length: 0\r\n\r\n"),
     false,
     "ready head401 ready head200 <ok>end "},
    {{.on_interim = begin_again},
     SPAN_INIT("HTTP/1.1 103 Early Hints\r\n\r\n" OK_HEAD "no"),
     false,
     "ready interim103 ready head200 <ok>end "},
    {{.on_body = begin_again},
     SPAN_INIT(OK_HEAD "no"),
     false,
     "ready head200 <no>ready head200 <ok>end "},
    {{.on_end = begin_again},
     SPAN_INIT("HTTP/1.1 401 No\r\ncontent-length: 2\r\n\r\nno"),
     false,
     "ready head401 <no>end ready head200 <ok>end "},
};

static void begin_again_after(size_t index, size_t most)
{
    struct call_scene scene;
    call_scene_set_up(&scene);
    scene.plan = agains[index].plan;
    scene.dialer.most = most;
    struct fake_server *server = call_scene_send(&scene);
    call_scene_answer(&scene, server, agains[index].answer);
    if (agains[index].is_broken)
        memory_pair_break(server->pair, server->ours);
    call_scene_turn(&scene);
    if (scene.dialer.begun > scene.dialer.count)
        server = fake_dialer_connect(&scene.dialer);
    call_scene_answer(&scene, server, SPAN(OK_HEAD "ok"));
    if (most > 1 || !agains[index].plan.on_body)
        assert_said(&scene, agains[index].said);
    assert_int_equal(scene.ended, agains[index].plan.on_end ? 2 : 1);
    call_scene_tear_down(&scene);
}

static void a_call_may_begin_again_inside_each_event(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(agains); i++) {
        begin_again_after(i, LOOP_READ_SIZE);
        begin_again_after(i, 1);
    }
}

static void a_call_may_begin_again_inside_its_deadline(void **state)
{
    struct call_scene *scene = *state;
    scene->plan.on_failed = begin_again;
    (void)call_scene_send(scene);
    call_scene_pass(scene, 50000);
    struct fake_server *server = fake_dialer_connect(&scene->dialer);
    call_scene_answer(scene, server, SPAN(OK_HEAD "ok"));
    assert_said(scene, "ready CALL_NO_ANSWER ready head200 <ok>end ");
}

static void a_call_may_begin_again_inside_a_failed_dial(void **state)
{
    struct call_scene *scene = *state;
    scene->plan.on_failed = begin_again;
    call_scene_begin(scene);
    fake_dialer_fail(&scene->dialer, DIAL_REFUSED, SPAN("refused"));
    struct fake_server *server = fake_dialer_connect(&scene->dialer);
    call_scene_answer(scene, server, SPAN(OK_HEAD "ok"));
    assert_said(scene, "CALL_NOT_CONNECTED ready head200 <ok>end ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(a_failed_dial_is_told_with_nothing_sent),
        TEST(a_full_line_is_told_with_nothing_sent),
        TEST(the_total_time_also_covers_the_wait_for_a_connection),
        TEST(the_first_byte_has_a_deadline_from_the_last_of_the_request),
        TEST(neither_interim_answers_nor_a_head_that_drips_buy_time),
        cmocka_unit_test(the_total_time_ends_each_phase),
        TEST(the_body_may_not_stall),
        TEST(a_pause_of_ours_is_not_a_stall_of_theirs),
        TEST(further_deadlines_replace_the_first),
        TEST(an_upstream_that_stops_reading_is_not_waited_for),
        TEST(one_that_reads_slowly_is),
        TEST(the_end_of_congestion_is_told_and_the_wait_for_the_answer_begins),
        TEST(a_request_that_moves_on_does_not_keep_an_answer_alive_that_stalls),
        TEST(a_paused_answer_stays_with_the_server),
        TEST(an_answer_that_ends_while_paused_leaves_a_connection_that_hears),
        TEST(pauses_before_and_after_the_answer_mean_nothing),
        cmocka_unit_test(a_call_may_be_called_off_at_every_step),
        cmocka_unit_test(a_call_that_never_began_may_be_called_off),
        TEST(a_wait_that_is_called_off_gives_the_connection_back),
        cmocka_unit_test(a_call_may_be_called_off_inside_each_event),
        cmocka_unit_test(a_call_may_begin_again_inside_each_event),
        TEST(a_call_may_begin_again_inside_its_deadline),
        TEST(a_call_may_begin_again_inside_a_failed_dial),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
