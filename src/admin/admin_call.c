#include "admin/admin_call.h"

#include "base/clock.h"
#include "base/random.h"
#include "base/text.h"

enum { OWN_HEADERS = 8 };

static void add(struct response *response, const char *name, struct span value)
{
    ASSERT(header_list_add(&response->headers, span_of(name), value));
}

static struct response *begin(struct admin_call *call, unsigned status, struct span type,
                              struct span body)
{
    struct response *response = arena_zalloc(call->arena, sizeof(*response));
    response->status = status;
    response->version = 11;
    response->keep_alive = true;
    response->framing = (struct framing){BODY_LENGTH, body.len};
    header_list_init(&response->headers, call->arena, OWN_HEADERS);
    add(response, "content-type", type);
    add(response, "cache-control", SPAN("no-store"));
    add(response, "x-content-type-options", SPAN("nosniff"));
    return response;
}

void admin_wait(struct admin_call *call, void *operation, void (*call_off)(void *operation))
{
    call->operation = operation;
    call->call_off = call_off;
}

static void respond(struct admin_call *call, const struct response *response, struct span json)
{
    call->operation = NULL;
    buffer_clear(&call->body);
    client_send_head(call->client, response);
    client_send_body(call->client, json);
    client_send_end(call->client);
    client_done(call->client);
}

void admin_answer(struct admin_call *call, unsigned status, struct span json)
{
    respond(call, begin(call, status, SPAN("application/json"), json), json);
}

void admin_answer_as(struct admin_call *call, struct span type, struct span body)
{
    respond(call, begin(call, 200, type, body), body);
}

void admin_answer_page(struct admin_call *call, struct span type, struct span body)
{
    struct response *response = begin(call, 200, type, body);
    add(response, "content-security-policy",
        SPAN("default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
             "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"));
    add(response, "referrer-policy", SPAN("no-referrer"));
    add(response, "cross-origin-opener-policy", SPAN("same-origin"));
    respond(call, response, body);
}

/* RFC 9110 §15.5.6: 405 names the methods that there are. */
static struct span allow_of(const struct admin_call *call)
{
    return call->route && call->route->method == METHOD_POST ? SPAN("POST") : SPAN("GET, HEAD");
}

void admin_refuse(struct admin_call *call, const struct problem *problem)
{
    unsigned status = problem_status(problem);
    struct span id = problem_new_id(call->arena, clock_wall_ms(), (uint32_t)random_u64());
    struct span json = problem_body(problem, id, call->arena);
    struct response *response = begin(call, status, SPAN("application/json"), json);
    if (problem->id == PROBLEM_NO_KEY || problem->id == PROBLEM_BAD_KEY)
        add(response, "www-authenticate", SPAN("Bearer realm=\"bpgate admin\""));
    if (problem->id == PROBLEM_METHOD)
        add(response, "allow", allow_of(call));
    respond(call, response, json);
}

void admin_say(struct admin_call *call, enum problem_id id, struct span message)
{
    const struct problem problem = {.id = id, .message = message};
    admin_refuse(call, &problem);
}
