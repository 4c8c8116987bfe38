#include "cache/ghosts.h"

#include <stdlib.h>

enum { WAYS = 4 };

void ghosts_init(struct ghosts *ghosts, size_t count)
{
    ASSERT(count >= WAYS && (count & (count - 1)) == 0);
    *ghosts = (struct ghosts){xcalloc(count, sizeof(*ghosts->at)), count};
}

void ghosts_clear(struct ghosts *ghosts)
{
    free(ghosts->at);
    *ghosts = (struct ghosts){0};
}

/* The low half of the hash chooses the places, the high half is what they remember. */
static struct ghost *places(const struct ghosts *ghosts, uint64_t hash)
{
    return &ghosts->at[(size_t)(uint32_t)hash * WAYS & (ghosts->count - 1)];
}

static uint32_t fingerprint_of(uint64_t hash)
{
    return (uint32_t)(hash >> 32) | 1;
}

void ghosts_add(struct ghosts *ghosts, uint64_t hash, uint32_t now_kib)
{
    struct ghost *all = places(ghosts, hash), *oldest = all;
    for (size_t i = 0; i < WAYS && oldest->fingerprint != 0; i++) {
        if (all[i].fingerprint == 0 || now_kib - all[i].at_kib > now_kib - oldest->at_kib)
            oldest = &all[i];
    }
    *oldest = (struct ghost){fingerprint_of(hash), now_kib};
}

bool ghosts_take(struct ghosts *ghosts, uint64_t hash, uint32_t now_kib, uint32_t life_kib)
{
    struct ghost *all = places(ghosts, hash);
    for (size_t i = 0; i < WAYS; i++) {
        if (all[i].fingerprint != fingerprint_of(hash))
            continue;
        bool is_alive = now_kib - all[i].at_kib < life_kib;
        all[i] = (struct ghost){0};
        return is_alive;
    }
    return false;
}
