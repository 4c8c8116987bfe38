#include "gateway/access_line.h"

#include <stdio.h>

#include "base/calendar.h"
#include "base/text.h"
#include "gateway/forward.h"
#include "gateway/limits.h"
#include "gateway/lookup.h"
#include "gateway/tally.h"

enum { CLIENT_LEFT = 499, PATH_SHOWN = 512, CLOCK_AT = 11, CLOCK_LEN = 12 };

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

struct span shown_path(struct span path)
{
    if (span_matches(path, SPAN("*bpg_*")) || span_matches(path, SPAN("*bp_pat_*")) ||
        span_matches(path, SPAN("*bp_bak_*")))
        return SPAN("***");
    return (struct span){path.at, path.len < PATH_SHOWN ? path.len : PATH_SHOWN};
}

/* One that nobody knows may be anything. */
static struct span shown_method(const struct request *request)
{
    return request->method == METHOD_OTHER ? shown_path(request->method_name)
                                           : request->method_name;
}

static void write_address(struct json_writer *json, const struct address *address)
{
    char text[ADDRESS_TEXT_SIZE];
    JSON_WORD(json, "client", address_write(address, text));
}

/* Who asked for what. No query, no field values but the two that correlate. */
static void write_request(struct json_writer *json, const struct exchange *ex)
{
    JSON_TEXT(json, "request_id", ex->request_id);
    JSON_WORD(json, "traceparent", ex->traceparent);
    write_address(json, &ex->address);
    if (ex->key)
        JSON_TEXT(json, "key", ex->key->name);
    if (ex->profile)
        JSON_TEXT(json, "profile", ex->profile->name);
    JSON_TEXT(json, "method", shown_method(ex->request));
    if (ex->route.operation) {
        JSON_WORD(json, "op", ex->route.operation->name);
        JSON_WORD(json, "route", ex->route.operation->pattern);
    } else if (ex->request->path.len > 0) {
        JSON_WORD(json, "op", SPAN("unknown"));
        JSON_TEXT(json, "path", shown_path(ex->request->path));
    } else {
        JSON_TEXT(json, "refused", shown_path(ex->refused_line));
    }
}

static bool client_has_left(const struct exchange *ex)
{
    return ex->has_left || (ex->now == WHEN_ABORTED && !ex->is_cut);
}

static unsigned logged_status(const struct exchange *ex)
{
    unsigned status = exchange_status(ex);
    return status == 0 && client_has_left(ex) ? CLIENT_LEFT : status;
}

static void write_answer(struct json_writer *json, const struct exchange *ex)
{
    bool has_left = client_has_left(ex);
    JSON_NUMBER(json, "status", logged_status(ex));
    JSON_WORD(json, "source", source_name(ex->source));
    if (ex->reason.len > 0)
        JSON_TEXT(json, "reason", ex->reason);
    if (ex->limits && ex->limits->refused)
        JSON_TEXT(json, "policy", ex->limits->refused->name);
    if (has_left)
        JSON_TEXT(json, "ended",
                  client_was_too_slow(ex->client) ? SPAN("client_too_slow") : SPAN("client_left"));
    else if (ex->is_cut)
        JSON_TEXT(json, "ended", SPAN("cut"));
}

static void write_upstream(struct json_writer *json, const struct forward *f, uint64_t now_ms)
{
    const struct upstream_call *call = &f->call;
    if (call->ready_ms) {
        JSON_NUMBER(json, "queue_ms", (int64_t)(call->ready_ms - f->exchange->started_ms));
        JSON_NUMBER(json, "upstream_ms",
                    (int64_t)((call->head_ms ? call->head_ms : now_ms) - call->ready_ms));
    }
    JSON_NUMBER(json, "retries", f->attempts > 0 ? f->attempts - 1 : 0);
}

struct span access_line_json(const struct exchange *ex, char text[ACCESS_LINE_SIZE])
{
    char now[TIME_TEXT_SIZE];
    struct json_writer json;
    json_init(&json, text, ACCESS_LINE_SIZE);
    json_object(&json);
    JSON_WORD(&json, "ts", time_text(ex->started_wall_ms, now));
    write_request(&json, ex);
    write_answer(&json, ex);
    JSON_NUMBER(&json, "duration_us", (int64_t)(ex->ended_us - ex->started_us));
    if (ex->lookup)
        JSON_WORD(&json, "cache", cache_word(ex->lookup));
    if (ex->forward)
        write_upstream(&json, ex->forward, loop_now_ms(ex->services->loop));
    JSON_NUMBER(&json, "bytes_in", (int64_t)client_bytes_in(ex->client));
    JSON_NUMBER(&json, "bytes", (int64_t)client_bytes_out(ex->client));
    return json_finish(&json);
}

/* --- For people --- */

/* Bytes from outside must not steer the terminal. */
static void make_printable(char *at, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (at[i] < ' ' || at[i] > '~')
            at[i] = '?';
    }
}

/* "20:45:12.123 200 upstream 12.3 ms GET /v1/chat/users/{id} key=ci cache=miss" */
struct span access_line_text(const struct exchange *ex, char text[ACCESS_LINE_SIZE])
{
    char now[TIME_TEXT_SIZE];
    struct span clock = {time_text(ex->started_wall_ms, now).at + CLOCK_AT, CLOCK_LEN};
    struct span method = shown_method(ex->request), source = source_name(ex->source);
    struct span path = shown_path(ex->request->path.len > 0 ? ex->request->path : ex->refused_line);
    struct span op = ex->route.operation ? ex->route.operation->name : SPAN("-");
    struct span key = ex->key ? ex->key->name : SPAN("-");
    struct span cache = ex->lookup ? cache_word(ex->lookup) : SPAN("-");
    uint64_t us = ex->ended_us - ex->started_us;
    int len = snprintf(
        text, ACCESS_LINE_SIZE,
        "%.*s %u %-8.*s %6llu.%llu ms  %.*s %.*s  op=%.*s key=%.*s cache=%.*s%s%.*s bytes=%llu",
        (int)clock.len, clock.at, logged_status(ex), (int)source.len, source.at,
        (unsigned long long)(us / 1000), (unsigned long long)(us / 100 % 10), (int)method.len,
        method.at ? method.at : "", (int)path.len, path.at ? path.at : "", (int)op.len, op.at,
        (int)key.len, key.at, (int)cache.len, cache.at, ex->reason.len > 0 ? " reason=" : "",
        (int)ex->reason.len, ex->reason.at ? ex->reason.at : "",
        (unsigned long long)client_bytes_out(ex->client));
    ASSERT(len > 0);
    size_t written = (size_t)len < ACCESS_LINE_SIZE ? (size_t)len : ACCESS_LINE_SIZE - 1;
    make_printable(text, written);
    return (struct span){text, written};
}
