#include "base/text.h"
#include "gateway/filters.h"
#include "gateway/forward.h"
#include "gateway/lookup.h"
#include "gateway/stages.h"
#include "http/content_coding.h"

/* From here on a body is sent in the coding that it came in; below it is not worth the time. */
enum { WORTH_CODING = 1 * KIB };

/* --- The request of an answer that will be changed --- */

/* A part of what is not yet changed, or a tag of it, would say what it was. */
static bool is_about_original(const struct header *header, const void *context)
{
    (void)context;
    switch (header->id) {
    case HEADER_RANGE:
    case HEADER_IF_RANGE:
    case HEADER_IF_NONE_MATCH:
    case HEADER_IF_MODIFIED_SINCE:
    case HEADER_ACCEPT_ENCODING:
        return true;
    default:
        return false;
    }
}

void filters_prepare_fetch(struct exchange *ex)
{
    struct header_list *headers = &ex->request->headers;
    if (!filters_have(ex->filtering, SCRIPT_BODY))
        return;
    bool has_wishes = header_list_count(headers, HEADER_ACCEPT_ENCODING) > 0;
    ex->filtering->takes_gzip = coding_accepts(headers, CODING_GZIP);
    header_list_remove_if(headers, is_about_original, NULL);
    if (has_wishes) /* without any the upstream could choose what nobody here can undo */
        (void)header_list_add_known(headers, HEADER_ACCEPT_ENCODING,
                                    ex->filtering->takes_gzip ? SPAN("gzip") : SPAN("identity"));
}

/* --- Which answers --- */

static bool ends_with_json(struct span type)
{
    static const struct span end = SPAN_INIT("+json");
    return type.len > end.len && span_equal_nocase(span_skip(type, type.len - end.len), end);
}

/* What does not say what it is may be JSON too. */
static bool is_json(const struct response *response)
{
    struct span rest = header_list_value(&response->headers, HEADER_CONTENT_TYPE);
    struct span type = span_trim(span_cut(&rest, ';'));
    return type.len == 0 || span_equal_nocase(type, SPAN("application/json")) ||
           span_equal_nocase(type, SPAN("text/json")) || ends_with_json(type);
}

size_t filters_want_body(const struct exchange *ex, const struct response *response)
{
    bool is_wanted = filters_have(ex->filtering, SCRIPT_BODY) &&
                     ex->request->method != METHOD_HEAD && response->framing.kind != BODY_NONE &&
                     is_json(response);
    return is_wanted ? ex->services->filters.rules->body_bytes : 0;
}

/* --- The stage --- */

static bool is_digest(struct span name)
{
    static const struct span names[] = {SPAN_INIT("content-md5"), SPAN_INIT("digest"),
                                        SPAN_INIT("content-digest"), SPAN_INIT("repr-digest")};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (span_equal_nocase(name, names[i]))
            return true;
    }
    return false;
}

/* What says which bytes the upstream had: a tag of theirs would let a client keep what it had before, and
 * the store would validate with it what it does not have. The store makes a tag of its own. */
static bool tells_original(const struct header *header, const void *context)
{
    (void)context;
    switch (header->id) {
    case HEADER_ETAG:
    case HEADER_LAST_MODIFIED:
    case HEADER_ACCEPT_RANGES:
    case HEADER_CONTENT_LENGTH:
        return true;
    default:
        return is_digest(header->name);
    }
}

/* The client's message says what to do; and that, beside it, the request was not in vain. */
static const struct filter_fault too_large = {
    .why = "the answer's body is larger than filter_limits.body",
    .problem = PROBLEM_FILTER_FAILED,
    .message =
        SPAN_INIT("The request was carried out, but its answer is larger than the filters of this "
                  "gateway take: ask for less at once, or let the gateway's operator raise "
                  "filter_limits.body."),
};
static const struct filter_fault is_part = {
    .why = "the answer is a part that nobody asked for",
    .problem = PROBLEM_FILTER_FAILED,
};
static const struct filter_fault unreadable = {
    .why = "the answer's content coding cannot be undone",
    .problem = PROBLEM_FILTER_FAILED,
};

/* What is not what the filters would have made of it is nobody else's. */
static void keep_from_store(struct exchange *ex)
{
    if (!ex->lookup)
        return;
    ex->lookup->may_store = false;
    lookup_land(ex->lookup, LANDED_ALONE, NULL);
}

static enum verdict give_up(struct exchange *ex, const struct filter_fault *fault)
{
    if (!filters_give_up(ex->filtering, SCRIPT_BODY, fault)) {
        if (!upstream_call_is_over(&ex->forward->call))
            forward_call_off(ex->forward);
        return STAGE_RESPOND;
    }
    keep_from_store(ex);
    return STAGE_NEXT;
}

static void set_body(struct exchange *ex, struct span body)
{
    ex->body = body;
    ex->response->framing = body.len > 0 ? (struct framing){BODY_LENGTH, body.len}
                                         : (struct framing){.kind = BODY_NONE};
}

/* The body as it is meant: body itself, or what decoded then holds. NULL, or why not. */
static const struct filter_fault *decode(struct exchange *ex, struct span body, struct span *meant)
{
    struct filtering *f = ex->filtering;
    const struct header_list *headers = &ex->response->headers;
    buffer_init(&f->decoded, ex->services->filters.rules->body_bytes);
    enum status status = ERR_SYNTAX;
    *meant = body;
    switch (coding_of_message(headers)) {
    case CODING_IDENTITY:
        return NULL;
    case CODING_GZIP:
        status = gzip_decode(body, &f->decoded);
        break;
    case CODING_OTHER:
        if (header_list_count(headers, HEADER_CONTENT_ENCODING) == 1 &&
            span_equal_nocase(header_list_value(headers, HEADER_CONTENT_ENCODING), SPAN("deflate")))
            status = deflate_decode(body, &f->decoded);
        break;
    }
    *meant = buffer_bytes(&f->decoded);
    if (status == ERR_LIMIT)
        return &too_large;
    return status == OK ? NULL : &unreadable;
}

/* In gzip, if it came so and whoever asked takes it; others are given the other form from the store. */
static void set_changed_body(struct exchange *ex, struct span body)
{
    struct filtering *f = ex->filtering;
    bool stays_gzip = f->takes_gzip && coding_of_message(&ex->response->headers) == CODING_GZIP;
    buffer_init(&f->coded, body.len + KIB);
    if (stays_gzip && body.len >= WORTH_CODING && gzip_encode(body, &f->coded) == OK) {
        set_body(ex, buffer_bytes(&f->coded));
        return;
    }
    header_list_remove(&ex->response->headers, HEADER_CONTENT_ENCODING);
    set_body(ex, body);
}

static enum verdict change(struct exchange *ex, struct span body)
{
    struct filtering *f = ex->filtering;
    struct span meant;
    bool passed;
    const struct filter_fault *fault =
        ex->response->status == 206 ? &is_part : decode(ex, body, &meant);
    set_body(ex, body);
    if (fault)
        return give_up(ex, fault);
    f->about = filters_call(f);
    f->about.response = ex->response;
    f->about.hides_caller = true;
    f->about.has_body = true;
    f->about.body = meant;
    if (!filters_run(f, SCRIPT_BODY, &f->about, &passed))
        return STAGE_RESPOND;
    if (passed)
        keep_from_store(ex);
    if (f->about.changed_body || (meant.at != body.at && !f->takes_gzip))
        set_changed_body(ex, f->about.body);
    return STAGE_NEXT;
}

/* An error was looked at already, and is perhaps in other words. */
static bool is_translated(const struct exchange *ex)
{
    return ex->response->status >= 400 && !ex->services->options->is_generic;
}

enum verdict filter_body_begin(struct exchange *ex)
{
    struct forward *f = ex->forward;
    if (!filters_have(ex->filtering, SCRIPT_BODY))
        return STAGE_NEXT;
    bool is_validated = ex->response->status == 304 && ex->lookup && ex->lookup->validates;
    if (is_validated || !is_json(ex->response))
        return STAGE_NEXT;
    header_list_remove_if(&ex->response->headers, tells_original, NULL);
    if (f->is_beyond_filters)
        return give_up(ex, &too_large);
    struct span body = is_translated(ex) ? ex->body : buffer_bytes(&f->collected);
    bool is_whole = is_translated(ex) || f->filter_limit > 0;
    return is_whole && body.len > 0 ? change(ex, body) : STAGE_NEXT;
}
