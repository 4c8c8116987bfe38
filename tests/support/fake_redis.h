/* fake_redis.h - a Redis in memory that connects and answers as the test says. Header only.
 *
 * Stands in for store/redis_target.c when it is linked: a program that includes this must not create
 * a real target.
 */
#ifndef SUPPORT_FAKE_REDIS_H
#define SUPPORT_FAKE_REDIS_H

#include <stdio.h>

#include "base/text.h"
#include "net/memory_stream.h"
#include "store/redis_reader.h"
#include "store/redis_target.h"
#include "support/recorder.h"

enum { FAKE_REDIS_SERVERS = 64, FAKE_REDIS_STEPS = 20000000, FAKE_REDIS_REPLY = 2 * MIB };

struct redis_target;

/* The server's side of one connection. */
struct fake_redis {
    struct redis_target *target;
    struct memory_pair *pair;
    struct stream *ours; /* borrowed: the client's end, to look at */
    struct stream *theirs;
    struct redis_reader *reader; /* of commands, which look like replies */
    size_t commands;             /* that came after the greeting */
    size_t held;                 /* of them, not answered because it is mute */
    bool is_greeted;
    bool has_ended; /* the client has closed, or broken */
};

struct redis_target {
    struct loop loop;
    struct redis_login login;
    struct list running; /* dials, oldest first */
    size_t begun, called_off, connected;
    struct fake_redis servers[FAKE_REDIS_SERVERS];
    size_t most;         /* bytes that one step moves */
    bool refuses_dials;  /* else each is connected in the next turn */
    bool is_mute;        /* answers nothing after the greeting */
    bool is_deaf;        /* nor the greeting */
    const char *at_role; /* in place of the usual answer; NULL: as usual */
    const char *at_ping, *at_login;
    /* Answers a command after the greeting; NULL: the last argument comes back. */
    void (*answer)(struct fake_redis *server, const struct redis_reply *command);
};

struct redis_dial {
    struct list link;
    struct redis_target *target;
    redis_dial_done_fn *on_done;
    void *owner;
};

const struct redis_login *redis_target_login(const struct redis_target *target)
{
    return &target->login;
}

struct redis_dial *redis_dial_begin(struct redis_target *target, redis_dial_done_fn *on_done,
                                    void *owner)
{
    struct redis_dial *dial = xcalloc(1, sizeof(*dial));
    *dial = (struct redis_dial){.target = target, .on_done = on_done, .owner = owner};
    list_push_back(&target->running, &dial->link);
    target->begun++;
    return dial;
}

void redis_dial_call_off(struct redis_dial *dial)
{
    list_remove(&dial->link);
    dial->target->called_off++;
    free(dial);
}

/* --- The server --- */

static inline void fake_redis_write(struct fake_redis *server, struct span bytes)
{
    if (server->theirs)
        stream_write(server->theirs, &bytes, 1);
}

static inline void fake_redis_say(struct fake_redis *server, const char *line)
{
    fake_redis_write(server, span_of(line));
    fake_redis_write(server, SPAN("\r\n"));
}

static inline void fake_redis_bulk(struct fake_redis *server, struct span text)
{
    char head[32];
    (void)snprintf(head, sizeof(head), "$%zu\r\n", text.len);
    fake_redis_write(server, span_of(head));
    fake_redis_write(server, text);
    fake_redis_write(server, SPAN("\r\n"));
}

static inline void fake_redis_greet(struct fake_redis *server, const struct redis_reply *command)
{
    const struct redis_target *target = server->target;
    const struct redis_reply *name = redis_reply_item(command, 0);
    if (target->is_deaf)
        return;
    if (redis_reply_is(name, SPAN("PING"))) {
        server->is_greeted = true;
        fake_redis_say(server, target->at_ping ? target->at_ping : "+PONG");
    } else if (redis_reply_is(name, SPAN("ROLE"))) {
        fake_redis_say(server,
                       target->at_role ? target->at_role : "*3\r\n$6\r\nmaster\r\n:0\r\n*0");
    } else if (redis_reply_is(name, SPAN("INFO"))) {
        fake_redis_bulk(server, SPAN("# Cluster\r\ncluster_enabled:0\r\n"));
    } else if (redis_reply_is(name, SPAN("AUTH"))) {
        fake_redis_say(server, target->at_login ? target->at_login : "+OK");
    } else {
        fake_redis_say(server, "+OK");
    }
}

static inline void fake_redis_command(struct fake_redis *server, const struct redis_reply *command)
{
    const struct redis_target *target = server->target;
    ASSERT(command->kind == REDIS_LIST && command->count > 0);
    if (!server->is_greeted) {
        fake_redis_greet(server, command);
        return;
    }
    server->commands++;
    if (target->is_mute)
        server->held++;
    else if (target->answer)
        target->answer(server, command);
    else
        fake_redis_bulk(server, redis_reply_item(command, command->count - 1)->text);
}

static inline void fake_redis_on_data(void *owner, struct span bytes)
{
    struct fake_redis *server = owner;
    const struct redis_reply *command;
    enum redis_read read;
    redis_reader_feed(server->reader, bytes);
    while ((read = redis_reader_next(server->reader, &command)) == REDIS_READ_REPLY)
        fake_redis_command(server, command);
    ASSERT(read == REDIS_READ_MORE);
}

static inline void fake_redis_on_nothing(void *owner)
{
    (void)owner;
}

static inline void fake_redis_on_end(void *owner)
{
    ((struct fake_redis *)owner)->has_ended = true;
}

static inline void fake_redis_on_failed(void *owner, enum status why)
{
    (void)why;
    ((struct fake_redis *)owner)->has_ended = true;
}

/* Ends the connection from the server's side. */
static inline void fake_redis_hang_up(struct fake_redis *server)
{
    if (server->theirs)
        stream_close(server->theirs);
    server->theirs = NULL;
}

/* --- The way to it --- */

static inline void fake_target_init(struct redis_target *target)
{
    *target = (struct redis_target){.most = LOOP_READ_SIZE};
    list_init(&target->running);
    loop_init(&target->loop);
    target->loop.uv.time = 100000; /* far enough from 0 for differences */
}

static inline struct redis_dial *fake_target_take(struct redis_target *target)
{
    struct list *link = list_pop_front(&target->running);
    ASSERT(link);
    return container_of(link, struct redis_dial, link);
}

static inline struct fake_redis *fake_target_connect(struct redis_target *target)
{
    static const struct stream_events events = {
        .on_open = fake_redis_on_nothing,
        .on_data = fake_redis_on_data,
        .on_drained = fake_redis_on_nothing,
        .on_end = fake_redis_on_end,
        .on_failed = fake_redis_on_failed,
    };
    struct redis_dial *dial = fake_target_take(target);
    ASSERT(target->connected < FAKE_REDIS_SERVERS);
    struct fake_redis *server = &target->servers[target->connected++];
    *server =
        (struct fake_redis){.target = target, .reader = redis_reader_create(FAKE_REDIS_REPLY)};
    server->pair = memory_pair_create(&server->ours, &server->theirs);
    (void)memory_pair_step(server->pair, 1);
    stream_listen_to(server->theirs, &events, server);
    dial->on_done(dial->owner, server->ours, REDIS_NO_TROUBLE, (struct span){"", 0});
    free(dial);
    return server;
}

static inline void fake_target_fail(struct redis_target *target, enum redis_trouble trouble,
                                    struct span detail)
{
    struct redis_dial *dial = fake_target_take(target);
    dial->on_done(dial->owner, NULL, trouble, detail);
    free(dial);
}

/* Moves bytes once; false if there were none. */
static inline bool fake_target_step(struct redis_target *target)
{
    bool has_moved = false;
    for (size_t i = 0; i < target->connected; i++)
        has_moved = memory_pair_step(target->servers[i].pair, target->most) || has_moved;
    return has_moved;
}

static inline bool fake_target_dial(struct redis_target *target)
{
    if (list_is_empty(&target->running))
        return false;
    if (target->refuses_dials)
        fake_target_fail(target, REDIS_UNREACHABLE, SPAN("connection refused"));
    else
        (void)fake_target_connect(target);
    return true;
}

/* Everything that can happen without a clock. */
static inline void fake_target_turn(struct redis_target *target)
{
    loop_flush(&target->loop);
    for (int steps = 0; fake_target_dial(target) || fake_target_step(target); steps++) {
        ASSERT(steps < FAKE_REDIS_STEPS);
        loop_flush(&target->loop);
    }
    loop_flush(&target->loop);
}

static inline void fake_target_pass(struct redis_target *target, uint64_t ms)
{
    for (uint64_t passed = 0; passed < ms; passed++) {
        target->loop.uv.time++;
        timers_run(&target->loop.timers, loop_now_ms(&target->loop));
        fake_target_turn(target);
    }
}

/* The newest connection. */
static inline struct fake_redis *fake_target_newest(struct redis_target *target)
{
    ASSERT(target->connected > 0);
    return &target->servers[target->connected - 1];
}

/* All dials have ended and all our ends are closed. */
static inline void fake_target_clear(struct redis_target *target)
{
    loop_flush(&target->loop);
    ASSERT(list_is_empty(&target->running));
    for (size_t i = 0; i < target->connected; i++) {
        ASSERT(!target->servers[i].ours->owner);
        fake_redis_hang_up(&target->servers[i]);
        redis_reader_destroy(target->servers[i].reader);
        memory_pair_destroy(target->servers[i].pair);
    }
    ASSERT(timers_next_ms(&target->loop.timers) == UINT64_MAX);
    loop_close(&target->loop);
}

#endif
