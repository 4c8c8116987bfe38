#include "store/redis_reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "base/text.h"

enum { LIMIT = 2 * MIB };

/* A reply as text, so that two can be compared: t"…" r"…" i… n [ … ] */
static void show(const struct redis_reply *reply, struct buffer *out)
{
    char text[64];
    const char *letter = reply->kind == REDIS_TEXT ? "t" : "r";
    switch (reply->kind) {
    case REDIS_NIL:
        assert_int_equal(buffer_append(out, SPAN("n")), OK);
        return;
    case REDIS_TEXT:
    case REDIS_REFUSAL:
        assert_int_equal(buffer_append(out, span_of(letter)), OK);
        assert_int_equal(buffer_append(out, SPAN("\"")), OK);
        assert_int_equal(buffer_append(out, reply->text), OK);
        assert_int_equal(buffer_append(out, SPAN("\"")), OK);
        return;
    case REDIS_NUMBER:
        (void)snprintf(text, sizeof(text), "i%lld", (long long)reply->number);
        assert_int_equal(buffer_append(out, span_of(text)), OK);
        return;
    case REDIS_LIST:
        assert_int_equal(buffer_append(out, SPAN("[")), OK);
        for (size_t i = 0; i < reply->count; i++)
            show(redis_reply_item(reply, i), out);
        assert_int_equal(buffer_append(out, SPAN("]")), OK);
        return;
    }
}

/* What is read from bytes in pieces of size, shown; "!" at the end when it broke. */
static void assert_reads(struct span bytes, size_t size, size_t max_bytes, const char *expected)
{
    struct redis_reader *reader = redis_reader_create(max_bytes);
    const struct redis_reply *reply;
    enum redis_read read = REDIS_READ_MORE;
    struct buffer out;
    buffer_init(&out, LIMIT);
    while (bytes.len > 0 && read != REDIS_READ_BROKEN) {
        size_t len = bytes.len < size ? bytes.len : size;
        redis_reader_feed(reader, (struct span){bytes.at, len});
        bytes = span_skip(bytes, len);
        while ((read = redis_reader_next(reader, &reply)) == REDIS_READ_REPLY)
            show(reply, &out);
    }
    if (read == REDIS_READ_BROKEN) {
        assert_int_equal(buffer_append(&out, SPAN("!")), OK);
        assert_true(redis_reader_error(reader).len > 0);
        redis_reader_feed(reader, SPAN("+OK\r\n"));
        assert_int_equal(redis_reader_next(reader, &reply), REDIS_READ_BROKEN);
    }
    assert_int_equal(buffer_append(&out, (struct span){"", 1}), OK);
    assert_string_equal(out.at, expected);
    buffer_clear(&out);
    redis_reader_destroy(reader);
}

static void each_type_is_read_in_any_pieces(void **state)
{
    static const struct span bytes =
        SPAN_INIT("+OK\r\n-ERR no\r\n:-42\r\n$4\r\na\r\nb\r\n$0\r\n\r\n$-1\r\n*-1\r\n*0\r\n"
                  "*3\r\n$1\r\nx\r\n*2\r\n:1\r\n-E\r\n$-1\r\n+end\r\n");
    (void)state;
    for (size_t size = 1; size <= bytes.len; size++)
        assert_reads(bytes, size, KIB,
                     "t\"OK\"r\"ERR no\"i-42t\"a\r\nb\"t\"\"nn[][t\"x\"[i1r\"E\"]n]t\"end\"");
}

static void what_is_no_resp2_breaks_it(void **state)
{
    static const struct span rows[] = {
        SPAN_INIT("HTTP/1.1 400\r\n"),
        SPAN_INIT("\r\n"),
        SPAN_INIT("$x\r\n"),
        SPAN_INIT("$-2\r\n"),
        SPAN_INIT("*-2\r\n"),
        SPAN_INIT(":12a\r\n"),
        SPAN_INIT(":99999999999999999999\r\n"),
        SPAN_INIT("$99999999999999999999\r\n"),
        SPAN_INIT("*99999999999999999999\r\n"),
        SPAN_INIT("*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n"),
        /* RESP3 */
        SPAN_INIT(",1.5\r\n"),
        SPAN_INIT("#t\r\n"),
        SPAN_INIT("%1\r\n+a\r\n+b\r\n"),
        SPAN_INIT("~1\r\n+a\r\n"),
        SPAN_INIT(">1\r\n+a\r\n"),
        SPAN_INIT("(123\r\n"),
        SPAN_INIT("=5\r\ntxt:a\r\n"),
        SPAN_INIT("*1\r\n#t\r\n"),
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        for (size_t size = 1; size <= rows[i].len; size++)
            assert_reads(rows[i], size, KIB, "!");
}

static void good_replies_before_a_bad_one_are_handed_out(void **state)
{
    (void)state;
    assert_reads(SPAN("+a\r\n+b\r\n?\r\n+c\r\n"), 100, KIB, "t\"a\"t\"b\"!");
}

static void texts_are_bounded(void **state)
{
    (void)state;
    for (size_t size = 1; size < 20; size++) {
        assert_reads(SPAN("$5\r\nabcde\r\n"), size, 5, "t\"abcde\"");
        assert_reads(SPAN("$6\r\nabcdef\r\n"), size, 5, "!");
        assert_reads(SPAN("+abcdef\r\n"), size, 5, "!");
        assert_reads(SPAN("+abcde\r\n+abcde\r\n"), size, 5, "t\"abcde\"t\"abcde\"");
    }
}

static void lists_are_bounded_by_what_they_would_take(void **state)
{
    size_t two = 2 * sizeof(struct redis_reply);
    (void)state;
    assert_reads(SPAN("*2\r\n$-1\r\n$-1\r\n"), 3, two, "[nn]");
    assert_reads(SPAN("*3\r\n"), 3, two, "!");
    assert_reads(SPAN("*2\r\n+a\r\n+b\r\n"), 3, two + 1, "!");
    assert_reads(SPAN("*2147483647\r\n"), 100, MIB, "!");
    assert_reads(SPAN("*2\r\n*2\r\n*2\r\n"), 100, two + 1, "!");
}

static void lists_may_be_nested_seven_deep(void **state)
{
    (void)state;
    assert_reads(SPAN("*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n"), 5, KIB,
                 "[[[[[[[i1]]]]]]]");
    assert_reads(SPAN("*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n"), 5, KIB, "!");
}

static void a_text_whose_end_never_comes_is_given_up(void **state)
{
    static char rubbish[300 * KIB];
    (void)state;
    memset(rubbish, 'x', sizeof(rubbish));
    static const char *const starts[] = {"+", "-", ":", "$", "*", "$1000000000\r\n"};
    for (size_t i = 0; i < COUNT_OF(starts); i++) {
        memcpy(rubbish, starts[i], strlen(starts[i]));
        assert_reads((struct span){rubbish, sizeof(rubbish)}, 1000, 200 * KIB, "!");
        assert_reads((struct span){rubbish, sizeof(rubbish)}, sizeof(rubbish), 200 * KIB, "!");
    }
}

static void a_large_value_is_read_in_any_pieces(void **state)
{
    static const char head[] = "$1048576\r\n";
    size_t len = sizeof(head) - 1 + MIB + 2;
    char *bytes = xmalloc(len);
    (void)state;
    memset(bytes, 'v', len);
    memcpy(bytes, head, sizeof(head) - 1);
    memcpy(bytes + len - 2, "\r\n", 2);
    for (size_t size = 10007; size < 2 * len; size *= 3) {
        struct redis_reader *reader = redis_reader_create(MIB);
        const struct redis_reply *reply = NULL;
        for (size_t at = 0; at < len; at += size) {
            assert_null(reply);
            redis_reader_feed(reader, (struct span){bytes + at, len - at < size ? len - at : size});
            assert_int_not_equal(redis_reader_next(reader, &reply), REDIS_READ_BROKEN);
        }
        assert_non_null(reply);
        assert_int_equal(reply->text.len, MIB);
        redis_reader_destroy(reader);
    }
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_type_is_read_in_any_pieces),
        cmocka_unit_test(what_is_no_resp2_breaks_it),
        cmocka_unit_test(good_replies_before_a_bad_one_are_handed_out),
        cmocka_unit_test(texts_are_bounded),
        cmocka_unit_test(lists_are_bounded_by_what_they_would_take),
        cmocka_unit_test(lists_may_be_nested_seven_deep),
        cmocka_unit_test(a_text_whose_end_never_comes_is_given_up),
        cmocka_unit_test(a_large_value_is_read_in_any_pieces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
