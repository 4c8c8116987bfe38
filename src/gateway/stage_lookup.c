#include "base/text.h"
#include "gateway/local_answer.h"
#include "gateway/lookup.h"
#include "gateway/refresh.h"
#include "gateway/stages.h"
#include "gateway/stored_answer.h"

/* A leader may fall twice before everybody goes for himself. */
enum { JOINS_MAX = 3 };

/* --- What is at hand --- */

/* Gives the entry; NEXT when it has no form that this client takes. */
static enum verdict give(struct lookup *l)
{
    l->status.outcome = CACHE_STATUS_HIT;
    l->status.has_ttl = true;
    l->status.ttl_s = l->reuse.ttl_s;
    if (l->reuse.reuse == REUSE_STALE)
        l->status.detail = SPAN("stale-while-revalidate");
    if (!stored_answer(l, l->entry)) {
        l->status = (struct cache_status){.outcome = CACHE_STATUS_MISS};
        l->may_store = l->may_lead = false;
        return STAGE_NEXT;
    }
    if (l->reuse.reuse != REUSE_FRESH)
        refresh_begin(l);
    return STAGE_RESPOND;
}

/* RFC 9111 §5.2.1.7. */
static enum verdict say_not_cached(struct lookup *l)
{
    l->is_answered = true;
    return problem_say(l->exchange, PROBLEM_NOT_CACHED, SPAN(""));
}

/* --- Another's fetch --- */

static void on_landed(struct flight_seat *seat, enum landing landing, struct cache_entry *entry)
{
    struct lookup *l = container_of(seat, struct lookup, seat);
    l->landing = landing;
    l->landed = entry ? cache_entry_count(entry) : NULL;
    exchange_resume(l->exchange);
}

static void leave_flight(void *lookup)
{
    struct lookup *l = lookup;
    flight_leave(&l->seat);
}

static bool is_known_alone(const struct lookup *l)
{
    const struct services *services = l->exchange->services;
    return flight_is_alone(services->cache.flights, l->primary, loop_now_ms(services->loop));
}

/* Waits for who fetches already, or becomes who does. */
static enum verdict join_or_lead(struct lookup *l)
{
    if (!l->may_lead || l->joins >= JOINS_MAX || is_known_alone(l))
        return STAGE_NEXT;
    struct flight *flight = flight_find(l->exchange->services->cache.flights, l->primary);
    if (!flight) {
        lookup_lead(l);
        return STAGE_NEXT;
    }
    l->joins++;
    flight_join(flight, &l->seat, on_landed);
    return exchange_wait(l->exchange, l, leave_flight);
}

/* Whether what has landed is what this request selects. */
static bool selects(struct lookup *l, const struct cache_entry *entry)
{
    if (span_equal(entry->key, l->primary))
        return true;
    struct cache_entry *marker = cache_find(l->exchange->services->cache.cache, l->primary);
    if (marker && marker->facts.flags & CACHE_VARY_MARKER)
        lookup_select(l, marker);
    cache_entry_release(marker);
    return span_equal(entry->key, l->key);
}

/* RFC 9111 §5.2.2.4: each request of its own is validated, also one that came meanwhile; a fetch for one
 * is of no use to another. */
static bool is_for_one(const struct cache_entry *entry)
{
    return entry && entry->facts.flags & CACHE_NO_CACHE;
}

static enum verdict validate(struct lookup *l, struct cache_entry *entry)
{
    l->landed = NULL;
    lookup_adopt(l, entry);
    l->status.outcome = CACHE_STATUS_STALE;
    l->may_lead = false;
    return STAGE_NEXT;
}

/* Of any API an answer that is stale when it comes is for one too (RFC 9111 §4.2.4): nothing is known of whom
 * it is for, while what is known of Botpress is a part of the key. */
static bool is_to_be_validated(const struct lookup *l, const struct cache_entry *entry)
{
    const struct cache_facts *facts = &entry->facts;
    bool came_stale = facts->initial_age_s >= facts->lifetime_s && facts->stale_while_s == 0;
    return is_for_one(entry) || (came_stale && l->exchange->services->options->is_generic);
}

/* The answer to all who waited for it, whatever its lifetime: it came after they had asked. */
static enum verdict share(struct lookup *l, struct cache_entry *entry)
{
    l->landed = NULL;
    lookup_adopt(l, entry);
    l->status.collapsed = true;
    return stored_answer(l, l->entry) ? STAGE_RESPOND : STAGE_NEXT;
}

/* The same error, or what the leader had in its place; who cannot read that goes for itself. */
static enum verdict share_failure(struct lookup *l, struct cache_entry *entry)
{
    if (share(l, entry) == STAGE_RESPOND)
        return STAGE_RESPOND;
    cache_entry_release(l->entry);
    l->entry = NULL;
    l->may_lead = false;
    return STAGE_NEXT;
}

/* --- The stages --- */

enum verdict lookup_begin(struct exchange *ex)
{
    struct lookup *l = lookup_create(ex);
    if (!l)
        return STAGE_NEXT;
    lookup_find(l);
    if (lookup_may_give(l))
        return give(l);
    if (l->control.only_if_cached)
        return say_not_cached(l);
    if (l->entry)
        l->status.outcome = l->reuse.caller_wants_it ? CACHE_STATUS_REQUEST : CACHE_STATUS_STALE;
    /* It is to be asked for this one: a fetch that runs already began before. */
    if (l->reuse.caller_wants_it || l->control.no_cache || is_for_one(l->entry))
        l->may_lead = false;
    return join_or_lead(l);
}

enum verdict lookup_finish(struct exchange *ex)
{
    struct lookup *l = ex->lookup;
    struct cache_entry *entry = l->landed;
    switch (l->landing) {
    case LANDED_WITH_ENTRY:
        if (selects(l, entry))
            return is_to_be_validated(l, entry) ? validate(l, entry) : share(l, entry);
        cache_entry_release(entry);
        l->landed = NULL;
        return join_or_lead(l);
    case LANDED_WITH_FAILURE:
        if (l->entry && l->reuse.may_serve_on_error) {
            l->status.detail = SPAN("stale-if-error");
            if (stored_answer(l, l->entry))
                return STAGE_RESPOND;
        }
        return share_failure(l, entry);
    case LANDED_AGAIN:
        return join_or_lead(l);
    case LANDED_ALONE:
        break;
    }
    l->may_lead = false;
    return STAGE_NEXT;
}

/* --- Redis: the leader alone asks --- */

static void on_found(struct redis_lookup *redis, struct cache_entry *entry)
{
    struct lookup *l = container_of(redis, struct lookup, redis);
    l->found = entry;
    exchange_resume(l->exchange);
}

static void redis_off(void *lookup)
{
    struct lookup *l = lookup;
    redis_lookup_off(&l->redis);
}

static enum verdict ask_redis(struct lookup *l)
{
    struct redis_tier *tier = l->exchange->services->cache.redis;
    l->asked_redis_ms = loop_now_ms(l->exchange->services->loop);
    if (!redis_lookup_begin(&l->redis, tier, l->key, on_found))
        return STAGE_NEXT;
    return exchange_wait(l->exchange, l, redis_off);
}

enum verdict lookup_redis_begin(struct exchange *ex)
{
    struct lookup *l = ex->lookup;
    const struct cache_services *cache = &ex->services->cache;
    /* What was written while nobody listened is known only once the table of times has been read. */
    bool is_heard = !cache->link || tag_link_hears(cache->link);
    return l && l->flight && cache->redis && is_heard ? ask_redis(l) : STAGE_NEXT;
}

enum verdict lookup_redis_finish(struct exchange *ex)
{
    struct lookup *l = ex->lookup;
    struct cache_entry *found = l->found;
    struct cache *cache = ex->services->cache.cache;
    ex->redis_ms += loop_now_ms(ex->services->loop) - l->asked_redis_ms;
    l->found = NULL;
    if (!found)
        return STAGE_NEXT;
    if (found->facts.flags & CACHE_VARY_MARKER) {
        bool is_first = span_equal(l->key, l->primary);
        cache_put(cache, found);
        lookup_select(l, found);
        cache_entry_release(found);
        return is_first && l->key.len > 0 ? ask_redis(l) : STAGE_NEXT;
    }
    if (l->entry && l->entry->facts.began_us >= found->facts.began_us) {
        cache_entry_release(found);
        return STAGE_NEXT;
    }
    lookup_adopt(l, found);
    cache_put(cache, found);
    if (!lookup_may_give(l)) {
        l->status.outcome = CACHE_STATUS_STALE;
        return STAGE_NEXT;
    }
    l->status.detail = SPAN("redis");
    lookup_land(l, LANDED_WITH_ENTRY, found);
    return give(l);
}
