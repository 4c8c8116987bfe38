/* metrics_table.h - THE TABLE: every metric, one row each, and the labels that they have.
 *
 *     METRIC(id, kind, name, label, label, label, help)
 *
 * Kinds: COUNTER only grows; GAUGE is what is now; TIMES and SHORT_TIMES are histograms, fed with
 * microseconds and told in seconds. Names without `_total`, which the text adds. A gauge is the sum of
 * the workers', LATEST the largest of them.
 *
 *     LABEL(id, name, words, more)
 *
 * words: its values, in the order of an enum that the code counts with; more: how many others may be
 * registered (metrics_word), after which all are the first word, `other`. LABEL_OP stands on counters
 * only: see metrics_text.h for the bound of the whole.
 */
#ifndef METRICS_METRICS_TABLE_H
#define METRICS_METRICS_TABLE_H

/* clang-format off */

#define METRIC_LABELS(LABEL)                                                                       \
    LABEL(LABEL_NONE, "", "", 0)                                                                   \
    LABEL(LABEL_OP, "op", "other|unknown|refused", 300)                                            \
    LABEL(LABEL_SERVICE, "service", "other|refused", 10)                                           \
    LABEL(LABEL_KEY, "key", "other|none", 200)                                                     \
    LABEL(LABEL_CREDENTIAL, "credential", "other", 20)                                             \
    LABEL(LABEL_REASON, "reason", "other", 40)                                                     \
    LABEL(LABEL_POLICY, "policy", "other", 16)                                                     \
    LABEL(LABEL_FILTER, "filter", "other", 16)                                                     \
    LABEL(LABEL_FILTER_EVENT, "event", "other", 32)                                                \
    LABEL(LABEL_FILTER_END, "result", "done|failed|set_aside|bad_body", 0)                         \
    LABEL(LABEL_DECISION, "decision", "admitted|refused|shadow_refused", 0)                        \
    LABEL(LABEL_SOURCE, "source", "none|gateway|upstream|cache", 0)                                \
    LABEL(LABEL_STATUS, "status", "none|1xx|2xx|3xx|4xx|5xx", 0)                                   \
    LABEL(LABEL_SECRET, "secret", "first|second|certificate", 0)                                   \
    LABEL(LABEL_SLOT, "slot", "token|next_token", 0)                                               \
    LABEL(LABEL_PHASE, "phase", "resolve|connect|tls|first_byte|body", 0)                          \
    LABEL(LABEL_ATTEMPT, "result", "answered|abandoned|not_connected|no_connection_free|timeout|lost|malformed", 0) \
    LABEL(LABEL_CACHE, "result", "none|hit|bypass|method|miss|request|stale|partial|collapsed", 0) \
    LABEL(LABEL_DIRECTION, "direction", "up|down", 0)                                              \
    LABEL(LABEL_SIDE, "side", "client|upstream", 0)                                                \
    LABEL(LABEL_HANDSHAKE, "result", "full|resumed|failed", 0)                                     \
    LABEL(LABEL_ENTRY, "reason", "address_full|not_trusted|bad_proxy_header|opening_timeout", 0)   \
    LABEL(LABEL_POOL, "state", "idle|busy", 0)                                                     \
    LABEL(LABEL_COMMAND, "result", "answered|refused|late|lost", 0)                                \
    LABEL(LABEL_TIER, "result", "found|absent|damaged|late|written|dropped", 0)                    \
    LABEL(LABEL_RELOAD, "result", "done|failed", 0)                                                \
    LABEL(LABEL_VERSION, "version", BPGATE_VERSION, 0)

#define METRICS(METRIC)                                                                            \
    METRIC(METRIC_REQUESTS, COUNTER, "bpgate_requests", LABEL_OP, LABEL_SOURCE, LABEL_STATUS,      \
           "Exchanges ended, by operation, by who answered, by class of status; none: the client left first.") \
    METRIC(METRIC_DURATION, TIMES, "bpgate_request_duration_seconds", LABEL_SERVICE, LABEL_SOURCE, LABEL_NONE, \
           "From a request's head to the end of its exchange.")                                    \
    METRIC(METRIC_OVERHEAD, SHORT_TIMES, "bpgate_overhead_seconds", LABEL_NONE, LABEL_NONE, LABEL_NONE, \
           "The gateway's own part of an exchange with an answer: less the waiting for client, upstream and Redis.") \
    METRIC(METRIC_KEY_REQUESTS, COUNTER, "bpgate_key_requests", LABEL_KEY, LABEL_SECRET, LABEL_NONE, \
           "Exchanges of each key, by which of its secrets was shown.")                            \
    METRIC(METRIC_KEY_LAST, LATEST, "bpgate_key_last_request_seconds", LABEL_KEY, LABEL_NONE, LABEL_NONE, \
           "When a key was last used, in seconds since 1970.")                                     \
    METRIC(METRIC_REFUSALS, COUNTER, "bpgate_refusals", LABEL_REASON, LABEL_NONE, LABEL_NONE,      \
           "Errors of the gateway's own, by metadata.reason.")                                     \
    METRIC(METRIC_LIMITS, COUNTER, "bpgate_limit_decisions", LABEL_POLICY, LABEL_DECISION, LABEL_NONE, \
           "What each limit said to each request that it is about; shadow_refused: it would have.") \
    METRIC(METRIC_FILTERS, COUNTER, "bpgate_filter_calls", LABEL_FILTER, LABEL_FILTER_END, LABEL_NONE, \
           "Calls of filters' functions; set_aside: it was not called, after many failures; bad_body: the caller's was no JSON; " \
           "other: filters beyond the first 16 names since the start.")                            \
    METRIC(METRIC_FILTER_EVENTS, COUNTER, "bpgate_filter_events", LABEL_FILTER_EVENT, LABEL_NONE, LABEL_NONE, \
           "What filters count with gw.metric; other: names beyond the first 32.")                 \
    METRIC(METRIC_CLIENT_BYTES, COUNTER, "bpgate_client_bytes", LABEL_DIRECTION, LABEL_NONE, LABEL_NONE, \
           "Heads and bodies of ended exchanges: up from clients, down to them.")                  \
    METRIC(METRIC_CLIENT_CONNECTIONS, GAUGE, "bpgate_client_connections", LABEL_NONE, LABEL_NONE, LABEL_NONE, \
           "Connections of clients.")                                                              \
    METRIC(METRIC_ENTRIES_REFUSED, COUNTER, "bpgate_client_connections_refused", LABEL_ENTRY, LABEL_NONE, LABEL_NONE, \
           "Connections of clients that were not let in.")                                         \
    METRIC(METRIC_HANDSHAKES, COUNTER, "bpgate_tls_handshakes", LABEL_SIDE, LABEL_HANDSHAKE, LABEL_NONE, \
           "TLS handshakes with clients and with the upstream.")                                   \
    METRIC(METRIC_ATTEMPTS, COUNTER, "bpgate_upstream_attempts", LABEL_ATTEMPT, LABEL_NONE, LABEL_NONE, \
           "Calls upstream, retries among them, by how they ended.")                               \
    METRIC(METRIC_RETRIES, COUNTER, "bpgate_upstream_retries", LABEL_NONE, LABEL_NONE, LABEL_NONE, \
           "Calls upstream that repeat one before.")                                               \
    METRIC(METRIC_PHASES, TIMES, "bpgate_upstream_phase_seconds", LABEL_PHASE, LABEL_NONE, LABEL_NONE, \
           "Calls upstream by phase; the first three happen only on new connections.")             \
    METRIC(METRIC_UPSTREAM_BYTES, COUNTER, "bpgate_upstream_bytes", LABEL_DIRECTION, LABEL_NONE, LABEL_NONE, \
           "Heads and bodies sent up and read from upstream.")                                     \
    METRIC(METRIC_POOL, GAUGE, "bpgate_upstream_connections", LABEL_POOL, LABEL_NONE, LABEL_NONE,  \
           "Connections to the upstream.")                                                         \
    METRIC(METRIC_WAITING, GAUGE, "bpgate_upstream_waiting", LABEL_NONE, LABEL_NONE, LABEL_NONE,   \
           "Requests that stand in line for a connection.")                                        \
    METRIC(METRIC_BREAKER, GAUGE, "bpgate_breaker_open", LABEL_NONE, LABEL_NONE, LABEL_NONE,       \
           "Workers that leave the upstream alone for a while.")                                   \
    METRIC(METRIC_BREAKER_OPENED, COUNTER, "bpgate_breaker_openings", LABEL_NONE, LABEL_NONE, LABEL_NONE, \
           "Times that a worker's breaker opened.")                                                \
    METRIC(METRIC_CREDENTIALS, GAUGE, "bpgate_credential_workers", LABEL_CREDENTIAL, LABEL_SLOT, LABEL_NONE, \
           "Workers that use this slot of a credential.")                                          \
    METRIC(METRIC_CACHE, COUNTER, "bpgate_cache_requests", LABEL_CACHE, LABEL_NONE, LABEL_NONE,    \
           "Exchanges in which the cache had a part, by what it did (RFC 9211).")                  \
    METRIC(METRIC_CACHE_SAVED, COUNTER, "bpgate_cache_saved_bytes", LABEL_NONE, LABEL_NONE, LABEL_NONE, \
           "Bytes of bodies that came from store and not from upstream.")                          \
    METRIC(METRIC_CACHE_ENTRIES, GAUGE, "bpgate_cache_entries", LABEL_NONE, LABEL_NONE, LABEL_NONE, \
           "Answers in memory.")                                                                   \
    METRIC(METRIC_CACHE_BYTES, GAUGE, "bpgate_cache_bytes", LABEL_NONE, LABEL_NONE, LABEL_NONE,    \
           "Memory that they take.")                                                               \
    METRIC(METRIC_CACHE_PUTS, COUNTER, "bpgate_cache_stored", LABEL_NONE, LABEL_NONE, LABEL_NONE,  \
           "Answers that were put into memory.")                                                   \
    METRIC(METRIC_CACHE_EVICTIONS, COUNTER, "bpgate_cache_evictions", LABEL_NONE, LABEL_NONE, LABEL_NONE, \
           "Answers that had to make room.")                                                       \
    METRIC(METRIC_CACHE_EVICTED, COUNTER, "bpgate_cache_evicted_bytes", LABEL_NONE, LABEL_NONE, LABEL_NONE, \
           "Memory that those took.")                                                              \
    METRIC(METRIC_REDIS_UP, GAUGE, "bpgate_redis_up", LABEL_NONE, LABEL_NONE, LABEL_NONE,          \
           "Workers whose Redis answers.")                                                         \
    METRIC(METRIC_REDIS_COMMANDS, COUNTER, "bpgate_redis_commands", LABEL_COMMAND, LABEL_NONE, LABEL_NONE, \
           "Commands to Redis, by what became of them.")                                           \
    METRIC(METRIC_REDIS_CACHE, COUNTER, "bpgate_redis_cache", LABEL_TIER, LABEL_NONE, LABEL_NONE,  \
           "The cache's reads from and writes to Redis.")                                          \
    METRIC(METRIC_LOG_DROPPED, COUNTER, "bpgate_log_lines_dropped", LABEL_NONE, LABEL_NONE, LABEL_NONE, \
           "Lines of the access log that a full or slow disk cost.")                               \
    METRIC(METRIC_RELOADS, COUNTER, "bpgate_config_reloads", LABEL_RELOAD, LABEL_NONE, LABEL_NONE, \
           "Times that the settings were to be loaded anew.")                                      \
    METRIC(METRIC_CONFIG_GOOD, GAUGE, "bpgate_config_last_reload_successful", LABEL_NONE, LABEL_NONE, LABEL_NONE, \
           "1 while the settings in effect are those that were loaded last; 0 after a reload that failed.") \
    METRIC(METRIC_CONFIG_TIME, GAUGE, "bpgate_config_last_reload_success_timestamp_seconds", LABEL_NONE, LABEL_NONE, LABEL_NONE, \
           "When the settings in effect were loaded, in seconds since 1970.")                      \
    METRIC(METRIC_BUILD, GAUGE, "bpgate_build_info", LABEL_VERSION, LABEL_NONE, LABEL_NONE,        \
           "Always 1.")                                                                            \
    METRIC(METRIC_WORKERS, GAUGE, "bpgate_workers", LABEL_NONE, LABEL_NONE, LABEL_NONE,            \
           "Threads that serve.")                                                                  \
    METRIC(METRIC_RSS, GAUGE, "process_resident_memory_bytes", LABEL_NONE, LABEL_NONE, LABEL_NONE, \
           "Memory of the process.")                                                               \
    METRIC(METRIC_OPEN_FDS, GAUGE, "process_open_fds", LABEL_NONE, LABEL_NONE, LABEL_NONE,         \
           "Open descriptors.")                                                                    \
    METRIC(METRIC_MAX_FDS, GAUGE, "process_max_fds", LABEL_NONE, LABEL_NONE, LABEL_NONE,           \
           "Most that may be open.")                                                               \
    METRIC(METRIC_START_TIME, GAUGE, "process_start_time_seconds", LABEL_NONE, LABEL_NONE, LABEL_NONE, \
           "When the process started, in seconds since 1970.")

/* clang-format on */

#endif
