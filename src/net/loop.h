/* loop.h - a libuv loop with what everything on it shares: later queue, timers, mailbox, buffers.
 *
 * One thread runs it. Only mailbox_post may be called from others. Tasks of `soon` run after each read from a
 * socket and with those of `later`, which run before the loop sleeps and again after its events; always with
 * no callback on the stack. Timers run from the loop too. Objects on the loop are closed by their owners before loop_close.
 */
#ifndef NET_LOOP_H
#define NET_LOOP_H

#include <uv.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "net/later.h"
#include "net/mailbox.h"
#include "net/timer.h"

/* Three TLS records. What is read at once is written at once: 64 KiB, more than one segment of the kernel's holds, took
 * a fifth more of the time of a body of 4 MiB. */
enum { LOOP_READ_SIZE = 48 * KIB };

struct loop {
    uv_loop_t uv;
    struct later soon;  /* what is to happen or be freed while its memory is warm */
    struct later later; /* what many events of one turn ask for once */
    struct timers timers;
    struct mailbox mailbox;
    char *input; /* LOOP_READ_SIZE: every TCP read of this loop lands here */
    char *plain; /* LOOP_READ_SIZE: every TLS read is decrypted into this; NULL while lent */
    struct buffer records;    /* lent to the TLS stream that is writing (tls_bio) */
    struct arena_pool blocks; /* of what the requests on this loop are in */
    uv_prepare_t prepare;
    uv_check_t check;
    uv_timer_t alarm; /* for the earliest of timers */
    uint64_t alarm_ms;
    uint64_t wall_ms; /* 0: not asked for in this turn */
    bool is_stopping;
};

/* Ignores SIGPIPE in the process: a broken connection is told by its stream. */
void loop_init(struct loop *loop);

/* Milliseconds of the loop's clock, cached for the turn (clock_ms' clock). */
uint64_t loop_now_ms(const struct loop *loop);

/* The same of clock_wall_ms: the time at which the turn first asked. */
uint64_t loop_wall_ms(struct loop *loop);

/* Runs until loop_stop, or until nothing is left to wait for. */
void loop_run(struct loop *loop);

/* Runs what is queued, and what that queues; with no callback on the stack. */
void loop_flush(struct loop *loop);

/* From the loop's own thread: loop_run returns after this turn. */
void loop_stop(struct loop *loop);

/* Runs what is still queued, closes the handles of the loop itself, frees. Everything else on it
 * must have been closed (its close callbacks may be outstanding). */
void loop_close(struct loop *loop);

#endif
