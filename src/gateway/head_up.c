#include "gateway/head_up.h"

#include <inttypes.h>

#include "base/text.h"
#include "http/writer.h"

struct span via_value(const struct exchange *ex, unsigned version)
{
    return ARENA_JOIN(ex->arena, version == 10 ? SPAN("1.0 ") : SPAN("1.1 "), ex->services->via);
}

bool head_up_is_loop(const struct exchange *ex)
{
    const struct header_list *headers = &ex->request->headers;
    for (size_t i = 0; i < headers->count; i++) {
        struct span rest = headers->at[i].value, element;
        if (headers->at[i].id != HEADER_VIA)
            continue;
        while (span_next_element(&rest, &element)) {
            (void)span_cut(&element, ' '); /* the protocol */
            if (span_equal(span_trim(element), ex->services->via))
                return true;
        }
    }
    return false;
}

bool head_up_may_go_on(struct exchange *ex)
{
    struct header_list *headers = &ex->request->headers;
    uint64_t hops;
    for (size_t i = 0; ex->request->method == METHOD_OPTIONS && i < headers->count; i++) {
        struct header *header = &headers->at[i];
        if (!span_equal_nocase(header->name, SPAN("max-forwards")) ||
            !span_to_u64(header->value, &hops))
            continue;
        if (hops == 0)
            return false;
        header->value = arena_format(ex->arena, "%" PRIu64, hops - 1);
    }
    return true;
}

static bool passes_user_field(const struct exchange *ex, unsigned pass)
{
    return ex->operation_flags & OP_TAKES_USER && ex->profile->pass & pass;
}

/* W3C Trace Context §3.3.1.1: without a traceparent that is good, tracestate means nothing. */
static bool is_settled_trace(const struct exchange *ex, const struct header *header)
{
    return header->id == HEADER_TRACEPARENT ||
           (!ex->continues_trace && span_equal_nocase(header->name, SPAN("tracestate")));
}

/* Any other API: its fields are its own affair, but for ours and the caller's key. */
static bool is_not_for_any(const struct header *header, const void *context)
{
    const struct exchange *ex = context;
    return is_settled_trace(ex, header) || header->id == HEADER_HOST ||
           header->id == HEADER_X_REQUEST_ID || header->id == HEADER_AUTHORIZATION ||
           header->id == HEADER_X_BPGATE_KEY;
}

static bool is_not_for_upstream(const struct header *header, const void *context)
{
    const struct exchange *ex = context;
    if (is_settled_trace(ex, header))
        return true;
    switch (header->id) {
    case HEADER_HOST:
    case HEADER_X_REQUEST_ID:
    case HEADER_X_BOT_ID:
    case HEADER_X_WORKSPACE_ID:
    case HEADER_X_INTEGRATION_ID:
    case HEADER_X_INTEGRATION_ALIAS:
    case HEADER_X_DESTINATION_BOT_ID:
        return true; /* written anew below */
    case HEADER_X_USER_ID:
        return !passes_user_field(ex, PASS_USER_ID);
    case HEADER_X_USER_ROLE:
        return !passes_user_field(ex, PASS_USER_ROLE);
    case HEADER_X_INTEGRATION_NAME:
        return !passes_user_field(ex, PASS_INTEGRATION_NAME);
    default:
        return header_flags_of(header->id, header->name) & (HEADER_PRIVATE | HEADER_HOP);
    }
}

static void add(struct exchange *ex, enum header_id id, struct span value)
{
    if (value.len > 0)
        ASSERT(header_list_add_known(&ex->request->headers, id, value));
}

/* The caller's own token, if the profile lets it through; never a key of ours, however it is put. */
static struct span passed_authorization(const struct exchange *ex)
{
    struct span value = header_list_value(&ex->request->headers, HEADER_AUTHORIZATION);
    bool may_pass = ex->profile->credential < 0 && ex->profile->pass_authorization;
    return may_pass && !span_matches(value, SPAN("*bpg_*")) ? value : SPAN("");
}

bool head_up_prepare(struct exchange *ex, struct span *missing)
{
    struct header_list *headers = &ex->request->headers;
    struct span authorization = passed_authorization(ex);
    header_list_remove_if(
        headers, ex->services->options->is_generic ? is_not_for_any : is_not_for_upstream, ex);
    add(ex, HEADER_HOST, ex->services->upstream_authority);
    add(ex, HEADER_VIA, via_value(ex, ex->request->version));
    add(ex, HEADER_X_REQUEST_ID, ex->request_id);
    add(ex, HEADER_TRACEPARENT, ex->traceparent);
    add(ex, HEADER_X_BOT_ID, ex->ids[ID_BOT]);
    add(ex, HEADER_X_WORKSPACE_ID, ex->ids[ID_WORKSPACE]);
    add(ex, HEADER_X_INTEGRATION_ID, ex->ids[ID_INTEGRATION]);
    add(ex, HEADER_X_INTEGRATION_ALIAS, ex->integration_alias);
    add(ex, HEADER_X_DESTINATION_BOT_ID, ex->destination_bot);
    add(ex, HEADER_AUTHORIZATION, authorization);
    if (ex->operation_flags & OP_NEEDS_BOT && ex->ids[ID_BOT].len == 0)
        *missing = header_name(HEADER_X_BOT_ID);
    else if (ex->operation_flags & OP_NEEDS_WORKSPACE && ex->ids[ID_WORKSPACE].len == 0)
        *missing = header_name(HEADER_X_WORKSPACE_ID);
    else
        return true;
    return false;
}

struct span head_up_write(struct exchange *ex, struct span token)
{
    const struct request *request = ex->request;
    bool wants_length = request->method == METHOD_POST || request->method == METHOD_PUT ||
                        request->method == METHOD_PATCH;
    if (token.len > 0) {
        header_list_remove(&ex->request->headers, HEADER_AUTHORIZATION);
        add(ex, HEADER_AUTHORIZATION, ARENA_JOIN(ex->arena, SPAN("Bearer "), token));
    }
    return write_request_head(ex->arena, request, wants_length);
}
