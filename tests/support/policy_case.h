/* policy_case.h - one response, written as text, before cache_policy_store. Header only.
 *
 * What is left out is a GET that is answered at once with 200, and no rule. It comes on Sunday, 15
 * June 2025, 15:06:40 GMT.
 */
#ifndef SUPPORT_POLICY_CASE_H
#define SUPPORT_POLICY_CASE_H

#include "cache/cache_policy.h"
#include "support/field_lines.h"

enum { CASE_NOW_S = 1750000000 };
#define CASE_NOW_MS (UINT64_C(1000) * CASE_NOW_S)
#define CASE_DATE   "Date: Sun, 15 Jun 2025 15:06:40 GMT\n"

struct policy_case {
    struct cache_rule rule;
    enum method method;             /* METHOD_OTHER: GET */
    unsigned status;                /* 0: 200 */
    const char *request, *response; /* lines of fields */
    bool is_authorized, is_generic;
    uint64_t delay_ms; /* how long the response took */
};

static inline enum store_refusal policy_case_store(const struct policy_case *c,
                                                   struct cache_facts *facts)
{
    struct field_lines request, response;
    struct cache_control control;
    cache_policy_read_request(field_lines_read(&request, span_of(c->request)), &control);
    const struct cache_asked asked = {
        .method = c->method == METHOD_OTHER ? METHOD_GET : c->method,
        .headers = &request.list,
        .control = &control,
        .is_authorized = c->is_authorized,
        .is_generic = c->is_generic,
    };
    const struct cache_answered answered = {
        .status = c->status > 0 ? c->status : 200,
        .headers = field_lines_read(&response, span_of(c->response)),
        .request_wall_ms = CASE_NOW_MS - c->delay_ms,
        .response_wall_ms = CASE_NOW_MS,
    };
    *facts = (struct cache_facts){0};
    return cache_policy_store(&c->rule, &asked, &answered, facts);
}

#endif
