/* explain_head.h - the request that a body of POST /explain describes. Pure. */
#ifndef ADMIN_EXPLAIN_HEAD_H
#define ADMIN_EXPLAIN_HEAD_H

#include "base/arena.h"
#include "http/head_check.h"
#include "http/message.h"

/* What is told beside the head; len 0: nothing. */
struct explain_words {
    struct span key;     /* its name or id */
    struct span address; /* of who connects */
};

/* Its head, unchecked, in the arena, and the words. An empty head: it describes none, or one of over 64
 * KiB. */
struct span explain_head(struct span body, struct arena *arena, struct explain_words *words);

/* The head as a request with room for what goes upstream. */
enum http_fault explain_head_parse(struct span head, struct arena *arena, struct request **request);

#endif
