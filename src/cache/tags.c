#include "cache/tags.h"

#include <stdlib.h>

#include "base/clock.h"

/* Together, because both are read for each slot of each hit. 0: never. */
struct slot {
    _Atomic uint64_t hard_us, soft_us;
};

struct tags {
    uint64_t start_us; /* what clock_us is short of the time since 1970 */
    _Atomic int64_t offset_us;
    _Atomic uint64_t last_us;         /* that tags_now_us has given */
    struct slot slots[TAG_SLOTS + 1]; /* the last: everything */
};

struct tags *tags_create(void)
{
    struct tags *tags = xcalloc(1, sizeof(*tags));
    tags->start_us = clock_wall_ms() * 1000 - clock_us();
    return tags;
}

void tags_destroy(struct tags *tags)
{
    free(tags);
}

/* FNV-1a, folded to 16 bits: part of what the instances agree on, never to be changed. */
uint16_t tag_slot(struct span name)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < name.len; i++)
        hash = (hash ^ (unsigned char)name.at[i]) * UINT64_C(0x100000001b3);
    return (uint16_t)(hash ^ hash >> 16 ^ hash >> 32 ^ hash >> 48);
}

uint64_t tags_machine_us(const struct tags *tags)
{
    return tags->start_us + clock_us();
}

void tags_set_offset(struct tags *tags, int64_t offset_us)
{
    atomic_store_explicit(&tags->offset_us, offset_us, memory_order_relaxed);
}

/* Where the corrected clock stands still or falls back (an offset that shrank), moments still differ:
 * what begins after a stamp must be told from what began before it. */
uint64_t tags_now_us(struct tags *tags)
{
    int64_t offset_us = atomic_load_explicit(&tags->offset_us, memory_order_relaxed);
    uint64_t clock = tags_machine_us(tags) + (uint64_t)offset_us;
    uint64_t last = atomic_load_explicit(&tags->last_us, memory_order_relaxed);
    uint64_t now;
    do {
        now = clock > last ? clock : last + 1;
    } while (!atomic_compare_exchange_weak_explicit(&tags->last_us, &last, now,
                                                    memory_order_relaxed, memory_order_relaxed));
    return now;
}

static void raise_to(_Atomic uint64_t *time, uint64_t at_us)
{
    uint64_t known = atomic_load_explicit(time, memory_order_relaxed);
    while (known < at_us && !atomic_compare_exchange_weak_explicit(
                                time, &known, at_us, memory_order_relaxed, memory_order_relaxed))
        ;
}

static void stamp(struct slot *slot, uint64_t at_us, bool is_soft)
{
    raise_to(is_soft ? &slot->soft_us : &slot->hard_us, at_us);
}

void tags_stamp(struct tags *tags, const uint16_t *slots, size_t count, uint64_t at_us,
                bool is_soft)
{
    for (size_t i = 0; i < count; i++)
        stamp(&tags->slots[slots[i]], at_us, is_soft);
}

void tags_stamp_all(struct tags *tags, uint64_t at_us, bool is_soft)
{
    stamp(&tags->slots[TAG_SLOTS], at_us, is_soft);
}

static enum tag_state state_of(const struct slot *slot, uint64_t began_us)
{
    if (atomic_load_explicit(&slot->hard_us, memory_order_relaxed) >= began_us)
        return TAGS_WRITTEN;
    if (atomic_load_explicit(&slot->soft_us, memory_order_relaxed) >= began_us)
        return TAGS_SOFTLY_PURGED;
    return TAGS_OLDER;
}

enum tag_state tags_state(const struct tags *tags, const uint16_t *slots, size_t count,
                          uint64_t began_us)
{
    enum tag_state state = state_of(&tags->slots[TAG_SLOTS], began_us);
    for (size_t i = 0; i < count && state != TAGS_WRITTEN; i++) {
        enum tag_state of_slot = state_of(&tags->slots[slots[i]], began_us);
        if (of_slot > state)
            state = of_slot;
    }
    return state;
}

uint64_t tags_time(const struct tags *tags, unsigned slot, bool is_soft)
{
    ASSERT(slot <= TAG_SLOTS);
    const struct slot *at = &tags->slots[slot];
    return atomic_load_explicit(is_soft ? &at->soft_us : &at->hard_us, memory_order_relaxed);
}
