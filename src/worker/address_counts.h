/* address_counts.h - how many connections each address has.
 *
 * An IPv6 network of 64 bits is one address: whoever has one address of it has all. Holds an entry
 * for each address that is in, so never more than there are connections. One thread.
 */
#ifndef WORKER_ADDRESS_COUNTS_H
#define WORKER_ADDRESS_COUNTS_H

#include "net/address.h"

struct address_counts;
struct address_count;

struct address_counts *address_counts_create(void);

/* All must have left. NULL is allowed. */
void address_counts_destroy(struct address_counts *counts);

/* How many are in from there. */
size_t address_counts_of(const struct address_counts *counts, const struct address *address);

/* One more; to be given back to address_counts_leave. */
struct address_count *address_counts_enter(struct address_counts *counts,
                                           const struct address *address);
void address_counts_leave(struct address_counts *counts, struct address_count *count);

#endif
