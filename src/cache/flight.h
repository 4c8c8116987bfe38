/* flight.h - one fetch for a key; who asks for the same meanwhile waits for it.
 *
 * Per worker, so nothing is locked. A flight begins when the first request for a key that is not stored
 * goes to fetch it (the leader), and lands when it is known what came: an entry that all who wait may
 * have, or that each must go for itself. It is joined only while no write has touched its tags since
 * it began (tags.h). What proved not storable is remembered for a while (hit-for-miss), so that the
 * next requests do not stand in line for nothing.
 *
 * Ownership: the leader has the flight and must land it, whatever happens to it; a seat is embedded in
 * who waits. Seats are told from the loop, each at most once, none after flight_leave.
 */
#ifndef CACHE_FLIGHT_H
#define CACHE_FLIGHT_H

#include "base/list.h"
#include "cache/cache_entry.h"
#include "cache/tags.h"
#include "net/loop.h"

enum landing {
    LANDED_WITH_ENTRY,   /* here it is: what was asked before it came may have it */
    LANDED_WITH_FAILURE, /* the upstream failed: here is what it said, for who has nothing better */
    LANDED_AGAIN,        /* the leader fell: somebody else may lead */
    LANDED_ALONE,        /* not for sharing: each goes for itself */
};

struct flight;
struct flight_table;

struct flight_table *flight_table_create(struct loop *loop, const struct tags *tags);
/* No flight is left that has not landed. NULL is allowed. */
void flight_table_destroy(struct flight_table *table);

/* Someone who waits. */
struct flight_seat {
    struct list link;
    void (*on_landed)(struct flight_seat *seat, enum landing landing, struct cache_entry *entry);
};

/* The flight for a key that may be joined, or NULL. */
struct flight *flight_find(struct flight_table *table, struct span key);

/* Begins one. The caller leads. There may be another for the key that can be joined no more. */
struct flight *flight_lead(struct flight_table *table, struct span key, const uint16_t *slots,
                           size_t slot_count, uint64_t began_us);

/* on_landed is raised from the loop; entry is borrowed for the call: count it to keep it. */
void flight_join(struct flight *flight, struct flight_seat *seat,
                 void (*on_landed)(struct flight_seat *seat, enum landing landing,
                                   struct cache_entry *entry));
void flight_leave(struct flight_seat *seat);
bool flight_has_seats(const struct flight *flight);

/* Tells all who wait, at once, in the order in which they came, and frees the flight. entry: counted
 * for as long as needed; NULL with LANDED_AGAIN and LANDED_ALONE. Legal inside any callback. */
void flight_land(struct flight *flight, enum landing landing, struct cache_entry *entry);

/* Hit-for-miss: a fixed table, a newer key takes an older one's place. */
void flight_remember_alone(struct flight_table *table, struct span key, uint64_t until_ms);
bool flight_is_alone(const struct flight_table *table, struct span key, uint64_t now_ms);

#endif
