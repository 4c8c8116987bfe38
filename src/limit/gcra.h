/* gcra.h - the arithmetic of a rate limit: the generic cell rate algorithm (ITU-T I.371), with one number
 * for each partition: the theoretical arrival time.
 *
 * In any window no more than burst + rate × time is admitted. Pure; time is an argument, in microseconds of
 * any clock that does not run backwards.
 */
#ifndef LIMIT_GCRA_H
#define LIMIT_GCRA_H

#include "base/base.h"

struct gcra_rate {
    uint64_t interval_us; /* between two of a steady stream; ≥ 1 */
    uint64_t burst;       /* as many may come at once; ≥ 1 */
};

/* What an operator may ask for: the product of an interval and a burst then fits with room. */
enum { GCRA_BURST_MAX = 1000000 };
#define GCRA_PER_MAX_MS (UINT64_C(30) * 24 * 3600 * 1000)

/* So many each per_ms. The interval is rounded up: never more than the rate. requests ≤ 1000 × per_ms. */
struct gcra_rate gcra_rate_of(uint64_t requests, uint64_t per_ms, uint64_t burst);

struct gcra_answer {
    bool is_admitted;
    uint64_t arrival_us; /* admitted: the arrival time from now on */
    uint64_t retry_us;   /* refused: it is admitted after so long, if nobody else comes */
    uint64_t remaining;  /* of the burst, after this request */
    uint64_t full_us;    /* until all of it is there again */
};

/* arrival_us: as it was left, or anything that is past. cost ≤ rate->burst. */
struct gcra_answer gcra_ask(const struct gcra_rate *rate, uint64_t arrival_us, uint64_t cost,
                            uint64_t now_us);

/* By how much an arrival time may be set back for a cost that was spent at since_us and is not wanted: by
 * what of it has not come anew since then, which others may have had. Else a burst of refunds that come
 * late would be one too many. */
uint64_t gcra_refund_us(const struct gcra_rate *rate, uint64_t cost, uint64_t since_us,
                        uint64_t now_us);

#endif
