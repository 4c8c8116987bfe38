/* upstream_url.h - the URL of the upstream taken apart. Pure. */
#ifndef CONFIG_UPSTREAM_URL_H
#define CONFIG_UPSTREAM_URL_H

#include "base/arena.h"

struct upstream_url {
    bool is_tls;
    bool is_ipv6;
    bool is_loopback; /* localhost, 127.0.0.0/8, ::1: never leaves this machine */
    struct span host; /* without brackets, as written; borrowed */
    unsigned port;
};

/* NULL, or the rest of a sentence about what is wrong ("must not have a path: …"); it never shows
 * the URL, which may hold a password. */
const char *upstream_url_parse(struct span text, struct upstream_url *url);

/* host[:port] alone; *url's port stays as it is when there is none. False for anything else. */
bool authority_take(struct span authority, struct upstream_url *url);

/* host[:port] as Host carries it (RFC 9110 §7.2): lower case, brackets, no default port. */
struct span upstream_url_authority(const struct upstream_url *url, struct arena *arena);

#endif
