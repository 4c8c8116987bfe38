/* proxy_url.h - which outbound proxy is used, and its URL taken apart.
 *
 * The URL may hold a password: nothing here shows it.
 */
#ifndef CONFIG_PROXY_URL_H
#define CONFIG_PROXY_URL_H

#include "config/upstream_url.h"

struct proxy_url {
    struct span host; /* without brackets, as written; borrowed */
    unsigned port;
    struct span userinfo; /* user[:password], percent-encoded; empty: none; borrowed */
};

/* NULL, or the rest of a sentence about what is wrong. */
const char *proxy_url_parse(struct span text, struct proxy_url *url);

/* "user:password" as the proxy wants it, in the arena; NULL without userinfo. */
const char *proxy_url_credentials(const struct proxy_url *url, struct arena *arena);

/* Whether a list in the form of NO_PROXY names the upstream: "*", or hosts and domains with an
 * optional port, between commas or spaces. */
bool proxy_is_excepted(struct span no_proxy, const struct upstream_url *upstream);

/* HTTPS_PROXY or https_proxy of the environment, unless NO_PROXY or no_proxy excepts the upstream,
 * or it is no https:// or on this machine; empty for none. Borrowed from the environment. */
struct span proxy_url_of_environment(const struct upstream_url *upstream);

#endif
