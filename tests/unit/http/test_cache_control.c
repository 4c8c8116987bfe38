#include "http/cache_control.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "support/field_lines.h"

static struct cache_control parse_lines(const char *lines)
{
    struct field_lines fields;
    struct cache_control control;
    cache_control_parse(field_lines_read(&fields, span_of(lines)), HEADER_CACHE_CONTROL, &control);
    return control;
}

/* One Cache-Control field with this value. */
static struct cache_control parse(const char *value)
{
    struct header room = {SPAN("cache-control"), span_of(value), HEADER_CACHE_CONTROL};
    struct header_list list = {.at = &room, .count = 1, .cap = 1};
    struct cache_control control;
    cache_control_parse(&list, HEADER_CACHE_CONTROL, &control);
    return control;
}

static bool parse_targeted_lines(const char *lines, struct cache_control *control)
{
    struct field_lines fields;
    return targeted_cache_control_parse(field_lines_read(&fields, span_of(lines)),
                                        SPAN("CDN-Cache-Control"), control);
}

static struct cache_control parse_targeted(const char *value)
{
    struct header room = {SPAN("cdn-cache-control"), span_of(value), HEADER_CDN_CACHE_CONTROL};
    struct header_list list = {.at = &room, .count = 1, .cap = 1};
    struct cache_control control;
    assert_true(targeted_cache_control_parse(&list, SPAN("CDN-Cache-Control"), &control));
    return control;
}

static void assert_text(struct span actual, const char *expected)
{
    assert_int_equal(actual.len, strlen(expected));
    if (actual.len > 0)
        assert_memory_equal(actual.at, expected, actual.len);
}

static void assert_seconds(struct seconds actual, uint32_t expected)
{
    assert_true(actual.is_set);
    assert_int_equal(actual.seconds, expected);
}

/* RFC 9111 §5.2: names in any case */
static void every_directive_of_a_response_is_read(void **state)
{
    (void)state;
    struct cache_control control =
        parse("No-Store, no-cache, PRIVATE, public, must-revalidate, proxy-revalidate, "
              "must-understand, no-transform, immutable, Max-Age=1, s-maxage=2, "
              "stale-while-revalidate=3, stale-if-error=4");
    assert_true(control.no_store && control.no_cache && control.is_private && control.is_public);
    assert_true(control.must_revalidate && control.proxy_revalidate && control.must_understand);
    assert_true(control.no_transform && control.immutable && control.is_present);
    assert_seconds(control.max_age, 1);
    assert_seconds(control.s_maxage, 2);
    assert_seconds(control.stale_while_revalidate, 3);
    assert_seconds(control.stale_if_error, 4);
}

/* RFC 9111 §5.2.1 */
static void every_directive_of_a_request_is_read(void **state)
{
    (void)state;
    struct cache_control control =
        parse("max-age=0, max-stale=60, min-fresh=5, no-cache, no-store, no-transform, "
              "only-if-cached");
    assert_seconds(control.max_age, 0);
    assert_true(control.has_max_stale);
    assert_seconds(control.max_stale, 60);
    assert_seconds(control.min_fresh, 5);
    assert_true(control.no_cache && control.no_store && control.no_transform);
    assert_true(control.only_if_cached);
}

static void nothing_is_read_from_nothing(void **state)
{
    (void)state;
    static const char *const values[] = {"", ",", " , ,\t,"};
    const struct cache_control nothing = {0};
    for (size_t i = 0; i < COUNT_OF(values); i++) {
        struct cache_control control = parse(values[i]);
        assert_memory_equal(&control, &nothing, sizeof nothing);
    }
    struct cache_control control = parse_lines("Expires: 0\nPragma: no-cache");
    assert_memory_equal(&control, &nothing, sizeof nothing);
}

/* RFC 9111 §5.2.3: a cache MUST ignore unrecognized cache directives. */
static void unknown_directives_change_nothing_but_the_presence(void **state)
{
    (void)state;
    struct cache_control control = parse("community=\"UCI, no-store\", x, max-age2=5, nostore");
    assert_true(control.is_present);
    assert_false(control.no_store);
    assert_false(control.max_age.is_set);
}

/* RFC 9111 §5.2: recipients ought to accept both forms of an argument. */
static void arguments_are_tokens_or_quoted_strings(void **state)
{
    (void)state;
    assert_seconds(parse("max-age=10").max_age, 10);
    assert_seconds(parse("max-age=\"10\"").max_age, 10);
    assert_text(parse("private=set-cookie").private_fields, "set-cookie");
    assert_text(parse("private=\"set-cookie\"").private_fields, "set-cookie");
}

/* RFC 9111 §1.2.2 */
static void seconds_too_large_count_as_two_to_the_31(void **state)
{
    (void)state;
    assert_seconds(parse("max-age=2147483647").max_age, 2147483647);
    assert_seconds(parse("max-age=2147483648").max_age, DELTA_SECONDS_MAX);
    assert_seconds(parse("max-age=4294967296").max_age, DELTA_SECONDS_MAX);
    assert_seconds(parse("max-age=18446744073709551617").max_age, DELTA_SECONDS_MAX);
    assert_seconds(parse("max-age=99999999999999999999999999999999999999").max_age,
                   DELTA_SECONDS_MAX);
    assert_seconds(parse("max-age=000000000000000000000000000000000007").max_age, 7);
    assert_seconds(parse("stale-if-error=99999999999").stale_if_error, DELTA_SECONDS_MAX);
}

/* RFC 9111 §4.2.1: invalid freshness information is encouraged to be taken for stale. */
static void lifetimes_that_cannot_be_read_are_zero(void **state)
{
    (void)state;
    static const char *const values[] = {
        "max-age",      "max-age=",        "max-age=abc",      "max-age=-1",      "max-age=+1",
        "max-age=1.5",  "max-age=10s",     "max-age=\"\"",     "max-age=\"abc\"", "max-age=\"10",
        "max-age=10\"", "max-age=\"10\"1", "max-age= 10",      "max-age =10",     "max-age = 10",
        "max-age=1 0",  "max-age=10;a",    "max-age:10",       "max-age=10 x",    "max-age=\" 10\"",
        "max-age='10'", "max-age=0x10",    "max-age=\"1\\0\"", "max-age==10",     "max-age=1e3",
    };
    for (size_t i = 0; i < COUNT_OF(values); i++)
        assert_seconds(parse(values[i]).max_age, 0);
    assert_seconds(parse("s-maxage=abc").s_maxage, 0);
}

static void graces_that_cannot_be_read_are_not_there(void **state)
{
    (void)state;
    assert_false(parse("stale-while-revalidate=abc").stale_while_revalidate.is_set);
    assert_false(parse("stale-while-revalidate").stale_while_revalidate.is_set);
    assert_false(parse("stale-if-error=-1").stale_if_error.is_set);
    assert_false(parse("min-fresh=x").min_fresh.is_set);
    assert_false(parse("max-stale=abc").has_max_stale);
    assert_false(parse("max-stale=").max_stale.is_set);
}

/* RFC 9111 §4.2.1: of values in conflict the most restrictive. */
static void the_most_restrictive_of_two_values_wins(void **state)
{
    (void)state;
    assert_seconds(parse("max-age=10, max-age=5").max_age, 5);
    assert_seconds(parse("max-age=5, max-age=10").max_age, 5);
    assert_seconds(parse("max-age=10, max-age=10").max_age, 10);
    assert_seconds(parse("max-age=10, max-age=x").max_age, 0);
    assert_seconds(parse("s-maxage=1, S-MAXAGE=2").s_maxage, 1);
    assert_seconds(parse("stale-if-error=9, stale-if-error=8").stale_if_error, 8);
    assert_seconds(parse("stale-if-error=9, stale-if-error=x").stale_if_error, 9);
    assert_seconds(parse("min-fresh=1, min-fresh=2").min_fresh, 2);
    assert_seconds(parse("max-stale=1, max-stale=2").max_stale, 1);
    assert_seconds(parse("max-stale, max-stale=2").max_stale, 2);
}

/* RFC 9111 §5.2.1.2: without a value the client takes a stale response of any age. */
static void max_stale_may_have_no_value(void **state)
{
    (void)state;
    struct cache_control control = parse("max-stale");
    assert_true(control.has_max_stale);
    assert_false(control.max_stale.is_set);
}

static void what_forbids_does_so_with_any_argument(void **state)
{
    (void)state;
    static const char *const values[] = {
        "no-store=1",         "no-store=\"a\"", "no-store=",       "no-store; a",
        "no-store max-age=5", "no-store\"",     "no-store=\"open", "x y, no-store"};
    for (size_t i = 0; i < COUNT_OF(values); i++)
        assert_true(parse(values[i]).no_store);
    assert_true(parse("must-revalidate=?0").must_revalidate);
    assert_true(parse("private; max-age=60").is_private);
}

static void what_allows_does_so_only_when_well_formed(void **state)
{
    (void)state;
    assert_false(parse("public=1").is_public);
    assert_false(parse("public;").is_public);
    assert_false(parse("immutable=\"yes\"").immutable);
    assert_false(parse("must-understand x").must_understand);
    assert_false(parse("only-if-cached=0").only_if_cached);
    assert_true(parse("public=1, public").is_public);
}

/* RFC 9111 §5.2.2.4, §5.2.2.7: the quoted form is about the listed fields only. */
static void a_list_of_fields_qualifies_private_and_no_cache(void **state)
{
    (void)state;
    struct cache_control control =
        parse("private=\"x-a, X-B\", no-cache=\"set-cookie\", max-age=5");
    assert_true(control.is_private && control.no_cache);
    assert_text(control.private_fields, "x-a, X-B");
    assert_text(control.no_cache_fields, "set-cookie");
    assert_seconds(control.max_age, 5);
}

static void a_list_that_cannot_be_kept_is_about_the_whole_response(void **state)
{
    (void)state;
    static const char *const values[] = {
        "private",
        "private=",
        "private=\"\"",
        "private=\" , \"",
        "private=\"a b\"",
        "private=\"a\\\"b\"",
        "private=\"a",
        "private=\"a\"b",
        "private = \"a\"",
        "private=\"a\", private",
        "private, private=\"a\"",
        "private=\"a\", private=\"b\"",
        "private=\"a\", private=\"b\", private=\"b\"",
        "private=\"a@b\"",
    };
    for (size_t i = 0; i < COUNT_OF(values); i++) {
        struct cache_control control = parse(values[i]);
        assert_true(control.is_private);
        assert_int_equal(control.private_fields.len, 0);
    }
    assert_text(parse("private=\"a\", private=\"a\"").private_fields, "a");
}

/* RFC 9110 §5.6.4 */
static void commas_in_quotes_separate_nothing(void **state)
{
    (void)state;
    assert_false(parse("x=\"a, no-store\"").no_store);
    assert_false(parse("x=\"\\\", no-store\"").no_store);
    assert_false(parse("x=\"\\\\\\\", no-store, \"").no_store);
    assert_true(parse("x=\"a\\\\\", no-store").no_store);
    assert_true(parse("x=\"a\", no-store, y=\"b\"").no_store);
}

/* Where it is unclear what is quoted, what forbids is heard. */
static void a_quote_that_nothing_closes_hides_nothing(void **state)
{
    (void)state;
    assert_true(parse("x=\"a, no-store").no_store);
    assert_true(parse("x=\"a\", y=\", no-store").no_store);
    assert_true(parse("x=\"\\\", no-store, y").no_store);
    assert_true(parse("x=\"\\\",\\\",\\\", no-store\\").no_store);
}

/* RFC 9110 §5.3 */
static void fields_of_several_lines_are_one(void **state)
{
    (void)state;
    struct cache_control control =
        parse_lines("Cache-Control: max-age=10\nVary: a\ncache-control: public,\n"
                    "CACHE-CONTROL:\nCache-Control: max-age=9");
    assert_true(control.is_public);
    assert_seconds(control.max_age, 9);
    control = parse_lines("Cache-Control: x=\"a\nCache-Control: no-store\nCache-Control: b\"");
    assert_true(control.no_store);
}

static void many_open_quotes_take_linear_time(void **state)
{
    (void)state;
    enum { PAIRS = 1 << 20 };
    char *text = xmalloc(3 * PAIRS + 3);
    memcpy(text, "x=\"", 3);
    for (size_t i = 0; i < PAIRS; i++)
        memcpy(text + 3 + 3 * i, "\\\",", 3);
    struct header room = {SPAN("cache-control"), {text, 3 * PAIRS + 3}, HEADER_CACHE_CONTROL};
    struct header_list list = {.at = &room, .count = 1, .cap = 1};
    struct cache_control control;
    cache_control_parse(&list, HEADER_CACHE_CONTROL, &control);
    assert_true(control.is_present);
    free(text);
}

/* RFC 9213 §2.1 */
static void a_targeted_field_is_a_dictionary(void **state)
{
    (void)state;
    struct cache_control control = parse_targeted(
        "max-age=60, s-maxage=61;x=1, stale-if-error=62, stale-while-revalidate=63, no-store, "
        "no-cache=\"a, b\", private, public, must-revalidate, immutable, must-understand=?1, "
        "unknown=(a b)");
    assert_seconds(control.max_age, 60);
    assert_seconds(control.s_maxage, 61);
    assert_seconds(control.stale_if_error, 62);
    assert_seconds(control.stale_while_revalidate, 63);
    assert_true(control.no_store && control.no_cache && control.is_private && control.is_public);
    assert_true(control.must_revalidate && control.immutable && control.must_understand);
    assert_text(control.no_cache_fields, "a, b");
    assert_int_equal(control.private_fields.len, 0);
}

/* RFC 9213 §2.1: empty or in error, the field MUST be ignored as if it were not present. */
static void a_targeted_field_that_is_empty_or_broken_is_not_there(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "",
        "Cache-Control: max-age=5",
        "CDN-Cache-Control:",
        "CDN-Cache-Control: ,",
        "CDN-Cache-Control: max-age=5,",
        "CDN-Cache-Control: max-age=5, &",
        "CDN-Cache-Control: Max-Age=5",
        "CDN-Cache-Control: max-age =5",
        "CDN-Cache-Control: max-age=5 no-store",
        "CDN-Cache-Control: max-age=",
        "CDN-Cache-Control: max-age=5;",
        "CDN-Cache-Control: no-store, max-age=9999999999999999",
        "CDN-Cache-Control: no-store\nCDN-Cache-Control:",
        "CDN-Cache-Control: no-store\nCDN-Cache-Control: \"",
        "CDN-Cache-Control: a=\"x\nCDN-Cache-Control: y\"",
    };
    const struct cache_control nothing = {0};
    for (size_t i = 0; i < COUNT_OF(lines); i++) {
        struct cache_control control;
        assert_false(parse_targeted_lines(lines[i], &control));
        assert_memory_equal(&control, &nothing, sizeof nothing);
    }
}

static void lines_of_a_targeted_field_are_one_dictionary(void **state)
{
    (void)state;
    struct cache_control control;
    assert_true(parse_targeted_lines("CDN-Cache-Control: max-age=5\n"
                                     "Cache-Control: no-store\n"
                                     "cdn-cache-control: public",
                                     &control));
    assert_seconds(control.max_age, 5);
    assert_true(control.is_public);
    assert_false(control.no_store);
}

/* RFC 9213 §2.1: values of other types SHOULD NOT be consumed; here they make nothing fresher. */
static void targeted_values_of_other_types_allow_nothing(void **state)
{
    (void)state;
    static const char *const lifetimes[] = {"max-age=\"60\"", "max-age=1.5",   "max-age=abc",
                                            "max-age=-1",     "max-age",       "max-age=(60)",
                                            "max-age=?1",     "max-age=:AA==:"};
    for (size_t i = 0; i < COUNT_OF(lifetimes); i++)
        assert_seconds(parse_targeted(lifetimes[i]).max_age, 0);
    assert_false(parse_targeted("stale-if-error=\"60\"").stale_if_error.is_set);
    assert_false(parse_targeted("public=1").is_public);
    assert_false(parse_targeted("immutable=yes").immutable);
    assert_true(parse_targeted("no-store=1").no_store);
    assert_true(parse_targeted("private=a").is_private);
    assert_int_equal(parse_targeted("private=a").private_fields.len, 0);
}

/* RFC 8941 §3.3.6 */
static void a_targeted_flag_may_be_false(void **state)
{
    (void)state;
    struct cache_control control = parse_targeted("no-store=?0, public=?0, private=?0");
    assert_true(control.is_present);
    assert_false(control.no_store || control.is_public || control.is_private);
    assert_false(parse_targeted("max-age=?0").max_age.is_set);
}

/* RFC 8941 §4.2.2: a key that comes again replaces what it had. */
static void the_last_member_of_a_dictionary_counts(void **state)
{
    (void)state;
    assert_seconds(parse_targeted("max-age=5, max-age=10").max_age, 10);
    assert_seconds(parse_targeted("max-age=10, max-age=\"x\"").max_age, 0);
    assert_seconds(parse_targeted("max-age=\"x\", max-age=10").max_age, 10);
    assert_false(parse_targeted("stale-if-error=5, stale-if-error=x").stale_if_error.is_set);
    assert_false(parse_targeted("no-store, no-store=?0").no_store);
    assert_text(parse_targeted("private, private=\"a\"").private_fields, "a");
    assert_int_equal(parse_targeted("private=\"a\", private").private_fields.len, 0);
    assert_seconds(parse_targeted("max-age=999999999999999").max_age, DELTA_SECONDS_MAX);
}

static void targeted_fields_hold_no_directives_of_requests(void **state)
{
    (void)state;
    struct cache_control control = parse_targeted("max-stale, min-fresh=5, only-if-cached");
    assert_true(control.is_present);
    assert_false(control.has_max_stale || control.only_if_cached || control.min_fresh.is_set);
}

/* RFC 9111 §5.1 */
static void an_age_is_its_first_member_or_ignored(void **state)
{
    (void)state;
    struct field_lines fields;
    assert_seconds(age_parse(field_lines_read(&fields, SPAN("Age: 10"))), 10);
    assert_seconds(age_parse(field_lines_read(&fields, SPAN("Age: 10, 20"))), 10);
    assert_seconds(age_parse(field_lines_read(&fields, SPAN("Age: 10\nAge: 20"))), 10);
    assert_seconds(age_parse(field_lines_read(&fields, SPAN("Age: 0"))), 0);
    assert_seconds(age_parse(field_lines_read(&fields, SPAN("Age: 99999999999"))),
                   DELTA_SECONDS_MAX);
    static const char *const invalid[] = {"",          "Age:",       "Age: -1", "Age: 1.5",
                                          "Age: x",    "Age: x, 10", "Age: ,",  "Age: \"10\"",
                                          "Age: 10;a", "Age: 1 0"};
    for (size_t i = 0; i < COUNT_OF(invalid); i++)
        assert_false(age_parse(field_lines_read(&fields, span_of(invalid[i]))).is_set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_directive_of_a_response_is_read),
        cmocka_unit_test(every_directive_of_a_request_is_read),
        cmocka_unit_test(nothing_is_read_from_nothing),
        cmocka_unit_test(unknown_directives_change_nothing_but_the_presence),
        cmocka_unit_test(arguments_are_tokens_or_quoted_strings),
        cmocka_unit_test(seconds_too_large_count_as_two_to_the_31),
        cmocka_unit_test(lifetimes_that_cannot_be_read_are_zero),
        cmocka_unit_test(graces_that_cannot_be_read_are_not_there),
        cmocka_unit_test(the_most_restrictive_of_two_values_wins),
        cmocka_unit_test(max_stale_may_have_no_value),
        cmocka_unit_test(what_forbids_does_so_with_any_argument),
        cmocka_unit_test(what_allows_does_so_only_when_well_formed),
        cmocka_unit_test(a_list_of_fields_qualifies_private_and_no_cache),
        cmocka_unit_test(a_list_that_cannot_be_kept_is_about_the_whole_response),
        cmocka_unit_test(commas_in_quotes_separate_nothing),
        cmocka_unit_test(a_quote_that_nothing_closes_hides_nothing),
        cmocka_unit_test(fields_of_several_lines_are_one),
        cmocka_unit_test(many_open_quotes_take_linear_time),
        cmocka_unit_test(a_targeted_field_is_a_dictionary),
        cmocka_unit_test(a_targeted_field_that_is_empty_or_broken_is_not_there),
        cmocka_unit_test(lines_of_a_targeted_field_are_one_dictionary),
        cmocka_unit_test(targeted_values_of_other_types_allow_nothing),
        cmocka_unit_test(a_targeted_flag_may_be_false),
        cmocka_unit_test(the_last_member_of_a_dictionary_counts),
        cmocka_unit_test(targeted_fields_hold_no_directives_of_requests),
        cmocka_unit_test(an_age_is_its_first_member_or_ignored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
