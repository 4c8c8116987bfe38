#include "auth/known_keys.h"

#include <stdlib.h>

struct known_keys {
    struct siphash_seed seed;
    size_t count;
    struct known_key {
        struct siphash_pair tag;
        size_t noted; /* 1 + the index of its hash; 0: nothing was noted */
    } keys[];
};

struct known_keys *known_keys_create(size_t count)
{
    struct known_keys *known = xcalloc(1, sizeof(*known) + count * sizeof(known->keys[0]));
    known->count = count;
    siphash_seed_init(&known->seed);
    return known;
}

void known_keys_destroy(struct known_keys *known)
{
    free(known);
}

struct siphash_pair known_keys_tag(const struct known_keys *known, struct span text)
{
    return siphash_pair(&known->seed, text);
}

bool known_keys_has(const struct known_keys *known, size_t place, const struct siphash_pair *tag,
                    size_t *hash_index)
{
    ASSERT(place < known->count);
    const struct known_key *key = &known->keys[place];
    uint64_t others = (key->tag.words[0] ^ tag->words[0]) | (key->tag.words[1] ^ tag->words[1]);
    *hash_index = key->noted - 1;
    return others == 0 && key->noted > 0;
}

void known_keys_note(struct known_keys *known, size_t place, const struct siphash_pair *tag,
                     size_t hash_index)
{
    ASSERT(place < known->count);
    known->keys[place] = (struct known_key){*tag, hash_index + 1};
}
