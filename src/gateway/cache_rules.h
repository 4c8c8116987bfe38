/* cache_rules.h - how long the answers of each operation may be kept, unless they say so themselves:
 * by the operation's class in the catalogue, or by a rule of the operator.
 *
 * Built once for a snapshot, in its arena; never changes after that, any thread.
 */
#ifndef GATEWAY_CACHE_RULES_H
#define GATEWAY_CACHE_RULES_H

#include "auth/scope.h"
#include "botpress/route_catalogue.h"
#include "cache/cache_policy.h"

struct cache_rules {
    const struct cache_rule *by_operation; /* in the catalogue's order */
    const unsigned *overridden_by;         /* likewise: 1 + the place of an override; 0: none */
    bool is_generic;                       /* catalogue: none */
};

/* A rule of the operator, for all operations that its scope allows. */
struct cache_override {
    struct scope operations;
    struct cache_rule rule;
    bool keeps_stale; /* stale_s is that of the operation's class */
};

/* Later overrides win. Only what is read with GET ever gets another rule than NEVER. */
void cache_rules_build(struct cache_rules *rules, const struct cache_override *overrides,
                       size_t count, struct arena *arena);

/* The rule for a request; never NULL. query as in struct request. What asks the hub for `latest`, in
 * its path or its query, changes with the next release and counts as a list. Unknown routes are
 * never kept. */
const struct cache_rule *cache_rules_for(const struct cache_rules *rules,
                                         const struct route_match *route, struct span query);

/* Where that comes from: the place of an override, or -1: the catalogue's class. */
int cache_rules_override_of(const struct cache_rules *rules, const struct route_match *route);

/* The class that counts for this request: CACHE_HUB_LIST for what asks for `latest`. */
enum cache_class cache_rules_class_of(const struct route_match *route, struct span query);

#endif
