/* Bodies: the same bytes and the same end in any pieces, and what was read survives being framed
 * again. The input is a chunked body, or, after an 'l' or a 'u', one of LENGTH bytes or one that
 * lasts until the connection ends. */
#include "base/buffer.h"
#include "base/text.h"
#include "http/body_reader.h"
#include "http/writer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LENGTH = 20, LIMIT = 16 * MIB };

struct result {
    enum body_state state;
    size_t used;
    bool has_ended;
    struct buffer bytes;
};

static void read_part(struct body_reader *reader, struct span part, struct result *result)
{
    struct span in = part, piece;
    while ((result->state = body_reader_next(reader, &in, &piece)) == BODY_PIECE) {
        ASSERT(piece.len > 0);
        ASSERT(buffer_append(&result->bytes, piece) == OK);
    }
    ASSERT(result->state != BODY_MORE || in.len == 0);
    result->used += part.len - in.len;
}

static struct result read_in_parts(const struct framing *framing, struct span bytes, size_t size)
{
    struct result result = {.state = BODY_MORE};
    struct body_reader reader;
    buffer_init(&result.bytes, LIMIT);
    body_reader_init(&reader, framing);
    while (result.state == BODY_MORE && bytes.len > 0) {
        size_t len = bytes.len < size ? bytes.len : size;
        read_part(&reader, (struct span){bytes.at, len}, &result);
        bytes = span_skip(bytes, len);
    }
    result.has_ended = body_reader_end(&reader);
    return result;
}

static void assert_same(const struct result *a, const struct result *b)
{
    ASSERT(a->state == b->state && a->used == b->used && a->has_ended == b->has_ended);
    ASSERT(span_equal(buffer_bytes(&a->bytes), buffer_bytes(&b->bytes)));
}

static void check_framed_again(const struct framing *framing, struct span body)
{
    char size[CHUNK_HEAD_SIZE];
    struct buffer framed;
    buffer_init(&framed, LIMIT);
    if (body.len > 0) {
        ASSERT(buffer_append(&framed, write_chunk_head(size, body.len)) == OK);
        ASSERT(buffer_append(&framed, body) == OK);
        ASSERT(buffer_append(&framed, CHUNK_TAIL) == OK);
    }
    ASSERT(buffer_append(&framed, CHUNK_LAST) == OK);
    struct result again = read_in_parts(framing, buffer_bytes(&framed), framed.len);
    ASSERT(again.state == BODY_COMPLETE && again.used == framed.len);
    ASSERT(span_equal(buffer_bytes(&again.bytes), body));
    buffer_clear(&again.bytes);
    buffer_clear(&framed);
}

static struct framing take_framing(struct span *bytes)
{
    char kind = bytes->len > 0 ? bytes->at[0] : 'c';
    if (kind != 'l' && kind != 'u')
        return (struct framing){BODY_CHUNKED, 0};
    *bytes = span_skip(*bytes, 1);
    return kind == 'l' ? (struct framing){BODY_LENGTH, LENGTH}
                       : (struct framing){BODY_UNTIL_CLOSE, 0};
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span bytes = {(const char *)data, size};
    struct framing framing = take_framing(&bytes);
    struct result whole = read_in_parts(&framing, bytes, bytes.len);
    for (size_t len = 1; len <= 3; len++) {
        struct result parts = read_in_parts(&framing, bytes, len);
        assert_same(&whole, &parts);
        buffer_clear(&parts.bytes);
    }
    if (framing.kind == BODY_CHUNKED && whole.state == BODY_COMPLETE)
        check_framed_again(&framing, buffer_bytes(&whole.bytes));
    buffer_clear(&whole.bytes);
    return 0;
}
