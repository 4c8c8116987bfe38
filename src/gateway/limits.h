/* limits.h - what the limits have to do with one exchange: what it has spent, and what its answer says of
 * that. In the exchange's arena; made by the stages limit_*, cleared by the gateway at its end.
 */
#ifndef GATEWAY_LIMITS_H
#define GATEWAY_LIMITS_H

#include "gateway/exchange.h"

/* Who has counted a claim. */
enum limit_ledger { LEDGER_MEMORY, LEDGER_REDIS };

struct limits {
    struct exchange *exchange;                   /* borrowed; while it waits */
    struct limit_claim claims[LIMIT_CLAIMS_MAX]; /* spent, or refused */
    const struct limit_policy *policies[LIMIT_CLAIMS_MAX];
    enum limit_ledger ledgers[LIMIT_CLAIMS_MAX];
    struct limit_partition partitions[LIMIT_CLAIMS_MAX];
    struct gcra_rate shares[LIMIT_CLAIMS_MAX]; /* while Redis is away */
    size_t count, before;                      /* of all places so far; of the places before this */
    struct redis_take take;
    enum redis_take_start taken;        /* what came of that */
    uint64_t asked_ms;                  /* when it began */
    const struct limit_policy *refused; /* with a 429 of ours: the one that is longest in the way */
    bool is_in_flight;                  /* counts among the requests of its key */
};

/* RateLimit, RateLimit-Policy (draft-ietf-httpapi-ratelimit-headers-10) and X-RateLimit-*, for the
 * client's eyes alone: added when the head goes out. */
enum { LIMIT_FIELDS = 5 };
void limits_add_fields(struct exchange *exchange);

/* Once, when all else of the policy is set: what those say of it on every answer. */
void limit_policy_tell(struct limit_policy *policy, struct arena *arena);

/* Whole seconds, rounded up: whoever waits so long is not too early. */
unsigned limits_seconds(uint64_t us);

/* A failed authentication is charged to the address. */
void limits_charge_failure(struct exchange *exchange);

/* limits may be NULL. */
void limits_clear(struct exchange *exchange);

#endif
