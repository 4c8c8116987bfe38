#include "net/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "net/tcp_stream.h"

enum { BACKLOG = 4096, ACCEPTS_PER_TURN = 64, ACCEPTS_AT_CLOSE = 4096, REST_MS = 100 };

struct listener {
    uv_poll_t poll;
    struct loop *loop; /* borrowed */
    int descriptor;
    const struct listener_events *events;
    void *owner;       /* borrowed */
    struct timer rest; /* runs while descriptors or memory are short */
    bool is_paused, is_closing;
};

struct bind_address {
    struct sockaddr_storage at;
    socklen_t len;
    char text[LISTENER_NAME_SIZE * 2]; /* as it was given, for messages */
};

static enum status refuse(char error[LISTENER_ERROR_SIZE], enum status status, const char *what,
                          const char *address)
{
    (void)snprintf(error, LISTENER_ERROR_SIZE, "%s: %s", what, address);
    return status;
}

static enum status split(struct span address, struct span *host, struct span *port)
{
    size_t colon = address.len;
    while (colon > 0 && address.at[colon - 1] != ':')
        colon--;
    if (colon < 2)
        return ERR_SYNTAX;
    *host = (struct span){address.at, colon - 1};
    *port = span_skip(address, colon);
    if (host->at[0] == '[') {
        if (host->len < 3 || host->at[host->len - 1] != ']')
            return ERR_SYNTAX;
        *host = (struct span){host->at + 1, host->len - 2};
    } else if (memchr(host->at, ':', host->len)) {
        return ERR_SYNTAX;
    }
    uint64_t number;
    return span_to_u64(*port, &number) && number <= UINT16_MAX ? OK : ERR_SYNTAX;
}

/* Asks the resolver only for what is no number: this runs at start, and names are rare. */
static int look_up(const char *host, const char *port, struct addrinfo **found)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE};
    int rc = getaddrinfo(host, port, &hints, found);
    if (rc != EAI_NONAME)
        return rc;
    hints.ai_flags = AI_NUMERICSERV | AI_PASSIVE;
    return getaddrinfo(host, port, &hints, found);
}

static enum status parse(struct span address, struct bind_address *parsed,
                         char error[LISTENER_ERROR_SIZE])
{
    struct span host, port;
    struct addrinfo *found;
    (void)snprintf(parsed->text, sizeof(parsed->text), "%.*s", (int)(address.len & 0xff),
                   address.len ? address.at : "");
    if (address.len >= sizeof(parsed->text) || split(address, &host, &port) != OK)
        return refuse(error, ERR_SYNTAX, "expected host:port, [ipv6]:port or *:port", parsed->text);
    char *host_text = xstrdup(span_equal(host, SPAN("*")) ? SPAN("0.0.0.0") : host);
    char *port_text = xstrdup(port);
    int rc = look_up(host_text, port_text, &found);
    free(host_text);
    free(port_text);
    if (rc != 0)
        return refuse(error, ERR_IO, gai_strerror(rc), parsed->text);
    memcpy(&parsed->at, found->ai_addr, found->ai_addrlen);
    parsed->len = found->ai_addrlen;
    freeaddrinfo(found);
    return OK;
}

static unsigned port_of(const struct sockaddr_storage *address)
{
    struct sockaddr_in6 ip; /* both families keep the port at the same place */
    memcpy(&ip, address, sizeof(ip));
    return ntohs(ip.sin6_port);
}

/* A descriptor bound to address, or -1 with errno set. */
static int bind_one(const struct bind_address *address, bool is_shared)
{
    static const int on = 1;
    int family = address->at.ss_family;
    int descriptor = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0)
        return -1;
    if (setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0)
        goto fail;
    if (is_shared && setsockopt(descriptor, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) != 0)
        goto fail;
    if (family == AF_INET6 &&
        setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) != 0)
        goto fail;
    if (bind(descriptor, (const struct sockaddr *)&address->at, address->len) != 0)
        goto fail;
    return descriptor;
fail:;
    int reason = errno;
    (void)close(descriptor);
    errno = reason;
    return -1;
}

/* SO_REUSEPORT would share the port with another program of the same user without a word. */
static bool is_free(const struct bind_address *address)
{
    int probe = bind_one(address, false);
    if (probe < 0)
        return false;
    (void)close(probe);
    return true;
}

static const char *explain(int reason)
{
    switch (reason) {
    case EADDRINUSE:
        return "address in use: stop what listens there or choose another port";
    case EACCES:
        return "not permitted: ports below 1024 need CAP_NET_BIND_SERVICE";
    case EADDRNOTAVAIL:
        return "this machine has no such address";
    default:
        return strerror(reason);
    }
}

enum status listener_bind(struct span address, int *descriptors, size_t count,
                          char error[LISTENER_ERROR_SIZE])
{
    struct bind_address parsed = {0};
    enum status status = parse(address, &parsed, error);
    if (status != OK)
        return status;
    if (port_of(&parsed.at) != 0 && !is_free(&parsed))
        return refuse(error, ERR_IO, explain(errno), parsed.text);
    for (size_t i = 0; i < count; i++) {
        descriptors[i] = bind_one(&parsed, true);
        if (descriptors[i] < 0) {
            status = refuse(error, ERR_IO, explain(errno), parsed.text);
            while (i-- > 0)
                (void)close(descriptors[i]);
            return status;
        }
        socklen_t len = sizeof(parsed.at);
        if (port_of(&parsed.at) == 0)
            (void)getsockname(descriptors[i], (struct sockaddr *)&parsed.at, &len);
    }
    return OK;
}

void listener_name(int descriptor, char text[LISTENER_NAME_SIZE])
{
    struct sockaddr_storage address = {0};
    socklen_t len = sizeof(address);
    char host[INET6_ADDRSTRLEN] = "?";
    (void)getsockname(descriptor, (struct sockaddr *)&address, &len);
    unsigned port = port_of(&address);
    bool is_ipv6 = address.ss_family == AF_INET6;
    (void)uv_ip_name((const struct sockaddr *)&address, host, sizeof(host));
    (void)snprintf(text, LISTENER_NAME_SIZE, is_ipv6 ? "[%s]:%u" : "%s:%u", host, port);
}

static bool is_any(const struct sockaddr_storage *address)
{
    struct sockaddr_in ip4;
    struct sockaddr_in6 ip6;
    memcpy(&ip4, address, sizeof(ip4));
    memcpy(&ip6, address, sizeof(ip6));
    return address->ss_family == AF_INET6 ? IN6_IS_ADDR_UNSPECIFIED(&ip6.sin6_addr)
                                          : ip4.sin_addr.s_addr == INADDR_ANY;
}

static bool is_same_host(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
    const struct address left = address_of((const struct sockaddr *)a);
    const struct address right = address_of((const struct sockaddr *)b);
    return left.len == right.len && memcmp(left.bytes, right.bytes, left.len) == 0;
}

bool listener_fits(int descriptor, struct span address)
{
    struct bind_address wanted = {0};
    struct sockaddr_storage at = {0};
    socklen_t len = sizeof(at);
    char error[LISTENER_ERROR_SIZE];
    if (parse(address, &wanted, error) != OK ||
        getsockname(descriptor, (struct sockaddr *)&at, &len) != 0 ||
        (at.ss_family != AF_INET && at.ss_family != AF_INET6))
        return false;
    bool is_everywhere = span_starts_with(address, SPAN("*:")) && is_any(&at);
    return port_of(&wanted.at) == port_of(&at) && (is_everywhere || is_same_host(&wanted.at, &at));
}

static void on_readable(uv_poll_t *poll, int status, int events);

static bool is_taking(const struct listener *listener)
{
    return !listener->is_paused && !listener->is_closing && listener->rest.due_ms == 0;
}

static void watch(struct listener *listener)
{
    if (is_taking(listener))
        ASSERT(uv_poll_start(&listener->poll, UV_READABLE, on_readable) == 0);
    else
        (void)uv_poll_stop(&listener->poll);
}

static void on_rested(struct timer *timer)
{
    watch(container_of(timer, struct listener, rest));
}

/* The queue stays readable, so without a rest the loop would spin until a descriptor is free. */
static void take_a_rest(struct listener *listener, int reason)
{
    if (listener->is_closing)
        return;
    timer_set(&listener->rest, loop_now_ms(listener->loop) + REST_MS);
    watch(listener);
    if (listener->events->on_shortage)
        listener->events->on_shortage(listener->owner, reason);
}

static bool is_shortage(int reason)
{
    return reason == EMFILE || reason == ENFILE || reason == ENOBUFS || reason == ENOMEM;
}

static void admit(struct listener *listener, int descriptor, const struct sockaddr *peer)
{
    const struct listener_events *events = listener->events;
    if (events->may_enter && !events->may_enter(listener->owner, peer))
        (void)close(descriptor);
    else
        events->on_accept(listener->owner, tcp_stream_adopt(listener->loop, descriptor), peer);
}

/* False when there is nothing more to take for now. */
static bool accept_one(struct listener *listener)
{
    struct sockaddr_storage peer = {0};
    socklen_t len = sizeof(peer);
    int descriptor =
        accept4(listener->descriptor, (struct sockaddr *)&peer, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor >= 0) {
        admit(listener, descriptor, (const struct sockaddr *)&peer);
        return true;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK)
        return false;
    if (!is_shortage(errno))
        return true; /* accept(2): the trouble of that one connection; the next may be well */
    take_a_rest(listener, errno);
    return false;
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct listener *listener = poll->data;
    (void)status, (void)events;
    for (int i = 0; i < ACCEPTS_PER_TURN && is_taking(listener); i++)
        if (!accept_one(listener))
            return;
}

struct listener *listener_create(struct loop *loop, int descriptor,
                                 const struct listener_events *events, void *owner)
{
    struct listener *listener = xcalloc(1, sizeof(*listener));
    *listener =
        (struct listener){.loop = loop, .descriptor = descriptor, .events = events, .owner = owner};
    timer_init(&listener->rest, &loop->timers, on_rested);
    if (listen(descriptor, BACKLOG) != 0 ||
        uv_poll_init(&loop->uv, &listener->poll, descriptor) != 0) {
        (void)close(descriptor);
        free(listener);
        return NULL;
    }
    listener->poll.data = listener;
    watch(listener);
    return listener;
}

void listener_pause(struct listener *listener)
{
    listener->is_paused = true;
    watch(listener);
}

void listener_resume(struct listener *listener)
{
    listener->is_paused = false;
    watch(listener);
}

void listener_give(struct listener *listener, void *owner)
{
    listener->owner = owner;
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void listener_close(struct listener *listener)
{
    ASSERT(!listener->is_closing);
    listener->is_closing = true;
    timer_stop(&listener->rest);
    /* Their handshakes are complete: to close now would reset them. */
    for (int i = 0; i < ACCEPTS_AT_CLOSE; i++)
        if (!accept_one(listener))
            break;
    uv_close((uv_handle_t *)&listener->poll, on_closed);
    (void)close(listener->descriptor);
}
