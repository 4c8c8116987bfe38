/* services.h - what an exchange may use: everything it needs that is not its own.
 *
 * One for each configuration that a worker has loaded; an exchange takes the current one at its start
 * and holds it to its end, whatever is loaded meanwhile.
 */
#ifndef GATEWAY_SERVICES_H
#define GATEWAY_SERVICES_H

#include "auth/authenticator.h"
#include "auth/credential.h"
#include "base/log_writer.h"
#include "botpress/route_catalogue.h"
#include "cache/cache.h"
#include "cache/flight.h"
#include "cache/redis_tier.h"
#include "cache/tag_link.h"
#include "client/client_connection.h"
#include "gateway/cache_rules.h"
#include "gateway/filter_rules.h"
#include "gateway/limit_rules.h"
#include "gateway/retry_budget.h"
#include "limit/inflight.h"
#include "limit/redis_limits.h"
#include "metrics/metrics.h"
#include "metrics/refusals.h"
#include "net/loop.h"
#include "upstream/breaker.h"
#include "upstream/upstream_call.h"

struct class_deadlines {
    uint64_t first_byte_ms, body_idle_ms, total_ms; /* total_ms 0: none */
};

/* Whose pages may read answers, exactly as Origin names them. */
struct cors_options {
    const struct span *origins;
    size_t count;
};

/* The settings that the gateway's own stages own. */
struct gateway_options {
    bool is_generic;          /* the upstream is any HTTP API: no catalogue, no translation */
    bool deny_unknown_routes; /* else they are forwarded, subject to the key's scope */
    struct class_deadlines deadlines[DEADLINE_CLASS_COUNT];
    uint64_t send_idle_ms;
    size_t replay_bytes; /* of a request's body, held for a second try */
    unsigned max_retries;
    unsigned retry_percent; /* of traffic, in the budget */
    bool breaker_enabled;
    size_t held_bytes; /* of all bodies held at once, of one worker */
    struct cors_options cors;
    struct cidr_list trusted_proxies; /* who may say on whose behalf it calls */
};

/* The cache as one worker has it. */
struct cache_services {
    struct cache *cache;          /* of all workers; NULL: off */
    struct tags *tags;            /* likewise */
    struct tag_link *link;        /* to other instances; NULL: there are none */
    struct flight_table *flights; /* the worker's own */
    struct redis_tier *redis;     /* likewise; NULL: memory only */
    const struct cache_rules *rules;
};

/* What limits that several gateways share do while their Redis is away. */
enum limits_away {
    LIMITS_LOCAL_SHARE, /* each gateway admits its part */
    LIMITS_LOCAL,       /* each admits all */
    LIMITS_ALLOW,
    LIMITS_DENY,
};

/* The limits, of all workers but for Redis. */
struct limit_services {
    struct limit_table *table;
    struct inflight *const *inflight; /* by key_record.index; of keys with max_inflight */
    const struct limit_rules *rules;
    struct redis_limits *redis; /* the worker's own; NULL: each gateway counts for itself */
    enum limits_away away;
};

/* What a worker goes on with when the settings are loaded anew. */
struct lasting {
    struct retry_budget retries;
    struct breaker breaker;
    size_t held;        /* bytes of bodies held now, against held_bytes */
    unsigned refreshes; /* under way */
};

/* The filters: their scripts are the worker's own, as the current snapshot has them. */
struct filter_services {
    struct script_host *host; /* NULL: there are none */
    const struct filter_rules *rules;
    struct shared_dict *dict; /* gw.dict, of all workers */
    struct metrics *metrics;  /* for the words of gw.metric */
};

struct services {
    struct loop *loop;
    const struct gateway_options *options;
    const struct route_catalogue *catalogue;
    const struct key_ring *keys;
    struct known_keys *known_keys;                       /* of these, the worker's own */
    const struct profile *anonymous;                     /* NULL: none */
    struct credential **credentials;                     /* by profile.credential */
    const struct credential_options *credential_options; /* likewise */
    struct client_server *clients;
    struct cache_services cache;
    struct limit_services limits;
    struct filter_services filters;
    struct upstream_pool *pool;
    struct span upstream_authority; /* for Host */
    struct span via;                /* "bpgate-<instance>": this gateway's name in Via */
    struct lasting *lasting;
    struct log_ring *access_log, *audit_log;    /* NULL: off */
    bool access_log_is_text, audit_log_is_text; /* people read it on a terminal */
    struct metrics_cells *metrics;              /* the worker's; NULL: nobody counts */
    struct refusals *refusals;                  /* of all workers; NULL: nobody looks */
    /* All of this lives as long as somebody holds it: plainly counted, on the worker's loop. */
    void *generation;
    void (*hold)(void *generation);
    void (*let_go)(void *generation);
};

#endif
