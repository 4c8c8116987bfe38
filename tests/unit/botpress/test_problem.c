#include "botpress/problem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/text.h"

enum { ARENA = 256 * KIB, LONG = 100 * KIB };

static const struct span error_id = {"err_20261123093011x1A2B3C4D", 27};
static struct arena arena;

static int begin(void **state)
{
    (void)state;
    arena_init(&arena, ARENA);
    return 0;
}

static int end(void **state)
{
    (void)state;
    arena_clear(&arena);
    return 0;
}

/* The bytes without a terminator. */
static void put(char *at, struct span bytes)
{
    memcpy(at, bytes.at, bytes.len);
}

static json_t *parse(struct span body)
{
    json_error_t error;
    json_t *json = json_loadb(body.at, body.len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
    if (!json)
        fail_msg("%s: %.*s", error.text, (int)body.len, body.at);
    return json;
}

static const char *text_in(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    if (!json_is_string(value))
        fail_msg("no string %s", name);
    return json_string_value(value);
}

static void assert_span(struct span text, const char *expected)
{
    if (!span_equal(text, span_of(expected)))
        fail_msg("%.*s is not %s", (int)text.len, text.at, expected);
}

static void types_are_found_by_their_names(void **state)
{
    (void)state;
    assert_int_equal(ERROR_TYPE_COUNT, 26);
    for (int i = 0; i < ERROR_TYPE_COUNT; i++) {
        enum error_type type = ERROR_TYPE_COUNT;
        assert_true(error_type_find(error_type_name((enum error_type)i), &type));
        assert_int_equal(type, i);
    }
    enum error_type type = ERROR_TYPE_COUNT;
    assert_false(error_type_find(SPAN(""), &type));
    assert_false(error_type_find(SPAN("ratelimited"), &type));
    assert_false(error_type_find(SPAN("RateLimitedX"), &type));
    assert_false(error_type_find(SPAN("RateLimite"), &type));
    assert_int_equal(type, ERROR_TYPE_COUNT);
}

static void every_status_has_a_type(void **state)
{
    static const struct {
        unsigned status;
        const char *type;
    } rows[] = {
        {400, "InvalidPayload"},
        {401, "Unauthorized"},
        {402, "PaymentRequired"},
        {403, "Forbidden"},
        {404, "ResourceNotFound"},
        {405, "MethodNotFound"},
        {406, "InvalidPayload"},
        {409, "RelationConflict"},
        {410, "ResourceGone"},
        {413, "PayloadTooLarge"},
        {415, "UnsupportedMediaType"},
        {418, "InvalidPayload"},
        {429, "RateLimited"},
        {499, "InvalidPayload"},
        {500, "Internal"},
        {502, "Internal"},
        {503, "Internal"},
        {504, "OperationTimeout"},
        {511, "Internal"},
        {599, "Internal"},
        {999, "Internal"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_span(error_type_name(error_type_of_status(rows[i].status)), rows[i].type);
}

static void every_problem_has_a_whole_body(void **state)
{
    (void)state;
    for (int i = 0; i < PROBLEM_COUNT; i++) {
        struct problem problem = {.id = (enum problem_id)i};
        json_t *json = parse(problem_body(&problem, error_id, &arena));
        assert_string_equal(text_in(json, "id"), error_id.at);
        assert_int_equal(json_integer_value(json_object_get(json, "code")),
                         problem_status(&problem));
        assert_int_equal(json_integer_value(json_object_get(json, "status")),
                         problem_status(&problem));
        assert_true(problem_status(&problem) >= 400 && problem_status(&problem) <= 599);
        assert_span(problem_type(&problem), text_in(json, "type"));
        assert_true(strlen(text_in(json, "message")) > 0);
        assert_string_equal(text_in(json, "message"), text_in(json, "description"));
        json_t *metadata = json_object_get(json, "metadata");
        assert_string_equal(text_in(metadata, "source"), "gateway");
        assert_span(problem_reason(&problem), text_in(metadata, "reason"));
        json_decref(json);
    }
}

static void reasons_are_different(void **state)
{
    (void)state;
    for (int i = 0; i < PROBLEM_COUNT; i++) {
        for (int k = 0; k < i; k++) {
            struct problem a = {.id = (enum problem_id)i}, b = {.id = (enum problem_id)k};
            assert_false(span_equal(problem_reason(&a), problem_reason(&b)));
        }
    }
}

static void a_body_is_exactly_what_the_product_shows(void **state)
{
    struct problem problem = {
        .id = PROBLEM_RATE_LIMITED,
        .message = SPAN("Too many: come back in 3 s."),
        .metadata = SPAN("\"policy\":\"ci\",\"retry_ms\":2400"),
        .retry_after_s = 3,
    };
    (void)state;
    assert_span(problem_body(&problem, error_id, &arena),
                "{\"id\":\"err_20261123093011x1A2B3C4D\",\"code\":429,\"type\":\"RateLimited\","
                "\"message\":\"Too many: come back in 3 s.\","
                "\"description\":\"Too many: come back in 3 s.\",\"status\":429,"
                "\"metadata\":{\"source\":\"gateway\",\"reason\":\"rate_limited\","
                "\"policy\":\"ci\",\"retry_ms\":2400}}");
}

static void an_upstream_error_keeps_its_status_and_says_where_it_is_from(void **state)
{
    struct problem problem = {
        .id = PROBLEM_UPSTREAM_MALFORMED,
        .status = 403,
        .has_type = true,
        .type = ERROR_TYPE_Forbidden,
        .message = SPAN("Botpress answered 403 with an HTML page."),
        .is_upstreams = true,
    };
    (void)state;
    assert_int_equal(problem_status(&problem), 403);
    assert_span(problem_type(&problem), "Forbidden");
    assert_span(problem_reason(&problem), "upstream_error");
    assert_span(problem_proxy_status(&problem, &arena), "bpgate; received-status=403");
    assert_span(problem_body(&problem, error_id, &arena),
                "{\"id\":\"err_20261123093011x1A2B3C4D\",\"code\":403,\"type\":\"Forbidden\","
                "\"message\":\"Botpress answered 403 with an HTML page.\","
                "\"description\":\"Botpress answered 403 with an HTML page.\",\"status\":403,"
                "\"metadata\":{\"source\":\"upstream\",\"reason\":\"upstream_error\"}}");
}

static void the_type_unknown_may_be_chosen(void **state)
{
    struct problem problem = {.id = PROBLEM_INTERNAL, .has_type = true};
    (void)state;
    assert_span(problem_type(&problem), "Unknown");
    problem.has_type = false;
    assert_span(problem_type(&problem), "Internal");
}

static void any_bytes_in_a_message_make_valid_json(void **state)
{
    char every_byte[256];
    (void)state;
    for (int i = 0; i < 256; i++)
        every_byte[i] = (char)i;
    struct problem problem = {.id = PROBLEM_NOT_FOUND, .message = {every_byte, 256}};
    json_t *json = parse(problem_body(&problem, (struct span){every_byte, 256}, &arena));
    assert_int_equal(json_integer_value(json_object_get(json, "status")), 404);
    json_decref(json);
    for (int i = 0; i < 256; i++) {
        problem.message = (struct span){every_byte + i, 1};
        json_decref(parse(problem_body(&problem, error_id, &arena)));
    }
}

static void long_messages_are_cut_and_nothing_else_is_lost(void **state)
{
    static const char fillers[] = {'a', '\x01', '"', '\xff', '\xe2'};
    char *text = malloc(LONG);
    (void)state;
    assert_non_null(text);
    for (size_t i = 0; i < sizeof(fillers); i++) {
        memset(text, fillers[i], LONG);
        struct problem problem = {.id = PROBLEM_BAD_REQUEST, .message = {text, LONG}};
        json_t *json = parse(problem_body(&problem, error_id, &arena));
        assert_non_null(json_object_get(json, "metadata"));
        assert_string_equal(text_in(json, "message"), text_in(json, "description"));
        assert_true(json_string_length(json_object_get(json, "message")) <=
                    3 * PROBLEM_MESSAGE_LIMIT);
        json_decref(json);
        arena_clear(&arena);
    }
    free(text);
}

static void a_cut_leaves_characters_whole(void **state)
{
    char text[PROBLEM_MESSAGE_LIMIT + 8];
    (void)state;
    memset(text, 'a', sizeof(text));
    assert_int_equal(problem_cut((struct span){text, 10}).len, 10);
    assert_int_equal(problem_cut((struct span){text, PROBLEM_MESSAGE_LIMIT}).len,
                     PROBLEM_MESSAGE_LIMIT);
    assert_int_equal(problem_cut((struct span){text, sizeof(text)}).len, PROBLEM_MESSAGE_LIMIT);
    put(text + PROBLEM_MESSAGE_LIMIT - 2, SPAN("\xe2\x82\xac"));
    assert_int_equal(problem_cut((struct span){text, sizeof(text)}).len, PROBLEM_MESSAGE_LIMIT - 2);
    memset(text, '\x80', sizeof(text));
    assert_int_equal(problem_cut((struct span){text, sizeof(text)}).len, 0);
    assert_int_equal(problem_cut(SPAN("")).len, 0);
}

static void proxy_status_names_the_error(void **state)
{
    struct problem problem = {.id = PROBLEM_UPSTREAM_TIMEOUT};
    (void)state;
    assert_span(problem_proxy_status(&problem, &arena), "bpgate; error=http_response_timeout");
    problem.proxy_status = SPAN("dns_error");
    assert_span(problem_proxy_status(&problem, &arena), "bpgate; error=dns_error");
    problem.message = SPAN("No address for \"api\\botpress\".");
    assert_span(problem_proxy_status(&problem, &arena),
                "bpgate; error=dns_error; details=\"No address for \\\"api\\\\botpress\\\".\"");
    problem.is_upstreams = true;
    assert_span(problem_proxy_status(&problem, &arena),
                "bpgate; error=dns_error; details=\"No address for \\\"api\\\\botpress\\\".\"");
}

static void details_that_are_no_sf_string_are_left_out(void **state)
{
    char text[201];
    struct problem problem = {.id = PROBLEM_LOOP};
    (void)state;
    for (int c = 0; c < 256; c++) {
        char byte = (char)c;
        problem.message = (struct span){&byte, 1};
        struct span value = problem_proxy_status(&problem, &arena);
        bool has_details = span_matches(value, SPAN("*details*"));
        assert_int_equal(has_details, c >= ' ' && c <= '~');
        assert_true(span_starts_with(value, SPAN("bpgate; error=proxy_loop_detected")));
    }
    memset(text, '"', sizeof(text));
    problem.message = (struct span){text, sizeof(text) - 1};
    assert_true(span_matches(problem_proxy_status(&problem, &arena), SPAN("*details*")));
    problem.message.len++;
    assert_span(problem_proxy_status(&problem, &arena), "bpgate; error=proxy_loop_detected");
}

static void ids_have_the_form_of_the_official_client(void **state)
{
    (void)state;
    assert_span(problem_new_id(&arena, 1795426211999, 0x1a2b3c4d), "err_20261123093011x1A2B3C4D");
    assert_span(problem_new_id(&arena, 0, 0), "err_19700101000000x00000000");
    assert_span(problem_new_id(&arena, 951782400000, UINT32_MAX), "err_20000229000000xFFFFFFFF");
    (void)problem_new_id(&arena, UINT64_MAX, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(types_are_found_by_their_names, begin, end),
        cmocka_unit_test_setup_teardown(every_status_has_a_type, begin, end),
        cmocka_unit_test_setup_teardown(every_problem_has_a_whole_body, begin, end),
        cmocka_unit_test_setup_teardown(reasons_are_different, begin, end),
        cmocka_unit_test_setup_teardown(a_body_is_exactly_what_the_product_shows, begin, end),
        cmocka_unit_test_setup_teardown(
            an_upstream_error_keeps_its_status_and_says_where_it_is_from, begin, end),
        cmocka_unit_test_setup_teardown(the_type_unknown_may_be_chosen, begin, end),
        cmocka_unit_test_setup_teardown(any_bytes_in_a_message_make_valid_json, begin, end),
        cmocka_unit_test_setup_teardown(long_messages_are_cut_and_nothing_else_is_lost, begin, end),
        cmocka_unit_test_setup_teardown(a_cut_leaves_characters_whole, begin, end),
        cmocka_unit_test_setup_teardown(proxy_status_names_the_error, begin, end),
        cmocka_unit_test_setup_teardown(details_that_are_no_sf_string_are_left_out, begin, end),
        cmocka_unit_test_setup_teardown(ids_have_the_form_of_the_official_client, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
