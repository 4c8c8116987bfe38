/* log_sink.h - where lines go: a descriptor, the thread that writes to it, and another in its place.
 * Main thread's; a ring for each worker. */
#ifndef WORKER_LOG_SINK_H
#define WORKER_LOG_SINK_H

#include "base/log_writer.h"
#include "worker/worker.h"

/* A place, opened. */
struct log_opening {
    struct log_place place; /* its path is borrowed from the settings */
    int descriptor;         /* -1: off, and always was */
    bool is_text;           /* somebody reads it on a terminal */
};

struct log_sink {
    struct log_writer *writer; /* there is one when it is off, too: it may be turned on */
    struct log_opening now, next;
};

/* On failure errno says why. */
enum status log_sink_open(struct log_sink *sink, const struct log_place *place,
                          size_t rings) MUST_CHECK;

/* Another place, in two steps: prepare opens it, if it is another, and adopt puts it in the place of what there is, or drop
 * closes it again. On failure errno says why, and drop need not follow. */
enum status log_sink_prepare(struct log_sink *sink, const struct log_place *place) MUST_CHECK;
void log_sink_adopt(struct log_sink *sink);
void log_sink_drop(struct log_sink *sink);

/* For one worker, with the settings that were opened or prepared last. */
struct log_outlet log_sink_outlet(const struct log_sink *sink, size_t index);

/* After a rotation: the file of that name from now on. On failure, errno, lines go where they went. */
enum status log_sink_reopen(struct log_sink *sink) MUST_CHECK;

/* Writes what is left. No-op for one that is zeroed. */
void log_sink_close(struct log_sink *sink);

#endif
