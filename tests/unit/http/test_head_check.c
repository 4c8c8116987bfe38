#include "http/head_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/text.h"

static const struct head_limits wide = {.head_bytes = 4096, .line_bytes = 1024, .header_count = 20};

struct outcome {
    enum head_verdict verdict;
    struct head_check check;
};

static struct outcome run(enum head_kind kind, struct span bytes, const struct head_limits *limits)
{
    struct outcome outcome = {.verdict = HEAD_PARTIAL};
    outcome.verdict = head_check(&outcome.check, kind, bytes, limits);
    return outcome;
}

static void assert_same(const struct outcome *a, const struct outcome *b)
{
    assert_int_equal(a->verdict, b->verdict);
    assert_int_equal(a->check.fault, b->check.fault);
    assert_int_equal(a->check.len, b->check.len);
    assert_int_equal(a->check.skipped, b->check.skipped);
}

/* Each piece lies in memory of its own size, for ASan to see a read behind it. */
static enum head_verdict feed(struct head_check *check, enum head_kind kind, struct span bytes,
                              const struct head_limits *limits)
{
    char *copy = malloc(bytes.len + 1);
    assert_non_null(copy);
    if (bytes.len > 0)
        memcpy(copy + 1, bytes.at, bytes.len);
    enum head_verdict verdict = head_check(check, kind, (struct span){copy + 1, bytes.len}, limits);
    free(copy);
    return verdict;
}

static struct outcome run_bytewise(enum head_kind kind, struct span bytes,
                                   const struct head_limits *limits)
{
    struct outcome outcome = {.verdict = HEAD_PARTIAL};
    for (size_t len = 0; len <= bytes.len && outcome.verdict == HEAD_PARTIAL; len++)
        outcome.verdict = feed(&outcome.check, kind, (struct span){bytes.at, len}, limits);
    return outcome;
}

/* The verdict on the whole, having seen that no way of cutting it changes that. */
static struct outcome check_all_ways(enum head_kind kind, struct span bytes,
                                     const struct head_limits *limits)
{
    struct outcome whole = run(kind, bytes, limits);
    struct outcome bytewise = run_bytewise(kind, bytes, limits);
    assert_same(&whole, &bytewise);
    for (size_t cut = 0; cut <= bytes.len; cut++) {
        struct outcome two = {.verdict = HEAD_PARTIAL};
        two.verdict = feed(&two.check, kind, (struct span){bytes.at, cut}, limits);
        if (two.verdict == HEAD_PARTIAL)
            two.verdict = feed(&two.check, kind, bytes, limits);
        assert_same(&whole, &two);
    }
    return whole;
}

static void assert_fault(enum head_kind kind, struct span bytes, enum http_fault fault)
{
    struct outcome outcome = check_all_ways(kind, bytes, &wide);
    assert_int_equal(outcome.verdict, HEAD_REFUSED);
    assert_int_equal(outcome.check.fault, fault);
}

static void assert_complete(enum head_kind kind, struct span head)
{
    struct outcome outcome = check_all_ways(kind, head, &wide);
    assert_int_equal(outcome.verdict, HEAD_COMPLETE);
    assert_int_equal(outcome.check.fault, FAULT_NONE);
    assert_int_equal(outcome.check.len, head.len);
    for (size_t len = 0; len < head.len; len++) {
        struct outcome cut = run(kind, (struct span){head.at, len}, &wide);
        assert_int_equal(cut.verdict, HEAD_PARTIAL);
    }
}

static void every_legal_head_is_complete_at_its_last_byte(void **state)
{
    (void)state;
    assert_complete(HEAD_REQUEST, SPAN("GET / HTTP/1.1\r\n\r\n"));
    assert_complete(HEAD_REQUEST, SPAN("GET / HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n\r\n"));
    assert_complete(HEAD_REQUEST, SPAN("BREW / HTTP/1.0\r\na:\r\nb: \r\nc:\t\r\nd:x\r\n\r\n"));
    assert_complete(HEAD_REQUEST, SPAN("GET / HTTP/1.1\r\nx: caf\xc3\xa9 \xff\ty  \r\n\r\n"));
    assert_complete(HEAD_REQUEST, SPAN("GET / HTTP/1.1\r\n!#$%&'*+-.^_`|~09azAZ: ::\r\n\r\n"));
    assert_complete(HEAD_REQUEST, SPAN("GET http://h/?a HTTP/1.2\r\n\r\n"));
    assert_complete(HEAD_RESPONSE, SPAN("HTTP/1.1 200 OK\r\n\r\n"));
    assert_complete(HEAD_RESPONSE, SPAN("HTTP/1.0 204\r\nServer: x\r\n\r\n"));
    assert_complete(HEAD_RESPONSE, SPAN("HTTP/1.1 500 \tcaf\xe9\r\nx: y\r\n\r\n"));
}

static void what_follows_the_head_is_not_looked_at(void **state)
{
    (void)state;
    struct span bytes = SPAN("GET / HTTP/1.1\r\n\r\n\0\n\rbody");
    struct outcome outcome = check_all_ways(HEAD_REQUEST, bytes, &wide);
    assert_int_equal(outcome.verdict, HEAD_COMPLETE);
    assert_int_equal(outcome.check.len, 18);
}

static void one_empty_line_before_a_request_is_skipped(void **state)
{
    (void)state;
    struct outcome outcome =
        check_all_ways(HEAD_REQUEST, SPAN("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"), &wide);
    assert_int_equal(outcome.verdict, HEAD_COMPLETE);
    assert_int_equal(outcome.check.skipped, 2);
    assert_int_equal(outcome.check.len, 29);
    assert_fault(HEAD_REQUEST, SPAN("\r\n\r\nGET / HTTP/1.1\r\n\r\n"), FAULT_START_LINE);
    assert_fault(HEAD_REQUEST, SPAN("\nGET / HTTP/1.1\r\n\r\n"), FAULT_BARE_LINE_END);
    assert_fault(HEAD_REQUEST, SPAN("\rGET / HTTP/1.1\r\n\r\n"), FAULT_BARE_LINE_END);
    assert_fault(HEAD_RESPONSE, SPAN("\r\nHTTP/1.1 200 OK\r\n\r\n"), FAULT_STATUS);
}

struct row {
    struct span bytes;
    enum http_fault fault;
};
#define ROW(text, fault)                                                                           \
    {                                                                                              \
        {text, sizeof(text) - 1}, fault                                                            \
    }

static void request_lines_are_refused(void **state)
{
    (void)state;
    static const struct row rows[] = {
        ROW("\x16\x03\x01\x02\x00\x01", FAULT_CONTROL_BYTE),
        ROW("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", FAULT_VERSION),
        ROW(" GET / HTTP/1.1\r\n\r\n", FAULT_METHOD),
        ROW("\tGET / HTTP/1.1\r\n\r\n", FAULT_METHOD),
        ROW("(ET", FAULT_METHOD),
        ROW("\xc3\xa9 / HTTP/1.1\r\n\r\n", FAULT_METHOD),
        ROW("GET: / HTTP/1.1\r\n\r\n", FAULT_METHOD),
        ROW("GET\t/ HTTP/1.1\r\n\r\n", FAULT_METHOD),
        ROW("GE\0T / HTTP/1.1\r\n\r\n", FAULT_CONTROL_BYTE),
        ROW("\0GET / HTTP/1.1\r\n\r\n", FAULT_CONTROL_BYTE),
        ROW("GET /\0 HTTP/1.1\r\n\r\n", FAULT_CONTROL_BYTE),
        ROW("GET /\x7f HTTP/1.1\r\n\r\n", FAULT_CONTROL_BYTE),
        ROW("GET /\x0b HTTP/1.1\r\n\r\n", FAULT_CONTROL_BYTE),
        ROW("GET / HTTP/1.1\n\r\n", FAULT_BARE_LINE_END),
        ROW("GET / HTTP/1.1\nHost: a\n\n", FAULT_BARE_LINE_END),
        ROW("GET / HTTP/1.1\r\r\n\r\n", FAULT_BARE_LINE_END),
        ROW("GET / HTTP/1.1\rHost: a\r\n\r\n", FAULT_BARE_LINE_END),
        ROW("GET /\r HTTP/1.1\r\n\r\n", FAULT_BARE_LINE_END),
        ROW("GET\n", FAULT_BARE_LINE_END),
        ROW("GET\r\n", FAULT_START_LINE),
        ROW("GET /\r\n", FAULT_START_LINE),
        ROW("GET / HTTP/1.1 \r\n", FAULT_START_LINE),
        ROW("GET / \r\n", FAULT_START_LINE),
        ROW("GET  / HTTP/1.1\r\n", FAULT_START_LINE),
        ROW("GET / http/1.1\r\n", FAULT_START_LINE),
        ROW("GET / HTTP/1.10\r\n", FAULT_START_LINE),
        ROW("GET / HTTP/2.0\r\nHost: a", FAULT_VERSION),
        ROW("GET / HTTP/0.9\r\n", FAULT_VERSION),
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_fault(HEAD_REQUEST, rows[i].bytes, rows[i].fault);
}

#define GET "GET / HTTP/1.1\r\n"

static void header_lines_are_refused(void **state)
{
    (void)state;
    static const struct row rows[] = {
        ROW(GET " Host: a\r\n\r\n", FAULT_FOLDED_LINE),
        ROW(GET "\tHost: a\r\n\r\n", FAULT_FOLDED_LINE),
        ROW(GET "Host: a\r\n b\r\n\r\n", FAULT_FOLDED_LINE),
        ROW(GET "Host: a\r\n\tb\r\n\r\n", FAULT_FOLDED_LINE),
        ROW(GET "Host: a\r\n \r\n\r\n", FAULT_FOLDED_LINE),
        ROW(GET "Host : a\r\n\r\n", FAULT_HEADER_NAME),
        ROW(GET "Host\t: a\r\n\r\n", FAULT_HEADER_NAME),
        ROW(GET "Ho st: a\r\n\r\n", FAULT_HEADER_NAME),
        ROW(GET ": a\r\n\r\n", FAULT_HEADER_NAME),
        ROW(GET ":\r\n\r\n", FAULT_HEADER_NAME),
        ROW(GET "Host\r\n\r\n", FAULT_HEADER_NAME),
        ROW(GET "Host a\r\n\r\n", FAULT_HEADER_NAME),
        ROW(GET "H(st: a\r\n\r\n", FAULT_HEADER_NAME),
        ROW(GET "H@st: a\r\n\r\n", FAULT_HEADER_NAME),
        ROW(GET "\"Host\": a\r\n\r\n", FAULT_HEADER_NAME),
        ROW(GET "H\xf6st: a\r\n\r\n", FAULT_HEADER_NAME),
        ROW(GET "Host;x: a\r\n\r\n", FAULT_HEADER_NAME),
        ROW(GET "\xef\xbb\xbfHost: a\r\n\r\n", FAULT_HEADER_NAME),
        ROW(GET "H\0st: a\r\n\r\n", FAULT_CONTROL_BYTE),
        ROW(GET "\x01Host: a\r\n\r\n", FAULT_CONTROL_BYTE),
        ROW(GET "Host: a\0b\r\n\r\n", FAULT_CONTROL_BYTE),
        ROW(GET "Host: \x1f\r\n\r\n", FAULT_CONTROL_BYTE),
        ROW(GET "Host: \x7f\r\n\r\n", FAULT_CONTROL_BYTE),
        ROW(GET "Host: a\x0bTransfer-Encoding: chunked\r\n\r\n", FAULT_CONTROL_BYTE),
        ROW(GET "Host: a\x0c\r\n\r\n", FAULT_CONTROL_BYTE),
        ROW(GET "Host: a\n\r\n", FAULT_BARE_LINE_END),
        ROW(GET "Host: a\r\r\n\r\n", FAULT_BARE_LINE_END),
        ROW(GET "Host: a\rX: b\r\n\r\n", FAULT_BARE_LINE_END),
        ROW(GET "Host: a\nX: b\r\n\r\n", FAULT_BARE_LINE_END),
        ROW(GET "Host: \r a\r\n\r\n", FAULT_BARE_LINE_END),
        ROW(GET "Ho\nst: a\r\n\r\n", FAULT_BARE_LINE_END),
        ROW(GET "Host: a\r\n\n", FAULT_BARE_LINE_END),
        ROW(GET "Host: a\r\n\r\r\n", FAULT_BARE_LINE_END),
        ROW(GET "Host: a\r\n\rX", FAULT_BARE_LINE_END),
        ROW(GET "\n", FAULT_BARE_LINE_END),
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_fault(HEAD_REQUEST, rows[i].bytes, rows[i].fault);
}

static void responses_follow_the_same_rules(void **state)
{
    (void)state;
    static const struct row rows[] = {
        ROW("\x15\x03\x03\x00\x02\x02\x28", FAULT_CONTROL_BYTE),
        ROW("SSH-2.0-", FAULT_STATUS),
        ROW("<html>", FAULT_STATUS),
        ROW("HTTP/2", FAULT_STATUS),
        ROW("http/1.1 200 OK\r\n", FAULT_STATUS),
        ROW("HTTP/1.1 20 OK\r\n", FAULT_STATUS),
        ROW("HTTP/1.1  200 OK\r\n", FAULT_STATUS),
        ROW("HTTP/1.1 200 OK\n", FAULT_BARE_LINE_END),
        ROW("HTTP/1.1 200 O\0K\r\n", FAULT_CONTROL_BYTE),
        ROW("HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n", FAULT_FOLDED_LINE),
        ROW("HTTP/1.1 200 OK\r\nContent-Length : 5\r\n\r\n", FAULT_HEADER_NAME),
        ROW("HTTP/1.1 200 OK\r\n: x\r\n\r\n", FAULT_HEADER_NAME),
        ROW("HTTP/1.1 200 OK\r\nA: b\n\r\n", FAULT_BARE_LINE_END),
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_fault(HEAD_RESPONSE, rows[i].bytes, rows[i].fault);
}

static void every_control_byte_is_refused_in_a_value(void **state)
{
    (void)state;
    for (int c = 0; c < 256; c++) {
        char head[] = GET "x: a_b\r\n\r\n";
        head[sizeof(GET) + 3] = (char)c;
        struct outcome outcome =
            check_all_ways(HEAD_REQUEST, (struct span){head, sizeof head - 1}, &wide);
        bool is_legal = c == '\t' || (c >= ' ' && c != 0x7f);
        assert_int_equal(outcome.verdict, is_legal ? HEAD_COMPLETE : HEAD_REFUSED);
    }
}

static void only_token_bytes_are_taken_in_a_name(void **state)
{
    (void)state;
    static const char token[] = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    for (int c = 0; c < 256; c++) {
        char head[] = GET "a_b: c\r\n\r\n";
        head[sizeof(GET)] = (char)c;
        struct outcome outcome = run(HEAD_REQUEST, (struct span){head, sizeof head - 1}, &wide);
        bool is_legal = c == ':' || (c != 0 && strchr(token, c));
        assert_int_equal(outcome.verdict, is_legal ? HEAD_COMPLETE : HEAD_REFUSED);
    }
}

static void lone_carriage_return_at_the_end_waits_for_more(void **state)
{
    (void)state;
    struct outcome outcome = run(HEAD_REQUEST, SPAN(GET "Host: a\r\n\r"), &wide);
    assert_int_equal(outcome.verdict, HEAD_PARTIAL);
    outcome = run(HEAD_REQUEST, SPAN("\r"), &wide);
    assert_int_equal(outcome.verdict, HEAD_PARTIAL);
    outcome = run(HEAD_REQUEST, SPAN(""), &wide);
    assert_int_equal(outcome.verdict, HEAD_PARTIAL);
}

/* A head whose line at the given place is filled up with count bytes of 'a'. */
static struct span filled(char *buffer, struct span before, size_t count, struct span after)
{
    memcpy(buffer, before.at, before.len);
    memset(buffer + before.len, 'a', count);
    memcpy(buffer + before.len + count, after.at, after.len);
    return (struct span){buffer, before.len + count + after.len};
}

static void a_line_may_be_as_long_as_the_limit_and_no_longer(void **state)
{
    (void)state;
    char buffer[512];
    static const struct head_limits limits = {512, 64, 20};
    struct span head = filled(buffer, SPAN("GET /"), 50, SPAN(" HTTP/1.1\r\n\r\n"));
    assert_int_equal(check_all_ways(HEAD_REQUEST, head, &limits).verdict, HEAD_COMPLETE);
    head = filled(buffer, SPAN("GET /"), 51, SPAN(" HTTP/1.1\r\n\r\n"));
    struct outcome outcome = check_all_ways(HEAD_REQUEST, head, &limits);
    assert_int_equal(outcome.check.fault, FAULT_TARGET_TOO_LONG);

    head = filled(buffer, SPAN(GET "a: "), 61, SPAN("\r\n\r\n"));
    assert_int_equal(check_all_ways(HEAD_REQUEST, head, &limits).verdict, HEAD_COMPLETE);
    head = filled(buffer, SPAN(GET "a: "), 62, SPAN("\r\n\r\n"));
    outcome = check_all_ways(HEAD_REQUEST, head, &limits);
    assert_int_equal(outcome.check.fault, FAULT_LINE_TOO_LONG);

    head = filled(buffer, SPAN(GET), 65, SPAN(": b\r\n\r\n"));
    outcome = check_all_ways(HEAD_REQUEST, head, &limits);
    assert_int_equal(outcome.check.fault, FAULT_LINE_TOO_LONG);
}

static void a_line_without_end_is_refused_before_it_ends(void **state)
{
    (void)state;
    char buffer[512];
    static const struct head_limits limits = {512, 64, 20};
    struct span line = filled(buffer, SPAN(""), 65, SPAN(""));
    assert_int_equal(run(HEAD_REQUEST, (struct span){line.at, 64}, &limits).verdict, HEAD_PARTIAL);
    assert_int_equal(check_all_ways(HEAD_REQUEST, line, &limits).check.fault,
                     FAULT_TARGET_TOO_LONG);
    line = filled(buffer, SPAN("HTTP/1.1 200 "), 65, SPAN(""));
    assert_int_equal(check_all_ways(HEAD_RESPONSE, line, &limits).check.fault, FAULT_LINE_TOO_LONG);
}

static void a_head_may_be_as_large_as_the_limit_and_no_larger(void **state)
{
    (void)state;
    char buffer[512];
    static const struct head_limits limits = {64, 64, 20};
    struct span head = filled(buffer, SPAN(GET "a: "), 41, SPAN("\r\n\r\n"));
    assert_int_equal(head.len, 64);
    assert_int_equal(check_all_ways(HEAD_REQUEST, head, &limits).verdict, HEAD_COMPLETE);
    head = filled(buffer, SPAN(GET "a: "), 42, SPAN("\r\n\r\n"));
    struct outcome outcome = check_all_ways(HEAD_REQUEST, head, &limits);
    assert_int_equal(outcome.check.fault, FAULT_HEAD_TOO_LARGE);
    outcome = run(HEAD_REQUEST, (struct span){head.at, 63}, &limits);
    assert_int_equal(outcome.verdict, HEAD_PARTIAL);
    outcome = run(HEAD_REQUEST, (struct span){head.at, 64}, &limits);
    assert_int_equal(outcome.verdict, HEAD_REFUSED);
}

static void there_may_be_as_many_headers_as_the_limit_and_no_more(void **state)
{
    (void)state;
    static const struct head_limits limits = {512, 64, 2};
    struct outcome outcome = check_all_ways(HEAD_REQUEST, SPAN(GET "a:b\r\nc:d\r\n\r\n"), &limits);
    assert_int_equal(outcome.verdict, HEAD_COMPLETE);
    outcome = check_all_ways(HEAD_REQUEST, SPAN(GET "a:b\r\nc:d\r\ne"), &limits);
    assert_int_equal(outcome.check.fault, FAULT_TOO_MANY_HEADERS);
}

static void faults_have_the_status_of_the_rfc_and_a_text(void **state)
{
    (void)state;
    assert_int_equal(http_fault_status(FAULT_TARGET_TOO_LONG), 414);
    assert_int_equal(http_fault_status(FAULT_HEAD_TOO_LARGE), 431);
    assert_int_equal(http_fault_status(FAULT_TOO_MANY_HEADERS), 431);
    assert_int_equal(http_fault_status(FAULT_VERSION), 505);
    assert_int_equal(http_fault_status(FAULT_METHOD_REFUSED), 501);
    assert_int_equal(http_fault_status(FAULT_EXPECT), 417);
    for (int fault = FAULT_NONE + 1; fault <= FAULT_PARSER; fault++) {
        assert_in_range(http_fault_status((enum http_fault)fault), 400, 599);
        assert_true(http_fault_text((enum http_fault)fault).len > 0);
    }
}

static const struct passed_fields passed = {
    .bytes = SPAN_INIT("a: b\r\nc: d\r\n\r\n"), .count = 2, .limits = {4096, 1024, 20}};

static void what_has_passed_is_taken_in_one_step(void **state)
{
    (void)state;
    struct head_check check = {.passed = &passed};
    struct span head = SPAN("\r\nGET / HTTP/1.1\r\na: b\r\nc: d\r\n\r\nrest");
    assert_int_equal(head_check(&check, HEAD_REQUEST, head, &wide), HEAD_COMPLETE);
    assert_true(check.has_passed);
    assert_int_equal(check.len, head.len - 4);
    assert_int_equal(check.lines, 3);
    assert_int_equal(check.skipped, 2);
}

static void what_has_passed_may_come_in_pieces(void **state)
{
    (void)state;
    struct span head = SPAN("GET / HTTP/1.1\r\na: b\r\nc: d\r\n\r\n");
    for (size_t cut = 0; cut < head.len; cut++) {
        struct head_check check = {.passed = &passed};
        assert_int_equal(feed(&check, HEAD_REQUEST, (struct span){head.at, cut}, &wide),
                         HEAD_PARTIAL);
        assert_int_equal(feed(&check, HEAD_REQUEST, head, &wide), HEAD_COMPLETE);
        assert_int_equal(check.len, head.len);
        assert_int_equal(check.lines, 3);
    }
}

static void what_has_passed_counts_for_the_same_fields_within_the_same_limits(void **state)
{
    (void)state;
    static const struct {
        struct span head;
        struct head_limits limits;
        enum http_fault fault;
    } rows[] = {
        {SPAN_INIT("GET / HTTP/1.1\r\na: b\r\nc: d\r\n\r\n"),
         {4096, 1024, 1},
         FAULT_TOO_MANY_HEADERS},
        {SPAN_INIT("G / HTTP/1.1\r\na: b\r\nc: d\r\n\r\n"), {4096, 12, 20}, FAULT_NONE},
        {SPAN_INIT("G / HTTP/1.1\r\na: b\r\nc: d\r\n\r\n"), {20, 20, 20}, FAULT_HEAD_TOO_LARGE},
        {SPAN_INIT("GET / HTTP/1.1\r\na: b\r\nc : d\r\n\r\n"), {4096, 1024, 20}, FAULT_HEADER_NAME},
        {SPAN_INIT("GET / HTTP/1.1\r\na: b\r\nc: d\r\n e\r\n\r\n"),
         {4096, 1024, 20},
         FAULT_FOLDED_LINE},
        {SPAN_INIT("GET / HTTP/3.1\r\na: b\r\nc: d\r\n\r\n"), {4096, 1024, 20}, FAULT_VERSION},
        {SPAN_INIT("x: y\r\na: b\r\nc: d\r\n\r\n"), {4096, 1024, 20}, FAULT_METHOD},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct head_check check = {.passed = &passed};
        (void)head_check(&check, HEAD_REQUEST, rows[i].head, &rows[i].limits);
        assert_int_equal(check.fault, rows[i].fault);
        assert_false(check.has_passed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_legal_head_is_complete_at_its_last_byte),
        cmocka_unit_test(what_follows_the_head_is_not_looked_at),
        cmocka_unit_test(one_empty_line_before_a_request_is_skipped),
        cmocka_unit_test(request_lines_are_refused),
        cmocka_unit_test(header_lines_are_refused),
        cmocka_unit_test(responses_follow_the_same_rules),
        cmocka_unit_test(every_control_byte_is_refused_in_a_value),
        cmocka_unit_test(only_token_bytes_are_taken_in_a_name),
        cmocka_unit_test(lone_carriage_return_at_the_end_waits_for_more),
        cmocka_unit_test(a_line_may_be_as_long_as_the_limit_and_no_longer),
        cmocka_unit_test(a_line_without_end_is_refused_before_it_ends),
        cmocka_unit_test(a_head_may_be_as_large_as_the_limit_and_no_larger),
        cmocka_unit_test(there_may_be_as_many_headers_as_the_limit_and_no_more),
        cmocka_unit_test(faults_have_the_status_of_the_rfc_and_a_text),
        cmocka_unit_test(what_has_passed_is_taken_in_one_step),
        cmocka_unit_test(what_has_passed_may_come_in_pieces),
        cmocka_unit_test(what_has_passed_counts_for_the_same_fields_within_the_same_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
