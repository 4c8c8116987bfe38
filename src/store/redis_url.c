#include "store/redis_url.h"

#include <limits.h>

#include "base/text.h"
#include "net/address.h"
#include "net/tcp_stream.h"

enum { REDIS_PORT = 6379, SENTINEL_PORT = 26379, PORT_MAX = 65535, HOST_MAX_LEN = 253 };
enum { MASTER_MAX_LEN = 128 };

static const char no_url[] = "must be redis://, rediss://, unix:// or redis+sentinel:// and where "
                             "Redis is, as in redis://127.0.0.1:6379/0";
static const char is_cluster[] = "names a Redis Cluster, which is not supported: use one Redis, "
                                 "Sentinel (redis+sentinel://), or a service with one endpoint";
static const char is_tls_sentinel[] = "asks for TLS with Sentinel, which is not supported: use "
                                      "redis+sentinel:// or, for one Redis, rediss://";
static const char no_host[] = "has a host that is neither a name nor an IP address: write it as in "
                              "redis://127.0.0.1:6379 or redis://[::1]:6379; @, /, : and % in a "
                              "password are %40, %2F, %3A and %25";
static const char no_port[] = "has a port that is no number from 1 to 65535";
static const char bad_login[] = "has a user or password that is too long or wrongly encoded: write "
                                "@, /, : and % in them as %40, %2F, %3A and %25";
static const char half_login[] = "has a name alone in front of the @: write a password as "
                                 ":password@, a user without one as user:@";
static const char no_database[] = "has something else than a database in its path: end it with the "
                                  "database's number, as in redis://127.0.0.1:6379/0";
static const char has_query[] = "must not have a query or a fragment: the database is written as "
                                "in redis://127.0.0.1:6379/0";
static const char no_path[] =
    "must have the path of a socket, at most 107 bytes, and nothing behind "
    "it but the database, as in unix:///run/redis/redis.sock?db=0";
static const char no_master[] = "must have the name that the sentinels know the master by in its "
                                "path, as in redis+sentinel://10.0.0.1,10.0.0.2/mymaster";
static const char many_hosts[] = "must have one to eight hosts with commas between them";
static const char two_hosts[] = "must have one host: several are for redis+sentinel://";

static bool take_prefix(struct span *text, struct span prefix)
{
    if (text->len < prefix.len || !span_equal_nocase((struct span){text->at, prefix.len}, prefix))
        return false;
    *text = span_skip(*text, prefix.len);
    return true;
}

static size_t length_before(struct span text, const char *stops)
{
    size_t len = 0;
    while (len < text.len && !(text.at[len] && strchr(stops, text.at[len])))
        len++;
    return len;
}

static bool has_byte(struct span text, char byte)
{
    return text.len > 0 && memchr(text.at, byte, text.len) != NULL;
}

/* --- User and password --- */

/* What '%' and two hex digits stand for, or the byte itself; -1 when it must not be there. */
static int take_byte(struct span *text)
{
    int escaped = escaped_byte(*text), byte = escaped >= 0 ? escaped : (unsigned char)text->at[0];
    if (escaped < 0 && (byte == '%' || byte <= ' ' || byte == 0x7f))
        return -1;
    *text = span_skip(*text, escaped >= 0 ? ESCAPE_LEN : 1);
    return byte;
}

static bool decode(struct span text, struct arena *arena, struct span *decoded)
{
    if (text.len > 3 * REDIS_LOGIN_MAX_LEN)
        return false;
    char *bytes = arena_alloc(arena, text.len);
    size_t len = 0;
    while (text.len > 0) {
        int byte = take_byte(&text);
        if (byte < 0)
            return false;
        bytes[len++] = (char)byte;
    }
    *decoded = (struct span){bytes, len};
    return len <= REDIS_LOGIN_MAX_LEN;
}

/* Takes what stands before the last @ of the authority off it. */
static const char *take_login(struct span *authority, struct arena *arena,
                              struct redis_login *login)
{
    struct span before = *authority;
    while (before.len > 0 && before.at[before.len - 1] != '@')
        before.len--;
    if (before.len == 0)
        return NULL;
    *authority = span_skip(*authority, before.len);
    before.len--;
    if (before.len > 0 && !has_byte(before, ':'))
        return half_login;
    struct span user = span_cut(&before, ':');
    if (!decode(user, arena, &login->user) || !decode(before, arena, &login->password))
        return bad_login;
    return NULL;
}

/* --- Hosts --- */

static bool is_name(struct span host)
{
    bool has_letter = false;
    for (size_t i = 0; i < host.len; i++) {
        char c = ascii_lower(host.at[i]);
        bool is_letter = (c >= 'a' && c <= 'z') || c == '-' || c == '_';
        if (!is_letter && !(c >= '0' && c <= '9') && c != '.')
            return false;
        has_letter = has_letter || is_letter;
    }
    /* Digits and dots alone are a wrong address, which resolvers read in ways of their own. */
    return has_letter && host.len <= HOST_MAX_LEN && host.at[0] != '.' && host.at[0] != '-';
}

static bool take_host(struct span *text, struct span *host)
{
    struct address address;
    bool is_bracketed = text->len > 0 && text->at[0] == '[';
    if (!is_bracketed) {
        *host = (struct span){text->at, length_before(*text, ":")};
        *text = span_skip(*text, host->len);
        return is_name(*host) ||
               (address_parse(*host, &address) && address.len == ADDRESS_IPV4_LEN);
    }
    *text = span_skip(*text, 1);
    *host = (struct span){text->at, length_before(*text, "]")};
    if (host->len == text->len || !address_parse(*host, &address))
        return false;
    *text = span_skip(*text, host->len + 1);
    return true;
}

static const char *parse_address(struct span text, struct arena *arena,
                                 struct redis_address *address)
{
    struct span host;
    uint64_t port = address->port;
    if (!take_host(&text, &host))
        return no_host;
    if (text.len > 0 && (text.at[0] != ':' || !span_to_u64(span_skip(text, 1), &port) || port < 1 ||
                         port > PORT_MAX))
        return no_port;
    address->host = arena_format(arena, "%.*s", (int)host.len, host.at).at;
    address->port = (unsigned)port;
    return NULL;
}

static const char *parse_addresses(struct span text, struct arena *arena, unsigned port,
                                   struct redis_url *url)
{
    do {
        struct span address = span_cut(&text, ',');
        if (url->count == REDIS_URL_MAX_ADDRESSES || address.len == 0)
            return many_hosts;
        url->addresses[url->count].port = port;
        const char *problem = parse_address(address, arena, &url->addresses[url->count++]);
        if (problem)
            return problem;
    } while (text.len > 0);
    return NULL;
}

/* --- What follows --- */

static bool parse_database(struct span text, unsigned *database)
{
    uint64_t number;
    if (!span_to_u64(text, &number) || number > INT_MAX)
        return false;
    *database = (unsigned)number;
    return true;
}

/* "", "/" or "/number". */
static const char *parse_database_path(struct span path, struct redis_login *login)
{
    if (length_before(path, "?#") < path.len)
        return has_query;
    if (path.len <= 1)
        return NULL;
    return parse_database(span_skip(path, 1), &login->database) ? NULL : no_database;
}

static const char *parse_tcp(struct span authority, struct span path, struct arena *arena,
                             struct redis_url *url)
{
    if (has_byte(authority, ','))
        return two_hosts;
    url->addresses[0].port = REDIS_PORT;
    url->count = 1;
    const char *problem = parse_address(authority, arena, &url->addresses[0]);
    return problem ? problem : parse_database_path(path, &url->login);
}

static const char *parse_unix(struct span authority, struct span path, struct arena *arena,
                              struct redis_url *url)
{
    struct span file = {path.at, length_before(path, "?#")};
    struct span query = span_skip(path, file.len);
    if (authority.len > 0 || file.len < 2 || file.len > LOCAL_PATH_MAX_LEN || has_byte(file, '\0'))
        return no_path;
    if (query.len > 0 &&
        (!take_prefix(&query, SPAN("?db=")) || !parse_database(query, &url->login.database)))
        return no_path;
    url->path = arena_format(arena, "%.*s", (int)file.len, file.at).at;
    return NULL;
}

/* As Sentinel itself has it. */
static bool is_master_name(struct span name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = ascii_lower(name.at[i]);
        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '.' && c != '-' && c != '_')
            return false;
    }
    return name.len > 0 && name.len <= MASTER_MAX_LEN;
}

static const char *parse_sentinel(struct span authority, struct span path, struct arena *arena,
                                  struct redis_url *url)
{
    const char *problem = parse_addresses(authority, arena, SENTINEL_PORT, url);
    if (problem)
        return problem;
    struct span rest = span_skip(path, path.len > 0 ? 1 : 0);
    struct span name = {rest.at, length_before(rest, "/?#")};
    if (!is_master_name(name))
        return no_master;
    url->master = arena_copy(arena, name);
    return parse_database_path(span_skip(rest, name.len), &url->login);
}

typedef const char *parse_fn(struct span authority, struct span path, struct arena *arena,
                             struct redis_url *url);

static const struct {
    struct span prefix;
    parse_fn *parse;
    const char *refusal; /* instead of parse */
    enum redis_url_kind kind;
    bool is_tls;
} schemes[] = {
    {SPAN_INIT("redis://"), parse_tcp, NULL, REDIS_URL_TCP, false},
    {SPAN_INIT("rediss://"), parse_tcp, NULL, REDIS_URL_TCP, true},
    {SPAN_INIT("unix://"), parse_unix, NULL, REDIS_URL_UNIX, false},
    {SPAN_INIT("redis+sentinel://"), parse_sentinel, NULL, REDIS_URL_SENTINEL, false},
    {SPAN_INIT("rediss+sentinel://"), NULL, is_tls_sentinel, REDIS_URL_SENTINEL, true},
    {SPAN_INIT("redis+cluster://"), NULL, is_cluster, REDIS_URL_TCP, false},
    {SPAN_INIT("rediss+cluster://"), NULL, is_cluster, REDIS_URL_TCP, true},
};

const char *redis_url_parse(struct span text, struct arena *arena, struct redis_url *url)
{
    *url = (struct redis_url){.path = NULL};
    for (size_t i = 0; i < COUNT_OF(schemes); i++) {
        if (!take_prefix(&text, schemes[i].prefix))
            continue;
        if (schemes[i].refusal)
            return schemes[i].refusal;
        url->kind = schemes[i].kind;
        url->is_tls = schemes[i].is_tls;
        struct span authority = {text.at, length_before(text, "/?#")};
        struct span path = span_skip(text, authority.len);
        const char *problem = take_login(&authority, arena, &url->login);
        return problem ? problem : schemes[i].parse(authority, path, arena, url);
    }
    return no_url;
}
