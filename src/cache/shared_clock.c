#include "cache/shared_clock.h"

enum { DRIFT_US = 10000 }; /* what two clocks may drift apart while an answer holds */

static const uint64_t holds_us = UINT64_C(300) * 1000 * 1000;

static uint64_t distance(int64_t a, int64_t b)
{
    return a > b ? (uint64_t)a - (uint64_t)b : (uint64_t)b - (uint64_t)a;
}

bool shared_clock_note(struct shared_clock *clock, uint64_t asked_us, uint64_t answered_us,
                       uint64_t server_us)
{
    if (answered_us < asked_us || server_us > INT64_MAX)
        return false;
    uint64_t round_us = answered_us - asked_us;
    int64_t offset_us = (int64_t)(server_us - (asked_us + round_us / 2));
    bool holds = clock->at_us != 0 && answered_us - clock->at_us < holds_us;
    uint64_t wrong_us = round_us / 2 + clock->round_us / 2 + DRIFT_US;
    if (holds && round_us > clock->round_us && distance(offset_us, clock->offset_us) <= wrong_us)
        return false;
    *clock = (struct shared_clock){offset_us, round_us, answered_us};
    return true;
}
