/* admin.h - answers the operator's own requests: health, readiness, reloading, purging the cache.
 *
 * Another answerer of requests, on a client_server of its own. It is meant for this machine: a name
 * in Host, which a page in a browser may have made to point here, is refused unless a token is asked
 * for, and so is a write that another site's page sends. Lives on one loop.
 */
#ifndef ADMIN_ADMIN_H
#define ADMIN_ADMIN_H

#include "admin/reload_desk.h"
#include "client/client_connection.h"
#include "metrics/metrics_text.h"

struct admin_options {
    struct span address; /* "127.0.0.1:9901"; len 0: there is no such listener */
    struct span token;   /* where the token is ("env:NAME"); len 0: none is asked for */
};

struct services;
struct refusals;
struct key_record;

/* What it stands on; the owner of its client_server. Borrowed by its requests. */
struct admin_services {
    struct span token; /* len 0: none is asked for */
    bool is_draining;  /* /readyz says so */
    /* Makes what carries one of these slots (cache/tags.h), or everything, old: here and, with Redis,
     * in the other instances. */
    void (*stamp)(void *owner, const uint16_t *slots, size_t count, bool is_soft);
    void (*stamp_all)(void *owner, bool is_soft);
    void (*look)(void *owner);     /* renews what is not counted where it happens */
    struct metrics_text *metrics;  /* owned by the owner */
    const struct metrics *counted; /* borrowed, as all that follows */
    struct refusals *refusals;
    const struct services *gateway; /* of the worker that answers */
    const struct key_record *keys;
    size_t key_count;
    struct span settings;       /* as JSON, without secrets */
    struct reload_desk reloads; /* the owner initialises it, and tells it */
    void *owner;
};

/* The handler for a client_server whose owner is a struct admin_services. */
extern const struct client_handler admin_handler;

#endif
