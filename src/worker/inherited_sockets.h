/* inherited_sockets.h - listening sockets that a service manager has opened for us (sd_listen_fds(3)): it may
 * take a port that we may not, and holds connections while we restart.
 *
 * They are found by the addresses they are bound to. Main's thread, once, at the start. */
#ifndef WORKER_INHERITED_SOCKETS_H
#define WORKER_INHERITED_SOCKETS_H

#include "base/base.h"

enum { INHERITED_MAX = 32 };

struct inherited_sockets {
    int at[INHERITED_MAX]; /* owned */
    bool is_named[INHERITED_MAX];
    size_t count;
};

/* What $LISTEN_FDS and $LISTEN_PID say, which are unset. What is no listening socket is closed. */
void inherited_sockets_open(struct inherited_sockets *sockets);

/* The one at this address, as often as it is wanted, each a descriptor of its own; -1: there is none. */
int inherited_sockets_take(struct inherited_sockets *sockets, struct span address);

/* Closes our own; those that no setting has named are told. */
void inherited_sockets_close(struct inherited_sockets *sockets);

#endif
