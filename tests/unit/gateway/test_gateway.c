#include "gateway/gateway.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "http/trace_context.h"
#include "support/gateway_scene.h"

/* Paths below /v1/files need no id and are not in the catalogue. */
#define GET         "GET /v1/files/x/y/z HTTP/1.1\r\nhost: gw\r\nx-request-id: r\r\n\r\n"
#define POST_HEAD   "POST /v1/files/x/y/z HTTP/1.1\r\nhost: gw\r\nx-request-id: r\r\n"
#define POST        POST_HEAD "transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n"
#define UP_FIELDS   "host: up.test\r\nvia: 1.1 bpgate-7\r\nx-request-id: r\r\n"
#define UP_HEAD     "HTTP/1.1 200 OK\r\ndate: D\r\ncontent-length: 5\r\n\r\n"
#define DOWN_FIELDS "date: D\r\nvia: 1.1 bpgate-7\r\nx-request-id: r\r\n"
#define DOWN        "HTTP/1.1 200 OK\r\n" DOWN_FIELDS "content-length: 5\r\n\r\nhello"

static void assert_span(struct span is, struct span wanted)
{
    assert_int_equal(is.len, wanted.len);
    assert_memory_equal(is.at, wanted.at, wanted.len);
}

/* What came upstream, but for the trace that begins here: another one each time. */
static void assert_up(const struct fake_server *server, struct span wanted)
{
    static const char name[] = "traceparent: 00-";
    enum { LINE_LEN = sizeof(name) - 1 + TRACEPARENT_LEN - 3 + 2 };
    struct span got = buffer_bytes(&server->server.got);
    const char *line = memmem(got.at, got.len, name, sizeof(name) - 1);
    assert_non_null(line);
    size_t before = (size_t)(line - got.at);
    assert_int_equal(got.len, wanted.len + LINE_LEN);
    assert_memory_equal(got.at, wanted.at, before);
    assert_memory_equal(line + LINE_LEN, wanted.at + before, wanted.len - before);
}

static int set_up(void **state)
{
    static struct gateway_scene scene;
    gateway_scene_set_up(&scene);
    *state = &scene;
    return 0;
}

static int tear_down(void **state)
{
    gateway_scene_tear_down(*state);
    return 0;
}

static void a_request_goes_up_and_its_answer_comes_down(void **state)
{
    struct gateway_scene *scene = *state;
    gateway_scene_ask(scene, SPAN(GET));
    struct fake_server *server = gateway_scene_dialed(scene);
    assert_up(server, SPAN("GET /v1/files/x/y/z HTTP/1.1\r\n" UP_FIELDS "\r\n"));
    gateway_scene_answer(scene, server, SPAN(UP_HEAD "hello"));
    assert_span(gateway_scene_got(scene), SPAN(DOWN));
    assert_int_equal(scene->held, 0);
}

static void the_next_request_uses_both_connections_again(void **state)
{
    struct gateway_scene *scene = *state;
    gateway_scene_ask(scene, SPAN(GET GET));
    struct fake_server *server = gateway_scene_dialed(scene);
    gateway_scene_answer(scene, server, SPAN(UP_HEAD "hello"));
    gateway_scene_answer(scene, server, SPAN(UP_HEAD "hello"));
    assert_span(gateway_scene_got(scene), SPAN(DOWN DOWN));
    assert_int_equal(scene->dialer.begun, 1);
}

/* The upstream is asked once the first three bytes of a body are there. */
static void hold_three(struct gateway_scene *scene)
{
    scene->options.replay_bytes = 3;
}

static void a_body_goes_up_as_it_comes(void **state)
{
    struct gateway_scene *scene = *state;
    hold_three(scene);
    gateway_scene_ask(scene, SPAN(POST_HEAD "transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n"));
    struct fake_server *server = gateway_scene_dialed(scene);
    gateway_scene_ask(scene, SPAN("4\r\ndefg\r\n0\r\n\r\n"));
    assert_up(server,
              SPAN("POST /v1/files/x/y/z HTTP/1.1\r\n" UP_FIELDS "transfer-encoding: chunked\r\n"
                   "\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n"));
    gateway_scene_answer(scene, server, SPAN(UP_HEAD "hello"));
    assert_span(gateway_scene_got(scene), SPAN(DOWN));
}

static void interim_answers_pass_without_fields_of_the_connection(void **state)
{
    struct gateway_scene *scene = *state;
    gateway_scene_ask(scene, SPAN(GET));
    struct fake_server *server = gateway_scene_dialed(scene);
    gateway_scene_answer(scene, server,
                         SPAN("HTTP/1.1 103 Early Hints\r\nlink: a\r\n"
                              "connection: x\r\nx: y\r\n\r\n" UP_HEAD "hello"));
    assert_span(gateway_scene_got(scene), SPAN("HTTP/1.1 103 Early Hints\r\nlink: a\r\n\r\n" DOWN));
}

static void a_slow_client_holds_the_answer_back_upstream(void **state)
{
    struct gateway_scene *scene = *state;
    stream_pause(scene->client.stream, RECORDER_PAUSE);
    gateway_scene_ask(scene, SPAN(GET));
    stream_resume(scene->client.stream, RECORDER_PAUSE);
    struct fake_server *server = gateway_scene_dialed(scene);
    stream_pause(scene->client.stream, RECORDER_PAUSE);
    struct span body = pattern_make(1000000);
    gateway_scene_answer(scene, server, SPAN("HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n"));
    gateway_scene_answer(scene, server, body);
    assert_true(scene->served->queued <= STREAM_HIGH_MARK + LOOP_READ_SIZE);
    assert_true(server->server.stream->queued > 800000);
    stream_resume(scene->client.stream, RECORDER_PAUSE);
    gateway_scene_turn(scene);
    struct span got = gateway_scene_got(scene);
    assert_span(span_skip(got, got.len - body.len), body);
    pattern_free(body);
    assert_int_equal(upstream_pool_counts(scene->services.pool).idle, 1);
}

static void a_slow_upstream_holds_the_body_back_with_the_client(void **state)
{
    struct gateway_scene *scene = *state;
    hold_three(scene);
    struct span body = pattern_make(900000);
    gateway_scene_ask(scene, SPAN(POST_HEAD "content-length: 900000\r\n\r\n"));
    gateway_scene_ask(scene, (struct span){body.at, 3});
    struct fake_server *server = gateway_scene_dialed(scene);
    stream_pause(server->server.stream, RECORDER_PAUSE);
    gateway_scene_ask(scene, span_skip(body, 3));
    assert_true(server->ours->queued <= STREAM_HIGH_MARK + LOOP_READ_SIZE);
    assert_true(scene->client.stream->queued > 700000);
    stream_resume(server->server.stream, RECORDER_PAUSE);
    gateway_scene_turn(scene);
    struct span got = buffer_bytes(&server->server.got);
    assert_span(span_skip(got, got.len - body.len), body);
    pattern_free(body);
    gateway_scene_answer(scene, server, SPAN(UP_HEAD "hello"));
    assert_span(gateway_scene_got(scene), SPAN(DOWN));
}

static void a_refused_head_is_answered_as_botpress_would(void **state)
{
    struct gateway_scene *scene = *state;
    gateway_scene_ask(scene, SPAN("GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n"));
    struct span got = gateway_scene_got(scene);
    assert_true(span_starts_with(got, SPAN("HTTP/1.1 400 Bad Request\r\n")));
    assert_true(span_holds(got, SPAN("connection: close\r\n")));
    assert_true(span_holds(got, SPAN("proxy-status: bpgate; error=http_request_error")));
    assert_true(span_holds(got, SPAN("\"type\":\"InvalidPayload\"")));
    assert_int_equal(scene->client.ended, 1);
}

static void a_broken_body_is_refused_and_never_completed_upstream(void **state)
{
    struct gateway_scene *scene = *state;
    hold_three(scene);
    gateway_scene_ask(scene, SPAN(POST_HEAD "transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n"));
    struct fake_server *server = gateway_scene_dialed(scene);
    gateway_scene_ask(scene, SPAN("rubbish"));
    assert_true(span_starts_with(gateway_scene_got(scene), SPAN("HTTP/1.1 400 ")));
    assert_int_equal(scene->client.ended, 1);
    assert_int_equal(server->server.ended + server->server.failed, 1);
    assert_false(span_holds(buffer_bytes(&server->server.got), SPAN("0\r\n\r\n")));
}

static void a_body_that_breaks_after_the_answer_began_cuts_the_client(void **state)
{
    struct gateway_scene *scene = *state;
    hold_three(scene);
    gateway_scene_ask(scene, SPAN(POST_HEAD "transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n"));
    struct fake_server *server = gateway_scene_dialed(scene);
    gateway_scene_answer(scene, server, SPAN(UP_HEAD "he"));
    gateway_scene_ask(scene, SPAN("rubbish"));
    assert_int_equal(scene->client.failed, 1);
    assert_int_equal(scene->held, 0);
}

static void an_answer_ahead_of_its_request_ends_the_exchange(void **state)
{
    struct gateway_scene *scene = *state;
    hold_three(scene);
    gateway_scene_ask(scene, SPAN(POST_HEAD "transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n"));
    struct fake_server *server = gateway_scene_dialed(scene);
    gateway_scene_answer(scene, server, SPAN(UP_HEAD "hello"));
    assert_span(gateway_scene_got(scene), SPAN(DOWN));
    assert_int_equal(server->server.ended, 1); /* it has not all of the request */
    gateway_scene_ask(scene, SPAN("4\r\ndefg\r\n0\r\n\r\n" GET));
    server = gateway_scene_dialed(scene);
    gateway_scene_answer(scene, server, SPAN(UP_HEAD "hello"));
    assert_span(gateway_scene_got(scene), SPAN(DOWN DOWN));
}

/* --- Leaving, at every step --- */

enum { CLIENT_ENDS, CLIENT_FAILS, UPSTREAM_ENDS, UPSTREAM_FAILS, LEAVING_KINDS };

static const struct {
    struct span request, answer;
} conversations[] = {
    {SPAN_INIT(GET), SPAN_INIT(UP_HEAD "hello")},
    {SPAN_INIT(POST GET),
     SPAN_INIT(
         "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
         "5\r\nhello\r\n0\r\n\r\n")},
    {SPAN_INIT(GET GET), SPAN_INIT("HTTP/1.1 200 OK\r\n\r\nhello")},
    {SPAN_INIT(POST),
     SPAN_INIT("HTTP/1.1 503 \r\ncontent-type: text/html\r\ncontent-length: 9\r\n\r\n"
               "<html>no!")},
};

static void leave_now(struct gateway_scene *scene, int kind)
{
    struct fake_server *server = scene->dialer.count > 0 ? &scene->dialer.servers[0] : NULL;
    switch (kind) {
    case CLIENT_ENDS:
        stream_end(scene->client.stream);
        break;
    case CLIENT_FAILS:
        if (scene->clients.count > 0)
            memory_pair_break(scene->pair, scene->served);
        break;
    case UPSTREAM_ENDS:
        if (server)
            stream_end(server->server.stream);
        break;
    case UPSTREAM_FAILS:
        if (server && server->ours->owner)
            memory_pair_break(server->pair, server->ours);
        break;
    default:
        fail();
    }
}

/* One step; dials succeed, and each new server answers the request once. */
static bool move(struct gateway_scene *scene, struct span answer)
{
    bool has_moved = gateway_scene_step(scene);
    if (list_is_empty(&scene->dialer.running))
        return has_moved;
    struct fake_server *server = fake_dialer_connect(&scene->dialer);
    recorder_write(&server->server, answer);
    return true;
}

static bool leave_at(size_t conversation, int kind, int step)
{
    struct gateway_scene scene;
    struct span answer = conversations[conversation].answer;
    gateway_scene_set_up(&scene);
    scene.most = 11;
    recorder_write(&scene.client, conversations[conversation].request);
    bool is_running = true;
    for (int i = 0; i < step && is_running; i++)
        is_running = move(&scene, answer);
    leave_now(&scene, kind);
    for (int seconds = 0; seconds < 120; seconds++) {
        while (move(&scene, answer)) {
        }
        gateway_scene_pass(&scene, 1000);
    }
    assert_int_equal(scene.held, 0);
    assert_int_equal(scene.clients.count, 0);
    gateway_scene_tear_down(&scene);
    return is_running;
}

static void client_and_upstream_may_leave_at_every_step(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(conversations); i++) {
        for (int kind = 0; kind < LEAVING_KINDS; kind++) {
            for (int step = 0; leave_at(i, kind, step); step++)
                assert_in_range(step, 0, 1000);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(a_request_goes_up_and_its_answer_comes_down),
        TEST(the_next_request_uses_both_connections_again),
        TEST(a_body_goes_up_as_it_comes),
        TEST(interim_answers_pass_without_fields_of_the_connection),
        TEST(a_slow_client_holds_the_answer_back_upstream),
        TEST(a_slow_upstream_holds_the_body_back_with_the_client),
        TEST(a_refused_head_is_answered_as_botpress_would),
        TEST(a_broken_body_is_refused_and_never_completed_upstream),
        TEST(a_body_that_breaks_after_the_answer_began_cuts_the_client),
        TEST(an_answer_ahead_of_its_request_ends_the_exchange),
        cmocka_unit_test(client_and_upstream_may_leave_at_every_step),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
