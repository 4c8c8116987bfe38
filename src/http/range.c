/* The ranges of conditional.h: reads the Range field and fits it to a length (RFC 9110 §14). */
#include "base/text.h"
#include "http/conditional.h"

/* One range-spec as it was written: first-last, first- or -suffix. */
struct range_spec {
    bool has_first, has_last;
    uint64_t first, last; /* without first: the last so many bytes */
};

/* Digits; what is too large for 64 bits is larger than any body and stays so. */
static bool read_position(struct span text, uint64_t *position)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] < '0' || text.at[i] > '9')
            return false;
    }
    if (!span_to_u64(text, position))
        *position = UINT64_MAX;
    return text.len > 0;
}

/* §14.1.1. No white space inside. */
static bool read_spec(struct span text, struct range_spec *spec)
{
    struct span last = text;
    struct span first = span_cut(&last, '-');
    if (first.len == text.len)
        return false;
    *spec = (struct range_spec){.has_first = first.len > 0, .has_last = last.len > 0};
    if (spec->has_first && !read_position(first, &spec->first))
        return false;
    if (spec->has_last && !read_position(last, &spec->last))
        return false;
    if (spec->has_first && spec->has_last)
        return spec->first <= spec->last;
    return spec->has_first || spec->has_last;
}

/* False when it is not satisfiable (§14.1.2). length is not 0. */
static bool fit(const struct range_spec *spec, uint64_t length, struct byte_range *range)
{
    range->last = length - 1;
    if (!spec->has_first) {
        range->first = spec->last < length ? length - spec->last : 0;
        return spec->last > 0;
    }
    range->first = spec->first;
    if (spec->has_last && spec->last < range->last)
        range->last = spec->last;
    return spec->first < length;
}

static bool overlaps_any(const struct byte_range *range, const struct byte_range *others,
                         size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (range->first <= others[i].last && others[i].first <= range->last)
            return true;
    }
    return false;
}

/* The specs behind "bytes="; false when the field is to be ignored. */
static bool read_set(struct span set, uint64_t length, struct byte_range ranges[RANGES_MAX],
                     size_t *count)
{
    struct span element;
    size_t specs = 0;
    for (; span_next_element(&set, &element); specs++) {
        struct range_spec spec;
        struct byte_range range;
        if (specs == RANGES_MAX || !read_spec(element, &spec))
            return false;
        if (!fit(&spec, length, &range))
            continue;
        if (overlaps_any(&range, ranges, *count))
            return false;
        ranges[(*count)++] = range;
    }
    return specs > 0;
}

/* §14.2: the unit in any case (§14.1), one field. */
static bool take_unit(const struct header_list *request, struct span *set)
{
    *set = header_list_value(request, HEADER_RANGE);
    size_t len = set->len;
    struct span unit = span_cut(set, '=');
    return header_list_count(request, HEADER_RANGE) == 1 && unit.len < len &&
           span_equal_nocase(unit, SPAN("bytes"));
}

enum range_result range_resolve(const struct header_list *request, const struct validators *stored,
                                uint64_t length, struct byte_range ranges[RANGES_MAX],
                                size_t *count)
{
    struct span set;
    *count = 0;
    if (length == 0) /* any part of it is all of it */
        return RANGE_NONE;
    if (!take_unit(request, &set) || !conditional_range_is_current(request, stored))
        return RANGE_NONE;
    if (!read_set(set, length, ranges, count)) {
        *count = 0;
        return RANGE_NONE;
    }
    if (*count == 0)
        return RANGE_UNSATISFIABLE;
    return *count == 1 ? RANGE_ONE : RANGE_MANY;
}
