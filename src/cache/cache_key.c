#include "cache/cache_key.h"

#include <stdlib.h>

#include "base/text.h"
#include "http/byte_class.h"

enum {
    LENGTH_BYTES = 2,
    ABSENT = 0xffff, /* in place of a length; all lengths are below CACHE_KEY_MAX */
    PRIMARY_FIELDS = 4 + CACHE_KEY_SCOPE,
    VARY_NAMES_MAX = 32,
};

/* A parameter of a query, by where it stands. */
struct parameter {
    uint16_t at, len;
};

/* --- Rows of fields --- */

static struct span no_key(void)
{
    return (struct span){NULL, 0};
}

static size_t size_of_row(struct span prefix, const struct span *fields, size_t count)
{
    size_t size = prefix.len;
    for (size_t i = 0; i < count; i++)
        size += LENGTH_BYTES + fields[i].len;
    return size;
}

static char *put(char *to, struct span bytes)
{
    if (bytes.len > 0)
        memcpy(to, bytes.at, bytes.len);
    return to + bytes.len;
}

static char *put_field(char *to, struct span field)
{
    size_t length = field.at ? field.len : ABSENT;
    *to++ = (char)(length >> 8);
    *to++ = (char)(length & 0xff);
    return field.at ? put(to, field) : to;
}

/* A field whose at is NULL is absent, which differs from empty. */
static struct span write_row(struct span prefix, const struct span *fields, size_t count,
                             struct arena *arena)
{
    size_t size = size_of_row(prefix, fields, count);
    if (size > CACHE_KEY_MAX)
        return no_key();
    char *row = arena_alloc(arena, size), *end = put(row, prefix);
    for (size_t i = 0; i < count; i++)
        end = put_field(end, fields[i]);
    return (struct span){row, size};
}

/* --- The query --- */

/* The next byte of a parameter's name as servers read it; -1 at its end. */
static int next_of_name(struct span *rest)
{
    if (rest->len == 0 || rest->at[0] == '=')
        return -1;
    int c = rest->at[0] == '+' ? ' ' : (unsigned char)rest->at[0], escaped = escaped_byte(*rest);
    *rest = span_skip(*rest, escaped >= 0 ? ESCAPE_LEN : 1);
    return escaped >= 0 ? escaped : c;
}

static int compare_names(struct span a, struct span b)
{
    int left, right;
    do {
        left = next_of_name(&a);
        right = next_of_name(&b);
    } while (left == right && left >= 0);
    return left - right;
}

static struct span text_of(const struct span *query, const struct parameter *parameter)
{
    return (struct span){query->at + parameter->at, parameter->len};
}

/* Of the same name: in the order in which they stand. */
static int compare_parameters(const void *a, const void *b, void *query)
{
    const struct parameter *left = a, *right = b;
    int order = compare_names(text_of(query, left), text_of(query, right));
    return order != 0 ? order : (int)left->at - (int)right->at;
}

static size_t count_parameters(struct span query)
{
    size_t count = 1;
    for (size_t i = 0; i < query.len; i++)
        count += query.at[i] == '&';
    return count;
}

/* Not of a query that is longer than a key. The escapes of names are resolved for comparing, or
 * "a=1&%61=2", which is one name twice, would lose its order. */
static struct span sorted(struct span query, struct arena *arena)
{
    size_t count = count_parameters(query), filled = 0;
    if (count == 1)
        return query;
    struct parameter *parameters = arena_alloc(arena, count * sizeof(*parameters));
    for (struct span rest = query; filled < count; filled++) {
        uint16_t at = (uint16_t)(rest.at - query.at);
        struct span text = span_cut(&rest, '&');
        parameters[filled] = (struct parameter){at, (uint16_t)text.len};
    }
    qsort_r(parameters, count, sizeof(*parameters), compare_parameters, &query);
    char *joined = arena_alloc(arena, query.len), *end = joined;
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            *end++ = '&';
        end = put(end, text_of(&query, &parameters[i]));
    }
    return (struct span){joined, query.len};
}

/* --- Vary --- */

enum { SET_ELEMENTS_MAX = 32 };

/* Fields that say the same in any order and any case (RFC 9110 §12.5.2 to §12.5.4: weights decide, and
 * an order that some read into them "cannot be relied upon"). */
static const struct span set_fields[] = {
    SPAN_INIT("accept-charset"),
    SPAN_INIT("accept-encoding"),
    SPAN_INIT("accept-language"),
};

static bool is_set_field(struct span name)
{
    for (size_t i = 0; i < COUNT_OF(set_fields); i++) {
        if (span_equal_nocase(name, set_fields[i]))
            return true;
    }
    return false;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Without the white space around commas, which means nothing outside of quoted strings. */
static char *put_list(char *begin, struct span value)
{
    bool is_quoted = false;
    char *to = begin;
    for (size_t i = 0; i < value.len; i++) {
        char c = value.at[i];
        bool is_after_comma = to > begin && to[-1] == ',';
        if (!is_quoted && is_blank(c) && is_after_comma)
            continue;
        while (!is_quoted && c == ',' && to > begin && is_blank(to[-1]))
            to--;
        if (c == '"')
            is_quoted = !is_quoted;
        *to++ = c;
        if (is_quoted && c == '\\' && i + 1 < value.len)
            *to++ = value.at[++i];
    }
    return to;
}

static int compare_spans(const void *a, const void *b)
{
    const struct span *x = a, *y = b;
    size_t len = x->len < y->len ? x->len : y->len;
    int order = len > 0 ? memcmp(x->at, y->at, len) : 0;
    return order != 0 ? order : (x->len > y->len) - (x->len < y->len);
}

/* The elements in lower case, sorted; as they are when they are very many. */
static struct span as_set(struct span list, struct arena *arena)
{
    struct span elements[SET_ELEMENTS_MAX], rest = list;
    size_t count = 0, len = 0;
    char *lower = arena_alloc(arena, list.len + 1), *joined = arena_alloc(arena, list.len + 1);
    for (size_t i = 0; i < list.len; i++)
        lower[i] = ascii_lower(list.at[i]);
    rest.at = lower;
    while (count < COUNT_OF(elements) && span_next_element(&rest, &elements[count]))
        count++;
    if (rest.len > 0)
        return list;
    qsort(elements, count, sizeof(elements[0]), compare_spans);
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            joined[len++] = ',';
        memcpy(joined + len, elements[i].at, elements[i].len);
        len += elements[i].len;
    }
    return (struct span){joined, len};
}

/* RFC 9110 §5.3: lines of one name are one value. at == NULL: there is none. */
static struct span value_of(const struct header_list *request, struct span name,
                            struct arena *arena)
{
    size_t size = 0;
    for (size_t i = 0; i < request->count; i++) {
        if (span_equal_nocase(request->at[i].name, name))
            size += request->at[i].value.len + 1;
    }
    if (size == 0)
        return (struct span){NULL, 0};
    char *joined = arena_alloc(arena, size), *end = joined;
    for (size_t i = 0; i < request->count; i++) {
        if (!span_equal_nocase(request->at[i].name, name))
            continue;
        end = put_list(end, request->at[i].value);
        *end++ = ',';
    }
    struct span value = {joined, (size_t)(end - joined) - 1};
    return is_set_field(name) ? as_set(value, arena) : value;
}

static bool has_name(const struct span *names, size_t count, struct span name)
{
    for (size_t i = 0; i < count; i++) {
        if (span_equal_nocase(names[i], name))
            return true;
    }
    return false;
}

/* Adds what one Vary field names. False when no request can match. */
static bool add_names(struct span value, struct span *names, size_t *count)
{
    struct span name;
    while (span_next_element(&value, &name)) {
        if (has_name(names, *count, name))
            continue;
        if (*count == VARY_NAMES_MAX || !is_token(name) || span_equal(name, SPAN("*")))
            return false;
        names[(*count)++] = name;
    }
    return true;
}

static bool collect_names(const struct header_list *response, struct span *names, size_t *count)
{
    *count = 0;
    for (size_t i = 0; i < response->count; i++) {
        if (response->at[i].id == HEADER_VARY && !add_names(response->at[i].value, names, count))
            return false;
    }
    return true;
}

static int compare_lower(const void *a, const void *b)
{
    const struct span *left = a, *right = b;
    size_t common = left->len < right->len ? left->len : right->len;
    for (size_t i = 0; i < common; i++) {
        int difference = ascii_lower(left->at[i]) - ascii_lower(right->at[i]);
        if (difference != 0)
            return difference;
    }
    return (left->len > right->len) - (left->len < right->len);
}

static struct span join_names(const struct span *names, size_t count, struct arena *arena)
{
    size_t size = 0, len = 0;
    for (size_t i = 0; i < count; i++)
        size += names[i].len + 1;
    char *joined = arena_alloc(arena, size);
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            joined[len++] = ',';
        for (size_t j = 0; j < names[i].len; j++)
            joined[len++] = ascii_lower(names[i].at[j]);
    }
    return (struct span){joined, len};
}

/* --- What others call --- */

static struct span present(struct span text)
{
    return text.at ? text : SPAN("");
}

struct span cache_key_of(const struct cache_key_parts *parts, struct arena *arena)
{
    if (parts->query.len > CACHE_KEY_MAX)
        return no_key();
    struct span query = parts->query;
    if (parts->sorts_query)
        query = sorted(query, arena);
    /* Who sorts and who does not never share an answer; nor who has filters and who has none. */
    static const struct span kinds[] = {SPAN_INIT("q"), SPAN_INIT("s"), SPAN_INIT("qf"),
                                        SPAN_INIT("sf")};
    bool has_filters = parts->filters.len > 0;
    struct span fields[PRIMARY_FIELDS + 1] = {kinds[2 * has_filters + parts->sorts_query],
                                              present(parts->path), query, present(parts->shape)};
    fields[PRIMARY_FIELDS] = parts->filters;
    for (size_t i = 0; i < COUNT_OF(parts->scope); i++)
        fields[PRIMARY_FIELDS - COUNT_OF(parts->scope) + i] = present(parts->scope[i]);
    return write_row((struct span){NULL, 0}, fields, PRIMARY_FIELDS + has_filters, arena);
}

struct span cache_key_with_vary(struct span primary, struct span vary,
                                const struct header_list *request, struct arena *arena)
{
    struct span fields[VARY_NAMES_MAX + 1] = {vary}, rest = vary, name;
    size_t count = 1;
    if (vary.len == 0 || primary.len == 0)
        return primary;
    while (span_next_element(&rest, &name)) {
        if (count == COUNT_OF(fields))
            return no_key();
        fields[count++] = value_of(request, name, arena);
    }
    return write_row(primary, fields, count, arena);
}

bool cache_key_vary_is_any(const struct header_list *response)
{
    struct span names[VARY_NAMES_MAX];
    size_t count;
    return !collect_names(response, names, &count);
}

struct span cache_key_vary_names(const struct header_list *response, struct arena *arena,
                                 bool *is_any)
{
    struct span names[VARY_NAMES_MAX];
    size_t count;
    *is_any = !collect_names(response, names, &count);
    if (*is_any || count == 0)
        return SPAN("");
    qsort(names, count, sizeof(names[0]), compare_lower);
    return join_names(names, count, arena);
}

/* No list of names follows here, where a key of cache_key_with_vary has one. */
struct span cache_key_of_form(struct span key, uint64_t began_us, struct arena *arena)
{
    char digits[sizeof(began_us)];
    for (size_t i = 0; i < sizeof(digits); i++)
        digits[i] = (char)(began_us >> 8 * i & 0xff);
    const struct span fields[] = {{NULL, 0}, {digits, sizeof(digits)}};
    return key.len > 0 ? write_row(key, fields, COUNT_OF(fields), arena) : no_key();
}
