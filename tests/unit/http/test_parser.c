#include "http/parser.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/text.h"

static const struct parser_limits limits = {.header_count = 20, .spare = 3};
static const struct head_limits head_limits = {4096, 1024, 20};

struct fixture {
    struct arena arena;
    struct request request;
    struct response response;
};

static int set_up(void **state)
{
    struct fixture *fixture = xcalloc(1, sizeof *fixture);
    arena_init(&fixture->arena, MIB);
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

/* As the connections do it: checked first, then parsed. */
static enum http_fault request_fault(struct fixture *fixture, struct span head)
{
    struct head_check check = {0};
    if (head_check(&check, HEAD_REQUEST, head, &head_limits) != HEAD_COMPLETE)
        return check.fault;
    return parse_request((struct span){head.at, check.len}, &limits, &fixture->arena,
                         &fixture->request);
}

static const struct request *parse(void **state, struct span head)
{
    struct fixture *fixture = *state;
    assert_int_equal(request_fault(fixture, head), FAULT_NONE);
    return &fixture->request;
}

static enum http_fault response_fault(struct fixture *fixture, struct span head, bool to_head)
{
    struct head_check check = {0};
    if (head_check(&check, HEAD_RESPONSE, head, &head_limits) != HEAD_COMPLETE)
        return check.fault;
    return parse_response((struct span){head.at, check.len}, to_head, &limits, &fixture->arena,
                          &fixture->response);
}

static const struct response *parse_answer(void **state, struct span head)
{
    struct fixture *fixture = *state;
    assert_int_equal(response_fault(fixture, head, false), FAULT_NONE);
    return &fixture->response;
}

static void assert_span(struct span actual, struct span expected)
{
    assert_int_equal(actual.len, expected.len);
    assert_true(span_equal(actual, expected));
}

/* A span for the initialisers of tables, which take no compound literal. */
#define TEXT(literal)                                                                              \
    {                                                                                              \
        literal, sizeof(literal) - 1                                                               \
    }
#define HOST               "Host: a\r\n"
#define REQUEST(fields)    SPAN("POST /p HTTP/1.1\r\nHost: a\r\n" fields "\r\n")
#define REQUEST_10(fields) SPAN("POST /p HTTP/1.0\r\nHost: a\r\n" fields "\r\n")
#define RESPONSE(fields)   SPAN("HTTP/1.1 200 OK\r\n" fields "\r\n")

static void a_request_is_taken_apart(void **state)
{
    const struct request *request =
        parse(state, SPAN("POST /v1/chat/messages?a=b HTTP/1.1\r\nHost: h:80\r\n"
                          "Content-Length: 5\r\nX-Bot-Id:  bot \t\r\nx: \r\n\r\nhello"));
    assert_int_equal(request->method, METHOD_POST);
    assert_span(request->method_name, SPAN("POST"));
    assert_span(request->target, SPAN("/v1/chat/messages?a=b"));
    assert_span(request->path, SPAN("/v1/chat/messages"));
    assert_span(request->query, SPAN("a=b"));
    assert_span(request->host, SPAN("h:80"));
    assert_int_equal(request->headers.count, 4);
    assert_int_equal(request->headers.at[2].id, HEADER_X_BOT_ID);
    assert_span(request->headers.at[2].value, SPAN("bot"));
    assert_span(request->headers.at[3].value, SPAN(""));
    assert_int_equal(request->framing.kind, BODY_LENGTH);
    assert_int_equal(request->framing.length, 5);
    assert_int_equal(request->version, 11);
    assert_true(request->keep_alive);
    assert_false(request->expects_continue);
}

static void there_is_room_for_the_spare_fields_and_no_more(void **state)
{
    struct fixture *fixture = *state;
    parse(state, REQUEST(""));
    struct header_list *headers = &fixture->request.headers;
    for (size_t i = 0; i < limits.spare; i++)
        assert_true(header_list_add(headers, SPAN("x"), SPAN("y")));
    assert_in_range(headers->cap, headers->count, headers->count + 1);
}

static void known_methods_have_their_id_and_others_their_name(void **state)
{
    static const struct {
        struct span head, name;
        enum method method;
    } rows[] = {
        {TEXT("GET / HTTP/1.1\r\n" HOST "\r\n"), TEXT("GET"), METHOD_GET},
        {TEXT("HEAD / HTTP/1.1\r\n" HOST "\r\n"), TEXT("HEAD"), METHOD_HEAD},
        {TEXT("POST / HTTP/1.1\r\n" HOST "\r\n"), TEXT("POST"), METHOD_POST},
        {TEXT("PUT / HTTP/1.1\r\n" HOST "\r\n"), TEXT("PUT"), METHOD_PUT},
        {TEXT("PATCH / HTTP/1.1\r\n" HOST "\r\n"), TEXT("PATCH"), METHOD_PATCH},
        {TEXT("DELETE / HTTP/1.1\r\n" HOST "\r\n"), TEXT("DELETE"), METHOD_DELETE},
        {TEXT("OPTIONS / HTTP/1.1\r\n" HOST "\r\n"), TEXT("OPTIONS"), METHOD_OPTIONS},
        {TEXT("get / HTTP/1.1\r\n" HOST "\r\n"), TEXT("get"), METHOD_OTHER},
        {TEXT("BREW / HTTP/1.1\r\n" HOST "\r\n"), TEXT("BREW"), METHOD_OTHER},
        {TEXT("PRI / HTTP/1.1\r\n" HOST "\r\n"), TEXT("PRI"), METHOD_OTHER},
        {TEXT("SOURCE / HTTP/1.1\r\n" HOST "\r\n"), TEXT("SOURCE"), METHOD_OTHER},
        {TEXT("connect / HTTP/1.1\r\n" HOST "\r\n"), TEXT("connect"), METHOD_OTHER},
        {TEXT("G / HTTP/1.1\r\n" HOST "\r\n"), TEXT("G"), METHOD_OTHER},
        {TEXT("GETS / HTTP/1.1\r\n" HOST "\r\n"), TEXT("GETS"), METHOD_OTHER},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct request *request = parse(state, rows[i].head);
        assert_int_equal(request->method, rows[i].method);
        assert_span(request->method_name, rows[i].name);
    }
}

struct row {
    struct span head;
    enum http_fault fault;
};
#define ROW(text, fault)                                                                           \
    {                                                                                              \
        {text, sizeof(text) - 1}, fault                                                            \
    }

static void requests_are_refused(void **state)
{
    static const struct row rows[] = {
        ROW("CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n", FAULT_METHOD_REFUSED),
        ROW("TRACE / HTTP/1.1\r\nHost: h\r\n\r\n", FAULT_METHOD_REFUSED),
        ROW("CONNECT / HTTP/1.0\r\n\r\n", FAULT_METHOD_REFUSED),

        ROW("GET / HTTP/1.1\r\n\r\n", FAULT_HOST),
        ROW("GET / HTTP/1.1\r\nHost:\r\n\r\n", FAULT_HOST),
        ROW("GET / HTTP/1.1\r\nHost: \t\r\n\r\n", FAULT_HOST),
        ROW("GET / HTTP/1.0\r\nHost:\r\n\r\n", FAULT_HOST),
        ROW("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", FAULT_HOST),
        ROW("GET / HTTP/1.1\r\nHost: a\r\nhOST: b\r\n\r\n", FAULT_HOST),
        ROW("GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", FAULT_HOST),
        ROW("GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", FAULT_HOST),
        ROW("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", FAULT_HOST),
        ROW("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", FAULT_HOST),
        ROW("GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", FAULT_HOST),
        ROW("GET / HTTP/1.1\r\nHost: a:b\r\n\r\n", FAULT_HOST),
        ROW("GET / HTTP/1.1\r\nHost: http://a\r\n\r\n", FAULT_HOST),
        ROW("GET / HTTP/1.1\r\nHost: caf\xc3\xa9\r\n\r\n", FAULT_HOST),
        ROW("GET http://a/ HTTP/1.1\r\n\r\n", FAULT_HOST),
        ROW("GET http://a/ HTTP/1.1\r\nHost: a b\r\n\r\n", FAULT_HOST),

        ROW("GET * HTTP/1.1\r\nHost: a\r\n\r\n", FAULT_TARGET),
        ROW("POST * HTTP/1.1\r\nHost: a\r\n\r\n", FAULT_TARGET),
        ROW("GET a HTTP/1.1\r\nHost: a\r\n\r\n", FAULT_TARGET),
        ROW("GET h:80 HTTP/1.1\r\nHost: a\r\n\r\n", FAULT_TARGET),
        ROW("GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", FAULT_TARGET),
        ROW("GET http:// HTTP/1.1\r\nHost: a\r\n\r\n", FAULT_TARGET),
        ROW("GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n", FAULT_TARGET),
        ROW("GET /#f HTTP/1.1\r\nHost: a\r\n\r\n", FAULT_TARGET),
        ROW("GET /caf\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n", FAULT_TARGET),
        ROW("GET /.. HTTP/1.1\r\nHost: a\r\n\r\n", FAULT_PATH),
        ROW("GET /%2e%2e/x HTTP/1.1\r\nHost: a\r\n\r\n", FAULT_PATH),
        ROW("GET /%00 HTTP/1.1\r\nHost: a\r\n\r\n", FAULT_PATH),
        ROW("GET /%5C HTTP/1.1\r\nHost: a\r\n\r\n", FAULT_PATH),
        ROW("GET http://a/../x HTTP/1.1\r\nHost: a\r\n\r\n", FAULT_PATH),

        ROW("GET / HTTP/1.1\r\nHost: a\r\nx_bot_id: b\r\n\r\n", FAULT_HEADER_ALIAS),
        ROW("GET / HTTP/1.1\r\nHost: a\r\nX-Workspace_ID: b\r\n\r\n", FAULT_HEADER_ALIAS),
        ROW("GET / HTTP/1.1\r\nHost: a\r\nx-bot-id: b\r\nX-BOT-ID: b\r\n\r\n",
            FAULT_HEADER_REPEATED),
        ROW("GET / HTTP/1.1\r\nHost: a\r\nAuthorization: b\r\nauthorization: c\r\n\r\n",
            FAULT_HEADER_REPEATED),

        ROW("GET / HTTP/1.1\r\nHost: a\r\nExpect: 200-ok\r\n\r\n", FAULT_EXPECT),
        ROW("GET / HTTP/1.1\r\nHost: a\r\nExpect:\r\n\r\n", FAULT_EXPECT),
        ROW("GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue, x\r\n\r\n", FAULT_EXPECT),
        ROW("GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nExpect: x\r\n\r\n", FAULT_EXPECT),
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_int_equal(request_fault(*state, rows[i].head), rows[i].fault);
}

static void framing_of_requests_is_refused(void **state)
{
    static const struct row rows[] = {
#define FRAMED(version, fields, fault)                                                             \
    ROW("POST / HTTP/" version "\r\nHost: a\r\n" fields "\r\n", fault)
        FRAMED("1.1", "Content-Length: 5\r\nContent-Length: 5\r\n", FAULT_LENGTH),
        FRAMED("1.1", "Content-Length: 5\r\nContent-Length: 6\r\n", FAULT_LENGTH),
        FRAMED("1.0", "Content-Length: 5\r\nContent-Length: 5\r\n", FAULT_LENGTH),
        FRAMED("1.1", "Content-Length: 5, 5\r\n", FAULT_LENGTH),
        FRAMED("1.1", "Content-Length: +5\r\n", FAULT_LENGTH),
        FRAMED("1.1", "Content-Length: -5\r\n", FAULT_LENGTH),
        FRAMED("1.1", "Content-Length: 0x5\r\n", FAULT_LENGTH),
        FRAMED("1.1", "Content-Length: 5 5\r\n", FAULT_LENGTH),
        FRAMED("1.1", "Content-Length: 5\t5\r\n", FAULT_LENGTH),
        FRAMED("1.1", "Content-Length:\r\n", FAULT_LENGTH),
        FRAMED("1.1", "Content-Length: 9223372036854775808\r\n", FAULT_LENGTH),
        FRAMED("1.1", "Content-Length: 18446744073709551621\r\n", FAULT_LENGTH),
        FRAMED("1.1", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
               FAULT_LENGTH_AND_CODING),
        FRAMED("1.1", "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
               FAULT_LENGTH_AND_CODING),
        FRAMED("1.1", "Transfer-Encoding: identity\r\nContent-Length: 5\r\n",
               FAULT_LENGTH_AND_CODING),
        FRAMED("1.1", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", FAULT_CODING),
        FRAMED("1.1", "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n", FAULT_CODING),
        FRAMED("1.1", "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
               FAULT_CODING),
        FRAMED("1.1", "Transfer-Encoding: chunked, chunked\r\n", FAULT_CODING),
        FRAMED("1.1", "Transfer-Encoding: chunked, identity\r\n", FAULT_CODING),
        FRAMED("1.1", "Transfer-Encoding: identity\r\n", FAULT_CODING),
        FRAMED("1.1", "Transfer-Encoding: xchunked\r\n", FAULT_CODING),
        FRAMED("1.1", "Transfer-Encoding: \"chunked\"\r\n", FAULT_CODING),
        FRAMED("1.1", "Transfer-Encoding: chunked;q=1\r\n", FAULT_CODING),
        FRAMED("1.1", "Transfer-Encoding: ,chunked\r\n", FAULT_CODING),
        FRAMED("1.1", "Transfer-Encoding: chunked,\r\n", FAULT_CODING),
        FRAMED("1.1", "Transfer-Encoding:\r\n", FAULT_CODING),
        FRAMED("1.1", "Transfer-Encoding: gzip, chunked\r\n", FAULT_CODING),
        FRAMED("1.0", "Transfer-Encoding: chunked\r\n", FAULT_CODING),
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_int_equal(request_fault(*state, rows[i].head), rows[i].fault);
}

static void legal_framing_is_kept(void **state)
{
    assert_int_equal(parse(state, REQUEST(""))->framing.kind, BODY_NONE);
    assert_int_equal(parse(state, REQUEST("Content-Length: 0\r\n"))->framing.kind, BODY_NONE);
    assert_int_equal(parse(state, REQUEST("Content-Length:\t0005 \t\r\n"))->framing.length, 5);
    assert_int_equal(parse(state, REQUEST("Transfer-Encoding: CHUNKED\t\r\n"))->framing.kind,
                     BODY_CHUNKED);
    assert_int_equal(parse(state, REQUEST_10("Content-Length: 7\r\n"))->framing.length, 7);
}

static void the_authority_of_an_absolute_target_replaces_host(void **state)
{
    const struct request *request =
        parse(state, SPAN("GET http://new:81/p?q HTTP/1.1\r\nHost: old\r\n\r\n"));
    assert_span(request->host, SPAN("new:81"));
    assert_span(header_list_find(&request->headers, HEADER_HOST)->value, SPAN("new:81"));
    assert_span(request->target, SPAN("/p?q"));
    request = parse(state, SPAN("GET HTTPS://new HTTP/1.0\r\n\r\n"));
    assert_span(request->host, SPAN("new"));
    assert_span(request->target, SPAN("/"));
}

static void an_absolute_target_without_path_gets_one(void **state)
{
    const struct request *request =
        parse(state, SPAN("GET http://new?a=%25 HTTP/1.1\r\nHost: old\r\n\r\n"));
    assert_span(request->target, SPAN("/?a=%25"));
    assert_span(request->path, SPAN("/"));
    assert_span(request->query, SPAN("a=%25"));
    assert_span(request->host, SPAN("new"));
}

static void options_may_ask_about_the_server(void **state)
{
    const struct request *request = parse(state, SPAN("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"));
    assert_span(request->path, SPAN("*"));
    assert_span(request->target, SPAN("*"));
    request = parse(state, SPAN("OPTIONS http://b HTTP/1.1\r\nHost: a\r\n\r\n"));
    assert_span(request->target, SPAN("*"));
    assert_span(request->host, SPAN("b"));
    request = parse(state, SPAN("OPTIONS http://b/ HTTP/1.1\r\nHost: a\r\n\r\n"));
    assert_span(request->target, SPAN("/"));
}

static void http_1_0_needs_no_host(void **state)
{
    const struct request *request = parse(state, SPAN("GET / HTTP/1.0\r\n\r\n"));
    assert_int_equal(request->host.len, 0);
    assert_int_equal(request->version, 10);
}

static void connections_stay_open_by_the_rules_of_the_version(void **state)
{
    assert_true(parse(state, REQUEST(""))->keep_alive);
    assert_true(parse(state, REQUEST("Connection: foo\r\n"))->keep_alive);
    assert_true(parse(state, REQUEST("Proxy-Connection: close\r\n"))->keep_alive);
    assert_false(parse(state, REQUEST("Connection: close\r\n"))->keep_alive);
    assert_false(parse(state, REQUEST("Connection: foo,CLOSE\r\n"))->keep_alive);
    assert_false(
        parse(state, REQUEST("Connection: keep-alive\r\nConnection: close\r\n"))->keep_alive);
    assert_false(parse(state, REQUEST("Connection: close, keep-alive\r\n"))->keep_alive);
    assert_false(parse(state, REQUEST_10(""))->keep_alive);
    assert_true(parse(state, REQUEST_10("Connection: Keep-Alive\r\n"))->keep_alive);
    assert_false(parse(state, REQUEST_10("Connection: keep-alive, close\r\n"))->keep_alive);
    assert_false(parse(state, REQUEST_10("Proxy-Connection: keep-alive\r\n"))->keep_alive);
}

static void a_head_full_of_connection_options_is_refused(void **state)
{
    char head[1024] = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close";
    size_t len = strlen(head);
    for (size_t i = 0; i < 99; i++, len += 2)
        memcpy(head + len, ",a", 2);
    memcpy(head + len, "\r\n\r\n", 4);
    assert_false(parse(state, (struct span){head, len + 4})->keep_alive);
    memcpy(head + len, ",a\r\n\r\n", 6);
    assert_int_equal(request_fault(*state, (struct span){head, len + 6}), FAULT_TOO_MANY_HEADERS);
}

static void an_expectation_counts_with_a_body_in_http_1_1(void **state)
{
    assert_true(
        parse(state, REQUEST("Expect: 100-continue\r\nContent-Length: 5\r\n"))->expects_continue);
    assert_true(parse(state, REQUEST("Expect: 100-Continue\r\nTransfer-Encoding: chunked\r\n"))
                    ->expects_continue);
    assert_false(parse(state, REQUEST("Expect: 100-continue\r\n"))->expects_continue);
    assert_false(parse(state, REQUEST_10("Expect: 100-continue\r\nContent-Length: 5\r\n"))
                     ->expects_continue);
}

static void a_higher_minor_version_is_served_as_1_1(void **state)
{
    const struct request *request = parse(state, SPAN("GET / HTTP/1.3\r\nHost: a\r\n\r\n"));
    assert_int_equal(request->version, 11);
    assert_true(request->keep_alive);
}

static void an_empty_line_before_the_request_is_skipped(void **state)
{
    const struct request *request = parse(state, SPAN("\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n"));
    assert_span(request->path, SPAN("/x"));
}

static void legal_oddities_pass_unchanged(void **state)
{
    const struct request *request =
        parse(state, SPAN("GET / HTTP/1.1\r\nHost: a\r\n"
                          "Cookie: a=\"b, c\"; d\r\nX-Latin: caf\xe9\r\n!#$%&'*+-.^_`|~: \"\r\n"
                          "Upgrade: websocket\r\nConnection: Upgrade\r\nAccept: a\r\nAccept: b\r\n"
                          "content_length: 9\r\n\r\n"));
    assert_int_equal(request->headers.count, 9);
    assert_span(request->headers.at[1].value, SPAN("a=\"b, c\"; d"));
    assert_span(request->headers.at[2].value, SPAN("caf\xe9"));
    assert_span(request->headers.at[3].name, SPAN("!#$%&'*+-.^_`|~"));
}

static void the_number_of_fields_is_limited(void **state)
{
    struct fixture *fixture = *state;
    static const struct parser_limits few = {.header_count = 2, .spare = 0};
    struct request *request = &fixture->request;
    assert_int_equal(parse_request(SPAN("GET / HTTP/1.1\r\nHost: a\r\nb:c\r\n\r\n"), &few,
                                   &fixture->arena, request),
                     FAULT_NONE);
    assert_int_equal(parse_request(SPAN("GET / HTTP/1.1\r\nHost: a\r\nb:c\r\nd:e\r\n\r\n"), &few,
                                   &fixture->arena, request),
                     FAULT_TOO_MANY_HEADERS);
}

static void every_truncated_head_is_refused_without_a_read_past_its_end(void **state)
{
    struct fixture *fixture = *state;
    struct span head = SPAN("GET /a?b HTTP/1.1\r\nHost: a\r\nContent-Length:\t5\t\r\nx: y\r\n\r\n");
    for (size_t len = 0; len < head.len; len++) {
        char *copy = xmalloc(len + 1);
        memcpy(copy + 1, head.at, len); /* the end of the block is the end of the head */
        struct span cut = {copy + 1, len};
        assert_int_not_equal(parse_request(cut, &limits, &fixture->arena, &fixture->request),
                             FAULT_NONE);
        assert_int_not_equal(
            parse_response(cut, false, &limits, &fixture->arena, &fixture->response), FAULT_NONE);
        free(copy);
    }
}

static void a_response_is_taken_apart(void **state)
{
    const struct response *response = parse_answer(
        state, SPAN("HTTP/1.1 404 Not Found\r\nServer: x\r\nContent-Length: 3\r\n\r\nabc"));
    assert_int_equal(response->status, 404);
    assert_int_equal(response->version, 11);
    assert_int_equal(response->headers.count, 2);
    assert_int_equal(response->framing.kind, BODY_LENGTH);
    assert_int_equal(response->framing.length, 3);
    assert_true(response->keep_alive);
}

static void a_response_until_close_does_not_keep_the_connection(void **state)
{
    const struct response *response = parse_answer(state, RESPONSE(""));
    assert_int_equal(response->framing.kind, BODY_UNTIL_CLOSE);
    assert_false(response->keep_alive);
    assert_true(parse_answer(state, RESPONSE("Transfer-Encoding: chunked\r\n"))->keep_alive);
    assert_false(
        parse_answer(state, RESPONSE("Content-Length: 0\r\nConnection: close\r\n"))->keep_alive);
    assert_false(
        parse_answer(state, SPAN("HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\n"))->keep_alive);
}

static void bodiless_responses_have_no_body(void **state)
{
    struct fixture *fixture = *state;
    static const struct span heads[] = {
        TEXT("HTTP/1.1 100 Continue\r\n\r\n"),
        TEXT("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"),
        TEXT("HTTP/1.1 204 No Content\r\n\r\n"),
        TEXT("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n"),
        TEXT("HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n"),
        TEXT("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"),
    };
    for (size_t i = 0; i < COUNT_OF(heads); i++) {
        assert_int_equal(parse_answer(state, heads[i])->framing.kind, BODY_NONE);
        assert_true(fixture->response.keep_alive);
    }
    assert_int_equal(response_fault(fixture, RESPONSE("Content-Length: 5\r\n"), true), FAULT_NONE);
    assert_int_equal(fixture->response.framing.kind, BODY_NONE);
    assert_int_equal(response_fault(fixture, RESPONSE("Transfer-Encoding: chunked\r\n"), true),
                     FAULT_NONE);
    assert_int_equal(fixture->response.framing.kind, BODY_NONE);
}

static void responses_are_refused(void **state)
{
    static const struct row rows[] = {
#define ANSWER(fields, fault) ROW("HTTP/1.1 200 OK\r\n" fields "\r\n", fault)
        ANSWER("Content-Length: 5\r\nContent-Length: 6\r\n", FAULT_LENGTH),
        ANSWER("Content-Length: 5\r\nContent-Length: 5\r\n", FAULT_LENGTH),
        ANSWER("Content-Length: 5, 5\r\n", FAULT_LENGTH),
        ANSWER("Content-Length: x\r\n", FAULT_LENGTH),
        ANSWER("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", FAULT_LENGTH_AND_CODING),
        ANSWER("Transfer-Encoding: gzip\r\n", FAULT_CODING),
        ANSWER("Transfer-Encoding: gzip, chunked\r\n", FAULT_CODING),
        ANSWER("Transfer-Encoding: chunked, identity\r\n", FAULT_CODING),
        ROW("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", FAULT_CODING),
        ROW("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", FAULT_STATUS),
        ROW("HTTP/1.1 099 Odd\r\n\r\n", FAULT_STATUS),
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_int_equal(response_fault(*state, rows[i].head, false), rows[i].fault);
}

static void a_response_may_repeat_what_a_request_may_not(void **state)
{
    const struct response *response = parse_answer(
        state, RESPONSE("Content-Length: 0\r\nx-bot-id: a\r\nx-bot-id: b\r\nx_bot_id: c\r\n"));
    assert_int_equal(response->headers.count, 4);
}

#define WITH_ARENA(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_ARENA(a_request_is_taken_apart),
        WITH_ARENA(there_is_room_for_the_spare_fields_and_no_more),
        WITH_ARENA(known_methods_have_their_id_and_others_their_name),
        WITH_ARENA(requests_are_refused),
        WITH_ARENA(framing_of_requests_is_refused),
        WITH_ARENA(legal_framing_is_kept),
        WITH_ARENA(the_authority_of_an_absolute_target_replaces_host),
        WITH_ARENA(an_absolute_target_without_path_gets_one),
        WITH_ARENA(options_may_ask_about_the_server),
        WITH_ARENA(http_1_0_needs_no_host),
        WITH_ARENA(connections_stay_open_by_the_rules_of_the_version),
        WITH_ARENA(a_head_full_of_connection_options_is_refused),
        WITH_ARENA(an_expectation_counts_with_a_body_in_http_1_1),
        WITH_ARENA(a_higher_minor_version_is_served_as_1_1),
        WITH_ARENA(an_empty_line_before_the_request_is_skipped),
        WITH_ARENA(legal_oddities_pass_unchanged),
        WITH_ARENA(the_number_of_fields_is_limited),
        WITH_ARENA(every_truncated_head_is_refused_without_a_read_past_its_end),
        WITH_ARENA(a_response_is_taken_apart),
        WITH_ARENA(a_response_until_close_does_not_keep_the_connection),
        WITH_ARENA(bodiless_responses_have_no_body),
        WITH_ARENA(responses_are_refused),
        WITH_ARENA(a_response_may_repeat_what_a_request_may_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
