#include "upstream/idle_life.h"

enum {
    SLOT_MS = 300000,
    LEAST_LIFE_MS = 100, /* a server that closes at once would otherwise forbid all reuse */
    LEAST_REST_MS = 1000,
    LEAST_MARGIN_MS = 500, /* a request on its way while the server makes up its mind */
    MARGIN_SHARE = 10,
};

void idle_life_init(struct idle_life *life, uint64_t first_ms)
{
    *life = (struct idle_life){.first_ms = first_ms};
}

static void lower(uint64_t *shortest_ms, uint64_t ms)
{
    if (*shortest_ms == 0 || ms < *shortest_ms)
        *shortest_ms = ms;
}

static struct idle_life_slot *slot_of(struct idle_life *life, uint64_t now_ms)
{
    uint64_t number = now_ms / SLOT_MS;
    struct idle_life_slot *slot = &life->slots[number % IDLE_LIFE_SLOTS];
    if (slot->number != number)
        *slot = (struct idle_life_slot){.number = number};
    return slot;
}

void idle_life_note(struct idle_life *life, uint64_t rested_ms, uint64_t now_ms)
{
    struct idle_life_slot *slot = slot_of(life, now_ms);
    lower(&slot->shortest_ms, rested_ms < LEAST_LIFE_MS ? LEAST_LIFE_MS : rested_ms);
    if (rested_ms >= LEAST_REST_MS)
        lower(&slot->rest_ms, rested_ms);
}

void idle_life_note_kept(struct idle_life *life, uint64_t rested_ms, uint64_t now_ms)
{
    if (rested_ms <= life->first_ms)
        return;
    struct idle_life_slot *slot = slot_of(life, now_ms);
    if (rested_ms > slot->kept_ms)
        slot->kept_ms = rested_ms;
}

static bool is_remembered(const struct idle_life_slot *slot, uint64_t now_ms)
{
    return slot->number + IDLE_LIFE_SLOTS > now_ms / SLOT_MS;
}

uint64_t idle_life_shortest_ms(const struct idle_life *life, uint64_t now_ms)
{
    uint64_t shortest_ms = 0, kept_ms = life->first_ms;
    for (size_t i = 0; i < IDLE_LIFE_SLOTS; i++) {
        const struct idle_life_slot *slot = &life->slots[i];
        if (!is_remembered(slot, now_ms))
            continue;
        if (slot->shortest_ms > 0)
            lower(&shortest_ms, slot->shortest_ms);
        if (slot->kept_ms > kept_ms)
            kept_ms = slot->kept_ms;
    }
    return shortest_ms > 0 ? shortest_ms : kept_ms;
}

uint64_t idle_life_limit_ms(const struct idle_life *life, uint64_t most_ms, uint64_t now_ms)
{
    uint64_t limit_ms = most_ms;
    for (size_t i = 0; i < IDLE_LIFE_SLOTS; i++) {
        const struct idle_life_slot *slot = &life->slots[i];
        if (slot->rest_ms == 0 || !is_remembered(slot, now_ms))
            continue;
        uint64_t margin_ms = slot->rest_ms / MARGIN_SHARE;
        if (margin_ms < LEAST_MARGIN_MS)
            margin_ms = LEAST_MARGIN_MS;
        lower(&limit_ms, slot->rest_ms - margin_ms);
    }
    return limit_ms;
}
