#include "base/json_writer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "support/json_check.h"

enum { SMALLEST = 64, LARGEST = 700 };

static void assert_written(struct json_writer *json, const char *expected)
{
    struct span text = json_finish(json);
    assert_true(json_is_valid(text));
    assert_int_equal(text.len, strlen(expected));
    assert_memory_equal(text.at, expected, text.len);
}

static void the_checker_itself_tells_valid_from_invalid(void **state)
{
    (void)state;
    static const char *const valid[] = {"{}", "[1,-2.5e+3,{\"a\":null}]", " \"\\u00e9\xc3\xa9\" ",
                                        "0"};
    static const char *const invalid[] = {"",
                                          "{",
                                          "{,}",
                                          "[1,]",
                                          "01",
                                          "\"\xc3\"",
                                          "\"\x01\"",
                                          "\"\\x\"",
                                          "{\"a\"",
                                          "{} {}",
                                          "[1 2]",
                                          "\"\\u12\"",
                                          "\"\xc0\xaf\"",
                                          "nul",
                                          "-",
                                          "\"\xed\xa0\x80\"",
                                          "\"\xf4\x90\x80\x80\"",
                                          "\"\\\"",
                                          "{\"a\":1\"b\":2}",
                                          "[,1]",
                                          "\"open"};
    for (size_t i = 0; i < COUNT_OF(valid); i++)
        assert_true(json_is_valid(span_of(valid[i])));
    for (size_t i = 0; i < COUNT_OF(invalid); i++)
        assert_false(json_is_valid(span_of(invalid[i])));
}

static void commas_stand_between_members_of_every_kind(void **state)
{
    (void)state;
    char bytes[LARGEST];
    struct json_writer json;
    json_init(&json, bytes, sizeof(bytes));
    json_object(&json);
    json_text(&json, SPAN("text"), SPAN("value"));
    json_number(&json, SPAN("number"), 42);
    json_bool(&json, SPAN("yes"), true);
    json_bool(&json, SPAN("no"), false);
    json_null(&json, SPAN("none"));
    json_raw(&json, SPAN("raw"), SPAN("[1,2]"));
    json_object_in(&json, SPAN("object"));
    json_text(&json, SPAN("inner"), SPAN(""));
    json_close(&json);
    json_array_in(&json, SPAN("array"));
    json_element(&json, SPAN("a"));
    json_element(&json, SPAN("b"));
    json_object(&json);
    json_close(&json);
    json_close(&json);
    json_array_in(&json, SPAN("empty"));
    json_close(&json);
    json_text(&json, SPAN("last"), SPAN("x"));
    json_close(&json);
    assert_written(&json, "{\"text\":\"value\",\"number\":42,\"yes\":true,\"no\":false,"
                          "\"none\":null,\"raw\":[1,2],\"object\":{\"inner\":\"\"},"
                          "\"array\":[\"a\",\"b\",{}],\"empty\":[],\"last\":\"x\"}");
}

static void finishing_closes_what_is_open(void **state)
{
    (void)state;
    char bytes[SMALLEST];
    struct json_writer json;
    json_init(&json, bytes, sizeof(bytes));
    json_object(&json);
    json_array_in(&json, SPAN("a"));
    json_object(&json);
    json_object_in(&json, SPAN("b"));
    assert_written(&json, "{\"a\":[{\"b\":{}}]}");
}

static void the_extreme_numbers_are_written(void **state)
{
    (void)state;
    char bytes[LARGEST];
    struct json_writer json;
    json_init(&json, bytes, sizeof(bytes));
    json_object(&json);
    json_number(&json, SPAN("min"), INT64_MIN);
    json_number(&json, SPAN("max"), INT64_MAX);
    json_number(&json, SPAN("zero"), 0);
    json_number(&json, SPAN("ten"), -10);
    assert_written(&json, "{\"min\":-9223372036854775808,\"max\":9223372036854775807,"
                          "\"zero\":0,\"ten\":-10}");
}

static void what_json_forbids_in_strings_is_escaped(void **state)
{
    (void)state;
    char bytes[LARGEST];
    struct json_writer json;
    json_init(&json, bytes, sizeof(bytes));
    json_object(&json);
    json_text(&json, SPAN("na\"me\n"), SPAN("\"\\/\b\f\n\r\t\x01\x1f\x7f\0."));
    assert_written(&json,
                   "{\"na\\\"me\\n\":\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\\u0000.\"}");
}

static void valid_utf8_passes_as_it_is(void **state)
{
    (void)state;
    static const char text[] = "\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf"
                               "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf z\xc3\xbc rich";
    char bytes[LARGEST];
    struct json_writer json;
    json_init(&json, bytes, sizeof(bytes));
    json_object(&json);
    json_text(&json, SPAN("t"), span_of(text));
    struct span written = json_finish(&json);
    assert_true(json_is_valid(written));
    assert_int_equal(written.len, strlen(text) + strlen("{\"t\":\"\"}"));
    assert_memory_equal(written.at + 6, text, strlen(text));
}

static void each_byte_that_is_no_utf8_is_replaced(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        unsigned replaced;
    } rows[] = {
        {"\x80", 1},             /* a continuation alone */
        {"\xc3", 1},             /* cut */
        {"\xe2\x82", 2},         /* cut */
        {"\xf0\x9f\x98", 3},     /* cut */
        {"\xc0\xaf", 2},         /* overlong */
        {"\xe0\x9f\xbf", 3},     /* overlong */
        {"\xf0\x8f\xbf\xbf", 4}, /* overlong */
        {"\xed\xa0\x80", 3},     /* a surrogate */
        {"\xf4\x90\x80\x80", 4}, /* above U+10FFFF */
        {"\xf8\x88\x80\x80\x80", 5},
        {"\xff\xfe", 2},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char bytes[LARGEST];
        struct json_writer json;
        json_init(&json, bytes, sizeof(bytes));
        json_object(&json);
        json_text(&json, SPAN("t"), span_of(rows[i].text));
        struct span written = json_finish(&json);
        assert_true(json_is_valid(written));
        assert_int_equal(written.len, strlen("{\"t\":\"\"}") + rows[i].replaced * 3);
        for (unsigned k = 0; k < rows[i].replaced; k++)
            assert_memory_equal(written.at + 6 + (size_t)k * 3, "\xef\xbf\xbd", 3);
    }
}

static void a_long_string_is_cut_and_fills_what_there_is(void **state)
{
    (void)state;
    char bytes[SMALLEST], text[200];
    struct json_writer json;
    memset(text, 'x', sizeof(text));
    json_init(&json, bytes, sizeof(bytes));
    json_object(&json);
    json_text(&json, SPAN("t"), (struct span){text, sizeof(text)});
    json_text(&json, SPAN("later"), SPAN("left out"));
    struct span written = json_finish(&json);
    assert_true(json_is_valid(written));
    assert_int_equal(written.len, SMALLEST);
}

static void a_cut_never_falls_inside_a_character_or_an_escape(void **state)
{
    (void)state;
    static const char *const units[] = {
        "\n", "\x01", "\xc3\xbc", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xff"};
    for (size_t i = 0; i < COUNT_OF(units); i++) {
        char text[400];
        size_t unit = strlen(units[i]), len = 0;
        for (; len + unit <= sizeof(text); len += unit)
            memcpy(text + len, units[i], unit);
        for (size_t cap = SMALLEST; cap < SMALLEST + 16; cap++) {
            char bytes[SMALLEST + 16];
            struct json_writer json;
            json_init(&json, bytes, cap);
            json_object(&json);
            json_text(&json, SPAN("t"), (struct span){text, len});
            struct span written = json_finish(&json);
            assert_true(json_is_valid(written));
            assert_in_range(written.len, cap - 6, cap);
        }
    }
}

static void what_follows_a_cut_value_is_left_out(void **state)
{
    (void)state;
    char bytes[SMALLEST], text[100];
    struct json_writer json;
    memset(text, 'x', sizeof(text));
    json_init(&json, bytes, sizeof(bytes));
    json_object(&json);
    json_object_in(&json, SPAN("a"));
    json_raw(&json, SPAN("b"), (struct span){text, sizeof(text)});
    json_array_in(&json, SPAN("c"));
    json_element(&json, SPAN("d"));
    json_object(&json);
    json_close(&json);
    json_close(&json);
    json_close(&json);
    json_number(&json, SPAN("e"), 1);
    json_close(&json);
    assert_written(&json, "{\"a\":{}}");
}

static void a_name_that_does_not_fit_takes_its_member_along(void **state)
{
    (void)state;
    char bytes[SMALLEST], name[100];
    struct json_writer json;
    memset(name, '\n', sizeof(name));
    json_init(&json, bytes, sizeof(bytes));
    json_object(&json);
    json_null(&json, SPAN("a"));
    json_null(&json, (struct span){name, sizeof(name)});
    assert_written(&json, "{\"a\":null}");
}

/* Bytes that look random but are the same in each run. */
static unsigned next_noise(unsigned *seed)
{
    *seed = *seed * 1664525U + 1013904223U;
    return *seed >> 16;
}

static struct span noise_text(unsigned *seed, char *text, size_t size)
{
    size_t len = next_noise(seed) % size;
    bool is_binary = next_noise(seed) % 2;
    for (size_t i = 0; i < len; i++)
        text[i] = (char)(is_binary ? next_noise(seed) : 'a' + next_noise(seed) % 26);
    return (struct span){text, len};
}

static void write_noise(struct json_writer *json, unsigned *seed, bool is_array)
{
    char text[80], name_text[12];
    struct span value = noise_text(seed, text, sizeof(text));
    struct span name = noise_text(seed, name_text, sizeof(name_text));
    if (is_array) {
        json_element(json, value);
        return;
    }
    switch (next_noise(seed) % 4) {
    case 0:
        json_text(json, name, value);
        break;
    case 1:
        json_number(json, name, (int64_t)next_noise(seed) - 30000);
        break;
    case 2:
        json_bool(json, name, next_noise(seed) % 2);
        break;
    default:
        json_raw(json, name, SPAN("[{\"a\":1}]"));
        break;
    }
}

/* Opens, writes and closes at random; is_array remembers the kinds as the writer must. */
static void write_play(struct json_writer *json, unsigned *seed)
{
    bool is_array[32] = {false};
    size_t depth = 1;
    json_object(json);
    for (int step = 0; step < 30; step++) {
        unsigned what = next_noise(seed) % 8;
        if (what == 0 && depth > 1) {
            json_close(json);
            depth--;
        } else if (what == 1 && depth < COUNT_OF(is_array) && is_array[depth - 1]) {
            json_object(json);
            is_array[depth++] = false;
        } else if (what <= 2 && depth < COUNT_OF(is_array) && !is_array[depth - 1]) {
            is_array[depth] = next_noise(seed) % 2;
            if (is_array[depth++])
                json_array_in(json, SPAN("list"));
            else
                json_object_in(json, SPAN("map"));
        } else {
            write_noise(json, seed, is_array[depth - 1]);
        }
    }
}

static void the_text_is_valid_at_every_capacity_whatever_is_written(void **state)
{
    (void)state;
    unsigned seed = 1;
    for (size_t cap = SMALLEST; cap <= LARGEST; cap++) {
        for (int round = 0; round < 20; round++) {
            char bytes[LARGEST + 1];
            struct json_writer json;
            bytes[cap] = '!';
            json_init(&json, bytes, cap);
            write_play(&json, &seed);
            struct span written = json_finish(&json);
            assert_true(written.len <= cap);
            assert_int_equal(bytes[cap], '!');
            assert_true(json_is_valid(written));
        }
    }
}

/* Members whose names are literals are the same members, whatever fits and whatever is to be escaped. */
static void literal_names_are_written_alike(void **state)
{
    (void)state;
    static const struct span values[] = {
        SPAN_INIT(""),        SPAN_INIT("plain"),
        SPAN_INIT("a \"b\""), SPAN_INIT("caf\xc3\xa9"),
        SPAN_INIT("\xff"),    SPAN_INIT("a longer text without anything odd")};
    for (size_t cap = 64; cap < 300; cap++) {
        char text[300], other[300];
        struct json_writer a, b;
        json_init(&a, text, cap);
        json_init(&b, other, cap);
        json_object(&a);
        json_object(&b);
        for (size_t i = 0; i < COUNT_OF(values); i++) {
            json_text(&a, SPAN("name"), values[i]);
            JSON_TEXT(&b, "name", values[i]);
            json_number(&a, SPAN("n"), i % 2 ? INT64_MIN : (int64_t)i);
            JSON_NUMBER(&b, "n", i % 2 ? INT64_MIN : (int64_t)i);
        }
        assert_true(span_equal(json_finish(&a), json_finish(&b)));
    }
}

static void thirty_two_levels_may_be_open(void **state)
{
    (void)state;
    char bytes[LARGEST];
    struct json_writer json;
    json_init(&json, bytes, sizeof(bytes));
    json_object(&json);
    for (int i = 1; i < 32; i++) {
        if (i % 2)
            json_array_in(&json, SPAN("a"));
        else
            json_object(&json);
    }
    json_element(&json, SPAN("deep"));
    assert_true(json_is_valid(json_finish(&json)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_checker_itself_tells_valid_from_invalid),
        cmocka_unit_test(commas_stand_between_members_of_every_kind),
        cmocka_unit_test(finishing_closes_what_is_open),
        cmocka_unit_test(the_extreme_numbers_are_written),
        cmocka_unit_test(what_json_forbids_in_strings_is_escaped),
        cmocka_unit_test(valid_utf8_passes_as_it_is),
        cmocka_unit_test(each_byte_that_is_no_utf8_is_replaced),
        cmocka_unit_test(a_long_string_is_cut_and_fills_what_there_is),
        cmocka_unit_test(a_cut_never_falls_inside_a_character_or_an_escape),
        cmocka_unit_test(what_follows_a_cut_value_is_left_out),
        cmocka_unit_test(a_name_that_does_not_fit_takes_its_member_along),
        cmocka_unit_test(the_text_is_valid_at_every_capacity_whatever_is_written),
        cmocka_unit_test(literal_names_are_written_alike),
        cmocka_unit_test(thirty_two_levels_may_be_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
