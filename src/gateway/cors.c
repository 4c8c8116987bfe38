#include "gateway/cors.h"

#include "base/text.h"
#include "gateway/local_answer.h"

/* Browsers keep a preflight's answer no longer than two hours. */
#define MAX_AGE "7200"

static const struct span methods = SPAN_INIT("GET, HEAD, POST, PUT, PATCH, DELETE");
static const struct span exposed =
    SPAN_INIT("x-request-id, retry-after, ratelimit, ratelimit-policy, x-ratelimit-limit, "
              "x-ratelimit-remaining, x-ratelimit-reset, cache-status, age, etag, proxy-status");

static bool is_on(const struct exchange *ex)
{
    return ex->services->options->cors.count > 0;
}

/* Fetch §3.2.5: byte for byte. Of two Origin fields a browser has sent at most one. */
struct span cors_page_of(const struct exchange *ex)
{
    const struct cors_options *cors = &ex->services->options->cors;
    struct span origin = header_list_value(&ex->request->headers, HEADER_ORIGIN);
    if (header_list_count(&ex->request->headers, HEADER_ORIGIN) != 1)
        return SPAN("");
    for (size_t i = 0; i < cors->count; i++) {
        if (span_equal(origin, cors->origins[i]))
            return cors->origins[i];
    }
    return SPAN("");
}

static void add(struct exchange *ex, const char *name, struct span value)
{
    ASSERT(header_list_add(&ex->response->headers, span_of(name), value));
}

static struct span asked_of(const struct exchange *ex, const char *name)
{
    const struct header *header = header_list_find_name(&ex->request->headers, span_of(name));
    return header ? header->value : SPAN("");
}

bool cors_answers_preflight(struct exchange *ex)
{
    if (!is_on(ex) || ex->request->method != METHOD_OPTIONS || ex->page.len == 0 ||
        asked_of(ex, "access-control-request-method").len == 0)
        return false;
    struct span names = asked_of(ex, "access-control-request-headers");
    (void)empty_respond(ex, 204);
    add(ex, "access-control-allow-methods", methods);
    if (names.len > 0) /* "*" would not cover Authorization (Fetch §4.9) */
        add(ex, "access-control-allow-headers", names);
    add(ex, "access-control-max-age", SPAN(MAX_AGE));
    return true;
}

static bool is_cors_field(const struct header *header, const void *context)
{
    static const char prefix[] = "access-control-";
    enum { LEN = sizeof(prefix) - 1 };
    (void)context;
    return header->name.len > LEN &&
           span_equal_nocase((struct span){header->name.at, LEN}, (struct span){prefix, LEN});
}

void cors_add_fields(struct exchange *ex)
{
    struct header_list *headers = &ex->response->headers;
    if (!is_on(ex))
        return;
    if (ex->source != SOURCE_GATEWAY)
        header_list_remove_if(headers, is_cors_field, NULL);
    if (!header_list_has_element(headers, HEADER_VARY, SPAN("origin")))
        add(ex, "vary", SPAN("Origin")); /* also when it is not allowed: another one may be */
    if (ex->page.len == 0)
        return;
    add(ex, "access-control-allow-origin", ex->page);
    add(ex, "access-control-allow-credentials", SPAN("true"));
    add(ex, "access-control-expose-headers", exposed);
}
