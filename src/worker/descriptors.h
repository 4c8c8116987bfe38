/* descriptors.h - how many clients the limit of open files has room for.
 *
 * Clients that took all descriptors would leave none to ask the upstream with, and every one of them
 * would get an error.
 */
#ifndef WORKER_DESCRIPTORS_H
#define WORKER_DESCRIPTORS_H

#include "base/base.h"

/* Raises the soft limit, which is often 1024, to the hard one. */
void descriptors_raise(void);

/* What the process may open. */
uint64_t descriptors_limit(void);

/* How many of `limit` are for clients: what connections upstream, at most `upstream` in all, and the process
 * itself leave; at least half, since the pools are seldom full. Never 0. */
size_t descriptors_for_clients(uint64_t limit, size_t upstream);

#endif
