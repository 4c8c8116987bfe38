#include "http/cache_status.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/text.h"
#include "http/structured.h"

static struct arena arena;

static int begin(void **state)
{
    (void)state;
    arena_init(&arena, 64 * KIB);
    return 0;
}

static int end(void **state)
{
    (void)state;
    arena_clear(&arena);
    return 0;
}

static void assert_written(const struct cache_status *status, const char *expected)
{
    struct span text = cache_status_write(&arena, status);
    struct sf_value value;
    assert_int_equal(text.len, strlen(expected));
    assert_memory_equal(text.at, expected, text.len);
    assert_true(text.len == 0 || sf_item_read(text, &value)); /* RFC 9211 §2 */
}

/* RFC 9211 §2.1, §2.4 */
static void a_hit_is_written_with_its_time_to_live(void **state)
{
    (void)state;
    assert_written(&(struct cache_status){.outcome = CACHE_STATUS_HIT}, "bpgate; hit");
    assert_written(
        &(struct cache_status){.outcome = CACHE_STATUS_HIT, .has_ttl = true, .ttl_s = 3412},
        "bpgate; hit; ttl=3412");
    assert_written(
        &(struct cache_status){.outcome = CACHE_STATUS_HIT, .has_ttl = true, .ttl_s = -412},
        "bpgate; hit; ttl=-412");
    assert_written(&(struct cache_status){.outcome = CACHE_STATUS_HIT, .has_ttl = true},
                   "bpgate; hit; ttl=0");
}

/* §2.2 */
static void a_request_that_went_forward_says_why(void **state)
{
    (void)state;
    static const char *const reasons[CACHE_OUTCOME_COUNT] = {
        [CACHE_STATUS_BYPASS] = "bypass",     [CACHE_STATUS_METHOD] = "method",
        [CACHE_STATUS_URI_MISS] = "uri-miss", [CACHE_STATUS_VARY_MISS] = "vary-miss",
        [CACHE_STATUS_MISS] = "miss",         [CACHE_STATUS_REQUEST] = "request",
        [CACHE_STATUS_STALE] = "stale",       [CACHE_STATUS_PARTIAL] = "partial",
    };
    for (int i = CACHE_STATUS_BYPASS; i < CACHE_OUTCOME_COUNT; i++) {
        char expected[64];
        (void)snprintf(expected, sizeof expected, "bpgate; fwd=%s", reasons[i]);
        assert_written(&(struct cache_status){.outcome = (enum cache_outcome)i}, expected);
    }
}

/* §2.3, §2.5, §2.6 */
static void what_came_of_it_is_written_behind(void **state)
{
    (void)state;
    assert_written(&(struct cache_status){.outcome = CACHE_STATUS_STALE,
                                          .fwd_status = 304,
                                          .stored = true,
                                          .collapsed = true,
                                          .has_ttl = true,
                                          .ttl_s = 60,
                                          .detail = SPAN("rule")},
                   "bpgate; fwd=stale; fwd-status=304; stored; collapsed; ttl=60; detail=rule");
    assert_written(&(struct cache_status){.outcome = CACHE_STATUS_URI_MISS, .collapsed = true},
                   "bpgate; fwd=uri-miss; collapsed");
}

/* §2.1: hit and fwd exclude each other, and with fwd what is only said of it. */
static void a_hit_has_nothing_that_belongs_to_a_forward(void **state)
{
    (void)state;
    assert_written(
        &(struct cache_status){
            .outcome = CACHE_STATUS_HIT, .fwd_status = 200, .stored = true, .collapsed = true},
        "bpgate; hit");
}

static void nothing_is_written_without_the_cache(void **state)
{
    (void)state;
    assert_written(&(struct cache_status){.outcome = CACHE_STATUS_NONE, .detail = SPAN("x")}, "");
}

/* §2.8 */
static void a_detail_is_a_token_or_a_string(void **state)
{
    (void)state;
    static const struct {
        struct span detail;
        const char *expected;
    } rows[] = {
        {SPAN_INIT("no-store"), "bpgate; hit; detail=no-store"},
        {SPAN_INIT("a b"), "bpgate; hit; detail=\"a b\""},
        {SPAN_INIT("5xx"), "bpgate; hit; detail=\"5xx\""},
        {SPAN_INIT("say \"no\" \\"), "bpgate; hit; detail=\"say \\\"no\\\" \\\\\""},
        {SPAN_INIT("a\r\nSet-Cookie: b"), "bpgate; hit; detail=\"a??Set-Cookie: b\""},
        {SPAN_INIT("a\0b"), "bpgate; hit; detail=\"a?b\""},
        {SPAN_INIT("\xc3\xa9"), "bpgate; hit; detail=\"??\""},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_written(
            &(struct cache_status){.outcome = CACHE_STATUS_HIT, .detail = rows[i].detail},
            rows[i].expected);
}

static void numbers_and_details_are_bounded(void **state)
{
    (void)state;
    char detail[4 * CACHE_STATUS_DETAIL_MAX];
    struct cache_status status = {.outcome = CACHE_STATUS_HIT, .has_ttl = true, .ttl_s = INT64_MIN};
    assert_written(&status, "bpgate; hit; ttl=-999999999999999");
    status.ttl_s = INT64_MAX;
    assert_written(&status, "bpgate; hit; ttl=999999999999999");
    memset(detail, '"', sizeof detail);
    status = (struct cache_status){.outcome = CACHE_STATUS_HIT, .detail = {detail, sizeof detail}};
    struct span text = cache_status_write(&arena, &status);
    assert_int_equal(text.len, strlen("bpgate; hit; detail=\"\"") + 2 * CACHE_STATUS_DETAIL_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hit_is_written_with_its_time_to_live),
        cmocka_unit_test(a_request_that_went_forward_says_why),
        cmocka_unit_test(what_came_of_it_is_written_behind),
        cmocka_unit_test(a_hit_has_nothing_that_belongs_to_a_forward),
        cmocka_unit_test(nothing_is_written_without_the_cache),
        cmocka_unit_test(a_detail_is_a_token_or_a_string),
        cmocka_unit_test(numbers_and_details_are_bounded),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
