/* words.h - eight bytes of a text at once, in one register: for questions that nearly all bytes answer alike.
 *
 * A word holds its bytes in their order from the lowest on, whatever the machine. What a question finds it
 * marks with the top bit of the byte; of the marks of one question only the lowest is sure to be right,
 * as a byte that is found borrows from those above it. Pure.
 */
#ifndef BASE_WORDS_H
#define BASE_WORDS_H

#include <endian.h>
#include <string.h>

#include "base/base.h"

enum { WORD_BYTES = 8 };

#define WORD_ONES (UINT64_MAX / 255)
#define WORD_TOPS (WORD_ONES * 0x80)

static inline uint64_t word_at(const char *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof(word));
    return le64toh(word);
}

static inline uint64_t half_word_at(const char *at)
{
    uint32_t half;
    memcpy(&half, at, sizeof(half));
    return le32toh(half);
}

/* Fewer than eight bytes, zeros above them; none is read that is not there. */
static inline uint64_t short_word_at(const char *at, size_t len)
{
    if (len >= sizeof(uint32_t))
        return half_word_at(at) | half_word_at(at + len - 4) << (len - 4) * 8;
    if (len == 0)
        return 0;
    uint64_t first = (unsigned char)at[0], middle = (unsigned char)at[len / 2];
    uint64_t last = (unsigned char)at[len - 1];
    return first | middle << len / 2 * 8 | last << (len - 1) * 8;
}

/* The bytes behind the whole words of a text, zeros above them. */
static inline uint64_t last_word_of(struct span text)
{
    size_t rest = text.len % WORD_BYTES;
    if (text.len < WORD_BYTES)
        return short_word_at(text.at, text.len);
    return rest > 0 ? word_at(text.at + text.len - WORD_BYTES) >> (WORD_BYTES - rest) * 8 : 0;
}

/* How many bytes from the front of text come before the first that is marked. */
__attribute__((always_inline)) static inline size_t bytes_before_mark(struct span text,
                                                                      uint64_t (*marks)(uint64_t))
{
    size_t len = 0;
    for (; text.len - len >= WORD_BYTES; len += WORD_BYTES) {
        uint64_t found = marks(word_at(text.at + len));
        if (found)
            return len + (size_t)__builtin_ctzll(found) / 8;
    }
    uint64_t end = UINT64_C(0x80) << text.len % WORD_BYTES * 8; /* the text's own */
    return len + (size_t)__builtin_ctzll(marks(last_word_of(text)) | end) / 8;
}

/* Copies a text by whole words, the bytes behind it up to the end of a word with it: there must be room for
 * WORD_BYTES more. Returns whether any byte was marked. */
__attribute__((always_inline)) static inline bool copy_words(char *to, struct span from,
                                                             uint64_t (*marks)(uint64_t))
{
    uint64_t word, stored, found = 0;
    size_t at = 0;
    for (; from.len - at >= WORD_BYTES; at += WORD_BYTES) {
        word = word_at(from.at + at);
        found |= marks(word);
        stored = htole64(word);
        memcpy(to + at, &stored, sizeof(stored));
    }
    word = last_word_of(from) | WORD_ONES * ' ' << from.len % WORD_BYTES * 8;
    found |= marks(word);
    stored = htole64(word);
    memcpy(to + at, &stored, sizeof(stored));
    return found != 0;
}

/* All letters of ASCII, upper or lower case: exact, each of them. */
static inline uint64_t marks_of_letters(uint64_t word)
{
    uint64_t lower = (word | WORD_ONES * 0x20) & ~WORD_TOPS;
    uint64_t from_a = lower + WORD_ONES * (0x80 - 'a'), above_z = lower + WORD_ONES * (0x7f - 'z');
    return from_a & ~above_z & ~word & WORD_TOPS;
}

/* Whether two words differ in nothing but the case of letters. */
static inline bool words_equal_nocase(uint64_t a, uint64_t b)
{
    uint64_t other = a ^ b;
    return (other & ~(marks_of_letters(a) >> 2)) == 0;
}

#endif
