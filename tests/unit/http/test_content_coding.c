#include "http/content_coding.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#define ZLIB_CONST
#include <cmocka.h>
#include <zlib.h>

#include "support/field_lines.h"

enum { LIMIT = 1 * MIB, GZIP = 15 + 16, ZLIB = 15, RAW = -15, BOMB = 64 * MIB };

/* RFC 9110 §8.4 */
static void the_coding_of_a_body_is_gzip_once_or_another(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        enum coding coding;
    } rows[] = {
        {"", CODING_IDENTITY},        {"identity", CODING_IDENTITY},
        {" , ", CODING_IDENTITY},     {"gzip", CODING_GZIP},
        {"GZip", CODING_GZIP},        {"x-gzip", CODING_GZIP}, /* §8.4.1.3 */
        {" gzip ,", CODING_GZIP},     {"identity, gzip", CODING_GZIP},
        {"br", CODING_OTHER},         {"deflate", CODING_OTHER},
        {"gzip, gzip", CODING_OTHER}, {"gzip, br", CODING_OTHER},
        {"br, gzip", CODING_OTHER},   {"gzip2", CODING_OTHER},
        {"gzip;q=1", CODING_OTHER},   {"\"gzip\"", CODING_OTHER},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_int_equal(coding_of(span_of(rows[i].value)), rows[i].coding);
    assert_int_equal(coding_of((struct span){NULL, 0}), CODING_IDENTITY);
}

static void the_coding_of_a_message_is_that_of_all_its_fields(void **state)
{
    (void)state;
    struct field_lines lines;
    assert_int_equal(coding_of_message(field_lines_read(&lines, SPAN("Vary: gzip"))),
                     CODING_IDENTITY);
    assert_int_equal(
        coding_of_message(field_lines_read(&lines, SPAN("Content-Encoding: gzip\nVary: br"))),
        CODING_GZIP);
    assert_int_equal(coding_of_message(field_lines_read(
                         &lines, SPAN("Content-Encoding: gzip\nContent-Encoding: br"))),
                     CODING_OTHER);
}

struct accept_row {
    const char *value;
    bool identity, gzip, other;
};

/* RFC 9110 §12.5.3, §12.4.2 */
static void what_the_client_accepts_follows_from_the_weights(void **state)
{
    (void)state;
    static const struct accept_row rows[] = {
        {"", true, false, false}, /* empty: no coding at all */
        {"gzip", true, true, false},
        {"GZIP", true, true, false},
        {"x-gzip", true, true, false},
        {"gzip;q=0", true, false, false},
        {"gzip;q=0.000", true, false, false},
        {"gzip;q=0.001", true, true, false},
        {"gzip ; Q=1.000", true, true, false},
        {"gzip;q=0.", true, false, false},
        {"gzip;q=1.", true, true, false},
        {"br, deflate", true, false, false},
        {"compress, gzip", true, true, false},
        {"*", true, true, true},
        {"*;q=0.5", true, true, true},
        {"*;q=0", false, false, false}, /* identity is excluded when nothing names it */
        {"*;q=0, identity", true, false, false},
        {"*;q=0, gzip", false, true, false},
        {"gzip, *;q=0", false, true, false},
        {"gzip;q=0, *", true, false, true},
        {"identity;q=0", false, false, false},
        {"identity;q=0, gzip", false, true, false},
        {"identity;q=0.5, gzip;q=1.0", true, true, false},
        {"gzip;q=1.0, identity; q=0.5, *;q=0", true, true, false},
        {"gzip, gzip;q=0", true, false, false},
        {"x-gzip;q=0, gzip", true, false, false},
        {",, gzip,", true, true, false},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct header room = {SPAN("Accept-Encoding"), span_of(rows[i].value),
                              HEADER_ACCEPT_ENCODING};
        struct header_list request = {.at = &room, .count = 1, .cap = 1};
        if (coding_accepts(&request, CODING_IDENTITY) != rows[i].identity ||
            coding_accepts(&request, CODING_GZIP) != rows[i].gzip ||
            coding_accepts(&request, CODING_OTHER) != rows[i].other)
            fail_msg("%s", rows[i].value);
    }
}

static void members_that_cannot_be_read_do_not_count(void **state)
{
    (void)state;
    static const char *const values[] = {
        "gzip;q=2",     "gzip;q=1.1", "gzip;q=1.001", "gzip;q=0.0001", "gzip;q=-1", "gzip;q=a",
        "gzip;q=",      "gzip;",      "gzip;q",       "gzip;a=1",      "gzip;q=01", "gzip;q=.5",
        "gzip;q= 1",    "gzip;q =1",  "gzip;q=1;a",   "gzip;q=0,5",    "gzip q=1",  "\"gzip\"",
        "gzip;q=\"1\"", "g zip",      "gzip2",        "*;q=x",         "gzip;;q=1", "gzip=1",
    };
    for (size_t i = 0; i < COUNT_OF(values); i++) {
        struct header room = {SPAN("Accept-Encoding"), span_of(values[i]), HEADER_ACCEPT_ENCODING};
        struct header_list request = {.at = &room, .count = 1, .cap = 1};
        assert_true(coding_accepts(&request, CODING_IDENTITY));
        assert_false(coding_accepts(&request, CODING_GZIP));
    }
}

static void without_the_field_only_identity_is_sure(void **state)
{
    (void)state;
    struct field_lines lines;
    const struct header_list *request = field_lines_read(&lines, SPAN("Accept: gzip"));
    assert_true(coding_accepts(request, CODING_IDENTITY));
    assert_false(coding_accepts(request, CODING_GZIP));
    assert_false(coding_accepts(request, CODING_OTHER));
}

static void several_fields_are_one_list(void **state)
{
    (void)state;
    struct field_lines lines;
    const struct header_list *request =
        field_lines_read(&lines, SPAN("Accept-Encoding: br\naccept-encoding: gzip"));
    assert_true(coding_accepts(request, CODING_GZIP));
    request = field_lines_read(&lines, SPAN("Accept-Encoding: gzip\nAccept-Encoding: gzip;q=0"));
    assert_false(coding_accepts(request, CODING_GZIP));
}

static void each_coding_of_a_body_must_be_accepted(void **state)
{
    (void)state;
    static const struct {
        const char *content, *accept;
        bool is_accepted;
    } rows[] = {
        {"", "gzip", true},          {"", "identity;q=0", true},
        {"br", "gzip, br", true},    {"BR", "br", true},
        {"br", "gzip", false},       {"br", "br;q=0", false},
        {"br", "*", true},           {"br", "*, br;q=0", false},
        {"br, gzip", "gzip", false}, {"br, gzip", "gzip, br", true},
        {"x-gzip", "gzip", true},    {"identity", "gzip", true},
        {"br", ";q=1", false},       {"br2", "br", false},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct header room = {SPAN("Accept-Encoding"), span_of(rows[i].accept),
                              HEADER_ACCEPT_ENCODING};
        struct header_list request = {.at = &room, .count = 1, .cap = 1};
        if (coding_accepts_all(&request, span_of(rows[i].content)) != rows[i].is_accepted)
            fail_msg("%s for %s", rows[i].content, rows[i].accept);
    }
}

/* Appends input in a frame of zlib's to out. */
static void pack(struct span input, int window_bits, struct buffer *out)
{
    size_t room = compressBound((uLong)input.len) + 64;
    char *packed = xmalloc(room);
    z_stream stream = {.next_in = (const Bytef *)input.at, .avail_in = (uInt)input.len};
    assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY),
                     Z_OK);
    stream.next_out = (Bytef *)packed;
    stream.avail_out = (uInt)room;
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    assert_int_equal(buffer_append(out, (struct span){packed, stream.total_out}), OK);
    deflateEnd(&stream);
    free(packed);
}

static void assert_bytes(const struct buffer *buffer, struct span expected)
{
    assert_int_equal(buffer->len, expected.len);
    if (expected.len > 0)
        assert_memory_equal(buffer->at, expected.at, expected.len);
}

static void what_was_encoded_is_decoded(void **state)
{
    (void)state;
    char *bytes = xmalloc(LIMIT);
    uint32_t noise = 1;
    for (size_t i = 0; i < LIMIT; i++) {
        noise = noise * 1664525 + 1013904223;
        bytes[i] = (char)(i % 3 == 0 ? noise >> 24 : 'a' + i % 7);
    }
    static const size_t lengths[] = {0, 1, 100, 16 * KIB, 16 * KIB + 1, LIMIT};
    for (size_t i = 0; i < COUNT_OF(lengths); i++) {
        struct buffer packed, plain;
        struct span input = {bytes, lengths[i]};
        buffer_init(&packed, 2 * LIMIT);
        buffer_init(&plain, LIMIT);
        assert_int_equal(gzip_encode(input, &packed), OK);
        assert_int_equal(gzip_decode(buffer_bytes(&packed), &plain), OK);
        assert_bytes(&plain, input);
        buffer_clear(&packed);
        buffer_clear(&plain);
    }
    free(bytes);
}

/* Stored copies and their tags depend on it. */
static void the_same_bytes_are_encoded_the_same(void **state)
{
    (void)state;
    struct buffer first, second;
    buffer_init(&first, LIMIT);
    buffer_init(&second, LIMIT);
    assert_int_equal(gzip_encode(SPAN("{\"bots\":[]}"), &first), OK);
    assert_int_equal(gzip_encode(SPAN("{\"bots\":[]}"), &second), OK);
    assert_bytes(&first, buffer_bytes(&second));
    buffer_clear(&first);
    buffer_clear(&second);
}

static void both_append_to_what_is_there(void **state)
{
    (void)state;
    struct buffer packed, plain;
    buffer_init(&packed, LIMIT);
    buffer_init(&plain, LIMIT);
    assert_int_equal(buffer_append(&packed, SPAN("xx")), OK);
    assert_int_equal(buffer_append(&plain, SPAN("yy")), OK);
    assert_int_equal(gzip_encode(SPAN("abc"), &packed), OK);
    assert_int_equal(gzip_decode(span_skip(buffer_bytes(&packed), 2), &plain), OK);
    assert_bytes(&plain, SPAN("yyabc"));
    buffer_clear(&packed);
    buffer_clear(&plain);
}

/* RFC 1952 §2.2 */
static void several_members_are_one_body(void **state)
{
    (void)state;
    struct buffer packed, plain;
    buffer_init(&packed, LIMIT);
    buffer_init(&plain, LIMIT);
    pack(SPAN("abc"), GZIP, &packed);
    pack(SPAN(""), GZIP, &packed);
    pack(SPAN("def"), GZIP, &packed);
    assert_int_equal(gzip_decode(buffer_bytes(&packed), &plain), OK);
    assert_bytes(&plain, SPAN("abcdef"));
    buffer_clear(&packed);
    buffer_clear(&plain);
}

static void assert_refused(struct span packed)
{
    struct buffer plain;
    char *copy = xmalloc(packed.len + 1); /* so that ASan sees its end */
    if (packed.len > 0)
        memcpy(copy, packed.at, packed.len);
    buffer_init(&plain, LIMIT);
    assert_int_equal(buffer_append(&plain, SPAN("kept")), OK);
    assert_int_equal(gzip_decode((struct span){copy, packed.len}, &plain), ERR_SYNTAX);
    assert_bytes(&plain, SPAN("kept"));
    buffer_clear(&plain);
    free(copy);
}

static void what_is_cut_anywhere_is_refused(void **state)
{
    (void)state;
    struct buffer packed;
    buffer_init(&packed, LIMIT);
    pack(SPAN("abcabcabcabcabc"), GZIP, &packed);
    size_t first = packed.len;
    pack(SPAN("def"), GZIP, &packed);
    for (size_t len = 0; len < packed.len; len++) {
        if (len != first)
            assert_refused((struct span){packed.at, len});
    }
    buffer_clear(&packed);
}

static void what_follows_the_last_member_is_refused(void **state)
{
    (void)state;
    static const struct span garbage[] = {SPAN_INIT("\0"),       SPAN_INIT("\0\0\0\0"),
                                          SPAN_INIT("x"),        SPAN_INIT("\x1f"),
                                          SPAN_INIT("\x1f\x8b"), SPAN_INIT("{\"a\":1}")};
    for (size_t i = 0; i < COUNT_OF(garbage); i++) {
        struct buffer packed;
        buffer_init(&packed, LIMIT);
        pack(SPAN("abc"), GZIP, &packed);
        assert_int_equal(buffer_append(&packed, garbage[i]), OK);
        assert_refused(buffer_bytes(&packed));
        buffer_clear(&packed);
    }
}

/* RFC 1952 §2.3.1: magic, method, reserved flags; the sum and the length at the end. */
static void a_changed_head_or_sum_is_refused(void **state)
{
    (void)state;
    struct buffer packed;
    buffer_init(&packed, LIMIT);
    pack(SPAN("abc"), GZIP, &packed);
    for (size_t i = 0; i < packed.len; i++) {
        bool is_checked = i < 4 || i >= packed.len - 8;
        packed.at[i] = (char)(packed.at[i] ^ 0xe0);
        if (is_checked)
            assert_refused(buffer_bytes(&packed));
        packed.at[i] = (char)(packed.at[i] ^ 0xe0);
    }
    buffer_clear(&packed);
}

static void other_frames_are_no_gzip(void **state)
{
    (void)state;
    static const int frames[] = {ZLIB, RAW};
    for (size_t i = 0; i < COUNT_OF(frames); i++) {
        struct buffer packed;
        buffer_init(&packed, LIMIT);
        pack(SPAN("abc"), frames[i], &packed);
        assert_refused(buffer_bytes(&packed));
        buffer_clear(&packed);
    }
    assert_refused(SPAN("{}"));
    assert_refused((struct span){NULL, 0});
}

static void a_bomb_ends_at_the_bound(void **state)
{
    (void)state;
    char *zeros = xcalloc(1, BOMB);
    struct buffer packed, plain;
    buffer_init(&packed, LIMIT);
    buffer_init(&plain, LIMIT);
    pack((struct span){zeros, BOMB}, GZIP, &packed);
    assert_int_equal(gzip_decode(buffer_bytes(&packed), &plain), ERR_LIMIT);
    assert_int_equal(plain.len, 0);
    assert_in_range(plain.cap, 0, LIMIT);
    buffer_clear(&packed);
    buffer_clear(&plain);
    free(zeros);
}

static void exactly_the_bound_is_decoded(void **state)
{
    (void)state;
    char *zeros = xcalloc(1, LIMIT + 1);
    struct buffer packed, plain;
    buffer_init(&packed, LIMIT);
    buffer_init(&plain, LIMIT);
    pack((struct span){zeros, LIMIT}, GZIP, &packed);
    assert_int_equal(gzip_decode(buffer_bytes(&packed), &plain), OK);
    assert_int_equal(plain.len, LIMIT);
    assert_int_equal(gzip_decode(buffer_bytes(&packed), &plain), ERR_LIMIT);
    assert_int_equal(plain.len, LIMIT);
    buffer_clear(&packed);
    buffer_clear(&plain);
    free(zeros);
}

static void many_empty_members_cost_their_bytes(void **state)
{
    (void)state;
    struct buffer one, packed, plain;
    buffer_init(&one, LIMIT);
    buffer_init(&packed, LIMIT);
    buffer_init(&plain, 0);
    pack(SPAN(""), GZIP, &one);
    while (packed.len + one.len <= packed.limit)
        assert_int_equal(buffer_append(&packed, buffer_bytes(&one)), OK);
    assert_int_equal(gzip_decode(buffer_bytes(&packed), &plain), OK);
    assert_int_equal(plain.len, 0);
    buffer_clear(&one);
    buffer_clear(&packed);
}

static void what_does_not_fit_is_not_encoded(void **state)
{
    (void)state;
    struct buffer out;
    buffer_init(&out, 24);
    assert_int_equal(buffer_append(&out, SPAN("kept")), OK);
    assert_int_equal(gzip_encode(SPAN("0123456789"), &out), ERR_LIMIT);
    assert_bytes(&out, SPAN("kept"));
    buffer_clear(&out);
}

/* RFC 9110 §8.4.1.2 */
static void deflate_has_any_frame_or_none(void **state)
{
    (void)state;
    static const int frames[] = {ZLIB, RAW, GZIP};
    for (size_t i = 0; i < COUNT_OF(frames); i++) {
        struct buffer packed, plain;
        buffer_init(&packed, LIMIT);
        buffer_init(&plain, LIMIT);
        pack(SPAN("abcabcabc"), frames[i], &packed);
        assert_int_equal(deflate_decode(buffer_bytes(&packed), &plain), OK);
        assert_bytes(&plain, SPAN("abcabcabc"));
        assert_int_equal(buffer_append(&packed, SPAN("x")), OK);
        assert_int_equal(deflate_decode(buffer_bytes(&packed), &plain), ERR_SYNTAX);
        assert_bytes(&plain, SPAN("abcabcabc"));
        buffer_clear(&packed);
        buffer_clear(&plain);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_coding_of_a_body_is_gzip_once_or_another),
        cmocka_unit_test(the_coding_of_a_message_is_that_of_all_its_fields),
        cmocka_unit_test(what_the_client_accepts_follows_from_the_weights),
        cmocka_unit_test(each_coding_of_a_body_must_be_accepted),
        cmocka_unit_test(members_that_cannot_be_read_do_not_count),
        cmocka_unit_test(without_the_field_only_identity_is_sure),
        cmocka_unit_test(several_fields_are_one_list),
        cmocka_unit_test(what_was_encoded_is_decoded),
        cmocka_unit_test(the_same_bytes_are_encoded_the_same),
        cmocka_unit_test(both_append_to_what_is_there),
        cmocka_unit_test(several_members_are_one_body),
        cmocka_unit_test(what_is_cut_anywhere_is_refused),
        cmocka_unit_test(what_follows_the_last_member_is_refused),
        cmocka_unit_test(a_changed_head_or_sum_is_refused),
        cmocka_unit_test(other_frames_are_no_gzip),
        cmocka_unit_test(a_bomb_ends_at_the_bound),
        cmocka_unit_test(exactly_the_bound_is_decoded),
        cmocka_unit_test(many_empty_members_cost_their_bytes),
        cmocka_unit_test(what_does_not_fit_is_not_encoded),
        cmocka_unit_test(deflate_has_any_frame_or_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
