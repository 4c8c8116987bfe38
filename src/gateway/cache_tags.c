#include "gateway/cache_tags.h"

#include <stdlib.h>

#include "base/text.h"
#include "cache/cache_policy.h"
#include "gateway/filters.h"
#include "gateway/forward.h"
#include "http/url.h"

enum { TAG_LEN_MAX = 256, WRITTEN_MAX = ROUTE_MAX_TAGS + 4 };

/* --- Templates --- */

/* The value of "{name}" of the operation's pattern; false when the pattern has no such parameter. */
static bool path_value(const struct exchange *ex, struct span name, struct span *value)
{
    struct span rest = ex->route.operation->pattern, segment;
    size_t index = 0;
    while (path_next_segment(&rest, &segment)) {
        if (!span_starts_with(segment, SPAN("{")))
            continue;
        struct span inner = {segment.at + 1, segment.len - 2};
        if (span_equal(inner, name) && index < ex->route.param_count) {
            *value = percent_decode(ex->arena, ex->route.params[index]);
            return true;
        }
        index++;
    }
    return false;
}

static struct span query_value(const struct exchange *ex, struct span wanted)
{
    struct span rest = ex->request->query, name, value;
    while (query_next(&rest, &name, &value)) {
        if (span_equal(percent_decode(ex->arena, name), wanted))
            return percent_decode(ex->arena, value);
    }
    return SPAN("");
}

static struct span value_of(const struct exchange *ex, struct span name)
{
    struct span value = SPAN("");
    if (path_value(ex, name, &value))
        return value;
    if (span_equal(name, SPAN("bot")))
        return ex->ids[ID_BOT];
    if (span_equal(name, SPAN("workspace")))
        return ex->ids[ID_WORKSPACE];
    if (span_equal(name, SPAN("destination")))
        return ex->destination_bot.len > 0 ? ex->destination_bot : ex->ids[ID_BOT];
    const struct operation *operation = ex->route.operation;
    for (size_t i = 0; i < ROUTE_MAX_QUERY_NAMES; i++) {
        if (span_equal(operation->query[i].name, name))
            return query_value(ex, name);
    }
    return value;
}

/* A tag longer than anybody's id is cut: it may make too much old, never too little. */
struct tag {
    char text[TAG_LEN_MAX];
    size_t len;
};

static void tag_add(struct tag *tag, struct span text)
{
    size_t len = text.len < sizeof(tag->text) - tag->len ? text.len : sizeof(tag->text) - tag->len;
    if (len > 0)
        memcpy(tag->text + tag->len, text.at, len);
    tag->len += len;
}

static uint16_t slot_of(const struct tag *tag)
{
    return tag_slot((struct span){tag->text, tag->len});
}

/* "bot:{id}" with this request's values. */
static uint16_t expand(const struct exchange *ex, struct span template)
{
    struct tag tag = {.len = 0};
    while (template.len > 0) {
        struct span rest = template;
        struct span literal = span_cut(&rest, '{');
        tag_add(&tag, literal);
        if (literal.len == template.len)
            break;
        tag_add(&tag, value_of(ex, span_cut(&rest, '}')));
        template = rest;
    }
    return slot_of(&tag);
}

static size_t expand_all(const struct exchange *ex, struct span templates, uint16_t *slots)
{
    size_t count = 0;
    while (templates.len > 0 && count < ROUTE_MAX_TAGS) {
        struct span template = span_cut(&templates, ' ');
        if (template.len > 0)
            slots[count++] = expand(ex, template);
    }
    return count;
}

uint16_t cache_tags_slot(struct span prefix, struct span text)
{
    struct tag tag = {.len = 0};
    tag_add(&tag, prefix);
    tag_add(&tag, text);
    return slot_of(&tag);
}

static uint16_t slot_of_url(struct span target)
{
    return cache_tags_slot(SPAN("url:"), target);
}

size_t cache_tags_of_answer(const struct exchange *ex, uint16_t slots[CACHE_TAGS_MAX])
{
    _Static_assert(ROUTE_MAX_TAGS + 2 <= CACHE_TAGS_MAX, "there is room for all of them");
    const struct operation *operation = ex->route.operation;
    size_t count = 0;
    if (operation) {
        count = expand_all(ex, operation->reads, slots);
        slots[count++] = cache_tags_slot(SPAN("op:"), operation->name);
    }
    slots[count++] = slot_of_url(ex->request->target);
    const struct filtering *filtering = ex->filtering;
    for (size_t i = 0; filtering && i < filtering->wishes.tag_count && count < CACHE_TAGS_MAX; i++)
        slots[count++] = cache_tags_slot(SPAN(""), filtering->wishes.tags[i]);
    return count;
}

/* --- Writes --- */

/* Whether the upstream may have done what the request asks: sent, and not refused outright. Its own
 * tags are stamped then, also when nobody knows what became of it. */
static bool may_be_done(const struct exchange *ex)
{
    const struct forward *f = ex->forward;
    if (!f || !(f->was_sent || f->call.ready_ms))
        return false;
    return ex->source != SOURCE_UPSTREAM || ex->response->status < 400 ||
           ex->response->status >= 500;
}

static bool is_this_host(const struct exchange *ex, struct span authority)
{
    return span_equal_nocase(authority, ex->services->upstream_authority) ||
           span_equal_nocase(authority, ex->request->host);
}

/* "//host/path" without the host, if that is this one; else len 0. */
static struct span behind_authority(const struct exchange *ex, struct span reference)
{
    struct span rest = span_skip(reference, 2);
    size_t len = 0;
    while (len < rest.len && rest.at[len] != '/' && rest.at[len] != '?')
        len++;
    return is_this_host(ex, (struct span){rest.at, len}) ? span_skip(rest, len) : SPAN("");
}

/* The target's path, as far as a relative reference keeps it (RFC 3986 §5.2.3). */
static struct span base_for(const struct exchange *ex, struct span reference)
{
    struct span base = ex->request->path;
    while (reference.at[0] != '?' && base.len > 0 && base.at[base.len - 1] != '/')
        base.len--;
    return base;
}

/* The path and query that a reference means, if it is on this host (RFC 9111 §4.4: same origin only);
 * len 0: it is not. Dot segments stay as they are: nobody stores a path with them. */
static struct span local_target(const struct exchange *ex, struct span reference)
{
    static const struct span schemes[] = {SPAN_INIT("http:"), SPAN_INIT("https:")};
    struct span rest = reference, target = span_cut(&rest, '#');
    for (size_t i = 0; i < COUNT_OF(schemes); i++) {
        struct span scheme = {target.at, schemes[i].len};
        if (target.len > scheme.len && span_equal_nocase(scheme, schemes[i]))
            target = span_skip(target, scheme.len);
    }
    if (span_starts_with(target, SPAN("//")))
        return behind_authority(ex, target);
    if (target.len == 0 || target.at[0] == '/')
        return target;
    struct span base = base_for(ex, target);
    return arena_format(ex->arena, "%.*s%.*s", (int)base.len, base.at, (int)target.len, target.at);
}

static size_t add_uris(const struct exchange *ex, uint16_t *slots)
{
    static const enum header_id fields[] = {HEADER_LOCATION, HEADER_CONTENT_LOCATION};
    if (ex->source != SOURCE_UPSTREAM ||
        !cache_policy_invalidates(ex->request->method, ex->response->status))
        return 0;
    size_t count = 0;
    slots[count++] = slot_of_url(ex->request->target);
    for (size_t i = 0; i < COUNT_OF(fields); i++) {
        struct span target = local_target(ex, header_list_value(&ex->response->headers, fields[i]));
        if (target.len > 0)
            slots[count++] = slot_of_url(target);
    }
    return count;
}

void cache_tags_write(struct exchange *ex)
{
    const struct cache_services *cache = &ex->services->cache;
    const struct operation *operation = ex->route.operation;
    uint16_t slots[WRITTEN_MAX];
    size_t count = 0;
    if (!cache->cache || ex->request->method == METHOD_GET || ex->request->method == METHOD_HEAD)
        return;
    if (operation && operation->writes.len > 0 && may_be_done(ex))
        count = expand_all(ex, operation->writes, slots);
    count += add_uris(ex, slots + count);
    if (count == 0)
        return;
    tags_stamp(cache->tags, slots, count, tags_now_us(cache->tags), false);
    if (cache->link)
        tag_link_tell(cache->link, slots, count, false);
}
