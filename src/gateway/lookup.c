#include "gateway/lookup.h"

#include <openssl/sha.h>

#include "base/clock.h"
#include "base/text.h"
#include "gateway/cache_tags.h"
#include "gateway/filters.h"
#include "gateway/stored_form.h"
#include "http/conditional.h"
#include "http/url.h"

/* While writes elsewhere cannot be heard of, what only some may see lives this long (product §6). */
enum { UNHEARD_LIFETIME_S = 5 };

static struct cache_services *cache_of(const struct lookup *l)
{
    return &l->exchange->services->cache;
}

static bool is_generic(const struct exchange *ex)
{
    return ex->services->options->is_generic;
}

/* --- The key --- */

/* Hub lists are the same for all, but not what a bot has installed. Servers differ in where they see a
 * parameter ("x[]", "X", "a=1;x=2"), so the name counts wherever it stands. */
static bool asks_for_one_bot(const struct exchange *ex)
{
    static const struct span name = SPAN_INIT("installedByBotId");
    struct span rest = percent_decode(ex->arena, ex->request->query);
    for (; rest.len >= name.len; rest = span_skip(rest, 1)) {
        if (span_equal_nocase((struct span){rest.at, name.len}, name))
            return true;
    }
    return false;
}

static struct span digest_of(struct arena *arena, struct span secret)
{
    if (secret.len == 0)
        return SPAN("");
    unsigned char *digest = arena_alloc(arena, SHA256_DIGEST_LENGTH);
    SHA256((const unsigned char *)secret.at, secret.len, digest);
    return (struct span){(const char *)digest, SHA256_DIGEST_LENGTH};
}

/* The caller's own token, if that is what goes upstream. */
static struct span passed_token(const struct exchange *ex)
{
    if (ex->profile->credential >= 0 || !ex->profile->pass_authorization)
        return SPAN("");
    return header_list_value(&ex->request->headers, HEADER_AUTHORIZATION);
}

/* Whoever differs in one of these may see something else. */
static void set_scope(const struct exchange *ex, struct cache_key_parts *parts)
{
    if (ex->profile->credential >= 0)
        parts->scope[1] = ex->services->credential_options[ex->profile->credential].name;
    parts->scope[2] = ex->ids[ID_WORKSPACE];
    parts->scope[3] = ex->ids[ID_BOT];
    parts->scope[4] = ex->ids[ID_INTEGRATION];
    parts->scope[5] = ex->integration_alias;
    parts->scope[6] = digest_of(ex->arena, passed_token(ex));
}

/* It is another one with each request, and says nothing to the operation. */
static bool is_trace_state(const struct header *header)
{
    return span_equal_nocase(header->name, SPAN("tracestate"));
}

/* Fields that go upstream with the request of one identity: they are in its key, whatever they mean.
 * Not those that the gateway settles itself, nor what asks about the store. */
static bool is_in_shape(const struct header *header)
{
    if (is_trace_state(header))
        return false;
    switch (header->id) {
    case HEADER_HOST:
    case HEADER_VIA:
    case HEADER_TRACEPARENT:
    case HEADER_X_REQUEST_ID:
    case HEADER_X_BOT_ID:
    case HEADER_X_WORKSPACE_ID:
    case HEADER_X_INTEGRATION_ID:
    case HEADER_X_INTEGRATION_ALIAS:
    case HEADER_X_DESTINATION_BOT_ID:
    case HEADER_ACCEPT_ENCODING:
    case HEADER_CACHE_CONTROL:
    case HEADER_PRAGMA:
    case HEADER_RANGE:
    case HEADER_IF_NONE_MATCH:
    case HEADER_IF_MODIFIED_SINCE:
    case HEADER_IF_RANGE:
        return false;
    default:
        return !(header_flags_of(header->id, header->name) & (HEADER_PRIVATE | HEADER_HOP));
    }
}

/* "name:value" for each, in their order. */
static struct span shape_of(const struct exchange *ex)
{
    const struct header_list *headers = &ex->request->headers;
    size_t len = 0, at = 0;
    for (size_t i = 0; i < headers->count; i++)
        len += headers->at[i].name.len + headers->at[i].value.len + 2;
    char *text = arena_alloc(ex->arena, len + 1);
    for (size_t i = 0; i < headers->count; i++) {
        const struct header *header = &headers->at[i];
        if (!is_in_shape(header))
            continue;
        for (size_t n = 0; n < header->name.len; n++)
            text[at++] = ascii_lower(header->name.at[n]);
        text[at++] = ':';
        memcpy(text + at, header->value.at, header->value.len);
        at += header->value.len;
        text[at++] = '\n';
    }
    return (struct span){text, at};
}

struct cache_key_parts lookup_key_parts(struct lookup *l)
{
    const struct exchange *ex = l->exchange;
    const struct request *request = ex->request;
    struct cache_key_parts parts = {
        .path = request->path, .query = request->query, .sorts_query = !is_generic(ex)};
    if (ex->filtering)
        parts.filters = ex->filtering->digest;
    parts.scope[0] = ex->services->upstream_authority; /* Redis may be that of several gateways */
    if (is_generic(ex)) {
        /* Hosts are one upstream to us; RFC 9111 §3.5 guards what is authorized. */
        l->is_authorized = ex->profile->credential >= 0 || passed_token(ex).len > 0;
        l->is_shared = true;
        return parts;
    }
    l->is_shared = ex->operation_flags & OP_PUBLIC && !asks_for_one_bot(ex);
    parts.shape = l->is_shared
                      ? header_list_value(&request->headers, HEADER_X_MULTIPLE_INTEGRATIONS)
                      : shape_of(ex);
    if (!l->is_shared)
        set_scope(ex, &parts);
    return parts;
}

/* --- Making one --- */

static bool takes_part(const struct exchange *ex)
{
    const struct request *request = ex->request;
    return ex->services->cache.cache && !(ex->filtering && ex->filtering->wishes.bypasses_cache) &&
           (request->method == METHOD_GET || request->method == METHOD_HEAD) &&
           request->framing.kind == BODY_NONE && !conditional_is_for_origin(&request->headers);
}

static const struct cache_rule *configured_rule_of(const struct exchange *ex)
{
    static const struct cache_rule by_rfc = {.kind = CACHE_RULE_RFC};
    if (is_generic(ex))
        return &by_rfc;
    return cache_rules_for(ex->services->cache.rules, &ex->route, ex->request->query);
}

/* A filter's lifetime is an operator's: it is his filter. */
static const struct cache_rule *rule_of(const struct exchange *ex)
{
    const struct cache_rule *configured = configured_rule_of(ex);
    if (!ex->filtering || !ex->filtering->wishes.has_ttl)
        return configured;
    struct cache_rule *rule = arena_alloc(ex->arena, sizeof(*rule));
    *rule = *configured;
    if (rule->kind != CACHE_RULE_FORCE)
        rule->kind = CACHE_RULE_OPERATOR;
    rule->ttl_s = ex->filtering->wishes.ttl_s;
    return rule;
}

/* Under a catalogue nothing of the caller's own selects: what goes upstream is the same for all. */
static const struct header_list nothing_selects;

struct lookup *lookup_create(struct exchange *ex)
{
    if (!takes_part(ex))
        return NULL;
    const struct cache_rule *rule = rule_of(ex);
    if (rule->kind == CACHE_RULE_NEVER)
        return NULL;
    struct lookup *l = arena_zalloc(ex->arena, sizeof(*l));
    l->exchange = ex;
    l->rule = rule;
    const struct cache_key_parts parts = lookup_key_parts(l);
    l->primary = cache_key_of(&parts, ex->arena);
    if (l->primary.len == 0)
        return NULL;
    l->key = l->primary;
    l->asked = header_list_copy(&ex->request->headers, ex->arena, 1);
    l->selecting = is_generic(ex) ? &l->asked : &nothing_selects;
    cache_policy_read_request(&l->asked, &l->control);
    bool is_part = header_list_find(&l->asked, HEADER_RANGE) != NULL;
    l->may_store = ex->request->method == METHOD_GET && !is_part && !l->control.no_store;
    l->may_lead = l->may_store && !(is_generic(ex) && conditional_is_conditional(&l->asked));
    ex->lookup = l;
    return l;
}

/* --- What is stored --- */

static uint32_t lifetime_cap(const struct lookup *l, const struct cache_entry *entry)
{
    const struct cache_services *cache = cache_of(l);
    bool is_heard = !cache->link || tag_link_hears(cache->link);
    return is_heard || entry->facts.flags & CACHE_SHARED ? UINT32_MAX : UNHEARD_LIFETIME_S;
}

void lookup_adopt(struct lookup *l, struct cache_entry *entry)
{
    const struct cache_facts *facts = &entry->facts;
    cache_entry_release(l->entry);
    l->entry = entry;
    enum tag_state tags =
        tags_state(cache_of(l)->tags, facts->tags, facts->tag_count, facts->began_us);
    l->reuse = cache_policy_reuse(facts, &l->control, tags, cache_entry_is_hot(entry),
                                  lifetime_cap(l, entry), exchange_wall_ms(l->exchange));
}

void lookup_select(struct lookup *l, const struct cache_entry *marker)
{
    l->key =
        cache_key_with_vary(l->primary, marker->headers[0].value, l->selecting, l->exchange->arena);
}

void lookup_find(struct lookup *l)
{
    struct cache_entry *entry = cache_find(cache_of(l)->cache, l->primary);
    l->status.outcome = CACHE_STATUS_URI_MISS;
    if (entry && entry->facts.flags & CACHE_VARY_MARKER) {
        lookup_select(l, entry);
        cache_entry_release(entry);
        entry = l->key.len > 0 ? cache_find(cache_of(l)->cache, l->key) : NULL;
        l->status.outcome = CACHE_STATUS_VARY_MISS;
    }
    if (entry)
        lookup_adopt(l, entry);
}

bool lookup_may_give(const struct lookup *l)
{
    return l->entry && l->reuse.reuse != REUSE_VALIDATE;
}

/* --- The fetch --- */

void lookup_lead(struct lookup *l)
{
    struct cache_services *cache = cache_of(l);
    l->slot_count = cache_tags_of_answer(l->exchange, l->slots);
    l->began_us = tags_now_us(cache->tags);
    l->flight = flight_lead(cache->flights, l->primary, l->slots, l->slot_count, l->began_us);
}

void lookup_land(struct lookup *l, enum landing landing, struct cache_entry *entry)
{
    struct flight *flight = l->flight;
    l->flight = NULL;
    if (flight)
        flight_land(flight, landing, entry);
}

static bool is_condition(const struct header *header, const void *context)
{
    (void)context;
    return header->id == HEADER_IF_NONE_MATCH || header->id == HEADER_IF_MODIFIED_SINCE ||
           header->id == HEADER_IF_RANGE;
}

/* Nothing goes upstream, for an answer that others get too, that is not in the key but what is the
 * same whoever asks. */
static bool is_unkeyed(const struct header *header, const void *context)
{
    const struct lookup *l = context;
    switch (header->id) {
    case HEADER_X_MULTIPLE_INTEGRATIONS:
    case HEADER_AUTHORIZATION: /* the gateway's affair, as the ids are: settled, and in the key */
    case HEADER_TRACEPARENT:
    case HEADER_VIA:
        return false;
    default:
        return !is_trace_state(header) && (l->is_shared || !is_in_shape(header));
    }
}

/* Whether a 304 could be answered with what is stored: this client takes it. */
static bool has_form(const struct lookup *l)
{
    struct cache_entry *form = stored_form(l, l->entry);
    cache_entry_release(form);
    return form != NULL;
}

static void add_validators(struct lookup *l)
{
    struct header_list *headers = &l->exchange->request->headers;
    const struct cache_entry *entry = l->entry;
    header_list_remove_if(headers, is_condition, NULL);
    if (entry->etag.len > 0 && !(entry->facts.flags & CACHE_OWN_ETAG))
        l->validates = header_list_add_known(headers, HEADER_IF_NONE_MATCH, entry->etag);
    for (size_t i = 0; entry->facts.has_last_modified && i < entry->header_count; i++) {
        if (entry->headers[i].id == HEADER_LAST_MODIFIED)
            l->validates =
                header_list_add_known(headers, HEADER_IF_MODIFIED_SINCE, entry->headers[i].value);
    }
}

void lookup_prepare_fetch(struct lookup *l)
{
    struct header_list *headers = &l->exchange->request->headers;
    l->request_wall_ms = clock_wall_ms();
    if (!l->flight) {
        l->slot_count = cache_tags_of_answer(l->exchange, l->slots);
        l->began_us = tags_now_us(cache_of(l)->tags);
    }
    if (!l->may_store)
        return;
    if (!is_generic(l->exchange)) {
        header_list_remove_if(headers, is_unkeyed, l);
        if (coding_accepts(&l->asked, CODING_GZIP))
            (void)header_list_add_known(headers, HEADER_ACCEPT_ENCODING, SPAN("gzip"));
    }
    if (l->entry && has_form(l))
        add_validators(l);
}

bool lookup_outlives_client(const struct lookup *l)
{
    return l && l->flight;
}

/* --- The end --- */

/* So that the next look-up knows by what the response was selected. */
static void put_marker(struct lookup *l)
{
    struct cache_services *cache = cache_of(l);
    const struct cache_facts *theirs = &l->entry->facts;
    const struct cache_facts facts = {
        .began_us = theirs->began_us,
        .response_wall_ms = theirs->response_wall_ms,
        .lifetime_s = theirs->lifetime_s,
        .stale_if_error_s = theirs->stale_if_error_s,
        .flags = (uint16_t)(CACHE_VARY_MARKER | (theirs->flags & CACHE_SHARED)),
    };
    struct header_list fields;
    header_list_init(&fields, l->exchange->arena, 1);
    ASSERT(header_list_add_known(&fields, HEADER_VARY, l->vary));
    struct cache_entry *marker = cache_entry_create(&facts, l->primary, &fields, SPAN(""), 0);
    cache_put(cache->cache, marker);
    if (cache->redis)
        redis_tier_put(cache->redis, marker, clock_wall_ms());
    cache_entry_release(marker);
}

void lookup_complete(struct lookup *l, struct cache_entry *entry)
{
    struct cache_services *cache = cache_of(l);
    cache_entry_release(l->entry);
    l->entry = entry;
    if (l->vary.len > 0)
        put_marker(l);
    cache_put(cache->cache, entry);
    if (cache->redis)
        redis_tier_put(cache->redis, entry, clock_wall_ms());
    lookup_land(l, LANDED_WITH_ENTRY, entry);
}

void lookup_clear(struct lookup *l)
{
    if (!l)
        return;
    flight_leave(&l->seat);
    redis_lookup_off(&l->redis);
    cache_fill_clear(&l->fill);
    lookup_land(l, LANDED_AGAIN, NULL);
    cache_entry_release(l->entry);
    cache_entry_release(l->landed);
    cache_entry_release(l->found);
    cache_entry_release(l->form);
    l->entry = l->landed = l->found = l->form = NULL;
}
