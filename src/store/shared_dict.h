/* shared_dict.h - small values by name that all workers share, for a while: what filters keep in gw.dict.
 *
 * Any thread; the lock of a shard is held for one look-up and one copy. Bounded by bytes: where there is no
 * room, what was written longest ago makes some. Time is an argument.
 * Ownership: main creates it, and it outlives the workers.
 */
#ifndef STORE_SHARED_DICT_H
#define STORE_SHARED_DICT_H

#include "base/base.h"

enum { DICT_KEY_MAX = 256, DICT_TEXT_MAX = 8 * KIB };

enum dict_kind { DICT_TEXT, DICT_INTEGER, DICT_NUMBER, DICT_BOOLEAN };

struct dict_value {
    enum dict_kind kind;
    struct span text;
    int64_t integer;
    double number;
    bool boolean;
};

struct shared_dict;

/* bytes: of all names, values and what keeps them. */
struct shared_dict *shared_dict_create(size_t bytes);
void shared_dict_destroy(struct shared_dict *dict); /* NULL is allowed */

/* False when there is none. A text is copied into room. */
bool shared_dict_get(struct shared_dict *dict, struct span key, uint64_t now_ms,
                     char room[DICT_TEXT_MAX], struct dict_value *value);

/* life_ms 0: until it makes room. key and text must be within their bounds. */
void shared_dict_set(struct shared_dict *dict, struct span key, const struct dict_value *value,
                     uint64_t life_ms, uint64_t now_ms);

/* The same where there is none yet; false when there is. */
bool shared_dict_add(struct shared_dict *dict, struct span key, const struct dict_value *value,
                     uint64_t life_ms, uint64_t now_ms);

/* Adds to an integer; where there is none it begins at 0, with this life. False when what is there is no
 * integer, or the sum none. */
bool shared_dict_count(struct shared_dict *dict, struct span key, int64_t by, uint64_t life_ms,
                       uint64_t now_ms, int64_t *sum) MUST_CHECK;

void shared_dict_delete(struct shared_dict *dict, struct span key);

/* As much is taken now, of all shards. */
size_t shared_dict_bytes(struct shared_dict *dict);

#endif
