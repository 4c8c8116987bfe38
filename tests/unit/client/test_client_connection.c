#include "client/client_connection.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "support/client_scene.h"

#define OK_ANSWER "HTTP/1.1 200 OK\r\ndate: D\r\ncontent-length: 2\r\n\r\nok"
#define CLOSE_ANSWER                                                                               \
    "HTTP/1.1 200 OK\r\ndate: D\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok"
#define NO_ANSWER(line)                                                                            \
    "HTTP/1.1 " line "\r\ndate: D\r\ncontent-length: 2\r\nconnection: close\r\n\r\nno"

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

/* --- In pieces --- */

struct dialogue {
    void (*on_request)(struct heard *heard);
    struct span request, said, answer;
};

static void answer_and_drain(struct heard *heard)
{
    heard_answer_ok(heard);
}

static void answer_while_it_comes(struct heard *heard)
{
    client_read_body(heard->connection);
    heard_answer_ok(heard);
}

static const struct dialogue dialogues[] = {
    {heard_read, SPAN_INIT("GET /a HTTP/1.1\r\nhost: x\r\n\r\n"), SPAN_INIT("/a "),
     SPAN_INIT(OK_ANSWER)},
    {heard_read, SPAN_INIT("\r\nGET /a HTTP/1.1\r\nhost: x\r\n\r\n"), SPAN_INIT("/a "),
     SPAN_INIT(OK_ANSWER)},
    {heard_read, SPAN_INIT("POST /l HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\nhello"),
     SPAN_INIT("/l <hello>end "), SPAN_INIT(OK_ANSWER)},
    {heard_read,
     SPAN_INIT("POST /c HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
               "3;a=b\r\nhel\r\n2\r\nlo\r\n0\r\nT: v\r\n\r\n"),
     SPAN_INIT("/c <hello>end "), SPAN_INIT(OK_ANSWER)},
    {heard_read,
     SPAN_INIT("POST /l HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\nhi"
               "GET /b HTTP/1.1\r\nhost: x\r\n\r\n"
               "POST /c HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"
               "GET /d HTTP/1.1\r\nhost: x\r\n\r\n"),
     SPAN_INIT("/l <hi>end /b /c end /d "), SPAN_INIT(OK_ANSWER OK_ANSWER OK_ANSWER OK_ANSWER)},
    {answer_and_drain,
     SPAN_INIT("POST /l HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\nhello"
               "GET /b HTTP/1.1\r\nhost: x\r\n\r\n"),
     SPAN_INIT("/l /b "), SPAN_INIT(OK_ANSWER OK_ANSWER)},
    {answer_and_drain,
     SPAN_INIT("POST /c HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
               "5\r\nhello\r\n0\r\n\r\nGET /b HTTP/1.1\r\nhost: x\r\n\r\n"),
     SPAN_INIT("/c /b "), SPAN_INIT(OK_ANSWER OK_ANSWER)},
    {answer_while_it_comes,
     SPAN_INIT("POST /l HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\nhello"
               "GET /b HTTP/1.1\r\nhost: x\r\n\r\n"),
     SPAN_INIT("/l /b "), SPAN_INIT(OK_ANSWER OK_ANSWER)},
    /* Fields that are known by then: the same, some more, of another target, of another version. */
    {heard_read,
     SPAN_INIT("GET /a HTTP/1.1\r\nhost: x\r\n\r\nGET /b HTTP/1.1\r\nhost: x\r\n\r\n"
               "GET /c HTTP/1.1\r\nhost: x\r\n\r\nGET /d HTTP/1.1\r\nhost: x\r\ny: z\r\n\r\n"
               "GET http://y/e HTTP/1.1\r\nhost: x\r\n\r\n\r\nGET /f HTTP/1.1\r\nhost: x\r\n\r\n"
               "GET /g HTTP/1.0\r\nhost: x\r\n\r\n"),
     SPAN_INIT("/a /b /c /d /e /f /g "),
     SPAN_INIT(OK_ANSWER OK_ANSWER OK_ANSWER OK_ANSWER OK_ANSWER OK_ANSWER CLOSE_ANSWER)},
    {heard_read,
     SPAN_INIT("POST /a HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\nhi"
               "POST /b HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\nho"
               "POST /c HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\nha"
               "GET /d HTTP/1.1\r\nhost : x\r\ncontent-length: 2\r\n\r\n"),
     SPAN_INIT("/a <hi>end /b <ho>end /c <ha>end refused:GET /d HTTP/1.1 "),
     SPAN_INIT(OK_ANSWER OK_ANSWER OK_ANSWER NO_ANSWER("400 Bad Request"))},
    {heard_read, SPAN_INIT("GET /a HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\nGET /b HT"),
     SPAN_INIT("/a "), SPAN_INIT(CLOSE_ANSWER)},
    {heard_read, SPAN_INIT("GET /a HTTP/1.1\r\nhost : x\r\n\r\n"),
     SPAN_INIT("refused:GET /a HTTP/1.1 "), SPAN_INIT(NO_ANSWER("400 Bad Request"))},
    {heard_read, SPAN_INIT("GET /a HTTP/1.1\r\nno-host: x\r\n\r\n"),
     SPAN_INIT("refused:GET /a HTTP/1.1 "), SPAN_INIT(NO_ANSWER("400 Bad Request"))},
    {heard_read, SPAN_INIT("GET /a HTTP/2.0\r\nhost: x\r\n\r\n"),
     SPAN_INIT("refused:GET /a HTTP/2.0 "), SPAN_INIT(NO_ANSWER("505 HTTP Version Not Supported"))},
    {heard_read,
     SPAN_INIT("POST /c HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
               "3\r\nhel\r\nx\r\nlo\r\n0\r\n\r\n"),
     SPAN_INIT("/c <hel>failed "), SPAN_INIT(NO_ANSWER("400 Bad Request"))},
    {answer_and_drain,
     SPAN_INIT("POST /c HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nx\r\n"),
     SPAN_INIT("/c "), SPAN_INIT(OK_ANSWER)},
};

static void hold(const struct dialogue *dialogue, size_t cut, size_t most)
{
    struct client_scene scene;
    client_scene_set_up(&scene);
    scene.plan.on_request = dialogue->on_request;
    scene.most = most;
    (void)client_scene_connect(&scene);
    client_scene_send(&scene, (struct span){dialogue->request.at, cut});
    client_scene_send(&scene, span_skip(dialogue->request, cut));
    assert_span(client_scene_said(&scene), dialogue->said);
    assert_span(client_scene_got(&scene), dialogue->answer);
    client_scene_tear_down(&scene);
}

static void requests_are_the_same_wherever_they_are_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(dialogues); i++) {
        for (size_t cut = 0; cut <= dialogues[i].request.len; cut++)
            hold(&dialogues[i], cut, LOOP_READ_SIZE);
        hold(&dialogues[i], 0, 1);
        hold(&dialogues[i], 0, 2);
    }
}

/* --- One after the other --- */

enum { MANY = 10000 };

static struct span many_requests(struct buffer *requests, struct buffer *answers)
{
    buffer_init(requests, SIZE_MAX);
    buffer_init(answers, SIZE_MAX);
    for (int i = 0; i < MANY; i++) {
        char text[160];
        int len = snprintf(text, sizeof(text), "GET /%05d HTTP/1.1\r\nhost: x\r\n\r\n", i);
        assert_int_equal(buffer_append(requests, (struct span){text, (size_t)len}), OK);
        len = snprintf(text, sizeof(text),
                       "HTTP/1.1 200 OK\r\ndate: D\r\ncontent-length: 6\r\n\r\n/%05d", i);
        assert_int_equal(buffer_append(answers, (struct span){text, (size_t)len}), OK);
    }
    return buffer_bytes(requests);
}

static uintptr_t deepest, highest;

static void echo_and_note_the_stack(struct heard *heard)
{
    char here;
    uintptr_t at = (uintptr_t)&here;
    deepest = at < deepest ? at : deepest;
    highest = at > highest ? at : highest;
    heard_echo_target(heard);
}

static void ten_thousand_in_one_write_are_answered_in_order_on_a_flat_stack(void **state)
{
    struct client_scene *scene = *state;
    struct buffer requests, answers;
    deepest = UINTPTR_MAX;
    highest = 0;
    scene->plan.on_request = echo_and_note_the_stack;
    client_scene_send(scene, many_requests(&requests, &answers));
    assert_int_equal(scene->requests, MANY);
    assert_span(client_scene_got(scene), buffer_bytes(&answers));
    assert_in_range(highest - deepest, 0, 2048);
    buffer_clear(&requests);
    buffer_clear(&answers);
}

static void who_asks_but_does_not_read_is_not_answered_without_bound(void **state)
{
    struct client_scene *scene = *state;
    struct recorder *client = &scene->peers[0].client;
    struct buffer requests, answers;
    scene->plan.on_request = heard_echo_target;
    stream_pause(client->stream, RECORDER_PAUSE);
    client_scene_send(scene, many_requests(&requests, &answers));
    assert_true(scene->peers[0].served->queued < STREAM_HIGH_MARK + 4096);
    assert_true(client->stream->queued > requests.len / 2);
    stream_resume(client->stream, RECORDER_PAUSE);
    client_scene_turn(scene);
    assert_span(client_scene_got(scene), buffer_bytes(&answers));
    buffer_clear(&requests);
    buffer_clear(&answers);
}

static void what_is_kept_ahead_of_an_answer_is_bounded(void **state)
{
    struct client_scene *scene = *state;
    struct recorder *client = &scene->peers[0].client;
    struct buffer requests, answers;
    scene->plan.on_request = heard_nothing;
    client_scene_send(scene, many_requests(&requests, &answers));
    assert_int_equal(scene->requests, 1);
    assert_true(requests.len - client->stream->queued <= 16 * KIB + LOOP_READ_SIZE);
    scene->plan.on_request = heard_echo_target;
    heard_echo_target(scene->heard);
    client_scene_turn(scene);
    assert_span(client_scene_got(scene), buffer_bytes(&answers));
    buffer_clear(&requests);
    buffer_clear(&answers);
}

static void the_next_request_waits_for_a_late_client_done(void **state)
{
    struct client_scene *scene = *state;
    scene->plan.on_request = heard_nothing;
    client_scene_send(scene, SPAN("GET /a HTTP/1.1\r\nhost: x\r\n\r\nGET /b HTTP/1.1\r\nhost: x"));
    client_scene_send(scene, SPAN("\r\n\r\n"));
    assert_int_equal(scene->requests, 1);
    heard_answer_ok(scene->heard);
    assert_int_equal(scene->requests, 1); /* not from inside the call */
    client_scene_turn(scene);
    assert_int_equal(scene->requests, 2);
    heard_answer_ok(scene->heard);
    client_scene_turn(scene);
    assert_span(client_scene_got(scene), SPAN(OK_ANSWER OK_ANSWER));
}

/* --- Deadlines --- */

static void a_head_that_does_not_end_is_answered_with_408(void **state)
{
    struct client_scene *scene = *state;
    client_scene_pass(scene, 60000);
    client_scene_send(scene, SPAN("GET /a"));
    for (int i = 0; i < 9; i++) { /* dripping wins no time */
        client_scene_pass(scene, 1000);
        client_scene_send(scene, SPAN("a"));
    }
    client_scene_pass(scene, 999);
    assert_int_equal(scene->refusals, 0);
    client_scene_pass(scene, 1);
    assert_span(client_scene_said(scene), SPAN("refused:GET /aaaaaaaaaa "));
    assert_span(client_scene_got(scene), SPAN(NO_ANSWER("408 Request Timeout")));
    assert_int_equal(scene->peers[0].client.ended, 1);
}

static void the_deadline_of_a_head_begins_with_its_own_first_byte(void **state)
{
    struct client_scene *scene = *state;
    client_scene_send(scene, SPAN("GET /a HTTP/1.1\r\nhost: x\r\n\r\nGET /b"));
    client_scene_pass(scene, 9999);
    client_scene_send(scene, SPAN(" HTTP/1.1\r\nhost: x\r\n\r\nG"));
    client_scene_pass(scene, 9999);
    assert_span(client_scene_said(scene), SPAN("/a /b "));
    client_scene_pass(scene, 1);
    assert_int_equal(scene->refusals, 1);
}

static void an_idle_connection_is_closed_in_silence(void **state)
{
    struct client_scene *scene = *state;
    client_scene_send(scene, SPAN("GET /a HTTP/1.1\r\nhost: x\r\n\r\n"));
    client_scene_pass(scene, 64999);
    assert_int_equal(scene->peers[0].client.ended, 0);
    client_scene_pass(scene, 1);
    assert_int_equal(scene->peers[0].client.ended, 1);
    assert_span(client_scene_got(scene), SPAN(OK_ANSWER));
    assert_int_equal(scene->left, 1);
}

static void an_empty_line_after_a_request_is_not_a_head_that_takes_too_long(void **state)
{
    struct client_scene *scene = *state;
    client_scene_send(scene, SPAN("POST /a HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\n\r\na\r"));
    client_scene_pass(scene, 32000);
    client_scene_send(scene, SPAN("\n"));
    client_scene_pass(scene, 32000);
    assert_int_equal(scene->refusals, 0);
    client_scene_send(scene, SPAN("GET /b HTTP/1.1\r\nhost: x\r\n\r\n"));
    assert_span(client_scene_got(scene), SPAN(OK_ANSWER OK_ANSWER));
}

static void a_request_has_no_deadline_while_it_is_with_the_handler(void **state)
{
    struct client_scene *scene = *state;
    scene->plan.on_request = heard_nothing;
    client_scene_send(scene, SPAN("GET /a HTTP/1.1\r\nhost: x\r\n\r\n"));
    client_scene_pass(scene, 1000000);
    assert_non_null(scene->heard);
    heard_answer_ok(scene->heard);
    client_scene_turn(scene);
    assert_span(client_scene_got(scene), SPAN(OK_ANSWER));
}

/* --- The last answer --- */

static void after_the_last_answer_the_connection_reads_until_the_client_goes(void **state)
{
    struct client_scene *scene = *state;
    client_scene_send(scene, SPAN("GET /a HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"));
    assert_int_equal(scene->peers[0].client.ended, 1);
    struct span more = pattern_make(3 * LOOP_READ_SIZE);
    client_scene_send(scene, more);
    pattern_free(more);
    assert_int_equal(scene->peers[0].client.stream->queued, 0);
    assert_int_equal(scene->requests, 1);
    assert_int_equal(scene->left, 0);
    stream_end(scene->peers[0].client.stream);
    client_scene_turn(scene);
    assert_int_equal(scene->left, 1);
}

static void lingering_ends_after_its_time(void **state)
{
    struct client_scene *scene = *state;
    client_scene_send(scene, SPAN("GET /a HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"));
    client_scene_pass(scene, 1999);
    client_scene_send(scene, SPAN("more"));
    assert_int_equal(scene->left, 0);
    client_scene_pass(scene, 1);
    assert_int_equal(scene->left, 1);
}

static void http_1_0_is_closed_unless_it_asks_to_be_kept(void **state)
{
    struct client_scene *scene = *state;
    client_scene_send(scene, SPAN("GET /a HTTP/1.0\r\nconnection: keep-alive\r\n\r\n"));
    assert_int_equal(scene->peers[0].client.ended, 0);
    client_scene_send(scene, SPAN("GET /b HTTP/1.0\r\n\r\nGET /c HTTP/1.0\r\n\r\n"));
    assert_span(client_scene_got(scene), SPAN("HTTP/1.1 200 OK\r\ndate: D\r\ncontent-length: 2\r\n"
                                              "connection: keep-alive\r\n\r\nok" CLOSE_ANSWER));
    assert_int_equal(scene->requests, 2);
    assert_int_equal(scene->peers[0].client.ended, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_the_same_wherever_they_are_cut),
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(ten_thousand_in_one_write_are_answered_in_order_on_a_flat_stack),
        TEST(who_asks_but_does_not_read_is_not_answered_without_bound),
        TEST(what_is_kept_ahead_of_an_answer_is_bounded),
        TEST(the_next_request_waits_for_a_late_client_done),
        TEST(a_head_that_does_not_end_is_answered_with_408),
        TEST(the_deadline_of_a_head_begins_with_its_own_first_byte),
        TEST(an_idle_connection_is_closed_in_silence),
        TEST(an_empty_line_after_a_request_is_not_a_head_that_takes_too_long),
        TEST(a_request_has_no_deadline_while_it_is_with_the_handler),
        TEST(after_the_last_answer_the_connection_reads_until_the_client_goes),
        TEST(lingering_ends_after_its_time),
        TEST(http_1_0_is_closed_unless_it_asks_to_be_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
