/* steps.c - one step of a hit, many times: what it costs, and whether that grows with what there is.
 *
 *   bench_steps STEP COUNT OPERATIONS
 *
 * COUNT: of what is looked at in a table. Prints nanoseconds for one; under callgrind nothing is counted but
 * the step, whose texts are made before.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <valgrind/callgrind.h>

#include "auth/authenticator.h"
#include "base/clock.h"
#include "base/text.h"
#include "botpress/route_catalogue.h"
#include "cache/cache.h"
#include "client/turn.h"
#include "gateway/access_line.h"
#include "gateway/lookup.h"
#include "http/head_check.h"
#include "http/parser.h"
#include "limit/limit_table.h"

enum { TEXT_SIZE = 128 };

static size_t count, operations;
static uint64_t began_us, ended_us;

/* Texts of operations many, spread over all of the table. */
static char (*make_texts(void))[TEXT_SIZE]
{
    return xcalloc(operations, TEXT_SIZE);
}

static size_t pick(size_t turn)
{
    return turn * 2654435761u % count;
}

static void count_from_here(void)
{
    began_us = clock_us();
    CALLGRIND_START_INSTRUMENTATION;
}

static void count_no_more(void)
{
    CALLGRIND_STOP_INSTRUMENTATION;
    ended_us = clock_us();
}

/* --- Cache --- */

static struct span cache_key(size_t number, char text[TEXT_SIZE])
{
    int len = snprintf(text, TEXT_SIZE, "/v1/admin/hub/integrations/intver_%020zu:public", number);
    return (struct span){text, (size_t)len};
}

static void put(struct cache *cache, size_t number)
{
    static const struct cache_facts facts = {.status = 200};
    struct header field = {SPAN("content-type"), SPAN("application/json"), HEADER_CONTENT_TYPE};
    struct header_list headers = {.at = &field, .count = 1, .cap = 1};
    char text[TEXT_SIZE];
    struct cache_entry *entry =
        cache_entry_create(&facts, cache_key(number, text), &headers, SPAN(""), 100);
    memset(cache_entry_body(entry), 'x', 100);
    cache_put(cache, entry);
    cache_entry_release(entry);
}

static void look_up_in_cache(void)
{
    const struct cache_options options = {.memory_bytes = (size_t)2048 * MIB, .object_bytes = MIB};
    struct cache *cache = cache_create(&options);
    char(*texts)[TEXT_SIZE] = make_texts();
    size_t len = 0, found = 0;
    for (size_t i = 0; i < count; i++)
        put(cache, i);
    for (size_t i = 0; i < operations; i++)
        len = cache_key(pick(i), texts[i]).len;
    count_from_here();
    for (size_t i = 0; i < operations; i++) {
        struct cache_entry *entry = cache_find(cache, (struct span){texts[i], len});
        found += entry != NULL;
        cache_entry_release(entry);
    }
    count_no_more();
    ASSERT(found == operations);
    free(texts);
    cache_destroy(cache);
}

/* --- Keys --- */

static void look_up_keys(void)
{
    char(*keys)[KEY_LEN + 1] = xcalloc(count, sizeof(*keys));
    struct key_record *records = xcalloc(count, sizeof(*records));
    size_t good = 0, hash_index;
    for (size_t i = 0; i < count; i++) {
        struct gateway_key parts;
        gateway_key_make(keys[i]);
        ASSERT(gateway_key_parse(span_of(keys[i]), &parts) == KEY_FORM_GOOD);
        records[i] = (struct key_record){.id = parts.id, .name = parts.id, .hash_count = 1};
        gateway_key_hash(parts.secret, records[i].hashes[0].sha256);
    }
    struct key_ring *ring = key_ring_create(records, count);
    struct known_keys *known = known_keys_create(count);
    const struct key_record *record;
    /* Each of them was shown before. */
    for (size_t i = 0; i < count; i++) {
        struct presented presented = {.key_header = span_of(keys[i])};
        (void)key_ring_authenticate(ring, known, &presented, 1, &record, &hash_index);
    }
    count_from_here();
    for (size_t i = 0; i < operations; i++) {
        struct presented presented = {.key_header = {keys[pick(i)], KEY_LEN}};
        good += key_ring_authenticate(ring, known, &presented, 1, &record, &hash_index) == AUTH_OK;
    }
    count_no_more();
    ASSERT(good == operations);
    known_keys_destroy(known);
    key_ring_destroy(ring);
    free(records);
    free(keys);
}

/* --- Limits --- */

static void look_up_limits(void)
{
    static const struct gcra_rate rate = {UINT64_C(3600) * 1000000, 100000};
    struct limit_table *table = limit_table_create(count);
    char(*texts)[TEXT_SIZE] = make_texts();
    struct span *names = xcalloc(operations, sizeof(*names));
    for (size_t i = 0; i < count; i++) {
        char text[TEXT_SIZE];
        int len = snprintf(text, sizeof(text), "per-key:Ab3dE6gH9k:%07zu", i);
        struct limit_claim claim = {.key = limit_table_key(table, (struct span){text, (size_t)len}),
                                    .rate = &rate,
                                    .cost = 1};
        (void)limit_table_take(table, &claim, 1, 1);
    }
    for (size_t i = 0; i < operations; i++) {
        int len = snprintf(texts[i], TEXT_SIZE, "per-key:Ab3dE6gH9k:%07zu", pick(i));
        names[i] = (struct span){texts[i], (size_t)len};
    }
    count_from_here();
    for (size_t i = 0; i < operations; i++) {
        struct limit_claim claim = {
            .key = limit_table_key(table, names[i]), .rate = &rate, .cost = 1};
        (void)limit_table_take(table, &claim, 1, 1000 + i);
    }
    count_no_more();
    free(names);
    free(texts);
    limit_table_destroy(table);
}

/* --- Routes --- */

/* Always the same ten requests, in a catalogue of the first count rows, or of all there are. */
static void look_up_routes(void)
{
    size_t most = operation_count();
    struct route_catalogue *catalogue = route_catalogue_create_of(count < most ? count : most);
    const struct operation *rows[10];
    char texts[COUNT_OF(rows)][TEXT_SIZE];
    size_t found = 0;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        size_t len = 0;
        bool is_name = false; /* of a parameter: an x stands for it */
        rows[i] = operation_at(i);
        for (size_t j = 0; j < rows[i]->pattern.len; j++) {
            char c = rows[i]->pattern.at[j];
            is_name = c == '{' || (is_name && c != '}');
            if (!is_name)
                texts[i][len++] = c == '}' ? 'x' : c;
        }
        texts[i][len] = '\0';
    }
    count_from_here();
    for (size_t i = 0; i < operations; i++) {
        struct route_match match;
        size_t row = i % COUNT_OF(rows);
        found +=
            route_match(catalogue, rows[row]->method, span_of(texts[row]), &match) == ROUTE_FOUND;
    }
    count_no_more();
    ASSERT(found == operations);
    route_catalogue_destroy(catalogue);
}

/* --- Heads --- */

static void parse_heads(void)
{
    static const struct span head = SPAN_INIT(
        "GET /v1/admin/hub/integrations/slack/1.0.0 HTTP/1.1\r\nHost: gateway.example\r\n"
        "Authorization: Bearer bpg_Ab3dE6gH9k_0123456789abcdef0123456789abcdef0123456789a\r\n"
        "Accept: application/json\r\nUser-Agent: bench/1\r\n\r\n");
    static const struct head_limits limits = {16 * KIB, 8 * KIB, 100};
    struct arena_pool pool = {0};
    struct arena arena;
    size_t good = 0;
    count_from_here();
    for (size_t i = 0; i < operations; i++) {
        struct head_check check = {0};
        struct request request;
        arena_init_pooled(&arena, MIB, &pool);
        ASSERT(head_check(&check, HEAD_REQUEST, head, &limits) == HEAD_COMPLETE);
        const struct parser_limits parser = {
            .header_count = 100, .spare = 16, .lines = check.lines};
        good += parse_request(arena_copy(&arena, head), &parser, &arena, &request) == FAULT_NONE;
        arena_clear(&arena);
    }
    count_no_more();
    ASSERT(good == operations);
    arena_pool_clear(&pool);
}

/* --- Lines of the access log --- */

static void write_lines(void)
{
    static const struct profile profile = {.name = SPAN_INIT("support")};
    static const struct key_record key = {.name = SPAN_INIT("key-0")};
    const struct operation *operation = operation_at(0);
    struct turn turn = {.bytes_in = 300, .bytes_out = 1600};
    struct client_connection client = {.turn = &turn};
    struct request request = {.method_name = SPAN("GET"), .path = operation->pattern};
    struct response response = {.status = 200};
    struct exchange exchange = {
        .client = &client,
        .request = &request,
        .response = &response,
        .is_delivering = true,
        .source = SOURCE_CACHE,
        .started_wall_ms = UINT64_C(1700000000000),
        .request_id = SPAN("0b6b4c0e-5f0b-4c55-9d0c-3f7d6c1a2b90"),
        .traceparent = SPAN("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
        .address = {.bytes = {127, 0, 0, 1}, .len = 4},
        .key = &key,
        .profile = &profile,
        .route = {.operation = operation},
    };
    struct lookup lookup = {.exchange = &exchange, .status = {.outcome = CACHE_STATUS_HIT}};
    exchange.lookup = &lookup;
    char text[ACCESS_LINE_SIZE];
    size_t len = 0;
    count_from_here();
    for (size_t i = 0; i < operations; i++) {
        exchange.started_wall_ms = UINT64_C(1700000000000) + i / 16;
        exchange.ended_us = i % 1000;
        len += access_line_json(&exchange, text).len;
    }
    count_no_more();
    ASSERT(len > 200 * operations);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } steps[] = {
        {"parse", parse_heads},    {"match", look_up_routes},  {"key", look_up_keys},
        {"limit", look_up_limits}, {"find", look_up_in_cache}, {"line", write_lines},
    };
    for (size_t i = 0; argc == 4 && i < COUNT_OF(steps); i++) {
        if (strcmp(argv[1], steps[i].name) != 0)
            continue;
        count = strtoul(argv[2], NULL, 10);
        operations = strtoul(argv[3], NULL, 10);
        steps[i].run();
        printf("%.1f\n", (double)(ended_us - began_us) * 1000 / (double)operations);
        return 0;
    }
    (void)fputs("usage: bench_steps parse|match|key|limit|find|line COUNT OPERATIONS\n", stderr);
    return 2;
}
