#include "gateway/stored_answer.h"

#include "base/clock.h"
#include "base/random.h"
#include "base/text.h"
#include "gateway/head_down.h"
#include "gateway/stored_form.h"
#include "http/conditional.h"
#include "http/date.h"

enum { ADDED_FIELDS = 6 };

static struct validators validators_of(const struct cache_entry *entry)
{
    return (struct validators){
        .etag = entry->etag,
        .last_modified_s = entry->facts.last_modified_s,
        .has_last_modified = entry->facts.has_last_modified,
        .date_s = entry->facts.date_s,
    };
}

/* --- Fields --- */

/* RFC 9110 §15.4.5: what a 304 tells of the 200 that it stands for. */
static bool is_for_not_modified(enum header_id id)
{
    return id == HEADER_CACHE_CONTROL || id == HEADER_CONTENT_LOCATION || id == HEADER_DATE ||
           id == HEADER_ETAG || id == HEADER_EXPIRES || id == HEADER_VARY ||
           id == HEADER_LAST_MODIFIED || id == HEADER_CDN_CACHE_CONTROL;
}

static void add(struct header_list *list, enum header_id id, struct span value)
{
    ASSERT(header_list_add_known(list, id, value));
}

static void add_cache_status(struct exchange *ex, const struct lookup *l)
{
    if (l->status.outcome != CACHE_STATUS_NONE)
        add(&ex->response->headers, HEADER_CACHE_STATUS, cache_status_write(ex->arena, &l->status));
}

/* The other codings of the entry are there for the asking, whoever stores our answer must know. */
static void add_vary(struct exchange *ex, const struct cache_entry *entry)
{
    struct header_list *headers = &ex->response->headers;
    if (!ex->services->options->is_generic && entry->facts.coding != CODING_IDENTITY &&
        !header_list_has_element(headers, HEADER_VARY, SPAN("accept-encoding")))
        add(headers, HEADER_VARY, SPAN("accept-encoding"));
}

static struct response *response_of(struct exchange *ex, const struct cache_entry *entry,
                                    unsigned status)
{
    struct response *response = arena_zalloc(ex->arena, sizeof(*response));
    response->status = status;
    response->version = 11;
    response->keep_alive = true;
    header_list_init(&response->headers, ex->arena,
                     entry->header_count + ADDED_FIELDS + HEAD_DOWN_SPARE);
    if (status != 304) {
        header_list_push_lines(&response->headers, entry->headers, entry->header_count,
                               entry->head);
        return response;
    }
    for (size_t i = 0; i < entry->header_count; i++) {
        if (is_for_not_modified(entry->headers[i].id))
            header_list_push(&response->headers, entry->headers[i]);
    }
    return response;
}

/* --- Parts --- */

static struct span part(struct span body, const struct byte_range *range)
{
    return (struct span){body.at + range->first, (size_t)(range->last - range->first + 1)};
}

static struct span content_range(struct arena *arena, const struct byte_range *range, size_t length)
{
    return arena_format(arena, "bytes %llu-%llu/%zu", (unsigned long long)range->first,
                        (unsigned long long)range->last, length);
}

/* The head of one part, and the end of all (RFC 9110 §14.6, RFC 2046 §5.1). */
static struct span part_head(struct exchange *ex, struct span boundary,
                             const struct byte_range *range, size_t length)
{
    struct span type = header_list_value(&ex->response->headers, HEADER_CONTENT_TYPE);
    struct span text = content_range(ex->arena, range, length);
    return arena_format(ex->arena, "\r\n--%.*s\r\n%s%.*s%scontent-range: %.*s\r\n\r\n",
                        (int)boundary.len, boundary.at, type.len ? "content-type: " : "",
                        (int)type.len, type.at, type.len ? "\r\n" : "", (int)text.len, text.at);
}

/* A block of its own, like an entry that nobody finds: what is put together may be long. */
static struct span join(struct lookup *l, const struct span *pieces, size_t count)
{
    static const struct cache_facts no_facts;
    static const struct header_list no_fields;
    size_t size = 0, at = 0;
    for (size_t i = 0; i < count; i++)
        size += pieces[i].len;
    struct cache_entry *block = cache_entry_create(&no_facts, SPAN(""), &no_fields, SPAN(""), size);
    char *body = cache_entry_body(block);
    for (size_t i = 0; i < count; i++) {
        memcpy(body + at, pieces[i].at, pieces[i].len);
        at += pieces[i].len;
    }
    ASSERT(!l->form);
    l->form = l->exchange->held;
    l->exchange->held = block;
    return block->body;
}

static void respond_parts(struct lookup *l, const struct byte_range *ranges, size_t count)
{
    struct exchange *ex = l->exchange;
    struct header_list *headers = &ex->response->headers;
    struct span pieces[2 * RANGES_MAX + 1], boundary;
    boundary = arena_format(ex->arena, "bpgate-%016llx", (unsigned long long)random_u64());
    for (size_t i = 0; i < count; i++) {
        pieces[2 * i] = part_head(ex, boundary, &ranges[i], ex->body.len);
        pieces[2 * i + 1] = part(ex->body, &ranges[i]);
    }
    pieces[2 * count] = arena_format(ex->arena, "\r\n--%.*s--\r\n", (int)boundary.len, boundary.at);
    ex->body = join(l, pieces, 2 * count + 1);
    header_list_remove(headers, HEADER_CONTENT_TYPE);
    add(headers, HEADER_CONTENT_TYPE,
        arena_format(ex->arena, "multipart/byteranges; boundary=%.*s", (int)boundary.len,
                     boundary.at));
}

/* Only of a whole 200 (RFC 9110 §14.2). */
static void respond_ranges(struct lookup *l, const struct validators *validators)
{
    struct exchange *ex = l->exchange;
    struct response *response = ex->response;
    struct byte_range ranges[RANGES_MAX];
    size_t count = 0, length = ex->body.len;
    if (response->status != 200 || ex->request->method != METHOD_GET)
        return;
    switch (range_resolve(&l->asked, validators, length, ranges, &count)) {
    case RANGE_NONE:
        return;
    case RANGE_ONE:
        response->status = 206;
        ex->body = part(ex->body, &ranges[0]);
        add(&response->headers, HEADER_CONTENT_RANGE, content_range(ex->arena, &ranges[0], length));
        return;
    case RANGE_MANY:
        response->status = 206;
        respond_parts(l, ranges, count);
        return;
    case RANGE_UNSATISFIABLE:
        response->status = 416;
        ex->body = SPAN("");
        header_list_remove(&response->headers,
                           HEADER_CONTENT_TYPE); /* of a body that is not there */
        header_list_remove(&response->headers, HEADER_CONTENT_ENCODING);
        add(&response->headers, HEADER_CONTENT_RANGE,
            arena_format(ex->arena, "bytes */%zu", length));
        return;
    }
}

/* --- The answer --- */

bool stored_answer(struct lookup *l, struct cache_entry *entry)
{
    struct exchange *ex = l->exchange;
    struct cache_entry *form = stored_form(l, entry);
    if (!form)
        return false;
    const struct validators validators = validators_of(form);
    bool is_unmodified = entry->facts.status == 200 &&
                         conditional_evaluate(&l->asked, &validators) == CONDITION_NOT_MODIFIED;
    cache_entry_release(ex->held);
    ex->held = form;
    ex->response = response_of(ex, form, is_unmodified ? 304 : form->facts.status);
    ex->body = is_unmodified ? SPAN("") : form->body;
    ex->source = SOURCE_CACHE;
    l->is_answered = true;
    if (!is_unmodified)
        respond_ranges(l, &validators);
    ex->response->framing = ex->body.len > 0 ? (struct framing){BODY_LENGTH, ex->body.len}
                                             : (struct framing){.kind = BODY_NONE};
    add(&ex->response->headers, HEADER_AGE,
        u64_digits(l->reuse.age_s, arena_alloc(ex->arena, U64_DIGITS)));
    add_vary(ex, entry);
    add_cache_status(ex, l);
    return true;
}

/* The upstream was not asked with the client's conditions: it is for us to judge them. */
static bool answers_conditions(const struct lookup *l)
{
    return l->may_store && (l->validates || !l->exchange->services->options->is_generic) &&
           conditional_is_conditional(&l->asked);
}

static struct validators validators_of_response(const struct response *response)
{
    struct validators validators = {.etag = header_list_value(&response->headers, HEADER_ETAG)};
    uint64_t now_s = clock_wall_ms() / 1000, date_s = now_s, modified_s;
    (void)http_date_read(header_list_value(&response->headers, HEADER_DATE), now_s, &date_s);
    validators.has_last_modified = http_date_read(
        header_list_value(&response->headers, HEADER_LAST_MODIFIED), now_s, &modified_s);
    if (validators.has_last_modified)
        validators.last_modified_s = (int64_t)modified_s;
    validators.date_s = (int64_t)date_s;
    return validators;
}

static struct response *not_modified(struct arena *arena, const struct response *full)
{
    struct response *response = arena_zalloc(arena, sizeof(*response));
    *response = *full;
    response->status = 304;
    response->framing = (struct framing){.kind = BODY_NONE};
    header_list_init(&response->headers, arena, full->headers.cap);
    for (size_t i = 0; i < full->headers.count; i++) {
        if (is_for_not_modified(full->headers.at[i].id))
            header_list_push(&response->headers, full->headers.at[i]);
    }
    return response;
}

void passing_answer(struct lookup *l)
{
    struct exchange *ex = l->exchange;
    if (ex->response->status == 200 && answers_conditions(l)) {
        const struct validators validators = validators_of_response(ex->response);
        if (conditional_evaluate(&l->asked, &validators) == CONDITION_NOT_MODIFIED)
            ex->response = not_modified(ex->arena, ex->response);
    }
    add_cache_status(ex, l);
}
