/* inflight.h - how many requests of each key are under way, in all workers together. Any thread; one
 * relaxed atomic a key. */
#ifndef LIMIT_INFLIGHT_H
#define LIMIT_INFLIGHT_H

#include "base/base.h"

struct inflight;

struct inflight *inflight_create(size_t keys);
void inflight_destroy(struct inflight *inflight); /* NULL is allowed */

/* One more of this key, unless there are most already. To be given back with inflight_leave. */
bool inflight_enter(struct inflight *inflight, size_t key, unsigned most);
void inflight_leave(struct inflight *inflight, size_t key);

#endif
