/* tcp_stream.h - a stream over a socket of libuv's: TCP, or one with a path on this machine.
 *
 * A write tries the socket at once and queues a copy of what is left over, so that in the usual
 * case it is one system call and no copy. TCP_NODELAY is on. Reads land in the loop's one buffer: a
 * connection at rest costs this object alone. Of what is written the kernel holds at most 128 KiB
 * that it has not sent, or that doubled, up to 2 MiB, if the peer takes as much in 8 ms
 * (TCP_NOTSENT_LOWAT, tcp(7)): the rest is stream_queued. When a write finds the connection broken,
 * what the peer sent before is still raised (an early answer to a long request), then on_failed.
 */
#ifndef NET_TCP_STREAM_H
#define NET_TCP_STREAM_H

#include "net/loop.h"
#include "net/stream.h"

/* Takes over a connected socket. on_open follows, or on_failed. */
struct stream *tcp_stream_adopt(struct loop *loop, int descriptor);

/* Begins to connect. on_open or on_failed follows, also when nothing could be begun. */
struct stream *tcp_stream_connect(struct loop *loop, const struct sockaddr *address);

/* Likewise, to the socket with this path (unix(7)), at most LOCAL_PATH_MAX_LEN bytes. */
enum { LOCAL_PATH_MAX_LEN = 107 };
struct stream *tcp_stream_connect_local(struct loop *loop, const char *path);

/* The peer's address; false when it is gone already. Only for TCP streams of this kind. */
bool tcp_stream_peer(struct stream *stream, struct sockaddr_storage *address);

/* Why it failed, as libuv's code (UV_ECONNREFUSED …); 0 when it did not. Only for this kind. */
int tcp_stream_error(const struct stream *stream);

#endif
