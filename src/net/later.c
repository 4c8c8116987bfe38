#include "net/later.h"

void later_init(struct later *later)
{
    list_init(&later->queue);
}

void later_run(struct later *later, struct task *task, void (*run)(struct task *task))
{
    if (list_has(&task->link))
        return;
    task->run = run;
    list_push_back(&later->queue, &task->link);
}

void later_cancel(struct task *task)
{
    list_remove(&task->link);
}

void later_flush(struct later *later)
{
    struct list *link;
    while ((link = list_pop_front(&later->queue)) != NULL) {
        struct task *task = container_of(link, struct task, link);
        task->run(task);
    }
}

bool later_is_empty(const struct later *later)
{
    return list_is_empty(&later->queue);
}
