/* idle_life.h - how long the server lets a connection rest: the shortest life of the last minutes, and
 * while none has ended, the longest rest after which it was still there.
 *
 * What was seen is forgotten after five to ten minutes, so that a restart of the server, which ends
 * connections of any age, does not count for ever. Pure; one per pool.
 */
#ifndef UPSTREAM_IDLE_LIFE_H
#define UPSTREAM_IDLE_LIFE_H

#include "base/base.h"

enum { IDLE_LIFE_SLOTS = 2 };

struct idle_life {
    uint64_t first_ms; /* assumed until the server has shown another */
    struct idle_life_slot {
        uint64_t number;      /* of its five minutes */
        uint64_t shortest_ms; /* 0: none */
        uint64_t rest_ms;     /* the shortest that was a rest indeed; 0: none */
        uint64_t kept_ms;     /* the longest that the server did not end */
    } slots[IDLE_LIFE_SLOTS];
};

void idle_life_init(struct idle_life *life, uint64_t first_ms);

/* The server has ended a connection that rested for so long. */
void idle_life_note(struct idle_life *life, uint64_t rested_ms, uint64_t now_ms);

/* After so long a rest the server answered, or had at least not ended the connection. */
void idle_life_note_kept(struct idle_life *life, uint64_t rested_ms, uint64_t now_ms);

/* What to trust in: the shortest that has ended; if none has, the longest kept, at least first_ms. */
uint64_t idle_life_shortest_ms(const struct idle_life *life, uint64_t now_ms);

/* When to close a connection at rest, so that no request meets its end: a little before the
 * shortest life, most_ms at most. What ended within its first second shows nothing. */
uint64_t idle_life_limit_ms(const struct idle_life *life, uint64_t most_ms, uint64_t now_ms);

#endif
