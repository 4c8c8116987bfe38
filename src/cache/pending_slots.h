/* pending_slots.h - tag slots that are still to be told to others: a set, of at most all there are.
 *
 * Any thread adds, one takes; no lock. A slot that is added twice before it is taken is there once.
 */
#ifndef CACHE_PENDING_SLOTS_H
#define CACHE_PENDING_SLOTS_H

#include <stdatomic.h>

#include "cache/tags.h"

enum { PENDING_WORDS = TAG_SLOTS / 64 + 1 };

struct pending_slots {
    _Atomic uint64_t hard[PENDING_WORDS], soft[PENDING_WORDS]; /* a bit for each */
};

struct pending_slot {
    uint32_t slot; /* up to TAG_SLOTS: everything */
    bool is_soft;
};

void pending_slots_init(struct pending_slots *pending);
void pending_slots_add(struct pending_slots *pending, struct pending_slot slot);

/* Takes out at most cap of them; how many. What was added before by a thread that this one has
 * synchronised with is seen. */
size_t pending_slots_take(struct pending_slots *pending, struct pending_slot *slots, size_t cap);

#endif
