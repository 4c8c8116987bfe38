/* lookup.h - what the cache has to do with one exchange: its key, what is stored for it, the flight it
 * leads or waits for, and the entry that its answer fills.
 *
 * Made by stage lookup, in the exchange's arena; stage store says what the answer means to the cache;
 * cleared by the gateway when the exchange has ended, wherever that was: a flight is landed in any case.
 */
#ifndef GATEWAY_LOOKUP_H
#define GATEWAY_LOOKUP_H

#include "cache/cache_fill.h"
#include "cache/cache_key.h"
#include "cache/redis_tier.h"
#include "gateway/exchange.h"
#include "http/cache_status.h"

struct lookup {
    struct exchange *exchange; /* borrowed */
    const struct cache_rule *rule;
    struct cache_control control;        /* the caller's directives */
    struct header_list asked;            /* the caller's fields as they came */
    const struct header_list *selecting; /* by which Vary selects */
    struct span primary, key;            /* without and with what Vary selects by */
    struct span vary;                    /* of what is being stored: its names */
    bool is_shared;                      /* scope `public` */
    bool is_authorized;                  /* RFC 9111 §3.5 applies */
    bool may_store;                      /* what comes may be kept */
    bool may_lead;                       /* and others may wait for it */
    bool is_answered;                    /* from here: stage store has no say */
    bool validates;                      /* the request upstream carries the entry's validators */
    unsigned joins;                      /* flights that it has waited for */
    struct cache_entry *entry; /* counted; what is stored, to be given or validated; or NULL */
    struct reuse_answer reuse; /* of entry */
    struct flight *flight;     /* that it leads; NULL: none */
    struct flight_seat seat;   /* in the one that it waits for */
    enum landing landing;      /* of that */
    struct cache_entry *landed;
    struct redis_lookup redis;
    uint64_t asked_redis_ms;   /* when that began */
    struct cache_entry *found; /* in Redis */
    struct cache_entry
        *form; /* counted; what the answer's fields point into, if its body does not */
    uint16_t slots[CACHE_TAGS_MAX];
    size_t slot_count;
    uint64_t began_us;        /* the fetch, on the shared clock */
    uint64_t request_wall_ms; /* when the request was made */
    struct cache_fill fill;
    struct cache_status status;
};

/* NULL when the cache has no part in it: no cache, not GET or HEAD, never stored, a request body, a
 * condition that only the origin can judge. */
struct lookup *lookup_create(struct exchange *exchange);

/* What its primary key is made of; sets is_shared and is_authorized. */
struct cache_key_parts lookup_key_parts(struct lookup *lookup);

/* Looks into memory; sets entry and reuse, if there is one. */
void lookup_find(struct lookup *lookup);

/* Takes over a counted entry, and judges it. */
void lookup_adopt(struct lookup *lookup, struct cache_entry *entry);

/* The key of what a marker under the primary key selects. */
void lookup_select(struct lookup *lookup, const struct cache_entry *marker);

/* Whether entry may be given without asking. */
bool lookup_may_give(const struct lookup *lookup);

/* Leads a flight from now on. */
void lookup_lead(struct lookup *lookup);

/* Ends the flight, if it leads one. */
void lookup_land(struct lookup *lookup, enum landing landing, struct cache_entry *entry);

/* The request's fields as the fetch needs them: for a response that anyone may get, nothing of the
 * caller's own that is not in the key; and the validators of what is stored. */
void lookup_prepare_fetch(struct lookup *lookup);

/* Whether the fetch goes on for others, or for the store, after its client has left. */
bool lookup_outlives_client(const struct lookup *lookup);

/* Stage store has begun to collect the body. lookup may be NULL. */
static inline bool lookup_is_filling(const struct lookup *lookup)
{
    return lookup && lookup->fill.cache;
}

/* The entry is complete, or may be shared as it is: kept, told to who waits, and to Redis. Takes over
 * the caller's reference as lookup->entry. */
void lookup_complete(struct lookup *lookup, struct cache_entry *entry);

/* Lets go of everything. lookup may be NULL. */
void lookup_clear(struct lookup *lookup);

#endif
