#include "config/proxy_url.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

enum { HTTP_PORT = 80, USERINFO_MAX_LEN = 1024 };

static const char no_proxy_url[] = "must be http://, a user and password if the proxy wants them, "
                                   "and its host and port, as in http://user:password@proxy:3128";
static const char bad_userinfo[] = "has a user or password that is too long or wrongly encoded: "
                                   "write @, :, / and % in them as %40, %3A, %2F and %25";

/* The byte at the front of an encoded text; -1 when it must not be there. */
static int next_byte(struct span *text)
{
    int escaped = escaped_byte(*text), byte = escaped >= 0 ? escaped : (unsigned char)text->at[0];
    if (escaped < 0 && byte == '%')
        return -1;
    *text = span_skip(*text, escaped >= 0 ? ESCAPE_LEN : 1);
    return byte < ' ' || byte == 0x7f ? -1 : byte;
}

static bool is_userinfo(struct span text)
{
    if (text.len > USERINFO_MAX_LEN)
        return false;
    while (text.len > 0) {
        if (next_byte(&text) < 0)
            return false;
    }
    return true;
}

const char *proxy_url_parse(struct span text, struct proxy_url *url)
{
    const struct span scheme = SPAN("http://");
    struct upstream_url host = {.port = HTTP_PORT};
    *url = (struct proxy_url){.userinfo = SPAN("")};
    if (text.len < scheme.len || !span_equal_nocase((struct span){text.at, scheme.len}, scheme))
        return no_proxy_url;
    struct span authority = span_skip(text, scheme.len);
    if (authority.len > 0 && authority.at[authority.len - 1] == '/')
        authority.len--;
    struct span before = authority;
    while (before.len > 0 && before.at[before.len - 1] != '@')
        before.len--;
    authority = span_skip(authority, before.len);
    if (before.len > 0)
        url->userinfo = (struct span){before.at, before.len - 1};
    if (!is_userinfo(url->userinfo))
        return bad_userinfo;
    if (!authority_take(authority, &host))
        return no_proxy_url;
    url->host = host.host;
    url->port = host.port;
    return NULL;
}

const char *proxy_url_credentials(const struct proxy_url *url, struct arena *arena)
{
    struct span rest = url->userinfo;
    if (rest.len == 0)
        return NULL;
    bool has_colon = memchr(rest.at, ':', rest.len) != NULL;
    char *text = arena_alloc(arena, rest.len + 2);
    size_t len = 0;
    while (rest.len > 0)
        text[len++] = (char)next_byte(&rest);
    if (!has_colon) /* RFC 7617 §2: the colon is there even if the password is empty */
        text[len++] = ':';
    text[len] = '\0';
    return text;
}

static bool ends_with_nocase(struct span text, struct span end)
{
    return text.len >= end.len && span_equal_nocase(span_skip(text, text.len - end.len), end);
}

static bool names(struct span entry, const struct upstream_url *upstream)
{
    struct upstream_url given = {.port = upstream->port};
    if (span_equal(entry, SPAN("*")))
        return true;
    if (span_starts_with(entry, SPAN("*")))
        entry = span_skip(entry, 1);
    if (span_starts_with(entry, SPAN(".")))
        entry = span_skip(entry, 1);
    if (!authority_take(entry, &given)) {
        given.host = entry; /* an IPv6 address may stand there without brackets */
        given.port = upstream->port;
    }
    struct span host = upstream->host;
    if (given.port != upstream->port || !ends_with_nocase(host, given.host))
        return false;
    return host.len == given.host.len || host.at[host.len - given.host.len - 1] == '.';
}

bool proxy_is_excepted(struct span no_proxy, const struct upstream_url *upstream)
{
    while (no_proxy.len > 0) {
        size_t len = 0;
        while (len < no_proxy.len && !strchr(", \t", no_proxy.at[len]))
            len++;
        if (len > 0 && names((struct span){no_proxy.at, len}, upstream))
            return true;
        no_proxy = span_skip(no_proxy, len < no_proxy.len ? len + 1 : len);
    }
    return false;
}

static struct span environment(const char *name, const char *other)
{
    const char *value = getenv(name);
    if (!value || !*value)
        value = getenv(other);
    return span_of(value ? value : "");
}

struct span proxy_url_of_environment(const struct upstream_url *upstream)
{
    struct span none = SPAN("");
    if (!upstream->is_tls || upstream->is_loopback ||
        proxy_is_excepted(environment("NO_PROXY", "no_proxy"), upstream))
        return none;
    return environment("HTTPS_PROXY", "https_proxy");
}
