#include "base/clock.h"
#include "base/text.h"
#include "cache/cache_key.h"
#include "gateway/cache_tags.h"
#include "gateway/forward.h"
#include "gateway/lookup.h"
#include "gateway/stages.h"
#include "gateway/stored_answer.h"
#include "http/date.h"

/* How long a key whose answers cannot be shared is not queued for. */
enum { ALONE_MS = 10 * 1000 };

static struct cache_services *cache_of(const struct lookup *l)
{
    return &l->exchange->services->cache;
}

/* --- What to keep --- */

/* RFC 9110 §6.6.1: an answer that came without a date gets that of its coming. */
static void add_date(struct header_list *list, struct arena *arena, uint64_t wall_ms)
{
    if (header_list_find(list, HEADER_DATE))
        return;
    char *text = arena_alloc(arena, HTTP_DATE_SIZE);
    ASSERT(header_list_add_known(list, HEADER_DATE, http_date_write(text, wall_ms / 1000)));
}

/* The fields as they are kept. */
static struct header_list *kept_fields(struct lookup *l, const struct header_list *fields,
                                       uint64_t wall_ms)
{
    struct arena *arena = l->exchange->arena;
    struct header_list all, *kept = arena_zalloc(arena, sizeof(*kept));
    struct cache_control control;
    cache_control_parse(fields, HEADER_CACHE_CONTROL, &control);
    all = header_list_copy(fields, arena, 0);
    header_list_remove_hop_by_hop(&all);
    header_list_init(kept, arena, all.count + 1);
    if (!l->exchange->services->options->is_generic)
        header_list_remove(&all, HEADER_SET_COOKIE); /* of a 304: others would get it */
    for (size_t i = 0; i < all.count; i++) {
        if (cache_entry_keeps(&all.at[i], control.no_cache_fields, control.private_fields))
            header_list_push(kept, all.at[i]);
    }
    add_date(kept, arena, wall_ms);
    return kept;
}

static bool carries_secrets(const struct exchange *ex)
{
    return ex->route.operation && ex->route.operation->cache == CACHE_ENTITY;
}

/* Whether a response may be kept, and for how long. merged: of what is stored, the fields that hold
 * now that it was validated; NULL: of what came. */
static enum store_refusal judge(struct lookup *l, const struct header_list *merged,
                                struct cache_facts *facts)
{
    const struct exchange *ex = l->exchange;
    const struct header_list *came = &ex->response->headers;
    const struct cache_asked asked = {
        .method = METHOD_GET,
        .headers = &l->asked,
        .control = &l->control,
        .is_authorized = l->is_authorized,
        .is_generic = ex->services->options->is_generic,
    };
    const struct cache_answered answered = {ex->response->status, came, l->request_wall_ms,
                                            clock_wall_ms()};
    enum store_refusal refusal =
        merged ? cache_policy_freshen(l->rule, &asked, &answered, merged, facts)
               : cache_policy_store(l->rule, &asked, &answered, facts);
    facts->began_us = l->began_us;
    facts->coding = (uint8_t)coding_of_message(merged ? merged : came);
    if (l->is_shared)
        facts->flags |= CACHE_SHARED;
    else if (carries_secrets(ex))
        facts->flags |= CACHE_SECRET;
    facts->tag_count = (uint8_t)l->slot_count;
    memcpy(facts->tags, l->slots, l->slot_count * sizeof(l->slots[0]));
    return refusal;
}

/* --- A 304 --- */

/* RFC 9111 §4.3.4: what is stored, with these fields; NULL when it may be kept no longer. */
static struct cache_entry *freshened(struct lookup *l, const struct header_list *fields)
{
    uint64_t now_ms = clock_wall_ms();
    struct header_list *kept = kept_fields(l, fields, now_ms);
    struct cache_entry *fresh = cache_entry_freshen(l->entry, &l->entry->facts, kept);
    struct header_list merged;
    header_list_init(&merged, l->exchange->arena, fresh->header_count);
    for (size_t i = 0; i < fresh->header_count; i++)
        header_list_push(&merged, fresh->headers[i]);
    /* Nobody else has seen it yet. */
    if (judge(l, &merged, &fresh->facts) == STORE_OK)
        return fresh;
    cache_drop(cache_of(l)->cache, l->entry);
    cache_entry_release(fresh);
    return NULL;
}

/* RFC 9111 §4.3.4: a 304 that has another validator is about another response. What is stored answers
 * this request, as the upstream wants it, but nothing is learnt of it, and the next one asks anew. */
static bool is_about_entry(const struct lookup *l)
{
    const struct header_list *headers = &l->exchange->response->headers;
    struct span etag = header_list_value(headers, HEADER_ETAG);
    if (etag.len == 0 || l->entry->facts.flags & CACHE_OWN_ETAG)
        return true;
    if (span_equal(etag, l->entry->etag))
        return true;
    cache_drop(cache_of(l)->cache, l->entry);
    return false;
}

static enum verdict answer_validated(struct lookup *l)
{
    struct cache_entry *fresh =
        is_about_entry(l) ? freshened(l, &l->exchange->response->headers) : NULL;
    l->status.fwd_status = 304;
    if (fresh) {
        l->status.stored = true;
        lookup_complete(l, fresh);
    } else {
        lookup_land(l, LANDED_ALONE, NULL);
    }
    l->reuse = cache_policy_reuse(&l->entry->facts, &l->control, TAGS_OLDER, false, UINT32_MAX,
                                  clock_wall_ms());
    return stored_answer(l, l->entry) ? STAGE_RESPOND : STAGE_NEXT;
}

static bool differs(const struct cache_entry *entry, const struct header_list *fields,
                    enum header_id id)
{
    const struct header *theirs = header_list_find(fields, id);
    for (size_t i = 0; theirs && i < entry->header_count; i++) {
        if (entry->headers[i].id == id)
            return !span_equal(entry->headers[i].value, theirs->value);
    }
    return false;
}

/* RFC 9111 §4.3.5: what HEAD tells of what is stored. Not under a catalogue: there a HEAD goes upstream
 * with fields of the caller's own, and what they bring about is not for others. */
static void heed_head(struct lookup *l)
{
    const struct response *response = l->exchange->response;
    const struct header *length = header_list_find(&response->headers, HEADER_CONTENT_LENGTH);
    uint64_t bytes;
    if (!l->entry || response->status != 200)
        return;
    if (differs(l->entry, &response->headers, HEADER_ETAG) ||
        differs(l->entry, &response->headers, HEADER_LAST_MODIFIED) ||
        (length && span_to_u64(length->value, &bytes) && bytes != l->entry->body.len)) {
        cache_drop(cache_of(l)->cache, l->entry);
        return;
    }
    struct cache_entry *fresh = freshened(l, &response->headers);
    if (fresh)
        cache_put(cache_of(l)->cache, fresh);
    cache_entry_release(fresh);
}

/* --- A failure --- */

/* The upstream did not answer: it could not be reached, or not in time. */
static bool is_offline(const struct exchange *ex)
{
    return ex->now == WHEN_ANSWERED && ex->source == SOURCE_GATEWAY && ex->response->status >= 500;
}

static bool has_failed(const struct exchange *ex)
{
    return is_offline(ex) ||
           (ex->now != WHEN_ANSWERED && cache_policy_is_failure(ex->response->status));
}

static bool may_answer_stale(const struct lookup *l)
{
    if (!l->entry || !has_failed(l->exchange))
        return false;
    return is_offline(l->exchange) ? l->reuse.may_serve_offline : l->reuse.may_serve_on_error;
}

/* What the upstream, or we in its place, said: for those who wait. */
static void share_failure(struct lookup *l)
{
    const struct exchange *ex = l->exchange;
    if (!l->flight)
        return;
    if (ex->response->status < 500) { /* 429: of this credential, not of theirs */
        lookup_land(l, LANDED_ALONE, NULL);
        return;
    }
    const struct cache_facts facts = {
        .began_us = l->began_us,
        .response_wall_ms = clock_wall_ms(),
        .status = (uint16_t)ex->response->status,
        .coding = (uint8_t)coding_of_message(&ex->response->headers),
    };
    struct header_list *kept = kept_fields(l, &ex->response->headers, facts.response_wall_ms);
    struct cache_entry *entry =
        cache_entry_create(&facts, l->primary, kept, SPAN(""), ex->body.len);
    if (ex->body.len > 0)
        memcpy(cache_entry_body(entry), ex->body.at, ex->body.len);
    lookup_land(l, LANDED_WITH_FAILURE, entry);
    cache_entry_release(entry);
}

/* RFC 5861 §4: better an old answer than none. */
static enum verdict answer_stale(struct lookup *l)
{
    struct exchange *ex = l->exchange;
    l->status.outcome = CACHE_STATUS_STALE;
    l->status.has_ttl = true;
    l->status.ttl_s = l->reuse.ttl_s;
    l->status.detail = SPAN("stale-if-error");
    if (!stored_answer(l, l->entry))
        return STAGE_NEXT;
    lookup_land(l, LANDED_WITH_FAILURE, l->entry);
    if (ex->forward) /* else it was refused before it was sent */
        forward_call_off(ex->forward);
    return STAGE_RESPOND;
}

/* --- A response --- */

static void refuse(struct lookup *l, enum store_refusal refusal)
{
    struct services *services = l->exchange->services;
    unsigned status = l->exchange->response->status;
    l->status.detail = span_of(store_refusal_text(refusal));
    if (l->flight && status < 400)
        flight_remember_alone(services->cache.flights, l->primary,
                              loop_now_ms(services->loop) + ALONE_MS);
    if (l->entry && status < 400)
        cache_drop(services->cache.cache, l->entry);
    lookup_land(l, LANDED_ALONE, NULL);
}

/* The body is at hand already: it was collected to be looked at. */
static void fill_at_once(struct lookup *l)
{
    struct cache_entry *entry = NULL;
    if (cache_fill_take(&l->fill, l->exchange->body))
        entry = cache_fill_finish(&l->fill);
    cache_fill_clear(&l->fill);
    if (entry)
        lookup_complete(l, entry);
    else
        lookup_land(l, LANDED_ALONE, NULL);
}

static const char *detail_of(const struct cache_facts *facts)
{
    switch ((enum lifetime_source)facts->lifetime_source) {
    case LIFETIME_CATALOGUE:
        return "ttl-of-catalogue";
    case LIFETIME_RULE:
        return "ttl-of-rule";
    case LIFETIME_HEURISTIC:
        return "heuristic";
    case LIFETIME_UPSTREAM:
        break;
    }
    return NULL;
}

static void keep(struct lookup *l)
{
    struct exchange *ex = l->exchange;
    const struct response *response = ex->response;
    bool is_generic = ex->services->options->is_generic;
    struct cache_facts facts = {0};
    enum store_refusal refusal = judge(l, NULL, &facts);
    if (refusal != STORE_OK) {
        refuse(l, refusal);
        return;
    }
    /* Under a catalogue nothing of the caller's selects, and codings are our own affair. */
    bool is_any; /* the policy has refused that */
    if (is_generic)
        l->vary = cache_key_vary_names(&response->headers, ex->arena, &is_any);
    l->key = l->vary.len > 0 ? cache_key_with_vary(l->primary, l->vary, l->selecting, ex->arena)
                             : l->primary;
    struct header_list *kept = kept_fields(l, &response->headers, facts.response_wall_ms);
    const struct cache_fill_options options = {facts, l->key, kept, .makes_etag = !is_generic};
    if (l->key.len == 0 ||
        !cache_fill_begin(&l->fill, cache_of(l)->cache, &options, &response->framing)) {
        refuse(l, STORE_TOO_LARGE);
        return;
    }
    l->status.stored = true;
    l->status.has_ttl = true;
    l->status.ttl_s = (int64_t)facts.lifetime_s - facts.initial_age_s;
    l->status.detail = span_of(detail_of(&facts));
    if (ex->forward->state == FORWARD_OVER)
        fill_at_once(l);
}

enum verdict store_begin(struct exchange *ex)
{
    struct lookup *l = ex->lookup;
    cache_tags_write(ex);
    if (!l || l->is_answered || ex->now == WHEN_ABORTED)
        return STAGE_NEXT;
    bool is_upstreams = ex->source == SOURCE_UPSTREAM;
    if (is_upstreams)
        l->status.fwd_status = ex->response->status;
    if (may_answer_stale(l))
        return answer_stale(l);
    if (!is_upstreams || (has_failed(ex) && !ex->services->options->is_generic)) {
        share_failure(l);
        if (is_upstreams)
            passing_answer(l);
        return STAGE_NEXT;
    }
    if (l->validates && ex->response->status == 304)
        return answer_validated(l);
    if (ex->request->method == METHOD_HEAD && ex->services->options->is_generic)
        heed_head(l);
    if (l->may_store)
        keep(l);
    passing_answer(l);
    return STAGE_NEXT;
}
