/* text.h - questions about spans and conversions without surprises. Pure; locale-free. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <string.h>

#include "base/base.h"

static inline struct span span_of(const char *text)
{
    return (struct span){text, text ? strlen(text) : 0};
}

static inline bool span_equal(struct span a, struct span b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

static inline char ascii_lower(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

/* ASCII only, as header names and schemes compare (RFC 9110 §5.1). */
bool span_equal_nocase(struct span a, struct span b);

bool span_starts_with(struct span text, struct span prefix);

/* Without spaces and tabs at both ends (RFC 9110 §5.6.3, OWS). */
struct span span_trim(struct span text);

static inline struct span span_skip(struct span text, size_t count)
{
    if (text.len == 0) /* perhaps of no memory: NULL + 0 is undefined (C11 §6.5.6) */
        return text;
    return (struct span){text.at + count, text.len - count};
}

/* Cuts the text before the first separator off *rest and returns it; *rest keeps what follows the
 * separator. Without one, all of it. */
struct span span_cut(struct span *rest, char separator);

/* The next element of a comma-separated list (RFC 9110 §5.6.1), trimmed, empty ones skipped; false
 * at the end. Does not know quoted strings. */
bool span_next_element(struct span *rest, struct span *element);

/* Decimal digits only, no sign, no space; false when anything else or too large. */
bool span_to_u64(struct span text, uint64_t *value);

/* The number in decimal digits, at the end of room. */
enum { U64_DIGITS = 20 };
struct span u64_digits(uint64_t number, char room[U64_DIGITS]);

/* Copies the bytes, for which there is room. Returns where they end. */
static inline char *put_span(char *at, struct span bytes)
{
    if (bytes.len > 0)
        memcpy(at, bytes.at, bytes.len);
    return at + bytes.len;
}

/* Always 16 digits in lower case. Returns where they end. */
enum { U64_HEX_DIGITS = 16 };
char *put_hex(char *at, uint64_t number);

/* 0 to 15, or -1. */
int hex_digit(char c);

/* The byte that a percent-escape at the beginning of text stands for ("%2F": '/', RFC 3986 §2.1); -1 when it
 * begins with none. */
enum { ESCAPE_LEN = 3 };
int escaped_byte(struct span text);

/* Whether pattern, in which '*' stands for any run of characters, covers all of text. */
bool span_matches(struct span text, struct span pattern);

#endif
