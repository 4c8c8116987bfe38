#include "cache/cache_policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "support/field_lines.h"

#define CAME_MS UINT64_C(1750000000000)

/* Fresh for 100 s; 20 s more while it is fetched anew; 1000 s more if that fails. */
static const struct cache_facts entry = {
    .response_wall_ms = CAME_MS,
    .lifetime_s = 100,
    .stale_while_s = 20,
    .stale_if_error_s = 1000,
    .status = 200,
};

/* One question; what is left out: no directives, no tags written, not hot, no cap. */
struct question {
    const struct cache_facts *facts; /* NULL: entry */
    const char *request;             /* lines of fields */
    enum tag_state tags;
    bool is_hot, has_cap;
    uint32_t cap_s;
    int64_t after_ms; /* since it came */
};

static struct reuse_answer answer_to(const struct question *q)
{
    struct field_lines lines;
    struct cache_control control;
    cache_policy_read_request(field_lines_read(&lines, span_of(q->request)), &control);
    return cache_policy_reuse(q->facts ? q->facts : &entry, &control, q->tags, q->is_hot,
                              q->has_cap ? q->cap_s : UINT32_MAX,
                              (uint64_t)((int64_t)CAME_MS + q->after_ms));
}

struct row {
    struct question question;
    enum reuse reuse;
    bool may_serve_on_error, caller_wants_it;
};

static void assert_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct reuse_answer answer = answer_to(&rows[i].question);
        if (answer.reuse != rows[i].reuse ||
            answer.may_serve_on_error != rows[i].may_serve_on_error ||
            answer.caller_wants_it != rows[i].caller_wants_it)
            fail_msg("row %zu: %d, on error %d, caller %d", i, (int)answer.reuse,
                     answer.may_serve_on_error, answer.caller_wants_it);
    }
}

#define ASSERT_ROWS(rows) assert_rows(rows, COUNT_OF(rows))

/* --- Errors --- */

static void what_is_old_helps_offline_sooner_than_on_errors(void **state)
{
    (void)state;
    static const struct cache_facts offline = {.response_wall_ms = CAME_MS,
                                               .lifetime_s = 100,
                                               .stale_if_error_s = 1000,
                                               .flags = CACHE_STALE_OFFLINE};
    struct question question = {.facts = &offline, .after_ms = 1099000};
    struct reuse_answer answer = answer_to(&question);
    assert_true(answer.may_serve_offline);
    assert_false(answer.may_serve_on_error);
    question.request = "Cache-Control: stale-if-error=2000";
    answer = answer_to(&question);
    assert_true(answer.may_serve_offline && answer.may_serve_on_error);
    question = (struct question){.facts = &offline, .after_ms = 1100000};
    assert_false(answer_to(&question).may_serve_offline);
    question = (struct question){.after_ms = 1099000};
    answer = answer_to(&question);
    assert_true(answer.may_serve_offline && answer.may_serve_on_error);
}

/* --- Age --- */

/* RFC 9111 §4.2: response_is_fresh = (freshness_lifetime > current_age); §4.2.3 */
static void it_is_fresh_until_its_age_is_its_lifetime(void **state)
{
    (void)state;
    static const struct cache_facts aged = {
        .response_wall_ms = CAME_MS, .lifetime_s = 100, .initial_age_s = 40};
    static const struct row rows[] = {
        {{.after_ms = 0}, REUSE_FRESH, false, false},
        {{.after_ms = 99999}, REUSE_FRESH, false, false},
        {{.after_ms = 100000}, REUSE_STALE, false, false},
        {{.facts = &aged, .after_ms = 59999}, REUSE_FRESH, false, false},
        {{.facts = &aged, .after_ms = 60000}, REUSE_VALIDATE, false, false},
    };
    ASSERT_ROWS(rows);
}

static void age_and_ttl_are_told(void **state)
{
    (void)state;
    struct reuse_answer answer = answer_to(&(struct question){.after_ms = 30500});
    assert_int_equal(answer.age_s, 30);
    assert_int_equal(answer.ttl_s, 70);
    answer = answer_to(&(struct question){.after_ms = 5000000});
    assert_int_equal(answer.age_s, 5000);
    assert_int_equal(answer.ttl_s, -4900);
}

static void a_clock_that_went_back_makes_no_negative_age(void **state)
{
    (void)state;
    struct reuse_answer answer = answer_to(&(struct question){.after_ms = -60000});
    assert_int_equal(answer.age_s, 0);
    assert_int_equal(answer.ttl_s, 100);
    assert_int_equal(answer.reuse, REUSE_FRESH);
}

/* Else an entry of an instance whose clock is a year ahead would be fresh for a year. */
static void what_came_far_in_the_future_is_as_old_as_can_be(void **state)
{
    (void)state;
    static const struct cache_facts impossible = {.response_wall_ms = UINT64_MAX,
                                                  .lifetime_s = DELTA_SECONDS_MAX,
                                                  .initial_age_s = DELTA_SECONDS_MAX};
    static const struct row rows[] = {
        {{.after_ms = -60001}, REUSE_VALIDATE, false, false},
        {{.after_ms = -(int64_t)CAME_MS}, REUSE_VALIDATE, false, false},
        {{.facts = &impossible}, REUSE_VALIDATE, false, false},
    };
    ASSERT_ROWS(rows);
    struct reuse_answer answer = answer_to(&(struct question){.after_ms = -60001});
    assert_int_equal(answer.age_s, DELTA_SECONDS_MAX);
    assert_int_equal(answer.ttl_s, 100 - (int64_t)DELTA_SECONDS_MAX);
}

static void the_largest_numbers_do_not_overflow(void **state)
{
    (void)state;
    static const struct cache_facts largest = {.lifetime_s = UINT32_MAX,
                                               .initial_age_s = UINT32_MAX,
                                               .stale_while_s = UINT32_MAX,
                                               .stale_if_error_s = UINT32_MAX};
    const struct cache_control none = {.is_present = false};
    for (uint32_t cap_s = UINT32_MAX; cap_s >= UINT32_MAX - 1; cap_s--) {
        struct reuse_answer answer =
            cache_policy_reuse(&largest, &none, TAGS_OLDER, true, cap_s, UINT64_MAX);
        assert_int_equal(answer.age_s, DELTA_SECONDS_MAX);
    }
}

/* --- Staleness --- */

/* RFC 5861 §3 */
static void it_may_be_stale_while_it_is_fetched_anew(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {{.after_ms = 119999}, REUSE_STALE, false, false},
        {{.after_ms = 120000}, REUSE_VALIDATE, true, false},
    };
    ASSERT_ROWS(rows);
}

/* RFC 5861 §4 */
static void it_may_be_stale_when_the_upstream_fails(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {{.after_ms = 1099999}, REUSE_VALIDATE, true, false},
        {{.after_ms = 1100000}, REUSE_VALIDATE, false, false},
    };
    ASSERT_ROWS(rows);
}

/* RFC 5861 §4: also a request directive; it goes before the response's. */
static void the_caller_may_say_how_stale_on_error(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {{.after_ms = 2000000, .request = "Cache-Control: stale-if-error=1901"},
         REUSE_VALIDATE,
         true,
         false},
        {{.after_ms = 2000000, .request = "Cache-Control: stale-if-error=1900"},
         REUSE_VALIDATE,
         false,
         false},
        {{.after_ms = 200000, .request = "Cache-Control: stale-if-error=0"},
         REUSE_VALIDATE,
         false,
         false},
    };
    ASSERT_ROWS(rows);
}

/* RFC 9111 §4.2.4, §5.2.2.2: not even for a caller who would take it. */
static void who_must_revalidate_is_never_given_stale(void **state)
{
    (void)state;
    static const struct cache_facts strict = {
        .response_wall_ms = CAME_MS, .lifetime_s = 100, .flags = CACHE_MUST_REVALIDATE};
    static const struct row rows[] = {
        {{.facts = &strict, .after_ms = 99999}, REUSE_FRESH, false, false},
        {{.facts = &strict, .after_ms = 100000}, REUSE_VALIDATE, false, false},
        {{.facts = &strict, .after_ms = 100000, .request = "Cache-Control: max-stale"},
         REUSE_VALIDATE,
         false,
         false},
        {{.facts = &strict, .after_ms = 100000, .request = "Cache-Control: stale-if-error=99"},
         REUSE_VALIDATE,
         false,
         false},
        {{.facts = &strict,
          .tags = TAGS_SOFTLY_PURGED,
          .request = "Cache-Control: stale-if-error=99"},
         REUSE_VALIDATE,
         false,
         false},
    };
    ASSERT_ROWS(rows);
}

/* RFC 9111 §5.2.2.4: "MUST NOT be used … without forwarding it for validation and receiving a
 * successful response". */
static void no_cache_is_asked_for_each_time(void **state)
{
    (void)state;
    static const struct cache_facts strict = {
        .response_wall_ms = CAME_MS, .lifetime_s = 100, .flags = CACHE_NO_CACHE};
    static const struct row rows[] = {
        {{.facts = &strict}, REUSE_VALIDATE, false, false},
        {{.facts = &strict, .request = "Cache-Control: max-stale"}, REUSE_VALIDATE, false, false},
        {{.facts = &strict, .request = "Cache-Control: stale-if-error=99"},
         REUSE_VALIDATE,
         false,
         false},
    };
    ASSERT_ROWS(rows);
}

/* --- The request's directives --- */

/* RFC 9111 §5.2.1.4, §5.4 */
static void a_caller_may_force_a_look(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {{.request = "Cache-Control: no-cache"}, REUSE_VALIDATE, false, true},
        {{.request = "Pragma: no-cache"}, REUSE_VALIDATE, false, true},
        {{.request = "Pragma: x, No-Cache"}, REUSE_VALIDATE, false, true},
        {{.request = "Pragma: no-cache\nCache-Control: max-age=5"}, REUSE_FRESH, false, false},
        {{.request = "Pragma: no-cache\nCache-Control:"}, REUSE_VALIDATE, false, true},
        {{.request = "Pragma: no-cached"}, REUSE_FRESH, false, false},
        {{.request = "Cache-Control: no-cache", .after_ms = 110000}, REUSE_VALIDATE, false, false},
        {{.request = "Cache-Control: no-cache, stale-if-error=9"}, REUSE_VALIDATE, true, true},
        {{.request = "Cache-Control: no-store"}, REUSE_FRESH, false, false},
    };
    ASSERT_ROWS(rows);
}

/* RFC 9111 §5.2.1.1 */
static void a_caller_may_bound_the_age(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {{.after_ms = 10000, .request = "Cache-Control: max-age=10"}, REUSE_FRESH, false, false},
        {{.after_ms = 11000, .request = "Cache-Control: max-age=10"}, REUSE_VALIDATE, true, true},
        {{.after_ms = 0, .request = "Cache-Control: max-age=0"}, REUSE_FRESH, false, false},
        {{.after_ms = 1000, .request = "Cache-Control: max-age=x"}, REUSE_VALIDATE, true, true},
    };
    ASSERT_ROWS(rows);
}

/* RFC 9111 §5.2.1.1: "unless max-stale is also present, the client does not wish to receive a stale
 * response". */
static void max_age_alone_wants_nothing_stale(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {{.after_ms = 110000, .request = "Cache-Control: max-age=500"},
         REUSE_VALIDATE,
         true,
         false},
        {{.after_ms = 110000, .request = "Cache-Control: max-age=500, max-stale"},
         REUSE_STALE,
         false,
         false},
        {{.after_ms = 110000, .request = "Cache-Control: max-age=109, max-stale"},
         REUSE_VALIDATE,
         true,
         false},
    };
    ASSERT_ROWS(rows);
}

/* RFC 9111 §5.2.1.2 */
static void a_caller_may_take_what_is_stale(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {{.after_ms = 200000, .request = "Cache-Control: max-stale=100"},
         REUSE_STALE,
         false,
         false},
        {{.after_ms = 201000, .request = "Cache-Control: max-stale=100"},
         REUSE_VALIDATE,
         true,
         false},
        {{.after_ms = 9000000, .request = "Cache-Control: max-stale"}, REUSE_STALE, false, false},
        {{.after_ms = 115000, .request = "Cache-Control: max-stale=10"},
         REUSE_VALIDATE,
         true,
         false},
        {{.after_ms = 5000, .request = "Cache-Control: max-stale=10"}, REUSE_FRESH, false, false},
    };
    ASSERT_ROWS(rows);
}

/* RFC 9111 §5.2.1.3 */
static void a_caller_may_want_it_fresh_for_a_while(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {{.after_ms = 50000, .request = "Cache-Control: min-fresh=50"}, REUSE_FRESH, false, false},
        {{.after_ms = 50000, .request = "Cache-Control: min-fresh=51"}, REUSE_VALIDATE, true, true},
        {{.after_ms = 110000, .request = "Cache-Control: min-fresh=1"},
         REUSE_VALIDATE,
         true,
         false},
        {{.after_ms = 110000, .request = "Cache-Control: min-fresh=1, max-stale"},
         REUSE_VALIDATE,
         true,
         false},
    };
    ASSERT_ROWS(rows);
}

/* --- Early --- */

static void what_is_asked_for_often_is_fetched_anew_before_its_end(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {{.is_hot = true, .after_ms = 89999}, REUSE_FRESH, false, false},
        {{.is_hot = true, .after_ms = 90000}, REUSE_EARLY, false, false},
        {{.is_hot = false, .after_ms = 90000}, REUSE_FRESH, false, false},
        {{.is_hot = true, .after_ms = 99999}, REUSE_EARLY, false, false},
        {{.is_hot = true, .after_ms = 100000}, REUSE_STALE, false, false},
    };
    ASSERT_ROWS(rows);
}

static void the_last_second_is_early_but_not_the_first(void **state)
{
    (void)state;
    static const struct cache_facts second = {.response_wall_ms = CAME_MS, .lifetime_s = 1};
    static const struct cache_facts two = {.response_wall_ms = CAME_MS, .lifetime_s = 2};
    static const struct row rows[] = {
        {{.facts = &second, .is_hot = true, .after_ms = 999}, REUSE_FRESH, false, false},
        {{.facts = &two, .is_hot = true, .after_ms = 999}, REUSE_FRESH, false, false},
        {{.facts = &two, .is_hot = true, .after_ms = 1000}, REUSE_EARLY, false, false},
    };
    ASSERT_ROWS(rows);
}

/* The tenth is of the time that it is fresh here, however old it was when it came. */
static void the_age_that_it_brought_makes_nothing_early(void **state)
{
    (void)state;
    static const struct cache_facts aged = {
        .response_wall_ms = CAME_MS, .lifetime_s = 1000, .initial_age_s = 900};
    static const struct row rows[] = {
        {{.facts = &aged, .is_hot = true, .after_ms = 89999}, REUSE_FRESH, false, false},
        {{.facts = &aged, .is_hot = true, .after_ms = 90000}, REUSE_EARLY, false, false},
    };
    ASSERT_ROWS(rows);
}

/* RFC 8246 §2: no conditional request "during the response's freshness lifetime (e.g., upon a
 * reload) unless explicitly overridden by the user (e.g., a force reload)"; stale: as any other. */
static void what_is_immutable_is_not_asked_about_while_fresh(void **state)
{
    (void)state;
    static const struct cache_facts fixed = {
        .response_wall_ms = CAME_MS, .lifetime_s = 100, .flags = CACHE_IMMUTABLE};
    static const struct row rows[] = {
        {{.facts = &fixed, .is_hot = true, .after_ms = 95000}, REUSE_FRESH, false, false},
        {{.facts = &fixed, .request = "Cache-Control: max-age=0", .after_ms = 50000},
         REUSE_FRESH,
         false,
         false},
        {{.facts = &fixed, .request = "Cache-Control: no-cache", .after_ms = 50000},
         REUSE_VALIDATE,
         false,
         true},
        {{.facts = &fixed, .request = "Cache-Control: max-age=0", .after_ms = 100000},
         REUSE_VALIDATE,
         false,
         false},
        {{.facts = &fixed, .tags = TAGS_WRITTEN}, REUSE_VALIDATE, false, false},
    };
    ASSERT_ROWS(rows);
}

/* --- Writes and purges --- */

static void after_a_write_it_is_asked_for_and_never_given_old(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {{.tags = TAGS_WRITTEN}, REUSE_VALIDATE, false, false},
        {{.tags = TAGS_WRITTEN, .after_ms = 110000}, REUSE_VALIDATE, false, false},
        {{.tags = TAGS_WRITTEN, .request = "Cache-Control: max-stale, stale-if-error=999"},
         REUSE_VALIDATE,
         false,
         false},
    };
    ASSERT_ROWS(rows);
    assert_int_equal(answer_to(&(struct question){.tags = TAGS_WRITTEN}).ttl_s, 0);
}

static void after_a_soft_purge_it_serves_when_the_upstream_fails(void **state)
{
    (void)state;
    static const struct cache_facts unforgiving = {.response_wall_ms = CAME_MS, .lifetime_s = 100};
    static const struct row rows[] = {
        {{.tags = TAGS_SOFTLY_PURGED}, REUSE_VALIDATE, true, false},
        {{.tags = TAGS_SOFTLY_PURGED, .after_ms = 110000}, REUSE_VALIDATE, true, false},
        {{.tags = TAGS_SOFTLY_PURGED, .after_ms = 1100000}, REUSE_VALIDATE, false, false},
        {{.tags = TAGS_SOFTLY_PURGED, .request = "Cache-Control: max-stale"},
         REUSE_VALIDATE,
         true,
         false},
        {{.tags = TAGS_SOFTLY_PURGED, .facts = &unforgiving}, REUSE_VALIDATE, false, false},
    };
    ASSERT_ROWS(rows);
    assert_int_equal(answer_to(&(struct question){.tags = TAGS_SOFTLY_PURGED}).ttl_s, 0);
}

/* Product §6: while writes elsewhere cannot be heard of. */
static void a_cap_ends_freshness_and_staleness(void **state)
{
    (void)state;
    static const struct cache_facts aged = {
        .response_wall_ms = CAME_MS, .lifetime_s = 100, .initial_age_s = 40, .stale_if_error_s = 9};
    static const struct row rows[] = {
        {{.has_cap = true, .cap_s = 5, .after_ms = 4999}, REUSE_FRESH, false, false},
        {{.has_cap = true, .cap_s = 5, .after_ms = 5000}, REUSE_VALIDATE, false, false},
        {{.has_cap = true, .cap_s = 0, .after_ms = 0}, REUSE_VALIDATE, false, false},
        {{.has_cap = true, .cap_s = 5, .after_ms = 5000, .request = "Cache-Control: max-stale"},
         REUSE_VALIDATE,
         false,
         false},
        {{.has_cap = true,
          .cap_s = 5,
          .after_ms = 5000,
          .request = "Cache-Control: stale-if-error=99"},
         REUSE_VALIDATE,
         false,
         false},
        {{.has_cap = true, .cap_s = 500, .after_ms = 110000}, REUSE_STALE, false, false},
        {{.has_cap = true, .cap_s = 5, .facts = &aged, .after_ms = 4999},
         REUSE_FRESH,
         false,
         false},
        {{.has_cap = true, .cap_s = 5, .facts = &aged, .after_ms = 5000},
         REUSE_VALIDATE,
         false,
         false},
    };
    ASSERT_ROWS(rows);
    assert_int_equal(
        answer_to(&(struct question){.has_cap = true, .cap_s = 5, .after_ms = 2000}).ttl_s, 3);
}

/* --- Failures --- */

/* RFC 5861 §4: 500, 502, 503, 504; product §6: and 429. */
static void these_answers_are_failures(void **state)
{
    (void)state;
    static const uint16_t failures[] = {429, 500, 502, 503, 504};
    unsigned count = 0;
    for (unsigned status = 100; status < 600; status++)
        count += cache_policy_is_failure(status);
    for (size_t i = 0; i < COUNT_OF(failures); i++)
        assert_true(cache_policy_is_failure(failures[i]));
    assert_int_equal(count, COUNT_OF(failures));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_old_helps_offline_sooner_than_on_errors),
        cmocka_unit_test(it_is_fresh_until_its_age_is_its_lifetime),
        cmocka_unit_test(age_and_ttl_are_told),
        cmocka_unit_test(a_clock_that_went_back_makes_no_negative_age),
        cmocka_unit_test(what_came_far_in_the_future_is_as_old_as_can_be),
        cmocka_unit_test(the_largest_numbers_do_not_overflow),
        cmocka_unit_test(it_may_be_stale_while_it_is_fetched_anew),
        cmocka_unit_test(it_may_be_stale_when_the_upstream_fails),
        cmocka_unit_test(the_caller_may_say_how_stale_on_error),
        cmocka_unit_test(who_must_revalidate_is_never_given_stale),
        cmocka_unit_test(no_cache_is_asked_for_each_time),
        cmocka_unit_test(a_caller_may_force_a_look),
        cmocka_unit_test(a_caller_may_bound_the_age),
        cmocka_unit_test(max_age_alone_wants_nothing_stale),
        cmocka_unit_test(a_caller_may_take_what_is_stale),
        cmocka_unit_test(a_caller_may_want_it_fresh_for_a_while),
        cmocka_unit_test(what_is_asked_for_often_is_fetched_anew_before_its_end),
        cmocka_unit_test(the_last_second_is_early_but_not_the_first),
        cmocka_unit_test(the_age_that_it_brought_makes_nothing_early),
        cmocka_unit_test(what_is_immutable_is_not_asked_about_while_fresh),
        cmocka_unit_test(after_a_write_it_is_asked_for_and_never_given_old),
        cmocka_unit_test(after_a_soft_purge_it_serves_when_the_upstream_fails),
        cmocka_unit_test(a_cap_ends_freshness_and_staleness),
        cmocka_unit_test(these_answers_are_failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
