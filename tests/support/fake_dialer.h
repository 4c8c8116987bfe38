/* fake_dialer.h - a dialer that connects when the test says so, to a server in memory. Header only.
 *
 * Stands in for net/dialer.c when it is linked: a program that includes this must not create a real
 * one.
 */
#ifndef SUPPORT_FAKE_DIALER_H
#define SUPPORT_FAKE_DIALER_H

#include "net/dialer.h"
#include "net/memory_stream.h"
#include "support/recorder.h"

enum { FAKE_DIALER_SERVERS = 32, FAKE_DIALER_STEPS = 2000000 };

/* The server's side of one connection. */
struct fake_server {
    struct memory_pair *pair;
    struct stream *ours; /* borrowed: the dialing side's end, to look at */
    struct recorder server;
};

struct dialer {
    struct list running; /* oldest first */
    size_t begun, called_off;
    struct fake_server servers[FAKE_DIALER_SERVERS];
    size_t count;
    size_t most; /* bytes that one step moves */
};

struct dial {
    struct list link;
    struct dialer *dialer;
    dial_done_fn *on_done;
    void *owner;
};

struct span dial_result_proxy_status(enum dial_result result)
{
    static const struct span names[] = {
#define FAKE_DIALER_NAME(name, proxy_status) [name] = SPAN_INIT(proxy_status),
        DIAL_RESULTS(FAKE_DIALER_NAME)
#undef FAKE_DIALER_NAME
    };
    return names[result];
}

struct dial *dial_begin(struct dialer *dialer, dial_done_fn *on_done, void *owner)
{
    struct dial *dial = xcalloc(1, sizeof(*dial));
    *dial = (struct dial){.dialer = dialer, .on_done = on_done, .owner = owner};
    list_push_back(&dialer->running, &dial->link);
    dialer->begun++;
    return dial;
}

void dial_call_off(struct dial *dial)
{
    list_remove(&dial->link);
    dial->dialer->called_off++;
    free(dial);
}

#ifndef SUPPORT_FAKE_DIALERS_H
/* For what is linked beside and not used: it would bring the real ones. */
struct dialer *dialer_create(struct loop *loop, const struct dialer_options *options,
                             struct tls_context *tls)
{
    (void)loop, (void)options, (void)tls;
    UNREACHABLE();
}

void dialer_destroy(struct dialer *dialer)
{
    (void)dialer;
    UNREACHABLE();
}
#endif

static inline void fake_dialer_init(struct dialer *dialer)
{
    *dialer = (struct dialer){.most = LOOP_READ_SIZE};
    list_init(&dialer->running);
}

/* The oldest that runs, off the list; its memory is the caller's. */
static inline struct dial *fake_dialer_take(struct dialer *dialer)
{
    struct list *link = list_pop_front(&dialer->running);
    ASSERT(link);
    return container_of(link, struct dial, link);
}

/* The oldest dial reaches a server. */
static inline struct fake_server *fake_dialer_connect(struct dialer *dialer)
{
    struct dial *dial = fake_dialer_take(dialer);
    ASSERT(dialer->count < FAKE_DIALER_SERVERS);
    struct fake_server *server = &dialer->servers[dialer->count++];
    struct stream *theirs;
    server->pair = memory_pair_create(&server->ours, &theirs);
    (void)memory_pair_step(server->pair, 1);
    recorder_listen(&server->server, theirs);
    dial->on_done(dial->owner, DIAL_OK, server->ours, (struct span){0});
    free(dial);
    return server;
}

/* The oldest dial fails. */
static inline void fake_dialer_fail(struct dialer *dialer, enum dial_result result,
                                    struct span detail)
{
    struct dial *dial = fake_dialer_take(dialer);
    dial->on_done(dial->owner, result, NULL, detail);
    free(dial);
}

/* Moves bytes once; false if there were none. */
static inline bool fake_dialer_step(struct dialer *dialer)
{
    bool has_moved = false;
    for (size_t i = 0; i < dialer->count; i++)
        has_moved = memory_pair_step(dialer->servers[i].pair, dialer->most) || has_moved;
    return has_moved;
}

/* Everything that can happen without a clock and a dial. */
static inline void fake_dialer_turn(struct dialer *dialer, struct loop *loop)
{
    loop_flush(loop);
    for (int steps = 0; fake_dialer_step(dialer); steps++) {
        ASSERT(steps < FAKE_DIALER_STEPS);
        loop_flush(loop);
    }
    loop_flush(loop);
}

/* All dials have ended and all our ends are closed. */
static inline void fake_dialer_clear(struct dialer *dialer)
{
    ASSERT(list_is_empty(&dialer->running));
    for (size_t i = 0; i < dialer->count; i++) {
        ASSERT(!dialer->servers[i].ours->owner);
        recorder_close(&dialer->servers[i].server);
        memory_pair_destroy(dialer->servers[i].pair);
    }
}

#endif
