#include "base/clock.h"
#include "base/text.h"
#include "gateway/filters.h"
#include "gateway/forward.h"
#include "gateway/head_down.h"
#include "gateway/local_answer.h"
#include "gateway/lookup.h"
#include "gateway/stages.h"

/* --- The request's body --- */

static bool needs_body(const struct filtering *f)
{
    for (size_t i = 0; i < f->exchange->services->filters.rules->count; i++) {
        if (f->fits >> i & 1 && script_host_needs_request_body(f->host, i))
            return true;
    }
    return false;
}

static void nothing_to_call_off(void *filtering)
{
    struct filtering *f = filtering;
    f->is_gathering = false;
    timer_stop(&f->timer);
}

static void on_late(struct timer *timer)
{
    struct filtering *f = container_of(timer, struct filtering, timer);
    struct problem problem = problem_of_fault(FAULT_TIMEOUT);
    (void)problem_respond(f->exchange, &problem);
    exchange_interrupt(f->exchange);
}

static enum verdict gather(struct filtering *f)
{
    struct exchange *ex = f->exchange;
    uint64_t total_ms = ex->services->options->deadlines[ex->deadline].total_ms;
    f->is_gathering = true;
    buffer_init(&f->body, ex->services->filters.rules->body_bytes);
    timer_init(&f->timer, &ex->services->loop->timers, on_late);
    if (total_ms > 0)
        timer_set(&f->timer, ex->started_ms + total_ms);
    client_read_body(ex->client);
    return exchange_wait(ex, f, nothing_to_call_off);
}

static const struct filter_fault too_large = {
    .why = "the request's body is larger than filter_limits.body",
    .problem = PROBLEM_BODY_TOO_LARGE,
    .message =
        SPAN_INIT("The request body is larger than a filter of this gateway takes: send less at "
                  "once, or let the gateway's operator raise filter_limits.body."),
};

static void refuse(struct filtering *f, enum problem_id id)
{
    const struct problem problem = {
        .id = id,
        .retry_after_s = id == PROBLEM_OVERLOADED ? 1 : 0,
        .message = id == PROBLEM_OVERLOADED ? SPAN("") : too_large.message,
    };
    (void)problem_respond(f->exchange, &problem);
    exchange_interrupt(f->exchange);
}

void filters_take_body(struct exchange *ex, struct span piece)
{
    struct filtering *f = ex->filtering;
    struct services *services = ex->services;
    if (!f || !f->is_gathering)
        return; /* what came after it was decided */
    if (services->lasting->held + piece.len > services->options->held_bytes) {
        refuse(f, PROBLEM_OVERLOADED);
    } else if (buffer_append(&f->body, piece) != OK) {
        refuse(f, PROBLEM_BODY_TOO_LARGE);
    } else {
        services->lasting->held += piece.len;
    }
}

void filters_end_body(struct exchange *ex)
{
    struct filtering *f = ex->filtering;
    if (!f || !f->is_gathering)
        return;
    f->is_gathering = false;
    timer_stop(&f->timer);
    f->has_body = true;
    exchange_resume(ex);
}

/* --- The request --- */

/* Who may do what, once more: a filter has named another target. */
static enum verdict authorize_anew(struct exchange *ex)
{
    ex->route = (struct route_match){0};
    memset(ex->ids, 0, sizeof(ex->ids));
    ex->destination_bot = ex->integration_alias = SPAN("");
    if (route_begin(ex) == STAGE_RESPOND || authorize_begin(ex) == STAGE_RESPOND)
        return STAGE_RESPOND;
    filters_choose(ex->filtering);
    return STAGE_NEXT;
}

static enum verdict answer(struct exchange *ex, const struct script_answer *given)
{
    enum error_type type = ERROR_TYPE_Internal;
    if (given->type.len > 0) {
        const struct problem problem = {.id = PROBLEM_FILTERED,
                                        .status = given->status,
                                        .has_type = error_type_find(given->type, &type),
                                        .type = type,
                                        .retry_after_s = given->retry_after_s,
                                        .message = given->message};
        return problem_respond(ex, &problem);
    }
    (void)empty_respond(ex, given->status);
    ex->body = given->body;
    ex->response->framing = (struct framing){BODY_LENGTH, given->body.len};
    ASSERT(header_list_add(&ex->response->headers, SPAN("content-type"), SPAN("application/json")));
    ASSERT(header_list_add(&ex->response->headers, SPAN("cache-control"), SPAN("no-store")));
    return STAGE_RESPOND;
}

/* What goes upstream as the body: as it came, or as the filters have made it. */
static void settle_body(struct filtering *f, struct script_call *call)
{
    struct exchange *ex = f->exchange;
    if (!f->has_body)
        return;
    if (call->changed_body) {
        ex->services->lasting->held -= f->body.len;
        f->body.len = 0;
        buffer_clear(&f->body);
        buffer_init(&f->body, call->body.len);
        ASSERT(buffer_append(&f->body, call->body) == OK);
        ex->services->lasting->held += f->body.len;
    }
    f->new_body = buffer_bytes(&f->body);
    ex->request->framing = f->new_body.len > 0 ? (struct framing){BODY_LENGTH, f->new_body.len}
                                               : (struct framing){.kind = BODY_NONE};
}

static enum verdict run(struct exchange *ex)
{
    struct filtering *f = ex->filtering;
    struct script_call call = filters_call(f);
    bool passed;
    call.has_body = f->has_body;
    call.body = buffer_bytes(&f->body);
    bool goes_on = filters_run(f, SCRIPT_REQUEST, &call, &passed);
    if (goes_on)
        settle_body(f, &call);
    script_call_clear(&call);
    if (!goes_on)
        return STAGE_RESPOND;
    if (call.answer.is_given)
        return answer(ex, &call.answer);
    return f->wishes.has_moved ? authorize_anew(ex) : STAGE_NEXT;
}

enum verdict filter_request_begin(struct exchange *ex)
{
    if (!ex->services->filters.host)
        return STAGE_NEXT;
    filters_begin(ex);
    struct filtering *f = ex->filtering;
    if (!f)
        return STAGE_NEXT;
    const struct framing *framing = &ex->request->framing;
    if (framing->kind != BODY_NONE && needs_body(f)) {
        if (framing->kind != BODY_LENGTH ||
            framing->length <= ex->services->filters.rules->body_bytes)
            return gather(f);
        if (!filters_give_up(f, SCRIPT_REQUEST, &too_large))
            return STAGE_RESPOND;
    }
    return filters_have(f, SCRIPT_REQUEST) ? run(ex) : STAGE_NEXT;
}

enum verdict filter_request_finish(struct exchange *ex)
{
    return run(ex);
}

/* --- The response's head --- */

/* A problem takes the place of what was on its way. */
static void drop_answer(struct exchange *ex)
{
    if (ex->forward && !upstream_call_is_over(&ex->forward->call))
        forward_call_off(ex->forward);
    if (!lookup_is_filling(ex->lookup))
        return;
    cache_fill_clear(&ex->lookup->fill);
    lookup_land(ex->lookup, LANDED_AGAIN, NULL);
}

enum verdict filter_response_begin(struct exchange *ex)
{
    struct filtering *f = ex->filtering;
    bool passed;
    if (!filters_have(f, SCRIPT_RESPONSE) || ex->has_left)
        return STAGE_NEXT;
    struct script_call call = filters_call(f);
    call.response = ex->response;
    bool goes_on = filters_run(f, SCRIPT_RESPONSE, &call, &passed);
    script_call_clear(&call);
    if (goes_on)
        return STAGE_NEXT;
    drop_answer(ex);
    return STAGE_RESPOND;
}
