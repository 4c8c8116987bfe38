/* resolver.h - the addresses of one host, kept fresh.
 *
 * An answer is good for refresh_ms; after that it is still given while a new one is fetched in the
 * background, and the last good answer is kept when that fails. An IP address needs no look-up.
 * One per upstream and worker; the look-up runs on libuv's thread pool.
 */
#ifndef NET_RESOLVER_H
#define NET_RESOLVER_H

#include "net/loop.h"

enum { RESOLVER_MAX_ADDRESSES = 8 };

struct addresses {
    struct sockaddr_storage at[RESOLVER_MAX_ADDRESSES]; /* families interleaved (RFC 8305 §4) */
    size_t count;
};

struct resolver;

/* A wait for an answer. Embedded in its owner. */
struct resolve {
    struct list link;
    void (*on_done)(struct resolve *resolve); /* resolver_find answers now, or never mind */
};

/* host is copied; "127.0.0.1", "::1" and names. */
struct resolver *resolver_create(struct loop *loop, const char *host, unsigned port,
                                 uint64_t refresh_ms);

/* Answers at once from what is known; begins a refresh when that is due. False: nothing known, use
 * resolver_wait. */
bool resolver_find(struct resolver *resolver, struct addresses *addresses);

/* Why the last look-up failed ("Name or service not known"); "" if it did not. */
const char *resolver_error(const struct resolver *resolver);

/* Raises on_done, from the loop, when a look-up has ended either way. Begins one if none runs. The
 * owner brings its own deadline. */
void resolver_wait(struct resolver *resolver, struct resolve *resolve,
                   void (*on_done)(struct resolve *resolve));
void resolver_call_off(struct resolve *resolve);

/* Moves the address that a connection was refused by to the end of the list. */
void resolver_demote(struct resolver *resolver, const struct sockaddr *address);

/* No wait may be left. A running look-up ends later alone. */
void resolver_destroy(struct resolver *resolver);

#endif
