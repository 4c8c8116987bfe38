/* generation.h - one snapshot at work in one worker: the way upstream, the credentials, and what its
 * exchanges may use. The filters are compiled for it, and live as long.
 *
 * A worker has one that is current. Those before it live until their last exchange has ended; then their
 * connections upstream are closed. What goes on over all of them is the worker's: `lasting`, the cache,
 * the connections to Redis. Lives on one loop, plainly counted.
 */
#ifndef WORKER_GENERATION_H
#define WORKER_GENERATION_H

#include "worker/snapshot.h"

struct generation;

enum { GENERATION_ERROR_SIZE = 320 };

/* With one reference. worker: what is the worker's own of an exchange's services; copied, and the rest is
 * filled in. The snapshot is counted. before: the current one, whose way upstream is kept if it is the same; NULL
 * at the start. NULL, with error, when certificates or a token cannot be read. */
struct generation *generation_create(struct snapshot *snapshot, const struct services *worker,
                                     const struct generation *before,
                                     char error[GENERATION_ERROR_SIZE]);

/* Frees it, from the loop, once no exchange holds it either. NULL is allowed. */
void generation_release(struct generation *generation);

struct services *generation_services(struct generation *generation);
const struct snapshot_options *generation_settings(const struct generation *generation);

#endif
