/* explain_head.h - the request that a body of POST /explain describes. Pure. */
#ifndef ADMIN_EXPLAIN_HEAD_H
#define ADMIN_EXPLAIN_HEAD_H

#include "base/arena.h"

/* Its head, unchecked, in the arena, and the name of its key (len 0: none). An empty head: it describes
 * none, or one of over 64 KiB. */
struct span explain_head(struct span body, struct arena *arena, struct span *key);

#endif
