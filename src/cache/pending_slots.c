#include "cache/pending_slots.h"

enum { WORD_BITS = 64 };

void pending_slots_init(struct pending_slots *pending)
{
    for (size_t i = 0; i < PENDING_WORDS; i++) {
        atomic_init(&pending->hard[i], 0);
        atomic_init(&pending->soft[i], 0);
    }
}

void pending_slots_add(struct pending_slots *pending, struct pending_slot slot)
{
    ASSERT(slot.slot <= TAG_SLOTS);
    _Atomic uint64_t *words = slot.is_soft ? pending->soft : pending->hard;
    (void)atomic_fetch_or_explicit(&words[slot.slot / WORD_BITS],
                                   UINT64_C(1) << slot.slot % WORD_BITS, memory_order_relaxed);
}

static size_t take_kind(_Atomic uint64_t words[PENDING_WORDS], bool is_soft,
                        struct pending_slot *slots, size_t cap)
{
    size_t count = 0;
    for (uint32_t word = 0; word < PENDING_WORDS && count < cap; word++) {
        uint64_t bits = atomic_load_explicit(&words[word], memory_order_relaxed);
        uint64_t taken = 0;
        for (; bits != 0 && count < cap; bits &= bits - 1) {
            unsigned bit = (unsigned)__builtin_ctzll(bits);
            taken |= UINT64_C(1) << bit;
            slots[count++] = (struct pending_slot){word * WORD_BITS + bit, is_soft};
        }
        if (taken != 0)
            (void)atomic_fetch_and_explicit(&words[word], ~taken, memory_order_relaxed);
    }
    return count;
}

size_t pending_slots_take(struct pending_slots *pending, struct pending_slot *slots, size_t cap)
{
    size_t count = take_kind(pending->hard, false, slots, cap);
    return count + take_kind(pending->soft, true, slots + count, cap - count);
}
