#include "http/trace_context.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/text.h"

#define TRACE  "4bf92f3577b34da6a3ce929d0e0e4736"
#define PARENT "00f067aa0ba902b7"

static void what_is_valid_is_taken_apart(void **state)
{
    (void)state;
    struct trace_context trace;
    assert_true(traceparent_parse(SPAN("00-" TRACE "-" PARENT "-01"), &trace));
    assert_true(span_equal(trace.trace_id, SPAN(TRACE)));
    assert_true(span_equal(trace.parent_id, SPAN(PARENT)));
    assert_true(trace.is_sampled);
    assert_true(traceparent_parse(SPAN("00-" TRACE "-" PARENT "-fe"), &trace));
    assert_false(trace.is_sampled);
}

/* §4.3: versions to come may be longer, after another dash. */
static void later_versions_are_read_as_far_as_they_are_known(void **state)
{
    (void)state;
    struct trace_context trace;
    assert_true(traceparent_parse(SPAN("cc-" TRACE "-" PARENT "-01"), &trace));
    assert_true(traceparent_parse(SPAN("cc-" TRACE "-" PARENT "-01-what-comes"), &trace));
    assert_false(traceparent_parse(SPAN("cc-" TRACE "-" PARENT "-01.what-comes"), &trace));
}

static void anything_else_is_no_trace(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",
        "00",
        "00-" TRACE "-" PARENT,
        "00-" TRACE "-" PARENT "-1",
        "00-" TRACE "-" PARENT "-01-",
        "00-" TRACE "-" PARENT "-01-extra",
        "00-" TRACE "-" PARENT "-0x",
        "ff-" TRACE "-" PARENT "-01",
        "0-" TRACE "-" PARENT "-001",
        "00-00000000000000000000000000000000-" PARENT "-01",
        "00-" TRACE "-0000000000000000-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-" PARENT "-01",
        "00-" TRACE "_" PARENT "-01",
        "00-" TRACE "0-" PARENT "-01",
        "00-4bf92f3577b34da6a3ce929d0e0e473-" PARENT "-001",
        " 00-" TRACE "-" PARENT "-01",
        "00-" TRACE "-" PARENT "-01 ",
        "00-" TRACE "-" PARENT "-01, 00-" TRACE "-" PARENT "-01",
    };
    struct trace_context trace;
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        assert_false(traceparent_parse(span_of(wrong[i]), &trace));
}

static void of_two_fields_none_is_believed(void **state)
{
    (void)state;
    struct arena arena;
    struct header_list headers;
    struct trace_context trace;
    arena_init(&arena, 4096);
    header_list_init(&headers, &arena, 4);
    assert_false(trace_context_find(&headers, &trace));
    assert_true(header_list_add(&headers, SPAN("Traceparent"), SPAN("00-" TRACE "-" PARENT "-01")));
    assert_true(trace_context_find(&headers, &trace));
    assert_true(header_list_add(&headers, SPAN("traceparent"), SPAN("00-" TRACE "-" PARENT "-01")));
    assert_false(trace_context_find(&headers, &trace));
    arena_clear(&arena);
}

static void what_is_written_is_valid(void **state)
{
    (void)state;
    char text[TRACEPARENT_LEN + 1];
    struct trace_context trace;
    struct span value = traceparent_write(text, SPAN(TRACE), SPAN("0000000000000001"), true);
    assert_true(span_equal(value, SPAN("00-" TRACE "-0000000000000001-01")));
    assert_true(traceparent_parse(value, &trace));
    assert_true(span_equal(traceparent_write(text, SPAN(TRACE), SPAN(PARENT), false),
                           SPAN("00-" TRACE "-" PARENT "-00")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_valid_is_taken_apart),
        cmocka_unit_test(later_versions_are_read_as_far_as_they_are_known),
        cmocka_unit_test(anything_else_is_no_trace),
        cmocka_unit_test(of_two_fields_none_is_believed),
        cmocka_unit_test(what_is_written_is_valid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
