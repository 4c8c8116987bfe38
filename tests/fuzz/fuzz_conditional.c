/* fuzz_conditional.c - conditions and ranges of a stored response.
 *
 * The first line says what is stored ("etag length last-modified date"); the rest is the request's
 * fields. */
#include <stdio.h>

#include "http/conditional.h"
#include "http/entity_tag.h"
#include "support/field_lines.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LONGEST_SET = 512 };

static uint64_t number_of(struct span text)
{
    uint64_t number = 0;
    (void)span_to_u64(text, &number);
    return number;
}

static void check_conditions(struct field_lines *lines, const struct validators *stored)
{
    const struct header_list *request = &lines->list;
    struct entity_tag tag;
    enum condition_result result = conditional_evaluate(request, stored);
    ASSERT(result == CONDITION_PASS || conditional_is_conditional(request));
    ASSERT(result != CONDITION_FAILED || conditional_is_for_origin(request));
    ASSERT(!conditional_is_for_origin(request) || conditional_is_conditional(request));
    if (!entity_tag_read(stored->etag, &tag) ||
        !header_list_add_known(&lines->list, HEADER_IF_NONE_MATCH, stored->etag))
        return;
    /* Who also names what is stored has it. */
    enum condition_result named = conditional_evaluate(request, stored);
    ASSERT(named == (result == CONDITION_FAILED ? CONDITION_FAILED : CONDITION_NOT_MODIFIED));
    lines->list.count--;
}

static void check_ranges(const struct byte_range *ranges, size_t count, uint64_t length)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        ASSERT(ranges[i].first <= ranges[i].last && ranges[i].last < length);
        for (size_t j = 0; j < i; j++)
            ASSERT(ranges[i].last < ranges[j].first || ranges[j].last < ranges[i].first);
        sum += ranges[i].last - ranges[i].first + 1;
    }
    ASSERT(sum <= length);
}

/* Written in their plainest form the ranges are the same. */
static void check_again(const struct byte_range *ranges, size_t count, uint64_t length,
                        enum range_result result)
{
    char text[LONGEST_SET] = "bytes=";
    size_t len = strlen(text);
    for (size_t i = 0; i < count; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "%llu-%llu,",
                                (unsigned long long)ranges[i].first,
                                (unsigned long long)ranges[i].last);
    struct header room = {SPAN("range"), {text, len}, HEADER_RANGE};
    struct header_list request = {.at = &room, .count = 1, .cap = 1};
    struct validators nothing = {.etag = SPAN("")};
    struct byte_range again[RANGES_MAX];
    size_t again_count;
    ASSERT(range_resolve(&request, &nothing, length, again, &again_count) == result);
    ASSERT(again_count == count && memcmp(ranges, again, count * sizeof *ranges) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span text = {(const char *)data, size};
    struct span line = span_cut(&text, '\n');
    struct validators stored = {.etag = span_cut(&line, ' ')};
    uint64_t length = number_of(span_cut(&line, ' '));
    struct span modified = span_cut(&line, ' ');
    stored.has_last_modified = modified.len > 0;
    stored.last_modified_s = (int64_t)number_of(modified);
    stored.date_s = (int64_t)number_of(line);

    struct field_lines lines;
    struct byte_range ranges[RANGES_MAX];
    size_t count;
    const struct header_list *request = field_lines_read(&lines, text);
    check_conditions(&lines, &stored);
    enum range_result result = range_resolve(request, &stored, length, ranges, &count);
    ASSERT((result == RANGE_ONE) == (count == 1) && (result == RANGE_MANY) == (count > 1));
    ASSERT(result == RANGE_NONE || conditional_range_is_current(request, &stored));
    check_ranges(ranges, count, length);
    if (count > 0)
        check_again(ranges, count, length, result);
    return 0;
}
