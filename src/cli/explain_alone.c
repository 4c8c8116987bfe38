#include "cli/explain_alone.h"

#include <stdio.h>

#include "admin/explain_head.h"
#include "base/log.h"
#include "base/text.h"
#include "gateway/explain.h"
#include "gateway/local_answer.h"
#include "worker/shared_cache.h"
#include "worker/worker_limits.h"

enum { ANSWER_SIZE = 256 * KIB, PARTITIONS = 1024, CACHE_BYTES = MIB };

/* So long a Redis has to be there; looked at so often. */
enum { REDIS_MS = 1000, LOOK_MS = 10 };

/* What an exchange needs of a worker. */
struct alone {
    const struct snapshot *snapshot; /* borrowed */
    struct arena *arena;             /* borrowed */
    struct loop loop;
    struct worker_limits limits;
    struct services services;
    struct timer timer;
    uint64_t give_up_ms;
    struct explain_question question;
    struct explanation explanation;
    struct json_writer json;
};

static void hold_nothing(void *snapshot)
{
    (void)snapshot; /* the caller does */
}

/* --- The question --- */

static bool read_question(struct alone *alone, struct span body, char error[EXPLAIN_ERROR_SIZE])
{
    const struct snapshot_options *options = &alone->snapshot->options;
    struct explain_words words;
    struct span head = explain_head(body, alone->arena, &words);
    struct explain_question *question = &alone->question;
    question->key = key_record_find(options->keys, options->key_count, words.key);
    struct span address = words.address.len > 0 ? words.address : SPAN("127.0.0.1");
    const char *fault = NULL;
    if (words.key.len > 0 && !question->key)
        fault = "there is no key of that name or id in the settings";
    else if (!address_parse(address, &question->peer))
        fault = "--address must be an IP address: 192.0.2.1 or 2001:db8::1";
    else if (explain_head_parse(head, alone->arena, &question->request) != FAULT_NONE)
        fault = "METHOD, PATH and the fields make no request that a gateway would take";
    if (fault)
        (void)snprintf(error, EXPLAIN_ERROR_SIZE, "%s", fault);
    return !fault;
}

/* --- The answer --- */

static void on_told(struct explanation *explanation)
{
    loop_stop(explanation->services.loop);
}

static void begin(struct alone *alone)
{
    if (explain_begin(&alone->explanation, &alone->services, alone->arena, &alone->question))
        loop_stop(&alone->loop);
}

static bool waits_for_redis(const struct alone *alone)
{
    const struct redis_limits *redis = alone->services.limits.redis;
    return redis && !redis_limits_are_up(redis) && loop_now_ms(&alone->loop) < alone->give_up_ms;
}

static void on_timer(struct timer *timer)
{
    struct alone *alone = container_of(timer, struct alone, timer);
    if (waits_for_redis(alone))
        timer_set(timer, loop_now_ms(&alone->loop) + LOOK_MS);
    else
        begin(alone);
}

/* --- All of it --- */

static void open_services(struct alone *alone)
{
    const struct snapshot_options *options = &alone->snapshot->options;
    const struct cache_options cache = {.memory_bytes = CACHE_BYTES,
                                        .object_bytes = CACHE_BYTES / 2};
    char error[SHARED_CACHE_ERROR_SIZE];
    bool has_cache = options->cache.memory_bytes > 0;
    alone->services = (struct services){
        .loop = &alone->loop,
        .options = &options->gateway,
        .catalogue = alone->snapshot->catalogue,
        .keys = alone->snapshot->keys,
        .anonymous = options->anonymous,
        .credential_options = options->credentials,
        .cache = {.cache = has_cache ? cache_create(&cache) : NULL,
                  .tags = tags_create(),
                  .rules = &options->cache_rules},
        .filters = {.rules = &options->filter_rules},
        .limits = {.table = limit_table_create(PARTITIONS),
                   .rules = &options->limit_rules,
                   .away = options->limits_away},
        .upstream_authority = options->upstream.authority,
        .via = SPAN("bpgate"),
        .hold = hold_nothing,
        .let_go = hold_nothing,
    };
    /* A password that cannot be read: then what Redis counts is unknown, as the answer says. */
    if (options->has_redis && options->limit_rules.count > 0 &&
        worker_limits_open(&alone->limits, &alone->loop, options, SPAN(""), error) == OK)
        alone->services.limits.redis = alone->limits.redis;
}

static void close_services(struct alone *alone)
{
    worker_limits_close(&alone->limits);
    limit_table_destroy(alone->services.limits.table);
    if (alone->services.cache.cache)
        cache_destroy(alone->services.cache.cache);
    tags_destroy(alone->services.cache.tags);
}

struct span explain_alone(const struct snapshot *snapshot, struct span body, const char *why,
                          struct arena *arena, char error[EXPLAIN_ERROR_SIZE])
{
    struct alone *alone = arena_zalloc(arena, sizeof(*alone));
    alone->snapshot = snapshot;
    alone->arena = arena;
    if (!read_question(alone, body, error))
        return (struct span){NULL, 0};
    log_set_level(LOG_ERROR); /* that Redis is there or not the answer tells */
    loop_init(&alone->loop);
    open_services(alone);
    json_init(&alone->json, arena_alloc(arena, ANSWER_SIZE), ANSWER_SIZE);
    json_object(&alone->json);
    json_bool(&alone->json, SPAN("live"), false);
    json_text(&alone->json, SPAN("why"), span_of(why));
    alone->explanation.json = &alone->json;
    alone->explanation.on_done = on_told;
    alone->give_up_ms = loop_now_ms(&alone->loop) + REDIS_MS;
    timer_init(&alone->timer, &alone->loop.timers, on_timer);
    timer_set(&alone->timer, loop_now_ms(&alone->loop));
    loop_run(&alone->loop);
    close_services(alone);
    loop_close(&alone->loop);
    json_close(&alone->json);
    return json_finish(&alone->json);
}
