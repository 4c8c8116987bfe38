/* redis_reader.h - bytes from Redis to replies: hiredis' reader with bounds.
 *
 * The same bytes in any pieces give the same replies. RESP2 alone: a RESP3 type breaks it. One for
 * each connection; not thread-safe.
 */
#ifndef STORE_REDIS_READER_H
#define STORE_REDIS_READER_H

#include "store/redis_reply.h"

struct redis_reader;

/* max_bytes: of one reply, counting its texts and sizeof(struct redis_reply) for each item. */
struct redis_reader *redis_reader_create(size_t max_bytes);
void redis_reader_destroy(struct redis_reader *reader);

enum redis_read {
    REDIS_READ_MORE,   /* nothing whole is left */
    REDIS_READ_REPLY,  /* the next one */
    REDIS_READ_BROKEN, /* no RESP2, or beyond the bound; nothing follows */
};

/* The bytes are copied. */
void redis_reader_feed(struct redis_reader *reader, struct span bytes);

/* The reply is borrowed until the next call of this. */
enum redis_read redis_reader_next(struct redis_reader *reader, const struct redis_reply **reply);

/* Why it is broken, in a few words; "" while it is not. Borrowed. */
struct span redis_reader_error(const struct redis_reader *reader);

#endif
