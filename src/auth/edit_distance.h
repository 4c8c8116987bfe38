/* edit_distance.h - how far apart two words are, for "did you mean". Pure. */
#ifndef AUTH_EDIT_DISTANCE_H
#define AUTH_EDIT_DISTANCE_H

#include "base/base.h"

/* Longer words are taken to be far from everything. */
enum { EDIT_MAX_LEN = 64 };

/* Insertions, deletions and replacements that turn a into b; case does not count. bound + 1 when
 * there are more than bound. */
size_t edit_distance(struct span a, struct span b, size_t bound);

#endif
