/* inflight.h - how many requests of one key are under way, in all workers together.
 *
 * Any thread; one relaxed atomic. Counted, because a key keeps its number when the settings are loaded
 * anew: both configurations hold it while requests of the old one run.
 */
#ifndef LIMIT_INFLIGHT_H
#define LIMIT_INFLIGHT_H

#include "base/base.h"

struct inflight;

struct inflight *inflight_create(void); /* with one reference */
struct inflight *inflight_count(struct inflight *inflight);
void inflight_release(struct inflight *inflight); /* NULL is allowed */

/* One more, unless there are most already. To be given back with inflight_leave. */
bool inflight_enter(struct inflight *inflight, unsigned most);
void inflight_leave(struct inflight *inflight);

#endif
