/* process_parts.h - what the files of the process share; process.h is its face. Main's thread. */
#ifndef WORKER_PROCESS_PARTS_H
#define WORKER_PROCESS_PARTS_H

#include "worker/changeover.h"
#include "worker/log_sink.h"
#include "worker/process.h"
#include "worker/sockets.h"

/* A reload under way (reload.c). */
struct reload {
    bool is_running, is_asked; /* is_asked: another one follows */
    bool must_drain;           /* and after it the gateway stops */
    uint64_t asked;            /* by the admin listener, up to this number */
    uint64_t covers;           /* what the one under way began after */
    uint64_t started_ms;
    struct snapshot *snapshot; /* counted: the next */
    struct sockets sockets;
    struct changeover changeover;
    struct reload_news news; /* being gathered */
};

struct process {
    const struct process_options *options; /* borrowed */
    struct snapshot *first;                /* borrowed: what stays to the end is from it */
    struct snapshot *snapshot;             /* counted: in effect */
    struct span via;
    char via_text[32];
    size_t worker_count;
    struct worker **workers;
    struct log_sink access_log, audit_log;
    struct tls_tickets *tickets;
    struct shared_cache cache;
    struct process_figures figures;
    struct limit_table *limits;
    struct shared_dict *dict;
    struct loop loop;
    uv_signal_t signals[4];
    uv_async_t ended; /* a worker has ended */
    struct timer watchdog;
    bool is_draining;
    size_t running;
    struct reload reload;
};

/* What one worker is to have of a snapshot. */
struct worker_settings process_worker_settings(struct process *process, struct snapshot *snapshot,
                                               const struct sockets *sockets, size_t worker);

/* Before anybody uses it: what is counted under its names. */
void process_register(struct process *process, struct snapshot *snapshot);

/* Once; a second time ends at once. Waits for a reload that is under way. */
void process_drain(struct process *process);

/* The settings in effect were loaded now. */
void reload_note_start(struct process *process);

/* Loads the settings anew; one at a time, and one more after it if it is asked for meanwhile. */
void reload_begin(struct process *process);

/* From the thread of the admin listener: the same, on main's. */
void reload_ask(void *process, uint64_t number);

#endif
