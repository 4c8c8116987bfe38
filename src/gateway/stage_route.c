#include "base/text.h"
#include "gateway/cors.h"
#include "gateway/local_answer.h"
#include "gateway/stages.h"

static const char *const method_names[] = {
    [METHOD_GET] = "GET",         [METHOD_HEAD] = "HEAD",   [METHOD_POST] = "POST",
    [METHOD_PUT] = "PUT",         [METHOD_PATCH] = "PATCH", [METHOD_DELETE] = "DELETE",
    [METHOD_OPTIONS] = "OPTIONS",
};

/* The value of Allow (RFC 9110 §10.2.1). */
static struct span allow_of(struct arena *arena, unsigned allowed)
{
    struct span text = SPAN("");
    for (size_t i = METHOD_GET; i < COUNT_OF(method_names); i++) {
        if (allowed & 1u << i)
            text = arena_format(arena, "%.*s%s%s", (int)text.len, text.at, text.len ? ", " : "",
                                method_names[i]);
    }
    return text;
}

static enum verdict respond_other_method(struct exchange *ex)
{
    struct span allow = allow_of(ex->arena, ex->route.allowed);
    if (ex->request->method == METHOD_OPTIONS)
        (void)empty_respond(ex, 204);
    else
        (void)problem_say(ex, PROBLEM_METHOD,
                          arena_format(ex->arena, "This path exists, but not with %.*s: use %.*s.",
                                       (int)quoted(ex->arena, ex->request->method_name).len,
                                       quoted(ex->arena, ex->request->method_name).at,
                                       (int)allow.len, allow.at));
    ASSERT(header_list_add(&ex->response->headers, SPAN("allow"), allow));
    return STAGE_RESPOND;
}

static enum verdict respond_unknown(struct exchange *ex)
{
    struct span hint = route_suggest(ex->services->catalogue, ex->arena, ex->request->path);
    return problem_say(ex, PROBLEM_NOT_FOUND, hint);
}

/* Without a catalogue only HTTP itself says what may be sent again (RFC 9110 §9.2.2). */
static enum verdict route_generic(struct exchange *ex)
{
    static const unsigned idempotent = 1u << METHOD_GET | 1u << METHOD_HEAD | 1u << METHOD_PUT |
                                       1u << METHOD_DELETE | 1u << METHOD_OPTIONS;
    ex->route_result = ROUTE_UNKNOWN;
    ex->route.service = SERVICE_UNKNOWN;
    ex->operation_flags = idempotent & 1u << ex->request->method ? OP_IDEMPOTENT : 0;
    ex->deadline = DEADLINE_NORMAL;
    return STAGE_NEXT;
}

enum verdict route_begin(struct exchange *ex)
{
    const struct request *request = ex->request;
    if (cors_answers_preflight(ex))
        return STAGE_RESPOND;
    if (ex->services->options->is_generic)
        return route_generic(ex);
    ex->route_result =
        route_match(ex->services->catalogue, request->method, request->path, &ex->route);
    switch (ex->route_result) {
    case ROUTE_FOUND:
        ex->operation_flags = ex->route.operation->flags;
        ex->deadline = ex->route.operation->deadline;
        return STAGE_NEXT;
    case ROUTE_OTHER_METHOD:
        return respond_other_method(ex);
    case ROUTE_UNKNOWN:
        break;
    }
    if (ex->services->options->deny_unknown_routes)
        return respond_unknown(ex);
    ex->operation_flags = service_default_flags(ex->route.service, request->method);
    ex->deadline = service_default_deadline(ex->route.service, request->method);
    return STAGE_NEXT;
}
