#include "gateway/exchange.h"

#include "base/clock.h"

/* Whether to go on: it does not wait. */
static bool take(struct exchange *ex, stage_fn *step)
{
    enum verdict verdict = step(ex);
    ASSERT((verdict == STAGE_WAIT) == ex->is_waiting);
    if (verdict == STAGE_RESPOND)
        ex->now = WHEN_ANSWERED;
    return verdict != STAGE_WAIT;
}

/* Runs stages until one waits or none is left. finish: what the first has waited for; NULL: it begins. */
static void run(struct exchange *ex, stage_fn *finish)
{
    ASSERT(!ex->is_running);
    ex->is_running = true;
    bool goes_on = true;
    if (finish) {
        goes_on = take(ex, finish);
        ex->stage += goes_on;
    }
    while (goes_on && ex->stage < ex->stage_count) {
        const struct stage *stage = &ex->stages[ex->stage];
        goes_on = !(stage->when & ex->now) || take(ex, stage->begin);
        ex->stage += goes_on;
    }
    ex->is_running = false;
    if (goes_on)
        ex->on_done(ex);
}

void exchange_start(struct exchange *ex, const struct stage *stages, size_t count,
                    void (*on_done)(struct exchange *exchange))
{
    ex->stages = stages;
    ex->stage_count = count;
    ex->on_done = on_done;
    if (!ex->now)
        ex->now = WHEN_OPEN;
    run(ex, NULL);
}

enum verdict exchange_wait(struct exchange *ex, void *operation, void (*call_off)(void *))
{
    ASSERT(!ex->is_waiting);
    ASSERT(ex->stages[ex->stage].finish);
    ex->is_waiting = ex->has_waited = true;
    ex->operation = operation;
    ex->call_off = call_off;
    ex->waiting_since_us = clock_us();
    return STAGE_WAIT;
}

static void end_wait(struct exchange *ex)
{
    ex->is_waiting = false;
    ex->waited_us += clock_us() - ex->waiting_since_us;
}

void exchange_resume(struct exchange *ex)
{
    ASSERT(ex->is_waiting);
    end_wait(ex);
    run(ex, ex->stages[ex->stage].finish);
}

static void leave_stage(struct exchange *ex, enum condition condition)
{
    ASSERT(!ex->is_running && ex->is_waiting);
    ex->call_off(ex->operation);
    end_wait(ex);
    ex->now = condition;
    ex->stage++;
    run(ex, NULL);
}

void exchange_interrupt(struct exchange *ex)
{
    leave_stage(ex, WHEN_ANSWERED);
}

void exchange_abort(struct exchange *ex)
{
    leave_stage(ex, WHEN_ABORTED);
}
