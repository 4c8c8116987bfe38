#include "net/tls_stream.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>

#include "base/buffer.h"
#include "base/text.h"
#include "net/tls_bio.h"

enum { RECORD_SIZE = 16 * KIB, PAUSE_LOWER = 1 };

struct tls_stream {
    struct stream stream;
    struct loop *loop;           /* borrowed */
    struct stream *lower;        /* owned until close */
    struct tls_context *context; /* counted */
    SSL *ssl;
    struct tls_bio bio;  /* what arrived is lower's span during its event, else kept */
    char *kept;          /* a copy of what had to wait because the owner paused; else NULL */
    struct buffer early; /* plaintext written before the handshake was done */
    struct task task;    /* catches up; after close, frees */
    enum status why;     /* of the failure */
    const char *error;   /* static text, NULL while there is none */
    bool is_untrusted;
};

static struct tls_stream *tls_of(struct stream *stream)
{
    return container_of(stream, struct tls_stream, stream);
}

/* Follows every call of the library: a read may answer as well (alerts, KeyUpdate). */
static void flush(struct tls_stream *tls)
{
    tls_bio_flush(&tls->bio, tls->lower);
    size_t queued = stream_queued(tls->lower);
    if (queued > tls->stream.queued)
        stream_account(&tls->stream, queued);
}

static void catch_up(struct task *task);

/* From any depth: the owner hears of it from the loop. */
static void fail(struct tls_stream *tls, enum status why, const char *error)
{
    if (tls->stream.is_failed)
        return;
    tls->stream.is_failed = true;
    tls->why = why;
    if (!tls->error)
        tls->error = error;
    if (!tls->stream.is_open) /* the session offered may be what the server disliked */
        tls_context_forget_sessions(tls->context);
    later_run(&tls->loop->later, &tls->task, catch_up);
}

/* Before each call of the library, as what others left behind would be taken for its own. Clearing
 * looks at sixteen places, and there is nearly never anything in them. */
static void forget_errors(void)
{
    if (ERR_peek_error() != 0)
        ERR_clear_error();
}

/* The outcome of a call of the library; what it says of a failure is noted at once, because its
 * error queue belongs to whoever calls it next. */
static int outcome_of(struct tls_stream *tls, int rc)
{
    int outcome = SSL_get_error(tls->ssl, rc);
    if (outcome != SSL_ERROR_SSL && outcome != SSL_ERROR_SYSCALL)
        return outcome;
    long verified = SSL_get_verify_result(tls->ssl);
    tls->is_untrusted = verified != X509_V_OK;
    tls->error = tls->is_untrusted ? X509_verify_cert_error_string(verified)
                                   : ERR_reason_error_string(ERR_peek_error());
    return outcome;
}

static void encrypt(struct tls_stream *tls, struct span bytes)
{
    size_t written;
    if (bytes.len == 0 || tls->stream.is_failed)
        return;
    forget_errors();
    int rc = SSL_write_ex(tls->ssl, bytes.at, bytes.len, &written);
    if (rc != 1) {
        (void)outcome_of(tls, rc);
        fail(tls, ERR_TLS, "cannot write");
    }
}

/* Small spans share a record: a head and its body cost one encryption and one read at the peer. */
static void encrypt_joined(struct tls_stream *tls, const struct span *spans, size_t count)
{
    char record[RECORD_SIZE];
    size_t filled = 0;
    for (size_t i = 0; i < count; i++) {
        struct span rest = spans[i];
        while (rest.len > 0) {
            size_t room = RECORD_SIZE - filled;
            size_t take = rest.len < room ? rest.len : room;
            if (take == RECORD_SIZE) { /* fills records of its own */
                take = rest.len - rest.len % RECORD_SIZE;
                encrypt(tls, (struct span){rest.at, take});
            } else {
                memcpy(record + filled, rest.at, take);
                filled += take;
            }
            rest = span_skip(rest, take);
            if (filled == RECORD_SIZE) {
                encrypt(tls, (struct span){record, filled});
                filled = 0;
            }
        }
    }
    encrypt(tls, (struct span){record, filled});
}

static void say_goodbye(struct tls_stream *tls)
{
    forget_errors();
    (void)SSL_shutdown(tls->ssl);
    flush(tls);
}

static void end_both(struct tls_stream *tls)
{
    say_goodbye(tls);
    stream_end(tls->lower);
}

static void finish_handshake(struct tls_stream *tls)
{
    struct stream *stream = &tls->stream;
    tls_context_count(tls->context, SSL_session_reused(tls->ssl) == 1);
    encrypt(tls, buffer_bytes(&tls->early));
    buffer_clear(&tls->early);
    flush(tls);
    if (stream->is_finished)
        end_both(tls);
    if (stream->pause_reasons != 0)
        stream_pause(tls->lower, PAUSE_LOWER);
    stream_raise_open(stream);
    if (stream->owner)
        stream_account(stream, stream_queued(tls->lower));
}

static void shake_hands(struct tls_stream *tls)
{
    forget_errors();
    int rc = SSL_do_handshake(tls->ssl);
    int outcome = rc == 1 ? SSL_ERROR_NONE : outcome_of(tls, rc);
    flush(tls);
    if (outcome == SSL_ERROR_NONE)
        finish_handshake(tls);
    else if (outcome != SSL_ERROR_WANT_READ)
        fail(tls, ERR_TLS, "handshake failed");
}

/* Fills plain as far as it goes; says why it stopped (SSL_ERROR_NONE: plain is full). */
static int decrypt(struct tls_stream *tls, char *plain, size_t *len)
{
    *len = 0;
    while (*len < LOOP_READ_SIZE) {
        size_t got = 0;
        forget_errors();
        int rc = SSL_read_ex(tls->ssl, plain + *len, LOOP_READ_SIZE - *len, &got);
        if (rc != 1)
            return outcome_of(tls, rc);
        *len += got;
        if (tls->bio.arrived.len == 0 && SSL_has_pending(tls->ssl) == 0)
            return SSL_ERROR_WANT_READ; /* as it would say, at the price of another call */
    }
    return SSL_ERROR_NONE;
}

static bool may_read(const struct tls_stream *tls)
{
    const struct stream *stream = &tls->stream;
    return stream->owner && stream->is_open && !stream->is_failed && !stream->is_ended &&
           stream->pause_reasons == 0;
}

static void drain_into(struct tls_stream *tls, char *plain)
{
    int outcome = SSL_ERROR_NONE;
    size_t len;
    while (outcome == SSL_ERROR_NONE && may_read(tls)) {
        outcome = decrypt(tls, plain, &len);
        flush(tls);
        stream_raise_data(&tls->stream, (struct span){plain, len});
    }
    if (outcome == SSL_ERROR_NONE || outcome == SSL_ERROR_WANT_READ || !tls->stream.owner)
        return;
    if (outcome != SSL_ERROR_ZERO_RETURN)
        fail(tls, ERR_TLS, "protocol error");
    else if (tls->stream.pause_reasons == 0)
        stream_raise_end(&tls->stream); /* if paused, the library says it again after resume */
}

/* Raises plaintext until the library has none, the owner pauses, or it closes. */
static void drain(struct tls_stream *tls)
{
    /* TLS inside TLS: the outer one's bytes stand in the loop's buffer while we read them. */
    char *plain = tls->loop->plain;
    tls->loop->plain = NULL;
    bool is_lent = plain != NULL;
    if (!is_lent)
        plain = xmalloc(LOOP_READ_SIZE);
    drain_into(tls, plain);
    if (is_lent)
        tls->loop->plain = plain;
    else
        free(plain);
}

static void keep_rest(struct tls_stream *tls)
{
    if (tls->bio.arrived.len == 0 || !tls->stream.owner || tls->stream.is_ended ||
        tls->stream.is_failed) {
        tls->bio.arrived = (struct span){0};
        return;
    }
    tls->kept = xmalloc(tls->bio.arrived.len);
    memcpy(tls->kept, tls->bio.arrived.at, tls->bio.arrived.len);
    tls->bio.arrived.at = tls->kept;
}

static void drop_kept(struct tls_stream *tls)
{
    free(tls->kept);
    tls->kept = NULL;
    tls->bio.arrived = (struct span){0};
}

/* What was put off: a failure to tell, a handshake to begin, reading after a pause. */
static void catch_up(struct task *task)
{
    struct tls_stream *tls = container_of(task, struct tls_stream, task);
    struct stream *stream = &tls->stream;
    if (stream->is_failed) {
        stream_raise_failed(stream, tls->why);
        return;
    }
    if (!stream->is_open) {
        if (tls->lower->is_open)
            shake_hands(tls);
        return;
    }
    drain(tls);
    if (stream->owner && stream->pause_reasons == 0) {
        drop_kept(tls);
        stream_resume(tls->lower, PAUSE_LOWER);
    }
}

static void on_lower_open(void *owner)
{
    shake_hands(owner);
}

static void on_lower_data(void *owner, struct span bytes)
{
    struct tls_stream *tls = owner;
    if (tls->stream.is_failed || tls->stream.is_ended)
        return;
    ASSERT(!tls->kept); /* while something waits, lower is paused */
    tls->bio.arrived = bytes;
    if (!tls->stream.is_open)
        shake_hands(tls);
    if (may_read(tls))
        drain(tls);
    keep_rest(tls);
}

static void on_lower_drained(void *owner)
{
    struct tls_stream *tls = owner;
    if (tls->stream.is_open)
        stream_account(&tls->stream, stream_queued(tls->lower));
}

static void on_lower_end(void *owner)
{
    struct tls_stream *tls = owner;
    if (!tls->stream.is_open)
        fail(tls, ERR_CLOSED, "closed during the handshake");
    else if (!tls->stream.is_ended)
        fail(tls, ERR_CLOSED, "closed without a goodbye");
}

static void on_lower_failed(void *owner, enum status why)
{
    fail(owner, why, "connection lost");
}

static const struct stream_events lower_events = {
    .on_open = on_lower_open,
    .on_data = on_lower_data,
    .on_drained = on_lower_drained,
    .on_end = on_lower_end,
    .on_failed = on_lower_failed,
};

static void tls_write(struct stream *stream, const struct span *spans, size_t count)
{
    struct tls_stream *tls = tls_of(stream);
    if (!stream->is_open) {
        for (size_t i = 0; i < count; i++)
            ASSERT(buffer_append(&tls->early, spans[i]) == OK);
        stream_account(stream, tls->early.len);
        return;
    }
    if (count == 1)
        encrypt(tls, spans[0]);
    else
        encrypt_joined(tls, spans, count);
    flush(tls);
}

static void tls_end(struct stream *stream)
{
    if (stream->is_open) /* otherwise finish_handshake comes back to it */
        end_both(tls_of(stream));
}

static void tls_pause(struct stream *stream)
{
    if (stream->is_open) /* the handshake goes on meanwhile */
        stream_pause(tls_of(stream)->lower, PAUSE_LOWER);
}

static void tls_resume(struct stream *stream)
{
    struct tls_stream *tls = tls_of(stream);
    later_run(&tls->loop->later, &tls->task, catch_up);
}

static void bury(struct task *task)
{
    struct tls_stream *tls = container_of(task, struct tls_stream, task);
    SSL_free(tls->ssl);
    tls_context_release(tls->context);
    drop_kept(tls);
    tls_bio_clear(&tls->bio);
    buffer_clear(&tls->early);
    free(tls);
}

static void dispose(struct tls_stream *tls)
{
    /* Otherwise the library takes the session of a connection without both goodbyes for spoilt, and
     * many servers close idle ones without. */
    if (tls->stream.is_open && tls->why != ERR_TLS)
        SSL_set_shutdown(tls->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    later_cancel(&tls->task);
    later_run(&tls->loop->later, &tls->task, bury);
}

static void tls_close(struct stream *stream)
{
    struct tls_stream *tls = tls_of(stream);
    if (stream->is_open && !stream->is_failed && !stream->is_finished)
        say_goodbye(tls);
    stream_close(tls->lower);
    dispose(tls);
}

static void tls_abort(struct stream *stream)
{
    stream_abort(tls_of(stream)->lower);
    dispose(tls_of(stream));
}

static bool tls_is_quiet(struct stream *stream)
{
    struct tls_stream *tls = tls_of(stream);
    return tls->bio.arrived.len == 0 && SSL_has_pending(tls->ssl) == 0 &&
           stream_is_quiet(tls->lower);
}

/* Lower tells of its queue only when it was congested. */
static size_t tls_queued(const struct stream *stream)
{
    const struct tls_stream *tls = (const void *)stream; /* its first member */
    return stream->is_open ? stream_queued(tls->lower) : tls->early.len;
}

static uint64_t tls_taken(const struct stream *stream)
{
    const struct tls_stream *tls = (const void *)stream;
    return stream_taken(tls->lower);
}

static bool tls_peer_address(struct stream *stream, struct address *address)
{
    return stream_peer_address(tls_of(stream)->lower, address);
}

static bool tls_peer_fingerprint(struct stream *stream, unsigned char sha256[FINGERPRINT_SIZE])
{
    const struct tls_stream *tls = tls_of(stream);
    const X509 *certificate = SSL_get0_peer_certificate(tls->ssl);
    if (!stream->is_open || !certificate || SSL_get_verify_result(tls->ssl) != X509_V_OK)
        return false;
    /* It was looked at in the full handshake, which may be long ago: sessions are resumed, and the
     * resumed ones again. */
    if (X509_cmp_current_time(X509_get0_notAfter(certificate)) <= 0)
        return false;
    return X509_digest(certificate, EVP_sha256(), sha256, NULL) == 1;
}

static const struct stream_kind tls_kind = {
    .name = "tls",
    .write = tls_write,
    .pause = tls_pause,
    .resume = tls_resume,
    .end = tls_end,
    .close = tls_close,
    .abort = tls_abort,
    .is_quiet = tls_is_quiet,
    .queued = tls_queued,
    .taken = tls_taken,
    .peer_address = tls_peer_address,
    .peer_fingerprint = tls_peer_fingerprint,
};

struct stream *tls_stream_create(struct stream *lower, struct tls_context *context,
                                 struct loop *loop)
{
    struct tls_stream *tls = xcalloc(1, sizeof(*tls));
    tls->stream.kind = &tls_kind;
    tls->loop = loop;
    tls->lower = lower;
    tls->context = tls_context_hold(context);
    tls->ssl = tls_context_new_ssl(context);
    buffer_init(&tls->early, SIZE_MAX);
    tls_bio_init(&tls->bio, loop);
    BIO *bio = tls_bio_new(&tls->bio);
    SSL_set_bio(tls->ssl, bio, bio);
    stream_listen_to(lower, &lower_events, tls);
    if (lower->is_open)
        later_run(&loop->later, &tls->task, catch_up);
    return &tls->stream;
}

struct span tls_stream_error(const struct stream *stream)
{
    const struct tls_stream *tls = (const void *)stream; /* its first member */
    return span_of(tls->error);
}

bool tls_stream_is_untrusted(const struct stream *stream)
{
    const struct tls_stream *tls = (const void *)stream;
    return tls->is_untrusted;
}
