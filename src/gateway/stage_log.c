#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "base/json_writer.h"
#include "base/text.h"
#include "gateway/forward.h"
#include "gateway/limits.h"
#include "gateway/lookup.h"
#include "gateway/stages.h"
#include "gateway/tally.h"

enum { LINE_SIZE = 2048, CLIENT_LEFT = 499 };

static struct span source_name(enum source source)
{
    switch (source) {
    case SOURCE_GATEWAY:
        return SPAN("gateway");
    case SOURCE_UPSTREAM:
        return SPAN("upstream");
    case SOURCE_CACHE:
        return SPAN("cache");
    case SOURCE_NONE:
        break;
    }
    return SPAN("none");
}

/* What the cache did, in a word: those of RFC 9211. */
static struct span cache_word(const struct lookup *l)
{
    static const struct span words[CACHE_OUTCOME_COUNT] = {
        [CACHE_STATUS_NONE] = SPAN_INIT("none"),     [CACHE_STATUS_HIT] = SPAN_INIT("hit"),
        [CACHE_STATUS_BYPASS] = SPAN_INIT("bypass"), [CACHE_STATUS_METHOD] = SPAN_INIT("method"),
        [CACHE_STATUS_URI_MISS] = SPAN_INIT("miss"), [CACHE_STATUS_VARY_MISS] = SPAN_INIT("miss"),
        [CACHE_STATUS_MISS] = SPAN_INIT("miss"),     [CACHE_STATUS_REQUEST] = SPAN_INIT("request"),
        [CACHE_STATUS_STALE] = SPAN_INIT("stale"),   [CACHE_STATUS_PARTIAL] = SPAN_INIT("partial"),
    };
    return l->status.collapsed ? SPAN("collapsed") : words[l->status.outcome];
}

static void write_time(struct json_writer *json, uint64_t wall_ms)
{
    char text[40];
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm utc;
    ASSERT(gmtime_r(&seconds, &utc));
    size_t len = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &utc);
    len += (size_t)snprintf(text + len, sizeof(text) - len, ".%03uZ", (unsigned)(wall_ms % 1000));
    json_text(json, SPAN("ts"), (struct span){text, len});
}

static void write_address(struct json_writer *json, const struct address *address)
{
    char text[ADDRESS_TEXT_SIZE];
    json_text(json, SPAN("client"), address_write(address, text));
}

/* Who asked for what. No query, no field values but the two that correlate. */
static void write_request(struct json_writer *json, const struct exchange *ex)
{
    const struct header *trace = header_list_find(&ex->request->headers, HEADER_TRACEPARENT);
    json_text(json, SPAN("request_id"), ex->request_id);
    if (trace)
        json_text(json, SPAN("traceparent"), trace->value);
    write_address(json, &ex->address);
    if (ex->key)
        json_text(json, SPAN("key"), ex->key->name);
    if (ex->profile)
        json_text(json, SPAN("profile"), ex->profile->name);
    json_text(json, SPAN("method"), ex->request->method_name);
    if (ex->route.operation) {
        json_text(json, SPAN("op"), ex->route.operation->name);
        json_text(json, SPAN("route"), ex->route.operation->pattern);
    } else if (ex->request->path.len > 0) {
        json_text(json, SPAN("op"), SPAN("unknown"));
        json_text(json, SPAN("path"), ex->request->path);
    } else {
        json_text(json, SPAN("refused"), ex->refused_line);
    }
}

static void write_answer(struct json_writer *json, const struct exchange *ex)
{
    bool has_left = ex->has_left || (ex->now == WHEN_ABORTED && !ex->is_cut);
    unsigned status = exchange_status(ex);
    if (status == 0 && has_left)
        status = CLIENT_LEFT;
    json_number(json, SPAN("status"), status);
    json_text(json, SPAN("source"), source_name(ex->source));
    if (ex->reason.len > 0)
        json_text(json, SPAN("reason"), ex->reason);
    if (ex->limits && ex->limits->refused)
        json_text(json, SPAN("policy"), ex->limits->refused->name);
    if (has_left)
        json_text(json, SPAN("ended"),
                  client_was_too_slow(ex->client) ? SPAN("client_too_slow") : SPAN("client_left"));
    else if (ex->is_cut)
        json_text(json, SPAN("ended"), SPAN("cut"));
}

static void write_upstream(struct json_writer *json, const struct forward *f, uint64_t now_ms)
{
    const struct upstream_call *call = &f->call;
    if (call->ready_ms) {
        json_number(json, SPAN("queue_ms"), (int64_t)(call->ready_ms - f->exchange->started_ms));
        json_number(json, SPAN("upstream_ms"),
                    (int64_t)((call->head_ms ? call->head_ms : now_ms) - call->ready_ms));
    }
    json_number(json, SPAN("retries"), f->attempts > 0 ? f->attempts - 1 : 0);
}

enum verdict log_begin(struct exchange *ex)
{
    struct log_ring *ring = ex->services->access_log;
    tally_exchange(ex);
    if (!ring)
        return STAGE_NEXT;
    char text[LINE_SIZE];
    struct json_writer json;
    json_init(&json, text, sizeof(text));
    json_object(&json);
    write_time(&json, ex->started_wall_ms);
    write_request(&json, ex);
    write_answer(&json, ex);
    json_number(&json, SPAN("duration_us"), (int64_t)(clock_us() - ex->started_us));
    if (ex->lookup)
        json_text(&json, SPAN("cache"), cache_word(ex->lookup));
    if (ex->forward)
        write_upstream(&json, ex->forward, loop_now_ms(ex->services->loop));
    json_number(&json, SPAN("bytes_in"), (int64_t)client_bytes_in(ex->client));
    json_number(&json, SPAN("bytes"), (int64_t)client_bytes_out(ex->client));
    (void)log_ring_write(ring, json_finish(&json));
    return STAGE_NEXT;
}
