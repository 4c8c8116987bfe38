/* outcome.h - what an attempt tells the breaker, once each.
 *
 * Typed Botpress errors never count against the upstream: it was there and answered.
 */
#ifndef GATEWAY_OUTCOME_H
#define GATEWAY_OUTCOME_H

#include "gateway/forward.h"

/* Whether an attempt may be made now; if so its outcome is owed. */
bool outcome_may_try(struct forward *forward);

/* The attempt has failed before a head. */
void outcome_of_failure(struct forward *forward);

/* It was answered: with an error that no Botpress service wrote (an edge's page), or else. */
void outcome_of_answer(struct forward *forward, unsigned status, bool is_foreign);

/* It ended for reasons that are not the upstream's, if its outcome is still owed. */
void outcome_unknown(struct forward *forward);

/* The breaker is open: 503 with the time to wait. */
enum verdict outcome_say_unavailable(struct exchange *exchange);

#endif
