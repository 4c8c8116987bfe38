#include "http/byte_class.h"

#include <string.h>

#define IS_DIGIT(c)   ((c) >= '0' && (c) <= '9')
#define IS_ALPHA(c)   (((c) | 0x20) >= 'a' && ((c) | 0x20) <= 'z')
#define IS_ALNUM(c)   (IS_DIGIT(c) || IS_ALPHA(c))
#define IS_VISIBLE(c) ((c) > ' ' && (c) < 0x7f)
#define IS_ONE_OF_5(c, a, b, d, e, f)                                                              \
    ((c) == (a) || (c) == (b) || (c) == (d) || (c) == (e) || (c) == (f))
#define IS_TOKEN(c)                                                                                \
    (IS_ALNUM(c) || IS_ONE_OF_5(c, '!', '#', '$', '%', '&') ||                                     \
     IS_ONE_OF_5(c, '\'', '*', '+', '-', '.') || IS_ONE_OF_5(c, '^', '_', '`', '|', '~'))
#define IS_FIELD(c) ((c) == '\t' || (c) == ' ' || IS_VISIBLE(c) || (c) >= 0x80)
#define IS_SUB_DELIM(c)                                                                            \
    (IS_ONE_OF_5(c, '!', '$', '&', '\'', '(') || IS_ONE_OF_5(c, ')', '*', '+', ',', ';') ||        \
     (c) == '=')
#define IS_UNRESERVED(c) (IS_ALNUM(c) || (c) == '-' || (c) == '.' || (c) == '_' || (c) == '~')
/* RFC 3986 §3.3 and the brackets, which clients send as they are. */
#define IS_PATH(c)                                                                                 \
    (IS_UNRESERVED(c) || IS_SUB_DELIM(c) || IS_ONE_OF_5(c, ':', '@', '/', '%', '[') || (c) == ']')

#define CLASS(c)                                                                                   \
    ((IS_TOKEN(c) ? BYTE_TOKEN : 0) | (IS_FIELD(c) ? BYTE_FIELD : 0) |                             \
     (IS_VISIBLE(c) ? BYTE_VISIBLE : 0) | (IS_PATH(c) ? BYTE_PATH : 0) |                           \
     (IS_UNRESERVED(c) ? BYTE_UNRESERVED : 0))
#define CLASSES_4(c)  CLASS(c), CLASS((c) + 1), CLASS((c) + 2), CLASS((c) + 3)
#define CLASSES_16(c) CLASSES_4(c), CLASSES_4((c) + 4), CLASSES_4((c) + 8), CLASSES_4((c) + 12)
#define CLASSES_64(c)                                                                              \
    CLASSES_16(c), CLASSES_16((c) + 16), CLASSES_16((c) + 32), CLASSES_16((c) + 48)

const uint8_t byte_classes[256] = {CLASSES_64(0), CLASSES_64(64), CLASSES_64(128), CLASSES_64(192)};

size_t bytes_of_class(struct span text, enum byte_class class)
{
    size_t len = 0;
    while (len < text.len && byte_is(text.at[len], class))
        len++;
    return len;
}

/* Among eight. The two well-known tricks: a byte below n borrows into its top bit, a byte of zero
 * below one. */
static bool has_control_byte(const char *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof(word));
    const uint64_t ones = UINT64_MAX / 255, tops = ones * 0x80;
    uint64_t not_delete = word ^ (ones * 0x7f);
    uint64_t below_space = (word - ones * ' ') & ~word;
    uint64_t is_delete = (not_delete - ones) & ~not_delete;
    return ((below_space | is_delete) & tops) != 0;
}

size_t bytes_of_field(struct span text)
{
    size_t len = 0;
    while (text.len - len >= sizeof(uint64_t) && !has_control_byte(text.at + len))
        len += sizeof(uint64_t);
    /* The last eight bytes: some of them once more. */
    if (text.len - len < sizeof(uint64_t) && len > 0 &&
        !has_control_byte(text.at + text.len - sizeof(uint64_t)))
        return text.len;
    while (len < text.len && byte_is(text.at[len], BYTE_FIELD))
        len++;
    return len;
}

bool is_token(struct span text)
{
    return text.len > 0 && bytes_of_class(text, BYTE_TOKEN) == text.len;
}
