#include "cache/cache_fill.h"

#include <string.h>

#include <openssl/evp.h>

enum { FIRST_STEP = 4 * KIB, ETAG_LEN = 24 };

/* The quotes, and 22 characters for 132 bits of the digest. */
#define ETAG_TO_COME SPAN("\"0000000000000000000000\"")

static bool takes_length(const struct cache *cache, const struct framing *framing)
{
    size_t most = cache_object_bytes(cache);
    return most > 0 && (framing->kind != BODY_LENGTH || framing->length <= most);
}

static struct evp_md_ctx_st *digest_begin(void)
{
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    ASSERT(digest && EVP_DigestInit_ex(digest, EVP_sha256(), NULL) == 1);
    return digest;
}

static struct cache_entry *make_entry(const struct cache_fill *fill, size_t body_len)
{
    const struct cache_fill_options *options = &fill->options;
    return cache_entry_create(&options->facts, options->key, options->headers,
                              fill->digest ? ETAG_TO_COME : SPAN(""), body_len);
}

bool cache_fill_begin(struct cache_fill *fill, struct cache *cache,
                      const struct cache_fill_options *options, const struct framing *framing)
{
    bool is_known = framing->kind == BODY_LENGTH || framing->kind == BODY_NONE;
    size_t expected = framing->kind == BODY_LENGTH ? (size_t)framing->length : 0;
    *fill = (struct cache_fill){.cache = NULL};
    if (!takes_length(cache, framing) || !cache_reserve(cache, expected))
        return false;
    *fill = (struct cache_fill){
        .cache = cache, .options = *options, .expected = expected, .reserved = expected};
    buffer_init(&fill->collected, cache_object_bytes(cache));
    if (options->makes_etag && header_list_value(options->headers, HEADER_ETAG).len == 0)
        fill->digest = digest_begin();
    if (is_known)
        fill->entry = make_entry(fill, expected);
    return true;
}

/* In steps as the buffer grows, which doubles. */
static bool reserve_for(struct cache_fill *fill, size_t len)
{
    while (fill->reserved < len) {
        size_t step = fill->reserved > 0 ? fill->reserved : FIRST_STEP;
        if (!cache_reserve(fill->cache, step))
            return false;
        fill->reserved += step;
    }
    return true;
}

static bool add(struct cache_fill *fill, struct span piece)
{
    if (fill->entry) {
        if (piece.len > fill->expected - fill->len)
            return false;
        memcpy(cache_entry_body(fill->entry) + fill->len, piece.at, piece.len);
        return true;
    }
    return piece.len <= fill->collected.limit - fill->len &&
           reserve_for(fill, fill->len + piece.len) && buffer_append(&fill->collected, piece) == OK;
}

bool cache_fill_take(struct cache_fill *fill, struct span piece)
{
    if (!fill->cache || fill->is_over)
        return false;
    if (piece.len == 0)
        return true;
    if (!add(fill, piece)) {
        fill->is_over = true;
        return false;
    }
    fill->len += piece.len;
    if (fill->digest)
        ASSERT(EVP_DigestUpdate(fill->digest, piece.at, piece.len) == 1);
    return true;
}

struct span cache_fill_bytes(const struct cache_fill *fill)
{
    if (fill->entry)
        return (struct span){fill->entry->body.at, fill->len};
    return fill->len > 0 ? buffer_bytes(&fill->collected) : SPAN("");
}

/* base64url (RFC 4648 §5) of the digest's beginning: what an entity tag may hold, and short. */
static void set_etag(struct cache_fill *fill)
{
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned char text[2 * EVP_MAX_MD_SIZE];
    unsigned len = 0;
    ASSERT(EVP_DigestFinal_ex(fill->digest, sum, &len) == 1);
    EVP_EncodeBlock(text, sum, (int)len);
    char etag[ETAG_LEN];
    for (size_t i = 1; i < ETAG_LEN - 1; i++) {
        char c = (char)text[i - 1];
        etag[i] = (char)(c == '+' ? '-' : c == '/' ? '_' : c);
    }
    etag[0] = etag[ETAG_LEN - 1] = '"';
    cache_entry_set_etag(fill->entry, (struct span){etag, ETAG_LEN});
}

/* All bytes are there: the entry, which the fill gives up. */
static struct cache_entry *complete(struct cache_fill *fill)
{
    if (!fill->entry) {
        fill->entry = make_entry(fill, fill->len);
        if (fill->len > 0)
            memcpy(cache_entry_body(fill->entry), fill->collected.at, fill->len);
    }
    if (fill->digest)
        set_etag(fill);
    struct cache_entry *entry = fill->entry;
    fill->entry = NULL;
    return entry;
}

struct cache_entry *cache_fill_finish(struct cache_fill *fill)
{
    if (!fill->cache)
        return NULL;
    bool is_whole = !fill->is_over && (!fill->entry || fill->len == fill->expected);
    struct cache_entry *entry = is_whole ? complete(fill) : NULL;
    cache_fill_clear(fill);
    return entry;
}

void cache_fill_clear(struct cache_fill *fill)
{
    if (!fill->cache)
        return;
    cache_entry_release(fill->entry);
    buffer_clear(&fill->collected);
    EVP_MD_CTX_free(fill->digest);
    cache_unreserve(fill->cache, fill->reserved);
    *fill = (struct cache_fill){.cache = NULL};
}
