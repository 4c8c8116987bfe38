#include "cache/cache_entry.h"

#include <stdlib.h>

#include "base/text.h"
#include "cache/entry_heap.h"
#include "http/cache_control.h"

static size_t field_len(struct span name, struct span value)
{
    return name.len + 2 + value.len + 2;
}

static char *put(char *at, struct span bytes)
{
    if (bytes.len > 0)
        memcpy(at, bytes.at, bytes.len);
    return at + bytes.len;
}

static size_t aligned(size_t len)
{
    size_t unit = _Alignof(struct header);
    return (len + unit - 1) / unit * unit;
}

/* A part of the entry's own block, to be written. */
static char *writable(struct cache_entry *entry, struct span part)
{
    return (char *)entry + (part.at - (const char *)entry);
}

/* The block: the entry, its key (next to it, as both are read for a look-up), headers, head, body. */
static struct cache_entry *allocate(const struct cache_facts *facts, struct span key,
                                    size_t header_count, size_t head_len, size_t body_len)
{
    size_t headers_at = aligned(sizeof(struct cache_entry) + key.len);
    size_t head_at = headers_at + header_count * sizeof(struct header);
    size_t taken;
    struct cache_entry *entry = entry_heap_alloc(head_at + head_len + body_len, &taken);
    char *block = (char *)entry;
    *entry = (struct cache_entry){
        .facts = *facts,
        .key = {block + sizeof(*entry), key.len},
        .head = {block + head_at, head_len},
        .body = {block + head_at + head_len, body_len},
        .headers = (struct header *)(void *)(block + headers_at),
        .header_count = header_count,
        .size = taken,
    };
    atomic_init(&entry->references, 1);
    atomic_init(&entry->hits, 0);
    (void)put(block + sizeof(*entry), key);
    return entry;
}

/* Writes a field as a line, and the header that points into it. */
static char *put_field(char *at, struct header *header, const struct header *field)
{
    char *value = put(put(at, field->name), SPAN(": "));
    *header = (struct header){{at, field->name.len}, {value, field->value.len}, field->id};
    return put(put(value, field->value), SPAN("\r\n"));
}

struct cache_entry *cache_entry_create(const struct cache_facts *facts, struct span key,
                                       const struct header_list *headers, struct span own_etag,
                                       size_t body_len)
{
    const struct header own = {header_name(HEADER_ETAG), own_etag, HEADER_ETAG};
    bool has_own = own_etag.len > 0;
    size_t count = has_own, len = has_own ? field_len(own.name, own.value) : 0;
    for (size_t i = 0; i < headers->count; i++) {
        const struct header *field = &headers->at[i];
        if (has_own && field->id == HEADER_ETAG)
            continue;
        count++;
        len += field_len(field->name, field->value);
    }

    struct cache_entry *entry = allocate(facts, key, count, len, body_len);
    struct header *header =
        (struct header *)(void *)writable(entry, (struct span){(const char *)entry->headers, 0});
    char *at = writable(entry, entry->head);
    for (size_t i = 0; i < headers->count; i++) {
        if (!has_own || headers->at[i].id != HEADER_ETAG)
            at = put_field(at, header++, &headers->at[i]);
    }
    if (has_own) {
        (void)put_field(at, header, &own);
        entry->facts.flags |= CACHE_OWN_ETAG;
    }
    for (size_t i = 0; i < count && entry->etag.len == 0; i++) {
        if (entry->headers[i].id == HEADER_ETAG)
            entry->etag = entry->headers[i].value;
    }
    return entry;
}

char *cache_entry_body(struct cache_entry *entry)
{
    return writable(entry, entry->body);
}

void cache_entry_set_etag(struct cache_entry *entry, struct span etag)
{
    ASSERT(etag.len == entry->etag.len);
    (void)put(writable(entry, entry->etag), etag);
}

struct cache_entry *cache_entry_count(struct cache_entry *entry)
{
    (void)atomic_fetch_add_explicit(&entry->references, 1, memory_order_relaxed);
    return entry;
}

void cache_entry_release(struct cache_entry *entry)
{
    if (entry && atomic_fetch_sub_explicit(&entry->references, 1, memory_order_acq_rel) == 1)
        entry_heap_free(entry, entry->size);
}

static bool has_name(struct span list, struct span name)
{
    struct span element;
    while (span_next_element(&list, &element)) {
        if (span_equal_nocase(element, name))
            return true;
    }
    return false;
}

static bool has_prefix(struct span name, struct span prefix)
{
    return name.len >= prefix.len && span_equal_nocase((struct span){name.at, prefix.len}, prefix);
}

/* What belongs to one answer or one hop and has no row of its own. Proxy-Authentication-Info:
 * RFC 9111 §3.1. */
static bool is_of_one_answer(struct span name)
{
    return has_prefix(name, SPAN("ratelimit-")) || has_prefix(name, SPAN("x-ratelimit-")) ||
           span_equal_nocase(name, SPAN("ratelimit")) ||
           span_equal_nocase(name, SPAN("proxy-authentication-info"));
}

bool cache_entry_keeps(const struct header *header, struct span no_cache_fields,
                       struct span private_fields)
{
    if (header_flags_of(header->id, header->name) & (HEADER_HOP | HEADER_FRAMING))
        return false;
    switch (header->id) {
    case HEADER_AGE:
    case HEADER_X_REQUEST_ID:
        return false;
    default:
        return !is_of_one_answer(header->name) && !has_name(no_cache_fields, header->name) &&
               !has_name(private_fields, header->name);
    }
}

/* RFC 9111 §3.2: these describe the bytes of the stored body, which stay; we act on the first. */
static bool describes_body(const struct header *field)
{
    return field->id == HEADER_CONTENT_ENCODING || field->id == HEADER_CONTENT_RANGE;
}

/* The fields of the entry that the new ones do not replace, then those. */
static void merge(const struct cache_entry *entry, const struct header_list *fields,
                  struct header_list *merged)
{
    struct cache_control control;
    cache_control_parse(fields, HEADER_CACHE_CONTROL, &control);
    struct span no_cache = control.no_cache_fields, private = control.private_fields;
    for (size_t i = 0; i < entry->header_count; i++) {
        const struct header *old = &entry->headers[i];
        bool stays = describes_body(old) || !header_list_find_name(fields, old->name);
        if (stays && cache_entry_keeps(old, no_cache, private))
            header_list_push(merged, *old);
    }
    for (size_t i = 0; i < fields->count; i++) {
        const struct header *new = &fields->at[i];
        if (!describes_body(new) && cache_entry_keeps(new, no_cache, private))
            header_list_push(merged, *new);
    }
}

struct cache_entry *cache_entry_freshen(const struct cache_entry *entry,
                                        const struct cache_facts *facts,
                                        const struct header_list *fields)
{
    size_t cap = entry->header_count + fields->count;
    struct header_list merged = {.at = xcalloc(cap, sizeof(*merged.at)), .cap = cap};
    merge(entry, fields, &merged);

    struct cache_facts renewed = *facts;
    unsigned of_body = header_list_find(fields, HEADER_ETAG) ? 0 : CACHE_OWN_ETAG;
    renewed.flags = (uint16_t)((facts->flags & ~CACHE_OWN_ETAG) | (entry->facts.flags & of_body));
    renewed.status = entry->facts.status;
    renewed.coding = entry->facts.coding;
    struct cache_entry *fresh =
        cache_entry_create(&renewed, entry->key, &merged, SPAN(""), entry->body.len);
    (void)put(cache_entry_body(fresh), entry->body);
    free(merged.at);
    return fresh;
}

bool cache_entry_is_hot(const struct cache_entry *entry)
{
    return atomic_load_explicit(&entry->hits, memory_order_relaxed) >= 2;
}
