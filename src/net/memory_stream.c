#include "net/memory_stream.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"

struct memory_end {
    struct stream stream;
    struct memory_end *other;
    struct buffer out; /* written here, not yet raised there */
    bool is_closed;
    bool is_broken; /* fails at the next step */
    bool is_lost;   /* wrote to a peer that had gone: fails when all that came is raised */
};

struct memory_pair {
    struct memory_end ends[2];
};

static struct memory_end *end_of(struct stream *stream)
{
    return container_of(stream, struct memory_end, stream);
}

static void memory_write(struct stream *stream, const struct span *spans, size_t count)
{
    struct memory_end *end = end_of(stream);
    if (end->other->is_closed)
        end->is_lost = true;
    if (end->is_lost || end->is_broken)
        return;
    for (size_t i = 0; i < count; i++)
        ASSERT(buffer_append(&end->out, spans[i]) == OK);
    stream_account(stream, end->out.len);
}

static void memory_nothing(struct stream *stream)
{
    (void)stream; /* the steps look at the fields of struct stream */
}

static void memory_close(struct stream *stream)
{
    end_of(stream)->is_closed = true;
}

static void memory_abort(struct stream *stream)
{
    struct memory_end *end = end_of(stream);
    end->is_closed = true;
    end->other->is_broken = true;
    buffer_clear(&end->out);
}

static bool memory_is_quiet(struct stream *stream)
{
    const struct memory_end *end = end_of(stream), *other = end->other;
    return !end->is_broken && !end->is_lost && other->out.len == 0 && !other->is_closed &&
           !other->stream.is_finished;
}

static const struct stream_kind memory_kind = {
    .name = "memory",
    .write = memory_write,
    .pause = memory_nothing,
    .resume = memory_nothing,
    .end = memory_nothing,
    .close = memory_close,
    .abort = memory_abort,
    .is_quiet = memory_is_quiet,
};

struct memory_pair *memory_pair_create(struct stream **left, struct stream **right)
{
    struct memory_pair *pair = xcalloc(1, sizeof(*pair));
    for (int i = 0; i < 2; i++) {
        pair->ends[i].stream.kind = &memory_kind;
        pair->ends[i].other = &pair->ends[1 - i];
        buffer_init(&pair->ends[i].out, SIZE_MAX);
    }
    *left = &pair->ends[0].stream;
    *right = &pair->ends[1].stream;
    return pair;
}

/* The bytes are moved out first: the receiver may write, close or break either end. */
static void carry(struct memory_end *from, struct memory_end *to, size_t max)
{
    size_t len = from->out.len < max ? from->out.len : max;
    char *bytes = xmalloc(len);
    memcpy(bytes, from->out.at, len);
    buffer_drop(&from->out, len);
    stream_raise_data(&to->stream, (struct span){bytes, len});
    free(bytes);
    if (!from->is_broken)
        stream_account(&from->stream, from->out.len);
}

static bool deliver(struct memory_end *from, struct memory_end *to, size_t max)
{
    struct stream *stream = &to->stream;
    if (to->is_closed) {
        buffer_clear(&from->out);
        return false;
    }
    if (stream->is_failed)
        return false;
    bool is_paused = stream->pause_reasons != 0;
    bool has_bytes = stream->is_open && !is_paused && from->out.len > 0;
    bool has_end = !is_paused && !stream->is_ended && (from->stream.is_finished || from->is_closed);
    if (to->is_broken || (to->is_lost && !has_bytes))
        stream_raise_failed(stream, ERR_IO);
    else if (!stream->is_open)
        stream_raise_open(stream);
    else if (has_bytes)
        carry(from, to, max);
    else if (has_end)
        stream_raise_end(stream);
    else
        return false;
    return true;
}

bool memory_pair_step(struct memory_pair *pair, size_t max)
{
    bool has_moved = deliver(&pair->ends[0], &pair->ends[1], max);
    return deliver(&pair->ends[1], &pair->ends[0], max) || has_moved;
}

void memory_pair_break(struct memory_pair *pair, struct stream *end)
{
    ASSERT(end == &pair->ends[0].stream || end == &pair->ends[1].stream);
    end_of(end)->is_broken = true;
    buffer_clear(&end_of(end)->out);
}

void memory_pair_destroy(struct memory_pair *pair)
{
    buffer_clear(&pair->ends[0].out);
    buffer_clear(&pair->ends[1].out);
    free(pair);
}
