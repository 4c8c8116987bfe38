#include "worker/log_sink.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/text.h"

enum { RING_BYTES = MIB };

/* A datagram socket, which base/log_writer tells apart. */
static int open_syslog(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t len = strlen(path);
    if (len >= sizeof(address.sun_path)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(address.sun_path, path, len);
    int descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (descriptor >= 0 && connect(descriptor, (struct sockaddr *)&address, sizeof(address)) != 0) {
        int error = errno;
        (void)close(descriptor);
        errno = error;
        return -1;
    }
    return descriptor;
}

static int open_place(const struct log_place *place)
{
    switch (place->kind) {
    case LOG_OFF:
        break;
    case LOG_STDOUT:
        return fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
    case LOG_STDERR:
        return fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
    case LOG_SYSLOG:
        return open_syslog(place->path);
    case LOG_FILE:
        return open(place->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
    }
    return -1;
}

static enum status open_next(struct log_sink *sink, const struct log_place *place)
{
    sink->next = (struct log_opening){.place = *place, .descriptor = -1};
    if (place->kind == LOG_OFF)
        return OK;
    sink->next.descriptor = open_place(place);
    if (sink->next.descriptor < 0)
        return ERR_IO;
    sink->next.is_text = isatty(sink->next.descriptor);
    return OK;
}

static bool is_same(const struct log_place *a, const struct log_place *b)
{
    return a->kind == b->kind && span_equal(span_of(a->path), span_of(b->path));
}

enum status log_sink_prepare(struct log_sink *sink, const struct log_place *place)
{
    if (!is_same(&sink->now.place, place))
        return open_next(sink, place);
    sink->next = sink->now;
    sink->next.place = *place;
    return OK;
}

struct log_outlet log_sink_outlet(const struct log_sink *sink, size_t index)
{
    if (sink->next.place.kind == LOG_OFF)
        return (struct log_outlet){.ring = NULL};
    return (struct log_outlet){log_writer_ring(sink->writer, index), sink->next.is_text};
}

static void close_if_open(int descriptor)
{
    if (descriptor >= 0)
        (void)close(descriptor);
}

/* What has been turned off still takes the lines of exchanges that began before. */
void log_sink_adopt(struct log_sink *sink)
{
    int before = sink->now.descriptor;
    sink->now = sink->next;
    if (sink->now.place.kind == LOG_OFF)
        sink->now.descriptor = before;
    if (sink->now.descriptor == before)
        return;
    log_writer_move(sink->writer, sink->now.descriptor);
    close_if_open(before);
}

void log_sink_drop(struct log_sink *sink)
{
    if (sink->next.descriptor != sink->now.descriptor)
        close_if_open(sink->next.descriptor);
    sink->next = sink->now;
}

enum status log_sink_open(struct log_sink *sink, const struct log_place *place, size_t rings)
{
    sink->now = (struct log_opening){.descriptor = -1};
    if (open_next(sink, place) != OK)
        return ERR_IO;
    sink->writer = log_writer_create(sink->next.descriptor, rings, RING_BYTES);
    log_sink_adopt(sink);
    return OK;
}

enum status log_sink_reopen(struct log_sink *sink)
{
    if (sink->now.place.kind != LOG_FILE)
        return OK;
    if (open_next(sink, &sink->now.place) != OK) {
        sink->next = sink->now;
        return ERR_IO;
    }
    log_sink_adopt(sink);
    return OK;
}

void log_sink_close(struct log_sink *sink)
{
    if (!sink->writer)
        return;
    log_writer_destroy(sink->writer);
    close_if_open(sink->now.descriptor);
    *sink = (struct log_sink){0};
}
