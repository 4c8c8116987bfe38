/* draft.h - what a file says, before the rules between settings have made it whole.
 *
 * The table of settings (settings.h) points into these structs. Texts are terminated and live in the
 * snapshot's arena, the lists in one of the load's own.
 */
#ifndef CONFIG_DRAFT_H
#define CONFIG_DRAFT_H

#include "config/config_errors.h"
#include "config/setting.h"
#include "worker/snapshot.h"

/* A text and where it stands. at NULL: not in the file. */
struct located {
    struct span text;
    struct place place;
};

struct located_list {
    struct located *at;
    size_t count;       /* of the good ones */
    size_t written;     /* in the file */
    struct place place; /* line 0: not in the file */
};

/* A list of maps: the structs below, each of which begins with its place. */
struct record_list {
    void *at;
    size_t count;
    bool is_written; /* in the file, be it as it may */
    struct place place;
};

struct draft_listen {
    struct place place;
    struct located address, certificate, key, client_ca;
    bool demands_certificate, demands_proxy_header;
};

struct draft_credential {
    struct place place;
    struct located name, token, next_token;
};

struct draft_profile {
    struct place place;
    struct located name, credential;
    struct located workspace_id, bot_id, integration_id;
    struct located_list bots, workspaces, integrations;
    unsigned pass; /* enum profile_pass */
    bool pass_authorization;
};

struct draft_hash {
    struct place place;
    struct located sha256;
    uint64_t not_after_ms;
};

struct draft_key {
    struct place place;
    struct located id, name, profile;
    struct record_list hashes;
    struct located_list certificates, operations, bots, cidrs;
    uint64_t expires_ms;
    uint64_t max_inflight; /* 0: any number */
    bool disabled;
};

struct draft_cache_rule {
    struct place place;
    struct located_list operations;
    uint64_t ttl_s, stale_s; /* 0: not set */
    bool force, never;
};

struct draft_limit {
    struct place place;
    struct located name;
    uint64_t requests, per_ms, burst, cost; /* 0: not set */
    struct located_list match_keys, match_operations;
    unsigned parts; /* enum limit_part */
    bool is_upstream, is_shadow;
};

struct draft_filter {
    struct place place;
    struct located file, options; /* options: as JSON */
    struct located_list routes, operations, keys, profiles, env;
    unsigned on_error; /* enum script_on_error */
};

struct draft {
    struct snapshot_options options; /* what needs no second look stands here at once */
    struct record_list listen, cache_rules, credentials, profiles, keys, limits, filters;
    struct {
        uint64_t requests, per_ms;
    } auth_failures;
    struct located url, proxy, ca_file, anonymous, access_log, audit_log;
    struct located redis_url, redis_password, redis_ca_file, admin_address, admin_token;
    struct located_list trusted_proxies, cors_origins;
    struct class_deadlines cap; /* of every class; 0: not set */
    uint64_t held_bytes;        /* of all workers */
    bool allow_plaintext;
    struct place places[SETTING_MAX]; /* of the settings in the file, by their row */
};

/* The defaults. */
void draft_init(struct draft *draft);

/* Where a setting stands; line 0 when the file does not have it. The path must be in the table. */
struct place draft_place(const struct draft *draft, const char *path);

#endif
