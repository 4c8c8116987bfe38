#include "botpress/translate.h"

#include "gateway/forward.h"
#include "gateway/local_answer.h"
#include "gateway/outcome.h"
#include "gateway/stages.h"

/* The body was collected to be looked at and is what it was. */
static enum verdict pass(struct exchange *ex, struct span body)
{
    ex->body = body;
    ex->response->framing = body.len > 0 ? (struct framing){BODY_LENGTH, body.len}
                                         : (struct framing){.kind = BODY_NONE};
    return STAGE_NEXT;
}

/* A 502 makes SDK clients send a POST again (product §1): only a gateway that knows that nothing
 * was done may say it, and an edge's page does not say. */
static unsigned safe_status(const struct exchange *ex, unsigned status)
{
    return status == 502 && !(ex->operation_flags & OP_IDEMPOTENT) ? 504 : status;
}

/* What belongs to the status, whoever words the body (RFC 9110 §10.2, §11.6.1). */
static const struct span kept_fields[] = {
    SPAN_INIT("retry-after"),
    SPAN_INIT("allow"),
    SPAN_INIT("www-authenticate"),
};

static enum verdict replace(struct exchange *ex, enum error_type type, struct span message)
{
    const struct response *theirs = ex->response;
    struct problem problem = {
        .id = PROBLEM_UPSTREAM_MALFORMED,
        .status = safe_status(ex, theirs->status),
        .has_type = true,
        .type = type,
        .message = message,
        .is_upstreams = true,
    };
    if (problem.status != theirs->status)
        problem.type = error_type_of_status(problem.status);
    struct span received = arena_format(ex->arena, "bpgate; received-status=%u", theirs->status);
    (void)problem_respond(ex, &problem);
    ASSERT(header_list_add(&ex->response->headers, SPAN("proxy-status"), received));
    for (size_t i = 0; i < COUNT_OF(kept_fields); i++) {
        const struct header *header = header_list_find_name(&theirs->headers, kept_fields[i]);
        if (header)
            ASSERT(header_list_add(&ex->response->headers, header->name, header->value));
    }
    ex->source = SOURCE_UPSTREAM;
    return STAGE_NEXT;
}

enum verdict translate_begin(struct exchange *ex)
{
    const struct response *response = ex->response;
    if (response->status < 400 || ex->request->method == METHOD_HEAD ||
        ex->services->options->is_generic)
        return STAGE_NEXT;
    struct forward *f = ex->forward;
    const struct error_answer answer = {
        .status = response->status,
        .content_type = header_list_value(&response->headers, HEADER_CONTENT_TYPE),
        .content_encoding = header_list_value(&response->headers, HEADER_CONTENT_ENCODING),
        .body = f->collected_is_too_long ? SPAN("") : buffer_bytes(&f->collected),
    };
    enum error_type type;
    struct span message;
    switch (translate_error(&answer, ex->arena, &type, &message)) {
    case ERROR_BODY_BOTPRESS:
    case ERROR_BODY_OPAQUE:
        outcome_of_answer(f, response->status, false);
        return pass(ex, answer.body);
    case ERROR_BODY_DOCUMENTED:
        outcome_of_answer(f, response->status, false);
        break;
    case ERROR_BODY_FOREIGN:
        outcome_of_answer(f, response->status, true);
        break;
    }
    return replace(ex, type, message);
}
