/* Cache keys: whatever the parts are, they can be read back out of the key, so that no two different
 * rows of parts have the same one; and it is bounded. Of the query, order between names is no
 * difference and order within one is. */
#include "cache/cache_key.h"
#include "http/url.h"
#include "support/field_lines.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SORTS = 1, HAS_QUERY = 2, ABSENT = 0xffff };

/* A part of the input with its length before it. */
static struct span take(struct span *input)
{
    if (input->len < 2)
        return SPAN("");
    size_t len = (size_t)(unsigned char)input->at[0] << 8 | (unsigned char)input->at[1];
    *input = span_skip(*input, 2);
    struct span part = {input->at, len < input->len ? len : input->len};
    *input = span_skip(*input, part.len);
    return part;
}

/* The next field of a key; at == NULL: absent. */
static struct span read_field(struct span *key)
{
    ASSERT(key->len >= 2);
    size_t len = (size_t)(unsigned char)key->at[0] << 8 | (unsigned char)key->at[1];
    *key = span_skip(*key, 2);
    if (len == ABSENT)
        return (struct span){NULL, 0};
    ASSERT(len <= key->len);
    struct span field = {key->at, len};
    *key = span_skip(*key, len);
    return field;
}

static size_t size_of(const struct cache_key_parts *parts)
{
    size_t size = parts->path.len + parts->query.len + parts->shape.len;
    for (size_t i = 0; i < COUNT_OF(parts->scope); i++)
        size += parts->scope[i].len;
    return size;
}

/* The parts as the key has them. */
static struct span check_key(const struct cache_key_parts *parts, struct span key)
{
    bool is_sorted = span_equal(read_field(&key), SPAN("s"));
    ASSERT(is_sorted == parts->sorts_query);
    ASSERT(span_equal(read_field(&key), parts->path));
    struct span query = read_field(&key);
    ASSERT((query.at == NULL) == (parts->query.at == NULL) && query.len == parts->query.len);
    ASSERT(is_sorted || span_equal(query, parts->query));
    ASSERT(span_equal(read_field(&key), parts->shape));
    for (size_t i = 0; i < COUNT_OF(parts->scope); i++)
        ASSERT(span_equal(read_field(&key), parts->scope[i]));
    ASSERT(key.len == 0);
    return query;
}

static struct span name_of(struct arena *arena, struct span parameter)
{
    struct span name = span_cut(&parameter, '=');
    char *spaced = arena_alloc(arena, name.len);
    for (size_t i = 0; i < name.len; i++)
        spaced[i] = (char)(name.at[i] == '+' ? ' ' : name.at[i]);
    return percent_decode(arena, (struct span){spaced, name.len});
}

/* The first two parameters in the other order: another key only if they have one name. */
static void check_order(const struct cache_key_parts *parts, struct span key, struct arena *arena)
{
    struct span rest = parts->query;
    struct span first = span_cut(&rest, '&'), second = span_cut(&rest, '&');
    if (first.len == parts->query.len)
        return;
    struct cache_key_parts swapped = *parts;
    size_t tail = parts->query.len - first.len - 1 - second.len;
    swapped.query = arena_format(arena, "%.*s&%.*s%.*s", (int)second.len, second.at, (int)first.len,
                                 first.at, (int)tail, parts->query.at + parts->query.len - tail);
    if (swapped.query.len != parts->query.len || memchr(parts->query.at, '\0', parts->query.len))
        return;
    bool is_one_name = span_equal(name_of(arena, first), name_of(arena, second));
    bool is_same = span_equal(key, cache_key_of(&swapped, arena));
    ASSERT(is_same == (!is_one_name || span_equal(first, second)));
}

/* What is read back out of the key: the names, and a value for each that the request has. */
static void check_selected(struct span rest, struct span names, const struct header_list *request)
{
    struct span name;
    ASSERT(names.len == 0 || span_equal(read_field(&rest), names));
    while (span_next_element(&names, &name))
        ASSERT((read_field(&rest).at != NULL) == (header_list_find_name(request, name) != NULL));
    ASSERT(rest.len == 0);
}

static void check_names(struct span names, struct arena *arena)
{
    struct field_lines again;
    bool is_any;
    (void)field_lines_read(&again, SPAN(""));
    ASSERT(header_list_add_known(&again.list, HEADER_VARY, names));
    ASSERT(span_equal(names, cache_key_vary_names(&again.list, arena, &is_any)) && !is_any);
}

static void check_vary(struct span primary, struct span lines, struct arena *arena)
{
    struct field_lines fields;
    bool is_any;
    const struct header_list *list = field_lines_read(&fields, lines);
    struct span names = cache_key_vary_names(list, arena, &is_any);
    ASSERT(is_any == cache_key_vary_is_any(list) && (!is_any || names.len == 0));
    if (is_any)
        return;
    check_names(names, arena);
    struct span key = cache_key_with_vary(primary, names, list, arena);
    ASSERT(key.len <= CACHE_KEY_MAX);
    if (key.len == 0)
        return;
    ASSERT(span_starts_with(key, primary));
    check_selected(span_skip(key, primary.len), names, list);
    ASSERT(!span_equal(key, cache_key_of_form(primary, 1, arena)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span input = {(const char *)data, size};
    struct cache_key_parts parts = {.path = SPAN("")};
    struct arena arena;
    if (size == 0)
        return 0;
    input = span_skip(input, 1);
    arena_init(&arena, 64 * MIB);
    parts.sorts_query = data[0] & SORTS;
    parts.path = take(&input);
    if (data[0] & HAS_QUERY)
        parts.query = take(&input);
    parts.shape = take(&input);
    for (size_t i = 0; i < COUNT_OF(parts.scope); i++)
        parts.scope[i] = take(&input);
    struct span key = cache_key_of(&parts, &arena);
    ASSERT(key.len <= CACHE_KEY_MAX);
    ASSERT((key.len == 0) == (size_of(&parts) + 2 * (4 + CACHE_KEY_SCOPE) + 1 > CACHE_KEY_MAX));
    if (key.len > 0) {
        struct cache_key_parts again = parts;
        again.query = check_key(&parts, key);
        ASSERT(span_equal(key, cache_key_of(&again, &arena)));
        if (parts.sorts_query)
            check_order(&parts, key, &arena);
        check_vary(key, input, &arena);
    }
    arena_clear(&arena);
    return 0;
}
