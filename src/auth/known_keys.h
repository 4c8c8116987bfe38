/* known_keys.h - keys that were shown before and found good, so that their hash is not made anew.
 *
 * Kept of a key is a tag of its text, never the text: two SipHashes with seeds that nobody sees, 128 bits in
 * all. Nobody is told a tag, so a wrong key passes only by guessing one. A key that was changed or removed
 * is forgotten with its ring: one memory for each ring and worker. Whether it may be used still is judged
 * anew each time. Bounded: of two keys in one place the later stays. One thread.
 */
#ifndef AUTH_KNOWN_KEYS_H
#define AUTH_KNOWN_KEYS_H

#include "base/siphash.h"

struct key_record;

enum { KNOWN_KEYS = 256 };

struct known_keys {
    struct siphash_seed seeds[2];
    struct known_key {
        uint64_t tag[2];
        const struct key_record *record; /* borrowed; NULL: empty */
        size_t hash_index;
    } slots[KNOWN_KEYS];
};

void known_keys_init(struct known_keys *known);

/* NULL: not seen, or forgotten. */
const struct known_key *known_keys_find(const struct known_keys *known, struct span text);

void known_keys_note(struct known_keys *known, struct span text, const struct key_record *record,
                     size_t hash_index);

#endif
