#include "http/byte_class.h"

#include "base/wide.h"
#include "base/words.h"

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

/* A tab too: it is rare. */
static uint64_t marks_of_controls(uint64_t word)
{
    uint64_t above_delete = (word & ~WORD_TOPS) + WORD_ONES; /* carried into the top bit: 0x7f */
    return ((word - WORD_ONES * ' ') | above_delete) & ~word & WORD_TOPS;
}

size_t bytes_of_field(struct span text)
{
    size_t len = bytes_before_mark(text, marks_of_controls);
    while (len < text.len && text.at[len] == '\t') {
        len++;
        len += bytes_before_mark((struct span){text.at + len, text.len - len}, marks_of_controls);
    }
    return len;
}

/* Returns which of them may not be in a field, or are tabs: those have a bit set. */
static inline wide copy_wide(char *to, const char *from)
{
    wide bytes = wide_at(from);
    memcpy(to, &bytes, sizeof(bytes));
    return (wide)((bytes < ' ') | (bytes == 0x7f));
}

bool copy_field(char *to, struct span value)
{
    size_t step = sizeof(wide), at = 0;
    if (value.len < step)
        return !copy_words(to, value, marks_of_controls) || bytes_of_field(value) == value.len;
    wide found = copy_wide(to + value.len - step, value.at + value.len - step);
    for (; value.len - at > step; at += step)
        found |= copy_wide(to + at, value.at + at);
    return !wide_has_any(found) || bytes_of_field(value) == value.len;
}

bool is_token(struct span text)
{
    return text.len > 0 && bytes_of_class(text, BYTE_TOKEN) == text.len;
}
