#include "gateway/local_answer.h"

#include "base/random.h"
#include "base/text.h"

enum { OWN_HEADERS = 24, QUOTE_LEN = 80 };

static struct response *own_response(struct exchange *ex, unsigned status)
{
    struct response *response = arena_zalloc(ex->arena, sizeof(*response));
    response->status = status;
    response->version = 11;
    response->keep_alive = true;
    header_list_init(&response->headers, ex->arena, OWN_HEADERS);
    ex->response = response;
    ex->source = SOURCE_GATEWAY;
    return response;
}

static void add(struct exchange *ex, const char *name, struct span value)
{
    ASSERT(header_list_add(&ex->response->headers, span_of(name), value));
}

enum verdict problem_respond(struct exchange *ex, const struct problem *problem)
{
    struct response *response = own_response(ex, problem_status(problem));
    struct span id = problem_new_id(ex->arena, ex->started_wall_ms, (uint32_t)random_u64());
    ex->body = problem_body(problem, id, ex->arena);
    ex->reason = problem_reason(problem);
    ex->refusal = problem->is_upstreams ? 0 : 1 + (unsigned)problem->id;
    response->framing = (struct framing){BODY_LENGTH, ex->body.len};
    add(ex, "content-type", SPAN("application/json"));
    add(ex, "cache-control", SPAN("no-store"));
    if (!problem->is_upstreams)
        add(ex, "proxy-status", problem_proxy_status(problem, ex->arena));
    if (problem->retry_after_s > 0)
        add(ex, "retry-after", arena_format(ex->arena, "%u", problem->retry_after_s));
    return STAGE_RESPOND;
}

enum verdict problem_say(struct exchange *ex, enum problem_id id, struct span message)
{
    const struct problem problem = {.id = id, .message = message};
    return problem_respond(ex, &problem);
}

enum verdict empty_respond(struct exchange *ex, unsigned status)
{
    (void)own_response(ex, status);
    add(ex, "proxy-status", SPAN("bpgate"));
    return STAGE_RESPOND;
}

struct problem problem_of_fault(enum http_fault fault)
{
    static const struct {
        unsigned status;
        enum problem_id id;
    } rows[] = {
        {408, PROBLEM_REQUEST_TIMEOUT}, {414, PROBLEM_TARGET_TOO_LONG}, {417, PROBLEM_EXPECTATION},
        {431, PROBLEM_HEAD_TOO_LARGE},  {501, PROBLEM_NOT_IMPLEMENTED}, {505, PROBLEM_VERSION},
    };
    struct problem problem = {.id = PROBLEM_BAD_REQUEST, .message = http_fault_text(fault)};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (rows[i].status == http_fault_status(fault))
            problem.id = rows[i].id;
    }
    return problem;
}

struct span quoted(struct arena *arena, struct span text)
{
    size_t len = text.len < QUOTE_LEN ? text.len : QUOTE_LEN;
    char *copy = arena_alloc(arena, len + 1);
    for (size_t i = 0; i < len; i++)
        copy[i] = (char)(text.at[i] >= ' ' && text.at[i] < 0x7f ? text.at[i] : '?');
    return (struct span){copy, len};
}
