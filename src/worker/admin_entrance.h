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
    struct loop *loop;                               /* borrowed */
    const struct process_figures *figures;           /* borrowed */
    struct worker_metrics *watch;                    /* borrowed; of this worker */
    void (*on_reload)(void *owner, uint64_t number); /* somebody asks for one; from the loop */
    void *owner;
};

enum { ADMIN_ENTRANCE_ERROR_SIZE = 320 };

/* It listens nowhere yet. */
struct admin_entrance *admin_entrance_create(const struct admin_entrance_options *options);

/* Settings that are to count soon: reads the token, which stays as it is from then on. descriptor: bound,
 * taken over; -1: there is no listener, or the one there is stays. False, with error, when the token cannot be
 * read or the address not be used. Followed by one of the next two. */
bool admin_entrance_prepare(struct admin_entrance *entrance, const struct admin_options *options,
                            int descriptor, char error[ADMIN_ENTRANCE_ERROR_SIZE]) MUST_CHECK;
void admin_entrance_drop(struct admin_entrance *entrance);

/* Both are borrowed until others are adopted. */
void admin_entrance_adopt(struct admin_entrance *entrance, const struct snapshot_options *settings,
                          struct services *gateway);

/* A reload has ended. */
void admin_entrance_tell(struct admin_entrance *entrance, const struct reload_news *news);

/* The worker is about to end: /readyz says so from now on. NULL is allowed. */
void admin_entrance_drain(struct admin_entrance *entrance);

/* Closes everything, before the loop is closed. NULL is allowed. */
void admin_entrance_destroy(struct admin_entrance *entrance);

#endif
