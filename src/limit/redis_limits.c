#include "limit/redis_limits.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/log_fold.h"
#include "base/text.h"
#include "limit/lease.h"

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
    FILLS = 32,
    FILL_MS = 25,
    US_PER_MS = 1000,
};

static const struct span instances_key = SPAN_INIT("bpgate:rl:instances");

/* A batch on its way to a lease. */
struct fill {
    struct redis_limits *limits; /* borrowed */
    struct redis_call call;
    struct limit_claim claim; /* of nothing, so that all that is granted is the batch */
    struct gcra_rate rate;    /* the claim's own: its policy may be gone when the answer comes */
    uint64_t since_us;
};

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
    struct fill fills[FILLS];
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
    if (limits->instance.len > 0) {
        load_script(limits);
        on_timer(&limits->timer);
    }
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

bool redis_limits_are_up(const struct redis_limits *limits)
{
    return redis_is_up(limits->redis);
}

unsigned redis_limits_instances(const struct redis_limits *limits)
{
    return limits->instances;
}

/* --- The script's command --- */

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

/* Claims and how many more to debit of each; only those with a bit in open are part of it. */
struct question {
    const struct limit_claim *claims;
    const struct limit_partition *partitions;
    size_t count;
    unsigned open;
    const uint64_t *more; /* by claim */
};

static bool is_open(unsigned open, size_t i)
{
    return open >> i & 1;
}

static enum status pose(struct redis_limits *limits, struct redis_call *call,
                        const struct question *question, bool is_whole, uint64_t deadline_ms)
{
    struct numbers numbers = {.count = 0};
    struct span argv[ARGV_MAX], keys[LIMIT_CLAIMS_MAX];
    char names[LIMIT_CLAIMS_MAX][LIMIT_NAME_SIZE];
    size_t asked = 0;
    for (size_t i = 0; i < question->count; i++) {
        if (is_open(question->open, i))
            keys[asked++] = limit_name_write(&question->partitions[i], names[i]);
    }
    struct span script = is_whole ? limit_script_take : (struct span){limits->sha, SHA_LEN};
    size_t argc =
        begin_words(argv, &numbers, is_whole ? SPAN("EVAL") : SPAN("EVALSHA"), script, keys, asked);
    for (size_t i = 0; i < question->count; i++) {
        const struct limit_claim *claim = &question->claims[i];
        if (!is_open(question->open, i))
            continue;
        argv[argc++] = number(&numbers, claim->rate->interval_us);
        argv[argc++] = number(&numbers, claim->rate->burst);
        argv[argc++] = number(&numbers, claim->cost);
        argv[argc++] = claim->is_shadow ? SPAN("1") : SPAN("0");
        argv[argc++] = number(&numbers, question->more[i]);
    }
    return redis_call_begin(call, limits->redis, argv, argc, deadline_ms);
}

/* --- Batches --- */

static void on_filled(struct redis_call *call, enum redis_result result,
                      const struct redis_reply *reply)
{
    struct fill *fill = container_of(call, struct fill, call);
    struct redis_limits *limits = fill->limits;
    uint64_t granted[LIMIT_CLAIMS_MAX];
    /* Else whoever finds nothing lent asks for himself, and says what is wrong. */
    if (result == REDIS_ANSWERED && limit_reply_read(reply, &fill->claim, 1, granted))
        lease_fill(limits->leases, &fill->claim, granted[0], fill->since_us, clock_us());
}

static struct fill *free_fill(struct redis_limits *limits)
{
    for (size_t i = 0; i < FILLS; i++) {
        if (!redis_call_is_running(&limits->fills[i].call))
            return &limits->fills[i];
    }
    return NULL;
}

static uint64_t wish_for(struct redis_limits *limits, const struct limit_claim *claim,
                         uint64_t now_us)
{
    return lease_wish(limits->leases, claim, now_us, now_us + FILL_MS * US_PER_MS);
}

/* Debits ahead for what is likely to come, beside a request that found enough. Not waited for. */
static void fill_up(struct redis_limits *limits, const struct limit_claim *claim,
                    const struct limit_partition *partition)
{
    uint64_t now_us = clock_us();
    struct fill *fill = limits->has_sha ? free_fill(limits) : NULL;
    uint64_t wish = fill ? wish_for(limits, claim, now_us) : 0;
    if (wish == 0)
        return;
    fill->limits = limits;
    fill->rate = *claim->rate;
    fill->claim = (struct limit_claim){.key = claim->key, .rate = &fill->rate};
    fill->since_us = now_us;
    fill->call.on_done = on_filled;
    const struct question question = {&fill->claim, partition, 1, 1, &wish};
    (void)!pose(limits, &fill->call, &question, false,
                now_ms_of(limits) + FILL_MS); /* else: away */
}

/* --- A request --- */

static void on_answer(struct redis_call *call, enum redis_result result,
                      const struct redis_reply *reply);

static enum status ask(struct redis_take *take)
{
    struct redis_limits *limits = take->limits;
    const struct question question = {take->claims, take->partitions, take->count, take->open,
                                      take->more};
    take->is_whole = !limits->has_sha;
    take->since_us = clock_us();
    take->call.on_done = on_answer;
    return pose(limits, &take->call, &question, take->is_whole, take->deadline_ms);
}

/* What leases have paid of a request that is not admitted. */
static void put_back(struct redis_take *take)
{
    uint64_t now_us = clock_us();
    for (size_t i = 0; i < take->count; i++) {
        if (take->claims[i].lent_until_us > 0)
            lease_put_back(take->limits->leases, &take->claims[i], now_us);
        take->claims[i].lent_until_us = 0;
    }
}

static bool is_admitted(const struct redis_take *take)
{
    for (size_t i = 0; i < take->count; i++) {
        if (!take->claims[i].is_shadow && !take->claims[i].answer.is_admitted)
            return false;
    }
    return true;
}

static void note(const struct redis_take *take, size_t i, uint64_t granted, uint64_t now_us)
{
    struct lease_table *leases = take->limits->leases;
    const struct limit_claim *claim = &take->claims[i];
    lease_note(leases, claim, take->more[i] > 0, now_us);
    if (take->more[i] > 0 && claim->answer.is_admitted)
        lease_fill(leases, claim, granted, take->since_us, now_us);
}

static enum redis_take_start read_answer(struct redis_take *take, const struct redis_reply *reply)
{
    uint64_t granted[LIMIT_CLAIMS_MAX], now_us = clock_us();
    struct limit_claim asked[LIMIT_CLAIMS_MAX];
    size_t count = 0, next = 0;
    for (size_t i = 0; i < take->count; i++) {
        if (is_open(take->open, i))
            asked[count++] = take->claims[i];
    }
    if (!limit_reply_read(reply, asked, count, granted))
        return TAKE_AWAY;
    for (size_t i = 0; i < take->count; i++) {
        if (!is_open(take->open, i))
            continue;
        take->claims[i].answer = asked[next++].answer;
        take->claims[i].since_us = take->since_us;
        note(take, i, granted[next - 1], now_us);
    }
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
    if (answer != TAKE_ADMITTED)
        put_back(take);
    take->on_done(take, answer);
}

enum redis_take_start redis_take_begin(struct redis_take *take, struct redis_limits *limits)
{
    take->limits = limits;
    enum lease_answer lease =
        lease_take(limits->leases, take->claims, take->count, clock_us(), &take->open);
    if (lease == LEASE_REFUSED)
        return TAKE_REFUSED;
    uint64_t now_us = clock_us();
    for (size_t i = 0; i < take->count; i++) {
        if (is_open(take->open, i))
            take->more[i] = wish_for(limits, &take->claims[i], now_us);
        else
            fill_up(limits, &take->claims[i], &take->partitions[i]);
    }
    if (lease == LEASE_ADMITTED)
        return TAKE_ADMITTED;
    if (ask(take) == OK)
        return TAKE_WAITS;
    put_back(take);
    return TAKE_AWAY;
}

void redis_take_off(struct redis_take *take)
{
    if (redis_call_is_running(&take->call))
        put_back(take);
    redis_call_off(&take->call);
}

/* --- A question --- */

/* What was debited ahead for this worker is not spent. */
static void add_lent(const struct redis_limits *limits, struct limit_claim *claim)
{
    uint64_t lent = lease_lent(limits->leases, claim, clock_us());
    uint64_t ahead_us = claim->answer.full_us, lent_us = lent * claim->rate->interval_us;
    ahead_us = lent_us < ahead_us ? ahead_us - lent_us : 0;
    claim->answer = gcra_ask(claim->rate, ahead_us, claim->cost, 0);
}

static void on_seen(struct redis_call *call, enum redis_result result,
                    const struct redis_reply *reply)
{
    struct redis_look *look = container_of(call, struct redis_look, call);
    uint64_t granted[LIMIT_CLAIMS_MAX];
    bool is_answered =
        result == REDIS_ANSWERED && limit_reply_read(reply, look->claims, look->count, granted);
    for (size_t i = 0; is_answered && i < look->count; i++)
        add_lent(look->limits, &look->claims[i]);
    look->on_done(look, is_answered);
}

bool redis_look_begin(struct redis_look *look, struct redis_limits *limits)
{
    struct numbers numbers = {.count = 0};
    struct span argv[ARGV_MAX], keys[LIMIT_CLAIMS_MAX];
    char names[LIMIT_CLAIMS_MAX][LIMIT_NAME_SIZE];
    for (size_t i = 0; i < look->count; i++)
        keys[i] = limit_name_write(&look->partitions[i], names[i]);
    size_t argc = begin_words(argv, &numbers, SPAN("EVAL"), limit_script_look, keys, look->count);
    for (size_t i = 0; i < look->count; i++) {
        argv[argc++] = number(&numbers, look->claims[i].rate->interval_us);
        argv[argc++] = number(&numbers, look->claims[i].rate->burst);
    }
    look->limits = limits;
    look->call.on_done = on_seen;
    return redis_call_begin(&look->call, limits->redis, argv, argc, look->deadline_ms) == OK;
}

void redis_look_off(struct redis_look *look)
{
    redis_call_off(&look->call);
}

/* --- Giving back --- */

void redis_limits_give_back(struct redis_limits *limits, const struct limit_claim *claims,
                            const struct limit_partition *partitions, size_t count)
{
    struct numbers numbers = {.count = 0};
    struct span argv[ARGV_MAX], keys[LIMIT_CLAIMS_MAX];
    char names[LIMIT_CLAIMS_MAX][LIMIT_NAME_SIZE];
    uint64_t refunds_us[LIMIT_CLAIMS_MAX], now_us = clock_us();
    size_t spent = 0;
    for (size_t i = 0; i < count; i++) {
        const struct limit_claim *claim = &claims[i];
        if (claim->answer.is_admitted && claim->lent_until_us > 0)
            lease_put_back(limits->leases, claim, now_us);
        if (!claim->answer.is_admitted || claim->lent_until_us > 0)
            continue;
        uint64_t refund_us = gcra_refund_us(claim->rate, claim->cost, claim->since_us, now_us);
        if (refund_us == 0)
            continue;
        keys[spent] = limit_name_write(&partitions[i], names[spent]);
        refunds_us[spent++] = refund_us;
    }
    if (spent == 0)
        return;
    size_t argc = begin_words(argv, &numbers, SPAN("EVAL"), limit_script_give_back, keys, spent);
    for (size_t i = 0; i < spent; i++)
        argv[argc++] = number(&numbers, refunds_us[i]);
    (void)!redis_post(limits->redis, argv, argc); /* else: spent for nothing, once */
}
