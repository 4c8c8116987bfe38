#include "http/entity_tag.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/text.h"

static void assert_text(struct span actual, const char *expected)
{
    assert_int_equal(actual.len, strlen(expected));
    assert_memory_equal(actual.at, expected, actual.len);
}

/* RFC 9110 §8.8.3 */
static void tags_are_quoted_and_perhaps_weak(void **state)
{
    (void)state;
    struct entity_tag tag;
    static const char *const strong[] = {"\"\"",
                                         "\"xyzzy\"",
                                         "\"a,b\"",
                                         "\"\\\"",
                                         "\"\xc3\xa9\"",
                                         "\"W/\"",
                                         "\"!#$%&'()*+-./:;<=>?@[]^_`{|}~\""};
    for (size_t i = 0; i < COUNT_OF(strong); i++) {
        assert_true(entity_tag_read(span_of(strong[i]), &tag));
        assert_false(tag.is_weak);
        assert_text(tag.opaque, strong[i]);
    }
    assert_true(entity_tag_read(SPAN("W/\"xyzzy\""), &tag));
    assert_true(tag.is_weak);
    assert_text(tag.opaque, "\"xyzzy\"");
}

static void everything_else_is_no_tag(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",         "xyzzy",   "\"",           "\"a",       "a\"",     "\"a\"b",
        "\"a\" ",   " \"a\"",  "w/\"a\"",      "W\"a\"",    "W/",      "W/a",
        "W/ \"a\"", "\"a b\"", "\"a\tb\"",     "'a'",       "\"a\"\"", "\"\x7f\"",
        "\"\x01\"", "*",       "\"a\", \"b\"", "W/W/\"a\"", "/\"a\"",  "\"a\\\"b\"",
    };
    struct entity_tag tag;
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        assert_false(entity_tag_read(span_of(texts[i]), &tag));
    assert_false(entity_tag_read(SPAN("\"a\0\""), &tag));
    assert_false(entity_tag_read((struct span){NULL, 0}, &tag));
}

/* The table of RFC 9110 §8.8.3.2. */
static void strong_comparison_wants_two_strong_tags(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        bool is_strong, is_weak;
    } rows[] = {
        {"W/\"1\"", "W/\"1\"", false, true}, {"W/\"1\"", "W/\"2\"", false, false},
        {"W/\"1\"", "\"1\"", false, true},   {"\"1\"", "\"1\"", true, true},
        {"\"a\"", "\"A\"", false, false},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct entity_tag a, b;
        assert_true(entity_tag_read(span_of(rows[i].a), &a));
        assert_true(entity_tag_read(span_of(rows[i].b), &b));
        assert_int_equal(entity_tag_equal_strong(&a, &b), rows[i].is_strong);
        assert_int_equal(entity_tag_equal_strong(&b, &a), rows[i].is_strong);
        assert_int_equal(entity_tag_equal_weak(&a, &b), rows[i].is_weak);
        assert_int_equal(entity_tag_equal_weak(&b, &a), rows[i].is_weak);
    }
}

/* The tags of a list, joined by spaces, weak ones with a 'w' before them. */
static void assert_list(const char *list, const char *expected)
{
    char text[128];
    size_t len = 0;
    struct span rest = span_of(list);
    struct entity_tag tag;
    while (entity_tag_next(&rest, &tag)) {
        assert_in_range(len + tag.opaque.len + 2, 0, sizeof text);
        if (tag.is_weak)
            text[len++] = 'w';
        memcpy(text + len, tag.opaque.at, tag.opaque.len);
        len += tag.opaque.len;
        text[len++] = ' ';
    }
    assert_int_equal(rest.len, 0);
    assert_text((struct span){text, len}, expected);
}

static void lists_may_hold_commas_in_tags_and_empty_members(void **state)
{
    (void)state;
    assert_list("", "");
    assert_list("\"a\"", "\"a\" ");
    assert_list("\"a\",\"b\"", "\"a\" \"b\" ");
    assert_list(" ,\t\"a\" , ,W/\"b\",, ", "\"a\" w\"b\" ");
    assert_list("\"a,b\", \",\", \"\"", "\"a,b\" \",\" \"\" ");
}

static void members_that_are_no_tags_are_passed_over(void **state)
{
    (void)state;
    assert_list("a, \"b\"", "\"b\" ");
    assert_list("\"a\"x, \"b\"", "\"b\" ");
    assert_list("\"a\" \"b\", \"c\"", "\"c\" ");
    assert_list("*, \"a\"", "\"a\" ");
    assert_list("\"a b\", \"c\"", "\"c\" ");
    assert_list("\"a", "");
    assert_list("w/\"a\", W/\"b\"", "w\"b\" ");
    assert_list("W/", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tags_are_quoted_and_perhaps_weak),
        cmocka_unit_test(everything_else_is_no_tag),
        cmocka_unit_test(strong_comparison_wants_two_strong_tags),
        cmocka_unit_test(lists_may_hold_commas_in_tags_and_empty_members),
        cmocka_unit_test(members_that_are_no_tags_are_passed_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
