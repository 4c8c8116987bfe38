#include "net/loop.h"

#include <signal.h>
#include <stdlib.h>

#include "base/clock.h"

static void on_alarm(uv_timer_t *alarm)
{
    struct loop *loop = alarm->data;
    loop->alarm_ms = UINT64_MAX;
    timers_run(&loop->timers, uv_now(&loop->uv));
}

static void set_alarm(struct loop *loop)
{
    uint64_t next_ms = timers_next_ms(&loop->timers), now_ms = uv_now(&loop->uv);
    if (next_ms == loop->alarm_ms)
        return;
    loop->alarm_ms = next_ms;
    if (next_ms == UINT64_MAX)
        (void)uv_timer_stop(&loop->alarm);
    else
        (void)uv_timer_start(&loop->alarm, on_alarm, next_ms > now_ms ? next_ms - now_ms : 0, 0);
}

/* A task of either queue may put one into the other. */
void loop_flush(struct loop *loop)
{
    do {
        later_flush(&loop->soon);
        later_flush(&loop->later);
    } while (!later_is_empty(&loop->soon));
}

/* Everything that was put off is done and the alarm stands right: the loop may sleep. */
static void settle(struct loop *loop)
{
    loop_flush(loop);
    set_alarm(loop);
    loop->wall_ms = 0;
}

static void on_prepare(uv_prepare_t *prepare)
{
    settle(prepare->data);
}

static void on_check(uv_check_t *check)
{
    struct loop *loop = check->data;
    loop_flush(loop);
}

void loop_init(struct loop *loop)
{
    *loop = (struct loop){.alarm_ms = UINT64_MAX};
    /* libuv writes with write(2), which has no MSG_NOSIGNAL. */
    (void)signal(SIGPIPE, SIG_IGN);
    ASSERT(uv_loop_init(&loop->uv) == 0);
    later_init(&loop->soon);
    later_init(&loop->later);
    timers_init(&loop->timers);
    mailbox_init(&loop->mailbox, &loop->uv);
    loop->input = xmalloc(LOOP_READ_SIZE);
    loop->plain = xmalloc(LOOP_READ_SIZE);
    buffer_init(&loop->records, SIZE_MAX);
    ASSERT(uv_prepare_init(&loop->uv, &loop->prepare) == 0);
    ASSERT(uv_check_init(&loop->uv, &loop->check) == 0);
    ASSERT(uv_timer_init(&loop->uv, &loop->alarm) == 0);
    loop->prepare.data = loop->check.data = loop->alarm.data = loop;
    ASSERT(uv_prepare_start(&loop->prepare, on_prepare) == 0);
    ASSERT(uv_check_start(&loop->check, on_check) == 0);
    uv_unref((uv_handle_t *)&loop->prepare);
    uv_unref((uv_handle_t *)&loop->check);
}

uint64_t loop_now_ms(const struct loop *loop)
{
    return uv_now(&loop->uv);
}

uint64_t loop_wall_ms(struct loop *loop)
{
    if (loop->wall_ms == 0)
        loop->wall_ms = clock_wall_ms();
    return loop->wall_ms;
}

void loop_run(struct loop *loop)
{
    /* A task or a timer that is set after the last handle has gone is still something to wait for,
     * but libuv cannot know before settle has told it. */
    do {
        settle(loop);
        if (!loop->is_stopping && uv_loop_alive(&loop->uv))
            (void)uv_run(&loop->uv, UV_RUN_DEFAULT);
        settle(loop);
    } while (!loop->is_stopping && uv_loop_alive(&loop->uv));
    loop->is_stopping = false;
}

void loop_stop(struct loop *loop)
{
    loop->is_stopping = true;
    uv_stop(&loop->uv);
}

static void check_closing(uv_handle_t *handle, void *unused)
{
    (void)unused;
    ASSERT(uv_is_closing(handle));
}

void loop_close(struct loop *loop)
{
    loop_flush(loop);
    mailbox_close(&loop->mailbox);
    loop_flush(loop);
    uv_close((uv_handle_t *)&loop->prepare, NULL);
    uv_close((uv_handle_t *)&loop->check, NULL);
    uv_close((uv_handle_t *)&loop->alarm, NULL);
    uv_walk(&loop->uv, check_closing, NULL);
    while (uv_run(&loop->uv, UV_RUN_ONCE) != 0)
        loop_flush(loop);
    loop_flush(loop);
    ASSERT(uv_loop_close(&loop->uv) == 0);
    timers_clear(&loop->timers);
    buffer_clear(&loop->records);
    arena_pool_clear(&loop->blocks);
    free(loop->plain);
    free(loop->input);
}
