#include "store/redis.h"

#include <stdlib.h>

#include "store/redis_command.h"
#include "store/redis_link.h"

/* A command's place among those that Redis has not answered. Answers come in this order. */
struct ticket {
    struct redis_call *call; /* borrowed; NULL: called off, late, or nobody waits */
    size_t bytes;
};

enum { FIRST_TICKETS = 64, PROBE_EVERY_MS = 250 };

/* Three late calls within LATE_WITHIN_MS. One that was given less than FAIR_WAIT_MS tells more of
 * its caller than of Redis. */
enum { LATE_CALLS = 3, LATE_WITHIN_MS = 1000, FAIR_WAIT_MS = 5 };

struct redis {
    struct redis_link link;
    struct loop *loop; /* borrowed */
    struct redis_options options;
    const struct redis_events *events; /* borrowed, as the next */
    void *owner;
    struct ticket *tickets;       /* a ring of ticket_cap, a power of two */
    size_t ticket_cap;            /* 0 at first */
    uint64_t first_number;        /* of the oldest ticket */
    uint64_t next_number;         /* of the next one to be given */
    struct timer watch;           /* since when nothing was heard */
    uint64_t late_ms[LATE_CALLS]; /* when calls were late; late_count of them, in turn */
    uint64_t late_count;
    struct redis_call probe;
    struct timer next_probe;
    struct redis_counts counts;
    struct task bury;
    bool is_away; /* late too often; until a probe is answered quickly */
    bool is_destroyed;
};

static uint64_t now_of(const struct redis *redis)
{
    return loop_now_ms(redis->loop);
}

/* --- Tickets --- */

static struct ticket *ticket_of(struct redis *redis, uint64_t number)
{
    return &redis->tickets[number & (redis->ticket_cap - 1)];
}

static void grow_tickets(struct redis *redis)
{
    size_t cap = redis->ticket_cap > 0 ? redis->ticket_cap * 2 : FIRST_TICKETS;
    struct ticket *tickets = xcalloc(cap, sizeof(*tickets));
    for (uint64_t number = redis->first_number; number < redis->next_number; number++)
        tickets[number & (cap - 1)] = *ticket_of(redis, number);
    free(redis->tickets);
    redis->tickets = tickets;
    redis->ticket_cap = cap;
}

static void give_ticket(struct redis *redis, struct redis_call *call, size_t bytes)
{
    if (redis->counts.commands == redis->ticket_cap)
        grow_tickets(redis);
    if (redis->counts.commands == 0)
        timer_set(&redis->watch, now_of(redis) + redis->options.silence_ms);
    *ticket_of(redis, redis->next_number++) = (struct ticket){call, bytes};
    redis->counts.commands++;
    redis->counts.bytes += bytes;
}

/* The oldest one's call, which runs no longer; NULL if nobody waits for it. */
static struct redis_call *take_ticket(struct redis *redis)
{
    struct ticket ticket = *ticket_of(redis, redis->first_number++);
    redis->counts.commands--;
    redis->counts.bytes -= ticket.bytes;
    if (ticket.call) {
        timer_stop(&ticket.call->deadline);
        ticket.call->redis = NULL;
    }
    return ticket.call;
}

void redis_call_off(struct redis_call *call)
{
    if (!call->redis)
        return;
    ticket_of(call->redis, call->number)->call = NULL;
    timer_stop(&call->deadline);
    call->redis = NULL;
}

/* --- Late calls --- */

/* Whether it was one too many. */
static bool note_late(struct redis *redis)
{
    uint64_t now_ms = now_of(redis);
    redis->late_ms[redis->late_count++ % LATE_CALLS] = now_ms;
    uint64_t oldest_ms = redis->late_ms[redis->late_count % LATE_CALLS];
    return redis->late_count >= LATE_CALLS && now_ms - oldest_ms <= LATE_WITHIN_MS;
}

static void send_probe(struct redis *redis);

static void go_away(struct redis *redis)
{
    redis->is_away = true;
    redis->late_count = 0;
    send_probe(redis);
}

static void on_late(struct redis_call *call)
{
    struct redis *redis = call->redis;
    bool is_fair = now_of(redis) - call->begun_ms >= FAIR_WAIT_MS;
    redis_call_off(call);
    if (call == &redis->probe)
        return; /* the next one is due already */
    redis->counts.late++;
    bool goes_away = !redis->is_away && is_fair && note_late(redis);
    if (goes_away)
        go_away(redis);
    call->on_done(call, REDIS_LATE, NULL);
    if (goes_away && !redis->is_destroyed)
        redis->events->on_down(redis->owner, REDIS_SLOW, SPAN("three commands were late"));
}

/* Deadlines are looked at before sockets. If it was this loop that was slow, the answer is there:
 * one more turn reads it. */
static void on_due(struct timer *timer)
{
    struct redis_call *call = container_of(timer, struct redis_call, deadline);
    if (call->is_due) {
        on_late(call);
        return;
    }
    call->is_due = true;
    timer_set(&call->deadline, now_of(call->redis) + 1);
}

/* --- Sending --- */

static enum status send_command(struct redis *redis, struct redis_call *call,
                                const struct span *argv, size_t argc)
{
    enum status status = redis_link_send(&redis->link, argv, argc);
    if (status == OK)
        give_ticket(redis, call, redis_command_len(argv, argc));
    return status;
}

static enum status send_bounded(struct redis *redis, struct redis_call *call,
                                const struct span *argv, size_t argc)
{
    ASSERT(argc > 0 && !redis->is_destroyed);
    if (!redis_is_up(redis))
        return ERR_CLOSED;
    size_t bytes = redis->counts.bytes + redis_command_len(argv, argc);
    if (redis->counts.commands >= redis->options.max_commands || bytes > redis->options.max_bytes)
        return ERR_LIMIT;
    return send_command(redis, call, argv, argc);
}

static void start(struct redis_call *call, struct redis *redis, uint64_t deadline_ms)
{
    call->redis = redis;
    call->number = redis->next_number - 1;
    call->begun_ms = now_of(redis);
    call->is_due = false;
    timer_init(&call->deadline, &redis->loop->timers, on_due);
    timer_set(&call->deadline, deadline_ms);
}

enum status redis_call_begin(struct redis_call *call, struct redis *redis, const struct span *argv,
                             size_t argc, uint64_t deadline_ms)
{
    ASSERT(!call->redis && call->on_done);
    if (deadline_ms <= now_of(redis))
        return ERR_CLOSED;
    enum status status = send_bounded(redis, call, argv, argc);
    if (status == OK)
        start(call, redis, deadline_ms);
    return status;
}

enum status redis_post(struct redis *redis, const struct span *argv, size_t argc)
{
    return send_bounded(redis, NULL, argv, argc);
}

/* --- Probes --- */

static const struct span ping[] = {SPAN_INIT("PING")};

static void on_probed(struct redis_call *call, enum redis_result result,
                      const struct redis_reply *reply)
{
    struct redis *redis = container_of(call, struct redis, probe);
    (void)reply;
    if (result != REDIS_ANSWERED && result != REDIS_REFUSED)
        return;
    timer_stop(&redis->next_probe);
    redis->is_away = false;
    redis->events->on_up(redis->owner);
}

/* Unbounded by max_commands, which may be what waits: at most silence_ms / PROBE_EVERY_MS of them. */
static void send_probe(struct redis *redis)
{
    uint64_t now_ms = now_of(redis);
    redis_call_off(&redis->probe);
    timer_set(&redis->next_probe, now_ms + PROBE_EVERY_MS);
    if (send_command(redis, &redis->probe, ping, COUNT_OF(ping)) == OK)
        start(&redis->probe, redis, now_ms + redis->options.quick_ms);
}

static void on_next_probe(struct timer *timer)
{
    send_probe(container_of(timer, struct redis, next_probe));
}

/* Nothing was heard for a while. If nothing was asked either, the connection may be dead without
 * our knowing, and the next command would be the one to find out. */
static void on_watch(struct timer *timer)
{
    struct redis *redis = container_of(timer, struct redis, watch);
    if (redis->counts.commands > 0)
        redis_link_fail(&redis->link, REDIS_SILENT, SPAN("commands are not answered"));
    else if (send_command(redis, NULL, ping, COUNT_OF(ping)) != OK)
        UNREACHABLE(); /* nothing is under way */
}

/* --- The link --- */

static void on_up(void *owner)
{
    struct redis *redis = owner;
    redis->counts.connected++;
    redis->late_count = 0;
    timer_set(&redis->watch, now_of(redis) + redis->options.silence_ms);
    redis->events->on_up(redis->owner);
}

/* A refusal that is about the connection as a whole brings it down once its call has been told. */
static enum redis_trouble on_reply(void *owner, const struct redis_reply *reply)
{
    struct redis *redis = owner;
    bool is_refusal = reply->kind == REDIS_REFUSAL;
    enum redis_trouble trouble = is_refusal ? redis_trouble_of(reply->text) : REDIS_NO_TROUBLE;
    if (redis->counts.commands == 0)
        return trouble == REDIS_NO_TROUBLE ? REDIS_BROKEN : trouble;
    timer_set(&redis->watch, now_of(redis) + redis->options.silence_ms);
    redis->counts.refused += is_refusal;
    redis->counts.answered += !is_refusal;
    struct redis_call *call = take_ticket(redis);
    if (call && !(call == &redis->probe && trouble != REDIS_NO_TROUBLE))
        call->on_done(call, is_refusal ? REDIS_REFUSED : REDIS_ANSWERED, reply);
    return trouble;
}

/* Nothing can be begun while the calls are told: the link is down. */
static void lose_all(struct redis *redis)
{
    redis->counts.lost += redis->counts.commands;
    while (redis->counts.commands > 0 && !redis->is_destroyed) {
        struct redis_call *call = take_ticket(redis);
        if (call)
            call->on_done(call, REDIS_LOST, NULL);
    }
}

static void on_down(void *owner, enum redis_trouble trouble, struct span detail)
{
    struct redis *redis = owner;
    timer_stop(&redis->watch);
    timer_stop(&redis->next_probe);
    redis->is_away = false;
    lose_all(redis);
    if (!redis->is_destroyed)
        redis->events->on_down(redis->owner, trouble, detail);
}

static const struct redis_link_events link_events = {on_up, on_reply, on_down};

struct redis *redis_create(struct loop *loop, struct redis_target *target,
                           const struct redis_options *options, const struct redis_events *events,
                           void *owner)
{
    struct redis *redis = xcalloc(1, sizeof(*redis));
    redis->loop = loop;
    redis->options = *options;
    redis->events = events;
    redis->owner = owner;
    redis->probe.on_done = on_probed;
    timer_init(&redis->watch, &loop->timers, on_watch);
    timer_init(&redis->next_probe, &loop->timers, on_next_probe);
    redis_link_init(&redis->link, options->max_bytes, options->max_reply_bytes);
    redis_link_open(&redis->link, loop, target, &link_events, redis);
    return redis;
}

static void bury(struct task *task)
{
    struct redis *redis = container_of(task, struct redis, bury);
    redis_link_clear(&redis->link);
    free(redis->tickets);
    free(redis);
}

void redis_destroy(struct redis *redis)
{
    ASSERT(!redis->is_destroyed);
    redis->is_destroyed = true;
    while (redis->counts.commands > 0)
        (void)take_ticket(redis);
    timer_stop(&redis->watch);
    timer_stop(&redis->next_probe);
    redis_link_close(&redis->link);
    later_run(&redis->loop->later, &redis->bury, bury);
}

bool redis_is_up(const struct redis *redis)
{
    return redis_link_is_up(&redis->link) && !redis->is_away;
}

struct redis_counts redis_counts(const struct redis *redis)
{
    return redis->counts;
}
