/* gateway_key.h - the keys that callers carry: bpg_<id>_<secret>_<check>.
 *
 * id: 10, secret: 43 characters of base62; check: CRC-32 of everything before its underscore, in
 * base62, six characters, so that a typing error is told without a look-up and secret scanners can
 * match. Stored is only the SHA-256 of the secret's characters. Pure.
 */
#ifndef AUTH_GATEWAY_KEY_H
#define AUTH_GATEWAY_KEY_H

#include "base/base.h"

enum {
    KEY_ID_LEN = 10,
    KEY_SECRET_LEN = 43,
    KEY_CHECK_LEN = 6,
    KEY_LEN = 4 + KEY_ID_LEN + 1 + KEY_SECRET_LEN + 1 + KEY_CHECK_LEN,
    KEY_HASH_SIZE = 32,
};

struct gateway_key {
    struct span id, secret; /* borrowed from the text */
};

enum key_form { KEY_FORM_GOOD, KEY_FORM_NOT_OURS /* no bpg_ prefix */, KEY_FORM_TYPO };

enum key_form gateway_key_parse(struct span text, struct gateway_key *key);

/* Where a text of KEY_LEN has its id, if it is a key. */
struct span key_id_of(struct span text);

/* A new key from the kernel's randomness, terminated. */
void gateway_key_make(char text[KEY_LEN + 1]);

/* The same with an id that there is already: a further secret of its key. id: KEY_ID_LEN of base62. */
void gateway_key_make_again(struct span id, char text[KEY_LEN + 1]);

/* SHA-256 of the secret. */
void gateway_key_hash(struct span secret, unsigned char hash[KEY_HASH_SIZE]);

#endif
