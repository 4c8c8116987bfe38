#include "client/proxied_stream.h"

#include <stdlib.h>

#include "base/buffer.h"
#include "base/text.h"
#include "client/proxy_protocol.h"

enum { PAUSE_LOWER = 1 };

struct proxied_stream {
    struct stream stream;
    struct loop *loop;    /* borrowed */
    struct stream *lower; /* owned until close */
    struct buffer kept; /* before the opening: of the header; then: what had to wait for a resume */
    struct address source; /* len 0: the header had none */
    struct task task;      /* tells a failure, raises what was kept; after close, frees */
    enum status why;
};

static struct proxied_stream *proxied_of(struct stream *stream)
{
    return container_of(stream, struct proxied_stream, stream);
}

static void catch_up(struct task *task);

static void fail(struct proxied_stream *proxied, enum status why)
{
    if (proxied->stream.is_failed)
        return;
    proxied->stream.is_failed = true;
    proxied->why = why;
    later_run(&proxied->loop->later, &proxied->task, catch_up);
}

static void keep(struct proxied_stream *proxied, struct span bytes)
{
    ASSERT(buffer_append(&proxied->kept, bytes) == OK);
}

/* Hands on what came behind the header, or keeps it for as long as the owner pauses. */
static void pass(struct proxied_stream *proxied, struct span bytes)
{
    struct stream *stream = &proxied->stream;
    if (!stream->owner || bytes.len == 0)
        return;
    if (stream->pause_reasons == 0) {
        stream_raise_data(stream, bytes);
        return;
    }
    keep(proxied, bytes);
    stream_pause(proxied->lower, PAUSE_LOWER);
}

static void open_up(struct proxied_stream *proxied, struct span bytes)
{
    buffer_clear(&proxied->kept);
    stream_raise_open(&proxied->stream);
    pass(proxied, bytes);
}

/* Only as much is kept as a header may have: what came in the same read and is the client's own is
 * told from it by the header's length. */
static void read_header(struct proxied_stream *proxied, struct span bytes)
{
    struct proxy_header header;
    size_t before = proxied->kept.len, room = PROXY_HEADER_MAX - before;
    keep(proxied, (struct span){bytes.at, bytes.len < room ? bytes.len : room});
    switch (proxy_protocol_read(buffer_bytes(&proxied->kept), &header)) {
    case PROXY_PARTIAL:
        return;
    case PROXY_REFUSED:
        fail(proxied, ERR_SYNTAX);
        return;
    case PROXY_COMPLETE:
        proxied->source = header.source;
        open_up(proxied, span_skip(bytes, header.len - before));
        return;
    }
}

/* What was put off: a failure to tell, reading after a pause. */
static void catch_up(struct task *task)
{
    struct proxied_stream *proxied = container_of(task, struct proxied_stream, task);
    struct stream *stream = &proxied->stream;
    if (stream->is_failed) {
        stream_raise_failed(stream, proxied->why);
        return;
    }
    if (stream->pause_reasons != 0)
        return;
    struct buffer kept = proxied->kept;
    buffer_init(&proxied->kept, SIZE_MAX);
    pass(proxied, buffer_bytes(&kept));
    buffer_clear(&kept);
    if (stream->owner && stream->pause_reasons == 0)
        stream_resume(proxied->lower, PAUSE_LOWER);
}

static void on_lower_open(void *owner)
{
    (void)owner; /* the header is still to come */
}

static void on_lower_data(void *owner, struct span bytes)
{
    struct proxied_stream *proxied = owner;
    if (proxied->stream.is_failed)
        return;
    if (proxied->stream.is_open)
        pass(proxied, bytes);
    else
        read_header(proxied, bytes);
}

static void on_lower_drained(void *owner)
{
    struct proxied_stream *proxied = owner;
    stream_account(&proxied->stream, stream_queued(proxied->lower));
}

static void on_lower_end(void *owner)
{
    struct proxied_stream *proxied = owner;
    if (proxied->stream.is_open)
        stream_raise_end(&proxied->stream);
    else
        fail(proxied, ERR_CLOSED);
}

static void on_lower_failed(void *owner, enum status why)
{
    fail(owner, why);
}

static const struct stream_events lower_events = {
    .on_open = on_lower_open,
    .on_data = on_lower_data,
    .on_drained = on_lower_drained,
    .on_end = on_lower_end,
    .on_failed = on_lower_failed,
};

static void proxied_write(struct stream *stream, const struct span *spans, size_t count)
{
    struct proxied_stream *proxied = proxied_of(stream);
    stream_write(proxied->lower, spans, count);
    stream_account(stream, stream_queued(proxied->lower));
}

/* Before the opening the header is read all the same. */
static void proxied_pause(struct stream *stream)
{
    if (stream->is_open)
        stream_pause(proxied_of(stream)->lower, PAUSE_LOWER);
}

static void proxied_resume(struct stream *stream)
{
    struct proxied_stream *proxied = proxied_of(stream);
    if (stream->is_open)
        later_run(&proxied->loop->later, &proxied->task, catch_up);
}

static void proxied_end(struct stream *stream)
{
    stream_end(proxied_of(stream)->lower);
}

static void bury(struct task *task)
{
    struct proxied_stream *proxied = container_of(task, struct proxied_stream, task);
    buffer_clear(&proxied->kept);
    free(proxied);
}

static void dispose(struct proxied_stream *proxied)
{
    later_cancel(&proxied->task);
    later_run(&proxied->loop->later, &proxied->task, bury);
}

static void proxied_close(struct stream *stream)
{
    stream_close(proxied_of(stream)->lower);
    dispose(proxied_of(stream));
}

static void proxied_abort(struct stream *stream)
{
    stream_abort(proxied_of(stream)->lower);
    dispose(proxied_of(stream));
}

static bool proxied_is_quiet(struct stream *stream)
{
    struct proxied_stream *proxied = proxied_of(stream);
    return proxied->kept.len == 0 && stream_is_quiet(proxied->lower);
}

static size_t proxied_queued(const struct stream *stream)
{
    const struct proxied_stream *proxied = (const void *)stream; /* its first member */
    return stream_queued(proxied->lower);
}

static uint64_t proxied_taken(const struct stream *stream)
{
    const struct proxied_stream *proxied = (const void *)stream;
    return stream_taken(proxied->lower);
}

static bool proxied_peer_address(struct stream *stream, struct address *address)
{
    struct proxied_stream *proxied = proxied_of(stream);
    if (proxied->source.len == 0)
        return false;
    *address = proxied->source;
    return true;
}

static const struct stream_kind proxied_kind = {
    .name = "proxied",
    .write = proxied_write,
    .pause = proxied_pause,
    .resume = proxied_resume,
    .end = proxied_end,
    .close = proxied_close,
    .abort = proxied_abort,
    .is_quiet = proxied_is_quiet,
    .queued = proxied_queued,
    .taken = proxied_taken,
    .peer_address = proxied_peer_address,
};

struct stream *proxied_stream_create(struct stream *lower, struct loop *loop)
{
    struct proxied_stream *proxied = xcalloc(1, sizeof(*proxied));
    proxied->stream.kind = &proxied_kind;
    proxied->loop = loop;
    proxied->lower = lower;
    buffer_init(&proxied->kept, SIZE_MAX);
    stream_listen_to(lower, &lower_events, proxied);
    return &proxied->stream;
}
