/* listener.h - accepts connections on one address.
 *
 * The socket is made by main, one a worker and address, each with SO_REUSEPORT, so that the kernel
 * spreads connections and an address in use is told before anything starts.
 */
#ifndef NET_LISTENER_H
#define NET_LISTENER_H

#include "net/loop.h"
#include "net/stream.h"

/* Makes `count` sockets bound to the same address ("127.0.0.1:8080", "[::1]:0", "*:8080"), not yet
 * listening, into descriptors. With port 0 the first picks one and the others share it. On failure
 * returns ERR_SYNTAX or ERR_IO, makes none, and error says what to do ("address in use: …"). */
enum { LISTENER_ERROR_SIZE = 256 };
enum status listener_bind(struct span address, int *descriptors, size_t count,
                          char error[LISTENER_ERROR_SIZE]) MUST_CHECK;

/* The address a descriptor is bound to, with its real port; text needs LISTENER_NAME_SIZE. */
enum { LISTENER_NAME_SIZE = 64 };
void listener_name(int descriptor, char text[LISTENER_NAME_SIZE]);

/* Whether a socket that somebody else has opened is bound to this address; "*:8080" is also [::]:8080. */
bool listener_fits(int descriptor, struct span address);

struct listener;

struct listener_events {
    /* A new connection; the receiver owns the stream and listens to it before it returns. peer is
     * borrowed. */
    void (*on_accept)(void *owner, struct stream *stream, const struct sockaddr *peer);
    /* Asked before that: false closes the socket at once, which costs next to nothing. NULL: all
     * may enter. */
    bool (*may_enter)(void *owner, const struct sockaddr *peer);
    /* Descriptors or memory are short (an errno): who connects waits in the queue, and is tried again every
     * 100 ms. NULL: nobody minds. */
    void (*on_shortage)(void *owner, int reason);
};

/* Takes over the descriptor. NULL (and the descriptor closed) when it cannot listen. */
struct listener *listener_create(struct loop *loop, int descriptor,
                                 const struct listener_events *events, void *owner);

/* Stops and starts taking connections from the queue (the connection limit). Idempotent. */
void listener_pause(struct listener *listener);
void listener_resume(struct listener *listener);

/* Events go to another owner from now on. */
void listener_give(struct listener *listener, void *owner);

/* Accepts what the kernel has queued (on_accept is raised from inside, the one exception to that
 * rule, since the listener is about to go), then closes. */
void listener_close(struct listener *listener);

#endif
