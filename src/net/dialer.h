/* dialer.h - from a host to an open stream, or why not, within deadlines.
 *
 * Resolves, connects, asks a proxy for the way if there is one, shakes hands. Several addresses are tried in turn: the next one starts when
 * one fails or is silent for 250 ms, the first to connect wins (RFC 8305 §5). One per upstream and
 * worker.
 */
#ifndef NET_DIALER_H
#define NET_DIALER_H

#include "metrics/metrics.h"
#include "net/loop.h"
#include "net/resolver.h"
#include "net/stream.h"
#include "net/tls_context.h"

/* Through which all connections go (tunnel.h). */
struct dialer_proxy {
    const char *host; /* NULL: none; as in dialer_options, and resolved in its place */
    unsigned port;
    const char *credentials; /* "user:password"; NULL: none */
};

struct dialer_options {
    const char *host; /* a name or an IP address without brackets */
    unsigned port;
    uint64_t resolve_ms, connect_ms, tls_ms; /* connect_ms is for all addresses together */
    uint64_t refresh_ms;                     /* of DNS answers */
    struct dialer_proxy proxy;               /* answers within another connect_ms */
    struct metrics_cells *metrics;           /* borrowed; NULL: nobody counts */
};

/* Rows of the dialer's failures: what happened, and RFC 9209 §2.3's name for it. */
#define DIAL_RESULTS(X)                                                                            \
    X(DIAL_OK, "")                                                                                 \
    X(DIAL_RESOLVE_FAILED, "dns_error")                                                            \
    X(DIAL_RESOLVE_TIMEOUT, "dns_timeout")                                                         \
    X(DIAL_REFUSED, "connection_refused")                                                          \
    X(DIAL_UNREACHABLE, "destination_ip_unroutable")                                               \
    X(DIAL_CONNECT_TIMEOUT, "connection_timeout")                                                  \
    X(DIAL_PROXY_REFUSED, "destination_unavailable")                                               \
    X(DIAL_PROXY_FAILED, "http_protocol_error")                                                    \
    X(DIAL_PROXY_TIMEOUT, "connection_timeout")                                                    \
    X(DIAL_TLS_FAILED, "tls_protocol_error")                                                       \
    X(DIAL_TLS_UNTRUSTED, "tls_certificate_error")                                                 \
    X(DIAL_TLS_TIMEOUT, "connection_timeout")

#define DIAL_ENUM(name, proxy_status) name,
enum dial_result { DIAL_RESULTS(DIAL_ENUM) };
#undef DIAL_ENUM

/* RFC 9209's error type of a result. */
struct span dial_result_proxy_status(enum dial_result result);

struct dialer;

/* tls: NULL for plain TCP; otherwise counted by the dialer. The strings are copied. */
struct dialer *dialer_create(struct loop *loop, const struct dialer_options *options,
                             struct tls_context *tls);

/* No dial may be running. */
void dialer_destroy(struct dialer *dialer);

struct dial; /* one attempt; owned by the dialer */

/* on_done is raised once, from the loop, unless called off. On DIAL_OK the stream is the owner's,
 * is open already (no on_open follows) and must be listened to before on_done returns. Otherwise
 * stream is NULL and detail says more ("certificate has expired"; borrowed for the call). */
typedef void dial_done_fn(void *owner, enum dial_result result, struct stream *stream,
                          struct span detail);

struct dial *dial_begin(struct dialer *dialer, dial_done_fn *on_done, void *owner);

/* Silent; before on_done only. */
void dial_call_off(struct dial *dial);

#endif
