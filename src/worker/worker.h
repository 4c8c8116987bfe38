/* worker.h - a thread, its loop, and all that the loop owns: listeners, clients, calls, credentials.
 *
 * Workers share nothing but the snapshot, the cache, the keys of TLS tickets and the access log. Started,
 * drained and joined by main; the functions below are main's to call.
 */
#ifndef WORKER_WORKER_H
#define WORKER_WORKER_H

#include "base/log_writer.h"
#include "worker/worker_metrics.h"

struct worker;

struct worker_options {
    struct snapshot *snapshot;        /* the worker counts its own reference */
    const int *descriptors;           /* bound sockets, one for each listen address; taken over */
    int admin_descriptor;             /* likewise, of the admin listener; -1: not this worker's */
    struct tls_tickets *tickets;      /* borrowed; of all workers */
    const struct shared_cache *cache; /* borrowed; of all workers */
    struct limit_services limits;     /* borrowed; of all workers, but for the rules */
    struct log_ring *access_log, *audit_log; /* NULL: off */
    bool access_log_is_text, audit_log_is_text;
    const struct process_figures *figures; /* borrowed; of all workers, with the metrics */
    size_t index;                          /* among the workers */
    struct span via;                       /* borrowed; outlives the worker */
    void (*on_ended)(void *owner);         /* from the worker's thread, as its last act */
    void *owner;
};

enum { WORKER_ERROR_SIZE = 320 };

/* Starts the thread and returns when it serves, or NULL, with error, when it cannot. */
struct worker *worker_start(const struct worker_options *options, char error[WORKER_ERROR_SIZE]);

/* Stops taking connections, lets exchanges end, at most for the snapshot's drain_ms; then the worker
 * ends. Once, and not after on_ended. */
void worker_drain(struct worker *worker);

/* Whether on_ended was called, so that joining does not wait long. Any thread. */
bool worker_has_ended(const struct worker *worker);

/* Whether its loop has turned since this was asked last, and asks it again; true at first. Not after
 * worker_drain. */
bool worker_has_turned(struct worker *worker);

/* Waits for the thread and frees. */
void worker_join(struct worker *worker);

#endif
