#include "net/timer.h"

#include <stdlib.h>

enum { SMALLEST_HEAP = 64 };

void timers_init(struct timers *timers)
{
    *timers = (struct timers){0};
}

void timers_clear(struct timers *timers)
{
    ASSERT(timers->count == 0);
    free(timers->heap);
    timers_init(timers);
}

static void put(struct timers *timers, size_t index, struct timer *timer)
{
    timers->heap[index] = timer;
    timer->place = index + 1;
}

static void sift_up(struct timers *timers, size_t index)
{
    struct timer *timer = timers->heap[index];
    while (index > 0) {
        size_t parent = (index - 1) / 2;
        if (timers->heap[parent]->look_ms <= timer->look_ms)
            break;
        put(timers, index, timers->heap[parent]);
        index = parent;
    }
    put(timers, index, timer);
}

static void sift_down(struct timers *timers, size_t index)
{
    struct timer *timer = timers->heap[index];
    for (;;) {
        size_t child = 2 * index + 1;
        if (child >= timers->count)
            break;
        if (child + 1 < timers->count &&
            timers->heap[child + 1]->look_ms < timers->heap[child]->look_ms)
            child++;
        if (timer->look_ms <= timers->heap[child]->look_ms)
            break;
        put(timers, index, timers->heap[child]);
        index = child;
    }
    put(timers, index, timer);
}

static void add(struct timers *timers, struct timer *timer)
{
    if (timers->count == timers->cap) {
        timers->cap = timers->cap ? 2 * timers->cap : SMALLEST_HEAP;
        timers->heap = xrealloc(timers->heap, timers->cap * sizeof(timers->heap[0]));
    }
    put(timers, timers->count, timer);
    timers->count++;
    sift_up(timers, timers->count - 1);
}

static void take_out(struct timers *timers, struct timer *timer)
{
    size_t index = timer->place - 1;
    struct timer *last = timers->heap[timers->count - 1];
    timers->count--;
    timer->place = 0;
    if (last == timer)
        return;
    put(timers, index, last);
    sift_up(timers, index);
    sift_down(timers, last->place - 1);
}

uint64_t timers_next_ms(const struct timers *timers)
{
    return timers->count > 0 ? timers->heap[0]->look_ms : UINT64_MAX;
}

/* The earliest: raised if it is due, else put where its moved deadline belongs. */
static void look_at_first(struct timers *timers, uint64_t now_ms)
{
    struct timer *timer = timers->heap[0];
    if (timer->due_ms > now_ms) {
        timer->look_ms = timer->due_ms;
        sift_down(timers, 0);
        return;
    }
    timer_stop(timer);
    timer->on_due(timer);
}

void timers_run(struct timers *timers, uint64_t now_ms)
{
    /* As many looks as there are timers now: one that sets itself to the past must not keep the
     * loop here for ever. */
    for (size_t looks = timers->count; looks > 0 && timers_next_ms(timers) <= now_ms; looks--)
        look_at_first(timers, now_ms);
}

void timer_init(struct timer *timer, struct timers *timers, void (*on_due)(struct timer *timer))
{
    *timer = (struct timer){.timers = timers, .on_due = on_due};
}

void timer_set(struct timer *timer, uint64_t due_ms)
{
    ASSERT(due_ms > 0);
    timer->due_ms = due_ms;
    if (timer->place == 0) {
        timer->look_ms = due_ms;
        add(timer->timers, timer);
    } else if (due_ms < timer->look_ms) {
        timer->look_ms = due_ms;
        sift_up(timer->timers, timer->place - 1);
    }
}

void timer_stop(struct timer *timer)
{
    if (timer->place == 0)
        return;
    timer->due_ms = 0;
    take_out(timer->timers, timer);
}
