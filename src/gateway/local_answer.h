/* local_answer.h - answers of the gateway's own: problems, and a few without a body. */
#ifndef GATEWAY_LOCAL_ANSWER_H
#define GATEWAY_LOCAL_ANSWER_H

#include "gateway/exchange.h"

/* Decides the response: the problem in both shapes, with Proxy-Status, Retry-After, x-request-id.
 * Further fields may be added to exchange->response afterwards. */
enum verdict problem_respond(struct exchange *exchange, const struct problem *problem);

/* The problem's row as it stands, with this message; an empty one keeps the row's. */
enum verdict problem_say(struct exchange *exchange, enum problem_id id, struct span message);

/* A response without a body. */
enum verdict empty_respond(struct exchange *exchange, unsigned status);

/* The problem that stands for bytes that are not HTTP as we take it. */
struct problem problem_of_fault(enum http_fault fault);

/* What of a caller's bytes may be quoted in a message: printable, at most 80 of them. */
struct span quoted(struct arena *arena, struct span text);

#endif
