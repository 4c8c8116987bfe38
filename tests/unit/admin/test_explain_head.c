#include "admin/explain_head.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/text.h"

static void a_request_is_written_as_a_client_would_send_it(void **state)
{
    (void)state;
    struct arena arena;
    struct explain_words words;
    struct span head;
    arena_init(&arena, MIB);
    head = explain_head(SPAN("{\"method\":\"GET\",\"target\":\"/a?b\",\"key\":\"ci\","
                             "\"headers\":[\"x: 1\",\"y: 2\"]}"),
                        &arena, &words);
    assert_true(
        span_equal(head, SPAN("GET /a?b HTTP/1.1\r\nhost: gateway\r\nx: 1\r\ny: 2\r\n\r\n")));
    assert_true(span_equal(words.key, SPAN("ci")));
    head = explain_head(SPAN("{\"method\":\"GET\",\"target\":\"/\"}"), &arena, &words);
    assert_true(head.len > 0 && words.key.len == 0 && words.address.len == 0);
    arena_clear(&arena);
}

static void nothing_makes_two_lines_of_one(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",
        "[]",
        "{}",
        "{\"method\":\"GET\"}",
        "{\"method\":1,\"target\":\"/\"}",
        "{\"method\":\"GET\",\"target\":\"/ HTTP/1.1\\r\\nx: y\"}",
        "{\"method\":\"GET\\n\",\"target\":\"/\"}",
        "{\"method\":\"GET\",\"target\":\"/\",\"headers\":\"x: y\"}",
        "{\"method\":\"GET\",\"target\":\"/\",\"headers\":[1]}",
        "{\"method\":\"GET\",\"target\":\"/\",\"headers\":[\"x: y\\r\\nz: 1\"]}",
    };
    struct arena arena;
    struct explain_words words;
    arena_init(&arena, MIB);
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        assert_int_equal(explain_head(span_of(wrong[i]), &arena, &words).len, 0);
    arena_clear(&arena);
}

/* The arena is ended by what passes its bound: lines must cost what they are long, once. */
static void many_lines_cost_what_they_are_long(void **state)
{
    (void)state;
    static char body[64 * KIB];
    struct arena arena;
    struct explain_words words;
    static const size_t counts[] = {10, 10000, 20000};
    for (size_t i = 0; i < COUNT_OF(counts); i++) {
        size_t len = (size_t)snprintf(body, sizeof(body),
                                      "{\"method\":\"GET\",\"target\":\"/\",\"headers\":[\"a\"");
        for (size_t k = 1; k < counts[i] && len < sizeof(body) - 16; k++)
            len += (size_t)snprintf(body + len, sizeof(body) - len, ",\"\"");
        len += (size_t)snprintf(body + len, sizeof(body) - len, "]}");
        arena_init(&arena, 256 * KIB);
        assert_true(explain_head((struct span){body, len}, &arena, &words).len < 64 * KIB);
        arena_clear(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_written_as_a_client_would_send_it),
        cmocka_unit_test(nothing_makes_two_lines_of_one),
        cmocka_unit_test(many_lines_cost_what_they_are_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
