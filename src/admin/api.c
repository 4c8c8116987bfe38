#include "admin/api.h"

#include <stdlib.h>

#include "admin/log_level.h"
#include "base/calendar.h"
#include "base/clock.h"
#include "base/json_writer.h"
#include "base/log.h"
#include "base/text.h"
#include "gateway/access_line.h"
#include "gateway/services.h"
#include "metrics/refusals.h"

enum { ANSWER_MAX = 128 * KIB, MS_IN_SECOND = 1000 };

/* Names and ids are at most so long, and may be escaped. */
enum { KEY_SIZE = KIB };

/* One answer being written. */
struct answer {
    struct admin_call *call;
    struct json_writer json;
};

static void begin(struct answer *answer, struct admin_call *call)
{
    answer->call = call;
    json_init(&answer->json, arena_alloc(call->arena, ANSWER_MAX), ANSWER_MAX);
    json_object(&answer->json);
}

static void finish(struct answer *answer)
{
    json_close(&answer->json);
    admin_answer(answer->call, 200, json_finish(&answer->json));
}

static uint64_t sum_of(const struct admin_call *call, enum metric metric, unsigned a, unsigned b)
{
    return metrics_sum(call->services->counted, metric, AT(a, b));
}

/* Sums over the words of the first label, each under its word. */
static void write_words(struct answer *answer, enum metric metric)
{
    const struct metrics *metrics = answer->call->services->counted;
    enum metric_label label = metric_row(metric)->labels[0];
    for (unsigned i = 0; i < metrics_word_count(metrics, label); i++)
        json_number(&answer->json, metrics_word_at(metrics, label, i),
                    (int64_t)sum_of(answer->call, metric, i, 0));
}

/* --- Keys --- */

static void write_time(struct answer *answer, struct span name, uint64_t wall_ms)
{
    char text[TIME_TEXT_SIZE];
    if (wall_ms > 0)
        json_text(&answer->json, name, time_text(wall_ms, text));
    else
        json_null(&answer->json, name);
}

static void write_requests(struct answer *answer, const struct key_record *key)
{
    static const struct span secrets[] = {SPAN_INIT("first"), SPAN_INIT("second"),
                                          SPAN_INIT("certificate")};
    uint64_t requests = 0;
    struct json_writer *json = &answer->json;
    write_time(answer, SPAN("last_used"),
               sum_of(answer->call, METRIC_KEY_LAST, key->metric_word, 0) * MS_IN_SECOND);
    json_object_in(json, SPAN("requests_by_secret"));
    for (unsigned i = 0; i < COUNT_OF(secrets); i++) {
        uint64_t count = sum_of(answer->call, METRIC_KEY_REQUESTS, key->metric_word, i);
        json_number(json, secrets[i], (int64_t)count);
        requests += count;
    }
    json_close(json);
    json_number(json, SPAN("requests"), (int64_t)requests);
}

/* Of more keys than the label has room for, those beyond are counted together: that is none's own. */
static void write_key(struct answer *answer, const struct key_record *key)
{
    struct json_writer *json = &answer->json;
    bool is_counted = key->metric_word != WORD_OTHER;
    json_object(json);
    json_text(json, SPAN("id"), key->id);
    json_text(json, SPAN("name"), key->name);
    json_text(json, SPAN("profile"), key->profile->name);
    json_bool(json, SPAN("disabled"), key->is_disabled);
    write_time(answer, SPAN("expires"), key->expires_ms);
    json_bool(json, SPAN("counted"), is_counted);
    if (is_counted)
        write_requests(answer, key);
    json_close(json);
}

/* Ten thousand keys do not fit into what a request may take of its arena. */
void api_keys(struct admin_call *call)
{
    size_t size = ANSWER_MAX + call->services->key_count * KEY_SIZE;
    char *text = xmalloc(size);
    struct answer answer = {.call = call};
    json_init(&answer.json, text, size);
    json_object(&answer.json);
    json_array_in(&answer.json, SPAN("keys"));
    for (size_t i = 0; i < call->services->key_count; i++)
        write_key(&answer, &call->services->keys[i]);
    json_close(&answer.json);
    finish(&answer);
    free(text);
}

/* --- Cache, upstream, Redis --- */

void api_cache(struct admin_call *call)
{
    struct answer answer;
    struct cache_counts counts = {0};
    struct cache *cache = call->services->gateway->cache.cache;
    begin(&answer, call);
    json_bool(&answer.json, SPAN("on"), cache != NULL);
    if (cache)
        cache_read_counts(cache, &counts);
    json_number(&answer.json, SPAN("entries"), (int64_t)counts.entries);
    json_number(&answer.json, SPAN("bytes"), (int64_t)counts.bytes);
    json_number(&answer.json, SPAN("stored"), (int64_t)counts.puts);
    json_number(&answer.json, SPAN("evictions"), (int64_t)counts.evictions);
    json_number(&answer.json, SPAN("saved_bytes"), (int64_t)sum_of(call, METRIC_CACHE_SAVED, 0, 0));
    json_object_in(&answer.json, SPAN("requests"));
    write_words(&answer, METRIC_CACHE);
    json_close(&answer.json);
    finish(&answer);
}

void api_upstream(struct admin_call *call)
{
    struct answer answer;
    call->services->look(call->services->owner);
    begin(&answer, call);
    json_text(&answer.json, SPAN("authority"), call->services->gateway->upstream_authority);
    json_number(&answer.json, SPAN("workers"), (int64_t)sum_of(call, METRIC_WORKERS, 0, 0));
    json_number(&answer.json, SPAN("breakers_open"), (int64_t)sum_of(call, METRIC_BREAKER, 0, 0));
    json_number(&answer.json, SPAN("waiting"), (int64_t)sum_of(call, METRIC_WAITING, 0, 0));
    json_number(&answer.json, SPAN("retries"), (int64_t)sum_of(call, METRIC_RETRIES, 0, 0));
    json_object_in(&answer.json, SPAN("connections"));
    write_words(&answer, METRIC_POOL);
    json_close(&answer.json);
    json_object_in(&answer.json, SPAN("attempts"));
    write_words(&answer, METRIC_ATTEMPTS);
    json_close(&answer.json);
    finish(&answer);
}

void api_redis(struct admin_call *call)
{
    struct answer answer;
    call->services->look(call->services->owner);
    begin(&answer, call);
    json_bool(&answer.json, SPAN("on"), call->services->gateway->cache.redis != NULL);
    json_number(&answer.json, SPAN("workers_up"), (int64_t)sum_of(call, METRIC_REDIS_UP, 0, 0));
    json_object_in(&answer.json, SPAN("commands"));
    write_words(&answer, METRIC_REDIS_COMMANDS);
    json_close(&answer.json);
    json_object_in(&answer.json, SPAN("cache"));
    write_words(&answer, METRIC_REDIS_CACHE);
    json_close(&answer.json);
    finish(&answer);
}

/* --- Refusals --- */

void api_refusals(struct admin_call *call)
{
    struct answer answer;
    struct refusal *kept = arena_alloc(call->arena, REFUSALS_KEPT * sizeof(*kept));
    size_t count = refusals_read(call->services->refusals, kept);
    begin(&answer, call);
    json_array_in(&answer.json, SPAN("refusals"));
    for (size_t i = 0; i < count; i++) {
        json_object(&answer.json);
        write_time(&answer, SPAN("ts"), kept[i].wall_ms);
        json_number(&answer.json, SPAN("status"), kept[i].status);
        json_text(&answer.json, SPAN("reason"), span_of(kept[i].reason));
        json_text(&answer.json, SPAN("op"), span_of(kept[i].op));
        json_text(&answer.json, SPAN("key"), span_of(kept[i].key));
        json_text(&answer.json, SPAN("client"), span_of(kept[i].client));
        json_close(&answer.json);
    }
    json_close(&answer.json);
    finish(&answer);
}

/* --- Settings --- */

void api_settings(struct admin_call *call)
{
    admin_answer(call, 200, call->services->settings);
}

/* --- The level of events --- */

void api_log_level(struct admin_call *call)
{
    struct answer answer;
    begin(&answer, call);
    json_text(&answer.json, SPAN("level"), log_level_name(log_get_level()));
    finish(&answer);
}

void api_set_log_level(struct admin_call *call)
{
    enum log_level level;
    if (!log_level_read(buffer_bytes(&call->body), &level)) {
        admin_say(call, PROBLEM_BAD_REQUEST,
                  SPAN("The body must be {\"level\": \"debug\"}, or info, warn, error."));
        return;
    }
    log_set_level(level);
    log_event(LOG_INFO, "log_level_set", FIELDS(field_text("level", log_level_name(level))));
    api_log_level(call);
}
