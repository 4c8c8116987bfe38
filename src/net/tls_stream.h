/* tls_stream.h - TLS over any other stream.
 *
 * Takes over the lower stream and closes it with itself. Knows no sockets: the library reads from
 * the span that has just arrived and its records are collected for one lower write (tls_bio). All
 * plaintext of one read is raised at once. Small spans of one write share a record.
 */
#ifndef NET_TLS_STREAM_H
#define NET_TLS_STREAM_H

#include "net/loop.h"
#include "net/stream.h"
#include "net/tls_context.h"

/* Starts the handshake when lower opens (on_open of lower may still be to come); on_open follows a
 * good handshake, with the peer verified. on_failed with ERR_TLS when it is not. */
struct stream *tls_stream_create(struct stream *lower, struct tls_context *context,
                                 struct loop *loop);

/* Why it failed, in a few words ("certificate has expired"); "" when it did not. Borrowed from the
 * stream. */
struct span tls_stream_error(const struct stream *stream);

/* Whether the failure is the peer's certificate, so that trying again is of no use. */
bool tls_stream_is_untrusted(const struct stream *stream);

#endif
