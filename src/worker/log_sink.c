#include "worker/log_sink.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

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

enum status log_sink_open(struct log_sink *sink, const struct log_place *place, size_t rings)
{
    *sink = (struct log_sink){.place = *place};
    if (place->kind == LOG_OFF)
        return OK;
    sink->descriptor = open_place(place);
    if (sink->descriptor < 0)
        return ERR_IO;
    sink->is_text = isatty(sink->descriptor);
    sink->writer = log_writer_create(sink->descriptor, rings, RING_BYTES);
    return OK;
}

struct log_ring *log_sink_ring(struct log_sink *sink, size_t index)
{
    return sink->writer ? log_writer_ring(sink->writer, index) : NULL;
}

enum status log_sink_reopen(struct log_sink *sink)
{
    if (!sink->writer || sink->place.kind != LOG_FILE)
        return OK;
    int descriptor = open_place(&sink->place);
    if (descriptor < 0)
        return ERR_IO;
    log_writer_move(sink->writer, descriptor);
    (void)close(sink->descriptor);
    sink->descriptor = descriptor;
    return OK;
}

void log_sink_close(struct log_sink *sink)
{
    if (!sink->writer)
        return;
    log_writer_destroy(sink->writer);
    (void)close(sink->descriptor);
    *sink = (struct log_sink){0};
}
