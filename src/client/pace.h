/* pace.h - whether enough of something moves: looked at now and then, not at every byte.
 *
 * Each look compares with the one that is a span of looks ago, so whoever moves too little over any
 * such span is found, and a time in which nobody could look (a loop that was held up) blames nobody.
 * Pure.
 */
#ifndef CLIENT_PACE_H
#define CLIENT_PACE_H

#include "base/base.h"

enum { PACE_SPAN_MAX = 4 };

struct pace_limits {
    uint64_t step_ms; /* between two looks */
    unsigned span;    /* of looks, ≤ PACE_SPAN_MAX */
    uint64_t least;   /* bytes that move in it */
};

struct pace {
    uint64_t marks[PACE_SPAN_MAX]; /* what had moved at the latest looks: a ring */
    uint64_t looks;                /* since the beginning */
    uint64_t next_ms;              /* when the next one is due */
};

/* Begins to count. moved is any number of bytes that grows. */
void pace_begin(struct pace *pace, const struct pace_limits *limits, uint64_t now_ms,
                uint64_t moved);

/* Looks, if it is time to: false when too little has moved. */
bool pace_is_kept(struct pace *pace, const struct pace_limits *limits, uint64_t now_ms,
                  uint64_t moved);

#endif
