/* filter_rules.h - which filters there are, and which requests each is for.
 *
 * Built once for a snapshot, in its arena; never changes after that, any thread. What the scripts are is
 * script/'s affair: each worker compiles its own (filters_compile).
 */
#ifndef GATEWAY_FILTER_RULES_H
#define GATEWAY_FILTER_RULES_H

#include "auth/authenticator.h"
#include "script/script_host.h"

enum { FILTER_DIGEST_SIZE = 32 };

struct filter_rule {
    struct span name;          /* as the script says */
    const struct span *routes; /* patterns of paths; count 0: all */
    size_t route_count;
    bool has_operations;
    struct scope operations; /* with has_operations: only these */
    const size_t *keys;      /* by key_record.index; count 0: all */
    size_t key_count;
    const struct span *profiles; /* by name; count 0: all */
    size_t profile_count;
    unsigned char
        digest[FILTER_DIGEST_SIZE]; /* of the script and its options: what it makes of a body */
    unsigned metric_word;           /* its place among the label's */
};

struct filter_rules {
    struct filter_rule *rules;
    struct script_source *sources; /* as many */
    size_t count;
    struct script_limits limits;
    uint64_t time_ms; /* of limits */
    size_t body_bytes;
    size_t dict_bytes; /* of gw.dict, of all workers; as it was at the start */
};

#endif
