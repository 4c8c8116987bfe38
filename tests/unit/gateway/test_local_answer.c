#include "gateway/local_answer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "support/exchange_scene.h"
#include "support/json_check.h"

static int set_up(void **state)
{
    static struct exchange_scene scene;
    exchange_scene_set_up(&scene);
    *state = &scene;
    return 0;
}

static int tear_down(void **state)
{
    exchange_scene_tear_down(*state);
    return 0;
}

static struct span field(const struct exchange_scene *scene, struct span name)
{
    const struct header *header = header_list_find_name(&scene->exchange.response->headers, name);
    return header ? header->value : (struct span){NULL, 0};
}

static void assert_field(const struct exchange_scene *scene, struct span name, const char *wanted)
{
    struct span value = field(scene, name), text = span_of(wanted);
    assert_int_equal(value.len, text.len);
    assert_memory_equal(value.at, text.at, text.len);
}

static bool holds(struct span text, const char *part)
{
    struct span wanted = span_of(part);
    for (; text.len >= wanted.len; text = span_skip(text, 1)) {
        if (span_starts_with(text, wanted))
            return true;
    }
    return false;
}

static void a_problem_decides_the_whole_response(void **state)
{
    struct exchange_scene *scene = *state;
    const struct problem problem = {.id = PROBLEM_NOT_SENT, .retry_after_s = 3};
    assert_int_equal(problem_respond(&scene->exchange, &problem), STAGE_RESPOND);
    assert_int_equal(scene->exchange.response->status, 502);
    assert_int_equal(scene->exchange.source, SOURCE_GATEWAY);
    assert_int_equal(scene->exchange.response->framing.kind, BODY_LENGTH);
    assert_int_equal(scene->exchange.response->framing.length, scene->exchange.body.len);
    assert_true(span_equal(scene->exchange.reason, SPAN("not_sent")));
    assert_field(scene, SPAN("content-type"), "application/json");
    assert_field(scene, SPAN("cache-control"), "no-store");
    assert_field(scene, SPAN("retry-after"), "3");
    assert_true(span_starts_with(field(scene, SPAN("proxy-status")), SPAN("bpgate; error=")));
}

static void the_body_is_what_clients_understand(void **state)
{
    struct exchange_scene *scene = *state;
    assert_int_equal(problem_say(&scene->exchange, PROBLEM_FORBIDDEN, SPAN("say \"no\"")),
                     STAGE_RESPOND);
    struct span body = scene->exchange.body;
    assert_true(json_is_valid(body));
    assert_true(holds(body, "\"id\":\"err_"));
    assert_true(holds(body, "\"code\":403"));
    assert_true(holds(body, "\"status\":403"));
    assert_true(holds(body, "\"type\":\"Forbidden\""));
    assert_true(holds(body, "\"message\":\"say \\\"no\\\"\""));
    assert_true(holds(body, "\"description\":\"say \\\"no\\\"\""));
    assert_true(holds(body, "\"source\":\"gateway\""));
    assert_null(field(scene, SPAN("retry-after")).at);
}

static void an_empty_message_keeps_the_rows(void **state)
{
    struct exchange_scene *scene = *state;
    (void)problem_say(&scene->exchange, PROBLEM_NO_KEY, SPAN(""));
    assert_true(holds(scene->exchange.body, "No gateway key was sent"));
}

static void an_error_of_the_upstreams_gets_no_proxy_status_of_ours(void **state)
{
    struct exchange_scene *scene = *state;
    const struct problem problem = {
        .id = PROBLEM_UPSTREAM_MALFORMED, .status = 503, .is_upstreams = true};
    (void)problem_respond(&scene->exchange, &problem);
    assert_int_equal(scene->exchange.response->status, 503);
    assert_null(field(scene, SPAN("proxy-status")).at);
    assert_true(holds(scene->exchange.body, "\"source\":\"upstream\""));
}

static void an_answer_without_a_body_is_ours_too(void **state)
{
    struct exchange_scene *scene = *state;
    assert_int_equal(empty_respond(&scene->exchange, 204), STAGE_RESPOND);
    assert_int_equal(scene->exchange.response->status, 204);
    assert_int_equal(scene->exchange.response->framing.kind, BODY_NONE);
    assert_int_equal(scene->exchange.body.len, 0);
    assert_int_equal(scene->exchange.source, SOURCE_GATEWAY);
    assert_field(scene, SPAN("proxy-status"), "bpgate");
}

static void every_fault_becomes_a_problem_with_its_status(void **state)
{
    (void)state;
    for (enum http_fault fault = FAULT_NONE + 1; fault <= FAULT_PARSER; fault++) {
        struct problem problem = problem_of_fault(fault);
        assert_int_equal(problem_status(&problem), http_fault_status(fault));
        assert_true(problem.message.len > 0);
    }
}

static void what_is_quoted_is_printable_and_short(void **state)
{
    struct exchange_scene *scene = *state;
    char bytes[200];
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (char)i;
    struct span quote = quoted(&scene->arena, (struct span){bytes, sizeof(bytes)});
    assert_int_equal(quote.len, 80);
    for (size_t i = 0; i < quote.len; i++)
        assert_int_equal(quote.at[i], i < ' ' ? '?' : (char)i);
    assert_int_equal(quoted(&scene->arena, SPAN("\x7f\xff")).at[1], '?');
    assert_int_equal(quoted(&scene->arena, (struct span){NULL, 0}).len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(a_problem_decides_the_whole_response),
        TEST(the_body_is_what_clients_understand),
        TEST(an_empty_message_keeps_the_rows),
        TEST(an_error_of_the_upstreams_gets_no_proxy_status_of_ours),
        TEST(an_answer_without_a_body_is_ours_too),
        TEST(every_fault_becomes_a_problem_with_its_status),
        TEST(what_is_quoted_is_printable_and_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
