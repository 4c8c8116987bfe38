/* settings.h - THE TABLE: every setting, one row each.
 *
 * A row gives the path in the file, the place in the struct that the table fills (draft.h), what it
 * may be, its default and its help; reading, checking and the printed reference all come from here.
 * To add a setting, add a row and its test.
 *
 *     NUMBER(path, place, kind, default, least, most, help)    sizes in bytes, durations in ms
 *     TEXT(path, place, form, OPTIONAL|NEEDED, default, help)  forms: text_form.h
 *     CHOICE(path, place, WORD|WORDS, words, default, help)    default: the place among the words
 *     TEXTS(path, place, form, most, help)                     a list of texts
 *     RECORDS(path, place, table, OPTIONAL|NEEDED, most, help) a list of maps
 */
#ifndef CONFIG_SETTINGS_H
#define CONFIG_SETTINGS_H

#define SECOND UINT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

/* clang-format off */

/* Into struct draft. */
#define SETTINGS(NUMBER, TEXT, CHOICE, TEXTS, RECORDS)                                             \
    RECORDS("listen", listen, listen_fields, OPTIONAL, 16,                                         \
            "Where clients connect; 127.0.0.1:8080 when absent.")                                  \
    NUMBER("workers", options.workers, AUTO, 0, 1, 256,                                            \
           "Threads that serve; auto: the cores this process may use (affinity, cgroup).")         \
    NUMBER("max_connections", options.max_connections, COUNT, 10000, 1, 1000000,                   \
           "Client connections of all workers together; fewer where open files are limited.")      \
    TEXTS("trusted_proxies", trusted_proxies, CIDR, 64,                                            \
          "Who may say on whose behalf it connects or calls (PROXY protocol, X-Forwarded-For).")   \
    NUMBER("drain", options.drain_ms, MS, 30 * SECOND, 0, HOUR,                                    \
           "Longest time that running exchanges have to finish when the gateway stops.")           \
    NUMBER("drain_delay", options.drain_delay_ms, MS, 0, 0, HOUR,                                  \
           "How long it goes on taking connections after SIGTERM, while balancers learn of it.")   \
    NUMBER("held_bytes", held_bytes, SIZE, 256 * (uint64_t)MIB, MIB, 65536 * (uint64_t)MIB,        \
           "Request bodies held for a second try, of all workers together.")                       \
    CHOICE("unknown_routes", options.gateway.deny_unknown_routes, WORD, "forward|deny", 0,         \
           "Paths that the catalogue does not know.")                                              \
    TEXT("anonymous", anonymous, NAME, OPTIONAL, NULL,                                             \
         "The profile of requests that carry no key; absent: they are refused.")                   \
    TEXT("access_log", access_log, LOG, OPTIONAL, "stdout",                                        \
         "Where the line of each exchange goes; a file is opened anew on SIGUSR1; syslog reaches "   \
         "journald too.")                                                  \
    TEXT("audit_log", audit_log, LOG, OPTIONAL, "stderr",                                          \
         "Where a line goes for each write with a credential of the gateway's, and each denial.")  \
    CHOICE("log_level", options.log_level, WORD, "debug|info|warn|error", 1,                       \
           "The least that is told on standard error; the admin listener changes it at run time.")  \
    TEXT("upstream.url", url, URL, OPTIONAL, "https://api.botpress.cloud",                         \
         "What requests are forwarded to; http:// only to loopback or with allow_plaintext.")      \
    CHOICE("upstream.allow_plaintext", allow_plaintext, WORD, "false|true", 0,                     \
           "Allows http:// to another machine: tokens then travel unencrypted.")                   \
    CHOICE("upstream.catalogue", options.gateway.is_generic, WORD, "botpress|none", 0,             \
           "none: any HTTP API, forwarded without knowing its operations.")                        \
    TEXT("upstream.ca_file", ca_file, FILE, OPTIONAL, NULL,                                        \
         "Certificates (PEM) to trust instead of the system's.")                                   \
    TEXT("upstream.proxy", proxy, PROXY, OPTIONAL, NULL,                                           \
         "An HTTP proxy to go through (CONNECT); absent: HTTPS_PROXY and NO_PROXY say.")            \
    NUMBER("upstream.timeouts.resolve", options.upstream.resolve_ms, MS, 2 * SECOND, 1, 5 * MINUTE,\
           "Longest look-up of the upstream's addresses.")                                         \
    NUMBER("upstream.timeouts.connect", options.upstream.connect_ms, MS, 2 * SECOND, 1, 5 * MINUTE,\
           "Longest wait for a connection, all addresses together.")                               \
    NUMBER("upstream.timeouts.tls", options.upstream.tls_ms, MS, 3 * SECOND, 1, 5 * MINUTE,        \
           "Longest TLS handshake.")                                                               \
    NUMBER("upstream.timeouts.send_idle", options.gateway.send_idle_ms, MS, 10 * SECOND, 1, HOUR,  \
           "Longest time in which the upstream takes no byte of a request.")                       \
    NUMBER("upstream.timeouts.first_byte", cap.first_byte_ms, MS, 0, 1, DAY,                       \
           "Caps the wait for the answer's head, which depends on the operation.")                 \
    NUMBER("upstream.timeouts.body_idle", cap.body_idle_ms, MS, 0, 1, DAY,                         \
           "Caps the wait for the next piece of the answer's body.")                               \
    NUMBER("upstream.timeouts.total", cap.total_ms, MS, 0, 1, DAY,                                 \
           "Caps the whole exchange, counted from the request's head; streams too.")               \
    NUMBER("upstream.pool.max_idle", options.upstream.pool.max_idle, COUNT, 64, 0, 10000,          \
           "Idle connections kept by each worker.")                                                \
    NUMBER("upstream.pool.max_open", options.upstream.pool.max_open, COUNT, 256, 1, 10000,         \
           "Connections of each worker.")                                                          \
    NUMBER("upstream.pool.max_waiting", options.upstream.pool.max_waiting, COUNT, 1024, 0, 100000, \
           "Requests of each worker that may wait for a connection.")                              \
    NUMBER("upstream.pool.wait", options.upstream.pool.wait_ms, MS, 2 * SECOND, 1, 5 * MINUTE,     \
           "Longest wait for a connection; then 502, nothing was sent.")                           \
    NUMBER("upstream.pool.idle", options.upstream.pool.idle_ms, MS, MINUTE, 1, HOUR,               \
           "A connection at rest for longer is closed.")                                           \
    NUMBER("upstream.dns_refresh", options.upstream.dns_refresh_ms, MS, 30 * SECOND, 10, DAY,      \
           "Age at which addresses are looked up again; the last good ones are kept.")             \
    NUMBER("upstream.replay_bytes", options.gateway.replay_bytes, SIZE, 64 * KIB, 0, 16 * MIB,     \
           "As much of a request body is held before the upstream is asked, and for a second try.")                                  \
    NUMBER("upstream.retries", options.gateway.max_retries, COUNT, 2, 0, 10,                       \
           "Further tries of what may be sent again.")                                             \
    NUMBER("upstream.retry_percent", options.gateway.retry_percent, PERCENT, 20, 0, 100,           \
           "Retries, as a share of traffic.")                                                      \
    CHOICE("upstream.breaker.enabled", options.gateway.breaker_enabled, WORD, "false|true", 1,     \
           "Stops asking an upstream that keeps failing, for 5 s and then longer, up to 60 s.")    \
    NUMBER("client.max_per_address", options.max_per_address, COUNT, 1024, 1, 1000000,             \
           "Connections of one address (IPv6: of one /64), but for loopback and trusted_proxies.") \
    NUMBER("client.head_bytes", options.client.head.head_bytes, SIZE, 32 * KIB, KIB, MIB,          \
           "Largest request head.")                                                                \
    NUMBER("client.line_bytes", options.client.head.line_bytes, SIZE, 8 * KIB, 256, MIB,           \
           "Longest line of a request head.")                                                      \
    NUMBER("client.header_count", options.client.head.header_count, COUNT, 100, 10, 1000,          \
           "Most headers of a request.")                                                           \
    NUMBER("client.head_timeout", options.client.head_ms, MS, 10 * SECOND, 1, HOUR,                \
           "From the first byte of a request head to its last; likewise for a TLS handshake.")     \
    NUMBER("client.idle_timeout", options.client.idle_ms, MS, 65 * SECOND, 1, DAY,                 \
           "A client's connection at rest for longer is closed.")                                  \
    NUMBER("client.keep_alive", options.client.keep_alive_s, SECONDS, 55 * SECOND, 0, DAY,         \
           "What Keep-Alive promises the client; shorter than idle_timeout; 0s: nothing.")         \
    NUMBER("client.linger", options.client.linger_ms, MS, 2 * SECOND, 0, MINUTE,                   \
           "How long a closing connection still reads, so that its answer arrives.")               \
    NUMBER("client.rate_window", options.client.rate_window_ms, MS, 30 * SECOND, 3, HOUR,          \
           "While a body moves to or from a client, each window must see rate_bytes of it.")       \
    NUMBER("client.rate_bytes", options.client.rate_bytes, SIZE, 15000, 1, 64 * MIB,               \
           "The least that moves in a rate_window; 15000B in 30s are 500 bytes a second.")         \
    NUMBER("cache.memory", options.cache.memory_bytes, SIZE, 64 * (uint64_t)MIB, 0,                \
           65536 * (uint64_t)MIB,                                                                  \
           "Memory for answers that may be given again, of all workers together; 0: no cache.")    \
    NUMBER("cache.object", options.cache.object_bytes, SIZE, MIB, KIB, 64 * MIB,                   \
           "Largest body that is kept.")                                                           \
    RECORDS("cache.rules", cache_rules, cache_rule_fields, OPTIONAL, 200,                          \
            "How long answers are kept, by operation, in place of the table in `bpgate routes`; "  \
            "of the rules that fit the last counts.")                                              \
    CHOICE("cache.redis_private", options.redis_private, WORD, "false|true", 0,                    \
           "Keeps answers in Redis too that belong to one caller, not only public ones.")          \
    RECORDS("limits", limits, limit_fields, OPTIONAL, 16,                                          \
            "How often may be asked: all that fit a request must admit it, or none is spent.")     \
    NUMBER("auth_failures.requests", auth_failures.requests, COUNT, 20, 0, 1000000,                \
           "Failed authentications of one address that are answered in each auth_failures.per, "   \
           "but for loopback; 0: any number.")                                                     \
    NUMBER("auth_failures.per", auth_failures.per_ms, MS, MINUTE, SECOND, DAY,                     \
           "The time that auth_failures.requests is about.")                                       \
    TEXT("redis.url", redis_url, REDIS, OPTIONAL, NULL,                                            \
         "What several gateways share: redis://host:port/0, rediss://, unix:///path or "           \
         "redis+sentinel://; absent: memory only.")                                                \
    TEXT("redis.password", redis_password, SOURCE, OPTIONAL, NULL,                                 \
         "Where its password is, when it is not in the URL: env:NAME, file:PATH or cred:NAME.")    \
    TEXT("redis.ca_file", redis_ca_file, FILE, OPTIONAL, NULL,                                     \
         "Certificates (PEM) to trust for rediss:// instead of the system's.")                     \
    CHOICE("redis.away", options.limits_away, WORD, "local_share|local|allow|deny", 0,             \
           "What limits do while Redis is away: each gateway admits its share of the rate, or all "\
           "of it, or everything, or nothing.")                                                    \
    TEXT("admin.address", admin_address, ADDRESS, OPTIONAL, NULL,                                  \
         "Where the dashboard, /healthz, /readyz, /metrics, /api and /cache/purge are; absent: nowhere.")                 \
    TEXT("admin.token", admin_token, SOURCE, OPTIONAL, NULL,                                       \
         "Where the token is that it asks for: env:NAME, file:PATH or cred:NAME; needed unless "   \
         "the address is one of loopback.")                                                        \
    RECORDS("filters", filters, filter_fields, OPTIONAL, 32,                                       \
            "Lua filters, which run in this order: lua-filters/README.md.")                        \
    NUMBER("filter_limits.instructions", options.filter_rules.limits.instructions, COUNT, 200000,  \
           1000, 1000000000, "Instructions of Lua that one call of a filter may take.")            \
    NUMBER("filter_limits.time", options.filter_rules.time_ms, MS, 10, 1, 10 * SECOND,             \
           "Time of the processor that one call of a filter may take.")                            \
    NUMBER("filter_limits.memory", options.filter_rules.limits.memory_bytes, SIZE, 8 * MIB, MIB,   \
           1024 * MIB, "Memory of all filters of a worker.")                                       \
    NUMBER("filter_limits.body", options.filter_rules.body_bytes, SIZE, 256 * KIB, KIB, 16 * MIB,  \
           "Largest body that a filter sees, decoded.")                                            \
    NUMBER("filter_limits.dict", options.filter_rules.dict_bytes, SIZE, MIB, 256 * KIB,            \
           1024 * MIB, "Memory of gw.dict, which the filters of all workers share.")               \
    TEXTS("cors.origins", cors_origins, ORIGIN, 64,                                                \
          "Whose pages may call the gateway from a browser: https://app.example.com.")             \
    RECORDS("credentials", credentials, credential_fields, OPTIONAL, 100,                          \
            "Botpress tokens.")                                                                    \
    RECORDS("profiles", profiles, profile_fields, OPTIONAL, 1000,                                  \
            "The ids that callers act with.")                                                      \
    RECORDS("keys", keys, key_fields, OPTIONAL, 10000,                                             \
            "Gateway keys; `bpgate key new` makes one and its entry.")

/* Into struct draft_listen. */
#define LISTEN_FIELDS(NUMBER, TEXT, CHOICE, TEXTS, RECORDS)                                        \
    TEXT("address", address, ADDRESS, NEEDED, NULL,                                                \
         "IP address and port; * for all addresses, port 0 for a free one.")                       \
    TEXT("tls.certificate", certificate, FILE, OPTIONAL, NULL,                                     \
         "Certificate chain (PEM), the server's first; read again when it or the key changes.")    \
    TEXT("tls.key", key, FILE, OPTIONAL, NULL, "The certificate's key (PEM, not encrypted).")      \
    TEXT("tls.client_ca", client_ca, FILE, OPTIONAL, NULL,                                         \
         "Authorities (PEM) of client certificates; absent: clients are not asked for any.")       \
    CHOICE("tls.client_certificate", demands_certificate, WORD, "optional|required", 0,            \
           "Whether clients without a certificate may connect; keys[].certificates says what one " \
           "is good for.")                                                                         \
    CHOICE("proxy_protocol", demands_proxy_header, WORD, "false|true", 0,                          \
           "Demands a PROXY header, version 1 or 2; then only trusted_proxies may connect.")

/* Into struct draft_cache_rule. */
#define CACHE_RULE_FIELDS(NUMBER, TEXT, CHOICE, TEXTS, RECORDS)                                    \
    TEXTS("operations", operations, OPERATION, 512,                                                \
          "What it is for: names with * and !, or read, chat, hub, all; only GET is ever kept.")   \
    NUMBER("ttl", ttl_s, SECONDS, 0, SECOND, 365 * DAY, "How long an answer is fresh.")            \
    NUMBER("stale", stale_s, SECONDS, 0, SECOND, 365 * DAY,                                        \
           "How long after that it still helps while the upstream fails; absent: as without the "  \
           "rule.")                                                                                \
    CHOICE("force", force, WORD, "false|true", 0,                                                  \
           "Also keeps what the upstream marks no-store or private.")                              \
    CHOICE("never", never, WORD, "false|true", 0, "Keeps nothing of these.")

/* Into struct draft_limit. */
#define LIMIT_FIELDS(NUMBER, TEXT, CHOICE, TEXTS, RECORDS)                                         \
    TEXT("name", name, LABEL, NEEDED, NULL, "What clients, the log and metrics call it.")          \
    NUMBER("requests", requests, COUNT, 0, 1, 1000000000, "As many in each `per`.")                \
    NUMBER("per", per_ms, MS, 0, 1, 30 * DAY, "The time that `requests` is about.")                \
    NUMBER("burst", burst, COUNT, 0, 1, 1000000,                                                   \
           "As many may come at once; absent: `requests`.")                                        \
    CHOICE("key", parts, WORDS, "key|profile|bot|address|operation", 0,                            \
           "What has a count of its own; absent: all requests share one. [address] alone is asked "\
           "before authentication.")                                                               \
    TEXTS("match_keys", match_keys, NAME, 1000, "Only requests with these keys.")                  \
    TEXTS("match_operations", match_operations, OPERATION, 512,                                    \
          "Only these operations: names with * and !, or read, chat, hub, all.")                   \
    NUMBER("cost", cost, COUNT, 1, 1, 1000000, "What one request spends.")                         \
    CHOICE("where", is_upstream, WORD, "caller|upstream", 0,                                       \
           "upstream: only what is not answered from the cache.")                                  \
    CHOICE("mode", is_shadow, WORD, "enforce|shadow", 0, "shadow: counts, and refuses nothing.")

/* Into struct draft_filter. */
#define FILTER_FIELDS(NUMBER, TEXT, CHOICE, TEXTS, RECORDS)                                        \
    TEXT("file", file, FILE, NEEDED, NULL, "The script.")                                          \
    TEXTS("routes", routes, ROUTE, 64, "Only requests for these paths: /v1/chat/*; absent: all.")  \
    TEXTS("operations", operations, OPERATION, 512,                                                \
          "Only these operations: names with * and !, or read, chat, hub, all.")                   \
    TEXTS("keys", keys, NAME, 1000, "Only requests with these keys.")                              \
    TEXTS("profiles", profiles, NAME, 1000, "Only requests with these profiles.")                  \
    CHOICE("on_error", on_error, WORD, "filter|closed|open", 0,                                    \
           "When it fails: closed answers 500, open goes on without it; filter: as the script "    \
           "says, and else closed.")                                                               \
    TEXT("options", options, MAP, OPTIONAL, NULL, "What the script reads as gw.options.")          \
    TEXTS("env", env, NAME, 16, "Environment variables that the script may read with gw.env.")

/* Into struct draft_credential. */
#define CREDENTIAL_FIELDS(NUMBER, TEXT, CHOICE, TEXTS, RECORDS)                                    \
    TEXT("name", name, NAME, NEEDED, NULL, "What profiles call it.")                               \
    TEXT("token", token, SOURCE, NEEDED, NULL,                                                     \
         "Where the token is: env:NAME, file:PATH (read again when it changes) or cred:NAME.")     \
    TEXT("next_token", next_token, SOURCE, OPTIONAL, NULL,                                         \
         "A second token, tried when the first is refused: for rotation.")

/* Into struct draft_profile. */
#define PROFILE_FIELDS(NUMBER, TEXT, CHOICE, TEXTS, RECORDS)                                       \
    TEXT("name", name, NAME, NEEDED, NULL, "What keys call it.")                                   \
    TEXT("credential", credential, NAME, OPTIONAL, NULL,                                           \
         "The credential whose token is injected; absent: none.")                                  \
    TEXT("workspace_id", workspace_id, ID, OPTIONAL, NULL,                                         \
         "Injected as x-workspace-id when the caller names none.")                                 \
    TEXT("bot_id", bot_id, ID, OPTIONAL, NULL,                                                     \
         "Injected as x-bot-id when the caller names none.")                                       \
    TEXT("integration_id", integration_id, ID, OPTIONAL, NULL,                                     \
         "Injected as x-integration-id when the caller names none.")                               \
    TEXTS("workspaces", workspaces, ID, 1000, "Further workspaces that the caller may name.")      \
    TEXTS("bots", bots, ID, 1000, "Further bots that the caller may name.")                        \
    TEXTS("integrations", integrations, ID, 1000,                                                  \
          "Further integrations that the caller may name.")                                        \
    CHOICE("pass", pass, WORDS, "x-user-id|x-user-role|x-integration-name", 0,                     \
           "Headers of the caller that go upstream; they are dropped otherwise.")                  \
    CHOICE("pass_authorization", pass_authorization, WORD, "false|true", 0,                        \
           "Lets the caller's own Authorization through; only without a credential.")

/* Into struct draft_key. */
#define KEY_FIELDS(NUMBER, TEXT, CHOICE, TEXTS, RECORDS)                                           \
    TEXT("id", id, KEY_ID, NEEDED, NULL, "The key's second part: bpg_<id>_….")                     \
    TEXT("name", name, NAME, NEEDED, NULL, "What the log calls it.")                               \
    RECORDS("hashes", hashes, hash_fields, OPTIONAL, 2,                                            \
            "What its secret must match: one of these.")                                           \
    TEXTS("certificates", certificates, FINGERPRINT, 16,                                           \
          "Client certificates that stand in for the secret where no key is sent.")                \
    TEXT("profile", profile, NAME, NEEDED, NULL, "The profile it acts with.")                      \
    TEXTS("operations", operations, OPERATION, 512,                                                \
          "What it may call: names with * and !, or read, chat, hub, all; absent: [all], which "   \
          "never holds operations that make credentials.")                                         \
    TEXTS("bots", bots, ID, 1000, "The only bots it may touch; absent: as the profile says.")      \
    NUMBER("expires", expires_ms, DATE, 0, 0, UINT64_MAX,                                          \
           "From this moment on it is refused; a date means its first moment in UTC.")             \
    CHOICE("disabled", disabled, WORD, "false|true", 0, "Refuses it.")                             \
    NUMBER("max_inflight", max_inflight, COUNT, 0, 1, 1000000,                                     \
           "Requests of this key that may be under way at a time; absent: any number.")            \
    TEXTS("cidrs", cidrs, CIDR, 16, "The only addresses it may come from.")

/* Into struct draft_hash. */
#define HASH_FIELDS(NUMBER, TEXT, CHOICE, TEXTS, RECORDS)                                          \
    TEXT("sha256", sha256, HASH, NEEDED, NULL, "SHA-256 of the key's secret.")                     \
    NUMBER("not_after", not_after_ms, DATE, 0, 0, UINT64_MAX,                                      \
           "From this moment on it no longer counts: for rotation.")

/* clang-format on */

#endif
