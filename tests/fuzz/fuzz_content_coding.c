/* fuzz_content_coding.c - gzip from strangers, and the fields that speak of codings.
 *
 * The first byte chooses the bound; the rest is a body, and a field value. */
#include <stdlib.h>

#include "base/buffer.h"
#include "base/text.h"
#include "http/content_coding.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LONGEST = 256 * KIB };

typedef enum status (*decoder)(struct span in, struct buffer *out);

static void check_round_trip(struct span plain)
{
    struct buffer packed, again;
    buffer_init(&packed, 2 * LONGEST + KIB);
    buffer_init(&again, plain.len);
    ASSERT(gzip_encode(plain, &packed) == OK);
    ASSERT(coding_of(SPAN("gzip")) == CODING_GZIP);
    ASSERT(gzip_decode(buffer_bytes(&packed), &again) == OK);
    ASSERT(span_equal(buffer_bytes(&again), plain));
    packed.len--;
    ASSERT(gzip_decode(buffer_bytes(&packed), &again) != OK && again.len == plain.len);
    buffer_clear(&packed);
    buffer_clear(&again);
}

/* One byte less of room is a byte too little. */
static void check_tight(decoder decode, struct span in, size_t len)
{
    struct buffer tight;
    buffer_init(&tight, len - 1);
    ASSERT(decode(in, &tight) != OK && tight.len == 0);
    buffer_clear(&tight);
}

static void check_decoder(decoder decode, struct span in, size_t limit)
{
    struct buffer out;
    buffer_init(&out, limit);
    enum status status = decode(in, &out);
    ASSERT(out.len <= limit);
    ASSERT(status == OK || (out.len == 0 && (status == ERR_LIMIT || status == ERR_SYNTAX)));
    if (status == OK && out.len > 0)
        check_tight(decode, in, out.len);
    if (status == OK)
        check_round_trip(buffer_bytes(&out));
    buffer_clear(&out);
}

static void check_fields(struct span value)
{
    struct header room = {SPAN("accept-encoding"), value, HEADER_ACCEPT_ENCODING};
    struct header_list list = {.at = &room, .count = 1, .cap = 1};
    bool accepts_other = coding_accepts(&list, CODING_OTHER);
    ASSERT(!coding_accepts(&list, CODING_GZIP) || value.len > 0);
    ASSERT(!accepts_other || memchr(value.at, '*', value.len));
    room.id = HEADER_CONTENT_ENCODING;
    ASSERT(coding_of(value) == coding_of_message(&list));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0 || size > LONGEST)
        return 0;
    struct span in = {(const char *)data + 1, size - 1};
    size_t limit = (size_t)data[0] * KIB;
    check_decoder(gzip_decode, in, limit);
    check_decoder(deflate_decode, in, limit);
    check_round_trip(in);
    check_fields(in);
    return 0;
}
