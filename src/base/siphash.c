#include "base/siphash.h"

#include "base/random.h"

enum { WORD = 8, END_ROUNDS = 3 };

struct state {
    uint64_t a, b, c, d;
};

void siphash_seed_init(struct siphash_seed *seed)
{
    random_bytes(seed->words, sizeof(seed->words));
}

static inline uint64_t rotate(uint64_t word, unsigned bits)
{
    return word << bits | word >> (64 - bits);
}

static inline void mix(struct state *s)
{
    s->a += s->b;
    s->b = rotate(s->b, 13) ^ s->a;
    s->a = rotate(s->a, 32);
    s->c += s->d;
    s->d = rotate(s->d, 16) ^ s->c;
    s->a += s->d;
    s->d = rotate(s->d, 21) ^ s->a;
    s->c += s->b;
    s->b = rotate(s->b, 17) ^ s->c;
    s->c = rotate(s->c, 32);
}

static inline void take(struct state *s, uint64_t word)
{
    s->d ^= word;
    mix(s);
    s->a ^= word;
}

/* Little-endian; compilers make one load of it. */
static inline uint64_t word_at(const char *at)
{
    const unsigned char *bytes = (const unsigned char *)at;
    return (uint64_t)bytes[0] | (uint64_t)bytes[1] << 8 | (uint64_t)bytes[2] << 16 |
           (uint64_t)bytes[3] << 24 | (uint64_t)bytes[4] << 32 | (uint64_t)bytes[5] << 40 |
           (uint64_t)bytes[6] << 48 | (uint64_t)bytes[7] << 56;
}

uint64_t siphash(const struct siphash_seed *seed, struct span bytes)
{
    struct state s = {seed->words[0] ^ UINT64_C(0x736f6d6570736575),
                      seed->words[1] ^ UINT64_C(0x646f72616e646f6d),
                      seed->words[0] ^ UINT64_C(0x6c7967656e657261),
                      seed->words[1] ^ UINT64_C(0x7465646279746573)};
    size_t whole = bytes.len - bytes.len % WORD;
    for (size_t i = 0; i < whole; i += WORD)
        take(&s, word_at(bytes.at + i));
    uint64_t last = (uint64_t)bytes.len << 56;
    for (size_t i = whole; i < bytes.len; i++)
        last |= (uint64_t)(unsigned char)bytes.at[i] << (i % WORD * 8);
    take(&s, last);
    s.c ^= 0xff;
    for (int i = 0; i < END_ROUNDS; i++)
        mix(&s);
    return s.a ^ s.b ^ s.c ^ s.d;
}
