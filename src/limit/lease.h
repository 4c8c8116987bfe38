/* lease.h - what one worker may decide of shared limits without asking: tokens that were debited ahead, and
 * refusals that still hold.
 *
 * Under load a worker debits a batch, at most a quarter of the burst, and spends it within a time in
 * which no more than a quarter of the burst comes anew: so in any window no more than 1.25 × burst + rate ×
 * time is admitted, however many workers there are. A refusal holds until its retry_us, a second
 * at most; under load until there is a batch to be had. A fixed table: who
 * is pushed out of it asks again. Pure; one worker's; time in microseconds is an argument.
 */
#ifndef LIMIT_LEASE_H
#define LIMIT_LEASE_H

#include "limit/limit_table.h"

struct lease_table;

struct lease_table *lease_table_create(void);
void lease_table_destroy(struct lease_table *leases); /* NULL is allowed */

enum lease_answer {
    LEASE_ASK,      /* nothing is known here */
    LEASE_ADMITTED, /* all claims were spent from leases */
    LEASE_REFUSED,  /* a refusal of one that is no shadow still holds */
};

/* Sets the answers of the claims, but for LEASE_ASK. Nothing is spent unless all is. */
enum lease_answer lease_take(struct lease_table *leases, struct limit_claim *claims, size_t count,
                             uint64_t now_us);

/* How many more to debit with this claim: 0 unless many have come lately and the burst is no small one. To be called once for each
 * request that asks. */
uint64_t lease_wish(struct lease_table *leases, const struct limit_claim *claim, uint64_t now_us);

/* What was granted beyond the cost; or, with a refusal in claim->answer, that. */
void lease_note(struct lease_table *leases, const struct limit_claim *claim, uint64_t granted,
                uint64_t now_us);

/* For so long a lease lives. */
uint64_t lease_life_us(const struct gcra_rate *rate);

#endif
