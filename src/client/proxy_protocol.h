/* proxy_protocol.h - reads the line or block that a balancer puts before a client's own bytes.
 *
 * HAProxy's PROXY protocol, versions 1 and 2. Strict: what is not exactly a header for a connection
 * over TCP is refused, so that a client cannot smuggle one past a balancer that adds none. Pure.
 */
#ifndef CLIENT_PROXY_PROTOCOL_H
#define CLIENT_PROXY_PROTOCOL_H

#include "net/address.h"

/* More than any balancer is known to send, extensions included; a longer header is refused. */
enum { PROXY_HEADER_MAX = 536 };

struct proxy_header {
    size_t len;            /* what follows is the client's own */
    struct address source; /* unknown: the socket's counts (LOCAL, UNKNOWN, UNSPEC) */
};

enum proxy_result {
    PROXY_PARTIAL,  /* good so far */
    PROXY_COMPLETE, /* *header is set */
    PROXY_REFUSED,
};

/* bytes: all that has come so far. REFUSED comes at once for what cannot begin a header, and PARTIAL
 * never for PROXY_HEADER_MAX bytes or more. */
enum proxy_result proxy_protocol_read(struct span bytes, struct proxy_header *header);

#endif
