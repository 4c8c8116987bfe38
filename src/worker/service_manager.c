#include "worker/service_manager.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"

/* A path, or a name in the abstract space behind '@'. False when it is neither. */
static bool address_of(struct span name, struct sockaddr_un *address, socklen_t *len)
{
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (name.len < 2 || name.len >= sizeof(address->sun_path))
        return false;
    memcpy(address->sun_path, name.at, name.len);
    if (name.at[0] == '@')
        address->sun_path[0] = '\0';
    *len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + name.len);
    return name.at[0] == '/' || name.at[0] == '@';
}

static bool send_to(struct span name, struct span state)
{
    static const struct timeval patience = {.tv_sec = 1};
    struct sockaddr_un address;
    socklen_t len = 0;
    errno = EINVAL;
    if (!address_of(name, &address, &len))
        return false;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    bool is_sent =
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) == 0 &&
        sendto(fd, state.at, state.len, MSG_NOSIGNAL, (struct sockaddr *)&address, len) >= 0;
    int why = errno;
    (void)close(fd);
    errno = why;
    return is_sent;
}

void service_manager_tell(struct span state)
{
    struct span name = span_of(getenv("NOTIFY_SOCKET"));
    if (name.len > 0 && !send_to(name, state))
        log_event(LOG_WARN, "service_manager_not_told",
                  FIELDS(field_text("socket", name), field_text("state", state),
                         field_text("reason", span_of(strerror(errno)))));
}

uint64_t service_manager_watch_ms(void)
{
    struct span process = span_of(getenv("WATCHDOG_PID")), wait = span_of(getenv("WATCHDOG_USEC"));
    uint64_t pid = (uint64_t)getpid(), wait_us = 0;
    if (process.len > 0 && (!span_to_u64(process, &pid) || pid != (uint64_t)getpid()))
        return 0;
    return span_to_u64(wait, &wait_us) ? wait_us / 1000 / 2 : 0;
}
