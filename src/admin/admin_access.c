#include "admin/admin_access.h"

#include <openssl/crypto.h>

#include "base/text.h"
#include "net/address.h"

/* The host of "host:port" or "[::1]:port". */
static struct span host_of(struct span authority)
{
    if (!span_starts_with(authority, SPAN("[")))
        return span_cut(&authority, ':');
    struct span rest = span_skip(authority, 1);
    return span_cut(&rest, ']');
}

/* DNS rebinding needs a name, and a browser, which always sends Host: an address stands for itself. */
static bool is_own_host(struct span authority)
{
    struct address address;
    struct span host = host_of(authority);
    return authority.len == 0 || span_equal_nocase(host, SPAN("localhost")) ||
           address_parse(host, &address);
}

static bool is_safe(enum method method)
{
    return method == METHOD_GET || method == METHOD_HEAD || method == METHOD_OPTIONS;
}

/* "http://" and what the request calls us (RFC 6454 §6.2); https behind a proxy that ends TLS. */
static bool is_own_origin(struct span origin, struct span authority)
{
    const struct span schemes[] = {SPAN("http://"), SPAN("https://")};
    for (size_t i = 0; i < COUNT_OF(schemes); i++) {
        if (span_starts_with(origin, schemes[i]))
            return span_equal_nocase(span_skip(origin, schemes[i].len), authority);
    }
    return false;
}

/* Every Origin and every Sec-Fetch-Site counts: of two a browser has sent at most one. */
static bool is_from_elsewhere(const struct request *request)
{
    for (size_t i = 0; i < request->headers.count; i++) {
        const struct header *header = &request->headers.at[i];
        if (header->id == HEADER_ORIGIN && !is_own_origin(header->value, request->host))
            return true;
        if (span_equal_nocase(header->name, SPAN("sec-fetch-site")) &&
            !span_equal(header->value, SPAN("same-origin")) &&
            !span_equal(header->value, SPAN("none")))
            return true;
    }
    return false;
}

static enum admin_denial check_token(const struct request *request, struct span token)
{
    struct span shown = header_list_value(&request->headers, HEADER_AUTHORIZATION);
    struct span scheme = span_cut(&shown, ' ');
    shown = span_trim(shown);
    if (!span_equal_nocase(scheme, SPAN("bearer")) || shown.len == 0)
        return ADMIN_NO_TOKEN;
    bool is_same = shown.len == token.len && CRYPTO_memcmp(shown.at, token.at, token.len) == 0;
    return is_same ? ADMIN_GRANTED : ADMIN_BAD_TOKEN;
}

enum admin_denial admin_access(const struct request *request, struct span token, bool is_open)
{
    if (token.len == 0 && !is_own_host(request->host))
        return ADMIN_FOREIGN_HOST;
    if (!is_safe(request->method) && is_from_elsewhere(request))
        return ADMIN_CROSS_SITE;
    if (token.len == 0 || is_open)
        return ADMIN_GRANTED;
    return check_token(request, token);
}
