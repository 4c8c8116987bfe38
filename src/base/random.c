#include "base/random.h"

#include <errno.h>
#include <sys/random.h>

void random_bytes(void *at, size_t len)
{
    char *next = at;
    while (len > 0) {
        ssize_t got = getrandom(next, len, 0);
        if (got < 0 && errno == EINTR)
            continue;
        ASSERT(got > 0);
        next += got;
        len -= (size_t)got;
    }
}

static uint64_t rotate(uint64_t word, unsigned bits)
{
    return word << bits | word >> (64 - bits);
}

/* xoshiro256** by Blackman and Vigna. */
uint64_t random_u64(void)
{
    static _Thread_local uint64_t state[4];
    static _Thread_local bool is_seeded;
    if (!is_seeded) {
        random_bytes(state, sizeof(state));
        is_seeded = true;
    }
    uint64_t result = rotate(state[1] * 5, 7) * 9;
    uint64_t shifted = state[1] << 17;
    state[2] ^= state[0];
    state[3] ^= state[1];
    state[1] ^= state[2];
    state[0] ^= state[3];
    state[2] ^= shifted;
    state[3] = rotate(state[3], 45);
    return result;
}

uint64_t random_below(uint64_t bound)
{
    ASSERT(bound > 0);
    /* 2^64 mod bound: numbers below it would make the small remainders likelier. */
    uint64_t surplus = (0 - bound) % bound;
    uint64_t number = random_u64();
    while (number < surplus)
        number = random_u64();
    return number % bound;
}
