/* cache_fill.h - collects a passing body into an entry.
 *
 * With a known length the entry's block is made at once and written in place; without, the body is
 * collected first. Bounded by the cache's object size and by its budget for bodies under way: beyond
 * them the fill is given up, and the response just passes. Owned by the exchange that fetches; one loop.
 */
#ifndef CACHE_CACHE_FILL_H
#define CACHE_CACHE_FILL_H

#include "base/buffer.h"
#include "cache/cache.h"
#include "http/message.h"

struct evp_md_ctx_st;

/* What is to become an entry, but for its body. */
struct cache_fill_options {
    struct cache_facts facts;
    struct span key;                   /* borrowed until the end */
    const struct header_list *headers; /* borrowed until the end: as they shall be kept */
    bool
        makes_etag; /* the entry gets a strong tag of its own, of its bytes, if it has none: the same
                        for the same bytes, in every instance */
};

struct cache_fill {
    struct cache *cache; /* borrowed; NULL: nothing is being filled */
    struct cache_fill_options options;
    struct cache_entry *entry; /* with a known length */
    struct buffer collected;   /* without */
    size_t len, expected;      /* so far; as announced */
    size_t reserved;
    bool is_over;                 /* a piece was too much */
    struct evp_md_ctx_st *digest; /* of the body; NULL unless it makes a tag */
};

/* False, and nothing to clear, if the announced length is too much, the budget is spent or nothing is
 * kept at all. */
bool cache_fill_begin(struct cache_fill *fill, struct cache *cache,
                      const struct cache_fill_options *options, const struct framing *framing);

/* A piece of the body; false when it is too much: what came before stays until the fill is cleared, but
 * no entry comes of it. */
bool cache_fill_take(struct cache_fill *fill, struct span piece);

/* What has come so far, valid until the next call; at is never NULL. */
struct span cache_fill_bytes(const struct cache_fill *fill);

/* The body is complete: the entry, with one reference for the caller, not yet put; NULL when the
 * length is not what was announced or a piece was too much. Clears the fill. */
struct cache_entry *cache_fill_finish(struct cache_fill *fill);

/* Gives up; legal at any time, also when nothing is filled. */
void cache_fill_clear(struct cache_fill *fill);

#endif
