/* worker.h - a thread, its loop, and all that the loop owns: listeners, clients, calls, credentials.
 *
 * Workers share nothing but the snapshot, the cache, the limits, gw.dict, the keys of TLS tickets and the
 * access log. Started, changed, drained and joined by main; the functions below are main's to call.
 */
#ifndef WORKER_WORKER_H
#define WORKER_WORKER_H

#include "base/log_writer.h"
#include "worker/admin_entrance.h"

struct worker;

enum { WORKER_ERROR_SIZE = 320 };

/* Where a worker's lines go. */
struct log_outlet {
    struct log_ring *ring; /* NULL: off */
    bool is_text;          /* somebody reads it on a terminal */
};

/* What comes with a snapshot. */
struct worker_settings {
    struct snapshot *snapshot; /* the worker counts its own references */
    const int
        *descriptors;     /* bound sockets, one for each listen address, taken over; -1: those there
                                  are go on */
    int admin_descriptor; /* likewise, of the admin listener; -1 also: not this worker's */
    struct log_outlet access_log, audit_log;
};

struct worker_options {
    struct worker_settings settings;       /* the first; its Redis stays to the end */
    struct tls_tickets *tickets;           /* borrowed; of all workers */
    const struct shared_cache *cache;      /* borrowed; of all workers */
    struct limit_table *limits;            /* borrowed; of all workers */
    struct shared_dict *dict;              /* borrowed; of all workers */
    const struct process_figures *figures; /* borrowed; of all workers, with the metrics */
    size_t index;                          /* among the workers; the first has the admin listener */
    struct span via;                       /* borrowed; outlives the worker */
    /* The admin listener asks main for a reload; worker_tell says how it went. From the worker's thread. */
    void (*on_reload)(void *owner, uint64_t number);
    void (*on_ended)(void *owner); /* from the worker's thread, as its last act */
    void *owner;
};

/* Starts the thread and returns when it serves, or NULL, with error, when it cannot. */
struct worker *worker_start(const struct worker_options *options, char error[WORKER_ERROR_SIZE]);

/* Settings on their way to one worker, in two steps, so that all workers change or none: PREPARE builds
 * all that may fail; then ADOPT puts it in the place of what there is, or DROP forgets it. Running
 * exchanges keep theirs. Main's memory, lent to the worker until on_done. */
struct worker_change {
    struct worker_settings settings;
    enum worker_step { WORKER_PREPARE, WORKER_ADOPT, WORKER_DROP } step;
    bool is_good; /* of PREPARE: what comes next may be ADOPT */
    char error[WORKER_ERROR_SIZE];
    struct loop *back;                             /* main's loop */
    void (*on_done)(struct worker_change *change); /* on it, after each step */
    void *owner;
    struct worker *worker;
    struct letter letter;
};

/* Takes the step. Not after worker_drain. */
void worker_change(struct worker *worker, struct worker_change *change, enum worker_step step);

/* Stops taking connections, lets exchanges end, at most for the snapshot's drain_ms; then the worker
 * ends. Once, and not after on_ended. */
void worker_drain(struct worker *worker);

/* Tells its admin listener, if it has one, how a reload went. Not after worker_drain. */
void worker_tell(struct worker *worker, const struct reload_news *news);

/* Whether on_ended was called, so that joining does not wait long. Any thread. */
bool worker_has_ended(const struct worker *worker);

/* Whether its loop has turned since this was asked last, and asks it again; true at first. Not after
 * worker_drain. */
bool worker_has_turned(struct worker *worker);

/* Waits for the thread and frees. */
void worker_join(struct worker *worker);

#endif
