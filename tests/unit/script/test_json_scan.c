#include "script/json_scan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/text.h"

static bool is_json(struct span text)
{
    struct json_scan scan;
    json_scan_init(&scan, text);
    for (;;) {
        enum json_token token = json_scan_next(&scan);
        if (token == TOKEN_END || token == TOKEN_BAD)
            return token == TOKEN_END && json_scan_next(&scan) == TOKEN_END;
    }
}

static void what_is_json_and_what_is_not(void **state)
{
    (void)state;
    static const char *const good[] = {"{}",
                                       "[]",
                                       " [ ] ",
                                       "{\"a\":1}",
                                       "[1,2]",
                                       "null",
                                       "true",
                                       "false",
                                       "0",
                                       "-0.5e+10",
                                       "\"\"",
                                       "\"\\u00e9\\n\\\"\"",
                                       "[[[{\"a\":[]}]]]",
                                       "{\"a\":{},\"b\":[{}]}\n",
                                       "1e5"};
    static const char *const bad[] = {
        "",      "{",          "}",   "[",       "[1",          "[1,]",   "{\"a\"}", "{\"a\":}",
        "{a:1}", "[1 2]",      "1 2", "01",      "1.",          ".5",     "+1",      "1e",
        "nul",   "truely",     "\"",  "\"\\x\"", "\"\\u12g4\"", "\"\n\"", "[}",      "{]",
        "[],",   "{\"a\":1,}", "{,}", "[,]",     "--1",         "'a'",    "NaN",     "{\"a\":1}}"};
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        if (!is_json(span_of(good[i])))
            fail_msg("refused: %s", good[i]);
    }
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        if (is_json(span_of(bad[i])))
            fail_msg("taken: %s", bad[i]);
    }
}

/* Texts made of pieces that JSON is made of, in any order: another reader is of the same opinion. */
static void another_reader_agrees(void **state)
{
    (void)state;
    static const char *const pieces[] = {"{", "}",       "[",    "]",    ",", ":",          "\"a\"",
                                         "1", "-2.5e-1", "true", "null", " ", "\"\\u0041\""};
    srand(7);
    unsigned good = 0;
    for (int i = 0; i < 200000; i++) {
        char text[128] = "";
        size_t len = 0;
        for (int n = rand() % 9; n >= 0; n--)
            len += (size_t)snprintf(text + len, sizeof(text) - len, "%s",
                                    pieces[(size_t)rand() % COUNT_OF(pieces)]);
        json_t *json = json_loadb(text, len, JSON_DECODE_ANY, NULL);
        if (is_json((struct span){text, len}) != (json != NULL))
            fail_msg("we differ about: %s", text);
        good += json != NULL;
        json_decref(json);
    }
    assert_true(good > 1000);
}

static void what_is_too_deep_is_refused(void **state)
{
    (void)state;
    char text[4 * JSON_DEPTH_MAX];
    memset(text, '[', JSON_DEPTH_MAX + 1);
    memset(text + JSON_DEPTH_MAX + 1, ']', JSON_DEPTH_MAX + 1);
    assert_false(is_json((struct span){text, 2 * JSON_DEPTH_MAX + 2}));
    assert_true(is_json((struct span){text + 1, 2 * JSON_DEPTH_MAX}));
}

static void escapes_mean_what_they_stand_for(void **state)
{
    (void)state;
    static const struct {
        const char *token, *meaning;
    } rows[] = {{"a\\u0041\\n\\\\\\/", "aA\n\\/"},
                {"\\u00e9", "\xc3\xa9"},
                {"\\ud83d\\ude00", "\xf0\x9f\x98\x80"},
                {"\\ud83dx", "\xef\xbf\xbdx"},
                {"\\ud83d\\u0041", "\xef\xbf\xbd"
                                   "A"},
                {"\\ude00", "\xef\xbf\xbd"},
                {"\\u20ac", "\xe2\x82\xac"}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char bytes[64];
        size_t len = json_unescape(span_of(rows[i].token), bytes);
        assert_true(len <= strlen(rows[i].token));
        if (!span_equal((struct span){bytes, len}, span_of(rows[i].meaning)))
            fail_msg("%s is %.*s", rows[i].token, (int)len, bytes);
    }
}

static void strings_are_written_as_they_are_read(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "a\"b\\c", "\x01\n\x7f",
                                        "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"};
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct buffer out;
        buffer_init(&out, KIB);
        assert_int_equal(json_append_string(&out, span_of(texts[i])), OK);
        json_t *json = json_loadb(out.at, out.len, JSON_DECODE_ANY, NULL);
        assert_non_null(json);
        assert_string_equal(json_string_value(json), texts[i]);
        json_decref(json);
        buffer_clear(&out);
    }
    struct buffer out;
    buffer_init(&out, KIB);
    assert_int_equal(json_append_string(&out, SPAN("a\xff\xed\xa0\x80z")), OK);
    assert_true(is_json(buffer_bytes(&out)));
    json_t *json = json_loadb(out.at, out.len, JSON_DECODE_ANY, NULL);
    assert_non_null(json);
    json_decref(json);
    buffer_clear(&out);
    buffer_init(&out, 4);
    assert_int_equal(json_append_string(&out, SPAN("abc")), ERR_LIMIT);
    buffer_clear(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_json_and_what_is_not),
        cmocka_unit_test(another_reader_agrees),
        cmocka_unit_test(what_is_too_deep_is_refused),
        cmocka_unit_test(escapes_mean_what_they_stand_for),
        cmocka_unit_test(strings_are_written_as_they_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
