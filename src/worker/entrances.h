/* entrances.h - the listen addresses of a worker: whom they let in, and what they put between the
 * socket and HTTP.
 *
 * In this order: is there room, for all and for this address; does it come from a trusted proxy where
 * a PROXY header is demanded; that header; TLS; then the client's connection. Who is turned away is
 * counted in the log, folded. Owned by the worker, on its loop.
 */
#ifndef WORKER_ENTRANCES_H
#define WORKER_ENTRANCES_H

#include "client/client_connection.h"
#include "worker/snapshot.h"

struct entrances;

struct entrances_options {
    struct loop *loop;                       /* borrowed */
    struct client_server *clients;           /* borrowed: where those go who are let in */
    const struct snapshot_options *settings; /* borrowed */
    struct tls_tickets *tickets;             /* borrowed; shared by all workers */
    struct metrics_cells *metrics;           /* borrowed; NULL: nobody counts */
    const int *descriptors; /* one for each listen address, taken over; -1: the one before has it */
};

enum { ENTRANCES_ERROR_SIZE = 320 };

/* Nobody is let in yet. NULL, with error, when an address or a certificate cannot be used. */
struct entrances *entrances_open(const struct entrances_options *options,
                                 char error[ENTRANCES_ERROR_SIZE]);

/* Lets in, in place of those before, which end: addresses that both have go over, and so does the count of
 * who is there; the others are closed. before: NULL at the start. */
void entrances_begin(struct entrances *entrances, struct entrances *before);

/* For the on_leave and on_unopened of clients. */
void entrances_leave(struct entrances *entrances, void *ticket);
void entrances_note_unopened(struct entrances *entrances, enum status why);

/* Lets in who stands in the kernel's queue and nobody after. Once. */
void entrances_close(struct entrances *entrances);

/* Closed, and all who were let in have left; or never begun. */
void entrances_destroy(struct entrances *entrances);

#endif
