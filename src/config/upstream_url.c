#include "config/upstream_url.h"

#include <arpa/inet.h>

#include "base/text.h"

enum { HTTP_PORT = 80, HTTPS_PORT = 443, HOST_MAX_LEN = 253, PORT_MAX = 65535 };

static const char no_url[] = "must be https:// and a host, as in https://api.botpress.cloud";
static const char no_host[] = "has a host that is neither a name nor an IP address: write it as in "
                              "https://api.botpress.cloud or https://[2001:db8::1]:8443";
static const char no_port[] = "has a port that is no number from 1 to 65535";
static const char has_userinfo[] = "must not have a user or password in it: credentials have a "
                                   "section of their own";
static const char has_path[] = "must not have a path, query or fragment: end it after the host "
                               "and port";

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

static bool is_name(struct span host)
{
    for (size_t i = 0; i < host.len; i++) {
        char c = ascii_lower(host.at[i]);
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (!is_letter && c != '-' && c != '.' && c != '_')
            return false;
    }
    return host.len > 0 && host.len <= HOST_MAX_LEN && host.at[0] != '.' && host.at[0] != '-';
}

/* Whether text is an address of the family; address gets its bytes. */
static bool is_address(int family, struct span text, unsigned char address[16])
{
    char copy[INET6_ADDRSTRLEN];
    if (text.len >= sizeof(copy))
        return false;
    memcpy(copy, text.at, text.len);
    copy[text.len] = '\0';
    return strlen(copy) == text.len && inet_pton(family, copy, address) == 1;
}

/* Digits and dots alone would be looked up as a name by some resolvers and as an odd address by
 * others: it has to be a whole IPv4 address. */
static bool looks_like_ipv4(struct span host)
{
    for (size_t i = 0; i < host.len; i++) {
        if (host.at[i] != '.' && (host.at[i] < '0' || host.at[i] > '9'))
            return false;
    }
    return true;
}

static bool ends_with_localhost(struct span host)
{
    const struct span name = SPAN("localhost");
    if (host.len < name.len)
        return false;
    struct span end = span_skip(host, host.len - name.len);
    bool is_whole = end.len == host.len || host.at[host.len - end.len - 1] == '.';
    return is_whole && span_equal_nocase(end, name);
}

static bool take_host(struct span *text, struct upstream_url *url)
{
    unsigned char address[16] = {0};
    static const unsigned char loopback[16] = {[15] = 1};
    url->is_ipv6 = text->len > 0 && text->at[0] == '[';
    if (url->is_ipv6) {
        *text = span_skip(*text, 1);
        size_t len = length_before(*text, "]");
        url->host = (struct span){text->at, len};
        if (len == text->len || !is_address(AF_INET6, url->host, address))
            return false;
        *text = span_skip(*text, len + 1);
        url->is_loopback = memcmp(address, loopback, sizeof(address)) == 0;
        return true;
    }
    url->host = (struct span){text->at, length_before(*text, ":")};
    *text = span_skip(*text, url->host.len);
    if (!is_name(url->host))
        return false;
    if (!looks_like_ipv4(url->host)) {
        url->is_loopback = ends_with_localhost(url->host);
        return true;
    }
    bool is_ipv4 = is_address(AF_INET, url->host, address);
    url->is_loopback = is_ipv4 && address[0] == 127;
    return is_ipv4;
}

static bool take_port(struct span *text, unsigned *port)
{
    uint64_t value = 0;
    if (text->len == 0)
        return true;
    if (text->at[0] != ':' || !span_to_u64(span_skip(*text, 1), &value) || value < 1 ||
        value > PORT_MAX)
        return false;
    *port = (unsigned)value;
    return true;
}

const char *upstream_url_parse(struct span text, struct upstream_url *url)
{
    *url =
        (struct upstream_url){.is_tls = take_prefix(&text, SPAN("https://")), .port = HTTPS_PORT};
    if (!url->is_tls) {
        if (!take_prefix(&text, SPAN("http://")))
            return no_url;
        url->port = HTTP_PORT;
    }
    struct span authority = {text.at, length_before(text, "/?#")};
    struct span rest = span_skip(text, authority.len);
    if (length_before(authority, "@") < authority.len)
        return has_userinfo;
    /* RFC 3986 §6.2.3: an empty path and "/" are the same. */
    if (rest.len > 0 && !span_equal(rest, SPAN("/")))
        return has_path;
    if (!take_host(&authority, url))
        return no_host;
    return take_port(&authority, &url->port) ? NULL : no_port;
}

bool authority_take(struct span authority, struct upstream_url *url)
{
    return take_host(&authority, url) && take_port(&authority, &url->port);
}

static struct span lower_copy(struct arena *arena, struct span text)
{
    char *copy = arena_alloc(arena, text.len);
    for (size_t i = 0; i < text.len; i++)
        copy[i] = ascii_lower(text.at[i]);
    return (struct span){copy, text.len};
}

struct span upstream_url_authority(const struct upstream_url *url, struct arena *arena)
{
    struct span host = lower_copy(arena, url->host);
    const char *open = url->is_ipv6 ? "[" : "", *close = url->is_ipv6 ? "]" : "";
    int len = (int)host.len;
    if (url->port == (url->is_tls ? HTTPS_PORT : HTTP_PORT))
        return arena_format(arena, "%s%.*s%s", open, len, host.at, close);
    return arena_format(arena, "%s%.*s%s:%u", open, len, host.at, close, url->port);
}
