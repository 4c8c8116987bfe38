#include "net/stream.h"

void stream_listen_to(struct stream *stream, const struct stream_events *events, void *owner)
{
    ASSERT(events && owner);
    stream->events = events;
    stream->owner = owner;
}

static void call(struct stream *stream, void (*kind_fn)(struct stream *stream))
{
    bool outer = stream->in_call;
    stream->in_call = true;
    kind_fn(stream);
    stream->in_call = outer;
}

void stream_write(struct stream *stream, const struct span *spans, size_t count)
{
    ASSERT(stream->owner);
    if (stream->is_finished || stream->is_failed)
        return;
    for (size_t i = 0; i < count; i++)
        stream->written += spans[i].len;
    bool outer = stream->in_call;
    stream->in_call = true;
    stream->kind->write(stream, spans, count);
    stream->in_call = outer;
}

bool stream_is_congested(const struct stream *stream)
{
    return stream->is_congested;
}

size_t stream_queued(const struct stream *stream)
{
    return stream->kind->queued ? stream->kind->queued(stream) : stream->queued;
}

uint64_t stream_taken(const struct stream *stream)
{
    return stream->kind->taken ? stream->kind->taken(stream)
                               : stream->written - stream_queued(stream);
}

void stream_pause(struct stream *stream, unsigned reason)
{
    ASSERT(reason > 0 && reason <= UINT8_MAX);
    bool was_paused = stream->pause_reasons != 0;
    stream->pause_reasons |= (uint8_t)reason;
    if (!was_paused && !stream->is_failed)
        call(stream, stream->kind->pause);
}

void stream_resume(struct stream *stream, unsigned reason)
{
    bool was_paused = stream->pause_reasons != 0;
    stream->pause_reasons &= (uint8_t)~reason;
    if (was_paused && stream->pause_reasons == 0 && !stream->is_failed)
        call(stream, stream->kind->resume);
}

void stream_end(struct stream *stream)
{
    if (stream->is_finished || stream->is_failed)
        return;
    stream->is_finished = true;
    call(stream, stream->kind->end);
}

void stream_close(struct stream *stream)
{
    ASSERT(stream->owner && !stream->in_call);
    stream->owner = NULL;
    stream->kind->close(stream);
}

void stream_abort(struct stream *stream)
{
    ASSERT(stream->owner && !stream->in_call);
    stream->owner = NULL;
    stream->kind->abort(stream);
}

bool stream_is_quiet(struct stream *stream)
{
    return !stream->is_failed && !stream->is_ended && stream->kind->is_quiet(stream);
}

bool stream_peer_address(struct stream *stream, struct address *address)
{
    return stream->kind->peer_address && stream->kind->peer_address(stream, address);
}

bool stream_peer_fingerprint(struct stream *stream, unsigned char sha256[FINGERPRINT_SIZE])
{
    return stream->kind->peer_fingerprint && stream->kind->peer_fingerprint(stream, sha256);
}

static bool may_raise(const struct stream *stream)
{
    ASSERT(!stream->in_call);
    return stream->owner && !stream->is_failed;
}

void stream_raise_open(struct stream *stream)
{
    stream->is_open = true;
    if (may_raise(stream))
        stream->events->on_open(stream->owner);
}

void stream_raise_data(struct stream *stream, struct span bytes)
{
    if (bytes.len > 0 && may_raise(stream))
        stream->events->on_data(stream->owner, bytes);
}

void stream_raise_end(struct stream *stream)
{
    if (stream->is_ended || !may_raise(stream))
        return;
    stream->is_ended = true;
    stream->events->on_end(stream->owner);
}

void stream_raise_failed(struct stream *stream, enum status why)
{
    ASSERT(!stream->in_call);
    stream->is_failed = true;
    if (!stream->owner || stream->is_failure_told)
        return;
    stream->is_failure_told = true;
    stream->events->on_failed(stream->owner, why);
}

void stream_account(struct stream *stream, size_t queued)
{
    stream->queued = queued;
    if (queued > STREAM_HIGH_MARK)
        stream->is_congested = stream->was_congested = true;
    else if (queued < STREAM_LOW_MARK)
        stream->is_congested = false;
    if (!stream->was_congested || stream->is_congested || stream->in_call)
        return;
    stream->was_congested = false;
    if (may_raise(stream))
        stream->events->on_drained(stream->owner);
}
