/* breaker.h - when not to try: an upstream that keeps failing is left alone for a while.
 *
 * Opens when half of at least 20 calls in the last 10 s failed, or after 5 connections in a row that
 * could not be made: for 5 s at first, doubling to 60 s. Then one call is let through; if it
 * succeeds all pass again. Pure; one per upstream and worker.
 */
#ifndef UPSTREAM_BREAKER_H
#define UPSTREAM_BREAKER_H

#include "base/base.h"

enum { BREAKER_SECONDS = 10 };

struct breaker {
    enum breaker_state { BREAKER_CLOSED, BREAKER_OPEN, BREAKER_PROBING } state;
    uint64_t until_ms;    /* while open: when a probe may go; while probing: when it is given up */
    uint64_t pause_ms;    /* of the next opening */
    unsigned unconnected; /* in a row */
    uint64_t newest_second; /* of the ring */
    struct {
        uint32_t good, bad;
    } seconds[BREAKER_SECONDS];
};

enum call_outcome {
    OUTCOME_GOOD,
    OUTCOME_BAD,         /* lost, no first byte, an edge's 502, 503 or 504 */
    OUTCOME_UNCONNECTED, /* not resolved, connected or trusted */
    OUTCOME_UNKNOWN, /* ended for reasons that are not the upstream's: frees the probe's place */
};

void breaker_init(struct breaker *breaker);

/* Whether a call may be made now; while probing, true for one. Each true is answered by one
 * breaker_record. */
bool breaker_allows(struct breaker *breaker, uint64_t now_ms);

/* Returns true when this opened it. */
bool breaker_record(struct breaker *breaker, enum call_outcome outcome, uint64_t now_ms);

/* Milliseconds until a call may be tried; 0 when it may now. */
uint64_t breaker_wait_ms(const struct breaker *breaker, uint64_t now_ms);

#endif
