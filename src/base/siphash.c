#include "base/siphash.h"

#include "base/random.h"
#include "base/words.h"

enum { END_ROUNDS = 3 };

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

static inline uint64_t finish(struct state *s)
{
    for (int i = 0; i < END_ROUNDS; i++)
        mix(s);
    return s->a ^ s->b ^ s->c ^ s->d;
}

static inline struct state absorb(const struct siphash_seed *seed, uint64_t variant,
                                  struct span bytes)
{
    struct state s = {seed->words[0] ^ UINT64_C(0x736f6d6570736575),
                      seed->words[1] ^ UINT64_C(0x646f72616e646f6d) ^ variant,
                      seed->words[0] ^ UINT64_C(0x6c7967656e657261),
                      seed->words[1] ^ UINT64_C(0x7465646279746573)};
    for (size_t i = 0; bytes.len - i >= WORD_BYTES; i += WORD_BYTES)
        take(&s, word_at(bytes.at + i));
    take(&s, (uint64_t)bytes.len << 56 | last_word_of(bytes));
    return s;
}

uint64_t siphash(const struct siphash_seed *seed, struct span bytes)
{
    struct state s = absorb(seed, 0, bytes);
    s.c ^= 0xff;
    return finish(&s);
}

struct siphash_pair siphash_pair(const struct siphash_seed *seed, struct span bytes)
{
    struct state s = absorb(seed, 0xee, bytes);
    s.c ^= 0xee;
    uint64_t first = finish(&s);
    s.b ^= 0xdd;
    return (struct siphash_pair){{first, finish(&s)}};
}
