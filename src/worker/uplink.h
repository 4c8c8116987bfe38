/* uplink.h - the way upstream of one worker: names, TLS, connections.
 *
 * A reload that changes nothing of it keeps it, so that nobody has to shake hands anew. Lives on one loop,
 * plainly counted.
 */
#ifndef WORKER_UPLINK_H
#define WORKER_UPLINK_H

#include "worker/snapshot.h"

struct uplink;

enum { UPLINK_ERROR_SIZE = 320 };

/* With one reference. The snapshot is counted, since its upstream options stay in use. NULL, with error, when
 * certificates cannot be read. metrics: borrowed. */
struct uplink *uplink_create(struct loop *loop, struct snapshot *snapshot,
                             struct metrics_cells *metrics, char error[UPLINK_ERROR_SIZE]);
struct uplink *uplink_count(struct uplink *uplink);

/* The last one closes it; its pool has no calls then. NULL is allowed. */
void uplink_release(struct uplink *uplink);

/* Whether it is just what these options ask for; a file of certificates that was changed makes another one. */
bool uplink_fits(const struct uplink *uplink, const struct upstream_options *options);

struct upstream_pool *uplink_pool(const struct uplink *uplink);

#endif
