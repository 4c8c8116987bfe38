/* shared_clock.h - how far this machine's clock is from the server's, by asking and halving the round
 * trip (as NTP does). Pure; all in microseconds.
 *
 * A quick answer says more than a slow one: it holds for five minutes, unless another contradicts it
 * by more than both can be wrong, which means that a clock has been set.
 */
#ifndef CACHE_SHARED_CLOCK_H
#define CACHE_SHARED_CLOCK_H

#include "base/base.h"

struct shared_clock {
    int64_t offset_us; /* server's - ours */
    uint64_t round_us; /* of the answer that it is from */
    uint64_t at_us;    /* when that came; 0: nothing is known */
};

/* The server's clock said server_us between the two moments of ours. Whether offset_us is new. */
bool shared_clock_note(struct shared_clock *clock, uint64_t asked_us, uint64_t answered_us,
                       uint64_t server_us);

#endif
