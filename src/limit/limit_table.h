/* limit_table.h - the arrival times of all partitions, in the memory of one process.
 *
 * 24 bytes each: a 128-bit hash of policy and partition, and the time (gcra.h), in buckets of one size.
 * What is over counts as never seen and makes room: nothing is ever swept. There are never more than a
 * bound, beyond which those that are over soonest are forgotten. Shared by all workers, in shards with a
 * lock each: held for some tens of instructions, and for some tens of microseconds when a shard doubles.
 */
#ifndef LIMIT_LIMIT_TABLE_H
#define LIMIT_LIMIT_TABLE_H

#include "limit/gcra.h"

struct limit_table;

/* Room for so many partitions at a time; memory is taken as they come. */
struct limit_table *limit_table_create(size_t most);
void limit_table_destroy(struct limit_table *table); /* NULL is allowed */

struct limit_key {
    uint64_t words[2];
};

/* text: the policy and the partition, so that different ones differ. With a seed of its own: nobody can
 * choose partitions that collide. */
struct limit_key limit_table_key(const struct limit_table *table, struct span text);

/* One policy's part in a request. */
struct limit_claim {
    struct limit_key key;
    const struct gcra_rate *rate; /* borrowed */
    uint64_t cost;
    bool is_shadow;            /* counts, and refuses nothing */
    struct gcra_answer answer; /* set by limit_table_take, as what follows */
    uint64_t since_us;         /* when it was spent */
    uint64_t lent_until_us;    /* not 0: from a lease that ends then (lease.h) */
};

enum { LIMIT_CLAIMS_MAX = 16 };

/* All spend, or none does when one that is no shadow refuses; a shadow spends if it would admit. The
 * keys differ. True: admitted. */
bool limit_table_take(struct limit_table *table, struct limit_claim *claims, size_t count,
                      uint64_t now_us);

/* Spends without asking, as far as there is something to spend: what was admitted elsewhere. */
void limit_table_charge(struct limit_table *table, const struct limit_claim *claim,
                        uint64_t now_us);

/* What claim would be answered; spends nothing. */
struct gcra_answer limit_table_look(struct limit_table *table, const struct limit_claim *claim,
                                    uint64_t now_us);

/* Undoes what limit_table_take has spent for these claims, as far as gcra_refund_us allows. */
void limit_table_give_back(struct limit_table *table, const struct limit_claim *claims,
                           size_t count, uint64_t now_us);

/* Partitions whose time is not over; of very many an estimate, of a sixteenth of them. The locks are held as
 * shortly as by a request. */
size_t limit_table_count(struct limit_table *table, uint64_t now_us);

#endif
