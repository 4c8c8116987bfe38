/* process.h - all workers of one gateway: sockets, signals, start, reload and stop. Runs on the main
 * thread. */
#ifndef WORKER_PROCESS_H
#define WORKER_PROCESS_H

#include "base/buffer.h"
#include "worker/snapshot.h"

struct process_options {
    struct snapshot *snapshot; /* borrowed */
    /* Loads the settings once more: a sealed snapshot with one reference, or NULL; lines: what is wrong
     * with them, or is to be known all the same, each with its newline. */
    struct snapshot *(*load)(void *owner, struct buffer *lines);
    void *owner;
};

/* Serves until SIGTERM or SIGINT (a second one ends at once), then drains; SIGHUP loads the settings
 * anew, SIGUSR1 opens the logs anew. Says "ready" with the bound addresses when requests are taken. Returns
 * the exit status: 0 after a clean stop, 1 when it could not start, having logged why. */
int process_run(const struct process_options *options);

#endif
