/* growth.c - one look-up in a table of so many: cache, keys, limits or routes.
 *
 *   bench_growth TABLE COUNT OPERATIONS
 *
 * For bench/growth.mjs, which runs it under callgrind: nothing is counted but the look-ups, whose texts are
 * made before.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <valgrind/callgrind.h>

#include "auth/authenticator.h"
#include "base/text.h"
#include "botpress/route_catalogue.h"
#include "cache/cache.h"
#include "limit/limit_table.h"

enum { TEXT_SIZE = 128 };

static size_t count, operations;

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
    CALLGRIND_START_INSTRUMENTATION;
}

static void count_no_more(void)
{
    CALLGRIND_STOP_INSTRUMENTATION;
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

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } tables[] = {
        {"cache", look_up_in_cache},
        {"keys", look_up_keys},
        {"limits", look_up_limits},
        {"routes", look_up_routes},
    };
    for (size_t i = 0; argc == 4 && i < COUNT_OF(tables); i++) {
        if (strcmp(argv[1], tables[i].name) != 0)
            continue;
        count = strtoul(argv[2], NULL, 10);
        operations = strtoul(argv[3], NULL, 10);
        tables[i].run();
        return 0;
    }
    (void)fputs("usage: bench_growth cache|keys|limits|routes COUNT OPERATIONS\n", stderr);
    return 2;
}
