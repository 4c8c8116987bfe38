/* stream.h - bytes to and from one peer, whatever carries them.
 *
 * A stream is TCP, TLS over another stream, or one end of an in-memory pair for tests; its owner
 * cannot tell which. Rules, for owners and kinds alike:
 *
 * 1. It pushes: bytes arrive through on_data until paused. The span is borrowed for the call.
 * 2. Pausing takes a reason bit; bytes flow again when no reason is left.
 * 3. stream_write takes all and never fails to the caller's face: a broken stream drops the bytes
 *    and says on_failed from the loop. A writer asks stream_is_congested and waits for on_drained.
 * 4. No event is raised from inside a stream_* call.
 * 5. stream_close is legal at any moment, also inside an event, exactly once, and silent: after it
 *    no event reaches the owner. The object is freed later by itself. Bytes that were written and
 *    are still queued are lost: stream_end first, and wait for on_end or a deadline, to have them
 *    delivered.
 * 6. on_end comes at most once. on_failed comes at most once and nothing after it; then only
 *    stream_close is left. A TLS peer that ends without its goodbye is a failure (ERR_CLOSED),
 *    because the bytes so far may have been cut short.
 *
 * Not thread-safe.
 */
#ifndef NET_STREAM_H
#define NET_STREAM_H

#include "net/address.h"

enum { FINGERPRINT_SIZE = 32 };

struct stream;

/* All are raised from the loop, never from inside a stream_* call. */
struct stream_events {
    void (*on_open)(void *owner);                    /* ready for bytes */
    void (*on_data)(void *owner, struct span bytes); /* borrowed for the call, len > 0 */
    void (*on_drained)(void *owner);                 /* was congested and is no longer */
    void (*on_end)(void *owner);                     /* the peer sends no more */
    void (*on_failed)(void *owner, enum status why); /* dead: only close is left */
};

struct stream_kind {
    const char *name;
    void (*write)(struct stream *stream, const struct span *spans, size_t count);
    void (*pause)(struct stream *stream);
    void (*resume)(struct stream *stream);
    void (*end)(struct stream *stream);
    void (*close)(struct stream *stream);
    void (*abort)(struct stream *stream);
    bool (*is_quiet)(struct stream *stream);
    size_t (*queued)(const struct stream *stream); /* NULL: as accounted; for a kind over another */
    uint64_t (*taken)(const struct stream *stream); /* NULL: what was written and is not queued */
    /* NULL where a kind knows nothing of the peer, of its own or from below. */
    bool (*peer_address)(struct stream *stream, struct address *address);
    bool (*peer_fingerprint)(struct stream *stream, unsigned char sha256[FINGERPRINT_SIZE]);
};

/* The part every kind begins with; the fields are for the kinds, not for owners. */
struct stream {
    const struct stream_kind *kind;
    const struct stream_events *events;
    void *owner;   /* borrowed; NULL once closed: the mark of silence */
    size_t queued; /* as it was accounted last; see stream_queued */
    uint64_t written;
    uint8_t pause_reasons;
    bool is_congested;
    bool was_congested;   /* on_drained is owed */
    bool is_open;         /* on_open was raised */
    bool is_ended;        /* on_end was raised */
    bool is_finished;     /* stream_end was called: what is written now is dropped */
    bool is_failed;       /* on_failed was raised or is about to be */
    bool is_failure_told; /* it was raised */
    bool in_call;         /* inside a stream_* call: events now would break rule 4 */
};

/* Congested above the high mark, drained below the low one. */
enum { STREAM_HIGH_MARK = 64 * KIB, STREAM_LOW_MARK = 16 * KIB };

void stream_listen_to(struct stream *stream, const struct stream_events *events, void *owner);

/* Writes the spans one after the other, in one system call or record where possible. The bytes are
 * taken or copied before it returns. After stream_end or a failure they are dropped. */
void stream_write(struct stream *stream, const struct span *spans, size_t count);

/* True when the owner should stop producing until on_drained. */
bool stream_is_congested(const struct stream *stream);

/* Bytes written and not yet taken by the kernel or the peer; with TLS, as they travel. */
size_t stream_queued(const struct stream *stream);

/* How much of what was written the peer has taken, as far as one can know: a count that grows as it
 * acknowledges, and stands still when it reads no more. With TLS, as it travels. A peer's kernel
 * acknowledges what its program reads slowly in steps of tens of KiB. */
uint64_t stream_taken(const struct stream *stream);

/* reason: a bit of the owner's choice. Both are idempotent. */
void stream_pause(struct stream *stream, unsigned reason);
void stream_resume(struct stream *stream, unsigned reason);

/* Sends what is queued and then the end; reading goes on. Idempotent. */
void stream_end(struct stream *stream);

void stream_close(struct stream *stream);

/* As stream_close, but the peer learns that the bytes so far are not all: TCP is reset, TLS gets no
 * goodbye. */
void stream_abort(struct stream *stream);

/* Whether nothing has arrived that was not yet raised, neither bytes nor the end: asked before an
 * idle connection is used for something that must not be sent twice. */
bool stream_is_quiet(struct stream *stream);

/* The peer's address where the bytes themselves have told one, in the place of the socket's (PROXY
 * protocol); false when they have not. Asked after on_open. */
bool stream_peer_address(struct stream *stream, struct address *address);

/* SHA-256 of the certificate that the peer has proved to hold; false when there is none, or when it
 * is not valid any more. Asked after on_open. */
bool stream_peer_fingerprint(struct stream *stream, unsigned char sha256[FINGERPRINT_SIZE]);

/* For kinds: raise an event unless the owner has gone (or the stream has failed before). */
void stream_raise_open(struct stream *stream);
void stream_raise_data(struct stream *stream, struct span bytes);
void stream_raise_end(struct stream *stream);
void stream_raise_failed(struct stream *stream, enum status why);

/* For kinds: queued is what it is now; may raise on_drained, so only from the loop when it falls. */
void stream_account(struct stream *stream, size_t queued);

#endif
