/* The request's body, and clients that leave: the second half of client_connection's tests. */
#include "client/client_connection.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "support/client_scene.h"

#define OK_ANSWER "HTTP/1.1 200 OK\r\ndate: D\r\ncontent-length: 2\r\n\r\nok"
#define CLOSE_ANSWER                                                                               \
    "HTTP/1.1 200 OK\r\ndate: D\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok"
#define CONTINUE "HTTP/1.1 100 Continue\r\n\r\n"
#define NO_ANSWER(line)                                                                            \
    "HTTP/1.1 " line "\r\ndate: D\r\ncontent-length: 2\r\nconnection: close\r\n\r\nno"
#define NEXT_REQUEST "GET /n HTTP/1.1\r\nhost: x\r\n\r\n"

static void assert_span(struct span is, struct span wanted)
{
    assert_int_equal(is.len, wanted.len);
    assert_memory_equal(is.at, wanted.at, wanted.len);
}

static int set_up(void **state)
{
    static struct client_scene scene;
    client_scene_set_up(&scene);
    (void)client_scene_connect(&scene);
    *state = &scene;
    return 0;
}

static int tear_down(void **state)
{
    client_scene_tear_down(*state);
    return 0;
}

/* A body of count bytes. */
static void send_body(struct client_scene *scene, size_t count)
{
    struct span body = pattern_make(count);
    client_scene_send(scene, body);
    pattern_free(body);
}

static void send_head(struct client_scene *scene, size_t length, const char *fields)
{
    char text[200];
    int len =
        snprintf(text, sizeof(text), "POST /p HTTP/1.1\r\nhost: x\r\ncontent-length: %zu\r\n%s\r\n",
                 length, fields);
    client_scene_send(scene, (struct span){text, (size_t)len});
}

/* --- Expect: 100-continue --- */

static void the_wish_to_read_sends_100_continue_once(void **state)
{
    struct client_scene *scene = *state;
    send_head(scene, 5, "expect: 100-continue\r\n");
    assert_span(client_scene_got(scene), SPAN(CONTINUE));
    client_read_body(scene->heard->connection);
    client_scene_send(scene, SPAN("hello" NEXT_REQUEST));
    assert_span(client_scene_said(scene), SPAN("/p <hello>end /n "));
    assert_span(client_scene_got(scene), SPAN(CONTINUE OK_ANSWER OK_ANSWER));
}

static void an_answer_instead_of_100_continue_closes(void **state)
{
    struct client_scene *scene = *state;
    scene->plan.on_request = heard_answer_ok;
    send_head(scene, 5, "expect: 100-continue\r\n");
    assert_span(client_scene_got(scene), SPAN(CLOSE_ANSWER));
    assert_int_equal(scene->peers[0].client.ended, 1);
    client_scene_send(scene, SPAN("hello" NEXT_REQUEST));
    assert_int_equal(scene->requests, 1);
}

static void head_then_read(struct heard *heard)
{
    heard_head(heard, 200, BODY_LENGTH, 2);
    client_read_body(heard->connection);
}

static void send_ok_end(struct heard *heard)
{
    client_send_body(heard->connection, SPAN("ok"));
    client_send_end(heard->connection);
    heard_done(heard);
}

static void no_100_continue_comes_after_the_final_head(void **state)
{
    struct client_scene *scene = *state;
    scene->plan.on_request = head_then_read;
    scene->plan.on_body_end = send_ok_end;
    send_head(scene, 5, "expect: 100-continue\r\n");
    client_scene_send(scene, SPAN("hello"));
    assert_span(client_scene_said(scene), SPAN("/p <hello>end "));
    assert_span(client_scene_got(scene), SPAN(CLOSE_ANSWER));
}

static void an_expectation_of_http_1_0_is_ignored(void **state)
{
    struct client_scene *scene = *state;
    client_scene_send(scene, SPAN("POST /p HTTP/1.0\r\nexpect: 100-continue\r\n"
                                  "content-length: 5\r\n\r\nhello"));
    assert_span(client_scene_got(scene), SPAN(CLOSE_ANSWER));
}

/* --- Bodies nobody reads --- */

static void an_unread_body_within_the_bound_is_dropped_and_the_next_request_served(void **state)
{
    struct client_scene *scene = *state;
    scene->plan.on_request = heard_answer_ok;
    send_head(scene, 1000, "");
    assert_span(client_scene_got(scene), SPAN(OK_ANSWER));
    send_body(scene, 999);
    client_scene_send(scene, SPAN("z" NEXT_REQUEST));
    assert_span(client_scene_said(scene), SPAN("/p /n "));
    assert_span(client_scene_got(scene), SPAN(OK_ANSWER OK_ANSWER));
}

static void a_longer_unread_body_closes_the_connection_and_the_answer_says_so(void **state)
{
    struct client_scene *scene = *state;
    scene->plan.on_request = heard_answer_ok;
    send_head(scene, 1001, "");
    assert_span(client_scene_got(scene), SPAN(CLOSE_ANSWER));
    send_body(scene, 1001);
    client_scene_send(scene, SPAN(NEXT_REQUEST));
    assert_span(client_scene_said(scene), SPAN("/p "));
    assert_int_equal(scene->peers[0].client.failed, 0);
}

static void of_a_long_body_only_the_unread_rest_counts(void **state)
{
    struct client_scene *scene = *state;
    scene->plan.on_request = heard_nothing;
    send_head(scene, 5000, "");
    client_read_body(scene->heard->connection);
    client_scene_turn(scene);
    send_body(scene, 4000);
    heard_answer_ok(scene->heard);
    client_scene_turn(scene);
    send_body(scene, 1000);
    client_scene_send(scene, SPAN(NEXT_REQUEST));
    assert_int_equal(scene->requests, 2);
}

static void an_unread_chunked_body_is_dropped_up_to_the_bound(void **state)
{
    struct client_scene *scene = *state;
    scene->plan.on_request = heard_answer_ok;
    client_scene_send(scene,
                      SPAN("POST /c HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"));
    client_scene_send(scene, SPAN("3\r\nabc\r\n0\r\n\r\n" NEXT_REQUEST));
    assert_span(client_scene_said(scene), SPAN("/c /n "));
    client_scene_send(scene, SPAN("POST /c HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n"
                                  "\r\nfffffff\r\n"));
    send_body(scene, 1000);
    assert_int_equal(scene->peers[0].client.ended, 1);
    assert_int_equal(scene->left, 0); /* lingers */
}

static void an_unread_body_that_does_not_come_is_not_waited_for(void **state)
{
    struct client_scene *scene = *state;
    scene->plan.on_request = heard_answer_ok;
    send_head(scene, 1000, "");
    client_scene_pass(scene, 1000);
    send_body(scene, 900);
    client_scene_pass(scene, 999);
    assert_int_equal(scene->left, 0);
    client_scene_pass(scene, 1);
    assert_int_equal(scene->left, 1);
}

/* --- Back-pressure --- */

static void pause_after_a_piece(struct heard *heard, struct span piece)
{
    (void)piece;
    client_pause_body(heard->connection);
}

static void a_paused_body_stays_with_the_client(void **state)
{
    struct client_scene *scene = *state;
    struct recorder *client = &scene->peers[0].client;
    scene->plan.on_body = pause_after_a_piece;
    scene->most = 100;
    send_head(scene, 1000, "");
    send_body(scene, 1000);
    assert_int_equal(scene->body_bytes, 100);
    assert_int_equal(client->stream->queued, 900);
    client_read_body(scene->heard->connection);
    client_scene_turn(scene);
    assert_int_equal(scene->body_bytes, 200);
    scene->plan.on_body = heard_ignore_piece;
    client_read_body(scene->heard->connection);
    client_scene_turn(scene);
    assert_int_equal(scene->body_bytes, 1000);
    assert_span(client_scene_got(scene), SPAN(OK_ANSWER));
}

static void a_body_that_waits_unread_is_bounded_and_then_read_whole(void **state)
{
    struct client_scene *scene = *state;
    struct recorder *client = &scene->peers[0].client;
    scene->plan.on_request = heard_nothing;
    send_head(scene, 500000, "");
    send_body(scene, 500000);
    assert_true(client->stream->queued >= 500000 - 16 * KIB - LOOP_READ_SIZE);
    client_read_body(scene->heard->connection);
    client_scene_send(scene, SPAN(NEXT_REQUEST));
    assert_int_equal(scene->body_bytes, 500000);
    assert_int_equal(scene->done, 1);
    heard_answer_ok(scene->heard);
    client_scene_turn(scene);
    assert_span(client_scene_got(scene), SPAN(OK_ANSWER OK_ANSWER));
}

static void a_pause_ends_with_its_request(void **state)
{
    struct client_scene *scene = *state;
    scene->plan.on_body = pause_after_a_piece;
    scene->most = 100;
    send_head(scene, 500, "");
    send_body(scene, 500);
    heard_answer_ok(scene->heard);
    client_scene_send(scene, SPAN(NEXT_REQUEST));
    assert_int_equal(scene->requests, 2);
}

/* --- The least rate --- */

static void a_body_that_drips_fails_and_may_be_answered(void **state)
{
    struct client_scene *scene = *state;
    send_head(scene, 10000, "");
    for (int window = 0; window < 3; window++) {
        send_body(scene, 300);
        client_scene_pass(scene, 30000);
        assert_non_null(scene->heard);
    }
    send_body(scene, 299);
    client_scene_pass(scene, 30000);
    assert_int_equal(scene->done, 1);
    assert_span(client_scene_got(scene), SPAN(NO_ANSWER("408 Request Timeout")));
}

static void who_is_paused_is_not_blamed_for_dripping(void **state)
{
    struct client_scene *scene = *state;
    scene->plan.on_body = pause_after_a_piece;
    send_head(scene, 10000, "");
    send_body(scene, 1);
    client_scene_pass(scene, 30000);
    client_scene_pass(scene, 300000);
    assert_non_null(scene->heard);
    scene->plan.on_body = heard_ignore_piece;
    client_read_body(scene->heard->connection);
    client_scene_pass(scene, 29999);
    assert_non_null(scene->heard);
    client_scene_pass(scene, 1);
    assert_null(scene->heard);
}

static void an_answer_may_take_its_time_after_the_body_has_come(void **state)
{
    struct client_scene *scene = *state;
    scene->plan.on_body_end = heard_nothing;
    send_head(scene, 1, "");
    send_body(scene, 1);
    client_scene_pass(scene, 1000000);
    assert_non_null(scene->heard);
}

/* --- Clients that leave, at every step of a conversation --- */

enum { LEAVE_END, LEAVE_CLOSE, LEAVE_ABORT, LEAVE_BREAK, LEAVE_KINDS };

static void leave_now(struct client_scene *scene, int kind)
{
    struct peer *peer = &scene->peers[0];
    switch (kind) {
    case LEAVE_END:
        stream_end(peer->client.stream);
        break;
    case LEAVE_CLOSE:
        recorder_close(&peer->client);
        break;
    case LEAVE_ABORT:
        stream_abort(peer->client.stream);
        peer->client.stream = NULL;
        break;
    case LEAVE_BREAK:
        if (!scene->left)
            memory_pair_break(peer->pair, peer->served);
        break;
    default:
        fail();
    }
}

static void head_only(struct heard *heard)
{
    heard_head(heard, 200, BODY_CHUNKED, 0);
    client_read_body(heard->connection);
}

static void stream_back(struct heard *heard, struct span piece)
{
    client_send_body(heard->connection, piece);
}

static void end_of_stream(struct heard *heard)
{
    client_send_end(heard->connection);
    heard_done(heard);
}

static void answer_piece(struct heard *heard, struct span piece)
{
    (void)piece;
    heard_answer_ok(heard);
}

static const struct leaving {
    void (*on_request)(struct heard *heard);
    void (*on_body)(struct heard *heard, struct span piece);
    void (*on_body_end)(struct heard *heard);
    void (*on_gone)(struct heard *heard);
    const char *connection;
} leavings[] = {
    {heard_read, heard_ignore_piece, heard_answer_ok, heard_done, ""},
    {heard_read, heard_ignore_piece, heard_answer_ok, heard_done, "connection: close\r\n"},
    {heard_answer_ok, heard_ignore_piece, heard_answer_ok, heard_done, ""},
    {heard_read, answer_piece, heard_nothing, heard_done, ""},
    {head_only, stream_back, end_of_stream, heard_done, ""},
    {heard_read, heard_ignore_piece, heard_nothing, heard_done, ""},
    {heard_read, heard_ignore_piece, heard_nothing, heard_nothing, ""}, /* done by tear_down */
};

/* False when the conversation was over before that step. */
static bool leave_at(const struct leaving *leaving, int kind, int step)
{
    struct client_scene scene;
    char text[300];
    int len = snprintf(text, sizeof(text),
                       "POST /p HTTP/1.1\r\nhost: x\r\n%stransfer-encoding: chunked\r\n\r\n"
                       "3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n" NEXT_REQUEST,
                       leaving->connection);
    client_scene_set_up(&scene);
    scene.plan.on_request = leaving->on_request;
    scene.plan.on_body = leaving->on_body;
    scene.plan.on_body_end = leaving->on_body_end;
    scene.plan.on_gone = leaving->on_gone;
    scene.most = 9;
    (void)client_scene_connect(&scene);
    recorder_write(&scene.peers[0].client, (struct span){text, (size_t)len});
    bool is_running = true;
    for (int i = 0; i < step && is_running; i++)
        is_running = client_scene_step(&scene);
    leave_now(&scene, kind);
    client_scene_turn(&scene);
    bool has_waited = scene.heard != NULL;
    if (has_waited) { /* what is sent now goes nowhere */
        assert_int_equal(scene.gone, 1);
        heard_answer_ok(scene.heard);
        client_scene_turn(&scene);
    }
    if (kind >= LEAVE_ABORT)
        assert_int_equal(scene.server.count, 0);
    client_scene_pass(&scene, 40000); /* for an answer that was given and is not fetched */
    assert_int_equal(scene.server.count, 0);
    client_scene_tear_down(&scene);
    return is_running;
}

static void a_client_may_leave_at_every_step(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(leavings); i++) {
        for (int kind = 0; kind < LEAVE_KINDS; kind++) {
            for (int step = 0; leave_at(&leavings[i], kind, step); step++)
                assert_in_range(step, 0, 1000);
        }
    }
}

static void who_ends_while_an_answer_is_owed_has_left(void **state)
{
    struct client_scene *scene = *state;
    scene->plan.on_request = heard_nothing;
    client_scene_send(scene, SPAN(NEXT_REQUEST));
    stream_end(scene->peers[0].client.stream);
    client_scene_turn(scene);
    assert_int_equal(scene->gone, 1);
    assert_int_equal(scene->done, 1);
}

/* --- Leaving from inside the events --- */

static void cut(struct heard *heard)
{
    client_cut(heard->connection);
    heard_done(heard);
}

static void cut_piece(struct heard *heard, struct span piece)
{
    (void)piece;
    cut(heard);
}

static void the_handler_may_cut_inside_each_event(void **state)
{
    static const struct client_plan plans[] = {
        {.on_request = cut},  {.on_refused = cut},     {.on_body = cut_piece},
        {.on_body_end = cut}, {.on_body_failed = cut},
    };
    static const struct span bytes[] = {
        SPAN_INIT(NEXT_REQUEST),
        SPAN_INIT("rubbish\r\n"),
        SPAN_INIT("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\n\r\nabc" NEXT_REQUEST),
        SPAN_INIT("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\n\r\nabc" NEXT_REQUEST),
        SPAN_INIT("POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nx" NEXT_REQUEST),
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(plans); i++) {
        struct client_scene scene;
        client_scene_set_up(&scene);
        if (plans[i].on_request)
            scene.plan.on_request = plans[i].on_request;
        if (plans[i].on_refused)
            scene.plan.on_refused = plans[i].on_refused;
        if (plans[i].on_body)
            scene.plan.on_body = plans[i].on_body;
        if (plans[i].on_body_end)
            scene.plan.on_body_end = plans[i].on_body_end;
        if (plans[i].on_body_failed)
            scene.plan.on_body_failed = plans[i].on_body_failed;
        (void)client_scene_connect(&scene);
        client_scene_send(&scene, bytes[i]);
        assert_int_equal(scene.peers[0].client.failed, 1);
        assert_int_equal(scene.server.count, 0);
        assert_int_equal(scene.requests + scene.refusals, 1);
        client_scene_tear_down(&scene);
    }
}

static void a_cut_without_done_keeps_the_request_for_the_handler(void **state)
{
    struct client_scene *scene = *state;
    scene->plan.on_request = heard_nothing;
    client_scene_send(scene, SPAN(NEXT_REQUEST));
    client_cut(scene->heard->connection);
    client_scene_turn(scene);
    assert_int_equal(scene->peers[0].client.failed, 1);
    assert_int_equal(scene->server.count, 1);
    assert_true(span_equal(scene->heard->request->target, SPAN("/n")));
    heard_answer_ok(scene->heard);
    client_scene_turn(scene);
    assert_int_equal(scene->server.count, 0);
    assert_int_equal(scene->gone, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(the_wish_to_read_sends_100_continue_once),
        TEST(an_answer_instead_of_100_continue_closes),
        TEST(no_100_continue_comes_after_the_final_head),
        TEST(an_expectation_of_http_1_0_is_ignored),
        TEST(an_unread_body_within_the_bound_is_dropped_and_the_next_request_served),
        TEST(a_longer_unread_body_closes_the_connection_and_the_answer_says_so),
        TEST(of_a_long_body_only_the_unread_rest_counts),
        TEST(an_unread_chunked_body_is_dropped_up_to_the_bound),
        TEST(an_unread_body_that_does_not_come_is_not_waited_for),
        TEST(a_paused_body_stays_with_the_client),
        TEST(a_body_that_waits_unread_is_bounded_and_then_read_whole),
        TEST(a_pause_ends_with_its_request),
        TEST(a_body_that_drips_fails_and_may_be_answered),
        TEST(who_is_paused_is_not_blamed_for_dripping),
        TEST(an_answer_may_take_its_time_after_the_body_has_come),
        cmocka_unit_test(a_client_may_leave_at_every_step),
        TEST(who_ends_while_an_answer_is_owed_has_left),
        cmocka_unit_test(the_handler_may_cut_inside_each_event),
        TEST(a_cut_without_done_keeps_the_request_for_the_handler),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
