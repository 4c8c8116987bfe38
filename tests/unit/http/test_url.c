#include "http/url.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/text.h"

static void assert_text(struct span actual, const char *expected)
{
    if (!expected) {
        assert_null(actual.at);
        assert_int_equal(actual.len, 0);
        return;
    }
    assert_non_null(actual.at);
    assert_int_equal(actual.len, strlen(expected));
    assert_memory_equal(actual.at, expected, actual.len);
}

struct parsed_row {
    const char *text, *path, *query, *authority, *origin_form;
};

static void targets_are_taken_apart(void **state)
{
    (void)state;
    static const struct parsed_row rows[] = {
        {"/", "/", NULL, NULL, "/"},
        {"/a/b", "/a/b", NULL, NULL, "/a/b"},
        {"/a?", "/a", "", NULL, "/a?"},
        {"/a?b=c", "/a", "b=c", NULL, "/a?b=c"},
        {"/a?b?c/../d", "/a", "b?c/../d", NULL, "/a?b?c/../d"},
        {"/?", "/", "", NULL, "/?"},
        {"//evil.example/x", "//evil.example/x", NULL, NULL, "//evil.example/x"},
        {"*", "*", NULL, NULL, "*"},
        {"http://h/a?b", "/a", "b", "h", "/a?b"},
        {"HTTP://H.example:8080/", "/", NULL, "H.example:8080", "/"},
        {"https://[::1]:443/x", "/x", NULL, "[::1]:443", "/x"},
        {"http://h", "/", NULL, "h", "/"},
        {"http://h:", "/", NULL, "h:", "/"},
        {"http://h?b=c", "/", "b=c", "h", NULL},
        {"http://h?", "/", "", "h", NULL},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct target target;
        assert_int_equal(target_parse(span_of(rows[i].text), &target), FAULT_NONE);
        assert_text(target.path, rows[i].path);
        assert_text(target.query, rows[i].query);
        assert_text(target.authority, rows[i].authority);
        assert_text(target.origin_form, rows[i].origin_form);
    }
}

static void legal_targets_pass_byte_for_byte(void **state)
{
    (void)state;
    static const char *const targets[] = {
        "/v1/files/a%2Fb%2fc.txt",
        "/v1/files/..a/b../...",
        "/v1/files/a.b/.hidden",
        "/a/%41%7e%C3%A9",
        "/a//b///",
        "/a;b=c,d/@:!$&'()*+=~_-.",
        "/a[0]",
        "/%2520",
        "/%252e%252e/x",
        "/a?../..",
        "/a?%zz%",
        "/a?%00%5c",
        "/a?b=\\\"<>^`{|}[]",
        "/a?tags[x.y]=z&nextToken=a+/=",
        "/a?{\"a\":1}",
        "/%2e%2e%2e",
        "/.%2ea",
    };
    for (size_t i = 0; i < COUNT_OF(targets); i++) {
        struct target target;
        assert_int_equal(target_parse(span_of(targets[i]), &target), FAULT_NONE);
        assert_text(target.origin_form, targets[i]);
    }
}

struct refused_row {
    struct span text;
    enum http_fault fault;
};
#define REFUSED(text, fault)                                                                       \
    {                                                                                              \
        {text, sizeof(text) - 1}, fault                                                            \
    }

static void malformed_targets_are_refused(void **state)
{
    (void)state;
    static const struct refused_row rows[] = {
        REFUSED("", FAULT_TARGET),
        REFUSED("a", FAULT_TARGET),
        REFUSED("?a", FAULT_TARGET),
        REFUSED("**", FAULT_TARGET),
        REFUSED("*?a", FAULT_TARGET),
        REFUSED("#", FAULT_TARGET),
        REFUSED("host:443", FAULT_TARGET),
        REFUSED("example.com/", FAULT_TARGET),
        REFUSED("\\a", FAULT_TARGET),
        REFUSED("%2fa", FAULT_TARGET),
        REFUSED("ftp://h/", FAULT_TARGET),
        REFUSED("http:/h", FAULT_TARGET),
        REFUSED("http:h", FAULT_TARGET),
        REFUSED("http//h/", FAULT_TARGET),
        REFUSED("://h/", FAULT_TARGET),
        REFUSED("http://", FAULT_TARGET),
        REFUSED("http:///a", FAULT_TARGET),
        REFUSED("http://?a", FAULT_TARGET),
        REFUSED("http://:80/", FAULT_TARGET),
        REFUSED("http://user@h/", FAULT_TARGET),
        REFUSED("http://user:secret@h/", FAULT_TARGET),
        REFUSED("http://h:x/", FAULT_TARGET),
        REFUSED("http://h:65536/", FAULT_TARGET),
        REFUSED("http://h h/", FAULT_TARGET),
        REFUSED("http://h#a", FAULT_TARGET),
        REFUSED("http://h\\a/", FAULT_TARGET),
        REFUSED("http://[::1/", FAULT_TARGET),
        REFUSED("/a#b", FAULT_TARGET),
        REFUSED("/a?b#c", FAULT_TARGET),
        REFUSED("/a b", FAULT_TARGET),
        REFUSED("/a\tb", FAULT_TARGET),
        REFUSED("/a?b c", FAULT_TARGET),
        REFUSED("/a\0b", FAULT_TARGET),
        REFUSED("/a?\0b", FAULT_TARGET),
        REFUSED("/\x7f", FAULT_TARGET),
        REFUSED("/?\x7f", FAULT_TARGET),
        REFUSED("/\xc3\xa9", FAULT_TARGET),
        REFUSED("/?\xc3\xa9", FAULT_TARGET),
        REFUSED("/a\"b", FAULT_TARGET),
        REFUSED("/<a>", FAULT_TARGET),
        REFUSED("/^", FAULT_TARGET),
        REFUSED("/`", FAULT_TARGET),
        REFUSED("/{id}", FAULT_TARGET),
        REFUSED("/a|b", FAULT_TARGET),
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct target target;
        assert_int_equal(target_parse(rows[i].text, &target), rows[i].fault);
    }
}

static void paths_that_could_be_read_in_two_ways_are_refused(void **state)
{
    (void)state;
    static const char *const paths[] = {
        "/.",
        "/..",
        "/./",
        "/../",
        "/a/./b",
        "/a/../b",
        "/a/..",
        "/a/.",
        "/%2e",
        "/%2E",
        "/%2e%2e",
        "/%2E%2e/x",
        "/.%2e/x",
        "/%2e./x",
        "/a/%2e/b",
        "/a/%2E%2E",
        "/..?a",
        "/.?",
        "/..%2fa",
        "/a%2f..%2fb",
        "/..%2F..%2Fetc",
        "/a%2f..",
        "/a%2f%2e%2e/b",
        "/%00",
        "/a%00b",
        "/%5c",
        "/%5C",
        "/a%5c..%5cb",
        "/\\",
        "/a\\b",
        "/..\\",
        "/%",
        "/%4",
        "/%zz",
        "/%4g",
        "/a%",
        "/a%2",
        "/a%2/b",
        "/%%",
        "/%u0041",
        "/%-1",
        "http://h/..",
        "http://h/%2e/",
        "http://h/%00",
    };
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        struct target target;
        assert_int_equal(target_parse(span_of(paths[i]), &target), FAULT_PATH);
    }
}

/* What parse_target says of "/aaaa…" with these bytes from a place on. */
static enum http_fault fault_with(size_t len, size_t place, const char *bytes, size_t count)
{
    char path[64];
    struct target target;
    assert_true(len <= sizeof(path) && place + count <= len);
    memset(path, 'a', sizeof(path));
    path[0] = '/';
    memcpy(path + place, bytes, count);
    return target_parse((struct span){path, len}, &target);
}

/* Long paths are looked at many bytes at once: none may escape, wherever it stands. */
static void each_byte_counts_wherever_it_stands(void **state)
{
    (void)state;
    static const char also_good[] = "!$&'()*+,;=:@[]~";
    for (size_t len = 4; len <= 52; len++) {
        for (size_t place = 1; place < len; place++) {
            for (unsigned c = 0; c < 256; c++) {
                char byte = (char)c;
                bool is_good = (byte >= '-' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
                               (byte >= 'A' && byte <= 'Z') || byte == '_' || byte == '?' ||
                               (byte && strchr(also_good, byte));
                enum http_fault wanted = is_good ? FAULT_NONE : FAULT_TARGET;
                if (byte == '\\' || (byte == '%' && place + 2 >= len))
                    wanted = FAULT_PATH;
                if (byte == '%' && place + 2 < len)
                    wanted = FAULT_NONE; /* "%aa" */
                assert_int_equal(fault_with(len, place, &byte, 1), wanted);
            }
            if (place + 2 <= len) {
                bool is_last = place + 2 == len;
                assert_int_equal(fault_with(len, place, "/.", 2),
                                 is_last ? FAULT_PATH : FAULT_NONE);
                assert_int_equal(fault_with(len, place, ".a", 2), FAULT_NONE);
            }
            if (place + 4 <= len) {
                assert_int_equal(fault_with(len, place, "/../", 4), FAULT_PATH);
                assert_int_equal(fault_with(len, place, "a/./", 4), FAULT_PATH);
                assert_int_equal(fault_with(len, place, "a../", 4), FAULT_NONE);
                assert_int_equal(fault_with(len, place, "/%2e", 4),
                                 place + 4 == len ? FAULT_PATH : FAULT_NONE);
            }
        }
    }
    assert_int_equal(fault_with(20, 1, "./", 2), FAULT_PATH);
    assert_int_equal(fault_with(20, 1, "../", 3), FAULT_PATH);
}

static void parsing_the_origin_form_again_changes_nothing(void **state)
{
    (void)state;
    static const char *const targets[] = {"/a%2Fb?c", "http://h/x?y", "https://h", "/", "*"};
    for (size_t i = 0; i < COUNT_OF(targets); i++) {
        struct target first, second;
        assert_int_equal(target_parse(span_of(targets[i]), &first), FAULT_NONE);
        assert_int_equal(target_parse(first.origin_form, &second), FAULT_NONE);
        assert_true(span_equal(first.path, second.path));
        assert_true(span_equal(first.query, second.query));
        assert_true(span_equal(first.origin_form, second.origin_form));
    }
}

static void authorities_are_host_and_port(void **state)
{
    (void)state;
    static const char *const valid[] = {
        "a",
        "example.com",
        "EXAMPLE.com:80",
        "localhost:0",
        "127.0.0.1:8080",
        "a_b-c.d~e",
        "xn--bcher-kva.x",
        "example.com.",
        "h:",
        "h:65535",
        "h:00080",
        "[::1]",
        "[::1]:8080",
        "[2001:db8::ff00:42:8329]",
        "[::ffff:192.0.2.1]:1",
        "1.2.3",
        "-",
        "[::]:",
    };
    static const char *const invalid[] = {
        "",
        ":",
        ":80",
        " ",
        "a b",
        "a ",
        " a",
        "a/b",
        "a?b",
        "a#b",
        "a@b",
        "u:p@h",
        "a,b",
        "a, b",
        "a:80,b",
        "a\\b",
        "a:b",
        "a:80:80",
        "a:-1",
        "a:+80",
        "a: 80",
        "a:80 ",
        "a:65536",
        "a:0x50",
        "a:99999999999999999999",
        "::1",
        "[::1",
        "::1]",
        "[]",
        "[",
        "]",
        "[::1]a",
        "[::1]80",
        "[a]",
        "[1]",
        "[::g]",
        "[1::2::3]",
        "[127.0.0.1]",
        "[::1%25eth0]",
        "[::1%lo]",
        "a[b]",
        "a..b",
        ".a",
        ".",
        "..",
        "a..",
        "<a>",
        "\"a\"",
        "a%41",
        "a%00",
        "a\tb",
        "a\x7f",
        "\xc3\xa9",
        "http://a",
        "a;b",
        "a&b",
        "a=b",
        "a{b}",
        "[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000]",
    };
    for (size_t i = 0; i < COUNT_OF(valid); i++)
        assert_true(authority_is_valid(span_of(valid[i])));
    for (size_t i = 0; i < COUNT_OF(invalid); i++)
        assert_false(authority_is_valid(span_of(invalid[i])));
    assert_false(authority_is_valid(SPAN("a\0b")));
    assert_false(authority_is_valid(SPAN("[::1\0]")));
    assert_false(authority_is_valid((struct span){NULL, 0}));
}

static void assert_segments(const char *path, const char *const *expected, size_t count)
{
    struct span rest = span_of(path), segment;
    for (size_t i = 0; i < count; i++) {
        assert_true(path_next_segment(&rest, &segment));
        assert_text(segment, expected[i]);
    }
    assert_false(path_next_segment(&rest, &segment));
}

static void paths_are_walked_segment_by_segment(void **state)
{
    (void)state;
    assert_segments("/a/b%2Fc", (const char *const[]){"a", "b%2Fc"}, 2);
    assert_segments("/a//b", (const char *const[]){"a", "", "b"}, 3);
    assert_segments("/a/", (const char *const[]){"a", ""}, 2);
    assert_segments("/", (const char *const[]){""}, 1);
    assert_segments("*", NULL, 0);
    assert_segments("", NULL, 0);
}

static void escapes_are_resolved_once(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 64 * KIB);
    assert_text(path_plain(&arena, SPAN("/v1/%75s%65rs/%2d%7E/a%2Fb%25%zz%4")),
                "/v1/users/-~/a%2Fb%25%zz%4");
    assert_text(percent_decode(&arena, SPAN("a%2Fb%2fc")), "a/b/c");
    assert_text(percent_decode(&arena, SPAN("%252e")), "%2e");
    assert_text(percent_decode(&arena, SPAN("a+b%20c")), "a+b c");
    assert_text(percent_decode(&arena, SPAN("%c3%A9")), "\xc3\xa9");
    assert_text(percent_decode(&arena, SPAN("%")), "%");
    assert_text(percent_decode(&arena, SPAN("%4")), "%4");
    assert_text(percent_decode(&arena, SPAN("%zz%41%")), "%zzA%");
    assert_text(percent_decode(&arena, SPAN("%%41")), "%A");
    assert_int_equal(percent_decode(&arena, SPAN("%00")).len, 1);
    struct span plain = SPAN("plain");
    assert_ptr_equal(percent_decode(&arena, plain).at, plain.at);
    assert_int_equal(percent_decode(&arena, (struct span){NULL, 0}).len, 0);
    arena_clear(&arena);
}

static void queries_are_walked_pair_by_pair(void **state)
{
    (void)state;
    struct span rest = SPAN("&a=1&&b&=c&d==e=&f="), name, value;
    static const char *const pairs[][2] = {
        {"a", "1"}, {"b", ""}, {"", "c"}, {"d", "=e="}, {"f", ""}};
    for (size_t i = 0; i < COUNT_OF(pairs); i++) {
        assert_true(query_next(&rest, &name, &value));
        assert_text(name, pairs[i][0]);
        assert_text(value, pairs[i][1]);
    }
    assert_false(query_next(&rest, &name, &value));
    rest = (struct span){NULL, 0};
    assert_false(query_next(&rest, &name, &value));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(targets_are_taken_apart),
        cmocka_unit_test(legal_targets_pass_byte_for_byte),
        cmocka_unit_test(malformed_targets_are_refused),
        cmocka_unit_test(paths_that_could_be_read_in_two_ways_are_refused),
        cmocka_unit_test(each_byte_counts_wherever_it_stands),
        cmocka_unit_test(parsing_the_origin_form_again_changes_nothing),
        cmocka_unit_test(authorities_are_host_and_port),
        cmocka_unit_test(paths_are_walked_segment_by_segment),
        cmocka_unit_test(escapes_are_resolved_once),
        cmocka_unit_test(queries_are_walked_pair_by_pair),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
