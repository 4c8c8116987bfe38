#include "admin/explain_call.h"

#include "admin/explain_head.h"
#include "base/text.h"
#include "gateway/explain.h"
#include "gateway/head_up.h"
#include "gateway/local_answer.h"
#include "http/head_check.h"
#include "http/parser.h"

enum { ANSWER_SIZE = 256 * KIB, HEADERS_MAX = 50, LONGEST_HEAD = 32 * KIB };

static const struct head_limits limits = {LONGEST_HEAD, 8 * KIB, HEADERS_MAX};

/* NULL when it is no request: that has been answered. */
static struct request *request_of(struct admin_call *call, struct span head)
{
    struct request *request = arena_zalloc(call->arena, sizeof(*request));
    const struct parser_limits parser = {.header_count = HEADERS_MAX, .spare = HEAD_UP_SPARE};
    struct head_check check = {0};
    enum http_fault fault = FAULT_START_LINE;
    if (head.len > 0 && head_check(&check, HEAD_REQUEST, head, &limits) == HEAD_COMPLETE)
        fault = parse_request(head, &parser, call->arena, request);
    else if (check.fault != FAULT_NONE)
        fault = check.fault;
    if (fault == FAULT_NONE)
        return request;
    const struct problem problem = problem_of_fault(fault);
    admin_refuse(call, &problem);
    return NULL;
}

static const struct key_record *find_key(const struct admin_services *services, struct span name)
{
    for (size_t i = 0; i < services->key_count; i++) {
        if (span_equal(services->keys[i].name, name) || span_equal(services->keys[i].id, name))
            return &services->keys[i];
    }
    return NULL;
}

void answer_explain(struct admin_call *call)
{
    struct span name;
    struct json_writer json;
    struct span head = explain_head(buffer_bytes(&call->body), call->arena, &name);
    struct explain_question question = {.key = find_key(call->services, name)};
    if (name.len > 0 && !question.key) {
        admin_say(call, PROBLEM_BAD_REQUEST, SPAN("There is no key of that name or id."));
        return;
    }
    question.request = request_of(call, head);
    if (!question.request)
        return;
    json_init(&json, arena_alloc(call->arena, ANSWER_SIZE), ANSWER_SIZE);
    json_object(&json);
    explain_write(call->services->gateway, call->arena, &question, &json);
    json_close(&json);
    admin_answer(call, 200, json_finish(&json));
}
