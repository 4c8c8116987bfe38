#include "worker/inherited_sockets.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "net/listener.h"

enum { FIRST = 3 }; /* SD_LISTEN_FDS_START */

static bool is_listening(int descriptor)
{
    int value = 0;
    socklen_t len = sizeof(value);
    return getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &value, &len) == 0 && value != 0;
}

/* How many are meant for this process, and not for its parent's other children. */
static size_t count_of(void)
{
    uint64_t pid = 0, count = 0;
    if (!span_to_u64(span_of(getenv("LISTEN_PID")), &pid) || pid != (uint64_t)getpid() ||
        !span_to_u64(span_of(getenv("LISTEN_FDS")), &count))
        return 0;
    return count < INHERITED_MAX ? (size_t)count : INHERITED_MAX;
}

static void prepare(int descriptor)
{
    int flags = fcntl(descriptor, F_GETFL);
    (void)fcntl(descriptor, F_SETFL, flags | O_NONBLOCK);
    (void)fcntl(descriptor, F_SETFD, FD_CLOEXEC);
}

void inherited_sockets_open(struct inherited_sockets *sockets)
{
    size_t count = count_of();
    sockets->count = 0;
    for (int descriptor = FIRST; descriptor < FIRST + (int)count; descriptor++) {
        if (!is_listening(descriptor)) {
            (void)close(descriptor);
            continue;
        }
        prepare(descriptor);
        sockets->at[sockets->count++] = descriptor;
    }
    (void)unsetenv("LISTEN_PID");
    (void)unsetenv("LISTEN_FDS");
    (void)unsetenv("LISTEN_FDNAMES");
}

int inherited_sockets_take(struct inherited_sockets *sockets, struct span address)
{
    for (size_t i = 0; i < sockets->count; i++) {
        if (!listener_fits(sockets->at[i], address))
            continue;
        sockets->is_named[i] = true;
        return fcntl(sockets->at[i], F_DUPFD_CLOEXEC, 0);
    }
    return -1;
}

void inherited_sockets_close(struct inherited_sockets *sockets)
{
    for (size_t i = 0; i < sockets->count; i++) {
        char name[LISTENER_NAME_SIZE];
        listener_name(sockets->at[i], name);
        if (!sockets->is_named[i])
            log_event(
                LOG_WARN, "socket_unused",
                FIELDS(field_text("address", span_of(name)),
                       field_text("advice", SPAN("the service manager has opened it, but no "
                                                 "listen of the settings has this address"))));
        (void)close(sockets->at[i]);
    }
    sockets->count = 0;
}
