#include "cache/redis_tier.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "cache/entry_codec.h"

enum { SHA256_SIZE = 32, NAME_SIZE = 9 + 2 * SHA256_SIZE, NUMBER_SIZE = 24, LEAST_MS = 1000 };

/* How far clocks that follow the same server are apart at worst. */
enum { CLOCKS_APART_US = 1000000 };

struct redis_tier {
    struct loop *loop;   /* borrowed */
    struct redis *redis; /* borrowed */
    struct redis_tier_options options;
    EVP_MD *sha256;
    struct redis_tier_counts counts;
};

struct redis_tier *redis_tier_create(struct loop *loop, struct redis *redis,
                                     const struct redis_tier_options *options)
{
    struct redis_tier *tier = xcalloc(1, sizeof(*tier));
    *tier = (struct redis_tier){
        .loop = loop,
        .redis = redis,
        .options = *options,
        .sha256 = EVP_MD_fetch(NULL, "SHA256", NULL), /* EVP_sha256() looks it up at each use */
    };
    ASSERT(tier->sha256);
    return tier;
}

void redis_tier_destroy(struct redis_tier *tier)
{
    if (!tier)
        return;
    EVP_MD_free(tier->sha256);
    free(tier);
}

bool redis_tier_is_up(const struct redis_tier *tier)
{
    return redis_is_up(tier->redis);
}

struct redis_tier_counts redis_tier_counts(const struct redis_tier *tier)
{
    return tier->counts;
}

/* What Redis knows the entry by. Not terminated. */
static struct span name_of(const struct redis_tier *tier, struct span key, char name[NAME_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    static const struct span prefix = SPAN_INIT("bpgate:c:");
    unsigned char sum[SHA256_SIZE];
    ASSERT(EVP_Digest(key.at, key.len, sum, NULL, tier->sha256, NULL) == 1);
    memcpy(name, prefix.at, prefix.len);
    for (size_t i = 0; i < SHA256_SIZE; i++) {
        name[prefix.len + 2 * i] = digits[sum[i] >> 4];
        name[prefix.len + 2 * i + 1] = digits[sum[i] & 15];
    }
    return (struct span){name, NAME_SIZE};
}

/* --- Reading --- */

/* Whether an entry of these facts is one that this tier would have written. */
static bool may_hold(const struct redis_tier *tier, const struct cache_facts *facts)
{
    return (facts->flags & CACHE_SECRET) == 0 &&
           (tier->options.keeps_private || (facts->flags & CACHE_SHARED) != 0);
}

static bool is_of_the_future(const struct redis_tier *tier, const struct cache_entry *entry)
{
    struct tags *tags = tier->options.tags;
    return tags && entry->facts.began_us > tags_now_us(tags) + CLOCKS_APART_US;
}

static struct cache_entry *read_entry(struct redis_tier *tier, struct span key, struct span block)
{
    struct cache_entry *entry =
        entry_decode(block, key, tier->options.object_bytes, clock_wall_ms());
    if (entry && may_hold(tier, &entry->facts) && !is_of_the_future(tier, entry)) {
        tier->counts.found++;
        return entry;
    }
    cache_entry_release(entry);
    tier->counts.damaged++;
    return NULL;
}

static struct cache_entry *read_reply(struct redis_lookup *lookup, enum redis_result result,
                                      const struct redis_reply *reply)
{
    struct redis_tier *tier = lookup->tier;
    if (result != REDIS_ANSWERED) {
        tier->counts.late++;
        return NULL;
    }
    if (reply->kind == REDIS_TEXT)
        return read_entry(tier, lookup->key, reply->text);
    tier->counts.absent++;
    return NULL;
}

static void on_done(struct redis_call *call, enum redis_result result,
                    const struct redis_reply *reply)
{
    struct redis_lookup *lookup = container_of(call, struct redis_lookup, call);
    lookup->on_found(lookup, read_reply(lookup, result, reply));
}

bool redis_lookup_begin(struct redis_lookup *lookup, struct redis_tier *tier, struct span key,
                        void (*on_found)(struct redis_lookup *lookup, struct cache_entry *entry))
{
    char name[NAME_SIZE];
    if (!redis_tier_is_up(tier))
        return false;
    const struct span argv[] = {SPAN("GET"), name_of(tier, key, name)};
    lookup->tier = tier;
    lookup->key = key;
    lookup->on_found = on_found;
    lookup->call.on_done = on_done;
    if (lookup->deadline_ms == 0)
        lookup->deadline_ms = loop_now_ms(tier->loop) + tier->options.read_ms;
    return redis_call_begin(&lookup->call, tier->redis, argv, COUNT_OF(argv),
                            lookup->deadline_ms) == OK;
}

void redis_lookup_off(struct redis_lookup *lookup)
{
    redis_call_off(&lookup->call);
}

/* --- Writing --- */

/* RFC 9111 §4.2, with the stale time that the entry allows: when it is of no use to anybody. */
static uint64_t useful_ms(const struct cache_facts *facts, uint64_t now_wall_ms)
{
    uint64_t stale_s = facts->stale_while_s > facts->stale_if_error_s ? facts->stale_while_s
                                                                      : facts->stale_if_error_s;
    if ((facts->flags & (CACHE_MUST_REVALIDATE | CACHE_NO_CACHE)) != 0)
        stale_s = 0;
    uint64_t here_ms =
        now_wall_ms > facts->response_wall_ms ? now_wall_ms - facts->response_wall_ms : 0;
    uint64_t age_ms = here_ms + (uint64_t)facts->initial_age_s * 1000;
    uint64_t whole_ms = (facts->lifetime_s + stale_s) * 1000;
    return whole_ms > age_ms ? whole_ms - age_ms : 0;
}

static void write_block(struct redis_tier *tier, struct span key, struct span block, uint64_t ms)
{
    char name[NAME_SIZE], number[NUMBER_SIZE];
    int len = snprintf(number, sizeof(number), "%" PRIu64, ms);
    const struct span argv[] = {
        SPAN("SET"), name_of(tier, key, name), block, SPAN("PX"), {number, (size_t)len},
    };
    if (redis_post(tier->redis, argv, COUNT_OF(argv)) == OK)
        tier->counts.written++;
    else
        tier->counts.dropped++;
}

void redis_tier_put(struct redis_tier *tier, const struct cache_entry *entry, uint64_t now_wall_ms)
{
    uint64_t ms = useful_ms(&entry->facts, now_wall_ms);
    size_t len;
    if (!may_hold(tier, &entry->facts) || entry->body.len > tier->options.object_bytes ||
        ms <= LEAST_MS)
        return;
    if (!redis_tier_is_up(tier)) {
        tier->counts.dropped++;
        return;
    }
    char *block = entry_encode(entry, &len);
    if (!block)
        return;
    write_block(tier, entry->key, (struct span){block, len}, ms);
    free(block);
}
