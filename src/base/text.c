#include "base/text.h"

#include <endian.h>

#include "base/wide.h"
#include "base/words.h"

bool span_equal_nocase(struct span a, struct span b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; a.len - i >= WORD_BYTES; i += WORD_BYTES) {
        if (!words_equal_nocase(word_at(a.at + i), word_at(b.at + i)))
            return false;
    }
    return words_equal_nocase(last_word_of(a), last_word_of(b));
}

bool span_starts_with(struct span text, struct span prefix)
{
    return text.len >= prefix.len && span_equal((struct span){text.at, prefix.len}, prefix);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

struct span span_trim(struct span text)
{
    while (text.len > 0 && is_blank(text.at[0]))
        text = span_skip(text, 1);
    while (text.len > 0 && is_blank(text.at[text.len - 1]))
        text.len--;
    return text;
}

struct span span_cut(struct span *rest, char separator)
{
    const char *found = rest->len > 0 ? memchr(rest->at, separator, rest->len) : NULL;
    struct span first = *rest;
    if (!found) {
        *rest = span_skip(*rest, rest->len);
        return first;
    }
    first.len = (size_t)(found - rest->at);
    *rest = span_skip(*rest, first.len + 1);
    return first;
}

bool span_next_element(struct span *rest, struct span *element)
{
    while (rest->len > 0) {
        *element = span_trim(span_cut(rest, ','));
        if (element->len > 0)
            return true;
    }
    return false;
}

bool span_to_u64(struct span text, uint64_t *value)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];
        if (c < '0' || c > '9')
            return false;
        uint64_t digit = (uint64_t)(c - '0');
        if (sum > (UINT64_MAX - digit) / 10)
            return false;
        sum = sum * 10 + digit;
    }
    if (text.len > 0)
        *value = sum;
    return text.len > 0;
}

/* The digits of 0 to 99. */
#define TEN(d) #d "0" #d "1" #d "2" #d "3" #d "4" #d "5" #d "6" #d "7" #d "8" #d "9"
static const char pairs[] = TEN(0) TEN(1) TEN(2) TEN(3) TEN(4) TEN(5) TEN(6) TEN(7) TEN(8) TEN(9);

struct span u64_digits(uint64_t number, char room[U64_DIGITS])
{
    size_t start = U64_DIGITS;
    for (; number >= 100; number /= 100) {
        start -= 2;
        memcpy(room + start, pairs + number % 100 * 2, 2);
    }
    if (number >= 10) {
        start -= 2;
        memcpy(room + start, pairs + number * 2, 2);
    } else {
        room[--start] = (char)('0' + number);
    }
    return (struct span){room + start, U64_DIGITS - start};
}

/* All at once: the upper and the lower half of each byte, side by side. */
char *put_hex(char *at, uint64_t number)
{
    const uint64_t halves = UINT64_MAX / 255 * 15, bytes = htobe64(number);
    const uint64_t upper[2] = {bytes >> 4 & halves}, lower[2] = {bytes & halves};
    wide u = wide_at((const char *)upper), l = wide_at((const char *)lower);
    wide digits =
        __builtin_shufflevector(u, l, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    digits += '0' + ((wide)(digits > 9) & ('a' - '0' - 10));
    memcpy(at, &digits, sizeof(digits));
    return at + U64_HEX_DIGITS;
}

int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = ascii_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int escaped_byte(struct span text)
{
    if (text.len < ESCAPE_LEN || text.at[0] != '%')
        return -1;
    int high = hex_digit(text.at[1]), low = hex_digit(text.at[2]);
    return high < 0 || low < 0 ? -1 : high << 4 | low;
}

/* Greedy with one fallback: only the last star passed ever needs to grow. Linear in practice,
 * len × len at worst, and both are short names. */
bool span_matches(struct span text, struct span pattern)
{
    size_t t = 0, p = 0, after_star = SIZE_MAX, star_took = 0;
    while (t < text.len) {
        if (p < pattern.len && pattern.at[p] == '*') {
            after_star = ++p;
            star_took = t;
        } else if (p < pattern.len && pattern.at[p] == text.at[t]) {
            p++;
            t++;
        } else if (after_star != SIZE_MAX) {
            p = after_star;
            t = ++star_took;
        } else {
            return false;
        }
    }
    while (p < pattern.len && pattern.at[p] == '*')
        p++;
    return p == pattern.len;
}
