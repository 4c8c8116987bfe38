#include "http/start_line.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/text.h"

struct refused {
    struct span line;
    enum http_fault fault;
};
#define REFUSED(text, fault)                                                                       \
    {                                                                                              \
        {text, sizeof(text) - 1}, fault                                                            \
    }

static void assert_request_line(struct span line, struct span method, struct span target,
                                unsigned version)
{
    struct request_line parsed;
    assert_int_equal(request_line_parse(line, &parsed), FAULT_NONE);
    assert_true(span_equal(parsed.method, method));
    assert_true(span_equal(parsed.target, target));
    assert_int_equal(parsed.version, version);
}

static void request_line_has_three_parts(void **state)
{
    (void)state;
    assert_request_line(SPAN("GET /a?b=c HTTP/1.1"), SPAN("GET"), SPAN("/a?b=c"), 11);
    assert_request_line(SPAN("POST http://h/ HTTP/1.0"), SPAN("POST"), SPAN("http://h/"), 10);
    assert_request_line(SPAN("OPTIONS * HTTP/1.1"), SPAN("OPTIONS"), SPAN("*"), 11);
}

static void any_token_is_a_method_and_keeps_its_case(void **state)
{
    (void)state;
    assert_request_line(SPAN("M-SEARCH / HTTP/1.1"), SPAN("M-SEARCH"), SPAN("/"), 11);
    assert_request_line(SPAN("get / HTTP/1.1"), SPAN("get"), SPAN("/"), 11);
    assert_request_line(SPAN("!#$%&'*+-.^_`|~1 / HTTP/1.1"), SPAN("!#$%&'*+-.^_`|~1"), SPAN("/"),
                        11);
}

static void a_higher_minor_version_is_read_as_1_1(void **state)
{
    (void)state;
    assert_request_line(SPAN("GET / HTTP/1.2"), SPAN("GET"), SPAN("/"), 11);
    assert_request_line(SPAN("GET / HTTP/1.9"), SPAN("GET"), SPAN("/"), 11);
}

static void request_lines_of_other_shapes_are_refused(void **state)
{
    (void)state;
    static const struct refused rows[] = {
        REFUSED("", FAULT_METHOD),
        REFUSED(" ", FAULT_METHOD),
        REFUSED(" GET / HTTP/1.1", FAULT_METHOD),
        REFUSED("G\tT / HTTP/1.1", FAULT_METHOD),
        REFUSED("GET\t/\tHTTP/1.1", FAULT_METHOD),
        REFUSED("G(T / HTTP/1.1", FAULT_METHOD),
        REFUSED("G\xc9T / HTTP/1.1", FAULT_METHOD),
        REFUSED("GET", FAULT_START_LINE),
        REFUSED("GET ", FAULT_START_LINE),
        REFUSED("GET /", FAULT_START_LINE),
        REFUSED("GET / ", FAULT_START_LINE),
        REFUSED("GET  HTTP/1.1", FAULT_START_LINE),
        REFUSED("GET HTTP/1.1", FAULT_START_LINE),
        REFUSED("GET  / HTTP/1.1", FAULT_START_LINE),
        REFUSED("GET /  HTTP/1.1", FAULT_START_LINE),
        REFUSED("GET / HTTP/1.1 ", FAULT_START_LINE),
        REFUSED("GET / HTTP/1.1\t", FAULT_START_LINE),
        REFUSED("GET /a b HTTP/1.1", FAULT_START_LINE),
        REFUSED("GET /a\tb HTTP/1.1", FAULT_START_LINE),
        REFUSED("GET / HTTP/1.1 x", FAULT_START_LINE),
        REFUSED("GET / HTTP/1.1 HTTP/1.1", FAULT_START_LINE),
        REFUSED("GET / http/1.1", FAULT_START_LINE),
        REFUSED("GET / Http/1.1", FAULT_START_LINE),
        REFUSED("GET / HTTP/1", FAULT_START_LINE),
        REFUSED("GET / HTTP/1.", FAULT_START_LINE),
        REFUSED("GET / HTTP/.1", FAULT_START_LINE),
        REFUSED("GET / HTTP/11", FAULT_START_LINE),
        REFUSED("GET / HTTP/1,1", FAULT_START_LINE),
        REFUSED("GET / HTTP/1.10", FAULT_START_LINE),
        REFUSED("GET / HTTP/01.1", FAULT_START_LINE),
        REFUSED("GET / HTTP/1.x", FAULT_START_LINE),
        REFUSED("GET / HTTP/x.1", FAULT_START_LINE),
        REFUSED("GET / HTTP /1.1", FAULT_START_LINE),
        REFUSED("GET / HTTPS/1.1", FAULT_START_LINE),
        REFUSED("GET / ICY/1.1", FAULT_START_LINE),
        REFUSED("GET / HTTP/0.9", FAULT_VERSION),
        REFUSED("GET / HTTP/2.0", FAULT_VERSION),
        REFUSED("GET / HTTP/3.0", FAULT_VERSION),
        REFUSED("PRI * HTTP/2.0", FAULT_VERSION),
    };
    struct request_line parsed;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_int_equal(request_line_parse(rows[i].line, &parsed), rows[i].fault);
}

static void assert_status_line(struct span line, unsigned status, unsigned version)
{
    struct status_line parsed;
    assert_int_equal(status_line_parse(line, &parsed), FAULT_NONE);
    assert_int_equal(parsed.status, status);
    assert_int_equal(parsed.version, version);
}

static void the_reason_of_a_status_line_may_be_anything_or_absent(void **state)
{
    (void)state;
    assert_status_line(SPAN("HTTP/1.1 200 OK"), 200, 11);
    assert_status_line(SPAN("HTTP/1.0 404 Not Found"), 404, 10);
    assert_status_line(SPAN("HTTP/1.1 200 "), 200, 11);
    assert_status_line(SPAN("HTTP/1.1 200"), 200, 11);
    assert_status_line(SPAN("HTTP/1.1 503 caf\xe9 \t:"), 503, 11);
    assert_status_line(SPAN("HTTP/1.2 100 x"), 100, 11);
    assert_status_line(SPAN("HTTP/1.1 999 x"), 999, 11);
}

static void status_lines_of_other_shapes_are_refused(void **state)
{
    (void)state;
    static const struct span lines[] = {
        {"", 0},
        {"HTTP/1.1", 8},
        {"HTTP/1.1 ", 9},
        {"HTTP/1.1  200 OK", 16},
        {"HTTP/1.1 20 OK", 14},
        {"HTTP/1.1 2000 OK", 16},
        {"HTTP/1.1 099 OK", 15},
        {"HTTP/1.1 000 OK", 15},
        {"HTTP/1.1 +20 OK", 15},
        {"HTTP/1.1 -20 OK", 15},
        {"HTTP/1.1 2x0 OK", 15},
        {"HTTP/1.1 200OK", 14},
        {"HTTP/1.1 200\tOK", 15},
        {"HTTP/1.1\t200 OK", 15},
        {" HTTP/1.1 200 OK", 16},
        {"http/1.1 200 OK", 15},
        {"HTTP/2.0 200 OK", 15},
        {"HTTP/2 200", 10},
        {"HTTP/0.9 200 OK", 15},
        {"HTTP/11 200 OK", 14},
        {"ICY 200 OK", 10},
        {"GET / HTTP/1.1", 14},
    };
    struct status_line parsed;
    for (size_t i = 0; i < COUNT_OF(lines); i++)
        assert_int_equal(status_line_parse(lines[i], &parsed), FAULT_STATUS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(request_line_has_three_parts),
        cmocka_unit_test(any_token_is_a_method_and_keeps_its_case),
        cmocka_unit_test(a_higher_minor_version_is_read_as_1_1),
        cmocka_unit_test(request_lines_of_other_shapes_are_refused),
        cmocka_unit_test(the_reason_of_a_status_line_may_be_anything_or_absent),
        cmocka_unit_test(status_lines_of_other_shapes_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
