#include "limit/redis_limits.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/log_fold.h"
#include "base/text.h"
#include "limit/lease.h"
#include "limit/limit_wire.h"

enum {
    MAX_COMMANDS = 4096,
    MAX_QUEUED = 4 * MIB,
    MAX_REPLY = 64 * KIB,
    QUICK_MS = 10,
    SILENCE_MS = 5000,
    BEAT_MS = 5000,
    CALL_MS = 1000,
    SHA_LEN = 40,
    NUMBER_SIZE = 24,
    TAKE_NUMBERS = 5,
    BACK_NUMBERS = 2,
};

static const struct span instances_key = SPAN_INIT("bpgate:rl:instances");

struct redis_limits {
    struct loop *loop; /* borrowed */
    struct redis *redis;
    struct lease_table *leases;
    struct span instance; /* borrowed */
    const struct redis_events *events;
    void *owner;
    char sha[SHA_LEN]; /* of limit_script_take; with has_sha */
    bool has_sha;
    struct redis_call load, beat;
    struct timer timer;
    unsigned instances;
    struct log_fold refusals;
};

static uint64_t now_ms_of(const struct redis_limits *limits)
{
    return loop_now_ms(limits->loop);
}

/* --- Trouble --- */

/* Scripts that this user may not call, a server that only reads: one line, and then by the setting. */
static void note_refusal(struct redis_limits *limits, const struct redis_reply *reply)
{
    uint64_t count = log_fold_count(&limits->refusals, now_ms_of(limits));
    if (count > 0)
        log_event(LOG_WARN, "limits_refused",
                  FIELDS(field_text("detail", reply->text),
                         field_text("remedy", SPAN("does the user of redis.url have the rights "
                                                   "+eval +evalsha +script ~bpgate:*, and may the "
                                                   "server write?")),
                         field_number("count", (int64_t)count)));
}

/* --- Scripts and the beat --- */

static void on_loaded(struct redis_call *call, enum redis_result result,
                      const struct redis_reply *reply)
{
    struct redis_limits *limits = container_of(call, struct redis_limits, load);
    limits->has_sha =
        result == REDIS_ANSWERED && reply->kind == REDIS_TEXT && reply->text.len == SHA_LEN;
    if (limits->has_sha)
        memcpy(limits->sha, reply->text.at, SHA_LEN);
}

static void load_script(struct redis_limits *limits)
{
    const struct span argv[] = {SPAN("SCRIPT"), SPAN("LOAD"), limit_script_take};
    if (redis_call_is_running(&limits->load))
        return;
    limits->load.on_done = on_loaded;
    (void)!redis_call_begin(&limits->load, limits->redis, argv, COUNT_OF(argv),
                            now_ms_of(limits) + CALL_MS); /* else: the whole text each time */
}

static void on_beaten(struct redis_call *call, enum redis_result result,
                      const struct redis_reply *reply)
{
    struct redis_limits *limits = container_of(call, struct redis_limits, beat);
    if (result == REDIS_ANSWERED && reply->kind == REDIS_NUMBER && reply->number > 0)
        limits->instances = (unsigned)reply->number;
    else if (result == REDIS_REFUSED)
        note_refusal(limits, reply);
}

static void on_timer(struct timer *timer)
{
    struct redis_limits *limits = container_of(timer, struct redis_limits, timer);
    const struct span argv[] = {SPAN("EVAL"), limit_script_beat, SPAN("1"), instances_key,
                                limits->instance};
    timer_set(timer, now_ms_of(limits) + BEAT_MS);
    if (redis_call_is_running(&limits->beat))
        return;
    limits->beat.on_done = on_beaten;
    (void)!redis_call_begin(&limits->beat, limits->redis, argv, COUNT_OF(argv),
                            now_ms_of(limits) + CALL_MS); /* else: with the next one */
}

static void on_up(void *owner)
{
    struct redis_limits *limits = owner;
    limits->has_sha = false;
    load_script(limits);
    on_timer(&limits->timer);
    limits->events->on_up(limits->owner);
}

static void on_down(void *owner, enum redis_trouble trouble, struct span detail)
{
    struct redis_limits *limits = owner;
    limits->events->on_down(limits->owner, trouble, detail);
}

struct redis_limits *redis_limits_create(struct loop *loop, struct redis_target *target,
                                         struct span instance, const struct redis_events *events,
                                         void *owner)
{
    static const struct redis_events ours = {on_up, on_down};
    static const struct redis_options options = {
        .max_commands = MAX_COMMANDS,
        .max_bytes = MAX_QUEUED,
        .max_reply_bytes = MAX_REPLY,
        .quick_ms = QUICK_MS,
        .silence_ms = SILENCE_MS,
    };
    struct redis_limits *limits = xcalloc(1, sizeof(*limits));
    limits->loop = loop;
    limits->instance = instance;
    limits->events = events;
    limits->owner = owner;
    limits->instances = 1;
    limits->leases = lease_table_create();
    timer_init(&limits->timer, &loop->timers, on_timer);
    limits->redis = redis_create(loop, target, &options, &ours, limits);
    return limits;
}

void redis_limits_destroy(struct redis_limits *limits)
{
    if (!limits)
        return;
    timer_stop(&limits->timer);
    redis_destroy(limits->redis);
    lease_table_destroy(limits->leases);
    free(limits);
}

unsigned redis_limits_instances(const struct redis_limits *limits)
{
    return limits->instances;
}

/* --- A request --- */

/* The numbers of a command, as text. */
struct numbers {
    char texts[LIMIT_CLAIMS_MAX * TAKE_NUMBERS + 1][NUMBER_SIZE];
    size_t count;
};

static struct span number(struct numbers *numbers, uint64_t value)
{
    char *text = numbers->texts[numbers->count++];
    return (struct span){text, (size_t)snprintf(text, NUMBER_SIZE, "%" PRIu64, value)};
}

enum { ARGV_MAX = 3 + LIMIT_CLAIMS_MAX * (1 + TAKE_NUMBERS) };

/* The command's name, the script and the keys; how many words. */
static size_t begin_words(struct span argv[ARGV_MAX], struct numbers *numbers, struct span name,
                          struct span script, const struct span *names, size_t count)
{
    argv[0] = name;
    argv[1] = script;
    argv[2] = number(numbers, count);
    for (size_t i = 0; i < count; i++)
        argv[3 + i] = names[i];
    return 3 + count;
}

static void on_answer(struct redis_call *call, enum redis_result result,
                      const struct redis_reply *reply);

static enum status ask(struct redis_take *take)
{
    struct redis_limits *limits = take->limits;
    uint64_t now_us = clock_us();
    struct numbers numbers = {.count = 0};
    struct span argv[ARGV_MAX];
    take->is_whole = !limits->has_sha;
    struct span script = take->is_whole ? limit_script_take : (struct span){limits->sha, SHA_LEN};
    size_t argc = begin_words(argv, &numbers, take->is_whole ? SPAN("EVAL") : SPAN("EVALSHA"),
                              script, take->names, take->count);
    for (size_t i = 0; i < take->count; i++) {
        const struct limit_claim *claim = &take->claims[i];
        argv[argc++] = number(&numbers, claim->rate->interval_us);
        argv[argc++] = number(&numbers, claim->rate->burst);
        argv[argc++] = number(&numbers, claim->cost);
        argv[argc++] = claim->is_shadow ? SPAN("1") : SPAN("0");
        argv[argc++] = number(&numbers, lease_wish(limits->leases, claim, now_us));
    }
    take->call.on_done = on_answer;
    return redis_call_begin(&take->call, limits->redis, argv, argc, take->deadline_ms);
}

static bool is_admitted(const struct redis_take *take)
{
    for (size_t i = 0; i < take->count; i++) {
        if (!take->claims[i].is_shadow && !take->claims[i].answer.is_admitted)
            return false;
    }
    return true;
}

static enum redis_take_start read_answer(struct redis_take *take, const struct redis_reply *reply)
{
    uint64_t granted[LIMIT_CLAIMS_MAX], now_us = clock_us();
    if (!limit_reply_read(reply, take->claims, take->count, granted))
        return TAKE_AWAY;
    for (size_t i = 0; i < take->count; i++)
        lease_note(take->limits->leases, &take->claims[i], granted[i], now_us);
    return is_admitted(take) ? TAKE_ADMITTED : TAKE_REFUSED;
}

static void on_answer(struct redis_call *call, enum redis_result result,
                      const struct redis_reply *reply)
{
    struct redis_take *take = container_of(call, struct redis_take, call);
    enum redis_take_start answer = TAKE_AWAY;
    if (result == REDIS_ANSWERED) {
        answer = read_answer(take, reply);
    } else if (result == REDIS_REFUSED && redis_reply_refuses(reply, SPAN("NOSCRIPT")) &&
               !take->is_whole) {
        take->limits->has_sha = false;
        load_script(take->limits);
        if (ask(take) == OK)
            return;
    } else if (result == REDIS_REFUSED) {
        note_refusal(take->limits, reply);
    }
    take->on_done(take, answer);
}

enum redis_take_start redis_take_begin(struct redis_take *take, struct redis_limits *limits)
{
    take->limits = limits;
    switch (lease_take(limits->leases, take->claims, take->count, clock_us())) {
    case LEASE_ADMITTED:
        return TAKE_ADMITTED;
    case LEASE_REFUSED:
        return TAKE_REFUSED;
    case LEASE_ASK:
        break;
    }
    return ask(take) == OK ? TAKE_WAITS : TAKE_AWAY;
}

void redis_take_off(struct redis_take *take)
{
    redis_call_off(&take->call);
}

void redis_limits_give_back(struct redis_limits *limits, const struct limit_claim *claims,
                            const struct span *names, size_t count)
{
    struct numbers numbers = {.count = 0};
    struct span argv[ARGV_MAX], keys[LIMIT_CLAIMS_MAX];
    size_t spent = 0;
    for (size_t i = 0; i < count; i++) {
        if (claims[i].answer.is_admitted)
            keys[spent++] = names[i];
    }
    if (spent == 0)
        return;
    size_t argc = begin_words(argv, &numbers, SPAN("EVAL"), limit_script_give_back, keys, spent);
    for (size_t i = 0; i < count; i++) {
        if (!claims[i].answer.is_admitted)
            continue;
        argv[argc++] = number(&numbers, claims[i].rate->interval_us);
        argv[argc++] = number(&numbers, claims[i].cost);
    }
    (void)!redis_post(limits->redis, argv, argc); /* else: spent for nothing, once */
}
