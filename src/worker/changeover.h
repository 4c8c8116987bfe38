/* changeover.h - one change of settings over all workers: all prepare; when all could, all adopt, else all
 * that could drop it. Main's thread, on its loop. */
#ifndef WORKER_CHANGEOVER_H
#define WORKER_CHANGEOVER_H

#include "worker/worker.h"

struct changeover {
    struct worker **workers; /* borrowed; none of them ends meanwhile */
    size_t count;
    struct worker_change *changes; /* for each; settings are set */
    size_t awaited;
    enum worker_step step;
    /* Once, from the loop, when all have adopted or dropped. error: of the first that could not; borrowed
     * until it returns. */
    void (*on_done)(struct changeover *changeover, bool is_good, const char *error);
};

/* Takes room for the changes, whose settings are then to be set. */
void changeover_init(struct changeover *changeover, struct worker **workers, size_t count);

/* on_done is set. */
void changeover_begin(struct changeover *changeover, struct loop *loop);

/* Before it is begun, or after on_done. */
void changeover_clear(struct changeover *changeover);

#endif
