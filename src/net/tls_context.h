/* tls_context.h - what all TLS connections of one side share: trust, certificates, sessions.
 *
 * One per worker and side, counted: connections hold it while they live, so it may be replaced under
 * load. A client context verifies the peer's chain and name, always; it keeps the newest sessions of
 * its one server for resumption. TLS 1.2 is the least; modern suites only.
 */
#ifndef NET_TLS_CONTEXT_H
#define NET_TLS_CONTEXT_H

#include <openssl/ssl.h>

#include "metrics/metrics.h"
#include "net/tls_tickets.h"

struct tls_context;

struct tls_client_options {
    const char *server_name; /* SNI and the name that the certificate must bear; a name or an IP */
    const char *ca_file;     /* NULL: the system's */
};

struct tls_server_options {
    const char *certificate_file; /* PEM chain, leaf first */
    const char *key_file;
    const char *client_ca_file;  /* who signs clients' certificates; NULL: they are not asked for */
    bool demands_certificate;    /* with client_ca_file: no handshake without one */
    struct tls_tickets *tickets; /* borrowed; NULL: tickets are good in this context alone */
    struct metrics_cells *metrics; /* borrowed; NULL: nobody counts */
};

enum { TLS_ERROR_SIZE = 256 };

/* NULL when a file cannot be used; error then says which and why. The strings are copied. */
struct tls_context *tls_context_create_client(const struct tls_client_options *options,
                                              char error[TLS_ERROR_SIZE]);
struct tls_context *tls_context_create_server(const struct tls_server_options *options,
                                              char error[TLS_ERROR_SIZE]);

/* Its handshakes count here from now on. Borrowed. */
void tls_context_count_in(struct tls_context *context, struct metrics_cells *metrics);

/* Counts one more holder. */
struct tls_context *tls_context_hold(struct tls_context *context);

/* Gives one count back, the creator's or that of tls_context_hold; the last one frees. */
void tls_context_release(struct tls_context *context);

/* For tls_stream: an SSL set up for this side, SNI, name and a session to resume included. */
SSL *tls_context_new_ssl(struct tls_context *context);

/* For tls_stream: after a failed handshake the sessions kept may be what the server disliked. */
void tls_context_forget_sessions(struct tls_context *context);

/* Connections that were resumed and those that shook hands in full. */
struct tls_counts {
    uint64_t full, resumed;
};
void tls_context_count(struct tls_context *context, bool was_resumed);
struct tls_counts tls_context_counts(const struct tls_context *context);

#endif
