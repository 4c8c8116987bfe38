/* random.h - randomness for ids, jitter and keys. Any thread. */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include "base/base.h"

/* From the kernel, fit for secrets. Ends the process if the kernel has none. */
void random_bytes(void *at, size_t len);

/* Fast, unpredictable enough for ids and jitter, not for secrets: a generator of the thread's own,
 * seeded from the kernel once. */
uint64_t random_u64(void);

/* A number in [0, bound). bound > 0. */
uint64_t random_below(uint64_t bound);

#endif
