#include "gateway/stored_form.h"

#include "base/buffer.h"
#include "base/text.h"
#include "cache/cache_key.h"
#include "cache/cache_policy.h"

enum { DECODED_MAX = 16 * MIB };

/* The weak form of a tag: the same content, not the same bytes (RFC 9110 §8.8.1). */
static struct span weakened(struct arena *arena, struct span etag)
{
    if (etag.len == 0 || span_starts_with(etag, SPAN("W/")))
        return etag;
    return arena_format(arena, "W/%.*s", (int)etag.len, etag.at);
}

static struct header_list fields_of_decoded(const struct cache_entry *entry, struct arena *arena)
{
    struct header_list list;
    header_list_init(&list, arena, entry->header_count);
    for (size_t i = 0; i < entry->header_count; i++) {
        struct header header = entry->headers[i];
        if (header.id == HEADER_CONTENT_ENCODING)
            continue;
        if (header.id == HEADER_ETAG)
            header.value = weakened(arena, header.value);
        header_list_push(&list, header);
    }
    return list;
}

static struct cache_entry *decode(const struct lookup *l, const struct cache_entry *entry,
                                  struct span key)
{
    struct arena *arena = l->exchange->arena;
    struct buffer body;
    buffer_init(&body, DECODED_MAX);
    struct cache_entry *decoded = NULL;
    if (gzip_decode(entry->body, &body) == OK) {
        struct header_list fields = fields_of_decoded(entry, arena);
        struct cache_facts facts = entry->facts;
        facts.coding = CODING_IDENTITY;
        decoded = cache_entry_create(&facts, key, &fields, SPAN(""), body.len);
        if (body.len > 0)
            memcpy(cache_entry_body(decoded), body.at, body.len);
        if (!cache_policy_is_failure(facts.status)) /* those are for who waits, and not kept */
            cache_put(l->exchange->services->cache.cache, decoded);
    }
    buffer_clear(&body);
    return decoded;
}

/* As it came. */
static bool is_taken(const struct lookup *l, const struct cache_entry *entry)
{
    for (size_t i = 0; i < entry->header_count; i++) {
        if (entry->headers[i].id == HEADER_CONTENT_ENCODING &&
            !coding_accepts_all(&l->asked, entry->headers[i].value))
            return false;
    }
    return true;
}

struct cache_entry *stored_form(const struct lookup *l, struct cache_entry *entry)
{
    const struct exchange *ex = l->exchange;
    enum coding coding = entry->facts.coding;
    if (ex->services->options->is_generic || coding == CODING_IDENTITY || is_taken(l, entry))
        return cache_entry_count(entry);
    if (coding != CODING_GZIP)
        return NULL;
    struct span key = cache_key_of_form(entry->key, entry->facts.began_us, ex->arena);
    struct cache_entry *decoded = cache_find(ex->services->cache.cache, key);
    return decoded ? decoded : decode(l, entry, key);
}
