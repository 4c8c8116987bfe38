/* siphash.h - a keyed hash for tables whose keys strangers choose: SipHash-1-3 (Aumasson, Bernstein).
 *
 * With a secret seed nobody can choose keys that fall into one bucket. For tables, not for
 * signatures: equal hashes do not make keys equal. Pure.
 */
#ifndef BASE_SIPHASH_H
#define BASE_SIPHASH_H

#include "base/base.h"

struct siphash_seed {
    uint64_t words[2];
};

/* A new seed from the kernel. */
void siphash_seed_init(struct siphash_seed *seed);

uint64_t siphash(const struct siphash_seed *seed, struct span bytes);

/* 128 bits, for tables that keep the hash in place of the text (SipHash-128). */
struct siphash_pair {
    uint64_t words[2];
};
struct siphash_pair siphash_pair(const struct siphash_seed *seed, struct span bytes);

#endif
