#include "upstream/breaker.h"

#include <string.h>

enum {
    FIRST_PAUSE_MS = 5000,
    LONGEST_PAUSE_MS = 60000,
    LEAST_CALLS = 20,
    MOST_UNCONNECTED = 5,
    PROBE_MS = 60000, /* a probe that is not heard of again does not keep it open for ever */
};

void breaker_init(struct breaker *breaker)
{
    *breaker = (struct breaker){.pause_ms = FIRST_PAUSE_MS};
}

bool breaker_allows(struct breaker *breaker, uint64_t now_ms)
{
    if (breaker->state == BREAKER_CLOSED)
        return true;
    if (now_ms < breaker->until_ms)
        return false;
    breaker->state = BREAKER_PROBING;
    breaker->until_ms = now_ms + PROBE_MS;
    return true;
}

static void open_for_a_while(struct breaker *breaker, uint64_t now_ms)
{
    breaker->state = BREAKER_OPEN;
    breaker->until_ms = now_ms + breaker->pause_ms;
    breaker->pause_ms *= 2;
    if (breaker->pause_ms > LONGEST_PAUSE_MS)
        breaker->pause_ms = LONGEST_PAUSE_MS;
    breaker->unconnected = 0;
    memset(breaker->seconds, 0, sizeof(breaker->seconds));
}

/* Empties the places of the ring whose seconds have passed. */
static void advance(struct breaker *breaker, uint64_t second)
{
    uint64_t passed = second - breaker->newest_second;
    if (passed > BREAKER_SECONDS)
        passed = BREAKER_SECONDS;
    for (uint64_t i = 0; i < passed; i++)
        memset(&breaker->seconds[(second - i) % BREAKER_SECONDS], 0, sizeof(breaker->seconds[0]));
    breaker->newest_second = second;
}

static bool is_failing(const struct breaker *breaker)
{
    uint64_t good = 0, bad = 0;
    for (size_t i = 0; i < BREAKER_SECONDS; i++) {
        good += breaker->seconds[i].good;
        bad += breaker->seconds[i].bad;
    }
    return breaker->unconnected >= MOST_UNCONNECTED || (good + bad >= LEAST_CALLS && bad >= good);
}

static bool end_probe(struct breaker *breaker, enum call_outcome outcome, uint64_t now_ms)
{
    switch (outcome) {
    case OUTCOME_GOOD:
        breaker_init(breaker);
        return false;
    case OUTCOME_UNKNOWN:
        breaker->until_ms = now_ms;
        return false;
    case OUTCOME_BAD:
    case OUTCOME_UNCONNECTED:
        break;
    }
    open_for_a_while(breaker, now_ms);
    return true;
}

bool breaker_record(struct breaker *breaker, enum call_outcome outcome, uint64_t now_ms)
{
    if (breaker->state == BREAKER_PROBING)
        return end_probe(breaker, outcome, now_ms);
    if (breaker->state == BREAKER_OPEN || outcome == OUTCOME_UNKNOWN)
        return false; /* calls that had begun before it opened */
    advance(breaker, now_ms / 1000);
    size_t place = breaker->newest_second % BREAKER_SECONDS;
    breaker->seconds[place].good += outcome == OUTCOME_GOOD;
    breaker->seconds[place].bad += outcome != OUTCOME_GOOD;
    breaker->unconnected = outcome == OUTCOME_UNCONNECTED ? breaker->unconnected + 1 : 0;
    if (!is_failing(breaker))
        return false;
    open_for_a_while(breaker, now_ms);
    return true;
}

uint64_t breaker_wait_ms(const struct breaker *breaker, uint64_t now_ms)
{
    return breaker->state == BREAKER_CLOSED || now_ms >= breaker->until_ms
               ? 0
               : breaker->until_ms - now_ms;
}
