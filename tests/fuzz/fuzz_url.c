/* Request targets: what was accepted is the same when it is read again, and its path leads nowhere
 * but where it says. */
#include "base/text.h"
#include "http/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_dots(struct span text)
{
    return span_equal(text, SPAN(".")) || span_equal(text, SPAN(".."));
}

static void check_path(struct arena *arena, struct span path)
{
    struct span rest = path, segment;
    while (path_next_segment(&rest, &segment)) {
        struct span decoded = percent_decode(arena, segment);
        struct span parts = decoded;
        ASSERT(decoded.len <= segment.len);
        ASSERT(decoded.len == 0 || !memchr(decoded.at, '\0', decoded.len));
        ASSERT(decoded.len == 0 || !memchr(decoded.at, '\\', decoded.len));
        while (parts.len > 0)
            ASSERT(!is_dots(span_cut(&parts, '/')));
    }
    ASSERT(rest.len == 0 || span_equal(path, SPAN("*")));
}

static void check_query(struct arena *arena, struct span query)
{
    struct span rest = query, name, value;
    while (query_next(&rest, &name, &value)) {
        ASSERT(percent_decode(arena, name).len <= name.len);
        ASSERT(percent_decode(arena, value).len <= value.len);
    }
}

static void check_again(const struct target *first)
{
    struct target second;
    if (!first->origin_form.at)
        return;
    ASSERT(target_parse(first->origin_form, &second) == FAULT_NONE);
    ASSERT(span_equal(first->path, second.path));
    ASSERT(span_equal(first->query, second.query));
    ASSERT(span_equal(first->origin_form, second.origin_form));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span text = {(const char *)data, size};
    struct target target;
    struct arena arena;
    arena_init(&arena, 64 * MIB);
    (void)authority_is_valid(text);
    check_query(&arena, text);
    if (target_parse(text, &target) == FAULT_NONE) {
        ASSERT(!target.authority.at || authority_is_valid(target.authority));
        check_path(&arena, target.path);
        check_query(&arena, target.query);
        check_again(&target);
    }
    arena_clear(&arena);
    return 0;
}
