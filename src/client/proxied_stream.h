/* proxied_stream.h - a stream whose bytes begin with a PROXY header, without it.
 *
 * Takes over the lower stream and closes it with itself. on_open follows a good header; then bytes
 * pass through, and stream_peer_address tells the client's address if the header had one. on_failed
 * with ERR_SYNTAX when there is no good header: it is demanded. Who may send one is the accepter's
 * to know.
 */
#ifndef CLIENT_PROXIED_STREAM_H
#define CLIENT_PROXIED_STREAM_H

#include "net/loop.h"
#include "net/stream.h"

struct stream *proxied_stream_create(struct stream *lower, struct loop *loop);

#endif
