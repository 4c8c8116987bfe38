/* cors.h - which pages of other origins may read answers (the Fetch standard, CORS protocol).
 *
 * For the origins of the settings alone, named exactly, with credentials. What the upstream says of
 * the same is replaced. Without origins nothing of this happens.
 */
#ifndef GATEWAY_CORS_H
#define GATEWAY_CORS_H

#include "gateway/exchange.h"

enum { CORS_FIELDS = 4 }; /* of an answer that is no preflight's, at most */

/* The origin of the settings that the request comes from; len 0: none. At the start: what goes upstream
 * has no Origin any more. */
struct span cors_page_of(const struct exchange *exchange);

/* Whether the request asks what its page may ask; then it has been answered: 204. */
bool cors_answers_preflight(struct exchange *exchange);

/* The answer's fields, whoever made it. */
void cors_add_fields(struct exchange *exchange);

#endif
