#include "cache/cache_policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "support/policy_case.h"

#define DEFAULT                                                                                    \
    {                                                                                              \
        .kind = CACHE_RULE_DEFAULT, .ttl_s = 3600, .stale_s = 604800                               \
    }
#define OPERATOR                                                                                   \
    {                                                                                              \
        .kind = CACHE_RULE_OPERATOR, .ttl_s = 300, .stale_s = 86400                                \
    }
#define FORCE                                                                                      \
    {                                                                                              \
        .kind = CACHE_RULE_FORCE, .ttl_s = 300, .stale_s = 86400                                   \
    }

/* So that it is stored whatever its lifetime. */
#define TAG          "ETag: \"a\"\n"
#define A_MINUTE_ON  "Expires: Sun, 15 Jun 2025 15:07:40 GMT\n"
#define A_MINUTE_AGO "Date: Sun, 15 Jun 2025 15:05:40 GMT\n"

static struct cache_facts stored(const struct policy_case *response)
{
    struct cache_facts facts;
    enum store_refusal refusal = policy_case_store(response, &facts);
    if (refusal != STORE_OK)
        fail_msg("%s: %s", response->response, store_refusal_text(refusal));
    return facts;
}

static struct cache_facts stored_fields(const char *fields)
{
    return stored(&(struct policy_case){.response = fields});
}

struct row {
    struct policy_case response;
    uint32_t lifetime_s;
    enum lifetime_source source;
};

static void assert_lifetimes(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct cache_facts facts = stored(&rows[i].response);
        if (facts.lifetime_s != rows[i].lifetime_s || facts.lifetime_source != rows[i].source)
            fail_msg("row %zu: %u of %u", i, facts.lifetime_s, facts.lifetime_source);
    }
}

#define ASSERT_LIFETIMES(rows) assert_lifetimes(rows, COUNT_OF(rows))

/* --- What the response says --- */

/* RFC 9111 §4.2.1 */
static void s_maxage_goes_before_max_age_before_expires(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {{.response = A_MINUTE_ON "Cache-Control: max-age=5, s-maxage=7"}, 7, LIFETIME_UPSTREAM},
        {{.response = A_MINUTE_ON "Cache-Control: s-maxage=7, max-age=5"}, 7, LIFETIME_UPSTREAM},
        {{.response = A_MINUTE_ON "Cache-Control: max-age=5"}, 5, LIFETIME_UPSTREAM},
        {{.response = A_MINUTE_ON "Cache-Control: public"}, 60, LIFETIME_UPSTREAM},
        {{.response = A_MINUTE_ON "Last-Modified: Sat, 14 Jun 2025 15:06:40 GMT"},
         60,
         LIFETIME_UPSTREAM},
    };
    ASSERT_LIFETIMES(rows);
}

/* RFC 9111 §5.2.2.1: "with the max-age directive … Expires MUST be ignored", also when it is past. */
static void expires_does_not_count_beside_max_age(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {{.response = "Expires: 0\nCache-Control: max-age=5"}, 5, LIFETIME_UPSTREAM},
        {{.response = TAG A_MINUTE_ON "Cache-Control: max-age=0"}, 0, LIFETIME_UPSTREAM},
    };
    ASSERT_LIFETIMES(rows);
}

/* RFC 9111 §4.2.1: of values that differ the most restrictive; what cannot be read is stale. */
static void of_two_values_the_shorter_counts(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {{.response = "Cache-Control: max-age=5, max-age=60"}, 5, LIFETIME_UPSTREAM},
        {{.response = TAG "Cache-Control: max-age=60\nCache-Control: max-age=x"},
         0,
         LIFETIME_UPSTREAM},
        {{.response = A_MINUTE_ON "Expires: Sun, 15 Jun 2025 15:06:50 GMT"}, 10, LIFETIME_UPSTREAM},
        {{.response = TAG A_MINUTE_ON "Expires: 0"}, 0, LIFETIME_UPSTREAM},
    };
    ASSERT_LIFETIMES(rows);
}

/* RFC 9111 §5.3: "MUST treat invalid date formats, especially including the value "0", as
 * representing a time in the past". */
static void an_expires_that_is_no_date_is_past(void **state)
{
    (void)state;
    static const char *const values[] = {TAG "Expires: 0",
                                         TAG "Expires: -1",
                                         TAG "Expires:",
                                         TAG "Expires: tomorrow",
                                         TAG "Expires: Sun, 31 Feb 2026 00:00:00 GMT",
                                         TAG "Expires: Sun, 15 Jun 2025 15:06:40 GMT",
                                         TAG "Expires: Thu, 01 Jan 1970 00:00:00 GMT"};
    for (size_t i = 0; i < COUNT_OF(values); i++) {
        struct cache_facts facts = stored_fields(values[i]);
        assert_int_equal(facts.lifetime_s, 0);
        assert_int_equal(facts.lifetime_source, LIFETIME_UPSTREAM);
    }
}

/* RFC 9111 §4.2.1: "Expires minus Date"; RFC 9110 §6.6.1: without Date, when it was received. */
static void expires_counts_from_date(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {{.response = A_MINUTE_ON}, 60, LIFETIME_UPSTREAM},
        {{.response = CASE_DATE A_MINUTE_ON}, 60, LIFETIME_UPSTREAM},
        {{.response = A_MINUTE_AGO A_MINUTE_ON}, 120, LIFETIME_UPSTREAM},
        {{.response = "Date: a minute ago\n" A_MINUTE_ON}, 60, LIFETIME_UPSTREAM},
        {{.response = TAG "Date: Sun, 15 Jun 2025 15:08:40 GMT\n" A_MINUTE_ON},
         0,
         LIFETIME_UPSTREAM},
    };
    ASSERT_LIFETIMES(rows);
}

/* RFC 9111 §1.2.2 */
static void lifetimes_end_at_two_to_the_31(void **state)
{
    (void)state;
    const uint32_t most = DELTA_SECONDS_MAX;
    assert_int_equal(stored_fields("Cache-Control: max-age=99999999999999999999").lifetime_s, most);
    assert_int_equal(stored_fields("Cache-Control: max-age=2147483648").lifetime_s, most);
    assert_int_equal(stored_fields("Cache-Control: max-age=2147483647").lifetime_s, most - 1);
    assert_int_equal(stored_fields("Expires: Fri, 31 Dec 9999 23:59:59 GMT").lifetime_s, most);
    const struct policy_case forever = {.rule = {CACHE_RULE_OPERATOR, UINT32_MAX, UINT32_MAX},
                                        .response = "Age: 99"};
    struct cache_facts facts = stored(&forever);
    assert_int_equal(facts.lifetime_s, most);
    assert_int_equal(facts.stale_while_s, most);
    assert_int_equal(facts.stale_if_error_s, most);
}

/* RFC 9111 §4.2.2: "a typical setting of this fraction might be 10%"; at most a day here. */
static void what_has_not_changed_for_long_is_fresh_for_a_tenth_of_it(void **state)
{
    (void)state;
#define SINCE(date) TAG CASE_DATE "Last-Modified: " date
    static const struct row rows[] = {
        {{.response = SINCE("Sun, 15 Jun 2025 15:05:00 GMT")}, 10, LIFETIME_HEURISTIC},
        {{.response = SINCE("Sun, 15 Jun 2025 15:06:31 GMT")}, 0, LIFETIME_HEURISTIC},
        {{.response = SINCE("Thu, 05 Jun 2025 15:06:40 GMT")}, 86400, LIFETIME_HEURISTIC},
        {{.response = SINCE("Fri, 01 Jan 1999 00:00:00 GMT")}, 86400, LIFETIME_HEURISTIC},
        {{.response = SINCE("Mon, 16 Jun 2025 15:06:40 GMT")}, 0, LIFETIME_HEURISTIC},
        {{.response = SINCE("long ago")}, 0, LIFETIME_HEURISTIC},
        {{.response = TAG}, 0, LIFETIME_HEURISTIC},
    };
#undef SINCE
    ASSERT_LIFETIMES(rows);
}

/* RFC 9111 §4.2.2: "MUST NOT use heuristics … when an explicit expiration time is present". */
static void there_is_no_guessing_where_a_lifetime_is_declared(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {{.response = "Last-Modified: Sun, 01 Jun 2025 00:00:00 GMT\nExpires: 0"},
         0,
         LIFETIME_UPSTREAM},
        {{.response = "Last-Modified: Sun, 01 Jun 2025 00:00:00 GMT\nCache-Control: max-age=0"},
         0,
         LIFETIME_UPSTREAM},
    };
    ASSERT_LIFETIMES(rows);
}

/* --- Targeted fields --- */

/* RFC 9213 §2.2: the first of the list with a valid, not empty value; Cache-Control and Expires are
 * ignored. */
static void a_targeted_field_takes_the_place_of_cache_control(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {{.response = "Cache-Control: no-store\nCDN-Cache-Control: max-age=7"},
         7,
         LIFETIME_UPSTREAM},
        {{.response = "Cache-Control: private\nBpgate-Cache-Control: max-age=7"},
         7,
         LIFETIME_UPSTREAM},
        {{.response = "CDN-Cache-Control: no-store\nBpgate-Cache-Control: max-age=8"},
         8,
         LIFETIME_UPSTREAM},
        {{.response = "Cache-Control: s-maxage=9\n" A_MINUTE_ON "CDN-Cache-Control: max-age=7"},
         7,
         LIFETIME_UPSTREAM},
        {{.response = TAG A_MINUTE_ON "CDN-Cache-Control: public"}, 0, LIFETIME_HEURISTIC},
        {{.response = A_MINUTE_ON "CDN-Cache-Control: public", .rule = DEFAULT},
         3600,
         LIFETIME_CATALOGUE},
    };
    ASSERT_LIFETIMES(rows);
}

/* RFC 9213 §2.1, §2.2: "if there is no valid … MUST be ignored". */
static void a_broken_targeted_field_is_as_if_it_were_not_there(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {{.response = "Cache-Control: max-age=5\nCDN-Cache-Control: max-age=7,"},
         5,
         LIFETIME_UPSTREAM},
        {{.response = "Cache-Control: max-age=5\nCDN-Cache-Control:"}, 5, LIFETIME_UPSTREAM},
        {{.response = "CDN-Cache-Control: max-age=7\nBpgate-Cache-Control: =;"},
         7,
         LIFETIME_UPSTREAM},
    };
    ASSERT_LIFETIMES(rows);
}

/* --- Rules --- */

/* Product §6 */
static void the_catalogue_speaks_where_the_response_is_silent(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {{.rule = DEFAULT}, 3600, LIFETIME_CATALOGUE},
        {{.rule = DEFAULT, .response = "Cache-Control: public"}, 3600, LIFETIME_CATALOGUE},
        {{.rule = DEFAULT, .response = "Last-Modified: Sun, 01 Jun 2025 00:00:00 GMT"},
         3600,
         LIFETIME_CATALOGUE},
        {{.rule = DEFAULT, .response = "Cache-Control: max-age=5"}, 5, LIFETIME_UPSTREAM},
        {{.rule = DEFAULT, .response = "Cache-Control: max-age=0"}, 0, LIFETIME_UPSTREAM},
        {{.rule = DEFAULT, .response = A_MINUTE_ON}, 60, LIFETIME_UPSTREAM},
        {{.rule = DEFAULT, .response = "Expires: 0"}, 0, LIFETIME_UPSTREAM},
        {{.rule = DEFAULT, .status = 404}, 10, LIFETIME_CATALOGUE},
        {{.rule = DEFAULT, .status = 410}, 10, LIFETIME_CATALOGUE},
        {{.rule = {CACHE_RULE_DEFAULT, 5, 5}, .status = 404}, 5, LIFETIME_CATALOGUE},
        {{.rule = DEFAULT, .status = 404, .response = "Cache-Control: max-age=99"},
         99,
         LIFETIME_UPSTREAM},
        {{.rule = DEFAULT, .status = 301, .response = "Cache-Control: max-age=99"},
         99,
         LIFETIME_UPSTREAM},
    };
    ASSERT_LIFETIMES(rows);
}

static void the_operator_goes_before_the_response(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {{.rule = OPERATOR}, 300, LIFETIME_RULE},
        {{.rule = OPERATOR, .response = "Cache-Control: max-age=5"}, 300, LIFETIME_RULE},
        {{.rule = OPERATOR, .response = "CDN-Cache-Control: max-age=5"}, 300, LIFETIME_RULE},
        {{.rule = OPERATOR, .response = "Expires: 0"}, 300, LIFETIME_RULE},
        {{.rule = OPERATOR, .status = 404, .response = "Cache-Control: max-age=500"},
         10,
         LIFETIME_RULE},
        {{.rule = OPERATOR, .status = 302, .response = "Cache-Control: max-age=5"},
         5,
         LIFETIME_UPSTREAM},
        {{.rule = FORCE, .response = "Cache-Control: no-store, private"}, 300, LIFETIME_RULE},
    };
    ASSERT_LIFETIMES(rows);
    const struct policy_case strict = {
        .rule = OPERATOR, .response = "Cache-Control: no-cache, must-revalidate, stale-if-error=1"};
    struct cache_facts facts = stored(&strict);
    assert_int_equal(facts.flags, 0);
    assert_int_equal(facts.stale_while_s, 300);
    assert_int_equal(facts.stale_if_error_s, 86400);
}

/* A clock there that is an hour late, or a proxy's store before us, does not eat it up. */
static void the_ttl_of_a_rule_counts_from_when_it_came(void **state)
{
    (void)state;
    const struct policy_case late = {.rule = DEFAULT,
                                     .response = "Date: Sun, 15 Jun 2025 14:06:40 GMT"};
    struct cache_facts facts = stored(&late);
    assert_int_equal(facts.initial_age_s, 3600);
    assert_int_equal(facts.lifetime_s, 7200);
    const struct policy_case aged = {.rule = OPERATOR,
                                     .response = "Age: 100\nCache-Control: max-age=5"};
    facts = stored(&aged);
    assert_int_equal(facts.initial_age_s, 100);
    assert_int_equal(facts.lifetime_s, 400);
}

/* --- Staleness --- */

/* RFC 9111 §4.2.4: for a day, of what was fresh once, while the origin cannot be reached. */
enum { DAY_S = 86400 };

struct stale_row {
    struct policy_case response;
    uint32_t while_s, if_error_s;
    unsigned flags;
};

static void assert_staleness(const struct stale_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct cache_facts facts = stored(&rows[i].response);
        if (facts.stale_while_s != rows[i].while_s ||
            facts.stale_if_error_s != rows[i].if_error_s || facts.flags != rows[i].flags)
            fail_msg("row %zu: %u, %u, %u", i, facts.stale_while_s, facts.stale_if_error_s,
                     facts.flags);
    }
}

#define ASSERT_STALENESS(rows) assert_staleness(rows, COUNT_OF(rows))

/* RFC 5861 §3, §4 */
static void the_response_says_how_long_it_may_be_stale(void **state)
{
    (void)state;
    static const struct stale_row rows[] = {
        {{.response = "Cache-Control: max-age=5"}, 0, DAY_S, CACHE_STALE_OFFLINE},
        {{.response = "Cache-Control: max-age=5, stale-while-revalidate=6, stale-if-error=7"},
         6,
         7,
         0},
        {{.response = "Cache-Control: max-age=5, stale-while-revalidate=x"},
         0,
         DAY_S,
         CACHE_STALE_OFFLINE},
        {{.response = "CDN-Cache-Control: max-age=5, stale-while-revalidate=6, stale-if-error=7"},
         6,
         7,
         0},
        {{.response = TAG "Cache-Control: stale-if-error=7"}, 0, 7, 0},
        {{.response = TAG "Cache-Control: max-age=0"}, 0, 0, 0},
        {{.response = "Cache-Control: max-age=5, stale-if-error=0"}, 0, 0, 0},
    };
    ASSERT_STALENESS(rows);
}

/* RFC 9111 §4.2.4, §5.2.2.2, §5.2.2.4, §5.2.2.8, §5.2.2.10 */
static void who_must_revalidate_is_never_stale(void **state)
{
    (void)state;
#define WINDOWS ", stale-while-revalidate=6, stale-if-error=7\n"
    static const struct stale_row rows[] = {
        {{.response = "Cache-Control: max-age=5, must-revalidate" WINDOWS},
         0,
         0,
         CACHE_MUST_REVALIDATE},
        {{.response = "Cache-Control: max-age=5, proxy-revalidate" WINDOWS},
         0,
         0,
         CACHE_MUST_REVALIDATE},
        {{.response = "Cache-Control: s-maxage=5" WINDOWS}, 0, 0, CACHE_MUST_REVALIDATE},
        {{.response = TAG "Cache-Control: max-age=5, no-cache" WINDOWS}, 0, 0, CACHE_NO_CACHE},
        {{.response = "Cache-Control: max-age=5, no-cache=\"x-a\"" WINDOWS}, 6, 7, 0},
        {{.response = TAG "CDN-Cache-Control: max-age=5, no-cache=\"x-a\""}, 0, 0, CACHE_NO_CACHE},
        {{.response = "Pragma: no-cache\nCache-Control: max-age=5" WINDOWS}, 6, 7, 0},
        {{.rule = DEFAULT, .response = "Cache-Control: must-revalidate"},
         0,
         0,
         CACHE_MUST_REVALIDATE},
        {{.rule = DEFAULT, .response = TAG "Cache-Control: no-cache"}, 0, 0, CACHE_NO_CACHE},
        {{.rule = DEFAULT, .response = "Cache-Control: s-maxage=5"}, 0, 0, CACHE_MUST_REVALIDATE},
    };
#undef WINDOWS
    ASSERT_STALENESS(rows);
}

/* Product §6: as long as it was fresh while it is fetched anew, for days when the upstream is down. */
static void rules_say_how_long_the_rest_may_be_stale(void **state)
{
    (void)state;
    static const struct stale_row rows[] = {
        {{.rule = DEFAULT}, 3600, 604800, 0},
        {{.rule = {CACHE_RULE_DEFAULT, 60, 20}}, 20, 20, 0},
        {{.rule = DEFAULT, .status = 404}, 10, 604800, 0},
        {{.rule = DEFAULT, .response = "Cache-Control: stale-while-revalidate=1, stale-if-error=2"},
         1,
         2,
         0},
        {{.rule = DEFAULT, .response = "Cache-Control: max-age=5"}, 0, 604800, 0},
        {{.rule = DEFAULT, .response = "Cache-Control: max-age=5, stale-if-error=2"}, 0, 2, 0},
        {{.rule = DEFAULT, .response = "Cache-Control: max-age=5", .status = 301}, 0, 0, 0},
        {{.rule = OPERATOR, .response = "Cache-Control: s-maxage=5"}, 300, 86400, 0},
    };
    ASSERT_STALENESS(rows);
}

/* RFC 8246 §2: it speaks of the lifetime that the response declares. */
static void immutable_is_remembered_with_a_declared_lifetime(void **state)
{
    (void)state;
    static const struct stale_row rows[] = {
        {{.response = "Cache-Control: max-age=5, immutable"},
         0,
         DAY_S,
         CACHE_IMMUTABLE | CACHE_STALE_OFFLINE},
        {{.response = TAG "Cache-Control: immutable"}, 0, 0, 0},
        {{.response = "Cache-Control: max-age=5, immutable=1"}, 0, DAY_S, CACHE_STALE_OFFLINE},
        {{.rule = OPERATOR, .response = "Cache-Control: max-age=5, immutable"}, 300, 86400, 0},
    };
    ASSERT_STALENESS(rows);
}

/* --- Its age when it came --- */

static uint32_t age_of(const char *fields, uint64_t delay_ms)
{
    const struct policy_case response = {
        .response = fields, .delay_ms = delay_ms, .rule = OPERATOR};
    return stored(&response).initial_age_s;
}

/* RFC 9111 §4.2.3: max(apparent_age, age_value + response_delay) */
static void the_age_is_the_larger_of_two_readings(void **state)
{
    (void)state;
    assert_int_equal(age_of("", 0), 0);
    assert_int_equal(age_of("", 2999), 2);
    assert_int_equal(age_of("Age: 10", 2999), 12);
    assert_int_equal(age_of(A_MINUTE_AGO, 2999), 60);
    assert_int_equal(age_of(A_MINUTE_AGO "Age: 10", 2999), 60);
    assert_int_equal(age_of(A_MINUTE_AGO "Age: 100", 0), 100);
    assert_int_equal(age_of("Date: Mon, 16 Jun 2025 00:00:00 GMT", 0), 0);
    assert_int_equal(age_of("Date: now", 0), 0);
    assert_int_equal(age_of("Age: 99999999999999999999", 5000), DELTA_SECONDS_MAX);
}

/* RFC 9111 §5.1: the first of several; what is no number is ignored. */
static void an_age_that_cannot_be_read_is_none(void **state)
{
    (void)state;
    assert_int_equal(age_of("Age: 7, 9", 0), 7);
    assert_int_equal(age_of("Age: 7\nAge: 9", 0), 7);
    assert_int_equal(age_of("Age: -7", 0), 0);
    assert_int_equal(age_of("Age: 7.5", 0), 0);
    assert_int_equal(age_of("Age: seven", 0), 0);
    assert_int_equal(age_of("Age:", 0), 0);
}

static void a_clock_that_went_back_while_it_was_fetched_adds_nothing(void **state)
{
    (void)state;
    struct field_lines none;
    const struct cache_control control = {.is_present = false};
    const struct cache_rule rule = OPERATOR;
    const struct cache_asked asked = {.method = METHOD_GET, .control = &control};
    const struct cache_answered answered = {.status = 200,
                                            .headers = field_lines_read(&none, SPAN("")),
                                            .request_wall_ms = CASE_NOW_MS + 5000,
                                            .response_wall_ms = CASE_NOW_MS};
    struct cache_facts facts = {0};
    assert_int_equal(cache_policy_store(&rule, &asked, &answered, &facts), STORE_OK);
    assert_int_equal(facts.initial_age_s, 0);
}

/* --- The facts --- */

static void what_validates_is_remembered(void **state)
{
    (void)state;
    struct cache_facts facts =
        stored_fields(A_MINUTE_AGO "Last-Modified: Sun, 15 Jun 2025 15:05:00 GMT");
    assert_true(facts.has_last_modified);
    assert_int_equal(facts.last_modified_s, CASE_NOW_S - 100);
    assert_int_equal(facts.date_s, CASE_NOW_S - 60);
    assert_int_equal(facts.response_wall_ms, CASE_NOW_MS);
    assert_int_equal(facts.status, 200);
    facts = stored_fields("Cache-Control: max-age=5\nLast-Modified: 0");
    assert_false(facts.has_last_modified);
    assert_int_equal(facts.date_s, CASE_NOW_S);
}

static const struct cache_rule by_rfc = {.kind = CACHE_RULE_RFC};

/* What a 304 with these fields makes of a stored response; merged: its fields after that. */
static enum store_refusal freshen(const char *fields, const char *merged, struct cache_facts *facts)
{
    struct field_lines own, all;
    const struct cache_control control = {.is_present = false};
    const struct cache_asked asked = {.method = METHOD_GET, .control = &control};
    const struct cache_answered answered = {.status = 304,
                                            .headers = field_lines_read(&own, span_of(fields)),
                                            .request_wall_ms = CASE_NOW_MS,
                                            .response_wall_ms = CASE_NOW_MS};
    return cache_policy_freshen(&by_rfc, &asked, &answered, field_lines_read(&all, span_of(merged)),
                                facts);
}

/* RFC 9111 §4.3.4 */
static void a_304_makes_fresh_by_its_own_date_and_age(void **state)
{
    (void)state;
    const char *merged =
        "Date: Sun, 15 Jun 2025 10:00:00 GMT\nCache-Control: max-age=60\nETag: \"a\"";
    struct cache_facts facts = {.status = 404,
                                .flags = CACHE_SHARED | CACHE_NO_CACHE,
                                .began_us = 5,
                                .tag_count = 1,
                                .tags = {7},
                                .lifetime_s = 1};
    assert_int_equal(freshen("Age: 9", merged, &facts), STORE_OK);
    assert_int_equal(facts.initial_age_s, 9);
    assert_int_equal(facts.date_s, CASE_NOW_S);
    assert_int_equal(facts.lifetime_s, 60);
    assert_int_equal(facts.status, 404);
    assert_int_equal(facts.flags, CACHE_SHARED | CACHE_STALE_OFFLINE);
    assert_int_equal(facts.began_us, 5);
    assert_int_equal(facts.tags[0], 7);
    assert_int_equal(freshen(A_MINUTE_AGO, merged, &facts), STORE_OK);
    assert_int_equal(facts.initial_age_s, 60);
}

static void a_304_may_forbid_to_keep_it(void **state)
{
    (void)state;
    struct cache_facts facts = {.status = 200, .lifetime_s = 1};
    assert_int_equal(freshen("", "Cache-Control: no-store, max-age=60", &facts), STORE_NO_STORE);
    assert_int_equal(facts.lifetime_s, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(s_maxage_goes_before_max_age_before_expires),
        cmocka_unit_test(expires_does_not_count_beside_max_age),
        cmocka_unit_test(of_two_values_the_shorter_counts),
        cmocka_unit_test(an_expires_that_is_no_date_is_past),
        cmocka_unit_test(expires_counts_from_date),
        cmocka_unit_test(lifetimes_end_at_two_to_the_31),
        cmocka_unit_test(what_has_not_changed_for_long_is_fresh_for_a_tenth_of_it),
        cmocka_unit_test(there_is_no_guessing_where_a_lifetime_is_declared),
        cmocka_unit_test(a_targeted_field_takes_the_place_of_cache_control),
        cmocka_unit_test(a_broken_targeted_field_is_as_if_it_were_not_there),
        cmocka_unit_test(the_catalogue_speaks_where_the_response_is_silent),
        cmocka_unit_test(the_operator_goes_before_the_response),
        cmocka_unit_test(the_ttl_of_a_rule_counts_from_when_it_came),
        cmocka_unit_test(the_response_says_how_long_it_may_be_stale),
        cmocka_unit_test(who_must_revalidate_is_never_stale),
        cmocka_unit_test(rules_say_how_long_the_rest_may_be_stale),
        cmocka_unit_test(immutable_is_remembered_with_a_declared_lifetime),
        cmocka_unit_test(the_age_is_the_larger_of_two_readings),
        cmocka_unit_test(an_age_that_cannot_be_read_is_none),
        cmocka_unit_test(a_clock_that_went_back_while_it_was_fetched_adds_nothing),
        cmocka_unit_test(what_validates_is_remembered),
        cmocka_unit_test(a_304_makes_fresh_by_its_own_date_and_age),
        cmocka_unit_test(a_304_may_forbid_to_keep_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
