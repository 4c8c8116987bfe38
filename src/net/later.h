/* later.h - work to do once the current callback has returned.
 *
 * A loop has two queues. It is how an object is freed by its own callback, and how an event is raised
 * without calling back into the function that caused it.
 */
#ifndef NET_LATER_H
#define NET_LATER_H

#include "base/list.h"

struct task {
    struct list link; /* in no list while not queued */
    void (*run)(struct task *task);
};

struct later {
    struct list queue;
};

void later_init(struct later *later);
void later_run(struct later *later, struct task *task,
               void (*run)(struct task *task)); /* no-op if queued */
void later_cancel(struct task *task);           /* no-op if not */

/* Runs everything queued, and what that queues; called with no callback on the stack. */
void later_flush(struct later *later);

bool later_is_empty(const struct later *later);

#endif
