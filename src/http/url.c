#include "http/url.h"

#include <arpa/inet.h>

#include "base/text.h"
#include "base/wide.h"
#include "http/byte_class.h"

enum { PORT_MAX = 65535 };

/* Where one part of a path stands on its way to being "." or "..". */
struct dots {
    size_t count;
    bool are_all; /* nothing but dots since the last separator */
};

static bool is_dot_segment(struct dots dots)
{
    return dots.are_all && (dots.count == 1 || dots.count == 2);
}

/* An escaped slash separates no segments here, but what decodes it upstream must not be led out of
 * the parameter either: "..%2f" counts as a dot segment. */
static bool has_dot_segment(struct span path)
{
    struct dots dots = {0, true};
    for (size_t i = 0; i < path.len; i++) {
        int byte = (unsigned char)path.at[i];
        if (byte == '%') {
            byte = escaped_byte(span_skip(path, i));
            i += ESCAPE_LEN - 1;
        }
        if (byte == '/') {
            if (is_dot_segment(dots))
                return true;
            dots = (struct dots){0, true};
        } else {
            dots.are_all = dots.are_all && byte == '.';
            dots.count++;
        }
    }
    return is_dot_segment(dots);
}

/* What is not a letter, a digit or one of "-./_", as nearly all of a path is, and a dot behind a slash: those have a
 * bit set. Looks at the byte before, too. */
static wide strange_in(const char *at)
{
    wide bytes = wide_at(at), before = wide_at(at - 1), letters = (bytes | 0x20) - 'a';
    wide is_plain = (wide)((letters < 26) | (bytes - '-' <= '9' - '-') | (bytes == '_'));
    return ~is_plain | (wide)((bytes == '.') & (before == '/'));
}

/* Without escapes the segments are as they look. path begins with a slash; of a short one it says no. */
static bool is_simple(struct span path)
{
    wide found = {0};
    size_t step = sizeof(found), at = 1;
    if (path.len <= step)
        return false;
    for (; path.len - at > step; at += step)
        found |= strange_in(path.at + at);
    return !wide_has_any(found | strange_in(path.at + path.len - step));
}

static enum http_fault check_path(struct span path)
{
    if (is_simple(path))
        return FAULT_NONE;
    for (size_t i = 0; i < path.len; i++) {
        char c = path.at[i];
        if (c == '\\')
            return FAULT_PATH;
        if (!byte_is(c, BYTE_PATH))
            return FAULT_TARGET;
        if (c != '%')
            continue;
        int byte = escaped_byte(span_skip(path, i));
        if (byte <= 0 || byte == '\\')
            return FAULT_PATH;
    }
    return has_dot_segment(path) ? FAULT_PATH : FAULT_NONE;
}

static enum http_fault check_query(struct span query)
{
    bool is_visible = bytes_of_class(query, BYTE_VISIBLE) == query.len;
    bool has_fragment = query.len > 0 && memchr(query.at, '#', query.len);
    return is_visible && !has_fragment ? FAULT_NONE : FAULT_TARGET;
}

static enum http_fault parse_origin_form(struct span text, struct target *target)
{
    const char *mark = memchr(text.at, '?', text.len);
    struct span path = {text.at, mark ? (size_t)(mark - text.at) : text.len};
    target->origin_form = text;
    target->path = path;
    if (mark)
        target->query = span_skip(text, path.len + 1);
    enum http_fault fault = check_path(target->path);
    return fault != FAULT_NONE ? fault : check_query(target->query);
}

static bool cut_scheme(struct span *text)
{
    static const struct span schemes[] = {{"http://", 7}, {"https://", 8}};
    for (size_t i = 0; i < COUNT_OF(schemes); i++) {
        size_t len = schemes[i].len;
        if (text->len >= len && span_equal_nocase((struct span){text->at, len}, schemes[i])) {
            *text = span_skip(*text, len);
            return true;
        }
    }
    return false;
}

static enum http_fault parse_absolute_form(struct span text, struct target *target)
{
    size_t len = 0;
    while (len < text.len && text.at[len] != '/' && text.at[len] != '?')
        len++;
    target->authority = (struct span){text.at, len};
    if (!authority_is_valid(target->authority))
        return FAULT_TARGET;
    struct span rest = span_skip(text, len);
    if (rest.len > 0 && rest.at[0] == '/')
        return parse_origin_form(rest, target);

    target->path = SPAN("/");
    if (rest.len == 0) {
        target->origin_form = target->path;
        return FAULT_NONE;
    }
    target->query = span_skip(rest, 1);
    return check_query(target->query);
}

enum http_fault target_parse(struct span text, struct target *target)
{
    *target = (struct target){0};
    if (text.len == 0)
        return FAULT_TARGET;
    if (text.at[0] == '/')
        return parse_origin_form(text, target);
    if (span_equal(text, SPAN("*"))) {
        target->path = target->origin_form = text;
        return FAULT_NONE;
    }
    return cut_scheme(&text) ? parse_absolute_form(text, target) : FAULT_TARGET;
}

/* RFC 3986 allows more in a name than any resolver does; a comma, above all, is how two Host fields
 * look that someone has joined. */
static bool is_host_name(struct span host)
{
    if (host.len == 0 || bytes_of_class(host, BYTE_UNRESERVED) != host.len)
        return false;
    for (size_t i = 0; i < host.len; i++) {
        if (host.at[i] == '.' && (i == 0 || host.at[i - 1] == '.'))
            return false;
    }
    return true;
}

static bool is_ipv6(struct span text)
{
    char address[INET6_ADDRSTRLEN];
    struct in6_addr ignored;
    if (text.len == 0 || text.len >= sizeof address || memchr(text.at, '\0', text.len))
        return false;
    memcpy(address, text.at, text.len);
    address[text.len] = '\0';
    return inet_pton(AF_INET6, address, &ignored) == 1;
}

/* Cuts "[…]" or the name off *rest. */
static bool cut_host(struct span *rest)
{
    if (rest->len > 0 && rest->at[0] == '[') {
        const char *end = memchr(rest->at, ']', rest->len);
        size_t len = end ? (size_t)(end - rest->at) : 0;
        if (!end || !is_ipv6((struct span){rest->at + 1, len - 1}))
            return false;
        *rest = span_skip(*rest, len + 1);
        return true;
    }
    const char *colon = rest->len > 0 ? memchr(rest->at, ':', rest->len) : NULL;
    size_t len = colon ? (size_t)(colon - rest->at) : rest->len;
    bool is_valid = is_host_name((struct span){rest->at, len});
    *rest = span_skip(*rest, len);
    return is_valid;
}

bool authority_is_valid(struct span text)
{
    struct span rest = text;
    if (!cut_host(&rest))
        return false;
    if (rest.len == 0)
        return true;
    if (rest.at[0] != ':')
        return false;
    uint64_t port = 0;
    struct span digits = span_skip(rest, 1); /* may be none (RFC 3986 §3.2.3) */
    return digits.len == 0 || (span_to_u64(digits, &port) && port <= PORT_MAX);
}

bool path_next_segment(struct span *rest, struct span *segment)
{
    if (rest->len == 0 || rest->at[0] != '/')
        return false;
    struct span from = span_skip(*rest, 1);
    const char *end = from.len > 0 ? memchr(from.at, '/', from.len) : NULL;
    *segment = (struct span){from.at, end ? (size_t)(end - from.at) : from.len};
    *rest = span_skip(from, segment->len);
    return true;
}

static bool any_byte(char byte)
{
    (void)byte;
    return true;
}

static bool is_unreserved(char byte)
{
    return byte_is(byte, BYTE_UNRESERVED);
}

/* Without the escapes that stand for such bytes. */
static struct span unescape(struct arena *arena, struct span text, bool (*is_such)(char byte))
{
    if (text.len == 0 || !memchr(text.at, '%', text.len))
        return text;
    char *bytes = arena_alloc(arena, text.len);
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        int escaped = escaped_byte(span_skip(text, i));
        bool is_undone = escaped >= 0 && is_such((char)escaped);
        bytes[len++] = is_undone ? (char)escaped : text.at[i];
        i += is_undone ? ESCAPE_LEN - 1 : 0;
    }
    return (struct span){bytes, len};
}

struct span path_plain(struct arena *arena, struct span path)
{
    return unescape(arena, path, is_unreserved);
}

struct span percent_decode(struct arena *arena, struct span text)
{
    return unescape(arena, text, any_byte);
}

bool query_next(struct span *rest, struct span *name, struct span *value)
{
    while (rest->len > 0) {
        struct span pair = span_cut(rest, '&');
        if (pair.len == 0)
            continue;
        *name = span_cut(&pair, '=');
        *value = pair;
        return true;
    }
    return false;
}
