#include "limit/gcra.h"

struct gcra_rate gcra_rate_of(uint64_t requests, uint64_t per_ms, uint64_t burst)
{
    ASSERT(requests > 0 && burst > 0 && burst <= GCRA_BURST_MAX && per_ms <= GCRA_PER_MAX_MS);
    return (struct gcra_rate){(per_ms * 1000 + requests - 1) / requests, burst};
}

struct gcra_answer gcra_ask(const struct gcra_rate *rate, uint64_t arrival_us, uint64_t cost,
                            uint64_t now_us)
{
    uint64_t room_us = rate->burst * rate->interval_us;
    uint64_t ahead_us = arrival_us > now_us ? arrival_us - now_us : 0;
    uint64_t wanted_us = ahead_us + cost * rate->interval_us;
    struct gcra_answer answer = {.is_admitted = wanted_us <= room_us};
    if (answer.is_admitted) {
        answer.arrival_us = now_us + wanted_us;
        ahead_us = wanted_us;
    } else {
        answer.retry_us = wanted_us - room_us;
    }
    answer.remaining = ahead_us < room_us ? (room_us - ahead_us) / rate->interval_us : 0;
    answer.full_us = ahead_us;
    return answer;
}

/* Between spending and giving back the partition was idle, as if nothing had been spent, for no longer than
 * that; and only while it is idle what is missing becomes less. */
uint64_t gcra_refund_us(const struct gcra_rate *rate, uint64_t cost, uint64_t since_us,
                        uint64_t now_us)
{
    uint64_t spent_us = cost * rate->interval_us;
    uint64_t passed_us = now_us > since_us ? now_us - since_us : 0;
    return spent_us > passed_us ? spent_us - passed_us : 0;
}
