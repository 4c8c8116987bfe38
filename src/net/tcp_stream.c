#include "net/tcp_stream.h"

#include <errno.h>
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

struct tcp_stream {
    struct stream stream;
    struct loop *loop; /* borrowed */
    union {
        uv_tcp_t tcp;
        uv_pipe_t local;
    } handle;
    struct task settle;   /* opens an adopted stream, tells a failure */
    int error;            /* libuv's; 0 while it works */
    unsigned most_unsent; /* TCP_NOTSENT_LOWAT; 0: a local one, which has none */
    uint64_t blocked_ms;  /* when it last took less than was written */
};

/* A connection at rest is one block: this and a client connection (~350 bytes). */
_Static_assert(sizeof(struct tcp_stream) <= 400, "a connection at rest must stay small");

struct pending_write {
    uv_write_t request;
    size_t len;
    char bytes[];
};

enum { MAX_SPANS_AT_ONCE = 16, MAX_LAST_READS = 128 };

/* How much the kernel may hold that is not sent: what the peer takes in this time, or so. */
enum { UNSENT_MS = 8, LEAST_UNSENT = 128 * KIB, MOST_UNSENT = 2 * MIB };

static struct tcp_stream *tcp_of(struct stream *stream)
{
    return container_of(stream, struct tcp_stream, stream);
}

static uv_stream_t *uv_of(struct tcp_stream *tcp)
{
    return (uv_stream_t *)&tcp->handle;
}

static uv_handle_t *handle_of(struct tcp_stream *tcp)
{
    return (uv_handle_t *)&tcp->handle;
}

static int descriptor_of(struct tcp_stream *tcp)
{
    uv_os_fd_t descriptor = -1;
    return uv_fileno(handle_of(tcp), &descriptor) == 0 ? descriptor : -1;
}

/* What the peer sent before it hung up still counts: it may be the answer to a request that it did
 * not want to read to the end. Bounded, should the peer be alive after all. */
static void raise_last_words(struct tcp_stream *tcp)
{
    for (int reads = 0; reads < MAX_LAST_READS; reads++) {
        if (!tcp->stream.owner || tcp->stream.pause_reasons != 0)
            return;
        ssize_t got = recv(descriptor_of(tcp), tcp->loop->input, LOOP_READ_SIZE, MSG_DONTWAIT);
        if (got <= 0)
            return;
        stream_raise_data(&tcp->stream, (struct span){tcp->loop->input, (size_t)got});
    }
}

static void tell_failure(struct tcp_stream *tcp)
{
    if (tcp->stream.is_failed)
        return;
    (void)uv_read_stop(uv_of(tcp));
    if (tcp->stream.is_open && !tcp->stream.is_ended)
        raise_last_words(tcp);
    stream_raise_failed(&tcp->stream, ERR_IO);
}

static void open_up(struct tcp_stream *tcp);

static void on_settle(struct task *task)
{
    struct tcp_stream *tcp = container_of(task, struct tcp_stream, settle);
    if (tcp->error)
        tell_failure(tcp);
    else
        open_up(tcp);
}

/* From any depth: the owner hears of it from the loop. */
static void break_down(struct tcp_stream *tcp, int error)
{
    if (tcp->error)
        return;
    tcp->error = error;
    tcp->stream.is_finished = true;
    later_run(&tcp->loop->later, &tcp->settle, on_settle);
}

static void on_alloc(uv_handle_t *handle, size_t hint, uv_buf_t *buf)
{
    struct tcp_stream *tcp = handle->data;
    (void)hint;
    *buf = uv_buf_init(tcp->loop->input, LOOP_READ_SIZE);
}

/* When the last bytes and a reset arrive together, libuv tells an end: but a body that lasts until
 * the end was cut. The socket still knows. */
static int error_behind_end(struct tcp_stream *tcp)
{
    int descriptor, error = 0;
    socklen_t len = sizeof(error);
    if (uv_fileno(handle_of(tcp), &descriptor) != 0 ||
        getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
        return 0;
    return -error;
}

static void on_end_of_file(struct tcp_stream *tcp)
{
    int error = error_behind_end(tcp);
    if (error)
        break_down(tcp, error);
    else
        stream_raise_end(&tcp->stream);
}

static void on_read(uv_stream_t *handle, ssize_t got, const uv_buf_t *buf)
{
    struct tcp_stream *tcp = handle->data;
    if (got > 0)
        stream_raise_data(&tcp->stream, (struct span){buf->base, (size_t)got});
    else if (got == UV_EOF)
        on_end_of_file(tcp);
    else if (got < 0)
        break_down(tcp, (int)got);
    later_flush(&tcp->loop->soon); /* the stream stays until libuv has closed it */
}

static void start_reading(struct tcp_stream *tcp)
{
    int rc = uv_read_start(uv_of(tcp), on_alloc, on_read);
    if (rc != 0)
        break_down(tcp, rc);
}

static void on_shut_down(uv_shutdown_t *request, int rc)
{
    (void)rc; /* a peer that is gone shows on the reading side */
    free(request);
}

static void shut_down(struct tcp_stream *tcp)
{
    uv_shutdown_t *request = xmalloc(sizeof(*request));
    if (uv_shutdown(request, uv_of(tcp), on_shut_down) != 0)
        free(request);
}

static void open_up(struct tcp_stream *tcp)
{
    if (tcp->stream.pause_reasons == 0)
        start_reading(tcp);
    if (tcp->stream.is_finished && !tcp->error)
        shut_down(tcp);
    stream_raise_open(&tcp->stream);
}

static void on_connected(uv_connect_t *request, int rc)
{
    struct tcp_stream *tcp = request->handle->data;
    free(request);
    if (!tcp->stream.owner || tcp->error)
        return;
    if (rc == 0)
        open_up(tcp);
    else
        break_down(tcp, rc);
}

/* Linux would keep megabytes for a peer that does not read, in its own memory and unseen by our
 * marks. What is under way to one that reads is not bounded by this. */
static void bound_unsent(struct tcp_stream *tcp, unsigned most)
{
    tcp->most_unsent = most;
    (void)setsockopt(descriptor_of(tcp), IPPROTO_TCP, TCP_NOTSENT_LOWAT, &most, sizeof(most));
}

/* The socket wakes us when half of what it may hold has left: for a quick peer that is too late not
 * to run dry, and each time costs. One that turns slow later is known by what it takes then. Steps
 * are doublings: few calls for a steady pace, and none between the least and the next to stay in. */
static void follow_pace(struct tcp_stream *tcp, size_t len)
{
    uint64_t taken_ms = loop_now_ms(tcp->loop) - tcp->blocked_ms + 1;
    uint64_t due = (tcp->most_unsent / 2 + len) * UNSENT_MS / taken_ms;
    unsigned most = LEAST_UNSENT;
    while (most < MOST_UNSENT && 2 * most <= due)
        most *= 2;
    if (most != tcp->most_unsent)
        bound_unsent(tcp, most);
}

static void on_written(uv_write_t *request, int rc)
{
    struct pending_write *pending = container_of(request, struct pending_write, request);
    struct tcp_stream *tcp = request->handle->data;
    size_t len = pending->len;
    free(pending);
    if (!tcp->stream.owner || tcp->error)
        return;
    if (rc != 0) {
        break_down(tcp, rc);
        return;
    }
    if (tcp->most_unsent > 0 && len == tcp->stream.queued)
        follow_pace(tcp, len);
    stream_account(&tcp->stream, tcp->stream.queued - len);
}

static size_t length_of(const struct span *spans, size_t count)
{
    size_t len = 0;
    for (size_t i = 0; i < count; i++)
        len += spans[i].len;
    return len;
}

/* What the socket took at once, or libuv's error. Spans beyond the array simply wait. */
static int write_now(struct tcp_stream *tcp, const struct span *spans, size_t count)
{
    uv_buf_t bufs[MAX_SPANS_AT_ONCE];
    unsigned used = 0;
    for (; used < count && used < MAX_SPANS_AT_ONCE; used++) {
        memcpy(&bufs[used].base, &spans[used].at, sizeof(char *)); /* libuv's is not const */
        bufs[used].len = spans[used].len;
    }
    int taken = uv_try_write(uv_of(tcp), bufs, used);
    return taken == UV_EAGAIN ? 0 : taken;
}

static void write_later(struct tcp_stream *tcp, const struct span *spans, size_t skip, size_t len)
{
    struct pending_write *pending = xmalloc(sizeof(*pending) + len);
    pending->len = len;
    if (tcp->stream.queued == 0)
        tcp->blocked_ms = loop_now_ms(tcp->loop);
    for (size_t filled = 0; filled < len; spans++) {
        size_t skipped = skip < spans->len ? skip : spans->len;
        skip -= skipped;
        if (spans->len == skipped)
            continue;
        memcpy(pending->bytes + filled, spans->at + skipped, spans->len - skipped);
        filled += spans->len - skipped;
    }
    uv_buf_t buf = {.base = pending->bytes, .len = len};
    int rc = uv_write(&pending->request, uv_of(tcp), &buf, 1, on_written);
    if (rc != 0) {
        free(pending);
        break_down(tcp, rc);
        return;
    }
    stream_account(&tcp->stream, tcp->stream.queued + len);
}

static void tcp_write(struct stream *stream, const struct span *spans, size_t count)
{
    struct tcp_stream *tcp = tcp_of(stream);
    size_t len = length_of(spans, count);
    if (len == 0)
        return;
    int taken = stream->queued > 0 ? 0 : write_now(tcp, spans, count);
    if (taken < 0)
        break_down(tcp, taken);
    else if ((size_t)taken < len)
        write_later(tcp, spans, (size_t)taken, len - (size_t)taken);
}

static void tcp_pause(struct stream *stream)
{
    (void)uv_read_stop(uv_of(tcp_of(stream)));
}

static void tcp_resume(struct stream *stream)
{
    if (stream->is_open && !stream->is_ended && !tcp_of(stream)->error)
        start_reading(tcp_of(stream));
}

static void tcp_end(struct stream *stream)
{
    /* While it connects, libuv 1.44 would take a shutdown for the connection being there. */
    if (stream->is_open)
        shut_down(tcp_of(stream));
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static void tcp_close(struct stream *stream)
{
    struct tcp_stream *tcp = tcp_of(stream);
    later_cancel(&tcp->settle);
    uv_close(handle_of(tcp), on_closed);
}

static void tcp_abort(struct stream *stream)
{
    /* Not uv_tcp_close_reset: it refuses after a shutdown, where Linux resets as well. */
    struct linger reset = {.l_onoff = 1};
    (void)setsockopt(descriptor_of(tcp_of(stream)), SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
    tcp_close(stream);
}

static bool tcp_is_quiet(struct stream *stream)
{
    char byte;
    ssize_t got = recv(descriptor_of(tcp_of(stream)), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

/* Also of a write of which only a part has left. */
static size_t tcp_queued(const struct stream *stream)
{
    const struct tcp_stream *tcp = (const void *)stream; /* its first member */
    return uv_stream_get_write_queue_size((const uv_stream_t *)&tcp->handle);
}

/* SIOCOUTQ: what the kernel has and the peer has not acknowledged, a FIN counted as a byte. */
static uint64_t tcp_taken(const struct stream *stream)
{
    const struct tcp_stream *tcp = (const void *)stream;
    int unacknowledged = 0;
    uv_os_fd_t descriptor;
    if (uv_fileno((const uv_handle_t *)&tcp->handle, &descriptor) != 0 ||
        ioctl(descriptor, SIOCOUTQ, &unacknowledged) != 0)
        unacknowledged = 0;
    uint64_t left = tcp_queued(stream) + (uint64_t)unacknowledged;
    return left < stream->written ? stream->written - left : 0;
}

static const struct stream_kind tcp_kind = {
    .name = "tcp",
    .write = tcp_write,
    .pause = tcp_pause,
    .resume = tcp_resume,
    .end = tcp_end,
    .close = tcp_close,
    .abort = tcp_abort,
    .is_quiet = tcp_is_quiet,
    .queued = tcp_queued,
    .taken = tcp_taken,
};

static struct tcp_stream *create(struct loop *loop)
{
    struct tcp_stream *tcp = xcalloc(1, sizeof(*tcp));
    tcp->stream.kind = &tcp_kind;
    tcp->loop = loop;
    return tcp;
}

static struct tcp_stream *create_tcp(struct loop *loop)
{
    struct tcp_stream *tcp = create(loop);
    ASSERT(uv_tcp_init(&loop->uv, &tcp->handle.tcp) == 0);
    tcp->handle.tcp.data = tcp;
    (void)uv_tcp_nodelay(&tcp->handle.tcp, 1); /* kept by libuv until there is a socket */
    return tcp;
}

struct stream *tcp_stream_adopt(struct loop *loop, int descriptor)
{
    struct tcp_stream *tcp = create_tcp(loop);
    int rc = uv_tcp_open(&tcp->handle.tcp, descriptor);
    if (rc != 0) {
        (void)close(descriptor);
        break_down(tcp, rc);
    }
    bound_unsent(tcp, LEAST_UNSENT);
    later_run(&loop->later, &tcp->settle, on_settle);
    return &tcp->stream;
}

struct stream *tcp_stream_connect(struct loop *loop, const struct sockaddr *address)
{
    struct tcp_stream *tcp = create_tcp(loop);
    uv_connect_t *request = xmalloc(sizeof(*request));
    int rc = uv_tcp_connect(request, &tcp->handle.tcp, address, on_connected);
    if (rc != 0) {
        free(request);
        break_down(tcp, rc);
    }
    bound_unsent(tcp, LEAST_UNSENT);
    return &tcp->stream;
}

struct stream *tcp_stream_connect_local(struct loop *loop, const char *path)
{
    struct tcp_stream *tcp = create(loop);
    uv_connect_t *request = xmalloc(sizeof(*request));
    ASSERT(strlen(path) <= LOCAL_PATH_MAX_LEN); /* libuv 1.44 would cut it */
    ASSERT(uv_pipe_init(&loop->uv, &tcp->handle.local, 0) == 0);
    tcp->handle.local.data = tcp;
    uv_pipe_connect(request, &tcp->handle.local, path, on_connected);
    return &tcp->stream;
}

bool tcp_stream_peer(struct stream *stream, struct sockaddr_storage *address)
{
    int len = sizeof(*address);
    return uv_tcp_getpeername(&tcp_of(stream)->handle.tcp, (struct sockaddr *)address, &len) == 0;
}

int tcp_stream_error(const struct stream *stream)
{
    const struct tcp_stream *tcp = (const void *)stream; /* its first member */
    return tcp->error;
}
