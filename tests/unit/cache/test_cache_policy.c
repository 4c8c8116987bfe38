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

#define FRESH "Cache-Control: max-age=60\n"

struct row {
    struct policy_case response;
    enum store_refusal expected;
};

static void assert_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct cache_facts facts;
        enum store_refusal refusal = policy_case_store(&rows[i].response, &facts);
        if (refusal != rows[i].expected)
            fail_msg("row %zu: %s, not %s", i, store_refusal_text(refusal),
                     store_refusal_text(rows[i].expected));
    }
}

#define ASSERT_ROWS(rows) assert_rows(rows, COUNT_OF(rows))

/* RFC 9111 §3: "the request method is understood by the cache". */
static void only_answers_to_get_are_stored(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {{.method = METHOD_GET, .response = FRESH}, STORE_OK},
        {{.method = METHOD_HEAD, .response = FRESH}, STORE_METHOD},
        {{.method = METHOD_POST, .response = FRESH}, STORE_METHOD},
        {{.method = METHOD_PUT, .response = FRESH, .rule = FORCE}, STORE_METHOD},
        {{.method = METHOD_OPTIONS, .response = FRESH}, STORE_METHOD},
    };
    ASSERT_ROWS(rows);
}

/* RFC 9111 §3: "the response status code is final"; "if the response status code is 206 or 304 …". In
 * a 200 Content-Range has no meaning (RFC 9110 §14.4). */
static void what_is_not_final_or_not_whole_is_never_stored(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {{.status = 100, .response = FRESH}, STORE_STATUS},
        {{.status = 199, .response = FRESH}, STORE_STATUS},
        {{.status = 304, .response = FRESH}, STORE_STATUS},
        {{.status = 206, .response = FRESH}, STORE_PARTIAL},
        {{.status = 206, .response = FRESH, .rule = FORCE}, STORE_PARTIAL},
        {{.status = 200, .response = FRESH "Content-Range: bytes 0-1/2"}, STORE_OK},
        {{.status = 600, .response = FRESH}, STORE_STATUS},
        {{.status = 999, .response = FRESH}, STORE_STATUS},
    };
    ASSERT_ROWS(rows);
}

/* RFC 6585 §3 to §6: "MUST NOT be stored by a cache"; the others answer fields of one request. */
static void answers_to_one_request_alone_are_never_stored(void **state)
{
    (void)state;
    static const uint16_t statuses[] = {412, 416, 421, 425, 428, 429, 431, 511};
    for (size_t i = 0; i < COUNT_OF(statuses); i++) {
        const struct row rows[] = {
            {{.status = statuses[i], .response = FRESH, .is_generic = true}, STORE_STATUS},
            {{.status = statuses[i], .response = FRESH, .rule = FORCE}, STORE_STATUS},
        };
        ASSERT_ROWS(rows);
    }
}

/* RFC 9111 §3: any final status, known or not, with a lifetime. */
static void what_declares_a_lifetime_is_stored_whatever_its_status(void **state)
{
    (void)state;
    static const uint16_t statuses[] = {200, 201, 203, 204, 299, 301, 302, 303, 307,
                                        308, 399, 401, 403, 404, 410, 418, 451};
    for (size_t i = 0; i < COUNT_OF(statuses); i++) {
        const struct row rows[] = {
            {{.status = statuses[i], .response = FRESH}, STORE_OK},
            {{.status = statuses[i], .response = "Cache-Control: s-maxage=60"}, STORE_OK},
            {{.status = statuses[i], .response = "CDN-Cache-Control: max-age=60"}, STORE_OK},
            {{.status = statuses[i], .response = "Expires: Sun, 15 Jun 2025 15:07:40 GMT"},
             STORE_OK},
            {{.status = statuses[i], .response = FRESH, .rule = DEFAULT}, STORE_OK},
        };
        ASSERT_ROWS(rows);
    }
}

/* RFC 9111 §3, §4.2.2; RFC 9110 §15.1. */
static void without_a_lifetime_only_heuristic_statuses_are_stored(void **state)
{
    (void)state;
#define OLD CASE_DATE "Last-Modified: Sat, 14 Jun 2025 15:06:40 GMT\nETag: \"a\"\n"
    static const uint16_t heuristic[] = {200, 203, 204, 300, 301, 308, 404, 405, 410, 414};
    static const uint16_t others[] = {201, 202, 205, 299, 302, 303, 307,
                                      400, 401, 403, 406, 409, 418};
    for (size_t i = 0; i < COUNT_OF(heuristic); i++)
        ASSERT_ROWS(((const struct row[]){{{.status = heuristic[i], .response = OLD}, STORE_OK}}));
    for (size_t i = 0; i < COUNT_OF(others); i++)
        ASSERT_ROWS(((const struct row[]){
            {{.status = others[i], .response = OLD}, STORE_STATUS},
            {{.status = others[i], .response = OLD "Cache-Control: public"}, STORE_OK},
        }));
#undef OLD
}

/* Product §6: 5xx are not stored; of any HTTP API they are when they say so themselves. */
static void errors_of_the_server_are_stored_only_when_any_api_says_so(void **state)
{
    (void)state;
    static const uint16_t statuses[] = {500, 501, 502, 503, 504, 599};
    for (size_t i = 0; i < COUNT_OF(statuses); i++) {
        unsigned status = statuses[i];
        const struct row rows[] = {
            {{.status = status, .response = FRESH, .is_generic = true}, STORE_OK},
            {{.status = status, .response = "ETag: \"a\"", .is_generic = true},
             status == 501 ? STORE_OK : STORE_STATUS}, /* RFC 9110 §15.1: heuristically */
            {{.status = status,
              .response = "Cache-Control: public\nETag: \"a\"",
              .is_generic = true},
             STORE_OK},
            {{.status = status, .response = FRESH, .rule = DEFAULT}, STORE_STATUS},
            {{.status = status, .response = FRESH, .rule = OPERATOR}, STORE_STATUS},
            {{.status = status, .response = FRESH, .rule = FORCE}, STORE_STATUS},
        };
        ASSERT_ROWS(rows);
    }
}

/* RFC 9111 §3: "the no-store cache directive is not present in the response"; §5.2.1.5 */
static void no_store_forbids(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {{.response = FRESH "Cache-Control: no-store"}, STORE_NO_STORE},
        {{.response = "Cache-Control: NO-STORE=1, max-age=5"}, STORE_NO_STORE},
        {{.response = "Cache-Control: no-store", .rule = DEFAULT}, STORE_NO_STORE},
        {{.response = "Cache-Control: no-store", .rule = OPERATOR}, STORE_NO_STORE},
        {{.response = "Cache-Control: no-store", .rule = FORCE}, STORE_OK},
        {{.request = "Cache-Control: no-store", .response = FRESH}, STORE_NO_STORE},
        {{.request = "Cache-Control: no-store", .response = FRESH, .rule = FORCE}, STORE_NO_STORE},
        {{.status = 403, .response = FRESH "Cache-Control: no-store", .rule = FORCE},
         STORE_NO_STORE},
    };
    ASSERT_ROWS(rows);
}

/* RFC 9111 §3: "if the cache is shared: the private response directive is either not present or …";
 * §5.2.2.7 */
static void private_forbids_unless_it_names_fields(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {{.response = FRESH "Cache-Control: private"}, STORE_PRIVATE},
        {{.response = FRESH "Cache-Control: public, private"}, STORE_PRIVATE},
        {{.response = FRESH "Cache-Control: private=\"x-a, x-b\""}, STORE_OK},
        {{.response = FRESH "Cache-Control: private=\"(\""}, STORE_PRIVATE},
        {{.response = "CDN-Cache-Control: max-age=60, private=\"x-a\""}, STORE_PRIVATE},
        {{.response = FRESH "Cache-Control: private=\"x-a\", private"}, STORE_PRIVATE},
        {{.response = "Cache-Control: private", .rule = DEFAULT}, STORE_PRIVATE},
        {{.response = "Cache-Control: private", .rule = OPERATOR}, STORE_PRIVATE},
        {{.response = "Cache-Control: private", .rule = FORCE}, STORE_OK},
        {{.status = 302, .response = FRESH "Cache-Control: private", .rule = FORCE}, STORE_PRIVATE},
    };
    ASSERT_ROWS(rows);
}

/* RFC 9111 §5.2.2.3: "SHOULD ignore the no-store directive if it understands and implements the
 * status code's caching requirements"; §3: else it MUST NOT be stored. */
static void must_understand_is_for_statuses_that_are_known(void **state)
{
    (void)state;
#define BOTH "Cache-Control: must-understand, no-store, max-age=60"
    static const struct row rows[] = {
        {{.status = 200, .response = BOTH}, STORE_OK},
        {{.status = 404, .response = BOTH}, STORE_OK},
        {{.status = 299, .response = BOTH}, STORE_NO_STORE},
        {{.status = 299, .response = FRESH "Cache-Control: must-understand"}, STORE_STATUS},
        {{.status = 299, .response = FRESH}, STORE_OK},
        {{.request = "Cache-Control: no-store", .response = BOTH}, STORE_NO_STORE},
        {{.response = BOTH "\nCache-Control: private"}, STORE_PRIVATE},
    };
#undef BOTH
    ASSERT_ROWS(rows);
}

/* RFC 9111 §3.5: "unless the response contains a Cache-Control field with a response directive that
 * allows it": must-revalidate, public, s-maxage. */
static void authorized_answers_need_leave(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {{.is_authorized = true, .response = FRESH}, STORE_AUTHORIZATION},
        {{.is_authorized = true, .response = "ETag: \"a\""}, STORE_AUTHORIZATION},
        {{.is_authorized = true, .response = "Cache-Control: max-age=60, public"}, STORE_OK},
        {{.is_authorized = true, .response = "Cache-Control: max-age=60, must-revalidate"},
         STORE_OK},
        {{.is_authorized = true, .response = "Cache-Control: s-maxage=60"}, STORE_OK},
        {{.is_authorized = true, .response = "Cache-Control: max-age=60, proxy-revalidate"},
         STORE_AUTHORIZATION},
        {{.is_authorized = true, .response = "Cache-Control: max-age=60, public=1"},
         STORE_AUTHORIZATION},
        {{.is_authorized = true,
          .response = "Cache-Control: public\nCDN-Cache-Control: max-age=60"},
         STORE_AUTHORIZATION},
        {{.is_authorized = true, .response = "CDN-Cache-Control: max-age=60, public"}, STORE_OK},
        {{.is_authorized = true, .response = "", .rule = DEFAULT}, STORE_AUTHORIZATION},
        {{.is_authorized = true, .response = FRESH, .rule = OPERATOR}, STORE_AUTHORIZATION},
        {{.is_authorized = true, .response = FRESH, .rule = FORCE}, STORE_AUTHORIZATION},
    };
    ASSERT_ROWS(rows);
}

/* RFC 9111 §4.1 */
static void what_never_matches_is_not_stored(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {{.response = FRESH "Vary: *"}, STORE_VARY_ANY},
        {{.response = FRESH "Vary: accept\nVary: accept-language, *"}, STORE_VARY_ANY},
        {{.response = FRESH "Vary: (", .rule = FORCE}, STORE_VARY_ANY},
        {{.response = FRESH "Vary: accept"}, STORE_OK},
        {{.response = FRESH "Vary: "}, STORE_OK},
    };
    ASSERT_ROWS(rows);
}

/* Product §6 */
static void answers_that_set_cookies_are_stored_only_when_any_api_says_so(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {{.response = FRESH "Set-Cookie: a=1"}, STORE_OK},
        {{.response = "ETag: \"a\"\nSet-Cookie: a=1"}, STORE_SET_COOKIE},
        {{.response = FRESH "Set-Cookie: a=1", .rule = DEFAULT}, STORE_SET_COOKIE},
        {{.response = FRESH "Set-Cookie: a=1", .rule = OPERATOR}, STORE_SET_COOKIE},
        {{.response = "Set-Cookie: a=1", .rule = FORCE}, STORE_SET_COOKIE},
    };
    ASSERT_ROWS(rows);
}

/* RFC 9111 §3 allows to store it; it would only take room. */
static void what_can_never_serve_is_not_stored(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {{.response = ""}, STORE_NO_LIFETIME},
        {{.response = CASE_DATE}, STORE_NO_LIFETIME},
        {{.response = "Cache-Control: max-age=0"}, STORE_NO_LIFETIME},
        {{.response = "Expires: 0"}, STORE_NO_LIFETIME},
        {{.response = "Cache-Control: max-age=60\nAge: 86460"}, STORE_NO_LIFETIME},
        {{.response = "Cache-Control: max-age=60, stale-if-error=0\nAge: 60"}, STORE_NO_LIFETIME},
        {{.response = "Cache-Control: max-age=60, no-cache"}, STORE_NO_LIFETIME},
        {{.response = "Cache-Control: no-cache", .rule = DEFAULT}, STORE_NO_LIFETIME},
        {{.response = "Last-Modified: yesterday"}, STORE_NO_LIFETIME},
        {{.response = "ETag:"}, STORE_NO_LIFETIME},
        {{.response = "", .rule = {.kind = CACHE_RULE_DEFAULT}}, STORE_NO_LIFETIME},
        {{.response = "ETag: \"a\""}, STORE_OK},
        {{.response = "ETag: W/\"a\"\nCache-Control: no-cache"}, STORE_OK},
        {{.response = "Last-Modified: Sat, 14 Jun 2025 15:06:40 GMT\nExpires: 0"}, STORE_OK},
        {{.response = "Cache-Control: max-age=60, stale-if-error=0\nAge: 59"}, STORE_OK},
        {{.response = "Cache-Control: max-age=60\nAge: 60"}, STORE_OK},
        {{.response = "Cache-Control: max-age=0, stale-if-error=60"}, STORE_OK},
        {{.response = "Cache-Control: max-age=0, stale-while-revalidate=60"}, STORE_OK},
        {{.response = "Cache-Control: max-age=0", .rule = DEFAULT}, STORE_OK},
    };
    ASSERT_ROWS(rows);
}

static void what_is_never_to_be_stored_is_not(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {{.response = FRESH, .rule = {CACHE_RULE_NEVER, 60, 60}}, STORE_RULE},
    };
    ASSERT_ROWS(rows);
}

/* Product §6: the table of lifetimes is for answers, not for errors and redirects. */
static void lifetimes_of_rules_are_for_what_was_found_or_is_gone(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {{.rule = DEFAULT, .status = 200}, STORE_OK},
        {{.rule = DEFAULT, .status = 404}, STORE_OK},
        {{.rule = DEFAULT, .status = 410}, STORE_OK},
        {{.rule = DEFAULT, .status = 203, .response = "ETag: \"a\""}, STORE_STATUS},
        {{.rule = DEFAULT, .status = 301}, STORE_STATUS},
        {{.rule = DEFAULT, .status = 400}, STORE_STATUS},
        {{.rule = DEFAULT, .status = 401}, STORE_STATUS},
        {{.rule = DEFAULT, .status = 403, .response = "Cache-Control: public"}, STORE_STATUS},
        {{.rule = FORCE, .status = 403}, STORE_STATUS},
        {{.rule = OPERATOR, .status = 302, .is_generic = true}, STORE_STATUS},
    };
    ASSERT_ROWS(rows);
}

static void a_refusal_leaves_the_facts_alone(void **state)
{
    (void)state;
    const struct policy_case response = {.response = FRESH "Cache-Control: no-store"};
    struct cache_facts facts, untouched = {0};
    assert_int_equal(policy_case_store(&response, &facts), STORE_NO_STORE);
    assert_memory_equal(&facts, &untouched, sizeof facts);
}

static void every_refusal_has_a_text_that_is_a_token(void **state)
{
    (void)state;
    assert_string_equal(store_refusal_text(STORE_OK), "");
    for (unsigned i = STORE_METHOD; i <= STORE_CUT; i++) {
        const char *text = store_refusal_text((enum store_refusal)i);
        assert_int_equal(strspn(text, "abcdefghijklmnopqrstuvwxyz-"), strlen(text));
        assert_true(strlen(text) > 0);
    }
}

/* RFC 9111 §4.4: "a non-error status code in response to an unsafe request method (including methods
 * whose safety is unknown)". */
static void writes_that_succeed_invalidate(void **state)
{
    (void)state;
    static const enum method unsafe[] = {METHOD_POST, METHOD_PUT, METHOD_PATCH, METHOD_DELETE,
                                         METHOD_OTHER};
    static const enum method safe[] = {METHOD_GET, METHOD_HEAD, METHOD_OPTIONS};
    for (size_t i = 0; i < COUNT_OF(unsafe); i++) {
        assert_true(cache_policy_invalidates(unsafe[i], 200));
        assert_true(cache_policy_invalidates(unsafe[i], 204));
        assert_true(cache_policy_invalidates(unsafe[i], 303));
        assert_false(cache_policy_invalidates(unsafe[i], 100));
        assert_false(cache_policy_invalidates(unsafe[i], 400));
        assert_false(cache_policy_invalidates(unsafe[i], 500));
    }
    for (size_t i = 0; i < COUNT_OF(safe); i++)
        assert_false(cache_policy_invalidates(safe[i], 200));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_answers_to_get_are_stored),
        cmocka_unit_test(what_is_not_final_or_not_whole_is_never_stored),
        cmocka_unit_test(answers_to_one_request_alone_are_never_stored),
        cmocka_unit_test(what_declares_a_lifetime_is_stored_whatever_its_status),
        cmocka_unit_test(without_a_lifetime_only_heuristic_statuses_are_stored),
        cmocka_unit_test(errors_of_the_server_are_stored_only_when_any_api_says_so),
        cmocka_unit_test(no_store_forbids),
        cmocka_unit_test(private_forbids_unless_it_names_fields),
        cmocka_unit_test(must_understand_is_for_statuses_that_are_known),
        cmocka_unit_test(authorized_answers_need_leave),
        cmocka_unit_test(what_never_matches_is_not_stored),
        cmocka_unit_test(answers_that_set_cookies_are_stored_only_when_any_api_says_so),
        cmocka_unit_test(what_can_never_serve_is_not_stored),
        cmocka_unit_test(what_is_never_to_be_stored_is_not),
        cmocka_unit_test(lifetimes_of_rules_are_for_what_was_found_or_is_gone),
        cmocka_unit_test(a_refusal_leaves_the_facts_alone),
        cmocka_unit_test(every_refusal_has_a_text_that_is_a_token),
        cmocka_unit_test(writes_that_succeed_invalidate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
