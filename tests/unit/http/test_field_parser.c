#include "http/field_parser.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/text.h"

enum { CAP = 4 };

struct outcome {
    enum http_fault fault;
    struct end_opinion opinion;
    struct header room[CAP];
    struct header_list list;
};

static void run(struct outcome *outcome, enum head_kind kind, struct span fields)
{
    outcome->list = (struct header_list){.at = outcome->room, .cap = CAP};
    outcome->fault = field_parser_run(fields, kind, &outcome->list, &outcome->opinion);
}

static void assert_field(const struct header *header, struct span name, struct span value)
{
    assert_true(span_equal(header->name, name));
    assert_true(span_equal(header->value, value));
}

static void fields_are_spans_of_the_head_with_values_trimmed(void **state)
{
    (void)state;
    struct outcome outcome;
    struct span fields = SPAN("Host: a\r\nX-Y:\r\nz: \t b \t c\t \r\n\r\n");
    run(&outcome, HEAD_REQUEST, fields);
    assert_int_equal(outcome.fault, FAULT_NONE);
    assert_int_equal(outcome.list.count, 3);
    assert_field(&outcome.list.at[0], SPAN("Host"), SPAN("a"));
    assert_field(&outcome.list.at[1], SPAN("X-Y"), SPAN(""));
    assert_field(&outcome.list.at[2], SPAN("z"), SPAN("b \t c"));
    assert_int_equal(outcome.list.at[0].id, HEADER_HOST);
    assert_ptr_equal(outcome.list.at[0].name.at, fields.at);
    assert_ptr_equal(outcome.list.at[0].value.at, fields.at + 6);
}

static void values_may_hold_tabs_anywhere(void **state)
{
    (void)state;
    struct outcome outcome;
    run(&outcome, HEAD_REQUEST, SPAN("a:\t\r\nb:\tx\r\nc: x\t\r\nd: \tx\t\ty\t \t\r\n\r\n"));
    assert_int_equal(outcome.fault, FAULT_NONE);
    assert_field(&outcome.list.at[0], SPAN("a"), SPAN(""));
    assert_field(&outcome.list.at[1], SPAN("b"), SPAN("x"));
    assert_field(&outcome.list.at[2], SPAN("c"), SPAN("x"));
    assert_field(&outcome.list.at[3], SPAN("d"), SPAN("x\t\ty"));
}

static void a_tab_after_a_framing_value_is_white_space(void **state)
{
    (void)state;
    struct outcome outcome;
    run(&outcome, HEAD_REQUEST, SPAN("Content-Length: 5\t \t\r\n\r\n"));
    assert_int_equal(outcome.fault, FAULT_NONE);
    assert_field(&outcome.list.at[0], SPAN("Content-Length"), SPAN("5"));
    assert_true(outcome.opinion.has_length);
    assert_int_equal(outcome.opinion.length, 5);
    run(&outcome, HEAD_REQUEST, SPAN("Transfer-Encoding:\tchunked\t\r\n\r\n"));
    assert_int_equal(outcome.fault, FAULT_NONE);
    assert_true(outcome.opinion.is_chunked);
}

static void a_head_may_have_no_fields(void **state)
{
    (void)state;
    struct outcome outcome;
    run(&outcome, HEAD_RESPONSE, SPAN("\r\n"));
    assert_int_equal(outcome.fault, FAULT_NONE);
    assert_int_equal(outcome.list.count, 0);
    assert_false(outcome.opinion.has_length);
}

struct row {
    struct span fields;
    enum http_fault fault;
};
#define ROW(text, fault)                                                                           \
    {                                                                                              \
        {text, sizeof(text) - 1}, fault                                                            \
    }

static void what_llhttp_refuses_gets_its_fault(void **state)
{
    (void)state;
    static const struct row rows[] = {
        ROW("Content-Length: 5\r\nContent-Length: 5\r\n\r\n", FAULT_LENGTH),
        ROW("Content-Length: +5\r\n\r\n", FAULT_LENGTH),
        ROW("Content-Length: \r\n\r\n", FAULT_LENGTH),
        ROW("Content-Length: 99999999999999999999\r\n\r\n", FAULT_LENGTH),
        ROW("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", FAULT_LENGTH_AND_CODING),
        ROW("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", FAULT_LENGTH_AND_CODING),
        ROW("Transfer-Encoding: chunked, chunked\r\n\r\n", FAULT_CODING),
        ROW("a:b\r\nc:d\r\ne:f\r\ng:h\r\ni:j\r\n\r\n", FAULT_TOO_MANY_HEADERS),
        ROW("Host: a\r\n", FAULT_PARSER),
        ROW("", FAULT_PARSER),
        ROW("Host: a\rb\r\n\r\n", FAULT_PARSER),
        ROW("\r\nHost: a\r\n\r\n", FAULT_PARSER),
        ROW("Host: a\r\n\r\nrest", FAULT_PARSER),
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct outcome outcome;
        run(&outcome, HEAD_REQUEST, rows[i].fields);
        assert_int_equal(outcome.fault, rows[i].fault);
    }
}

static void upgrade_and_close_do_not_change_the_parse(void **state)
{
    (void)state;
    struct outcome outcome;
    run(&outcome, HEAD_REQUEST,
        SPAN("Connection: Upgrade, close\r\nUpgrade: h2c\r\nContent-Length: 3\r\n\r\n"));
    assert_int_equal(outcome.fault, FAULT_NONE);
    assert_int_equal(outcome.list.count, 3);
    assert_int_equal(outcome.opinion.length, 3);
}

static void two_opinions_on_the_end_are_compared(void **state)
{
    (void)state;
    const struct end_opinion nothing = {0};
    const struct end_opinion five = {.has_length = true, .length = 5};
    const struct end_opinion chunked = {.is_chunked = true};
    const struct framing none = {BODY_NONE, 0}, length = {BODY_LENGTH, 5};
    const struct framing chunks = {BODY_CHUNKED, 0}, until_close = {BODY_UNTIL_CLOSE, 0};
    assert_true(end_opinion_agrees(&nothing, &none));
    assert_true(end_opinion_agrees(&five, &length));
    assert_true(end_opinion_agrees(&chunked, &chunks));
    assert_true(end_opinion_agrees(&nothing, &until_close));
    assert_false(end_opinion_agrees(&five, &none));
    assert_false(end_opinion_agrees(&chunked, &none));
    assert_false(end_opinion_agrees(&chunked, &length));
    assert_false(end_opinion_agrees(&nothing, &length));
    assert_false(end_opinion_agrees(&five, &chunks));
    assert_false(end_opinion_agrees(&five, &until_close));
    assert_false(end_opinion_agrees(&chunked, &until_close));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_spans_of_the_head_with_values_trimmed),
        cmocka_unit_test(values_may_hold_tabs_anywhere),
        cmocka_unit_test(a_tab_after_a_framing_value_is_white_space),
        cmocka_unit_test(a_head_may_have_no_fields),
        cmocka_unit_test(what_llhttp_refuses_gets_its_fault),
        cmocka_unit_test(upgrade_and_close_do_not_change_the_parse),
        cmocka_unit_test(two_opinions_on_the_end_are_compared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
