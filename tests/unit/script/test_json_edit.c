#include "script/json_edit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/text.h"

struct row {
    const char *paths, *text, *edited;
    size_t count;
};

static void expect(const struct row *row)
{
    struct json_path paths[JSON_PATHS_MAX];
    struct json_edit edit = {.paths = paths, .replacement = SPAN("***")};
    struct span rest = span_of(row->paths), path;
    struct buffer out;
    size_t count;
    while (span_next_element(&rest, &path))
        assert_true(json_path_parse(path, &paths[edit.path_count++]));
    buffer_init(&out, KIB);
    assert_int_equal(json_edit(span_of(row->text), &edit, &out, &count), OK);
    if (!span_equal(buffer_bytes(&out), span_of(row->edited)))
        fail_msg("%s: %.*s", row->text, (int)out.len, out.at);
    assert_int_equal(count, row->count);
    buffer_clear(&out);
}

static void what_is_named_is_replaced_and_all_else_stays_as_it_is(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"secret", "{\"secret\":\"x\"}", "{\"secret\":\"***\"}", 1},
        {"secret", " { \"a\" : 1.50 , \"secret\" : \"x\" }\n",
         " { \"a\" : 1.50 , \"secret\" : \"***\" }\n", 1},
        {"secret", "[{\"secret\":\"x\"},[[{\"b\":{\"secret\":\"y\"}}]]]",
         "[{\"secret\":\"***\"},[[{\"b\":{\"secret\":\"***\"}}]]]", 2},
        {"secret", "{\"\\u0073ecret\":\"x\"}", "{\"\\u0073ecret\":\"***\"}", 1},
        {"secret", "{\"Secret\":\"x\",\"secrets\":\"x\",\"secre\":\"x\"}",
         "{\"Secret\":\"x\",\"secrets\":\"x\",\"secre\":\"x\"}", 0},
        {"secret", "{\"secret\":{\"a\":[1,{}]},\"b\":2}", "{\"secret\":{},\"b\":2}", 1},
        {"secret", "{\"secret\":[1,2],\"b\":2}", "{\"secret\":[],\"b\":2}", 1},
        {"secret", "{\"secret\":12345678901234567890,\"n\":12345678901234567890}",
         "{\"secret\":0,\"n\":12345678901234567890}", 1},
        {"secret", "{\"secret\":null,\"x\":[{\"secret\":\"\"},{\"secret\":true},{\"secret\":{}}]}",
         "{\"secret\":null,\"x\":[{\"secret\":\"\"},{\"secret\":true},{\"secret\":{}}]}", 0},
        {"a.secret",
         "{\"\\u0061\":{\"x\\n\":[\"y\\t\"],\"s\\u0065cret\":\"x\"},\"\\u0062\":{\"secret\":\"x\"}"
         "}",
         "{\"\\u0061\":{\"x\\n\":[\"y\\t\"],\"s\\u0065cret\":\"***\"},\"\\u0062\":{\"secret\":"
         "\"x\"}}",
         1},
        {"b.c", "{\"a\\u0061\":{\"b\\u0062\":1},\"\\u0062\":{\"c\":{\"\\u0064\":1},\"c\":\"\\n\"}}",
         "{\"a\\u0061\":{\"b\\u0062\":1},\"\\u0062\":{\"c\":{},\"c\":\"***\"}}", 2},
        {".value", "{\"value\":\"x\",\"a\":{\"value\":\"y\"}}",
         "{\"value\":\"***\",\"a\":{\"value\":\"y\"}}", 1},
        {"a.b", "{\"a\":{\"b\":\"x\",\"c\":\"y\"},\"b\":\"z\"}",
         "{\"a\":{\"b\":\"***\",\"c\":\"y\"},\"b\":\"z\"}", 1},
        {"a.*.b",
         "{\"a\":{\"one\":{\"b\":\"x\"},\"two\":{\"b\":{\"c\":1}}},\"b\":{\"one\":{\"b\":\"z\"}}}",
         "{\"a\":{\"one\":{\"b\":\"***\"},\"two\":{\"b\":{}}},\"b\":{\"one\":{\"b\":\"z\"}}}", 2},
        {"a.b", "{\"a\":[{\"b\":\"x\"},{\"b\":\"y\"}]}",
         "{\"a\":[{\"b\":\"***\"},{\"b\":\"***\"}]}", 2},
        {"a, b", "{\"a\":\"x\",\"b\":\"y\",\"c\":\"z\"}",
         "{\"a\":\"***\",\"b\":\"***\",\"c\":\"z\"}", 2},
        {"a", "{\"a\":\"x\",\"a\":\"y\"}", "{\"a\":\"***\",\"a\":\"***\"}", 2},
        {"a", "\"a\"", "\"a\"", 0},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        expect(&rows[i]);
}

static void paths_have_parts(void **state)
{
    (void)state;
    struct json_path path;
    static const char *const bad[] = {"", ".", "a.", "a..b", "..a", "a.b.c.d.e.f.g.h.i"};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        if (json_path_parse(span_of(bad[i]), &path))
            fail_msg("taken: %s", bad[i]);
    }
    assert_true(json_path_parse(SPAN("a"), &path) && path.is_anywhere);
    assert_true(json_path_parse(SPAN(".a"), &path) && !path.is_anywhere);
    assert_true(json_path_parse(SPAN("a.b.c.d.e.f.g.h"), &path) && path.count == 8);
}

static bool shout(void *owner, struct span meaning, struct buffer *out)
{
    (*(unsigned *)owner)++;
    if (!memchr(meaning.at, '@', meaning.len))
        return false;
    return buffer_append(out, SPAN("\"@\"")) == OK;
}

static void strings_are_rewritten_by_their_meaning(void **state)
{
    (void)state;
    unsigned asked = 0;
    size_t count;
    const struct json_edit edit = {.rewrite = shout, .owner = &asked};
    struct buffer out;
    buffer_init(&out, KIB);
    assert_int_equal(
        json_edit(SPAN("{\"a@b\":\"x\",\"c\":[\"a@b\",\"a\\u0040b\",1]}"), &edit, &out, &count),
        OK);
    assert_true(span_equal(buffer_bytes(&out),
                           SPAN("{\"a@b\":\"x\",\"c\":[\"\\\"@\\\"\",\"\\\"@\\\"\",1]}")));
    assert_int_equal(count, 2);
    assert_int_equal(asked, 3);
    buffer_clear(&out);
}

static void what_is_no_json_or_does_not_fit_is_told(void **state)
{
    (void)state;
    const struct json_edit edit = {.replacement = SPAN("***")};
    struct buffer out;
    size_t count;
    buffer_init(&out, 8);
    assert_int_equal(json_edit(SPAN("{\"a\":"), &edit, &out, &count), ERR_SYNTAX);
    assert_int_equal(json_edit(SPAN("{\"a\":\"123456\"}"), &edit, &out, &count), ERR_LIMIT);
    buffer_clear(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_named_is_replaced_and_all_else_stays_as_it_is),
        cmocka_unit_test(paths_have_parts),
        cmocka_unit_test(strings_are_rewritten_by_their_meaning),
        cmocka_unit_test(what_is_no_json_or_does_not_fit_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
