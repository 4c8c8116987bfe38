#include "cache/entry_codec.h"

#include <stdlib.h>
#include <zlib.h>

#include "base/text.h"
#include "cache/cache_key.h"
#include "http/byte_class.h"
#include "http/cache_control.h"

/* The mark's last byte is the version: it changes with anything below. */
static const char mark[] = {'b', 'p', 'g', 1};

enum { MARK_AT = 0, SUM_AT = sizeof(mark), FACTS_AT = SUM_AT + 4 };

enum { HEAD_MAX = 256 * KIB, FIELDS_MAX = 1024, DEFLATE_MIN = KIB + 1, DEFLATE_MAX = 256 * KIB };

static const uint64_t ahead_max_ms = UINT64_C(3600) * 1000;
static const int64_t date_max_s = INT64_C(1) << 40;
static const unsigned known_flags = CACHE_MUST_REVALIDATE | CACHE_NO_CACHE | CACHE_SHARED |
                                    CACHE_OWN_ETAG | CACHE_VARY_MARKER | CACHE_IMMUTABLE |
                                    CACHE_STALE_OFFLINE;

/* How long the parts are that follow the numbers. */
struct parts {
    uint32_t key, head, body;
    uint32_t packed; /* the body, as it travels */
    uint8_t is_deflated;
};

/* One pass for both directions, so that they cannot differ. */
struct wire {
    char *write;      /* NULL while reading */
    const char *read; /* NULL while writing; or both, to measure */
    size_t len;
};

static void pass(struct wire *wire, void *number, size_t size)
{
    char *bytes = number;
    for (size_t i = 0; i < size; i++) {
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
        char *byte = &bytes[size - 1 - i];
#else
        char *byte = &bytes[i];
#endif
        if (wire->write)
            wire->write[wire->len + i] = *byte;
        else if (wire->read)
            *byte = wire->read[wire->len + i];
    }
    wire->len += size;
}

#define PASS(wire, field) pass(wire, &(field), sizeof(field))

static size_t pass_numbers(struct wire *wire, struct cache_facts *facts, struct parts *parts)
{
    PASS(wire, facts->began_us);
    PASS(wire, facts->response_wall_ms);
    PASS(wire, facts->last_modified_s);
    PASS(wire, facts->date_s);
    PASS(wire, facts->initial_age_s);
    PASS(wire, facts->lifetime_s);
    PASS(wire, facts->stale_while_s);
    PASS(wire, facts->stale_if_error_s);
    PASS(wire, facts->status);
    PASS(wire, facts->flags);
    PASS(wire, facts->coding);
    PASS(wire, facts->lifetime_source);
    PASS(wire, facts->has_last_modified);
    PASS(wire, facts->tag_count);
    for (size_t i = 0; i < CACHE_TAGS_MAX; i++)
        PASS(wire, facts->tags[i]);
    PASS(wire, parts->key);
    PASS(wire, parts->head);
    PASS(wire, parts->body);
    PASS(wire, parts->packed);
    PASS(wire, parts->is_deflated);
    return wire->len;
}

static size_t numbers_len(void)
{
    struct cache_facts facts = {0};
    struct parts parts = {0};
    return pass_numbers(&(struct wire){0}, &facts, &parts);
}

static uint32_t sum_of(struct span block)
{
    return (uint32_t)crc32_z(0, (const unsigned char *)block.at + FACTS_AT, block.len - FACTS_AT);
}

static char *put(char *at, struct span bytes)
{
    if (bytes.len > 0)
        memcpy(at, bytes.at, bytes.len);
    return at + bytes.len;
}

/* Into room for the whole body; false when deflating it saves too little. */
static bool deflate_body(const struct cache_entry *entry, char *at, uint32_t *packed)
{
    uLongf len = entry->body.len - entry->body.len / 8;
    if (entry->facts.coding != CODING_IDENTITY || entry->body.len < DEFLATE_MIN ||
        entry->body.len > DEFLATE_MAX)
        return false;
    if (compress2((unsigned char *)at, &len, (const unsigned char *)entry->body.at, entry->body.len,
                  Z_BEST_SPEED) != Z_OK)
        return false;
    *packed = (uint32_t)len;
    return true;
}

static bool may_travel(const struct cache_entry *entry)
{
    return (entry->facts.flags & CACHE_SECRET) == 0 && entry->key.len <= CACHE_KEY_MAX &&
           entry->head.len <= HEAD_MAX && entry->header_count <= FIELDS_MAX &&
           entry->body.len <= UINT32_MAX;
}

char *entry_encode(const struct cache_entry *entry, size_t *len)
{
    if (!may_travel(entry))
        return NULL;
    struct cache_facts facts = entry->facts;
    struct parts parts = {
        .key = (uint32_t)entry->key.len,
        .head = (uint32_t)entry->head.len,
        .body = (uint32_t)entry->body.len,
    };
    size_t key_at = FACTS_AT + numbers_len();
    char *block = xmalloc(key_at + parts.key + parts.head + parts.body);
    char *body = put(put(block + key_at, entry->key), entry->head);
    parts.is_deflated = deflate_body(entry, body, &parts.packed);
    if (!parts.is_deflated) {
        parts.packed = parts.body;
        (void)put(body, entry->body);
    }
    *len = (size_t)(body - block) + parts.packed;

    (void)pass_numbers(&(struct wire){.write = block + FACTS_AT}, &facts, &parts);
    uint32_t sum = sum_of((struct span){block, *len});
    (void)put(block + MARK_AT, (struct span){mark, sizeof(mark)});
    PASS((&(struct wire){.write = block + SUM_AT}), sum);
    return block;
}

static bool is_whole(struct span block)
{
    uint32_t sum;
    if (block.len < FACTS_AT + numbers_len() || memcmp(block.at, mark, sizeof(mark)) != 0)
        return false;
    PASS((&(struct wire){.read = block.at + SUM_AT}), sum);
    return sum == sum_of(block);
}

static bool is_date(int64_t seconds)
{
    return seconds > -date_max_s && seconds < date_max_s;
}

static bool are_times_sane(const struct cache_facts *facts, uint64_t now_wall_ms)
{
    return facts->began_us / 1000 <= now_wall_ms + ahead_max_ms &&
           facts->response_wall_ms <= now_wall_ms + ahead_max_ms &&
           is_date(facts->last_modified_s) && is_date(facts->date_s) &&
           facts->initial_age_s <= DELTA_SECONDS_MAX && facts->lifetime_s <= DELTA_SECONDS_MAX &&
           facts->stale_while_s <= DELTA_SECONDS_MAX &&
           facts->stale_if_error_s <= DELTA_SECONDS_MAX;
}

static bool is_marker(const struct cache_facts *facts)
{
    return (facts->flags & CACHE_VARY_MARKER) != 0;
}

static bool are_facts_sane(const struct cache_facts *facts)
{
    return (facts->flags & ~known_flags) == 0 && facts->coding <= CODING_OTHER &&
           facts->lifetime_source <= LIFETIME_RULE && facts->has_last_modified <= 1 &&
           facts->tag_count <= CACHE_TAGS_MAX && facts->status <= 599 &&
           (is_marker(facts) || facts->status >= 200);
}

/* left: what the block holds beside the numbers. */
static bool do_parts_fit(const struct parts *parts, const struct cache_facts *facts, size_t left,
                         size_t object_bytes)
{
    bool is_body_sane = parts->is_deflated
                            ? parts->is_deflated == 1 && facts->coding == CODING_IDENTITY &&
                                  parts->packed < parts->body
                            : parts->packed == parts->body;
    return (uint64_t)parts->key + parts->head + parts->packed == left && is_body_sane &&
           parts->key <= CACHE_KEY_MAX && parts->head <= HEAD_MAX && parts->body <= object_bytes &&
           (!is_marker(facts) || parts->body == 0);
}

/* The next line of a head, as cache_entry_create makes them, into a field. */
static bool read_field(struct span *head, struct header *field)
{
    struct span line = span_cut(head, '\n');
    if (line.len == 0 || line.at[line.len - 1] != '\r')
        return false;
    line.len--;
    field->name = (struct span){line.at, bytes_of_class(line, BYTE_TOKEN)};
    if (!span_starts_with(span_skip(line, field->name.len), SPAN(": ")) || field->name.len == 0)
        return false;
    field->value = span_skip(line, field->name.len + 2);
    field->id = header_id_of(field->name);
    return bytes_of_field(field->value) == field->value.len &&
           span_equal(span_trim(field->value), field->value) &&
           cache_entry_keeps(field, SPAN(""), SPAN(""));
}

static size_t count_lines(struct span head)
{
    size_t count = 0;
    for (size_t i = 0; i < head.len; i++)
        count += head.at[i] == '\n';
    return count;
}

static bool read_fields(struct span head, struct header_list *fields)
{
    if (head.len > 0 && head.at[head.len - 1] != '\n')
        return false;
    while (head.len > 0) {
        struct header field;
        if (!read_field(&head, &field))
            return false;
        header_list_push(fields, field);
    }
    return true;
}

/* A marker has one field: Vary, with the names that cache_key_vary_names has collected. */
static bool is_marker_sane(const struct header_list *fields)
{
    if (fields->count != 1 || fields->at[0].id != HEADER_VARY)
        return false;
    struct span names = fields->at[0].value;
    for (size_t i = 0; i < names.len; i++) {
        if (names.at[i] != ',' && !byte_is(names.at[i], BYTE_TOKEN))
            return false;
    }
    return names.len > 0;
}

static bool fill_body(struct cache_entry *entry, const struct parts *parts, struct span packed)
{
    char *body = cache_entry_body(entry);
    uLongf len = entry->body.len, used = packed.len;
    if (!parts->is_deflated) {
        (void)put(body, packed);
        return true;
    }
    return uncompress2((unsigned char *)body, &len, (const unsigned char *)packed.at, &used) ==
               Z_OK &&
           len == entry->body.len && used == packed.len;
}

static struct cache_entry *make_entry(const struct cache_facts *facts, struct span key,
                                      struct span head, const struct parts *parts,
                                      struct span packed)
{
    struct header_list fields = {.cap = count_lines(head)};
    struct cache_entry *entry = NULL;
    if (fields.cap > FIELDS_MAX)
        return NULL;
    fields.at = xcalloc(fields.cap + 1, sizeof(*fields.at));
    if (read_fields(head, &fields) && (!is_marker(facts) || is_marker_sane(&fields)))
        entry = cache_entry_create(facts, key, &fields, SPAN(""), parts->body);
    free(fields.at);
    if (!entry)
        return NULL;
    bool lacks_etag = (facts->flags & CACHE_OWN_ETAG) != 0 && entry->etag.len == 0;
    if (!lacks_etag && fill_body(entry, parts, packed))
        return entry;
    cache_entry_release(entry);
    return NULL;
}

struct cache_entry *entry_decode(struct span block, struct span key, size_t object_bytes,
                                 uint64_t now_wall_ms)
{
    struct cache_facts facts = {0};
    struct parts parts = {0};
    if (!is_whole(block))
        return NULL;
    struct span rest = span_skip(block, FACTS_AT);
    rest = span_skip(rest, pass_numbers(&(struct wire){.read = rest.at}, &facts, &parts));
    if (!are_facts_sane(&facts) || !are_times_sane(&facts, now_wall_ms) ||
        !do_parts_fit(&parts, &facts, rest.len, object_bytes))
        return NULL;
    if (!span_equal((struct span){rest.at, parts.key}, key))
        return NULL;
    struct span head = {rest.at + parts.key, parts.head};
    struct span packed = {head.at + head.len, parts.packed};
    return make_entry(&facts, key, head, &parts, packed);
}
