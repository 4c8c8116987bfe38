#include "base/buffer.h"

#include <stdlib.h>
#include <string.h>

enum { SMALLEST = 512 };

void buffer_init(struct buffer *buffer, size_t limit)
{
    *buffer = (struct buffer){.limit = limit};
}

static void reserve(struct buffer *buffer, size_t needed)
{
    size_t cap = buffer->cap ? buffer->cap : SMALLEST;
    while (cap < needed)
        cap *= 2;
    buffer->at = xrealloc(buffer->at, cap);
    buffer->cap = cap;
}

enum status buffer_append(struct buffer *buffer, struct span bytes)
{
    if (bytes.len > buffer->limit - buffer->len)
        return ERR_LIMIT;
    if (bytes.len == 0)
        return OK;
    if (buffer->len + bytes.len > buffer->cap)
        reserve(buffer, buffer->len + bytes.len);
    memcpy(buffer->at + buffer->len, bytes.at, bytes.len);
    buffer->len += bytes.len;
    return OK;
}

void buffer_drop(struct buffer *buffer, size_t len)
{
    ASSERT(len <= buffer->len);
    buffer->len -= len;
    if (buffer->len > 0)
        memmove(buffer->at, buffer->at + len, buffer->len);
}

struct span buffer_bytes(const struct buffer *buffer)
{
    return (struct span){buffer->at, buffer->len};
}

void buffer_clear(struct buffer *buffer)
{
    free(buffer->at);
    buffer_init(buffer, buffer->limit);
}
