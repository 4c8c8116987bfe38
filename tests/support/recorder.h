/* recorder.h - an owner of a stream that writes down what it hears. Header only. */
#ifndef SUPPORT_RECORDER_H
#define SUPPORT_RECORDER_H

#include <stdlib.h>

#include "base/buffer.h"
#include "net/stream.h"

struct recorder {
    struct stream *stream; /* NULL once closed */
    unsigned opened, drained, ended, failed;
    enum status why;
    struct buffer got;
    bool echoes;
    bool pauses_on_data, closes_on_data; /* from inside the event */
};

enum { RECORDER_PAUSE = 2 };

static inline void recorder_close(struct recorder *recorder)
{
    if (recorder->stream)
        stream_close(recorder->stream);
    recorder->stream = NULL;
    buffer_clear(&recorder->got);
}

static inline void recorder_on_open(void *owner)
{
    ((struct recorder *)owner)->opened++;
}

static inline void recorder_on_data(void *owner, struct span bytes)
{
    struct recorder *recorder = owner;
    ASSERT(buffer_append(&recorder->got, bytes) == OK);
    if (recorder->echoes)
        stream_write(recorder->stream, &bytes, 1);
    if (recorder->pauses_on_data)
        stream_pause(recorder->stream, RECORDER_PAUSE);
    if (recorder->closes_on_data)
        recorder_close(recorder);
}

static inline void recorder_on_drained(void *owner)
{
    ((struct recorder *)owner)->drained++;
}

static inline void recorder_on_end(void *owner)
{
    ((struct recorder *)owner)->ended++;
}

static inline void recorder_on_failed(void *owner, enum status why)
{
    struct recorder *recorder = owner;
    recorder->failed++;
    recorder->why = why;
}

static inline void recorder_listen(struct recorder *recorder, struct stream *stream)
{
    static const struct stream_events events = {
        .on_open = recorder_on_open,
        .on_data = recorder_on_data,
        .on_drained = recorder_on_drained,
        .on_end = recorder_on_end,
        .on_failed = recorder_on_failed,
    };
    buffer_init(&recorder->got, SIZE_MAX);
    recorder->stream = stream;
    stream_listen_to(stream, &events, recorder);
}

static inline void recorder_write(struct recorder *recorder, struct span bytes)
{
    stream_write(recorder->stream, &bytes, 1);
}

/* A run of bytes in which each place can be told from its neighbours; the caller frees. */
static inline struct span pattern_make(size_t len)
{
    char *bytes = xmalloc(len);
    for (size_t i = 0; i < len; i++)
        bytes[i] = (char)('a' + (i + i / 26 + i / 4093) % 26);
    return (struct span){bytes, len};
}

static inline void pattern_free(struct span pattern)
{
    free((char *)(uintptr_t)pattern.at);
}

#endif
