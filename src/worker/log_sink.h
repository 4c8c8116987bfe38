/* log_sink.h - where lines go: a descriptor, the thread that writes to it, and its being opened anew.
 * Main thread's; a ring for each worker. */
#ifndef WORKER_LOG_SINK_H
#define WORKER_LOG_SINK_H

#include "base/log_writer.h"
#include "worker/snapshot.h"

struct log_sink {
    struct log_place place;
    int descriptor;
    struct log_writer *writer; /* NULL: off */
    bool is_text;              /* somebody reads it on a terminal */
};

/* On failure errno says why. */
enum status log_sink_open(struct log_sink *sink, const struct log_place *place,
                          size_t rings) MUST_CHECK;

/* NULL: off. */
struct log_ring *log_sink_ring(struct log_sink *sink, size_t index);

/* After a rotation: the file of that name from now on. On failure, errno, lines go where they went. */
enum status log_sink_reopen(struct log_sink *sink) MUST_CHECK;

/* Writes what is left. No-op for one that is zeroed. */
void log_sink_close(struct log_sink *sink);

#endif
