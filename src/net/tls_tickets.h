/* tls_tickets.h - the keys that session tickets are sealed with, renewed as time goes by.
 *
 * One for the process: the kernel spreads a client's connections over the workers, and each must know
 * the others' tickets. A key seals for one period and is known for one more, so that a stolen key
 * opens little; then it is wiped. Time is an argument. Any thread.
 */
#ifndef NET_TLS_TICKETS_H
#define NET_TLS_TICKETS_H

#include "base/base.h"

/* Tickets are good for at least a period and at most two. */
enum { TLS_TICKETS_PERIOD_S = 3600 };

enum { TLS_TICKET_NAME_SIZE = 16, TLS_TICKET_SECRET_SIZE = 32 };

struct tls_ticket_key {
    unsigned char name[TLS_TICKET_NAME_SIZE]; /* stands in each ticket */
    unsigned char seal[TLS_TICKET_SECRET_SIZE], mac[TLS_TICKET_SECRET_SIZE];
};

struct tls_tickets;

struct tls_tickets *tls_tickets_create(uint64_t now_ms);
void tls_tickets_destroy(struct tls_tickets *tickets); /* NULL is allowed */

/* A copy of the key to seal with; wipe it after use. */
void tls_tickets_current(struct tls_tickets *tickets, uint64_t now_ms, struct tls_ticket_key *key);

enum ticket_age {
    TICKET_UNKNOWN, /* too old, or not ours: *key is untouched */
    TICKET_FRESH,
    TICKET_OLD, /* good, but to be replaced by a new one */
};

/* A copy of the key with that name; wipe it after use. */
enum ticket_age tls_tickets_find(struct tls_tickets *tickets,
                                 const unsigned char name[TLS_TICKET_NAME_SIZE], uint64_t now_ms,
                                 struct tls_ticket_key *key);

void tls_ticket_key_wipe(struct tls_ticket_key *key);

#endif
