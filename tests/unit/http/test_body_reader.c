#include "http/body_reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/text.h"

enum { ROOM = 4096 };

/* What came out of one body. */
struct result {
    enum body_state state;
    size_t len;  /* of the bytes taken out */
    size_t used; /* of the bytes put in */
    bool has_ended;
    char bytes[ROOM];
};

/* Reads what has arrived, from memory of its own size, until more must come. */
static void read_part(struct body_reader *reader, struct span part, struct result *result)
{
    char *copy = xmalloc(part.len);
    if (part.len > 0)
        memcpy(copy, part.at, part.len);
    struct span in = {copy, part.len}, piece;
    do {
        result->state = body_reader_next(reader, &in, &piece);
        if (result->state != BODY_PIECE)
            break;
        assert_true(piece.len > 0 && result->len + piece.len <= ROOM);
        memcpy(result->bytes + result->len, piece.at, piece.len);
        result->len += piece.len;
    } while (true);
    if (result->state == BODY_MORE)
        assert_int_equal(in.len, 0);
    result->used += part.len - in.len;
    free(copy);
}

static struct result read_in_parts(const struct framing *framing, struct span bytes, size_t size)
{
    struct result result = {.state = BODY_MORE};
    struct body_reader reader;
    body_reader_init(&reader, framing);
    while (result.state == BODY_MORE && bytes.len > 0) {
        size_t len = bytes.len < size ? bytes.len : size;
        read_part(&reader, (struct span){bytes.at, len}, &result);
        bytes = span_skip(bytes, len);
    }
    result.has_ended = body_reader_end(&reader);
    return result;
}

static struct result read_cut_at(const struct framing *framing, struct span bytes, size_t cut)
{
    struct result result = {.state = BODY_MORE};
    struct body_reader reader;
    body_reader_init(&reader, framing);
    read_part(&reader, (struct span){bytes.at, cut}, &result);
    if (result.state == BODY_MORE)
        read_part(&reader, span_skip(bytes, cut), &result);
    result.has_ended = body_reader_end(&reader);
    return result;
}

static void assert_same(const struct result *a, const struct result *b)
{
    assert_int_equal(a->state, b->state);
    assert_int_equal(a->len, b->len);
    assert_int_equal(a->used, b->used);
    assert_int_equal(a->has_ended, b->has_ended);
    assert_memory_equal(a->bytes, b->bytes, a->len);
}

/* The result of the whole, having seen that no way of cutting it changes that. */
static struct result read_all_ways(const struct framing *framing, struct span bytes)
{
    struct result whole = read_in_parts(framing, bytes, ROOM);
    struct result bytewise = read_in_parts(framing, bytes, 1);
    assert_same(&whole, &bytewise);
    for (size_t cut = 1; cut < bytes.len; cut++) {
        struct result two = read_cut_at(framing, bytes, cut);
        assert_same(&whole, &two);
    }
    return whole;
}

static const struct framing chunked = {BODY_CHUNKED, 0};

static void assert_body(struct span bytes, struct span body)
{
    struct result result = read_all_ways(&chunked, bytes);
    assert_int_equal(result.state, BODY_COMPLETE);
    assert_int_equal(result.used, bytes.len);
    assert_int_equal(result.len, body.len);
    assert_memory_equal(result.bytes, body.at, body.len);
    assert_true(result.has_ended);
    for (size_t len = 0; len < bytes.len; len++) {
        result = read_in_parts(&chunked, (struct span){bytes.at, len}, ROOM);
        assert_int_equal(result.state, BODY_MORE);
        assert_false(result.has_ended);
    }
}

static void legal_chunked_bodies_are_read(void **state)
{
    (void)state;
    assert_body(SPAN("0\r\n\r\n"), SPAN(""));
    assert_body(SPAN("5\r\nhello\r\n0\r\n\r\n"), SPAN("hello"));
    assert_body(SPAN("1\r\na\r\n1\r\nb\r\n000\r\n\r\n"), SPAN("ab"));
    assert_body(SPAN("A\r\n0123456789\r\n0\r\n\r\n"), SPAN("0123456789"));
    assert_body(SPAN("000a\r\n0123456789\r\n0\r\n\r\n"), SPAN("0123456789"));
    assert_body(SPAN("0000000000000001\r\nx\r\n0000000000000000\r\n\r\n"), SPAN("x"));
    assert_body(SPAN("4\r\n\r\n\0\n\r\n0\r\n\r\n"), SPAN("\r\n\0\n"));
    assert_body(SPAN("7\r\n0\r\n\r\n\r\n\r\n0\r\n\r\n"), SPAN("0\r\n\r\n\r\n"));
}

static void legal_extensions_are_dropped(void **state)
{
    (void)state;
    static const char *const extensions[] = {
        ";a",
        ";a=b",
        ";a=\"b\"",
        ";a=\"\"",
        ";a;b=c;d",
        " ;a",
        "\t ; a",
        "; a = b",
        ";a =b",
        ";a= \"b c\"",
        ";a=\"\\\"\"",
        ";a=\"\\\\\"",
        ";a=\"b;c=d\"",
        ";a=\"\xc3\xa9\"",
        ";a=\"b\" ;c",
        ";a=\"\t\"",
        ";a=b ; c=d",
        ";!#$%&'*+-.^_`|~=1",
        ";chunk-signature=0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
    };
    for (size_t i = 0; i < COUNT_OF(extensions); i++) {
        char text[256];
        int len =
            snprintf(text, sizeof text, "2%s\r\nhi\r\n0%s\r\n\r\n", extensions[i], extensions[i]);
        assert_body((struct span){text, (size_t)len}, SPAN("hi"));
    }
}

static void legal_trailers_are_dropped(void **state)
{
    (void)state;
    assert_body(SPAN("1\r\na\r\n0\r\nx: y\r\n\r\n"), SPAN("a"));
    assert_body(SPAN("0\r\nx:\r\ny: \"\\ caf\xe9;=,\t\r\nz:w\r\n\r\n"), SPAN(""));
    assert_body(SPAN("0\r\nContent-Length: 5\r\nTransfer-Encoding: x\r\n\r\n"), SPAN(""));
}

static void what_follows_the_body_is_left_alone(void **state)
{
    (void)state;
    struct span bytes = SPAN("1\r\na\r\n0\r\n\r\nGET / HTTP/1.1\r\n");
    struct result result = read_all_ways(&chunked, bytes);
    assert_int_equal(result.state, BODY_COMPLETE);
    assert_int_equal(result.used, 11);
    assert_int_equal(result.len, 1);
}

struct row {
    const char *bytes;
    size_t len;
    size_t data; /* bytes of the body before it breaks */
};
#define ROW(text, data)                                                                            \
    {                                                                                              \
        text, sizeof(text) - 1, data                                                               \
    }

static void malformed_chunks_break_the_body(void **state)
{
    (void)state;
    static const struct row rows[] = {
        /* sizes */
        ROW("\r\n", 0),
        ROW("x\r\n", 0),
        ROW("-1\r\n", 0),
        ROW("+1\r\n", 0),
        ROW("0x1\r\na\r\n", 0),
        ROW("1g\r\n", 0),
        ROW("1_0\r\n", 0),
        ROW("1.0\r\n", 0),
        ROW(" 1\r\na\r\n", 0),
        ROW("\t1\r\na\r\n", 0),
        ROW("1 \r\na\r\n", 0),
        ROW("1\t\r\na\r\n", 0),
        ROW("1 1\r\na\r\n", 0),
        ROW("0 \r\n\r\n", 0),
        ROW("1,1\r\na\r\n", 0),
        ROW("\"1\"\r\na\r\n", 0),
        ROW("\xef\xbc\x91\r\na\r\n", 0),
        ROW("1\0\r\na\r\n", 0),
        ROW("\0", 0),
        ROW("00000000000000001\r\na\r\n", 0),
        ROW("8000000000000000\r\n", 0),
        ROW("ffffffffffffffff\r\n", 0),
        ROW("10000000000000000\r\n", 0),
        ROW("10000000000000001\r\na\r\n", 0),
        /* line ends */
        ROW("1\na\r\n", 0),
        ROW("1\ra\r\n", 0),
        ROW("1\r\r\na\r\n", 0),
        ROW("1\r\na\n", 1),
        ROW("1\r\na\r0", 1),
        ROW("1\r\na\r\r\n", 1),
        ROW("1\r\nab\r\n", 1),
        ROW("1\r\na0\r\n", 1),
        ROW("1\r\na\n\r\n", 1),
        ROW("1\r\na\r\n\r\n", 1),
        ROW("1\r\na \r\n", 1),
        ROW("5\r\nhello0\r\n\r\n", 5),
        ROW("0\n", 0),
        ROW("0\r\n\n", 0),
        ROW("0\r\n\r\r", 0),
        ROW("0\r\n\rX", 0),
        ROW("0\n\n", 0),
        /* extensions */
        ROW("1;\r\na\r\n", 0),
        ROW("1;a;\r\na\r\n", 0),
        ROW("1;;a\r\na\r\n", 0),
        ROW("1;=b\r\na\r\n", 0),
        ROW("1;a=\r\na\r\n", 0),
        ROW("1;a==b\r\na\r\n", 0),
        ROW("1;a=b=c\r\na\r\n", 0),
        ROW("1;a=b c\r\na\r\n", 0),
        ROW("1;a b\r\na\r\n", 0),
        ROW("1;a \r\na\r\n", 0),
        ROW("1;a=b \r\na\r\n", 0),
        ROW("1 a\r\na\r\n", 0),
        ROW("1=a\r\na\r\n", 0),
        ROW("1;\"a\"\r\na\r\n", 0),
        ROW("1;a=\"b\r\na\r\n", 0),
        ROW("1;a=\"b\"c\r\na\r\n", 0),
        ROW("1;a=\"b\"\"c\"\r\na\r\n", 0),
        ROW("1;a=\"\\\r\"\r\na\r\n", 0),
        ROW("1;a=\"\n\"\r\na\r\n", 0),
        ROW("1;a=\"\x7f\"\r\na\r\n", 0),
        ROW("1;a=b\x01\r\na\r\n", 0),
        ROW("1;a\nb\r\na\r\n", 0),
        ROW("1;a\n", 0),
        ROW("1;a\rb\r\n", 0),
        ROW("1;a=\xc3\xa9\r\na\r\n", 0),
        ROW("1;a=(b)\r\na\r\n", 0),
        ROW("1;a\0\r\na\r\n", 0),
        ROW("0;a\n\r\n", 0),
        /* trailers */
        ROW("0\r\nx\r\n\r\n", 0),
        ROW("0\r\n: y\r\n\r\n", 0),
        ROW("0\r\nx : y\r\n\r\n", 0),
        ROW("0\r\nx y: z\r\n\r\n", 0),
        ROW("0\r\n x: y\r\n\r\n", 0),
        ROW("0\r\nx: y\r\n z\r\n\r\n", 0),
        ROW("0\r\nx: y\n\r\n", 0),
        ROW("0\r\nx: y\rz\r\n\r\n", 0),
        ROW("0\r\nx: \0\r\n\r\n", 0),
        ROW("0\r\nx: \x7f\r\n\r\n", 0),
        ROW("0\r\nx(: y\r\n\r\n", 0),
        ROW("0\r\n\xc3: y\r\n\r\n", 0),
        ROW("0\r\nx: y\r\n\n", 0),
        ROW("0\r\nGET / HTTP/1.1\r\n", 0),
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct result result = read_all_ways(&chunked, (struct span){rows[i].bytes, rows[i].len});
        assert_int_equal(result.state, BODY_BROKEN);
        assert_int_equal(result.len, rows[i].data);
        assert_false(result.has_ended);
    }
}

static void a_broken_body_stays_broken(void **state)
{
    (void)state;
    struct body_reader reader;
    body_reader_init(&reader, &chunked);
    struct span in = SPAN("x"), piece;
    assert_int_equal(body_reader_next(&reader, &in, &piece), BODY_BROKEN);
    in = SPAN("0\r\n\r\n");
    assert_int_equal(body_reader_next(&reader, &in, &piece), BODY_BROKEN);
    assert_int_equal(in.len, 5);
    in.len = 0;
    assert_int_equal(body_reader_next(&reader, &in, &piece), BODY_BROKEN);
}

static void a_complete_body_stays_complete(void **state)
{
    (void)state;
    struct body_reader reader;
    body_reader_init(&reader, &chunked);
    struct span in = SPAN("0\r\n\r\n"), piece;
    assert_int_equal(body_reader_next(&reader, &in, &piece), BODY_COMPLETE);
    in = SPAN("next");
    assert_int_equal(body_reader_next(&reader, &in, &piece), BODY_COMPLETE);
    assert_int_equal(in.len, 4);
}

static void the_largest_chunk_may_begin(void **state)
{
    (void)state;
    struct result result = read_in_parts(&chunked, SPAN("7fffffffffffffff\r\nabc"), 1);
    assert_int_equal(result.state, BODY_MORE);
    assert_int_equal(result.len, 3);
}

/* before, then count bytes of fill, then after, and whether that breaks the body. */
static enum body_state read_filled(struct span before, size_t count, struct span after)
{
    struct result *result = xcalloc(1, sizeof *result);
    char *fill = xmalloc(count);
    memset(fill, 'a', count);
    struct body_reader reader;
    body_reader_init(&reader, &chunked);
    read_part(&reader, before, result);
    if (result->state == BODY_MORE)
        read_part(&reader, (struct span){fill, count}, result);
    if (result->state == BODY_MORE)
        read_part(&reader, after, result);
    enum body_state state = result->state;
    free(fill);
    free(result);
    return state;
}

static void lines_of_extensions_and_trailers_are_bounded(void **state)
{
    (void)state;
    assert_int_equal(read_filled(SPAN("0;"), 4000, SPAN("\r\n\r\n")), BODY_COMPLETE);
    assert_int_equal(read_filled(SPAN("0;"), 5000, SPAN("\r\n\r\n")), BODY_BROKEN);
    assert_int_equal(read_filled(SPAN("0\r\nx:"), 4000, SPAN("\r\n\r\n")), BODY_COMPLETE);
    assert_int_equal(read_filled(SPAN("0\r\nx:"), 5000, SPAN("\r\n\r\n")), BODY_BROKEN);
    assert_int_equal(read_filled(SPAN("0\r\n"), 5000, SPAN(":\r\n\r\n")), BODY_BROKEN);
}

static size_t parts_until_broken(struct span first, struct span part, size_t most)
{
    struct result *result = xcalloc(1, sizeof *result);
    struct body_reader reader;
    size_t count = 0;
    body_reader_init(&reader, &chunked);
    read_part(&reader, first, result);
    while (result->state == BODY_MORE && count < most) {
        result->len = 0;
        read_part(&reader, part, result);
        count++;
    }
    free(result);
    return count;
}

static void trailers_are_bounded_in_all(void **state)
{
    (void)state;
    size_t count = parts_until_broken(SPAN("0\r\n"), SPAN("x: 345678901234\r\n"), 10000);
    assert_in_range(count, 500, 1100);
}

static void extensions_must_be_paid_for_with_data(void **state)
{
    (void)state;
    struct span empty = SPAN("");
    struct span mostly_extension = SPAN("1;3456789012345678901234567890=x\r\na\r\n");
    assert_in_range(parts_until_broken(empty, mostly_extension, 10000), 400, 1000);
    struct span mostly_data = SPAN("20;signature=abc\r\n0123456789abcdef0123456789abcdef\r\n");
    assert_int_equal(parts_until_broken(empty, mostly_data, 10000), 10000);
}

static void a_length_is_counted_down(void **state)
{
    (void)state;
    const struct framing five = {BODY_LENGTH, 5};
    struct result result = read_all_ways(&five, SPAN("helloGET /"));
    assert_int_equal(result.state, BODY_COMPLETE);
    assert_int_equal(result.used, 5);
    assert_memory_equal(result.bytes, "hello", 5);
    assert_true(result.has_ended);
    result = read_all_ways(&five, SPAN("hell"));
    assert_int_equal(result.state, BODY_MORE);
    assert_int_equal(result.len, 4);
    assert_false(result.has_ended);
}

static void a_length_is_complete_when_its_last_byte_was_taken(void **state)
{
    (void)state;
    struct body_reader reader;
    body_reader_init(&reader, &(struct framing){BODY_LENGTH, 2});
    struct span in = SPAN("ab"), piece;
    assert_int_equal(body_reader_next(&reader, &in, &piece), BODY_PIECE);
    assert_int_equal(in.len, 0);
    assert_int_equal(body_reader_next(&reader, &in, &piece), BODY_COMPLETE);
}

static void no_body_is_complete_at_once(void **state)
{
    (void)state;
    struct result result = read_all_ways(&(struct framing){BODY_NONE, 0}, SPAN("GET /"));
    assert_int_equal(result.state, BODY_COMPLETE);
    assert_int_equal(result.used, 0);
    assert_true(result.has_ended);
}

static void until_close_takes_everything_and_may_end_anywhere(void **state)
{
    (void)state;
    struct result result = read_all_ways(&(struct framing){BODY_UNTIL_CLOSE, 0}, SPAN("0\r\n\r\n"));
    assert_int_equal(result.state, BODY_MORE);
    assert_int_equal(result.len, 5);
    assert_true(result.has_ended);
}

static void nothing_arrived_asks_for_more(void **state)
{
    (void)state;
    static const enum body_kind kinds[] = {BODY_LENGTH, BODY_CHUNKED, BODY_UNTIL_CLOSE};
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        struct body_reader reader;
        struct span in = {NULL, 0}, piece;
        body_reader_init(&reader, &(struct framing){kinds[i], 5});
        assert_int_equal(body_reader_next(&reader, &in, &piece), BODY_MORE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(legal_chunked_bodies_are_read),
        cmocka_unit_test(legal_extensions_are_dropped),
        cmocka_unit_test(legal_trailers_are_dropped),
        cmocka_unit_test(what_follows_the_body_is_left_alone),
        cmocka_unit_test(malformed_chunks_break_the_body),
        cmocka_unit_test(a_broken_body_stays_broken),
        cmocka_unit_test(a_complete_body_stays_complete),
        cmocka_unit_test(the_largest_chunk_may_begin),
        cmocka_unit_test(lines_of_extensions_and_trailers_are_bounded),
        cmocka_unit_test(trailers_are_bounded_in_all),
        cmocka_unit_test(extensions_must_be_paid_for_with_data),
        cmocka_unit_test(a_length_is_counted_down),
        cmocka_unit_test(a_length_is_complete_when_its_last_byte_was_taken),
        cmocka_unit_test(no_body_is_complete_at_once),
        cmocka_unit_test(until_close_takes_everything_and_may_end_anywhere),
        cmocka_unit_test(nothing_arrived_asks_for_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
