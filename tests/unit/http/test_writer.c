#include "http/writer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/text.h"

enum { CAP = 16 };

struct fixture {
    struct arena arena;
    struct request request;
    struct response response;
    struct response_line_options options;
};

static int set_up(void **state)
{
    struct fixture *fixture = xcalloc(1, sizeof *fixture);
    arena_init(&fixture->arena, MIB);
    header_list_init(&fixture->request.headers, &fixture->arena, CAP);
    header_list_init(&fixture->response.headers, &fixture->arena, CAP);
    fixture->request.method_name = SPAN("POST");
    fixture->request.target = SPAN("/v1/x%2Fy?a=b");
    fixture->response.status = 200;
    fixture->options.keep_alive = true;
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    arena_clear(&fixture->arena);
    free(fixture);
    return 0;
}

static void add(struct header_list *list, const char *name, const char *value)
{
    assert_true(header_list_add(list, span_of(name), span_of(value)));
}

static void assert_text(struct span actual, const char *expected)
{
    char *copy = xstrdup(actual);
    assert_string_equal(copy, expected);
    free(copy);
}

static void assert_request(struct fixture *fixture, bool wants_length, const char *expected)
{
    assert_text(write_request_head(&fixture->arena, &fixture->request, wants_length), expected);
}

static void assert_response(struct fixture *fixture, const char *expected)
{
    struct fixture *f = fixture;
    assert_text(write_response_head(&f->arena, &f->response, &f->options), expected);
}

#define POST_LINE "POST /v1/x%2Fy?a=b HTTP/1.1\r\n"

static void a_request_is_written_with_its_fields_as_spelled(void **state)
{
    struct fixture *fixture = *state;
    add(&fixture->request.headers, "HOST", "api.example");
    add(&fixture->request.headers, "x-Empty", "");
    add(&fixture->request.headers, "x-latin", "caf\xe9\ta");
    assert_request(fixture, false,
                   POST_LINE "HOST: api.example\r\nx-Empty: \r\nx-latin: caf\xe9\ta\r\n\r\n");
}

static void framing_and_hop_by_hop_fields_of_a_request_are_written_anew(void **state)
{
    struct fixture *fixture = *state;
    static const char *const dropped[] = {
        "Content-Length",
        "Transfer-Encoding",
        "Connection",
        "Keep-Alive",
        "Proxy-Connection",
        "Proxy-Authorization",
        "TE",
        "Trailer",
        "Upgrade",
        "Expect",
    };
    for (size_t i = 0; i < COUNT_OF(dropped); i++)
        add(&fixture->request.headers, dropped[i], "x");
    add(&fixture->request.headers, "host", "h");
    fixture->request.framing = (struct framing){BODY_LENGTH, UINT64_C(9223372036854775807)};
    assert_request(fixture, false,
                   POST_LINE "host: h\r\ncontent-length: 9223372036854775807\r\n\r\n");
    fixture->request.framing = (struct framing){BODY_CHUNKED, 0};
    assert_request(fixture, true, POST_LINE "host: h\r\ntransfer-encoding: chunked\r\n\r\n");
}

static void an_empty_body_is_said_where_a_body_is_usual(void **state)
{
    assert_request(*state, true, POST_LINE "content-length: 0\r\n\r\n");
    assert_request(*state, false, POST_LINE "\r\n");
}

static void a_response_is_written_with_its_fields_as_spelled(void **state)
{
    struct fixture *fixture = *state;
    fixture->response.framing = (struct framing){BODY_LENGTH, 12};
    add(&fixture->response.headers, "X-A", "b");
    add(&fixture->response.headers, "Set-Cookie", "1");
    add(&fixture->response.headers, "Set-Cookie", "2");
    assert_response(fixture, "HTTP/1.1 200 OK\r\nX-A: b\r\nSet-Cookie: 1\r\nSet-Cookie: 2\r\n"
                             "content-length: 12\r\n\r\n");
}

static void kept_fields_are_written_as_the_lines_that_they_are(void **state)
{
    struct fixture *fixture = *state;
    struct header_list *headers = &fixture->response.headers;
    const struct header kept[] = {{SPAN("Date"), SPAN("now"), HEADER_DATE},
                                  {SPAN("x-a"), SPAN("1"), HEADER_OTHER}};
    fixture->response.framing = (struct framing){BODY_LENGTH, 3};
    header_list_push_lines(headers, kept, COUNT_OF(kept), SPAN("DATE: now\r\nx-a: 1\r\n"));
    add(headers, "Age", "0");
    assert_response(fixture, "HTTP/1.1 200 OK\r\nDATE: now\r\nx-a: 1\r\nAge: 0\r\n"
                             "content-length: 3\r\n\r\n");
    header_list_remove(headers, HEADER_DATE);
    assert_response(fixture, "HTTP/1.1 200 OK\r\nx-a: 1\r\nAge: 0\r\n"
                             "content-length: 3\r\n\r\n");
}

static void fields_of_the_upstreams_connection_stay_there(void **state)
{
    struct fixture *fixture = *state;
    static const char *const dropped[] = {"Connection",        "Keep-Alive",     "Upgrade",
                                          "Transfer-Encoding", "Content-Length", "Trailer",
                                          "Proxy-Authenticate"};
    for (size_t i = 0; i < COUNT_OF(dropped); i++)
        add(&fixture->response.headers, dropped[i], "x");
    fixture->response.framing.kind = BODY_CHUNKED;
    assert_response(fixture, "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
}

static void persistence_is_said_as_the_options_want_it(void **state)
{
    struct fixture *fixture = *state;
    fixture->options.idle_seconds = 55;
    assert_response(fixture, "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: keep-alive\r\n"
                             "keep-alive: timeout=55\r\n\r\n");
    fixture->options.keep_alive = false;
    assert_response(fixture, "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    fixture->options = (struct response_line_options){.keep_alive = true, .to_http10 = true};
    assert_response(fixture,
                    "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: keep-alive\r\n\r\n");
}

static void a_body_that_ends_by_closing_closes(void **state)
{
    struct fixture *fixture = *state;
    fixture->response.framing.kind = BODY_UNTIL_CLOSE;
    assert_response(fixture, "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n");
    fixture->response.framing.kind = BODY_CHUNKED;
    fixture->options.to_http10 = true;
    assert_response(fixture, "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n");
}

static void statuses_without_body_say_nothing_of_its_length(void **state)
{
    struct fixture *fixture = *state;
    add(&fixture->response.headers, "Content-Length", "5");
    fixture->response.status = 204;
    assert_response(fixture, "HTTP/1.1 204 No Content\r\n\r\n");
    fixture->response.status = 205;
    assert_response(fixture, "HTTP/1.1 205 Reset Content\r\ncontent-length: 0\r\n\r\n");
}

static void answers_to_head_and_304_keep_the_length_as_it_came(void **state)
{
    struct fixture *fixture = *state;
    fixture->options.to_head = true;
    assert_response(fixture, "HTTP/1.1 200 OK\r\n\r\n");
    fixture->response.framing = (struct framing){BODY_LENGTH, 9};
    assert_response(fixture, "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n");
    add(&fixture->response.headers, "Content-Length", "0005");
    assert_response(fixture, "HTTP/1.1 200 OK\r\nContent-Length: 0005\r\n\r\n");
    fixture->options.to_head = false;
    fixture->response.status = 304;
    assert_response(fixture, "HTTP/1.1 304 Not Modified\r\nContent-Length: 0005\r\n\r\n");
}

static void an_answer_to_head_does_not_close_for_want_of_a_length(void **state)
{
    struct fixture *fixture = *state;
    fixture->options.to_head = true;
    fixture->response.framing.kind = BODY_UNTIL_CLOSE;
    assert_response(fixture, "HTTP/1.1 200 OK\r\n\r\n");
}

static void a_missing_date_is_added(void **state)
{
    struct fixture *fixture = *state;
    fixture->response.status = 204;
    fixture->options.date = SPAN("Sun, 06 Nov 1994 08:49:37 GMT");
    assert_response(fixture,
                    "HTTP/1.1 204 No Content\r\ndate: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n");
    add(&fixture->response.headers, "Date", "x");
    assert_response(fixture, "HTTP/1.1 204 No Content\r\nDate: x\r\n\r\n");
}

static void an_unknown_status_has_an_empty_reason(void **state)
{
    struct fixture *fixture = *state;
    fixture->response.status = 599;
    assert_response(fixture, "HTTP/1.1 599 \r\ncontent-length: 0\r\n\r\n");
}

static void interim_heads_hold_their_fields_only(void **state)
{
    struct fixture *fixture = *state;
    fixture->response.status = 103;
    add(&fixture->response.headers, "Link", "</a>; rel=preload");
    add(&fixture->response.headers, "Connection", "close");
    add(&fixture->response.headers, "Content-Length", "5");
    assert_text(write_interim_head(&fixture->arena, &fixture->response),
                "HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n");
}

static void chunk_heads_are_hexadecimal(void **state)
{
    (void)state;
    char text[CHUNK_HEAD_SIZE];
    assert_text(write_chunk_head(text, 1), "1\r\n");
    assert_text(write_chunk_head(text, 0xf), "f\r\n");
    assert_text(write_chunk_head(text, 0x10), "10\r\n");
    assert_text(write_chunk_head(text, 0x1a2b), "1a2b\r\n");
    assert_text(write_chunk_head(text, SIZE_MAX), "ffffffffffffffff\r\n");
    assert_text(CHUNK_TAIL, "\r\n");
    assert_text(CHUNK_LAST, "0\r\n\r\n");
}

static void reasons_are_those_of_the_registry(void **state)
{
    (void)state;
    assert_text(reason_phrase(200), "OK");
    assert_text(reason_phrase(404), "Not Found");
    assert_text(reason_phrase(413), "Content Too Large");
    assert_text(reason_phrase(429), "Too Many Requests");
    assert_text(reason_phrase(504), "Gateway Timeout");
    assert_text(reason_phrase(299), "");
    assert_text(reason_phrase(0), "");
}

#define WITH_ARENA(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_ARENA(a_request_is_written_with_its_fields_as_spelled),
        WITH_ARENA(framing_and_hop_by_hop_fields_of_a_request_are_written_anew),
        WITH_ARENA(an_empty_body_is_said_where_a_body_is_usual),
        WITH_ARENA(a_response_is_written_with_its_fields_as_spelled),
        WITH_ARENA(kept_fields_are_written_as_the_lines_that_they_are),
        WITH_ARENA(fields_of_the_upstreams_connection_stay_there),
        WITH_ARENA(persistence_is_said_as_the_options_want_it),
        WITH_ARENA(a_body_that_ends_by_closing_closes),
        WITH_ARENA(statuses_without_body_say_nothing_of_its_length),
        WITH_ARENA(answers_to_head_and_304_keep_the_length_as_it_came),
        WITH_ARENA(an_answer_to_head_does_not_close_for_want_of_a_length),
        WITH_ARENA(a_missing_date_is_added),
        WITH_ARENA(an_unknown_status_has_an_empty_reason),
        WITH_ARENA(interim_heads_hold_their_fields_only),
        cmocka_unit_test(chunk_heads_are_hexadecimal),
        cmocka_unit_test(reasons_are_those_of_the_registry),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
