#include "cache/entry_codec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <zlib.h>

#include <cmocka.h>

#include "support/field_lines.h"

enum { OBJECT_BYTES = 2 * MIB, HOUR_MS = 3600 * 1000 };
enum { SUM_AT = 4, NUMBERS_AT = 8, NUMBERS_LEN = 97 }; /* of version 1 */

static const uint64_t now_ms = UINT64_C(1800000000000);

static const struct cache_facts facts_of_all = {
    .began_us = UINT64_C(1799999999000000),
    .response_wall_ms = UINT64_C(1799999999500),
    .last_modified_s = -5,
    .date_s = 1799999999,
    .initial_age_s = 3,
    .lifetime_s = 3600,
    .stale_while_s = 60,
    .stale_if_error_s = 604800,
    .status = 200,
    .flags = CACHE_SHARED | CACHE_MUST_REVALIDATE,
    .coding = CODING_IDENTITY,
    .lifetime_source = LIFETIME_RULE,
    .has_last_modified = 1,
    .tag_count = 3,
    .tags = {1, 65535, 300},
};

static struct cache_entry *make(const struct cache_facts *facts, struct span lines,
                                struct span body)
{
    struct field_lines fields;
    struct cache_entry *entry = cache_entry_create(
        facts, SPAN("the\0key"), field_lines_read(&fields, lines), SPAN(""), body.len);
    if (body.len > 0)
        memcpy(cache_entry_body(entry), body.at, body.len);
    return entry;
}

static struct cache_entry *decode(const char *block, size_t len)
{
    return entry_decode((struct span){block, len}, SPAN("the\0key"), OBJECT_BYTES, now_ms);
}

static void check_same(const struct cache_entry *a, const struct cache_entry *b)
{
    assert_memory_equal(&a->facts, &b->facts, sizeof(a->facts));
    assert_true(span_equal(a->key, b->key));
    assert_true(span_equal(a->head, b->head));
    assert_true(span_equal(a->body, b->body));
    assert_true(span_equal(a->etag, b->etag));
    assert_int_equal(a->header_count, b->header_count);
    for (size_t i = 0; i < a->header_count; i++) {
        assert_true(span_equal(a->headers[i].name, b->headers[i].name));
        assert_true(span_equal(a->headers[i].value, b->headers[i].value));
        assert_int_equal(a->headers[i].id, b->headers[i].id);
    }
}

/* Encodes and decodes; the length of the block. */
static size_t there_and_back(struct cache_entry *entry)
{
    size_t len;
    char *block = entry_encode(entry, &len);
    assert_non_null(block);
    struct cache_entry *other = decode(block, len);
    assert_non_null(other);
    assert_int_equal(other->references, 1);
    check_same(entry, other);
    cache_entry_release(other);
    cache_entry_release(entry);
    free(block);
    return len;
}

static void an_entry_comes_back_as_it_went(void **state)
{
    (void)state;
    there_and_back(
        make(&facts_of_all,
             SPAN("ETag: \"x\"\nContent-Type: text/plain\nX-Empty:\nX-Two: a\nX-Two: \xff"),
             SPAN("hello\0world")));
    there_and_back(make(&facts_of_all, SPAN(""), SPAN("")));
    struct cache_facts least = {.status = 599};
    there_and_back(make(&least, SPAN("A: b"), SPAN("c")));
}

static void a_tag_of_our_own_stays_ours(void **state)
{
    (void)state;
    const struct header_list none = {0};
    there_and_back(cache_entry_create(&facts_of_all, SPAN("the\0key"), &none, SPAN("\"own\""), 0));
}

static struct cache_facts facts_of_marker(void)
{
    struct cache_facts facts = facts_of_all;
    facts.flags = CACHE_SHARED | CACHE_VARY_MARKER;
    facts.status = 0;
    return facts;
}

static void a_marker_comes_back_as_it_went(void **state)
{
    (void)state;
    struct cache_facts facts = facts_of_marker();
    there_and_back(make(&facts, SPAN("vary: accept,x-other"), SPAN("")));
}

static char *repeated(const char *text, size_t len)
{
    char *bytes = xmalloc(len);
    for (size_t i = 0; i < len; i++)
        bytes[i] = text[i % strlen(text)];
    return bytes;
}

static size_t block_len_of(enum coding coding, struct span body)
{
    struct cache_facts facts = facts_of_all;
    facts.coding = (uint8_t)coding;
    return there_and_back(make(&facts, SPAN("A: b"), body));
}

static void long_bodies_without_a_coding_are_deflated(void **state)
{
    (void)state;
    char *text = repeated("{\"id\":1,\"name\":\"bot\"}", MIB);
    assert_true(block_len_of(CODING_IDENTITY, (struct span){text, KIB}) > KIB);
    assert_true(block_len_of(CODING_IDENTITY, (struct span){text, KIB + 1}) < KIB / 2);
    assert_true(block_len_of(CODING_IDENTITY, (struct span){text, 256 * KIB}) < 8 * KIB);
    assert_true(block_len_of(CODING_IDENTITY, (struct span){text, MIB}) >
                MIB); /* would take too long */
    assert_true(block_len_of(CODING_GZIP, (struct span){text, 2 * KIB}) > 2 * KIB);
    free(text);
}

static void what_does_not_shrink_travels_as_it_is(void **state)
{
    (void)state;
    char noise[4 * KIB];
    uint32_t seed = 1;
    for (size_t i = 0; i < sizeof(noise); i++) {
        seed = seed * 1664525 + 1013904223;
        noise[i] = (char)(seed >> 24);
    }
    assert_true(block_len_of(CODING_IDENTITY, (struct span){noise, sizeof(noise)}) > sizeof(noise));
}

static char *encode_one(size_t body_len, size_t *len)
{
    char *body = repeated("0123456789abcdef", body_len);
    struct cache_entry *entry =
        make(&facts_of_all, SPAN("ETag: \"x\"\nVary: accept"), (struct span){body, body_len});
    char *block = entry_encode(entry, len);
    cache_entry_release(entry);
    free(body);
    return block;
}

static void flip(char *at, unsigned mask)
{
    *at = (char)((unsigned char)*at ^ mask);
}

static void every_flipped_bit_and_byte_is_a_miss(void **state)
{
    (void)state;
    const size_t bodies[] = {100, 2000};
    for (size_t b = 0; b < COUNT_OF(bodies); b++) {
        size_t len;
        char *block = encode_one(bodies[b], &len);
        for (size_t i = 0; i < len; i++) {
            for (unsigned mask = 1; mask < 256; mask++) {
                flip(block + i, mask);
                assert_null(decode(block, len));
                flip(block + i, mask);
            }
        }
        free(block);
    }
}

static void every_truncation_and_addition_is_a_miss(void **state)
{
    (void)state;
    size_t len;
    char *block = encode_one(2000, &len);
    for (size_t i = 0; i < len; i++) {
        char *cut = xmalloc(i + 1); /* of its very size, so that ASan sees a read beyond */
        memcpy(cut, block, i);
        assert_null(decode(cut, i));
        free(cut);
    }
    char *longer = xcalloc(1, len + 1);
    memcpy(longer, block, len);
    assert_null(decode(longer, len + 1));
    free(longer);
    free(block);
    assert_null(decode(NULL, 0));
}

/* Whoever writes to Redis can make a sum, too: what is behind it is looked at all the same. */
static void seal(char *block, size_t len)
{
    uint32_t sum = (uint32_t)crc32_z(0, (unsigned char *)block + NUMBERS_AT, len - NUMBERS_AT);
    for (size_t i = 0; i < 4; i++)
        block[SUM_AT + i] = (char)(sum >> 8 * i);
}

static void no_sealed_byte_of_the_numbers_does_harm(void **state)
{
    (void)state;
    size_t len;
    char *block = encode_one(2000, &len);
    for (size_t i = NUMBERS_AT; i < NUMBERS_AT + NUMBERS_LEN; i++) {
        for (unsigned mask = 1; mask < 256; mask++) {
            flip(block + i, mask);
            seal(block, len);
            struct cache_entry *entry = decode(block, len);
            if (entry)
                assert_int_equal(entry->body.len, 2000);
            cache_entry_release(entry);
            flip(block + i, mask);
        }
    }
    free(block);
}

/* The block with a number of it changed and sealed anew is a miss. */
static void check_refused(const char *good, size_t len, size_t at, uint64_t value, size_t size)
{
    char *block = xmalloc(len);
    memcpy(block, good, len);
    for (size_t i = 0; i < size; i++)
        block[NUMBERS_AT + at + i] = (char)(value >> 8 * i);
    seal(block, len);
    assert_null(decode(block, len));
    free(block);
}

static void numbers_out_of_range_are_a_miss(void **state)
{
    (void)state;
    static const struct {
        size_t at;
        uint64_t value;
        size_t size;
    } rows[] = {
        {0, (UINT64_C(1800000000000) + HOUR_MS + 1) * 1000, 8}, /* began_us */
        {0, UINT64_MAX, 8},
        {8, UINT64_C(1800000000000) + HOUR_MS + 1, 8}, /* response_wall_ms */
        {8, UINT64_MAX, 8},
        {16, (uint64_t)INT64_MIN, 8}, /* last_modified_s */
        {24, INT64_MAX, 8},           /* date_s */
        {32, UINT32_MAX, 4},          /* initial_age_s, and the three after it */
        {36, UINT32_MAX, 4},
        {40, UINT32_MAX, 4},
        {44, UINT32_MAX, 4},
        {48, 199, 2}, /* status */
        {48, 600, 2},
        {50, CACHE_SECRET, 2}, /* flags */
        {50, 1 << 8, 2},
        {50, 1 << 15, 2},
        {50, CACHE_OWN_ETAG | CACHE_VARY_MARKER, 2},
        {52, CODING_OTHER + 1, 1},
        {52, CODING_GZIP, 1}, /* and deflated */
        {53, LIFETIME_RULE + 1, 1},
        {54, 2, 1}, /* has_last_modified */
        {55, CACHE_TAGS_MAX + 1, 1},
        {80, 6, 4}, /* lengths: of the key, the head, the body, and as it travels */
        {80, UINT32_MAX, 4},
        {84, 0, 4},
        {84, UINT32_MAX, 4},
        {88, 1999, 4},
        {88, 2001, 4},
        {88, OBJECT_BYTES + 1, 4},
        {88, UINT32_MAX, 4},
        {92, 1, 4},
        {92, UINT32_MAX, 4},
        {96, 0, 1}, /* is_deflated */
        {96, 2, 1},
    };
    size_t len;
    char *block = encode_one(2000, &len);
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        check_refused(block, len, rows[i].at, rows[i].value, rows[i].size);
    free(block);
}

static void times_up_to_an_hour_ahead_are_taken(void **state)
{
    (void)state;
    struct cache_facts facts = facts_of_all;
    facts.began_us = (now_ms + HOUR_MS) * 1000;
    facts.response_wall_ms = now_ms + HOUR_MS;
    there_and_back(make(&facts, SPAN("A: b"), SPAN("c")));
}

static void another_key_is_a_miss(void **state)
{
    (void)state;
    const struct span keys[] = {SPAN_INIT("the\0kez"), SPAN_INIT("the"), SPAN_INIT(""),
                                SPAN_INIT("the\0key2")};
    size_t len;
    char *block = encode_one(100, &len);
    for (size_t i = 0; i < COUNT_OF(keys); i++)
        assert_null(entry_decode((struct span){block, len}, keys[i], OBJECT_BYTES, now_ms));
    free(block);
}

static void a_body_beyond_the_limit_is_a_miss(void **state)
{
    (void)state;
    size_t len;
    char *block = encode_one(2000, &len);
    struct span bytes = {block, len};
    struct cache_entry *entry = entry_decode(bytes, SPAN("the\0key"), 2000, now_ms);
    assert_non_null(entry);
    cache_entry_release(entry);
    assert_null(entry_decode(bytes, SPAN("the\0key"), 1999, now_ms));
    free(block);
}

/* Two heads of the same length: the sound one is encoded, and then replaced. */
static void fields_that_are_none_are_a_miss(void **state)
{
    (void)state;
    static const char *const heads[] = {
        "abc: def\r\ng: h\r ",   "abc: def\r\ng: h\n\n",    "abc: def\r\ng: h  ",
        "abc: def\r\ng: \r\r\n", "abc: def\n\ng: h\r\n",    "abc: def\r\r\n: h\r\n",
        "abc: def\r\n : h\r\n",  "abc: def\r\nge:h\r\n",    "abc: def\r\n\r\n\r\n\r\n",
        "abc: d\0f\r\ng: h\r\n", "a c: def\r\ng: h\r\n",    "abc: de\r\r\ng: h\r\n",
        "abc:  ef\r\ng: h\r\n",  "abc: de \r\ng: h\r\n",    "abc:\tdef\r\ng: h\r\n",
        "age: def\r\ng: h\r\n",  "abc: de\x7f\r\ng: h\r\n", "\xe4: def12\r\n: h\r\n",
        ": defabc\r\ng: h\r\n",  "te : def\r\ng: h\r\n",    "te: def1\r\ng: h\r\n",
    };
    const struct span sound = SPAN("abc: def\r\ng: h\r\n");
    struct cache_entry *entry = make(&facts_of_all, SPAN("abc: def\ng: h"), SPAN("body"));
    size_t len, head_at = NUMBERS_AT + NUMBERS_LEN + entry->key.len;
    char *block = entry_encode(entry, &len);
    assert_memory_equal(block + head_at, sound.at, sound.len);
    for (size_t i = 0; i < COUNT_OF(heads); i++) {
        memcpy(block + head_at, heads[i], sound.len);
        seal(block, len);
        assert_null(decode(block, len));
    }
    memcpy(block + head_at, sound.at, sound.len);
    seal(block, len);
    struct cache_entry *other = decode(block, len);
    check_same(entry, other);
    cache_entry_release(other);
    cache_entry_release(entry);
    free(block);
}

static void fields_that_are_never_stored_are_a_miss(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "Content-Length: 4",
        "Transfer-Encoding: chunked",
        "Connection: close",
        "Age: 4",
    };
    for (size_t i = 0; i < COUNT_OF(lines); i++) {
        size_t len;
        struct cache_entry *entry = make(&facts_of_all, span_of(lines[i]), SPAN("body"));
        char *block = entry_encode(entry, &len);
        assert_null(decode(block, len));
        cache_entry_release(entry);
        free(block);
    }
}

static void a_marker_has_one_field_of_names_and_no_body(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "vary:", "vary: a b", "vary: a;b", "vary: \"a\"", "accept: a", "vary: a\nvary: b", "",
    };
    struct cache_facts facts = facts_of_marker();
    for (size_t i = 0; i <= COUNT_OF(lines); i++) {
        size_t len;
        bool has_body = i == COUNT_OF(lines);
        struct cache_entry *entry = has_body ? make(&facts, SPAN("vary: a"), SPAN("body"))
                                             : make(&facts, span_of(lines[i]), SPAN(""));
        char *block = entry_encode(entry, &len);
        assert_null(decode(block, len));
        cache_entry_release(entry);
        free(block);
    }
}

/* A bomb: sealed, its length as announced, but inflating to more, to less, or followed by more. */
static void what_does_not_inflate_to_the_announced_length_is_a_miss(void **state)
{
    (void)state;
    size_t len;
    char *block = encode_one(4000, &len);
    check_refused(block, len, 88, 3999, 4);
    check_refused(block, len, 88, 4001, 4);
    check_refused(block, len, 88, OBJECT_BYTES, 4);
    char *longer = xcalloc(1, len + 1);
    memcpy(longer, block, len);
    longer[NUMBERS_AT + 92]++;
    seal(longer, len + 1);
    assert_null(decode(longer, len + 1));
    free(longer);
    free(block);
}

static void secrets_and_endless_fields_do_not_travel(void **state)
{
    (void)state;
    size_t len;
    struct cache_facts secret = facts_of_all;
    secret.flags |= CACHE_SECRET;
    struct cache_entry *entry = make(&secret, SPAN("A: b"), SPAN("c"));
    assert_null(entry_encode(entry, &len));
    cache_entry_release(entry);

    char *value = repeated("x", 300 * KIB);
    struct header header = {SPAN("x-long"), {value, 300 * KIB}, HEADER_OTHER};
    const struct header_list list = {.at = &header, .count = 1, .cap = 1};
    entry = cache_entry_create(&facts_of_all, SPAN("k"), &list, SPAN(""), 0);
    assert_null(entry_encode(entry, &len));
    cache_entry_release(entry);
    free(value);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_entry_comes_back_as_it_went),
        cmocka_unit_test(a_tag_of_our_own_stays_ours),
        cmocka_unit_test(a_marker_comes_back_as_it_went),
        cmocka_unit_test(long_bodies_without_a_coding_are_deflated),
        cmocka_unit_test(what_does_not_shrink_travels_as_it_is),
        cmocka_unit_test(every_flipped_bit_and_byte_is_a_miss),
        cmocka_unit_test(every_truncation_and_addition_is_a_miss),
        cmocka_unit_test(no_sealed_byte_of_the_numbers_does_harm),
        cmocka_unit_test(numbers_out_of_range_are_a_miss),
        cmocka_unit_test(times_up_to_an_hour_ahead_are_taken),
        cmocka_unit_test(another_key_is_a_miss),
        cmocka_unit_test(a_body_beyond_the_limit_is_a_miss),
        cmocka_unit_test(fields_that_are_none_are_a_miss),
        cmocka_unit_test(fields_that_are_never_stored_are_a_miss),
        cmocka_unit_test(a_marker_has_one_field_of_names_and_no_body),
        cmocka_unit_test(what_does_not_inflate_to_the_announced_length_is_a_miss),
        cmocka_unit_test(secrets_and_endless_fields_do_not_travel),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
