#include "script/json_scan.h"

#include <string.h>

#include "base/text.h"

void json_scan_init(struct json_scan *scan, struct span text)
{
    *scan = (struct json_scan){.text = text};
}

static char here(const struct json_scan *scan)
{
    if (scan->at >= scan->text.len)
        return '\0';
    return scan->text.at[scan->at];
}

static void skip_space(struct json_scan *scan)
{
    while (scan->at < scan->text.len && strchr(" \t\r\n", scan->text.at[scan->at]) &&
           scan->text.at[scan->at] != '\0')
        scan->at++;
}

static enum json_token bad(struct json_scan *scan)
{
    scan->at = scan->text.len;
    scan->is_bad = true; /* and stays so */
    return TOKEN_BAD;
}

/* --- Values --- */

static bool are_hex(const struct json_scan *scan, size_t at, size_t count)
{
    if (scan->text.len - at < count)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (hex_digit(scan->text.at[at + i]) < 0)
            return false;
    }
    return true;
}

/* How long the escape is whose backslash stands here; 0: it is none. */
static size_t escape_len(const struct json_scan *scan, size_t at)
{
    if (at + 1 >= scan->text.len)
        return 0;
    char c = scan->text.at[at + 1];
    if (c == 'u')
        return are_hex(scan, at + 2, 4) ? 6 : 0;
    return c != '\0' && strchr("\"\\/bfnrt", c) ? 2 : 0;
}

/* From its quote on. */
static bool read_string(struct json_scan *scan)
{
    size_t start = scan->at + 1, at = start;
    while (at < scan->text.len && scan->text.at[at] != '"') {
        unsigned char byte = (unsigned char)scan->text.at[at];
        size_t len = byte == '\\' ? escape_len(scan, at) : byte >= ' ';
        if (len == 0)
            return false;
        at += len;
    }
    if (at >= scan->text.len)
        return false;
    scan->token = (struct span){scan->text.at + start, at - start};
    scan->at = at + 1;
    return true;
}

static size_t read_digits(const struct json_scan *scan, size_t at)
{
    size_t from = at;
    while (at < scan->text.len && scan->text.at[at] >= '0' && scan->text.at[at] <= '9')
        at++;
    return at - from;
}

static bool is_at(const struct json_scan *scan, size_t at, const char *any)
{
    return at < scan->text.len && scan->text.at[at] != '\0' && strchr(any, scan->text.at[at]);
}

static bool read_number(struct json_scan *scan)
{
    size_t at = scan->at + (here(scan) == '-'), digits = read_digits(scan, at);
    if (digits == 0 || (digits > 1 && scan->text.at[at] == '0'))
        return false;
    at += digits;
    if (is_at(scan, at, ".")) {
        digits = read_digits(scan, at + 1);
        if (digits == 0)
            return false;
        at += 1 + digits;
    }
    if (is_at(scan, at, "eE")) {
        at += 1 + is_at(scan, at + 1, "+-");
        digits = read_digits(scan, at);
        if (digits == 0)
            return false;
        at += digits;
    }
    scan->token = (struct span){scan->text.at + scan->at, at - scan->at};
    scan->at = at;
    return true;
}

static enum json_token read_word(struct json_scan *scan, struct span word, enum json_token token)
{
    struct span rest = span_skip(scan->text, scan->at);
    if (!span_starts_with(rest, word))
        return bad(scan);
    scan->token = (struct span){rest.at, word.len};
    scan->at += word.len;
    return token;
}

static enum json_token open_level(struct json_scan *scan, bool is_array)
{
    if (scan->depth == JSON_DEPTH_MAX)
        return bad(scan);
    uint64_t bit = UINT64_C(1) << scan->depth++;
    scan->arrays = is_array ? scan->arrays | bit : scan->arrays & ~bit;
    scan->expects = is_array ? JSON_EXPECTS_VALUE_OR_END : JSON_EXPECTS_NAME_OR_END;
    scan->token = (struct span){scan->text.at + scan->at++, 1};
    return is_array ? TOKEN_ARRAY : TOKEN_OBJECT;
}

static bool is_in_array(const struct json_scan *scan)
{
    return scan->depth > 0 && scan->arrays >> (scan->depth - 1) & 1;
}

static enum json_token close_level(struct json_scan *scan, char with)
{
    bool is_array = is_in_array(scan);
    if (scan->depth == 0 || with != (is_array ? ']' : '}'))
        return bad(scan);
    scan->depth--;
    scan->expects = JSON_EXPECTS_COMMA;
    scan->token = (struct span){scan->text.at + scan->at++, 1};
    return is_array ? TOKEN_ARRAY_END : TOKEN_OBJECT_END;
}

static enum json_token read_value(struct json_scan *scan)
{
    char c = here(scan);
    if (c == '{' || c == '[')
        return open_level(scan, c == '[');
    scan->expects = JSON_EXPECTS_COMMA;
    switch (c) {
    case '"':
        return read_string(scan) ? TOKEN_STRING : bad(scan);
    case 't':
        return read_word(scan, SPAN("true"), TOKEN_TRUE);
    case 'f':
        return read_word(scan, SPAN("false"), TOKEN_FALSE);
    case 'n':
        return read_word(scan, SPAN("null"), TOKEN_NULL);
    default:
        return read_number(scan) ? TOKEN_NUMBER : bad(scan);
    }
}

static enum json_token read_name(struct json_scan *scan)
{
    if (here(scan) != '"' || !read_string(scan))
        return bad(scan);
    struct span name = scan->token;
    skip_space(scan);
    if (here(scan) != ':')
        return bad(scan);
    scan->at++;
    scan->token = name;
    scan->expects = JSON_EXPECTS_VALUE;
    return TOKEN_NAME;
}

/* Behind a value. */
static enum json_token go_on(struct json_scan *scan)
{
    if (scan->depth == 0)
        return bad(scan);
    if (here(scan) != ',')
        return close_level(scan, here(scan));
    scan->at++;
    skip_space(scan);
    return is_in_array(scan) ? read_value(scan) : read_name(scan);
}

enum json_token json_scan_next(struct json_scan *scan)
{
    skip_space(scan);
    if (scan->at >= scan->text.len)
        return scan->is_bad || scan->depth > 0 || scan->expects != JSON_EXPECTS_COMMA ? bad(scan)
                                                                                      : TOKEN_END;
    switch (scan->expects) {
    case JSON_EXPECTS_VALUE:
        return read_value(scan);
    case JSON_EXPECTS_VALUE_OR_END:
        return here(scan) == ']' ? close_level(scan, ']') : read_value(scan);
    case JSON_EXPECTS_NAME_OR_END:
        return here(scan) == '}' ? close_level(scan, '}') : read_name(scan);
    case JSON_EXPECTS_COMMA:
        break;
    }
    return go_on(scan);
}

bool json_scan_skip(struct json_scan *scan, enum json_token first)
{
    if (first != TOKEN_OBJECT && first != TOKEN_ARRAY)
        return true;
    unsigned outside = scan->depth - 1;
    enum json_token token = first;
    while (token != TOKEN_BAD && scan->depth > outside)
        token = json_scan_next(scan);
    return token != TOKEN_BAD;
}

/* --- Strings --- */

static uint32_t hex4(const char *at)
{
    uint32_t value = 0;
    for (size_t i = 0; i < 4; i++)
        value = value << 4 | (uint32_t)hex_digit(at[i]);
    return value;
}

static size_t put_utf8(uint32_t code, char *bytes)
{
    if (code < 0x80) {
        bytes[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        bytes[0] = (char)(0xc0 | code >> 6);
        bytes[1] = (char)(0x80 | (code & 0x3f));
        return 2;
    }
    if (code < 0x10000) {
        bytes[0] = (char)(0xe0 | code >> 12);
        bytes[1] = (char)(0x80 | (code >> 6 & 0x3f));
        bytes[2] = (char)(0x80 | (code & 0x3f));
        return 3;
    }
    bytes[0] = (char)(0xf0 | code >> 18);
    bytes[1] = (char)(0x80 | (code >> 12 & 0x3f));
    bytes[2] = (char)(0x80 | (code >> 6 & 0x3f));
    bytes[3] = (char)(0x80 | (code & 0x3f));
    return 4;
}

/* The character of a \u escape, with the second half of a pair; *at is moved behind it. */
static uint32_t read_code(struct span token, size_t *at)
{
    enum { REPLACEMENT = 0xfffd, ESCAPE = 6 };
    uint32_t code = hex4(token.at + *at + 2);
    *at += ESCAPE;
    if (code < 0xd800 || code > 0xdfff)
        return code;
    bool has_second =
        token.len - *at >= ESCAPE && token.at[*at] == '\\' && token.at[*at + 1] == 'u';
    uint32_t second = has_second ? hex4(token.at + *at + 2) : 0;
    if (code > 0xdbff || second < 0xdc00 || second > 0xdfff)
        return REPLACEMENT;
    *at += ESCAPE;
    return 0x10000 + ((code & 0x3ff) << 10) + (second & 0x3ff);
}

size_t json_unescape(struct span token, char *bytes)
{
    static const char escapes[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    size_t len = 0, at = 0;
    while (at < token.len) {
        if (token.at[at] != '\\') {
            bytes[len++] = token.at[at++];
        } else if (token.at[at + 1] == 'u') {
            len += put_utf8(read_code(token, &at), bytes + len);
        } else {
            bytes[len++] = meanings[strchr(escapes, token.at[at + 1]) - escapes];
            at += 2;
        }
    }
    return len;
}

/* First bytes of UTF-8 up to last, how long their characters are, and what the second byte may be (RFC 3629 §4). */
static const struct {
    unsigned char last, len, from, to;
} utf8_rows[] = {
    {0x7f, 1, 0, 0},       {0xc1, 0, 0, 0},       {0xdf, 2, 0x80, 0xbf}, {0xe0, 3, 0xa0, 0xbf},
    {0xec, 3, 0x80, 0xbf}, {0xed, 3, 0x80, 0x9f}, {0xef, 3, 0x80, 0xbf}, {0xf0, 4, 0x90, 0xbf},
    {0xf3, 4, 0x80, 0xbf}, {0xf4, 4, 0x80, 0x8f}, {0xff, 0, 0, 0},
};

/* How many bytes from here on are one character of UTF-8; 0: none. */
static size_t utf8_len(struct span text, size_t at)
{
    const unsigned char *bytes = (const unsigned char *)text.at + at;
    size_t row = 0;
    while (bytes[0] > utf8_rows[row].last)
        row++;
    size_t len = utf8_rows[row].len;
    if (len > text.len - at)
        return 0;
    if (len > 1 && (bytes[1] < utf8_rows[row].from || bytes[1] > utf8_rows[row].to))
        return 0;
    for (size_t i = 2; i < len; i++) {
        if ((bytes[i] & 0xc0) != 0x80)
            return 0;
    }
    return len;
}

static enum status append_escaped(struct buffer *out, unsigned char byte)
{
    static const char digits[] = "0123456789abcdef";
    if (byte == '"' || byte == '\\') {
        const char pair[] = {'\\', (char)byte};
        return buffer_append(out, (struct span){pair, sizeof(pair)});
    }
    const char escape[] = {'\\', 'u', '0', '0', digits[byte >> 4], digits[byte & 15]};
    return buffer_append(out, (struct span){escape, sizeof(escape)});
}

enum status json_append_string(struct buffer *out, struct span text)
{
    enum status status = buffer_append(out, SPAN("\""));
    size_t at = 0, from = 0;
    while (at < text.len && status == OK) {
        unsigned char byte = (unsigned char)text.at[at];
        size_t len = utf8_len(text, at);
        if (len > 0 && byte >= ' ' && byte != '"' && byte != '\\') {
            at += len;
            continue;
        }
        status = buffer_append(out, (struct span){text.at + from, at - from});
        if (status == OK)
            status = len > 0 ? append_escaped(out, byte) : buffer_append(out, SPAN("\xEF\xBF\xBD"));
        from = ++at;
    }
    if (status == OK)
        status = buffer_append(out, (struct span){text.at + from, at - from});
    return status == OK ? buffer_append(out, SPAN("\"")) : status;
}
