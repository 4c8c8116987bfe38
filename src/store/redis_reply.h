/* redis_reply.h - what Redis answers, as values: RESP2 alone.
 *
 * All of a reply, texts included, is borrowed for as long as whoever hands it out says.
 */
#ifndef STORE_REDIS_REPLY_H
#define STORE_REDIS_REPLY_H

#include "base/base.h"

enum redis_kind {
    REDIS_NIL,    /* no such key, or a list that is not there */
    REDIS_TEXT,   /* a status ("OK") or a value, any bytes */
    REDIS_NUMBER, /* an integer */
    REDIS_LIST,
    REDIS_REFUSAL, /* an error: its code in capitals, a space, words for people */
};

struct redis_reply {
    enum redis_kind kind;
    int64_t number;                  /* of REDIS_NUMBER; else 0 */
    struct span text;                /* of REDIS_TEXT and REDIS_REFUSAL; else empty */
    const struct redis_reply *items; /* of REDIS_LIST, count of them; may be lists and refusals */
    size_t count;
};

/* Whether it is a status or value with these bytes. */
bool redis_reply_is(const struct redis_reply *reply, struct span text);

/* Whether it is a refusal of this code ("NOSCRIPT"). */
bool redis_reply_refuses(const struct redis_reply *reply, struct span code);

/* Item index of a list; a REDIS_NIL when it is no list or there are not as many. */
const struct redis_reply *redis_reply_item(const struct redis_reply *reply, size_t index);

#endif
