#include "net/tls_tickets.h"

#include <stdlib.h>
#include <string.h>

#include <uv.h>

#include <openssl/crypto.h>

#include "base/random.h"

enum { PERIOD_MS = TLS_TICKETS_PERIOD_S * 1000 };

struct tls_tickets {
    uv_mutex_t lock; /* guards what follows; held for a copy only */
    struct tls_ticket_key current, previous;
    bool has_previous;
    uint64_t since_ms; /* when current became current */
};

void tls_ticket_key_wipe(struct tls_ticket_key *key)
{
    OPENSSL_cleanse(key, sizeof(*key));
}

static void renew(struct tls_tickets *tickets)
{
    random_bytes(tickets->current.name, sizeof(tickets->current.name));
    random_bytes(tickets->current.seal, sizeof(tickets->current.seal));
    random_bytes(tickets->current.mac, sizeof(tickets->current.mac));
}

/* Workers' clocks are of the same source but read at different moments: one that is a little behind
 * finds a key that is younger than its now. */
static void keep_up(struct tls_tickets *tickets, uint64_t now_ms)
{
    if (now_ms < tickets->since_ms + PERIOD_MS)
        return;
    uint64_t periods = (now_ms - tickets->since_ms) / PERIOD_MS;
    tickets->has_previous = periods == 1;
    tls_ticket_key_wipe(&tickets->previous);
    if (tickets->has_previous)
        tickets->previous = tickets->current;
    renew(tickets);
    tickets->since_ms += periods * PERIOD_MS;
}

struct tls_tickets *tls_tickets_create(uint64_t now_ms)
{
    struct tls_tickets *tickets = xcalloc(1, sizeof(*tickets));
    ASSERT(uv_mutex_init(&tickets->lock) == 0);
    tickets->since_ms = now_ms;
    renew(tickets);
    return tickets;
}

void tls_tickets_destroy(struct tls_tickets *tickets)
{
    if (!tickets)
        return;
    uv_mutex_destroy(&tickets->lock);
    OPENSSL_cleanse(tickets, sizeof(*tickets));
    free(tickets);
}

void tls_tickets_current(struct tls_tickets *tickets, uint64_t now_ms, struct tls_ticket_key *key)
{
    uv_mutex_lock(&tickets->lock);
    keep_up(tickets, now_ms);
    *key = tickets->current;
    uv_mutex_unlock(&tickets->lock);
}

static bool has_name(const struct tls_ticket_key *key, const unsigned char *name)
{
    return memcmp(key->name, name, sizeof(key->name)) == 0;
}

enum ticket_age tls_tickets_find(struct tls_tickets *tickets,
                                 const unsigned char name[TLS_TICKET_NAME_SIZE], uint64_t now_ms,
                                 struct tls_ticket_key *key)
{
    enum ticket_age age = TICKET_UNKNOWN;
    uv_mutex_lock(&tickets->lock);
    keep_up(tickets, now_ms);
    if (has_name(&tickets->current, name)) {
        *key = tickets->current;
        age = TICKET_FRESH;
    } else if (tickets->has_previous && has_name(&tickets->previous, name)) {
        *key = tickets->previous;
        age = TICKET_OLD;
    }
    uv_mutex_unlock(&tickets->lock);
    return age;
}
