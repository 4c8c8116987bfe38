/* worker_metrics.h - what is not counted where it happens, looked at once a second: a worker's
 * connections, breaker, Redis and credentials; and, when somebody reads, what is the process's. */
#ifndef WORKER_WORKER_METRICS_H
#define WORKER_WORKER_METRICS_H

#include "base/log_writer.h"
#include "worker/worker_cache.h"

/* Of one worker, on its loop. All borrowed. */
struct worker_metrics {
    struct metrics *metrics;     /* NULL: nobody counts */
    struct metrics_cells *cells; /* the worker's */
    struct loop *loop;
    const struct services *services;
    const struct client_server *clients;
    const struct worker_cache *cache;
    const struct snapshot_options *settings; /* the current ones, as services */
    struct timer timer;
};

/* Looks now and each second from now on. The members before timer are set. */
void worker_metrics_begin(struct worker_metrics *watch);
void worker_metrics_look(struct worker_metrics *watch);
void worker_metrics_end(struct worker_metrics *watch);

/* What the process has once. */
struct process_figures {
    struct metrics *metrics;
    struct refusals *refusals;
    size_t workers;
    const struct shared_cache *cache;
    struct log_writer *access_log, *audit_log;
};

/* Into the cells of the process. From the thread of the admin listener alone. */
void process_figures_look(const struct process_figures *figures);

#endif
