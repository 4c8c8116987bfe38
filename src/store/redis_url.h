/* redis_url.h - where Redis is and who we are there, from one text. Pure.
 *
 *     redis://[[user]:password@]host[:port][/database]      rediss:// for TLS
 *     unix://[[user]:password@]/path/to/socket[?db=database]
 *     redis+sentinel://[[user]:password@]host[:port][,host[:port]…]/master[/database]
 *
 * User and password are percent-encoded. What comes out is decoded and lives in the arena. A name
 * alone in front of the @ is refused: some take it for a user, some for a password.
 */
#ifndef STORE_REDIS_URL_H
#define STORE_REDIS_URL_H

#include "base/arena.h"

enum { REDIS_URL_MAX_ADDRESSES = 8, REDIS_LOGIN_MAX_LEN = 4 * KIB };

struct redis_address {
    const char *host; /* a name or an IP address without brackets */
    unsigned port;
};

/* Who we are there, and in which database. Whoever keeps the password elsewhere puts it here. */
struct redis_login {
    struct span user, password; /* empty: none; any bytes, at most
                                      REDIS_LOGIN_MAX_LEN each */
    unsigned database;
};

enum redis_url_kind { REDIS_URL_TCP, REDIS_URL_UNIX, REDIS_URL_SENTINEL };

struct redis_url {
    enum redis_url_kind kind;
    bool is_tls;
    struct redis_address addresses[REDIS_URL_MAX_ADDRESSES]; /* the sentinels, or Redis itself */
    size_t count;
    const char *path;   /* of REDIS_URL_UNIX */
    struct span master; /* of REDIS_URL_SENTINEL: the name that the sentinels know it by */
    struct redis_login login;
};

/* NULL, or the rest of a sentence about what is wrong ("must be redis://host:port …"); it never
 * shows the text, which may hold a password. */
const char *redis_url_parse(struct span text, struct arena *arena, struct redis_url *url);

#endif
