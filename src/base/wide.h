/* wide.h - sixteen bytes of a text at once, for questions that nearly all bytes answer alike: words.h for longer
 * texts. In one register where the machine has such long ones (SSE2, NEON). Comparing two gives bytes of all ones
 * where it is so. Pure.
 */
#ifndef BASE_WIDE_H
#define BASE_WIDE_H

#include <string.h>

#include "base/base.h"

typedef unsigned char wide __attribute__((vector_size(16)));

static inline wide wide_at(const char *at)
{
    wide bytes;
    memcpy(&bytes, at, sizeof(bytes));
    return bytes;
}

/* Whether any bit is set. */
static inline bool wide_has_any(wide found)
{
    uint64_t halves[2];
    memcpy(halves, &found, sizeof(halves));
    return (halves[0] | halves[1]) != 0;
}

#endif
