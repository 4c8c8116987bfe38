#include "auth/known_keys.h"

void known_keys_init(struct known_keys *known)
{
    *known = (struct known_keys){0};
    for (size_t i = 0; i < COUNT_OF(known->seeds); i++)
        siphash_seed_init(&known->seeds[i]);
}

static void make_tag(const struct known_keys *known, struct span text, uint64_t tag[2])
{
    for (size_t i = 0; i < COUNT_OF(known->seeds); i++)
        tag[i] = siphash(&known->seeds[i], text);
}

const struct known_key *known_keys_find(const struct known_keys *known, struct span text)
{
    uint64_t tag[2];
    make_tag(known, text, tag);
    const struct known_key *slot = &known->slots[tag[0] % KNOWN_KEYS];
    bool is_it = ((slot->tag[0] ^ tag[0]) | (slot->tag[1] ^ tag[1])) == 0;
    return is_it && slot->record ? slot : NULL;
}

void known_keys_note(struct known_keys *known, struct span text, const struct key_record *record,
                     size_t hash_index)
{
    struct known_key entry = {.record = record, .hash_index = hash_index};
    make_tag(known, text, entry.tag);
    known->slots[entry.tag[0] % KNOWN_KEYS] = entry;
}
