/* limit_claims.h - which limits a request falls under, and whose count each of them is. Spends nothing. */
#ifndef GATEWAY_LIMIT_CLAIMS_H
#define GATEWAY_LIMIT_CLAIMS_H

#include "gateway/limits.h"

/* Whether the policy is about this key (NULL: nobody's); and about the operation, too. */
bool limit_is_of_key(const struct limit_policy *policy, const struct key_record *key);
bool limit_concerns(const struct limit_policy *policy, const struct exchange *ex);

/* Adds a claim: the policy's cost from the caller's partition. */
void limit_claim_add(struct exchange *ex, struct limits *limits, const struct limit_policy *policy);

/* All policies of a place that the request falls under; limits->before says where they begin. */
void limit_claims_of(struct exchange *ex, struct limits *limits, enum limit_place place);

/* What counts here while Redis is away, for the claims from `before` on: all of the rate, or a share of
 * it, and of the burst as far as one request fits. */
void limit_claims_share(const struct exchange *ex, struct limits *limits);

/* Whether failed authentications of this address are not counted, and the claim if they are. */
bool limit_failures_are_free(const struct exchange *ex);
struct limit_claim limit_claim_of_failure(const struct exchange *ex);

#endif
