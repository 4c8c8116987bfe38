/* fuzz_structured.c - lists, dictionaries and items of Structured Fields.
 *
 * What was valid is valid when its members are written again, and says the same; valid lines are
 * valid when they are joined. */
#include <stdio.h>

#include "base/buffer.h"
#include "base/text.h"
#include "http/structured.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LIMIT = 8 * MIB };

#define LARGEST INT64_C(999999999999999)

struct reading {
    enum sf_step end;
    size_t count;
    struct buffer written;
};

static void put(struct buffer *out, struct span text)
{
    ASSERT(buffer_append(out, text) == OK);
}

static void put_between(struct buffer *out, struct span first, struct span text, struct span last)
{
    put(out, first);
    put(out, text);
    put(out, last);
}

static void put_number(struct buffer *out, const struct sf_value *value)
{
    char text[32];
    long long number = (long long)value->number;
    long long whole = number < 0 ? -(number / 1000) : number / 1000;
    int len = snprintf(text, sizeof text, "%lld", number);
    ASSERT(number <= LARGEST && number >= -LARGEST);
    if (value->kind == SF_DECIMAL)
        len = snprintf(text, sizeof text, "%s%lld.%03lld", number < 0 ? "-" : "", whole,
                       number < 0 ? -(number % 1000) : number % 1000);
    put(out, (struct span){text, (size_t)len});
}

static void put_value(struct buffer *out, const struct sf_value *value)
{
    switch (value->kind) {
    case SF_INTEGER:
    case SF_DECIMAL:
        put_number(out, value);
        break;
    case SF_STRING:
        put_between(out, SPAN("\""), value->text, SPAN("\""));
        break;
    case SF_TOKEN:
        ASSERT(sf_is_token(value->text));
        put(out, value->text);
        break;
    case SF_BYTES:
        put_between(out, SPAN(":"), value->text, SPAN(":"));
        break;
    case SF_BOOLEAN:
        put(out, value->number ? SPAN("?1") : SPAN("?0"));
        break;
    case SF_INNER_LIST:
        put_between(out, SPAN("("), value->text, SPAN(")"));
        break;
    }
    put(out, value->parameters);
}

static void check_parts(const struct sf_value *value)
{
    struct span rest = value->parameters, key;
    struct sf_value part;
    enum sf_step step;
    while ((step = sf_next_parameter(&rest, &key, &part)) == SF_MEMBER)
        ASSERT(key.len > 0 && part.kind != SF_INNER_LIST);
    ASSERT(step == SF_END);
    if (value->kind != SF_INNER_LIST)
        return;
    rest = value->text;
    while ((step = sf_next_inner(&rest, &part)) == SF_MEMBER)
        ASSERT(part.kind != SF_INNER_LIST);
    ASSERT(step == SF_END);
}

static void read_all(struct span text, bool is_dictionary, struct reading *reading)
{
    struct sf_walk walk;
    struct span key;
    struct sf_value value;
    *reading = (struct reading){.end = SF_END};
    buffer_init(&reading->written, LIMIT);
    sf_walk_init(&walk, text);
    while ((reading->end = is_dictionary ? sf_next_member(&walk, &key, &value)
                                         : sf_next_element(&walk, &value)) == SF_MEMBER) {
        check_parts(&value);
        if (reading->count++ > 0)
            put(&reading->written, SPAN(","));
        if (is_dictionary)
            put_between(&reading->written, SPAN(""), key, SPAN("="));
        put_value(&reading->written, &value);
    }
}

static void check_same(struct span text, bool is_dictionary, const struct reading *expected)
{
    struct reading again;
    read_all(text, is_dictionary, &again);
    ASSERT(again.end == SF_END && again.count == expected->count);
    ASSERT(span_equal(buffer_bytes(&again.written), buffer_bytes(&expected->written)));
    buffer_clear(&again.written);
}

/* Two lines that are valid and not empty are one valid line. */
static void check_joined(const struct reading *first, struct span second, bool is_dictionary)
{
    struct reading both, other;
    read_all(second, is_dictionary, &other);
    if (first->count > 0 && other.count > 0 && other.end == SF_END) {
        struct buffer joined;
        buffer_init(&joined, 2 * LIMIT);
        put_between(&joined, buffer_bytes(&first->written), SPAN("\t, "), second);
        read_all(buffer_bytes(&joined), is_dictionary, &both);
        ASSERT(both.end == SF_END && both.count == first->count + other.count);
        buffer_clear(&both.written);
        buffer_clear(&joined);
    }
    buffer_clear(&other.written);
}

static void check_walk(struct span text, struct span second, bool is_dictionary)
{
    struct reading reading;
    read_all(text, is_dictionary, &reading);
    if (reading.end == SF_END) {
        check_same(buffer_bytes(&reading.written), is_dictionary, &reading);
        check_joined(&reading, second, is_dictionary);
    }
    buffer_clear(&reading.written);
}

static void check_string(struct span text)
{
    struct arena arena;
    struct sf_value value;
    arena_init(&arena, LIMIT);
    ASSERT(sf_item_read(sf_string_write(&arena, text), &value) && value.kind == SF_STRING);
    struct span plain = sf_unescape(&arena, value.text);
    ASSERT(plain.len == text.len);
    for (size_t i = 0; i < text.len; i++)
        ASSERT(plain.at[i] == text.at[i] || plain.at[i] == '?');
    (void)sf_unescape(&arena, text);
    arena_clear(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span second = {(const char *)data, size};
    struct sf_value value;
    check_string(second);
    struct span first = span_cut(&second, '\n');
    check_walk(first, second, false);
    check_walk(first, second, true);
    if (sf_item_read(first, &value))
        check_parts(&value);
    return 0;
}
