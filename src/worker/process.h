/* process.h - all workers of one gateway: sockets, signals, start and stop. Runs on the main thread. */
#ifndef WORKER_PROCESS_H
#define WORKER_PROCESS_H

#include "worker/snapshot.h"

/* Serves until SIGTERM or SIGINT (a second one ends at once), then drains. Says "ready" with the bound
 * addresses when requests are taken. Returns the exit status: 0 after a clean stop, 1 when it could
 * not start, having logged why. The snapshot stays the caller's. */
int process_run(struct snapshot *snapshot);

#endif
