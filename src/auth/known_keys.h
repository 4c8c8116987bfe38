/* known_keys.h - keys that were shown before and found good, so that their hash is not made anew.
 *
 * Kept of a key is a tag of its text, never the text: a SipHash of 128 bits with a seed that nobody sees.
 * Nobody is told a tag, so a wrong key passes only by guessing one. A place for each key of a ring, with
 * which it is forgotten. Whether a key may be used still is judged anew each time. One thread.
 */
#ifndef AUTH_KNOWN_KEYS_H
#define AUTH_KNOWN_KEYS_H

#include "base/siphash.h"

struct known_keys;

struct known_keys *known_keys_create(size_t count);
void known_keys_destroy(struct known_keys *known); /* NULL is allowed */

/* As long for every text of a length. */
struct siphash_pair known_keys_tag(const struct known_keys *known, struct span text);

/* Whether a text with this tag was noted last for the key at this place; *hash_index: as it was noted. */
bool known_keys_has(const struct known_keys *known, size_t place, const struct siphash_pair *tag,
                    size_t *hash_index);

void known_keys_note(struct known_keys *known, size_t place, const struct siphash_pair *tag,
                     size_t hash_index);

#endif
