/* Stored responses from Redis: what is taken is fit to be sent, and is the same when it is written
 * and read again. The sum is set right, or nothing behind it would ever be reached. */
#include <stdlib.h>
#include <zlib.h>

#include "base/text.h"
#include "cache/entry_codec.h"
#include "http/byte_class.h"

enum { SUM_AT = 4, SUM_END = 8, OBJECT_BYTES = 64 * KIB };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint64_t now_ms = UINT64_C(1800000000000);

static void seal(char *block, size_t len)
{
    if (len < SUM_END)
        return;
    uint32_t sum = (uint32_t)crc32_z(0, (unsigned char *)block + SUM_END, len - SUM_END);
    for (size_t i = SUM_AT; i < SUM_END; i++, sum >>= 8)
        block[i] = (char)sum;
}

static void check_fields(const struct cache_entry *entry)
{
    size_t len = 0;
    for (size_t i = 0; i < entry->header_count; i++) {
        struct header field = entry->headers[i];
        ASSERT(is_token(field.name) && bytes_of_field(field.value) == field.value.len);
        len += field.name.len + field.value.len + 4;
    }
    ASSERT(len == entry->head.len);
}

static void check_again(const struct cache_entry *first)
{
    size_t len;
    char *block = entry_encode(first, &len);
    struct cache_entry *second =
        entry_decode((struct span){block, len}, first->key, OBJECT_BYTES, now_ms);
    ASSERT(second && memcmp(&first->facts, &second->facts, sizeof(first->facts)) == 0);
    ASSERT(span_equal(first->head, second->head) && span_equal(first->body, second->body));
    cache_entry_release(second);
    free(block);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *block = xmalloc(size + (size == 0));
    if (size > 0)
        memcpy(block, data, size);
    seal(block, size);
    struct cache_entry *entry =
        entry_decode((struct span){block, size}, SPAN("key"), OBJECT_BYTES, now_ms);
    if (entry) {
        ASSERT(entry->body.len <= OBJECT_BYTES && span_equal(entry->key, SPAN("key")));
        check_fields(entry);
        check_again(entry);
    }
    cache_entry_release(entry);
    free(block);
    return 0;
}
