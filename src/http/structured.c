#include "http/structured.h"

#include "base/text.h"
#include "http/byte_class.h"

enum { INTEGER_DIGITS = 15, WHOLE_DIGITS = 12, FRACTION_DIGITS = 3 };

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_alpha(char c)
{
    return is_lower(ascii_lower(c));
}

static bool is_key_char(char c)
{
    return is_lower(c) || is_digit(c) || c == '_' || c == '-' || c == '.' || c == '*';
}

static bool is_token_char(char c)
{
    return byte_is(c, BYTE_TOKEN) || c == ':' || c == '/';
}

static bool is_base64(char c)
{
    return is_alpha(c) || is_digit(c) || c == '+' || c == '/';
}

static bool is_printable(char c)
{
    return c == ' ' || byte_is(c, BYTE_VISIBLE);
}

static size_t count_while(struct span text, bool (*is_of)(char c))
{
    size_t len = 0;
    while (len < text.len && is_of(text.at[len]))
        len++;
    return len;
}

static struct span take_bytes(struct span *rest, size_t len)
{
    struct span taken = {rest->at, len};
    *rest = span_skip(*rest, len);
    return taken;
}

static bool take_char(struct span *rest, char c)
{
    if (rest->len == 0 || rest->at[0] != c)
        return false;
    *rest = span_skip(*rest, 1);
    return true;
}

/* SP only: tabs are white space nowhere but around the commas of a list (RFC 8941 §4.2). */
static void skip_spaces(struct span *rest)
{
    while (take_char(rest, ' '))
        ;
}

static void skip_blanks(struct span *rest)
{
    while (take_char(rest, ' ') || take_char(rest, '\t'))
        ;
}

static int64_t digits_value(struct span digits)
{
    uint64_t value = 0;
    (void)span_to_u64(digits, &value); /* 15 digits at most */
    return (int64_t)value;
}

/* The digits after the point, as thousandths; -1 when there are none or too many. */
static int64_t take_fraction(struct span *rest)
{
    size_t len = count_while(*rest, is_digit);
    if (len == 0 || len > FRACTION_DIGITS)
        return -1;
    int64_t thousandths = digits_value(take_bytes(rest, len));
    for (; len < FRACTION_DIGITS; len++)
        thousandths *= 10;
    return thousandths;
}

/* §4.2.4 */
static bool read_number(struct span *rest, struct sf_value *value)
{
    bool is_negative = take_char(rest, '-');
    size_t len = count_while(*rest, is_digit);
    if (len == 0 || len > INTEGER_DIGITS)
        return false;
    value->kind = SF_INTEGER;
    value->number = digits_value(take_bytes(rest, len));
    if (take_char(rest, '.')) {
        int64_t fraction = take_fraction(rest);
        if (len > WHOLE_DIGITS || fraction < 0)
            return false;
        value->kind = SF_DECIMAL;
        value->number = value->number * 1000 + fraction;
    }
    if (is_negative)
        value->number = -value->number;
    return true;
}

/* §4.2.5 */
static bool read_string(struct span *rest, struct sf_value *value)
{
    (void)take_char(rest, '"');
    size_t len = 0;
    for (; len < rest->len && rest->at[len] != '"'; len++) {
        if (!is_printable(rest->at[len]))
            return false;
        if (rest->at[len] != '\\')
            continue;
        len++;
        if (len == rest->len || (rest->at[len] != '"' && rest->at[len] != '\\'))
            return false;
    }
    value->kind = SF_STRING;
    value->text = take_bytes(rest, len);
    return take_char(rest, '"');
}

/* §4.2.6; the first character has been looked at. */
static bool read_token(struct span *rest, struct sf_value *value)
{
    value->kind = SF_TOKEN;
    value->text = take_bytes(rest, count_while(*rest, is_token_char));
    return true;
}

/* §4.2.7: padding may be missing, but stands at the end only. */
static bool read_bytes(struct span *rest, struct sf_value *value)
{
    (void)take_char(rest, ':');
    size_t len = count_while(*rest, is_base64), padding = 0;
    if (len % 4 == 1)
        return false;
    while (len + padding < rest->len && rest->at[len + padding] == '=')
        padding++;
    if (padding > 0 && (padding > 2 || (len + padding) % 4 != 0))
        return false;
    value->kind = SF_BYTES;
    value->text = take_bytes(rest, len + padding);
    return take_char(rest, ':');
}

/* §4.2.8 */
static bool read_boolean(struct span *rest, struct sf_value *value)
{
    (void)take_char(rest, '?');
    value->kind = SF_BOOLEAN;
    value->number = rest->len > 0 && rest->at[0] == '1';
    return take_char(rest, '0') || take_char(rest, '1');
}

/* §4.2.3.1 */
static bool read_bare(struct span *rest, struct sf_value *value)
{
    *value = (struct sf_value){.kind = SF_INTEGER};
    if (rest->len == 0)
        return false;
    char first = rest->at[0];
    if (first == '-' || is_digit(first))
        return read_number(rest, value);
    if (first == '*' || is_alpha(first))
        return read_token(rest, value);
    if (first == '"')
        return read_string(rest, value);
    if (first == ':')
        return read_bytes(rest, value);
    return first == '?' && read_boolean(rest, value);
}

/* §4.2.3.3 */
static bool read_key(struct span *rest, struct span *key)
{
    size_t len = count_while(*rest, is_key_char);
    *key = take_bytes(rest, len);
    return len > 0 && (is_lower(key->at[0]) || key->at[0] == '*');
}

/* One parameter, from its ';' on. */
static bool read_parameter(struct span *rest, struct span *key, struct sf_value *value)
{
    (void)take_char(rest, ';');
    skip_spaces(rest);
    *value = (struct sf_value){.kind = SF_BOOLEAN, .number = 1};
    return read_key(rest, key) && (!take_char(rest, '=') || read_bare(rest, value));
}

/* §4.2.3.2: passes over the parameters and keeps where they stand. */
static bool read_parameters(struct span *rest, struct sf_value *value)
{
    struct span all = *rest, key;
    struct sf_value ignored;
    while (rest->len > 0 && rest->at[0] == ';') {
        if (!read_parameter(rest, &key, &ignored))
            return false;
    }
    value->parameters = (struct span){all.at, all.len - rest->len};
    return true;
}

static bool read_item(struct span *rest, struct sf_value *value)
{
    return read_bare(rest, value) && read_parameters(rest, value);
}

/* §4.2.1.2, without the parameters of the list. Inner lists do not nest. */
static bool read_inner_list(struct span *rest, struct sf_value *value)
{
    struct sf_value ignored;
    (void)take_char(rest, '(');
    struct span all = *rest;
    for (skip_spaces(rest); rest->len > 0 && rest->at[0] != ')'; skip_spaces(rest)) {
        if (!read_item(rest, &ignored))
            return false;
        if (rest->len > 0 && rest->at[0] != ' ' && rest->at[0] != ')')
            return false;
    }
    *value = (struct sf_value){.kind = SF_INNER_LIST, .text = {all.at, all.len - rest->len}};
    return take_char(rest, ')');
}

/* §4.2.1.1 */
static bool read_member(struct span *rest, struct sf_value *value)
{
    if (rest->len == 0 || rest->at[0] != '(')
        return read_item(rest, value);
    return read_inner_list(rest, value) && read_parameters(rest, value);
}

void sf_walk_init(struct sf_walk *walk, struct span text)
{
    *walk = (struct sf_walk){.rest = text};
    skip_spaces(&walk->rest);
}

/* Goes to the beginning of the next member. A comma must have one behind it. */
static enum sf_step begin_member(struct sf_walk *walk)
{
    bool is_first = !walk->has_begun;
    walk->has_begun = true;
    if (!is_first)
        skip_blanks(&walk->rest);
    if (walk->rest.len == 0)
        return SF_END;
    if (is_first)
        return SF_MEMBER;
    if (!take_char(&walk->rest, ','))
        return SF_INVALID;
    skip_blanks(&walk->rest);
    return walk->rest.len > 0 ? SF_MEMBER : SF_INVALID;
}

enum sf_step sf_next_member(struct sf_walk *walk, struct span *key, struct sf_value *value)
{
    enum sf_step step = begin_member(walk);
    if (step != SF_MEMBER)
        return step;
    if (!read_key(&walk->rest, key))
        return SF_INVALID;
    if (take_char(&walk->rest, '='))
        return read_member(&walk->rest, value) ? SF_MEMBER : SF_INVALID;
    *value = (struct sf_value){.kind = SF_BOOLEAN, .number = 1};
    return read_parameters(&walk->rest, value) ? SF_MEMBER : SF_INVALID;
}

enum sf_step sf_next_element(struct sf_walk *walk, struct sf_value *value)
{
    enum sf_step step = begin_member(walk);
    if (step == SF_MEMBER && !read_member(&walk->rest, value))
        return SF_INVALID;
    return step;
}

bool sf_item_read(struct span text, struct sf_value *value)
{
    skip_spaces(&text);
    if (!read_item(&text, value))
        return false;
    skip_spaces(&text);
    return text.len == 0;
}

enum sf_step sf_next_inner(struct span *rest, struct sf_value *value)
{
    skip_spaces(rest);
    if (rest->len == 0)
        return SF_END;
    return read_item(rest, value) ? SF_MEMBER : SF_INVALID;
}

enum sf_step sf_next_parameter(struct span *rest, struct span *key, struct sf_value *value)
{
    if (rest->len == 0)
        return SF_END;
    return read_parameter(rest, key, value) ? SF_MEMBER : SF_INVALID;
}

struct span sf_unescape(struct arena *arena, struct span text)
{
    if (text.len == 0 || !memchr(text.at, '\\', text.len))
        return text;
    char *plain = arena_alloc(arena, text.len);
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        i += text.at[i] == '\\' && i + 1 < text.len;
        plain[len++] = text.at[i];
    }
    return (struct span){plain, len};
}

bool sf_is_token(struct span text)
{
    return text.len > 0 && (is_alpha(text.at[0]) || text.at[0] == '*') &&
           count_while(text, is_token_char) == text.len;
}

struct span sf_string_write(struct arena *arena, struct span text)
{
    char *written = arena_alloc(arena, 2 * text.len + 2);
    size_t len = 0;
    written[len++] = '"';
    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];
        if (!is_printable(c))
            c = '?';
        if (c == '"' || c == '\\')
            written[len++] = '\\';
        written[len++] = c;
    }
    written[len++] = '"';
    return (struct span){written, len};
}
