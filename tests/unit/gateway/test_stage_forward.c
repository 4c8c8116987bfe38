#include "gateway/forward.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "support/gateway_scene.h"

#define GET       "GET /v1/files/x/y/z HTTP/1.1\r\nhost: gw\r\n\r\n"
#define POST      "POST /v1/files/x/y/z HTTP/1.1\r\nhost: gw\r\ncontent-length: 3\r\n\r\nabc"
#define POST_LONG "POST /v1/files/x/y/z HTTP/1.1\r\nhost: gw\r\ncontent-length: 70\r\n\r\n"
#define UP        "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello"
#define HELD      "0123456789012345678901234567890123456789012345678901234567890123" /* all that is */
#define SEVENTY   HELD "456789"

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

static void assert_answered(const struct gateway_scene *scene, const char *start)
{
    struct span got = gateway_scene_got(scene), wanted = span_of(start);
    assert_true(got.len >= wanted.len);
    assert_memory_equal(got.at, wanted.at, wanted.len);
}

static void assert_holds(const struct gateway_scene *scene, const char *part)
{
    if (!span_holds(gateway_scene_got(scene), span_of(part)))
        fail_msg("no %s in %.*s", part, (int)gateway_scene_got(scene).len,
                 gateway_scene_got(scene).at);
}

/* --- Never sent --- */

static void what_was_never_sent_is_tried_again_and_then_a_502(void **state)
{
    static const struct span requests[] = {SPAN_INIT(GET), SPAN_INIT(POST)};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(requests); i++) {
        struct gateway_scene scene;
        gateway_scene_set_up(&scene);
        gateway_scene_ask(&scene, requests[i]);
        for (int attempt = 0; attempt < 3; attempt++) {
            assert_int_equal(gateway_scene_got(&scene).len, 0);
            fake_dialer_fail(&scene.dialer, DIAL_REFUSED, SPAN("connection refused"));
            gateway_scene_pass(&scene, 100);
        }
        assert_int_equal(scene.dialer.begun, 3);
        assert_answered(&scene, "HTTP/1.1 502 Bad Gateway\r\n");
        assert_holds(&scene, "retry-after: 1\r\n");
        assert_holds(&scene, "proxy-status: bpgate; error=connection_refused");
        assert_holds(&scene, "Nothing was sent.");
        assert_holds(&scene, "\"type\":\"Internal\"");
        gateway_scene_tear_down(&scene);
    }
}

static void a_later_try_may_succeed_with_the_whole_body(void **state)
{
    struct gateway_scene *scene = *state;
    gateway_scene_ask(scene, SPAN(POST));
    fake_dialer_fail(&scene->dialer, DIAL_REFUSED, SPAN("connection refused"));
    gateway_scene_pass(scene, 100);
    struct fake_server *server = gateway_scene_dialed(scene);
    assert_true(span_holds(buffer_bytes(&server->server.got), SPAN("\r\n\r\nabc")));
    gateway_scene_answer(scene, server, SPAN(UP));
    assert_answered(scene, "HTTP/1.1 200 OK\r\n");
}

static void an_untrusted_certificate_is_not_tried_again(void **state)
{
    struct gateway_scene *scene = *state;
    gateway_scene_ask(scene, SPAN(GET));
    fake_dialer_fail(&scene->dialer, DIAL_TLS_UNTRUSTED, SPAN("certificate has expired"));
    gateway_scene_turn(scene);
    assert_answered(scene, "HTTP/1.1 502 Bad Gateway\r\n");
    assert_holds(scene, "certificate has expired");
    assert_int_equal(scene->dialer.begun, 1);
}

static void without_a_budget_nothing_is_tried_again(void **state)
{
    struct gateway_scene *scene = *state;
    scene->options.retry_percent = 0;
    while (retry_budget_spend(&scene->lasting.retries)) {
    }
    gateway_scene_ask(scene, SPAN(GET));
    fake_dialer_fail(&scene->dialer, DIAL_REFUSED, SPAN("connection refused"));
    gateway_scene_turn(scene);
    assert_answered(scene, "HTTP/1.1 502 ");
    assert_int_equal(scene->dialer.begun, 1);
}

static void the_total_time_covers_all_tries(void **state)
{
    struct gateway_scene *scene = *state;
    gateway_scene_ask(scene, SPAN(GET));
    gateway_scene_pass(scene, 54990);
    fake_dialer_fail(&scene->dialer, DIAL_CONNECT_TIMEOUT, SPAN("timed out"));
    gateway_scene_pass(scene, 100);
    gateway_scene_pass(scene, 100);
    assert_answered(scene, "HTTP/1.1 502 ");
}

/* --- Sent, and no answer --- */

enum deed { LOSE, MALFORM, STALL, LOSE_IN_ERROR_BODY };

static void do_deed(struct gateway_scene *scene, struct fake_server *server, enum deed deed)
{
    switch (deed) {
    case LOSE:
        memory_pair_break(server->pair, server->ours);
        break;
    case MALFORM:
        recorder_write(&server->server, SPAN("rubbish"));
        break;
    case STALL:
        gateway_scene_turn(scene);
        gateway_scene_pass(scene, 50000);
        break;
    case LOSE_IN_ERROR_BODY:
        gateway_scene_answer(scene, server, SPAN("HTTP/1.1 500 \r\ncontent-length: 5\r\n\r\nhe"));
        stream_end(server->server.stream);
        break;
    }
    gateway_scene_turn(scene);
    gateway_scene_pass(scene, 100);
}

static const struct {
    struct span request;
    enum deed deed;
    size_t tries;
    const char *status, *type;
} failures[] = {
    {SPAN_INIT(GET), LOSE, 3, "HTTP/1.1 502 ", "\"type\":\"Internal\""},
    {SPAN_INIT(GET), MALFORM, 3, "HTTP/1.1 502 ", "\"type\":\"Internal\""},
    {SPAN_INIT(GET), STALL, 1, "HTTP/1.1 504 ", "\"type\":\"OperationTimeout\""},
    {SPAN_INIT(GET), LOSE_IN_ERROR_BODY, 3, "HTTP/1.1 502 ", "\"type\":\"Internal\""},
    {SPAN_INIT(POST), LOSE, 1, "HTTP/1.1 504 ", "\"type\":\"OperationTimeout\""},
    {SPAN_INIT(POST), MALFORM, 1, "HTTP/1.1 504 ", "\"type\":\"OperationTimeout\""},
    {SPAN_INIT(POST), STALL, 1, "HTTP/1.1 504 ", "\"type\":\"OperationTimeout\""},
    {SPAN_INIT(POST), LOSE_IN_ERROR_BODY, 1, "HTTP/1.1 504 ", "\"type\":\"OperationTimeout\""},
};

static void a_502_is_said_only_when_a_client_may_repeat_the_request(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(failures); i++) {
        struct gateway_scene scene;
        gateway_scene_set_up(&scene);
        gateway_scene_ask(&scene, failures[i].request);
        while (!list_is_empty(&scene.dialer.running))
            do_deed(&scene, gateway_scene_dialed(&scene), failures[i].deed);
        assert_int_equal(scene.dialer.begun, failures[i].tries);
        assert_answered(&scene, failures[i].status);
        assert_holds(&scene, failures[i].type);
        assert_int_equal(scene.client.ended, 0);
        gateway_scene_tear_down(&scene);
    }
}

static void a_connection_that_rested_too_long_costs_no_pause(void **state)
{
    struct gateway_scene *scene = *state;
    gateway_scene_ask(scene, SPAN(GET));
    struct fake_server *server = gateway_scene_dialed(scene);
    gateway_scene_answer(scene, server, SPAN(UP));
    recorder_write(&scene->client, SPAN(GET));
    stream_end(server->server.stream);
    (void)memory_pair_step(scene->pair, LOOP_READ_SIZE);
    gateway_scene_turn(scene);
    gateway_scene_pass(scene, 0);
    server = gateway_scene_dialed(scene);
    gateway_scene_answer(scene, server, SPAN(UP));
    assert_int_equal(scene->dialer.begun, 2);
}

static void a_body_longer_than_what_is_held_is_not_sent_again(void **state)
{
    struct gateway_scene *scene = *state;
    gateway_scene_ask(scene, SPAN("PUT /v1/files/x/y/z HTTP/1.1\r\nhost: gw\r\n"
                                  "content-length: 70\r\n\r\n" SEVENTY));
    do_deed(scene, gateway_scene_dialed(scene), LOSE);
    assert_int_equal(scene->dialer.begun, 1);
    assert_answered(scene, "HTTP/1.1 502 ");
}

static void a_try_may_begin_again_while_the_body_still_comes(void **state)
{
    struct gateway_scene *scene = *state;
    gateway_scene_ask(scene, SPAN("PUT /v1/files/x/y/z HTTP/1.1\r\nhost: gw\r\n"
                                  "content-length: 70\r\n\r\n" HELD));
    do_deed(scene, gateway_scene_dialed(scene), LOSE);
    struct fake_server *server = gateway_scene_dialed(scene);
    gateway_scene_ask(scene, SPAN("456789"));
    assert_true(span_holds(buffer_bytes(&server->server.got), SPAN("\r\n\r\n" SEVENTY)));
    gateway_scene_answer(scene, server, SPAN(UP));
    assert_answered(scene, "HTTP/1.1 200 OK\r\n");
}

/* --- Bodies that come slowly --- */

static void the_upstream_is_asked_when_the_body_is_whole(void **state)
{
    struct gateway_scene *scene = *state;
    gateway_scene_ask(scene, SPAN("POST /v1/files/x/y/z HTTP/1.1\r\nhost: gw\r\n"
                                  "transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n"));
    gateway_scene_pass(scene, 20000);
    gateway_scene_ask(scene, SPAN("3\r\ndef\r\n"));
    assert_int_equal(scene->dialer.begun, 0);
    gateway_scene_ask(scene, SPAN("0\r\n\r\n"));
    struct fake_server *server = gateway_scene_dialed(scene);
    assert_true(
        span_holds(buffer_bytes(&server->server.got), SPAN("\r\n\r\n6\r\nabcdef\r\n0\r\n\r\n")));
    gateway_scene_answer(scene, server, SPAN(UP));
    assert_answered(scene, "HTTP/1.1 200 OK\r\n");
}

static void or_when_as_much_is_there_as_is_held(void **state)
{
    struct gateway_scene *scene = *state;
    gateway_scene_ask(scene, SPAN(POST_LONG));
    gateway_scene_ask(scene, (struct span){SEVENTY, 63});
    assert_int_equal(scene->dialer.begun, 0);
    gateway_scene_ask(scene, SPAN("3"));
    assert_int_equal(scene->dialer.begun, 1);
}

static void a_body_that_takes_the_whole_time_is_not_waited_for(void **state)
{
    struct gateway_scene *scene = *state;
    scene->client_options.rate_bytes = 1;
    gateway_scene_ask(scene, SPAN(POST_LONG));
    for (int seconds = 0; seconds < 55; seconds++) {
        assert_int_equal(gateway_scene_got(scene).len, 0);
        gateway_scene_ask(scene, SPAN("x"));
        gateway_scene_pass(scene, 1000);
    }
    assert_answered(scene, "HTTP/1.1 408 Request Timeout\r\n");
    assert_int_equal(scene->dialer.begun, 0);
}

static void a_client_that_leaves_its_body_unfinished_was_never_there(void **state)
{
    struct gateway_scene *scene = *state;
    gateway_scene_ask(scene, SPAN(POST_LONG "0123"));
    memory_pair_break(scene->pair, scene->served);
    gateway_scene_turn(scene);
    assert_int_equal(scene->held, 0);
    assert_int_equal(scene->lasting.held, 0);
    assert_int_equal(scene->dialer.begun, 0);
}

/* --- Answers that break later --- */

static void an_answer_cut_after_its_head_cuts_the_client(void **state)
{
    struct gateway_scene *scene = *state;
    gateway_scene_ask(scene, SPAN(GET));
    struct fake_server *server = gateway_scene_dialed(scene);
    gateway_scene_answer(scene, server, SPAN("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhe"));
    memory_pair_break(server->pair, server->ours);
    gateway_scene_turn(scene);
    assert_int_equal(scene->client.failed, 1);
    assert_int_equal(scene->client.ended, 0);
    assert_int_equal(scene->dialer.begun, 1);
}

static void an_answer_that_stalls_cuts_the_client(void **state)
{
    struct gateway_scene *scene = *state;
    gateway_scene_ask(scene, SPAN(GET));
    struct fake_server *server = gateway_scene_dialed(scene);
    gateway_scene_answer(scene, server, SPAN("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhe"));
    gateway_scene_pass(scene, 15000);
    assert_int_equal(scene->client.failed, 1);
}

static void a_stream_has_no_total_time(void **state)
{
    struct gateway_scene *scene = *state;
    gateway_scene_ask(scene, SPAN(GET));
    struct fake_server *server = gateway_scene_dialed(scene);
    gateway_scene_answer(scene, server,
                         SPAN("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; x=y\r\n\r\n"));
    for (int i = 0; i < 10; i++) {
        gateway_scene_pass(scene, 74999);
        gateway_scene_answer(scene, server, SPAN("data: x\n\n"));
    }
    assert_int_equal(scene->client.failed, 0);
    stream_end(server->server.stream);
    gateway_scene_turn(scene);
    assert_holds(scene, "\r\n0\r\n\r\n");
}

static void a_long_error_body_is_not_collected_without_bound(void **state)
{
    struct gateway_scene *scene = *state;
    gateway_scene_ask(scene, SPAN(GET));
    struct fake_server *server = gateway_scene_dialed(scene);
    struct span page = pattern_make(300000);
    gateway_scene_answer(scene, server, SPAN("HTTP/1.1 404 \r\ncontent-type: text/html\r\n\r\n"));
    gateway_scene_answer(scene, server, page);
    pattern_free(page);
    assert_answered(scene, "HTTP/1.1 404 Not Found\r\n");
    assert_holds(scene, "\"type\":\"ResourceNotFound\"");
    assert_true(gateway_scene_got(scene).len < 4096);
}

static void an_edges_502_is_not_passed_on_to_who_would_repeat_a_post(void **state)
{
    struct gateway_scene *scene = *state;
    gateway_scene_ask(scene, SPAN(POST));
    struct fake_server *server = gateway_scene_dialed(scene);
    gateway_scene_answer(
        scene, server,
        SPAN("HTTP/1.1 502 \r\ncontent-type: text/html\r\ncontent-length: 13\r\n\r\n"
             "<html></html>"));
    assert_answered(scene, "HTTP/1.1 504 Gateway Timeout\r\n");
    assert_holds(scene, "\"type\":\"OperationTimeout\"");
}

/* --- Bodies that are refused --- */

static void a_body_larger_than_the_service_takes_is_refused_unread(void **state)
{
    struct gateway_scene *scene = *state;
    gateway_scene_ask(scene, SPAN("POST /v1/chat/messages HTTP/1.1\r\nhost: gw\r\nx-bot-id: b\r\n"
                                  "expect: 100-continue\r\ncontent-length: 99999999\r\n\r\n"));
    assert_answered(scene, "HTTP/1.1 413 ");
    assert_holds(scene, "connection: close\r\n");
    assert_holds(scene, "\"type\":\"PayloadTooLarge\"");
    assert_int_equal(scene->dialer.begun, 0);
}

static void a_chunked_body_that_grows_too_large_is_refused_on_the_way(void **state)
{
    struct gateway_scene *scene = *state;
    gateway_scene_ask(scene, SPAN("POST /v1/chat/messages HTTP/1.1\r\nhost: gw\r\nx-bot-id: b\r\n"
                                  "transfer-encoding: chunked\r\n\r\nfffffff\r\n" HELD));
    struct fake_server *server = gateway_scene_dialed(scene);
    struct span body = pattern_make(2 * MIB);
    gateway_scene_ask(scene, body);
    pattern_free(body);
    assert_answered(scene, "HTTP/1.1 413 ");
    assert_int_equal(server->server.ended + server->server.failed, 1);
    assert_true(server->server.got.len < 2 * MIB);
}

static void a_loop_is_refused(void **state)
{
    struct gateway_scene *scene = *state;
    gateway_scene_ask(scene, SPAN("GET /v1/files/x/y/z HTTP/1.1\r\nhost: gw\r\n"
                                  "via: 1.1 bpgate-7\r\n\r\n"));
    assert_answered(scene, "HTTP/1.1 502 ");
    assert_holds(scene, "proxy_loop_detected");
    assert_int_equal(scene->dialer.begun, 0);
}

static void a_missing_id_is_named_and_nothing_forwarded(void **state)
{
    struct gateway_scene *scene = *state;
    gateway_scene_ask(scene, SPAN("GET /v1/chat/conversations HTTP/1.1\r\nhost: gw\r\n\r\n"));
    assert_answered(scene, "HTTP/1.1 400 ");
    assert_holds(scene, "x-bot-id");
    assert_int_equal(scene->dialer.begun, 0);
}

/* --- The other token --- */

#define REFUSED "HTTP/1.1 401 \r\ncontent-length: 2\r\ncontent-type: application/json\r\n\r\n{}"

static void hold_two_tokens(struct gateway_scene *scene)
{
    char error[CREDENTIAL_ERROR_SIZE];
    const struct credential_options options = {.name = SPAN("team"),
                                               .token = SPAN("env:BPGATE_TEST_OLD"),
                                               .next_token = SPAN("env:BPGATE_TEST_NEW")};
    assert_int_equal(setenv("BPGATE_TEST_OLD", "old_token", 1), 0);
    assert_int_equal(setenv("BPGATE_TEST_NEW", "new_token", 1), 0);
    scene->credential = credential_create(&options, error);
    assert_non_null(scene->credential);
    scene->profile.credential = 0;
}

static struct span last_of(const struct fake_server *server, size_t before)
{
    return span_skip(buffer_bytes(&server->server.got), before);
}

static void a_401_is_tried_once_with_the_other_token(void **state)
{
    struct gateway_scene *scene = *state;
    hold_two_tokens(scene);
    gateway_scene_ask(scene, SPAN(POST));
    struct fake_server *server = gateway_scene_dialed(scene);
    assert_true(span_holds(last_of(server, 0), SPAN("authorization: Bearer old_token\r\n")));
    size_t before = server->server.got.len;
    gateway_scene_answer(scene, server, SPAN(REFUSED));
    assert_int_equal(gateway_scene_got(scene).len, 0);
    assert_true(span_holds(last_of(server, before), SPAN("authorization: Bearer new_token\r\n")));
    assert_true(span_holds(last_of(server, before), SPAN("\r\n\r\nabc")));
    gateway_scene_answer(scene, server, SPAN(UP));
    assert_answered(scene, "HTTP/1.1 200 OK\r\n");
    before = server->server.got.len;
    gateway_scene_ask(scene, SPAN(GET)); /* promoted */
    assert_true(span_holds(last_of(server, before), SPAN("authorization: Bearer new_token\r\n")));
    gateway_scene_answer(scene, server, SPAN(UP));
}

static void two_refused_tokens_are_the_answer(void **state)
{
    struct gateway_scene *scene = *state;
    hold_two_tokens(scene);
    gateway_scene_ask(scene, SPAN(GET));
    struct fake_server *server = gateway_scene_dialed(scene);
    gateway_scene_answer(scene, server, SPAN(REFUSED));
    gateway_scene_answer(scene, server, SPAN(REFUSED));
    assert_answered(scene, "HTTP/1.1 401 ");
    assert_int_equal(scene->held, 0);
    assert_false(span_holds(gateway_scene_got(scene), SPAN("_token")));
}

static void the_other_token_may_be_tried_while_the_body_still_comes(void **state)
{
    struct gateway_scene *scene = *state;
    hold_two_tokens(scene);
    gateway_scene_ask(scene, SPAN(POST_LONG HELD));
    struct fake_server *server = gateway_scene_dialed(scene);
    gateway_scene_answer(scene, server, SPAN(REFUSED)); /* early: its connection is closed */
    server = gateway_scene_dialed(scene);
    gateway_scene_ask(scene, SPAN("456789"));
    assert_true(span_holds(last_of(server, 0), SPAN("\r\n\r\n" SEVENTY)));
    gateway_scene_answer(scene, server, SPAN(UP));
    assert_answered(scene, "HTTP/1.1 200 OK\r\n");
}

static void a_body_that_is_not_held_is_not_sent_with_the_other_token(void **state)
{
    struct gateway_scene *scene = *state;
    hold_two_tokens(scene);
    gateway_scene_ask(scene, SPAN(POST_LONG SEVENTY));
    struct fake_server *server = gateway_scene_dialed(scene);
    gateway_scene_answer(scene, server, SPAN(REFUSED));
    assert_answered(scene, "HTTP/1.1 401 ");
    assert_int_equal(scene->dialer.begun, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_never_sent_is_tried_again_and_then_a_502),
        cmocka_unit_test(a_502_is_said_only_when_a_client_may_repeat_the_request),
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(a_later_try_may_succeed_with_the_whole_body),
        TEST(an_untrusted_certificate_is_not_tried_again),
        TEST(without_a_budget_nothing_is_tried_again),
        TEST(the_total_time_covers_all_tries),
        TEST(a_connection_that_rested_too_long_costs_no_pause),
        TEST(a_body_longer_than_what_is_held_is_not_sent_again),
        TEST(a_try_may_begin_again_while_the_body_still_comes),
        TEST(the_upstream_is_asked_when_the_body_is_whole),
        TEST(or_when_as_much_is_there_as_is_held),
        TEST(a_body_that_takes_the_whole_time_is_not_waited_for),
        TEST(a_client_that_leaves_its_body_unfinished_was_never_there),
        TEST(an_answer_cut_after_its_head_cuts_the_client),
        TEST(an_answer_that_stalls_cuts_the_client),
        TEST(a_stream_has_no_total_time),
        TEST(a_long_error_body_is_not_collected_without_bound),
        TEST(an_edges_502_is_not_passed_on_to_who_would_repeat_a_post),
        TEST(a_body_larger_than_the_service_takes_is_refused_unread),
        TEST(a_chunked_body_that_grows_too_large_is_refused_on_the_way),
        TEST(a_loop_is_refused),
        TEST(a_missing_id_is_named_and_nothing_forwarded),
        TEST(a_401_is_tried_once_with_the_other_token),
        TEST(two_refused_tokens_are_the_answer),
        TEST(the_other_token_may_be_tried_while_the_body_still_comes),
        TEST(a_body_that_is_not_held_is_not_sent_with_the_other_token),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
