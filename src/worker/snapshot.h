/* snapshot.h - one loaded configuration: immutable, counted, shared by all workers.
 *
 * config/ fills it; nothing here knows the file's format. Spans and arrays live in its arena. A
 * worker counts one reference while the snapshot is current, an exchange one while it runs; the
 * last to release frees it.
 */
#ifndef WORKER_SNAPSHOT_H
#define WORKER_SNAPSHOT_H

#include <stdatomic.h>

#include "admin/admin.h"
#include "auth/authenticator.h"
#include "auth/credential.h"
#include "base/log.h"
#include "botpress/route_catalogue.h"
#include "cache/cache.h"
#include "client/client_connection.h"
#include "gateway/cache_rules.h"
#include "gateway/filter_rules.h"
#include "gateway/limit_rules.h"
#include "gateway/services.h"
#include "limit/inflight.h"
#include "net/tls_context.h"
#include "store/redis_url.h"
#include "upstream/upstream_pool.h"

/* Where the lines of a log go. */
struct log_place {
    enum log_kind { LOG_OFF, LOG_STDOUT, LOG_STDERR, LOG_SYSLOG, LOG_FILE } kind;
    const char *path; /* of the file, or of syslog's socket; NULL for the others */
};

struct listen_options {
    struct span address;           /* "127.0.0.1:8080" */
    struct tls_server_options tls; /* certificate_file NULL: without; tickets are the worker's */
    bool demands_proxy_header;     /* from trusted proxies, and only those may connect */
};

struct upstream_options {
    const char *host;      /* without brackets; terminated */
    struct span authority; /* host[:port] as Host carries it */
    unsigned port;
    bool is_tls;
    const char *ca_file; /* NULL: the system's */
    struct dialer_proxy proxy;
    uint64_t resolve_ms, connect_ms, tls_ms, dns_refresh_ms;
    struct upstream_pool_options pool;
};

bool upstream_options_equal(const struct upstream_options *a, const struct upstream_options *b);

/* What several gateways share. */
struct redis_settings {
    struct redis_url url;
    struct span text;     /* the same, as it was set */
    struct span password; /* where it is ("env:NAME"), in place of the URL's; len 0: nowhere */
    const char *ca_file;  /* NULL: the system's */
};

struct snapshot_options {
    struct listen_options *listen;
    size_t listen_count;
    unsigned workers;        /* ≥ 1 */
    size_t max_connections;  /* of all workers */
    size_t max_per_address;  /* likewise; not for loopback and trusted proxies */
    uint64_t drain_delay_ms; /* still serving after SIGTERM, while balancers learn of it */
    uint64_t drain_ms;       /* longest graceful stop */
    struct client_options client;
    struct upstream_options upstream;
    struct credential_options *credentials;
    size_t credential_count;
    struct profile *profiles;
    size_t profile_count;
    struct key_record *keys;
    size_t key_count;
    const struct profile *anonymous; /* NULL: requests without a key are refused */
    struct gateway_options gateway;
    struct cache_options cache;
    struct cache_rules cache_rules;
    struct limit_rules limit_rules;
    struct filter_rules filter_rules;
    enum limits_away limits_away; /* with has_redis */
    bool has_redis;
    struct redis_settings redis; /* with has_redis */
    bool redis_private;          /* it holds answers of single callers too */
    struct admin_options admin;
    struct log_place access_log, audit_log;
    enum log_level log_level; /* of events */
    struct span told;         /* all settings as JSON, without secrets */
};

struct snapshot {
    atomic_uint references;
    struct arena arena; /* everything that options point to */
    struct snapshot_options options;
    struct route_catalogue *catalogue;
    struct key_ring *keys;
    struct inflight *
        *inflight; /* by key_record.index, counted; NULL for keys without max_inflight */
};

/* An empty one with one reference; the caller fills options (memory from arena), then seals. */
struct snapshot *snapshot_create(void);

/* Builds catalogue and key ring from the options, and counts for the keys. */
void snapshot_seal(struct snapshot *snapshot);

/* Before anybody uses it: keys that are in both keep what they have under way. */
void snapshot_follow(struct snapshot *snapshot, const struct snapshot *before);

struct snapshot *snapshot_count(struct snapshot *snapshot);
void snapshot_release(struct snapshot *snapshot); /* NULL is allowed */

#endif
