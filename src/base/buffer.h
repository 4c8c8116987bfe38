/* buffer.h - one growing run of bytes, bounded at its birth.
 *
 * Owned by whoever embeds it; buffer_clear frees. Not thread-safe.
 */
#ifndef BASE_BUFFER_H
#define BASE_BUFFER_H

#include "base/base.h"

struct buffer {
    char *at; /* NULL while nothing was appended */
    size_t len, cap, limit;
};

void buffer_init(struct buffer *buffer, size_t limit);

/* Appends all or nothing: ERR_LIMIT when the result would be longer than the limit. */
enum status buffer_append(struct buffer *buffer, struct span bytes) MUST_CHECK;

/* Drops len bytes from the front. */
void buffer_drop(struct buffer *buffer, size_t len);

/* The bytes so far; valid until the next append, drop or clear. */
struct span buffer_bytes(const struct buffer *buffer);

/* Frees the memory; the buffer may be used again with the same limit. */
void buffer_clear(struct buffer *buffer);

#endif
