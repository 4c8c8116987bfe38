#include "http/structured.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/text.h"

static void assert_text(struct span actual, const char *expected)
{
    assert_int_equal(actual.len, strlen(expected));
    if (actual.len > 0)
        assert_memory_equal(actual.at, expected, actual.len);
}

struct item_row {
    const char *text;
    enum sf_kind kind;
    int64_t number;
    const char *inside, *parameters;
};

/* RFC 8941 §3.3, §4.2.3 */
static void items_are_read_by_their_first_character(void **state)
{
    (void)state;
    static const struct item_row rows[] = {
        {"42", SF_INTEGER, 42, "", ""},
        {"-42", SF_INTEGER, -42, "", ""},
        {"-0", SF_INTEGER, 0, "", ""},
        {"0042", SF_INTEGER, 42, "", ""},
        {"999999999999999", SF_INTEGER, 999999999999999, "", ""},
        {"-999999999999999", SF_INTEGER, -999999999999999, "", ""},
        {"1.5", SF_DECIMAL, 1500, "", ""},
        {"-0.001", SF_DECIMAL, -1, "", ""},
        {"1.20", SF_DECIMAL, 1200, "", ""},
        {"999999999999.999", SF_DECIMAL, 999999999999999, "", ""},
        {"\"\"", SF_STRING, 0, "", ""},
        {"\"a, b;c\"", SF_STRING, 0, "a, b;c", ""},
        {"\"a\\\"\\\\\"", SF_STRING, 0, "a\\\"\\\\", ""},
        {"token", SF_TOKEN, 0, "token", ""},
        {"*", SF_TOKEN, 0, "*", ""},
        {"*a", SF_TOKEN, 0, "*a", ""},
        {"T1/x:y!#$%&'*+-.^_`|~", SF_TOKEN, 0, "T1/x:y!#$%&'*+-.^_`|~", ""},
        {"::", SF_BYTES, 0, "", ""},
        {":aGVsbG8=:", SF_BYTES, 0, "aGVsbG8=", ""},
        {":aGVsbG8:", SF_BYTES, 0, "aGVsbG8", ""}, /* §4.2.7: padding may be missing */
        {":iZ==:", SF_BYTES, 0, "iZ==", ""},       /* and its bits may be anything */
        {"?0", SF_BOOLEAN, 0, "", ""},
        {"?1", SF_BOOLEAN, 1, "", ""},
        {"  1  ", SF_INTEGER, 1, "", ""},
        {"1;a;b=2;*c=\"x;y\"", SF_INTEGER, 1, "", ";a;b=2;*c=\"x;y\""},
        {"1;  a;  b=?0", SF_INTEGER, 1, "", ";  a;  b=?0"},
        {"t;a-._*9=1", SF_TOKEN, 0, "t", ";a-._*9=1"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct sf_value value;
        assert_true(sf_item_read(span_of(rows[i].text), &value));
        assert_int_equal(value.kind, rows[i].kind);
        assert_int_equal(value.number, rows[i].number);
        assert_text(value.text, rows[i].inside);
        assert_text(value.parameters, rows[i].parameters);
    }
}

/* §4.2: parsing fails as a whole. */
static void what_breaks_the_grammar_is_no_item(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        " ",
        "-",
        "--1",
        "- 1",
        "+1",
        "1 2",
        "1,2",
        "1.",
        ".1",
        "-.1",
        "1.2.3",
        "1.2345",
        "1234567890123.1",
        "1000000000000000",
        "0000000000000001",
        "-1000000000000000",
        "0x10",
        "1e3",
        "\t1",
        "1\t",
        "\"",
        "\"a",
        "\"a\\",
        "\"a\\\"",
        "\"a\\n\"",
        "\"a\"b",
        "'a'",
        "\"\t\"",
        "\"\x7f\"",
        "\"\xc3\xa9\"",
        "\xc3\xa9",
        "a\xc3\xa9",
        "a b",
        "(1)",
        "a\"",
        "a=b",
        "!a",
        ":",
        ":a",
        ":a:",
        ":a=b:",
        ":=aGVsbG8=:",
        ":aGVsbG8==:",
        ":aGVsbG8===:",
        ":aGVs=:",
        ":aGVs bG8=:",
        ":aGVs-_8=:",
        ":====:",
        "?",
        "?2",
        "?T",
        "? 1",
        "?10",
        "@1659578233",    /* a date: RFC 9651, not 8941 */
        "%\"caf%c3%a9\"", /* a display string: likewise */
        "1;",
        "1;A",
        "1;a=",
        "1;a= 1",
        "1;a =1",
        "1 ;a",
        "1;;a",
        "1;=2",
        "1;1a",
        "1;-a",
        "1;a=(1)",
        "1;\ta",
    };
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct sf_value value;
        assert_false(sf_item_read(span_of(texts[i]), &value));
    }
    struct sf_value value;
    assert_false(sf_item_read(SPAN("a\0"), &value));
    assert_false(sf_item_read(SPAN("\0"), &value));
    assert_false(sf_item_read((struct span){NULL, 0}, &value));
}

static enum sf_step walk_list(const char *text, size_t *count)
{
    struct sf_walk walk;
    struct sf_value value;
    enum sf_step step;
    *count = 0;
    sf_walk_init(&walk, span_of(text));
    while ((step = sf_next_element(&walk, &value)) == SF_MEMBER)
        ++*count;
    return step;
}

static enum sf_step walk_dictionary(const char *text, size_t *count)
{
    struct sf_walk walk;
    struct span key;
    struct sf_value value;
    enum sf_step step;
    *count = 0;
    sf_walk_init(&walk, span_of(text));
    while ((step = sf_next_member(&walk, &key, &value)) == SF_MEMBER)
        ++*count;
    return step;
}

struct count_row {
    const char *text;
    size_t count;
};

/* §4.2.1 */
static void lists_are_walked_to_their_end(void **state)
{
    (void)state;
    static const struct count_row rows[] = {
        {"", 0},
        {"   ", 0},
        {"1", 1},
        {"1,2", 2},
        {"1 , 2", 2},
        {"1\t,\t2", 2},
        {"1, 2 ", 2},
        {"1\t", 1},
        {"a;x=1, (b c);y, \"d,e\"", 3},
        {"()", 1},
        {"(  )", 1},
        {"( a  b )", 1},
        {"(a;x b;y=\")\");z", 1},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        size_t count;
        assert_int_equal(walk_list(rows[i].text, &count), SF_END);
        assert_int_equal(count, rows[i].count);
    }
}

static void what_breaks_the_grammar_is_no_list(void **state)
{
    (void)state;
    static const char *const texts[] = {
        ",",      "1,",        ",1",    "1,,2",   "1, ,2", "1 2",  "1;a b", "1, 2,",
        "\t1",    "(",         "(a",    "(a ",    "a)",    "(a))", "((a))", "(\"a\"\"b\")",
        "(?1?0)", "(:AA==:1)", "(a,b)", "(a\tb)", "(a)b",  "(a;)", "(a=1)", "()a",
        "() ;x",  "1, (2",     "(\"a)", "1 ,",    "1,\t",  "=",    "a=1",
    };
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        size_t count;
        assert_int_equal(walk_list(texts[i], &count), SF_INVALID);
    }
}

/* §4.2.2 */
static void dictionaries_are_walked_to_their_end(void **state)
{
    (void)state;
    static const struct count_row rows[] = {
        {"", 0},
        {" ", 0},
        {"a", 1},
        {"a=1", 1},
        {"a=1,b=2", 2},
        {" a=1\t,\tb  ,  c=?0 ", 3},
        {"a;x=1;y, b=(1 2);z, *c.-_9=:AA==:", 3},
        {"a=1, a=2", 2}, /* the caller keeps the last */
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        size_t count;
        assert_int_equal(walk_dictionary(rows[i].text, &count), SF_END);
        assert_int_equal(count, rows[i].count);
    }
}

static void what_breaks_the_grammar_is_no_dictionary(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "A",    "a=",    "a =1",  "a= 1",    "=1",    "1=2",   "a,",        "a,,b",  ",a",
        "a b",  "a=1 b", "a=1;",  "a;b=",    "a=(1",  "-a",    "max-Age=1", "a=1,B", "\ta",
        "a=,b", "a==1",  "\"a\"", "a=1\xc3", "a;A=1", "a=\"b", "a=b c",     "a==",   "a=@1",
    };
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        size_t count;
        assert_int_equal(walk_dictionary(texts[i], &count), SF_INVALID);
    }
}

static void members_of_a_dictionary_are_handed_out_in_order(void **state)
{
    (void)state;
    struct sf_walk walk;
    struct span key;
    struct sf_value value;
    sf_walk_init(&walk, SPAN("a=1;x, b;y=2, c=(1 t)"));
    assert_int_equal(sf_next_member(&walk, &key, &value), SF_MEMBER);
    assert_text(key, "a");
    assert_int_equal(value.kind, SF_INTEGER);
    assert_int_equal(value.number, 1);
    assert_text(value.parameters, ";x");
    assert_int_equal(sf_next_member(&walk, &key, &value), SF_MEMBER);
    assert_text(key, "b");
    assert_int_equal(value.kind, SF_BOOLEAN);
    assert_int_equal(value.number, 1);
    assert_text(value.parameters, ";y=2");
    assert_int_equal(sf_next_member(&walk, &key, &value), SF_MEMBER);
    assert_text(key, "c");
    assert_int_equal(value.kind, SF_INNER_LIST);
    assert_text(value.text, "1 t");
    assert_text(value.parameters, "");
    assert_int_equal(sf_next_member(&walk, &key, &value), SF_END);
    assert_int_equal(sf_next_member(&walk, &key, &value), SF_END);
}

static void inner_lists_and_parameters_are_walked(void **state)
{
    (void)state;
    struct sf_walk walk;
    struct span key;
    struct sf_value list, value;
    sf_walk_init(&walk, SPAN("( 1;a  \"b c\" );p; q=1.5"));
    assert_int_equal(sf_next_element(&walk, &list), SF_MEMBER);
    assert_int_equal(sf_next_inner(&list.text, &value), SF_MEMBER);
    assert_int_equal(value.number, 1);
    assert_text(value.parameters, ";a");
    assert_int_equal(sf_next_inner(&list.text, &value), SF_MEMBER);
    assert_text(value.text, "b c");
    assert_int_equal(sf_next_inner(&list.text, &value), SF_END);
    assert_int_equal(sf_next_parameter(&list.parameters, &key, &value), SF_MEMBER);
    assert_text(key, "p");
    assert_int_equal(value.kind, SF_BOOLEAN);
    assert_int_equal(sf_next_parameter(&list.parameters, &key, &value), SF_MEMBER);
    assert_text(key, "q");
    assert_int_equal(value.number, 1500);
    assert_int_equal(sf_next_parameter(&list.parameters, &key, &value), SF_END);
}

static void strings_survive_being_written_and_read(void **state)
{
    (void)state;
    struct arena arena;
    struct sf_value value;
    arena_init(&arena, 64 * KIB);
    struct span text = SPAN("a \"b\" \\c");
    assert_true(sf_item_read(sf_string_write(&arena, text), &value));
    assert_int_equal(value.kind, SF_STRING);
    assert_text(sf_unescape(&arena, value.text), text.at);
    assert_text(sf_string_write(&arena, SPAN("\xc3\xa9\n\x7f\t")), "\"?????\"");
    assert_text(sf_string_write(&arena, (struct span){NULL, 0}), "\"\"");
    struct span plain = SPAN("plain");
    assert_ptr_equal(sf_unescape(&arena, plain).at, plain.at);
    assert_text(sf_unescape(&arena, SPAN("\\")), "\\");
    arena_clear(&arena);
}

static void tokens_begin_with_a_letter_or_a_star(void **state)
{
    (void)state;
    assert_true(sf_is_token(SPAN("hub")));
    assert_true(sf_is_token(SPAN("*a/b:c")));
    assert_false(sf_is_token(SPAN("")));
    assert_false(sf_is_token(SPAN("1a")));
    assert_false(sf_is_token(SPAN("a b")));
    assert_false(sf_is_token(SPAN("a\xc3")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(items_are_read_by_their_first_character),
        cmocka_unit_test(what_breaks_the_grammar_is_no_item),
        cmocka_unit_test(lists_are_walked_to_their_end),
        cmocka_unit_test(what_breaks_the_grammar_is_no_list),
        cmocka_unit_test(dictionaries_are_walked_to_their_end),
        cmocka_unit_test(what_breaks_the_grammar_is_no_dictionary),
        cmocka_unit_test(members_of_a_dictionary_are_handed_out_in_order),
        cmocka_unit_test(inner_lists_and_parameters_are_walked),
        cmocka_unit_test(strings_survive_being_written_and_read),
        cmocka_unit_test(tokens_begin_with_a_letter_or_a_star),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
