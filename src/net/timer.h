/* timer.h - deadlines, many and cheap: one libuv timer for all of a loop.
 *
 * A timer is embedded in its owner, needs no close and may be stopped or set anew at any moment,
 * also from its own on_due. Moving a deadline later, which every byte of a body does, only stores a
 * number: the heap learns of it when the old moment comes. Not thread-safe.
 */
#ifndef NET_TIMER_H
#define NET_TIMER_H

#include "base/base.h"

struct timer;

/* A binary heap by the moment at which each timer must be looked at again. */
struct timers {
    struct timer **heap; /* owned; the timers are borrowed */
    size_t count, cap;
};

struct timer {
    struct timers *timers;               /* borrowed */
    uint64_t due_ms;                     /* 0 while stopped */
    uint64_t look_ms;                    /* ≤ due_ms: the heap's key */
    size_t place;                        /* in the heap, + 1; 0 while not in it */
    void (*on_due)(struct timer *timer); /* raised from the loop, the timer stopped before */
};

void timers_init(struct timers *timers);
void timers_clear(struct timers *timers); /* none may be set any more */

/* When to call timers_run next; UINT64_MAX for never. */
uint64_t timers_next_ms(const struct timers *timers);

/* Raises what is due at now_ms. */
void timers_run(struct timers *timers, uint64_t now_ms);

void timer_init(struct timer *timer, struct timers *timers, void (*on_due)(struct timer *timer));

/* Due once at the absolute due_ms of the loop's clock (> 0), whatever was set before. */
void timer_set(struct timer *timer, uint64_t due_ms);

static inline bool timer_is_set(const struct timer *timer)
{
    return timer->due_ms != 0;
}

/* After this it does not fire. No-op if not set. */
void timer_stop(struct timer *timer);

#endif
