#include "worker/changeover.h"

#include <stdlib.h>

void changeover_init(struct changeover *changeover, struct worker **workers, size_t count)
{
    *changeover = (struct changeover){.workers = workers, .count = count};
    changeover->changes = xcalloc(count, sizeof(*changeover->changes));
}

static const struct worker_change *find_failure(const struct changeover *changeover)
{
    for (size_t i = 0; i < changeover->count; i++) {
        if (!changeover->changes[i].is_good)
            return &changeover->changes[i];
    }
    return NULL;
}

/* What could not be prepared has nothing to drop. */
static void take_step(struct changeover *changeover, enum worker_step step)
{
    changeover->step = step;
    changeover->awaited = 0;
    for (size_t i = 0; i < changeover->count; i++) {
        struct worker_change *change = &changeover->changes[i];
        if (step == WORKER_DROP && !change->is_good)
            continue;
        changeover->awaited++;
        worker_change(changeover->workers[i], change, step);
    }
}

static void go_on(struct changeover *changeover)
{
    const struct worker_change *failure = find_failure(changeover);
    if (changeover->step == WORKER_PREPARE)
        take_step(changeover, failure ? WORKER_DROP : WORKER_ADOPT);
    if (changeover->awaited == 0)
        changeover->on_done(changeover, !failure, failure ? failure->error : NULL);
}

static void on_step(struct worker_change *change)
{
    struct changeover *changeover = change->owner;
    changeover->awaited--;
    if (changeover->awaited == 0)
        go_on(changeover);
}

void changeover_begin(struct changeover *changeover, struct loop *loop)
{
    for (size_t i = 0; i < changeover->count; i++) {
        changeover->changes[i].back = loop;
        changeover->changes[i].on_done = on_step;
        changeover->changes[i].owner = changeover;
    }
    take_step(changeover, WORKER_PREPARE);
}

void changeover_clear(struct changeover *changeover)
{
    free(changeover->changes);
    *changeover = (struct changeover){0};
}
