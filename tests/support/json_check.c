#include "support/json_check.h"

#include <string.h>

enum { MAX_DEPTH = 64 };

struct reader {
    const unsigned char *at, *end;
    unsigned depth;
};

static bool read_value(struct reader *reader);

static void skip_space(struct reader *reader)
{
    while (reader->at < reader->end && *reader->at && strchr(" \t\r\n", *reader->at))
        reader->at++;
}

static bool take(struct reader *reader, char c)
{
    if (reader->at == reader->end || *reader->at != (unsigned char)c)
        return false;
    reader->at++;
    return true;
}

static bool take_word(struct reader *reader, struct span word)
{
    if ((size_t)(reader->end - reader->at) < word.len || memcmp(reader->at, word.at, word.len) != 0)
        return false;
    reader->at += word.len;
    return true;
}

static bool take_hex(struct reader *reader, unsigned count)
{
    static const char digits[] = "0123456789abcdefABCDEF";
    for (; count > 0; count--) {
        if (reader->at == reader->end || !*reader->at || !strchr(digits, *reader->at))
            return false;
        reader->at++;
    }
    return true;
}

static size_t sequence_length(unsigned char first)
{
    if (first < 0x80)
        return 1;
    if (first < 0xc0 || first >= 0xf8)
        return 0;
    return first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

/* Decodes, rather than comparing with tables, so as not to repeat what the writer does. */
static bool take_character(struct reader *reader)
{
    static const uint32_t smallest[] = {[1] = 0, [2] = 0x80, [3] = 0x800, [4] = 0x10000};
    size_t len = sequence_length(*reader->at);
    if (len == 0 || (size_t)(reader->end - reader->at) < len)
        return false;
    uint32_t code = len == 1 ? *reader->at : *reader->at & (0x7fU >> len);
    for (size_t i = 1; i < len; i++) {
        if ((reader->at[i] & 0xc0) != 0x80)
            return false;
        code = code << 6 | (reader->at[i] & 0x3f);
    }
    reader->at += len;
    return code >= smallest[len] && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
}

static bool take_escape(struct reader *reader)
{
    if (take(reader, 'u'))
        return take_hex(reader, 4);
    return reader->at < reader->end && *reader->at && strchr("\"\\/bfnrt", *reader->at++);
}

static bool read_string(struct reader *reader)
{
    if (!take(reader, '"'))
        return false;
    while (reader->at < reader->end && *reader->at != '"') {
        if (*reader->at < 0x20)
            return false;
        if (!(take(reader, '\\') ? take_escape(reader) : take_character(reader)))
            return false;
    }
    return take(reader, '"');
}

static bool read_digits(struct reader *reader)
{
    const unsigned char *start = reader->at;
    while (reader->at < reader->end && *reader->at >= '0' && *reader->at <= '9')
        reader->at++;
    return reader->at > start;
}

static bool read_number(struct reader *reader)
{
    (void)take(reader, '-');
    if (!take(reader, '0') && !read_digits(reader))
        return false;
    if (take(reader, '.') && !read_digits(reader))
        return false;
    if (!take(reader, 'e') && !take(reader, 'E'))
        return true;
    if (!take(reader, '-'))
        (void)take(reader, '+');
    return read_digits(reader);
}

static bool read_members(struct reader *reader, bool has_names, char close)
{
    if (++reader->depth > MAX_DEPTH)
        return false;
    skip_space(reader);
    bool is_first = true;
    while (!take(reader, close)) {
        if (!is_first && !take(reader, ','))
            return false;
        skip_space(reader);
        if (has_names && !read_string(reader))
            return false;
        skip_space(reader);
        if ((has_names && !take(reader, ':')) || !read_value(reader))
            return false;
        is_first = false;
    }
    reader->depth--;
    return true;
}

static bool read_value(struct reader *reader)
{
    skip_space(reader);
    bool is_read = false;
    if (take(reader, '{'))
        is_read = read_members(reader, true, '}');
    else if (take(reader, '['))
        is_read = read_members(reader, false, ']');
    else if (reader->at < reader->end && *reader->at == '"')
        is_read = read_string(reader);
    else
        is_read = take_word(reader, SPAN("true")) || take_word(reader, SPAN("false")) ||
                  take_word(reader, SPAN("null")) || read_number(reader);
    skip_space(reader);
    return is_read;
}

bool json_is_valid(struct span text)
{
    const unsigned char *at = (const unsigned char *)text.at;
    struct reader reader = {.at = at, .end = at + text.len};
    return read_value(&reader) && reader.at == reader.end;
}
