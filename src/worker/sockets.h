/* sockets.h - the sockets of the listen addresses, bound by main before anybody serves: one for each
 * worker and address, and one for the admin listener.
 *
 * An address that is in the settings before as well keeps its sockets, which its workers have. */
#ifndef WORKER_SOCKETS_H
#define WORKER_SOCKETS_H

#include "net/listener.h"
#include "worker/inherited_sockets.h"
#include "worker/snapshot.h"

struct sockets {
    size_t workers, addresses;
    int *at;   /* a row of addresses for each worker; -1: kept from before */
    int admin; /* -1: kept from before, or there is none */
};

/* before: NULL at the start. inherited: what of them is open already; NULL: nothing. On failure none is left open, and error says what to do. */
enum status sockets_bind(struct sockets *sockets, const struct snapshot_options *options,
                         const struct snapshot_options *before, struct inherited_sockets *inherited,
                         size_t workers, char error[LISTENER_ERROR_SIZE]) MUST_CHECK;

/* Of one worker, to be taken over by it. */
const int *sockets_of(const struct sockets *sockets, size_t worker);

/* Forgets them; whoever has taken them over closes them. */
void sockets_clear(struct sockets *sockets);

/* Closes those that nobody has taken over, and forgets them. */
void sockets_close(struct sockets *sockets);

#endif
