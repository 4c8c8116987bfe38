/* explain_parts.h - the members of an explanation: each writes one, of what is settled by then. */
#ifndef GATEWAY_EXPLAIN_PARTS_H
#define GATEWAY_EXPLAIN_PARTS_H

#include "gateway/explain.h"
#include "gateway/lookup.h"

/* op, route, service, deadline, retry. */
void explain_operation(const struct exchange *exchange, struct json_writer *json);

/* key and profile, and from where it comes. */
void explain_caller(const struct exchange *exchange, struct json_writer *json);

/* The limits of a place as elements of the open array; whether all admit. */
bool explain_limits(struct explanation *explanation, enum limit_place place);

/* Failed authentications of the address, likewise. */
bool explain_failures(struct explanation *explanation);

/* Those that would run, which they do not: what they would make of it is not foretold. */
void explain_filters(struct exchange *exchange, struct json_writer *json);

/* lookup may be NULL. */
void explain_cache(const struct explanation *explanation, struct lookup *lookup);

/* The head that would go upstream; false when an id is missing, which the answer then says. */
bool explain_headers(struct exchange *exchange, struct lookup *lookup, struct json_writer *json);

/* What the gateway would answer itself. */
void explain_answer(const struct exchange *exchange, struct json_writer *json, const char *stage);

#endif
