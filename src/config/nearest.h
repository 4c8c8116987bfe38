/* nearest.h - the known word that was probably meant, for "did you mean". Pure. */
#ifndef CONFIG_NEAREST_H
#define CONFIG_NEAREST_H

#include "base/base.h"

struct nearest {
    struct span typed, best; /* borrowed; best.len 0: nothing is near enough so far */
    size_t bound;            /* a candidate must be nearer than this */
};

struct nearest nearest_to(struct span typed);
void nearest_consider(struct nearest *nearest, struct span candidate);

#endif
