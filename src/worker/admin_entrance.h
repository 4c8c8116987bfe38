/* admin_entrance.h - the admin listener of the process, on the loop of one worker.
 *
 * Answers go on until the worker ends, so that /readyz can say that it is about to. Few connections are
 * taken at once: it is for an operator and for probes.
 */
#ifndef WORKER_ADMIN_ENTRANCE_H
#define WORKER_ADMIN_ENTRANCE_H

#include "worker/worker_metrics.h"

struct admin_entrance;

struct admin_entrance_options {
    struct loop *loop;                       /* borrowed */
    const struct snapshot_options *settings; /* borrowed */
    struct cache_services *cache;            /* borrowed: what is purged */
    const struct process_figures *figures;   /* borrowed */
    const struct services *gateway;          /* borrowed; of this worker */
    struct worker_metrics *watch;            /* borrowed; of this worker */
    int descriptor;                          /* bound; taken over */
};

enum { ADMIN_ENTRANCE_ERROR_SIZE = 320 };

/* Reads the token, which stays as it is from then on. NULL, with error, when it cannot be read or the
 * address not be used. */
struct admin_entrance *admin_entrance_open(const struct admin_entrance_options *options,
                                           char error[ADMIN_ENTRANCE_ERROR_SIZE]);

/* The worker is about to end: /readyz says so from now on. NULL is allowed. */
void admin_entrance_drain(struct admin_entrance *entrance);

/* Closes everything, before the loop is closed. NULL is allowed. */
void admin_entrance_close(struct admin_entrance *entrance);

#endif
