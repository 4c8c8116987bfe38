/* Replies of Redis: the same bytes in any pieces give the same replies, and break at the same one.
 * What was read is within the bound. */
#include "base/buffer.h"
#include "base/text.h"
#include "store/redis_reader.h"
#include "store/redis_trouble.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_BYTES = 4 * KIB, LIMIT = 64 * MIB };

struct result {
    struct buffer shown; /* kinds, lengths and bytes of all replies */
    bool is_broken;
};

static void add(struct result *result, const void *at, size_t len)
{
    ASSERT(buffer_append(&result->shown, (struct span){at, len}) == OK);
}

/* Returns what the reply takes, as its bound is counted. */
static size_t show(struct result *result, const struct redis_reply *reply)
{
    size_t taken = reply->text.len;
    add(result, &reply->kind, sizeof(reply->kind));
    add(result, &reply->number, sizeof(reply->number));
    add(result, &reply->text.len, sizeof(reply->text.len));
    add(result, reply->text.at, reply->text.len);
    add(result, &reply->count, sizeof(reply->count));
    for (size_t i = 0; i < reply->count; i++)
        taken += sizeof(*reply) + show(result, redis_reply_item(reply, i));
    (void)redis_trouble_of(reply->text);
    return taken;
}

static void take(struct result *result, struct redis_reader *reader)
{
    const struct redis_reply *reply;
    enum redis_read read;
    while ((read = redis_reader_next(reader, &reply)) == REDIS_READ_REPLY)
        ASSERT(show(result, reply) <= MAX_BYTES);
    result->is_broken = read == REDIS_READ_BROKEN;
}

static struct result read_in_parts(struct span bytes, size_t first, size_t size)
{
    struct result result = {.is_broken = false};
    struct redis_reader *reader = redis_reader_create(MAX_BYTES);
    buffer_init(&result.shown, LIMIT);
    for (size_t len = first; bytes.len > 0 && !result.is_broken; len = size) {
        if (len > bytes.len)
            len = bytes.len;
        redis_reader_feed(reader, (struct span){bytes.at, len});
        bytes = span_skip(bytes, len);
        take(&result, reader);
    }
    ASSERT(result.is_broken == (redis_reader_error(reader).len > 0));
    redis_reader_destroy(reader);
    return result;
}

static void assert_same(const struct result *whole, struct span bytes, size_t first, size_t size)
{
    struct result parts = read_in_parts(bytes, first, size);
    ASSERT(whole->is_broken == parts.is_broken);
    ASSERT(span_equal(buffer_bytes(&whole->shown), buffer_bytes(&parts.shown)));
    buffer_clear(&parts.shown);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct span bytes = {(const char *)data, size};
    if (size == 0)
        return 0;
    struct result whole = read_in_parts(bytes, size, size);
    assert_same(&whole, bytes, 1, 1);
    assert_same(&whole, bytes, 7, 13);
    for (size_t cut = 2; cut < size; cut += cut / 2)
        assert_same(&whole, bytes, cut, size);
    buffer_clear(&whole.shown);
    return 0;
}
