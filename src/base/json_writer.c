#include "base/json_writer.h"

#include <string.h>

#include "base/text.h"
#include "base/words.h"

enum { SMALLEST = 64, MAX_DEPTH = 32, LONGEST_UNIT = 6 };

void json_init(struct json_writer *json, char *at, size_t cap)
{
    ASSERT(cap >= SMALLEST);
    *json = (struct json_writer){.at = at, .cap = cap};
}

static size_t room(const struct json_writer *json)
{
    return json->cap - json->len - json->depth;
}

/* All of the bytes or none. */
static bool put(struct json_writer *json, struct span bytes)
{
    if (bytes.len > room(json))
        return false;
    if (bytes.len > 0)
        memcpy(json->at + json->len, bytes.at, bytes.len);
    json->len += bytes.len;
    return true;
}

static bool is_plain(char c)
{
    unsigned char byte = (unsigned char)c;
    return byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
}

static bool is_between(char c, unsigned char low, unsigned char high)
{
    unsigned char byte = (unsigned char)c;
    return byte >= low && byte <= high;
}

/* The length of the character of two to four bytes that text begins with; 0 when they are none.
 * RFC 3629 §4: no overlong forms, no surrogates, nothing above U+10FFFF. */
static size_t utf8_length(struct span text)
{
    static const struct {
        unsigned char first_low, first_high, second_low, second_high, len;
    } forms[] = {
        {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3},
        {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3}, {0xf0, 0xf0, 0x90, 0xbf, 4},
        {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
    };
    for (size_t i = 0; i < COUNT_OF(forms); i++) {
        if (!is_between(text.at[0], forms[i].first_low, forms[i].first_high))
            continue;
        size_t len = forms[i].len;
        if (text.len < len || !is_between(text.at[1], forms[i].second_low, forms[i].second_high))
            return 0;
        for (size_t k = 2; k < len; k++) {
            if (!is_between(text.at[k], 0x80, 0xbf))
                return 0;
        }
        return len;
    }
    return 0;
}

/* How a control byte, quote or backslash is escaped; unit is where to write it. */
static struct span escape(char c, char unit[LONGEST_UNIT])
{
    static const char special[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
    static const char digits[] = "0123456789abcdef";
    const char *found = c ? strchr(special, c) : NULL;
    unit[0] = '\\';
    unit[1] = (char)(found ? letters[found - special] : 'u');
    unit[2] = '0';
    unit[3] = '0';
    unit[4] = digits[(unsigned char)c >> 4];
    unit[5] = digits[c & 15];
    return (struct span){unit, found ? 2 : LONGEST_UNIT};
}

/* What is none of the plain ones: a control, a quote, a backslash, not ASCII. */
static uint64_t marks_of_unplain(uint64_t word)
{
    uint64_t not_quote = word ^ WORD_ONES * '"', not_backslash = word ^ WORD_ONES * '\\';
    return (word | (word - WORD_ONES * ' ') | (not_quote - WORD_ONES) |
            (not_backslash - WORD_ONES)) &
           WORD_TOPS;
}

static size_t plain_length(struct span text)
{
    return bytes_before_mark(text, marks_of_unplain);
}

bool json_is_plain(struct span value)
{
    return plain_length(value) == value.len;
}

/* Takes a run of plain characters, or one other, off the text; returns what to write for it. */
static struct span take_unit(struct span *text, char unit[LONGEST_UNIT])
{
    struct span out = {text->at, plain_length(*text)};
    size_t taken = out.len;
    if (taken == 0 && (unsigned char)text->at[0] < 0x80) {
        out = escape(text->at[0], unit);
        taken = 1;
    } else if (taken == 0) {
        out.len = taken = utf8_length(*text);
    }
    if (taken == 0) {
        out = SPAN("\xEF\xBF\xBD"); /* U+FFFD */
        taken = 1;
    }
    *text = (struct span){text->at + taken, text->len - taken};
    return out;
}

/* Writes the inside of a string: as many whole characters as fit with keep bytes left over. False
 * when it was cut. */
static bool put_escaped(struct json_writer *json, struct span text, size_t keep)
{
    char unit[LONGEST_UNIT];
    while (text.len > 0) {
        struct span out = take_unit(&text, unit);
        size_t fits = room(json) > keep ? room(json) - keep : 0;
        if (out.len <= fits) {
            (void)put(json, out);
            continue;
        }
        if (is_plain(out.at[0]))
            (void)put(json, (struct span){out.at, fits});
        return false;
    }
    return true;
}

/* The name, its quotes and the colon; most names are the program's own, with nothing to be escaped. */
static bool put_name(struct json_writer *json, struct span name)
{
    if (plain_length(name) < name.len)
        return put(json, SPAN("\"")) && put_escaped(json, name, 0) && put(json, SPAN("\":"));
    if (name.len + SPAN("\"\":").len > room(json))
        return false;
    char *at = put_span(put_span(json->at + json->len, SPAN("\"")), name);
    json->len = (size_t)(put_span(at, SPAN("\":")) - json->at);
    return true;
}

/* Writes the comma, and the name unless an element is meant (name.at is NULL), when so much room
 * remains that a value of value_len bytes fits; else nothing, and the text is full. */
static bool begin_value(struct json_writer *json, struct span name, size_t value_len)
{
    if (json->is_full)
        return false;
    size_t start = json->len;
    bool fits = !json->needs_comma || put(json, SPAN(","));
    if (name.at)
        fits = fits && put_name(json, name);
    if (fits && value_len <= room(json)) {
        json->needs_comma = true;
        return true;
    }
    json->len = start;
    json->is_full = true;
    return false;
}

static void open_level(struct json_writer *json, struct span name, bool is_array)
{
    if (!begin_value(json, name, 2)) {
        json->left_out++;
        return;
    }
    ASSERT(json->depth < MAX_DEPTH);
    uint32_t bit = UINT32_C(1) << json->depth;
    json->kinds = is_array ? json->kinds | bit : json->kinds & ~bit;
    (void)put(json, is_array ? SPAN("[") : SPAN("{"));
    json->depth++;
    json->needs_comma = false;
}

void json_object(struct json_writer *json)
{
    open_level(json, (struct span){NULL, 0}, false);
}

void json_object_in(struct json_writer *json, struct span name)
{
    open_level(json, name, false);
}

void json_array_in(struct json_writer *json, struct span name)
{
    open_level(json, name, true);
}

void json_close(struct json_writer *json)
{
    if (json->left_out > 0) {
        json->left_out--;
        return;
    }
    ASSERT(json->depth > 0);
    json->depth--;
    bool is_array = json->kinds >> json->depth & 1;
    (void)put(json, is_array ? SPAN("]") : SPAN("}"));
    json->needs_comma = true;
}

void json_text(struct json_writer *json, struct span name, struct span value)
{
    if (!begin_value(json, name, 2))
        return;
    (void)put(json, SPAN("\""));
    json->is_full = !put_escaped(json, value, 1);
    (void)put(json, SPAN("\""));
}

void json_raw(struct json_writer *json, struct span name, struct span value)
{
    if (begin_value(json, name, value.len))
        (void)put(json, value);
}

static struct span digits_of(int64_t value, char room[1 + U64_DIGITS])
{
    struct span digits = u64_digits(value < 0 ? 0 - (uint64_t)value : (uint64_t)value, room + 1);
    if (value >= 0)
        return digits;
    room[digits.at - room - 1] = '-';
    return (struct span){digits.at - 1, digits.len + 1};
}

void json_number(struct json_writer *json, struct span name, int64_t value)
{
    char room[1 + U64_DIGITS];
    json_raw(json, name, digits_of(value, room));
}

void json_bool(struct json_writer *json, struct span name, bool value)
{
    json_raw(json, name, value ? SPAN("true") : SPAN("false"));
}

void json_null(struct json_writer *json, struct span name)
{
    json_raw(json, name, SPAN("null"));
}

void json_element(struct json_writer *json, struct span value)
{
    json_text(json, (struct span){NULL, 0}, value);
}

struct span json_finish(struct json_writer *json)
{
    json->left_out = 0;
    while (json->depth > 0)
        json_close(json);
    return (struct span){json->at, json->len};
}
