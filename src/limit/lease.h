/* lease.h - what one worker may decide of shared limits without asking: tokens that were debited ahead, and
 * refusals that still hold.
 *
 * Under load a worker debits ahead what comes in half the life of a lease, and again before that is
 * spent; what it holds is at most a quarter of the burst, and lives for a time in which no more than a
 * quarter of the burst comes anew: so in any window no more than 1.25 × burst + rate × time is admitted,
 * however many workers there are. Nobody else misses what a worker has no use for. A refusal holds until
 * its retry_us, a second at most; under load until there is a batch to be had. A fixed table: who is
 * pushed out of it asks again. Pure; one worker's; time in microseconds is an argument.
 */
#ifndef LIMIT_LEASE_H
#define LIMIT_LEASE_H

#include "limit/limit_table.h"

struct lease_table;

struct lease_table *lease_table_create(void);
void lease_table_destroy(struct lease_table *leases); /* NULL is allowed */

enum lease_answer {
    LEASE_ASK,      /* those left open have to be asked for */
    LEASE_ADMITTED, /* none is open: spent from leases, or a shadow that would refuse */
    LEASE_REFUSED,  /* a refusal of one that is no shadow still holds; nothing was spent */
};

/* Spends what is lent: sets the answers of such claims, their since_us and lent_until_us. open: a bit for
 * each claim of which nothing is known here. To be called once for each request: what comes is counted. */
enum lease_answer lease_take(struct lease_table *leases, struct limit_claim *claims, size_t count,
                             uint64_t now_us, unsigned *open);

/* Undoes that for a claim with lent_until_us, while the lease lives. */
void lease_put_back(struct lease_table *leases, const struct limit_claim *claim, uint64_t now_us);

/* How many to debit ahead for this partition now; 0: there are enough, few come, the burst is a small one,
 * or a batch is under way: for so long as until_us says. */
uint64_t lease_wish(struct lease_table *leases, const struct limit_claim *claim, uint64_t now_us,
                    uint64_t until_us);

/* What came of a wish that was sent at since_us: so many are lent. claim->answer: what there was before. */
void lease_fill(struct lease_table *leases, const struct limit_claim *claim, uint64_t granted,
                uint64_t since_us, uint64_t now_us);

/* A claim was asked for, and claim->answer says what came of it. has_wished: a wish went with it; when it is
 * admitted, lease_fill follows. */
void lease_note(struct lease_table *leases, const struct limit_claim *claim, bool has_wished,
                uint64_t now_us);

/* How many are lent for this partition now; spends nothing and counts nothing. */
uint64_t lease_lent(const struct lease_table *leases, const struct limit_claim *claim,
                    uint64_t now_us);

/* For so long a lease lives. */
uint64_t lease_life_us(const struct gcra_rate *rate);

#endif
