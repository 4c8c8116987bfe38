#include "http/conditional.h"

#include "base/text.h"
#include "http/date.h"
#include "http/entity_tag.h"

typedef bool (*tag_equal)(const struct entity_tag *a, const struct entity_tag *b);

static bool has(const struct header_list *request, enum header_id id)
{
    return header_list_find(request, id) != NULL;
}

/* "*" stands alone (RFC 9110 §13.1.1). */
static bool is_any(const struct header_list *request, enum header_id id)
{
    return header_list_count(request, id) == 1 &&
           span_equal(header_list_value(request, id), SPAN("*"));
}

static bool line_has_tag(struct span line, const struct entity_tag *wanted, tag_equal equal)
{
    struct entity_tag tag;
    while (entity_tag_next(&line, &tag)) {
        if (equal(&tag, wanted))
            return true;
    }
    return false;
}

/* Whether any of the listed tags, or "*", is that of the stored representation. */
static bool matches(const struct header_list *request, enum header_id id,
                    const struct validators *stored, tag_equal equal)
{
    struct entity_tag own;
    if (is_any(request, id))
        return true;
    if (!entity_tag_read(stored->etag, &own))
        return false;
    for (size_t i = 0; i < request->count; i++) {
        const struct header *header = &request->at[i];
        if (header->id == id && line_has_tag(header->value, &own, equal))
            return true;
    }
    return false;
}

/* False when there is no such field, several, or one that is no date: all of them are ignored
 * (§13.1.3, §13.1.4). The stored date is now enough to tell the century of two digits. */
static bool read_date(const struct header_list *request, enum header_id id,
                      const struct validators *stored, int64_t *seconds)
{
    uint64_t now = stored->date_s > 0 ? (uint64_t)stored->date_s : 0, date;
    if (header_list_count(request, id) != 1 ||
        !http_date_read(header_list_value(request, id), now, &date))
        return false;
    *seconds = (int64_t)date;
    return true;
}

/* §13.2.2 steps 1 and 2. */
static bool is_as_expected(const struct header_list *request, const struct validators *stored)
{
    int64_t date;
    if (has(request, HEADER_IF_MATCH))
        return matches(request, HEADER_IF_MATCH, stored, entity_tag_equal_strong);
    return !stored->has_last_modified ||
           !read_date(request, HEADER_IF_UNMODIFIED_SINCE, stored, &date) ||
           stored->last_modified_s <= date;
}

/* §13.2.2 steps 3 and 4. */
static bool is_known(const struct header_list *request, const struct validators *stored)
{
    int64_t date;
    int64_t modified = stored->has_last_modified ? stored->last_modified_s : stored->date_s;
    if (has(request, HEADER_IF_NONE_MATCH))
        return matches(request, HEADER_IF_NONE_MATCH, stored, entity_tag_equal_weak);
    return read_date(request, HEADER_IF_MODIFIED_SINCE, stored, &date) && modified <= date;
}

enum condition_result conditional_evaluate(const struct header_list *request,
                                           const struct validators *stored)
{
    if (!is_as_expected(request, stored))
        return CONDITION_FAILED;
    return is_known(request, stored) ? CONDITION_NOT_MODIFIED : CONDITION_PASS;
}

bool conditional_is_for_origin(const struct header_list *request)
{
    return has(request, HEADER_IF_MATCH) || has(request, HEADER_IF_UNMODIFIED_SINCE);
}

bool conditional_is_conditional(const struct header_list *request)
{
    return conditional_is_for_origin(request) || has(request, HEADER_IF_NONE_MATCH) ||
           has(request, HEADER_IF_MODIFIED_SINCE) || has(request, HEADER_IF_RANGE);
}

/* A date of a second in which nothing can have changed any more (§8.8.2.2). */
static bool is_strong_date(const struct validators *stored)
{
    return stored->has_last_modified && stored->last_modified_s < stored->date_s;
}

bool conditional_range_is_current(const struct header_list *request,
                                  const struct validators *stored)
{
    struct entity_tag asked, own;
    int64_t date;
    if (!has(request, HEADER_IF_RANGE))
        return true;
    if (header_list_count(request, HEADER_IF_RANGE) > 1)
        return false;
    if (entity_tag_read(header_list_value(request, HEADER_IF_RANGE), &asked))
        return entity_tag_read(stored->etag, &own) && entity_tag_equal_strong(&asked, &own);
    return is_strong_date(stored) && read_date(request, HEADER_IF_RANGE, stored, &date) &&
           date == stored->last_modified_s;
}
