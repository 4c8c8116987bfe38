/* tunnel.h - a way through a proxy: CONNECT on an open stream (RFC 9110 §9.3.6).
 *
 * What comes back is read strictly: a head with a status of 2xx and nothing behind it, since on the
 * other side nobody speaks before us. After TUNNEL_OPEN the stream carries what is behind the proxy.
 * Embedded in its owner, who keeps the stream and the deadline.
 */
#ifndef NET_TUNNEL_H
#define NET_TUNNEL_H

#include "base/buffer.h"
#include "net/stream.h"

enum tunnel_result {
    TUNNEL_OPEN,
    TUNNEL_REFUSED, /* with another status than 2xx */
    TUNNEL_BROKEN,  /* no HTTP, too much, or gone */
};

struct tunnel {
    struct stream *stream; /* borrowed */
    struct buffer head;
    unsigned status; /* with TUNNEL_REFUSED */
    void *owner;     /* borrowed */
    void (*on_done)(void *owner, enum tunnel_result result);
};

/* The request for host (without brackets) and port; credentials: "user:password" or NULL. Owned by
 * the caller, and as secret as they are. */
char *tunnel_request(const char *host, unsigned port, const char *credentials);

/* Sends the request. on_done is raised once, from the loop, as the tunnel's last act; on TUNNEL_OPEN
 * the owner listens to the stream before it returns. */
void tunnel_begin(struct tunnel *tunnel, struct stream *stream, struct span request,
                  void (*on_done)(void *owner, enum tunnel_result result), void *owner);

/* Frees what it has read. Legal at any moment, also when it has never begun (zeroed). */
void tunnel_clear(struct tunnel *tunnel);

#endif
