/* tls_bio.h - what OpenSSL reads from and writes to: a span that has arrived, and a run of records.
 *
 * Embedded in a TLS stream. The run is lent by the loop while something is in it, so that a
 * connection at rest has no buffer of its own.
 */
#ifndef NET_TLS_BIO_H
#define NET_TLS_BIO_H

#include <openssl/bio.h>

#include "net/loop.h"
#include "net/stream.h"

struct tls_bio {
    struct loop *loop;     /* borrowed */
    struct span arrived;   /* ciphertext not yet read; borrowed, set and kept by the owner */
    struct buffer records; /* made and not yet handed on; empty between calls of the library */
};

void tls_bio_init(struct tls_bio *bio, struct loop *loop);

/* For SSL_set_bio, which takes it over. bio must outlive it. */
BIO *tls_bio_new(struct tls_bio *bio);

/* Hands all records to lower in one write. */
void tls_bio_flush(struct tls_bio *bio, struct stream *lower);

void tls_bio_clear(struct tls_bio *bio);

#endif
