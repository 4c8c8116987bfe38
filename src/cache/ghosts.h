/* ghosts.h - fingerprints of what was let go a while ago.
 *
 * A fixed table: four places for each hash, the oldest gives way. It forgets, and now and then takes one
 * for another; both cost no more than a place in a queue. Time is a count of KiB that have passed by.
 * Not thread-safe.
 */
#ifndef CACHE_GHOSTS_H
#define CACHE_GHOSTS_H

#include "base/base.h"

struct ghost {
    uint32_t fingerprint; /* 0: nobody */
    uint32_t at_kib;
};

struct ghosts {
    struct ghost *at;
    size_t count; /* a power of two */
};

/* count: a power of two, at least 4. */
void ghosts_init(struct ghosts *ghosts, size_t count);
void ghosts_clear(struct ghosts *ghosts);

void ghosts_add(struct ghosts *ghosts, uint64_t hash, uint32_t now_kib);

/* Whether it was added less than life_kib ago; forgets it. */
bool ghosts_take(struct ghosts *ghosts, uint64_t hash, uint32_t now_kib, uint32_t life_kib);

#endif
