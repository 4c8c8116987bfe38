#include "config/config_build.h"

#include "base/text.h"
#include "config/cpu_count.h"
#include "config/proxy_url.h"

/* What is no setting: nobody has a reason to choose otherwise. */
enum {
    MS_IN_SECOND = 1000,
    SPARE_HEADERS = 32,     /* fields that the gateway adds to a request */
    DRAIN_BYTES = 64 * KIB, /* product: each early answer drains so much or closes */
    FIRST_LIFE_MS = 5000,   /* a new upstream is trusted to keep idle connections so long */
};

/* How long the upstream may take, by class of operation. */
static const struct class_deadlines class_deadlines[DEADLINE_CLASS_COUNT] = {
    [DEADLINE_NORMAL] = {.first_byte_ms = 50000, .body_idle_ms = 15000, .total_ms = 55000},
    [DEADLINE_DEPLOY] = {.first_byte_ms = 170000, .body_idle_ms = 15000, .total_ms = 175000},
    [DEADLINE_COGNITIVE] = {.first_byte_ms = 92000, .body_idle_ms = 30000, .total_ms = 95000},
    [DEADLINE_STREAM] = {.first_byte_ms = 92000, .body_idle_ms = 75000, .total_ms = 0},
};

/* 0 is no bound on either side. */
static uint64_t capped(uint64_t value, uint64_t cap)
{
    if (value == 0 || cap == 0)
        return value + cap;
    return value < cap ? value : cap;
}

static void build_deadlines(const struct class_deadlines *cap, struct class_deadlines *deadlines)
{
    for (size_t i = 0; i < DEADLINE_CLASS_COUNT; i++) {
        deadlines[i] = (struct class_deadlines){
            .first_byte_ms = capped(class_deadlines[i].first_byte_ms, cap->first_byte_ms),
            .body_idle_ms = capped(class_deadlines[i].body_idle_ms, cap->body_idle_ms),
            .total_ms = capped(class_deadlines[i].total_ms, cap->total_ms),
        };
    }
}

static void build_listen(const struct draft *draft, struct snapshot_options *options,
                         struct arena *arena)
{
    const struct draft_listen *from = draft->listen.at;
    options->listen_count = draft->listen.count > 0 ? draft->listen.count : 1;
    options->listen = arena_zalloc(arena, options->listen_count * sizeof(options->listen[0]));
    options->listen[0].address = SPAN("127.0.0.1:8080");
    for (size_t i = 0; i < draft->listen.count; i++)
        options->listen[i] = (struct listen_options){
            .address = from[i].address.text,
            .tls = {.certificate_file = from[i].certificate.text.at,
                    .key_file = from[i].key.text.at,
                    .client_ca_file = from[i].client_ca.text.at,
                    .demands_certificate = from[i].demands_certificate},
            .demands_proxy_header = from[i].demands_proxy_header,
        };
}

static void build_trusted_proxies(const struct draft *draft, struct cidr_list *trusted,
                                  struct arena *arena)
{
    const struct located_list *from = &draft->trusted_proxies;
    struct cidr *cidrs = arena_zalloc(arena, from->count * sizeof(cidrs[0]));
    for (size_t i = 0; i < from->count; i++)
        ASSERT(cidr_parse(from->at[i].text, &cidrs[i]));
    *trusted = (struct cidr_list){cidrs, from->count};
}

static void build_cors(const struct draft *draft, struct cors_options *cors, struct arena *arena)
{
    const struct located_list *from = &draft->cors_origins;
    struct span *origins = arena_zalloc(arena, from->count * sizeof(origins[0]));
    for (size_t i = 0; i < from->count; i++)
        origins[i] = from->at[i].text;
    *cors = (struct cors_options){origins, from->count};
}

static void build_proxy(struct span text, struct dialer_proxy *proxy, struct arena *arena)
{
    struct proxy_url url;
    if (text.len == 0)
        return;
    ASSERT(!proxy_url_parse(text, &url));
    *proxy = (struct dialer_proxy){
        .host = arena_format(arena, "%.*s", (int)url.host.len, url.host.at).at,
        .port = url.port,
        .credentials = proxy_url_credentials(&url, arena),
    };
}

static void build_upstream(const struct draft *draft, struct snapshot_options *options,
                           struct arena *arena)
{
    struct upstream_url url;
    struct upstream_options *upstream = &options->upstream;
    ASSERT(!upstream_url_parse(draft->url.text, &url));
    upstream->host = arena_format(arena, "%.*s", (int)url.host.len, url.host.at).at;
    upstream->authority = upstream_url_authority(&url, arena);
    upstream->port = url.port;
    upstream->is_tls = url.is_tls;
    upstream->ca_file = draft->ca_file.text.at;
    upstream->pool.first_life_ms = FIRST_LIFE_MS;
    bool is_set = draft->proxy.text.len > 0;
    build_proxy(is_set ? draft->proxy.text : proxy_url_of_environment(&url), &upstream->proxy,
                arena);
}

static void build_client(const struct draft *draft, struct client_options *client)
{
    client->spare_headers = SPARE_HEADERS;
    client->drain_bytes = DRAIN_BYTES;
    /* A default must not break a rule with what the file sets: it gives way. */
    bool is_set = draft_place(draft, "client.keep_alive").line > 0;
    if (!is_set && (uint64_t)client->keep_alive_s * MS_IN_SECOND >= client->idle_ms)
        client->keep_alive_s = (unsigned)(client->idle_ms / 2 / MS_IN_SECOND);
}

static struct log_place log_place_of(const struct located *log)
{
    static const struct {
        struct span word;
        struct log_place place;
    } words[] = {
        {SPAN_INIT("off"), {LOG_OFF, NULL}},
        {SPAN_INIT("stdout"), {LOG_STDOUT, NULL}},
        {SPAN_INIT("stderr"), {LOG_STDERR, NULL}},
        {SPAN_INIT("syslog"), {LOG_SYSLOG, "/dev/log"}},
    };
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        if (span_equal(log->text, words[i].word))
            return words[i].place;
    }
    if (span_starts_with(log->text, SPAN("syslog:")))
        return (struct log_place){LOG_SYSLOG, log->text.at + strlen("syslog:")};
    return (struct log_place){LOG_FILE, log->text.at};
}

static void build_redis(const struct draft *draft, struct snapshot_options *options,
                        struct arena *arena)
{
    options->has_redis = draft->redis_url.text.len > 0;
    if (!options->has_redis)
        return;
    ASSERT(!redis_url_parse(draft->redis_url.text, arena, &options->redis.url));
    options->redis.text = draft->redis_url.text;
    options->redis.password = draft->redis_password.text;
    options->redis.ca_file = draft->redis_ca_file.text.at;
}

void config_build(const struct draft *draft, struct snapshot_options *options, struct arena *arena)
{
    *options = draft->options;
    if (options->workers == 0)
        options->workers = cpu_count();
    if (options->workers > options->max_connections)
        options->workers = (unsigned)options->max_connections;
    options->gateway.held_bytes = (size_t)(draft->held_bytes / options->workers);
    build_listen(draft, options, arena);
    build_trusted_proxies(draft, &options->gateway.trusted_proxies, arena);
    build_cors(draft, &options->gateway.cors, arena);
    build_upstream(draft, options, arena);
    build_client(draft, &options->client);
    options->access_log = log_place_of(&draft->access_log);
    options->audit_log = log_place_of(&draft->audit_log);
    if (options->cache.object_bytes > options->cache.memory_bytes)
        options->cache.object_bytes = options->cache.memory_bytes;
    build_redis(draft, options, arena);
    options->admin = (struct admin_options){draft->admin_address.text, draft->admin_token.text};
    build_deadlines(&draft->cap, options->gateway.deadlines);
}
