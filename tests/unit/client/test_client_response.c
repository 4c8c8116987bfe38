#include "client/client_connection.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "support/client_scene.h"

#define GET     "GET /a HTTP/1.1\r\nhost: x\r\n\r\n"
#define GET_1_0 "GET /a HTTP/1.0\r\nconnection: keep-alive\r\n\r\n"
#define HEAD    "HEAD /a HTTP/1.1\r\nhost: x\r\n\r\n"

static void assert_span(struct span is, struct span wanted)
{
    assert_int_equal(is.len, wanted.len);
    assert_memory_equal(is.at, wanted.at, wanted.len);
}

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

/* --- Framing: what the handler gives, what the client gets --- */

static const struct {
    const char *request;
    unsigned status;
    struct framing framing;
    struct span answer;
    bool closes;
} framings[] = {
    {GET,
     200,
     {BODY_LENGTH, 6},
     SPAN_INIT("HTTP/1.1 200 OK\r\ndate: D\r\ncontent-length: 6\r\n\r\nabcdef"),
     false},
    {GET,
     200,
     {BODY_CHUNKED, 0},
     SPAN_INIT("HTTP/1.1 200 OK\r\ndate: D\r\ntransfer-encoding: chunked\r\n\r\n"
               "3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n"),
     false},
    {GET,
     200,
     {BODY_UNTIL_CLOSE, 0},
     SPAN_INIT("HTTP/1.1 200 OK\r\ndate: D\r\ntransfer-encoding: chunked\r\n\r\n"
               "3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n"),
     false},
    {GET_1_0,
     200,
     {BODY_LENGTH, 6},
     SPAN_INIT("HTTP/1.1 200 OK\r\ndate: D\r\ncontent-length: 6\r\nconnection: keep-alive\r\n\r\n"
               "abcdef"),
     false},
    {GET_1_0,
     200,
     {BODY_CHUNKED, 0},
     SPAN_INIT("HTTP/1.1 200 OK\r\ndate: D\r\nconnection: close\r\n\r\nabcdef"),
     true},
    {GET_1_0,
     200,
     {BODY_UNTIL_CLOSE, 0},
     SPAN_INIT("HTTP/1.1 200 OK\r\ndate: D\r\nconnection: close\r\n\r\nabcdef"),
     true},
    {HEAD,
     200,
     {BODY_LENGTH, 6},
     SPAN_INIT("HTTP/1.1 200 OK\r\ndate: D\r\ncontent-length: 6\r\n\r\n"),
     false},
    {HEAD, 200, {BODY_CHUNKED, 0}, SPAN_INIT("HTTP/1.1 200 OK\r\ndate: D\r\n\r\n"), false},
    {HEAD, 200, {BODY_UNTIL_CLOSE, 0}, SPAN_INIT("HTTP/1.1 200 OK\r\ndate: D\r\n\r\n"), false},
    {"HEAD /a HTTP/1.0\r\nconnection: keep-alive\r\n\r\n",
     200,
     {BODY_UNTIL_CLOSE, 0},
     SPAN_INIT("HTTP/1.1 200 OK\r\ndate: D\r\nconnection: keep-alive\r\n\r\n"),
     false},
    {GET, 204, {BODY_NONE, 0}, SPAN_INIT("HTTP/1.1 204 No Content\r\ndate: D\r\n\r\n"), false},
    {GET, 204, {BODY_CHUNKED, 0}, SPAN_INIT("HTTP/1.1 204 No Content\r\ndate: D\r\n\r\n"), false},
    {GET, 304, {BODY_NONE, 0}, SPAN_INIT("HTTP/1.1 304 Not Modified\r\ndate: D\r\n\r\n"), false},
    {GET,
     304,
     {BODY_LENGTH, 6},
     SPAN_INIT("HTTP/1.1 304 Not Modified\r\ndate: D\r\ncontent-length: 6\r\n\r\n"),
     false},
};

static void each_framing_becomes_what_the_client_can_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(framings); i++) {
        struct client_scene scene;
        client_scene_set_up(&scene);
        scene.plan.on_request = heard_nothing;
        (void)client_scene_connect(&scene);
        client_scene_send(&scene, span_of(framings[i].request));
        heard_head(scene.heard, framings[i].status, framings[i].framing.kind,
                   framings[i].framing.length);
        client_send_body(scene.heard->connection, SPAN("abc"));
        client_send_body(scene.heard->connection, SPAN(""));
        client_send_body(scene.heard->connection, SPAN("def"));
        client_send_end(scene.heard->connection);
        heard_done(scene.heard);
        client_scene_turn(&scene);
        assert_span(client_scene_got(&scene), framings[i].answer);
        assert_int_equal(scene.peers[0].client.ended, framings[i].closes);
        client_scene_tear_down(&scene);
    }
}

/* --- Writes --- */

static void head_and_body_leave_in_one_write(void **state)
{
    struct client_scene *scene = *state;
    scene->plan.on_request = heard_answer_ok;
    client_scene_send(scene, SPAN(GET));
    assert_int_equal(scene->writes, 1);
}

static void head_and_first_chunk_leave_in_one_write_and_each_chunk_in_one(void **state)
{
    struct client_scene *scene = *state;
    client_scene_send(scene, SPAN(GET));
    heard_head(scene->heard, 200, BODY_CHUNKED, 0);
    client_send_body(scene->heard->connection, SPAN("abc"));
    assert_int_equal(scene->writes, 1);
    client_send_body(scene->heard->connection, SPAN("def"));
    assert_int_equal(scene->writes, 2);
    client_send_end(scene->heard->connection);
    assert_int_equal(scene->writes, 3);
}

static void a_head_without_a_body_leaves_with_its_end(void **state)
{
    struct client_scene *scene = *state;
    client_scene_send(scene, SPAN(HEAD));
    heard_head(scene->heard, 200, BODY_LENGTH, 6);
    client_send_body(scene->heard->connection, SPAN("abcdef"));
    assert_int_equal(scene->writes, 0);
    client_send_end(scene->heard->connection);
    assert_int_equal(scene->writes, 1);
}

static void a_head_alone_leaves_at_the_end_of_the_turn(void **state)
{
    struct client_scene *scene = *state;
    client_scene_send(scene, SPAN(GET));
    heard_head(scene->heard, 200, BODY_LENGTH, 2);
    assert_int_equal(scene->writes, 0);
    client_scene_turn(scene);
    assert_span(client_scene_got(scene),
                SPAN("HTTP/1.1 200 OK\r\ndate: D\r\ncontent-length: 2\r\n\r\n"));
    assert_int_equal(scene->writes, 1);
    client_send_body(scene->heard->connection, SPAN("ok"));
    client_send_end(scene->heard->connection);
    client_scene_turn(scene);
    assert_int_equal(scene->writes, 2);
}

static void head_at_once(struct heard *heard)
{
    heard_head(heard, 200, BODY_LENGTH, 2);
}

static void a_head_given_inside_the_request_leaves_too(void **state)
{
    struct client_scene *scene = *state;
    scene->plan.on_request = head_at_once;
    client_scene_send(scene, SPAN(GET));
    assert_int_equal(scene->writes, 1);
}

static void a_response_without_a_length_says_so(void **state)
{
    struct client_scene *scene = *state;
    client_scene_send(scene, SPAN(GET));
    heard_answer(scene->heard, 200, SPAN(""));
    client_scene_turn(scene);
    assert_span(client_scene_got(scene),
                SPAN("HTTP/1.1 200 OK\r\ndate: D\r\ncontent-length: 0\r\n\r\n"));
}

/* --- Fields of the connection --- */

static void the_promise_to_stay_is_shorter_than_the_stay(void **state)
{
    struct client_scene *scene = *state;
    scene->options.keep_alive_s = 55;
    scene->plan.on_request = heard_answer_ok;
    client_scene_send(scene, SPAN(GET));
    assert_span(client_scene_got(scene),
                SPAN("HTTP/1.1 200 OK\r\ndate: D\r\ncontent-length: 2\r\nconnection: keep-alive\r\n"
                     "keep-alive: timeout=55\r\n\r\nok"));
}

static void a_response_without_a_date_gets_one(void **state)
{
    struct client_scene *scene = *state;
    client_scene_send(scene, SPAN(GET));
    struct response response = {.status = 200, .framing = {.kind = BODY_NONE}};
    header_list_init(&response.headers, scene->heard->arena, 0);
    client_send_head(scene->heard->connection, &response);
    client_send_end(scene->heard->connection);
    client_scene_turn(scene);
    struct span got = client_scene_got(scene);
    assert_true(span_starts_with(got, SPAN("HTTP/1.1 200 OK\r\ndate: ")));
    assert_int_equal(got.len, SPAN("HTTP/1.1 200 OK\r\ndate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
                                   "content-length: 0\r\n\r\n")
                                  .len);
}

static void close_after_is_told_and_done(void **state)
{
    struct client_scene *scene = *state;
    client_scene_send(scene, SPAN(GET));
    client_close_after(scene->heard->connection);
    heard_answer_ok(scene->heard);
    client_scene_turn(scene);
    assert_span(
        client_scene_got(scene),
        SPAN("HTTP/1.1 200 OK\r\ndate: D\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok"));
    assert_int_equal(scene->peers[0].client.ended, 1);
}

/* --- Interim responses --- */

static void send_103(struct heard *heard)
{
    struct response response = {.status = 103};
    header_list_init(&response.headers, heard->arena, 2);
    assert_true(header_list_add(&response.headers, SPAN("link"), SPAN("</a>")));
    assert_true(header_list_add(&response.headers, SPAN("content-length"), SPAN("3")));
    client_send_interim(heard->connection, &response);
}

static void interim_responses_come_before_the_final_one_only(void **state)
{
    struct client_scene *scene = *state;
    client_scene_send(scene, SPAN(GET));
    send_103(scene->heard);
    send_103(scene->heard);
    heard_head(scene->heard, 200, BODY_LENGTH, 2);
    send_103(scene->heard);
    client_send_body(scene->heard->connection, SPAN("ok"));
    client_send_end(scene->heard->connection);
    client_scene_turn(scene);
    assert_span(client_scene_got(scene), SPAN("HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n"
                                              "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n"
                                              "HTTP/1.1 200 OK\r\ndate: D\r\n"
                                              "content-length: 2\r\n\r\nok"));
}

static void http_1_0_gets_no_interim_response(void **state)
{
    struct client_scene *scene = *state;
    client_scene_send(scene, SPAN(GET_1_0));
    send_103(scene->heard);
    client_scene_turn(scene);
    assert_int_equal(client_scene_got(scene).len, 0);
}

/* --- Back-pressure and slow readers --- */

static void begin_long_answer(struct client_scene *scene, size_t len)
{
    client_scene_send(scene, SPAN(GET));
    stream_pause(scene->peers[0].client.stream, RECORDER_PAUSE);
    heard_head(scene->heard, 200, BODY_CHUNKED, 0);
    struct span body = pattern_make(len);
    client_send_body(scene->heard->connection, body);
    pattern_free(body);
    client_scene_turn(scene);
}

static unsigned drained;

static void count_drained(struct heard *heard)
{
    assert_false(client_is_congested(heard->connection));
    drained++;
}

static void congestion_is_seen_and_its_end_is_told(void **state)
{
    struct client_scene *scene = *state;
    drained = 0;
    scene->plan.on_drained = count_drained;
    begin_long_answer(scene, 2 * STREAM_HIGH_MARK);
    assert_true(client_is_congested(scene->heard->connection));
    stream_resume(scene->peers[0].client.stream, RECORDER_PAUSE);
    client_scene_turn(scene);
    assert_int_equal(drained, 1);
}

static void the_end_of_congestion_wakes_the_next_request(void **state)
{
    struct client_scene *scene = *state;
    begin_long_answer(scene, 2 * STREAM_HIGH_MARK);
    client_send_end(scene->heard->connection);
    heard_done(scene->heard);
    client_scene_send(scene, SPAN(GET));
    assert_int_equal(scene->requests, 1);
    stream_resume(scene->peers[0].client.stream, RECORDER_PAUSE);
    client_scene_turn(scene);
    assert_int_equal(scene->requests, 2);
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

static void a_client_that_fetches_at_the_least_rate_is_kept_and_a_slower_one_cut(void **state)
{
    struct client_scene *scene = *state;
    begin_long_answer(scene, 10000);
    for (int look = 0; look < 20; look++) {
        fetch(scene, 100);
        client_scene_pass(scene, 10000);
        assert_int_equal(scene->gone, 0);
    }
    fetch(scene, 99);
    client_scene_pass(scene, 10000);
    assert_int_equal(scene->gone, 1);
    assert_int_equal(scene->peers[0].client.failed, 1); /* not an end: it could pass for one */
}

static void a_slow_client_gets_the_tail_of_its_last_answer(void **state)
{
    struct client_scene *scene = *state;
    begin_long_answer(scene, 1000);
    client_close_after(scene->heard->connection);
    client_send_end(scene->heard->connection);
    heard_done(scene->heard);
    for (int look = 0; look < 5; look++) { /* 100 bytes each are the least rate */
        fetch(scene, 100);
        client_scene_pass(scene, 10000);
        assert_int_equal(scene->left, 0);
    }
    client_scene_pass(scene, 9999);
    assert_int_equal(scene->left, 0);
    client_scene_pass(scene, 1);
    assert_int_equal(scene->left, 1);
    assert_int_equal(scene->peers[0].client.failed, 1);
}

static void a_client_that_ends_its_side_still_gets_what_was_answered(void **state)
{
    struct client_scene *scene = *state;
    begin_long_answer(scene, 1000);
    client_send_end(scene->heard->connection);
    heard_done(scene->heard);
    stream_end(scene->peers[0].client.stream);
    client_scene_turn(scene);
    assert_int_equal(scene->left, 0);
    fetch(scene, 10000);
    client_scene_turn(scene);
    assert_true(client_scene_got(scene).len > 1000);
    assert_int_equal(scene->peers[0].client.failed, 0);
    client_scene_pass(scene, 2000);
    assert_int_equal(scene->left, 1);
    assert_int_equal(scene->peers[0].client.failed, 0);
}

/* --- Ends that are none --- */

static void a_cut_is_a_failure_for_the_client(void **state)
{
    struct client_scene *scene = *state;
    client_scene_send(scene, SPAN(GET_1_0));
    heard_head(scene->heard, 200, BODY_UNTIL_CLOSE, 0);
    client_send_body(scene->heard->connection, SPAN("abc"));
    client_cut(scene->heard->connection);
    heard_done(scene->heard);
    client_scene_turn(scene);
    assert_int_equal(scene->peers[0].client.failed, 1);
    assert_int_equal(scene->peers[0].client.ended, 0);
}

static void what_is_sent_after_the_client_has_gone_goes_nowhere(void **state)
{
    struct client_scene *scene = *state;
    scene->plan.on_gone = heard_nothing;
    client_scene_send(scene, SPAN(GET));
    recorder_close(&scene->peers[0].client);
    client_scene_turn(scene);
    assert_int_equal(scene->gone, 1);
    send_103(scene->heard);
    client_read_body(scene->heard->connection);
    client_pause_body(scene->heard->connection);
    assert_false(client_is_congested(scene->heard->connection));
    heard_answer_ok(scene->heard);
    assert_int_equal(scene->writes, 0);
}

static void bytes_are_counted_both_ways(void **state)
{
    struct client_scene *scene = *state;
    scene->plan.on_body_end = heard_nothing;
    scene->plan.on_request = heard_read;
    struct span request = SPAN("POST /c HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
                               "3\r\nabc\r\n0\r\n\r\n");
    client_scene_send(scene, request);
    assert_int_equal(client_bytes_in(scene->heard->connection), request.len);
    heard_head(scene->heard, 200, BODY_CHUNKED, 0);
    client_send_body(scene->heard->connection, SPAN("abc"));
    client_send_end(scene->heard->connection);
    client_scene_turn(scene);
    assert_int_equal(client_bytes_out(scene->heard->connection), client_scene_got(scene).len);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_framing_becomes_what_the_client_can_read),
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(head_and_body_leave_in_one_write),
        TEST(head_and_first_chunk_leave_in_one_write_and_each_chunk_in_one),
        TEST(a_head_without_a_body_leaves_with_its_end),
        TEST(a_head_alone_leaves_at_the_end_of_the_turn),
        TEST(a_head_given_inside_the_request_leaves_too),
        TEST(a_response_without_a_length_says_so),
        TEST(the_promise_to_stay_is_shorter_than_the_stay),
        TEST(a_response_without_a_date_gets_one),
        TEST(close_after_is_told_and_done),
        TEST(interim_responses_come_before_the_final_one_only),
        TEST(http_1_0_gets_no_interim_response),
        TEST(congestion_is_seen_and_its_end_is_told),
        TEST(the_end_of_congestion_wakes_the_next_request),
        TEST(a_client_that_fetches_at_the_least_rate_is_kept_and_a_slower_one_cut),
        TEST(a_slow_client_gets_the_tail_of_its_last_answer),
        TEST(a_client_that_ends_its_side_still_gets_what_was_answered),
        TEST(a_cut_is_a_failure_for_the_client),
        TEST(what_is_sent_after_the_client_has_gone_goes_nowhere),
        TEST(bytes_are_counted_both_ways),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
