/* tls_identity.h - the certificate of a listener, read again when its files change.
 *
 * The files are looked at when a connection comes, at most once a second, also behind links that are
 * swapped. New handshakes get the newest certificate and key that fit together; running ones keep
 * theirs. One for each worker and listener, on one thread.
 */
#ifndef NET_TLS_IDENTITY_H
#define NET_TLS_IDENTITY_H

#include "net/tls_context.h"

struct tls_identity;

/* NULL when the files cannot be used; error then says which and why. The strings of the options are
 * borrowed and must outlive it. */
struct tls_identity *tls_identity_create(const struct tls_server_options *options,
                                         char error[TLS_ERROR_SIZE]);
void tls_identity_destroy(struct tls_identity *identity); /* NULL is allowed */

/* For the next handshake. Borrowed until the next call; tls_stream_create counts its own. */
struct tls_context *tls_identity_context(struct tls_identity *identity, uint64_t now_ms);

enum identity_news { IDENTITY_SAME, IDENTITY_REPLACED, IDENTITY_IN_TROUBLE };

/* What has happened since it was last asked, each thing once: the files were replaced, or they cannot
 * be used and *trouble says why (borrowed until the next tls_identity_context). A trouble is told when
 * it has lasted for two looks: while certificate and key are being written they do not fit. */
enum identity_news tls_identity_take_news(struct tls_identity *identity, const char **trouble);

#endif
