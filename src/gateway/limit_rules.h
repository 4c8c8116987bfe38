/* limit_rules.h - which limits there are, and which of them a request falls under.
 *
 * Built once for a snapshot, in its arena; never changes after that, any thread.
 */
#ifndef GATEWAY_LIMIT_RULES_H
#define GATEWAY_LIMIT_RULES_H

#include "auth/authenticator.h"
#include "limit/limit_table.h"

/* When a limit is asked: by address alone before anybody knows who it is; with the caller; or for what goes
 * upstream alone, so that answers from the store are free. */
enum limit_place { LIMIT_ADDRESS, LIMIT_CALLER, LIMIT_UPSTREAM };

/* What has a count of its own: bits. None: all requests share one. */
enum limit_part {
    LIMIT_BY_KEY = 1 << 0,
    LIMIT_BY_PROFILE = 1 << 1,
    LIMIT_BY_BOT = 1 << 2,
    LIMIT_BY_ADDRESS = 1 << 3,
    LIMIT_BY_OPERATION = 1 << 4,
};

struct limit_policy {
    struct span name;
    struct gcra_rate rate;
    uint64_t requests, per_ms; /* as they are told to clients */
    struct {
        struct span item, burst; /* of RateLimit-Policy, X-RateLimit-Limit */
    } told;                      /* by limit_policy_tell */
    uint64_t cost;
    unsigned parts; /* enum limit_part */
    enum limit_place place;
    bool is_shadow;
    unsigned metric_word; /* its place among the label's */
    const size_t *keys;   /* by key_record.index: only theirs; count 0: of everybody */
    size_t key_count;
    bool has_operations;
    struct scope operations; /* with has_operations: only these */
};

struct limit_rules {
    struct limit_policy *policies; /* at most LIMIT_CLAIMS_MAX */
    size_t count;
    struct gcra_rate auth_failures; /* of one address; burst 0: none are counted */
};

#endif
