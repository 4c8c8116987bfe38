#include "admin/explain_call.h"

#include "admin/explain_head.h"
#include "base/text.h"
#include "gateway/explain.h"
#include "gateway/local_answer.h"

enum { ANSWER_SIZE = 256 * KIB };

/* One question being answered. */
struct asking {
    struct admin_call *call;
    struct explanation explanation;
    struct json_writer json;
};

static void finish(struct asking *asking)
{
    json_close(&asking->json);
    admin_answer(asking->call, 200, json_finish(&asking->json));
}

static void on_told(struct explanation *explanation)
{
    finish(container_of(explanation, struct asking, explanation));
}

static void call_off(void *asking)
{
    explain_off(&((struct asking *)asking)->explanation);
}

static void ask(struct admin_call *call, const struct explain_question *question)
{
    struct asking *asking = arena_zalloc(call->arena, sizeof(*asking));
    struct explanation *explanation = &asking->explanation;
    asking->call = call;
    json_init(&asking->json, arena_alloc(call->arena, ANSWER_SIZE), ANSWER_SIZE);
    json_object(&asking->json);
    json_bool(&asking->json, SPAN("live"), true);
    explanation->json = &asking->json;
    explanation->on_done = on_told;
    if (explain_begin(explanation, call->services->gateway, call->arena, question))
        finish(asking);
    else
        admin_wait(call, asking, call_off);
}

void answer_explain(struct admin_call *call)
{
    struct explain_question question = {.peer = *client_peer(call->client), .is_live = true};
    struct explain_words words;
    struct span head = explain_head(buffer_bytes(&call->body), call->arena, &words);
    if (head.len == 0) {
        admin_say(
            call, PROBLEM_BAD_REQUEST,
            SPAN("The body must describe a request, as JSON, and this tells " EXPLAIN_USAGE "."));
        return;
    }
    question.key = key_record_find(call->services->keys, call->services->key_count, words.key);
    if (words.key.len > 0 && !question.key) {
        admin_say(call, PROBLEM_BAD_REQUEST, SPAN("There is no key of that name or id."));
        return;
    }
    if (words.address.len > 0 && !address_parse(words.address, &question.peer)) {
        admin_say(call, PROBLEM_BAD_REQUEST,
                  SPAN("\"address\" must be an IP address: 192.0.2.1 or 2001:db8::1."));
        return;
    }
    enum http_fault fault = explain_head_parse(head, call->arena, &question.request);
    if (fault == FAULT_NONE) {
        ask(call, &question);
        return;
    }
    const struct problem problem = problem_of_fault(fault);
    admin_refuse(call, &problem);
}
