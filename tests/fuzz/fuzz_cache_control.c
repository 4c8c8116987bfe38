/* fuzz_cache_control.c - directives in both forms. The input is field lines.
 *
 * Lines say the same as one line of them all; what was read, written again, is read the same. */
#include <stdio.h>

#include "base/buffer.h"
#include "base/text.h"
#include "http/byte_class.h"
#include "http/cache_control.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LINES = 16, LIMIT = 4 * MIB };

struct form {
    struct header room[LINES];
    struct header_list list;
    struct cache_control control;
    bool is_there;
};

static const struct span name = SPAN_INIT("cdn-cache-control");

static void put(struct buffer *out, struct span text)
{
    ASSERT(buffer_append(out, text) == OK);
}

static void add(struct form *form, struct span line)
{
    struct header header = {name, span_trim(line), HEADER_CDN_CACHE_CONTROL};
    if (form->list.count < LINES)
        form->room[form->list.count++] = header;
}

static void read_form(struct form *form, bool is_targeted)
{
    if (is_targeted) {
        form->is_there = targeted_cache_control_parse(&form->list, name, &form->control);
        ASSERT(form->is_there == form->control.is_present);
        return;
    }
    cache_control_parse(&form->list, HEADER_CDN_CACHE_CONTROL, &form->control);
    form->is_there = form->control.is_present;
}

static void assert_same_seconds(struct seconds a, struct seconds b)
{
    ASSERT(a.is_set == b.is_set && a.seconds == b.seconds);
}

static void assert_same(const struct cache_control *a, const struct cache_control *b)
{
    ASSERT(a->no_store == b->no_store && a->no_cache == b->no_cache);
    ASSERT(a->is_private == b->is_private && a->is_public == b->is_public);
    ASSERT(a->must_revalidate == b->must_revalidate && a->no_transform == b->no_transform);
    ASSERT(a->proxy_revalidate == b->proxy_revalidate && a->immutable == b->immutable);
    ASSERT(a->must_understand == b->must_understand && a->only_if_cached == b->only_if_cached);
    ASSERT(a->has_max_stale == b->has_max_stale && a->is_present == b->is_present);
    assert_same_seconds(a->max_age, b->max_age);
    assert_same_seconds(a->s_maxage, b->s_maxage);
    assert_same_seconds(a->stale_while_revalidate, b->stale_while_revalidate);
    assert_same_seconds(a->stale_if_error, b->stale_if_error);
    assert_same_seconds(a->max_stale, b->max_stale);
    assert_same_seconds(a->min_fresh, b->min_fresh);
    ASSERT(span_equal(a->no_cache_fields, b->no_cache_fields));
    ASSERT(span_equal(a->private_fields, b->private_fields));
}

static void check_fields(bool flag, struct span fields)
{
    struct span rest = fields, field;
    ASSERT(flag || fields.len == 0);
    while (span_next_element(&rest, &field))
        ASSERT(is_token(field));
}

static void check(const struct cache_control *control)
{
    ASSERT(control->max_age.seconds <= DELTA_SECONDS_MAX);
    ASSERT(control->has_max_stale || !control->max_stale.is_set);
    check_fields(control->no_cache, control->no_cache_fields);
    check_fields(control->is_private, control->private_fields);
}

static void write_flag(struct buffer *out, bool flag, struct span text)
{
    if (flag)
        put(out, text);
}

static void write_seconds(struct buffer *out, struct seconds seconds, struct span text)
{
    char digits[16];
    if (!seconds.is_set)
        return;
    put(out, text);
    int len = snprintf(digits, sizeof digits, "=%u", seconds.seconds);
    put(out, (struct span){digits, (size_t)len});
}

static void write_fields(struct buffer *out, bool flag, struct span fields, struct span text)
{
    write_flag(out, flag, text);
    if (fields.len == 0)
        return;
    put(out, SPAN("=\""));
    put(out, fields);
    put(out, SPAN("\""));
}

static void write(struct buffer *out, const struct cache_control *control)
{
    put(out, SPAN("present"));
    write_flag(out, control->no_store, SPAN(", no-store"));
    write_fields(out, control->no_cache, control->no_cache_fields, SPAN(", no-cache"));
    write_fields(out, control->is_private, control->private_fields, SPAN(", private"));
    write_flag(out, control->is_public, SPAN(", public"));
    write_flag(out, control->must_revalidate, SPAN(", must-revalidate"));
    write_flag(out, control->proxy_revalidate, SPAN(", proxy-revalidate"));
    write_flag(out, control->must_understand, SPAN(", must-understand"));
    write_flag(out, control->no_transform, SPAN(", no-transform"));
    write_flag(out, control->immutable, SPAN(", immutable"));
    write_flag(out, control->only_if_cached, SPAN(", only-if-cached"));
    write_flag(out, control->has_max_stale && !control->max_stale.is_set, SPAN(", max-stale"));
    write_seconds(out, control->max_stale, SPAN(", max-stale"));
    write_seconds(out, control->min_fresh, SPAN(", min-fresh"));
    write_seconds(out, control->max_age, SPAN(", max-age"));
    write_seconds(out, control->s_maxage, SPAN(", s-maxage"));
    write_seconds(out, control->stale_if_error, SPAN(", stale-if-error"));
    write_seconds(out, control->stale_while_revalidate, SPAN(", stale-while-revalidate"));
}

static void check_written_again(const struct cache_control *control, bool is_targeted)
{
    struct form again = {.list = {.at = again.room}};
    struct buffer text;
    buffer_init(&text, LIMIT);
    write(&text, control);
    add(&again, buffer_bytes(&text));
    read_form(&again, is_targeted);
    assert_same(control, &again.control);
    buffer_clear(&text);
}

/* Whether every quote is closed on this line, however it is read. */
static bool has_clear_quotes(struct span line)
{
    size_t quotes = 0;
    for (size_t i = 0; i < line.len; i++) {
        if (line.at[i] == '\\')
            return false;
        quotes += line.at[i] == '"';
    }
    return quotes % 2 == 0;
}

static void run(struct span text, bool is_targeted)
{
    struct form lines = {.list = {.at = lines.room}}, joined = {.list = {.at = joined.room}};
    struct buffer line;
    bool is_clear = true;
    buffer_init(&line, LIMIT);
    while (text.len > 0 && lines.list.count < LINES) {
        struct span next = span_cut(&text, '\n');
        is_clear = is_clear && has_clear_quotes(next);
        if (lines.list.count > 0)
            put(&line, SPAN(","));
        put(&line, span_trim(next));
        add(&lines, next);
    }
    add(&joined, buffer_bytes(&line));
    read_form(&lines, is_targeted);
    read_form(&joined, is_targeted);
    check(&lines.control);
    if (is_clear && (lines.is_there || !is_targeted))
        assert_same(&lines.control, &joined.control);
    ASSERT(!is_targeted || !lines.is_there || joined.is_there);
    if (lines.is_there)
        check_written_again(&lines.control, is_targeted);
    buffer_clear(&line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span text = {(const char *)data, size};
    uint32_t seconds;
    run(text, false);
    run(text, true);
    ASSERT(!delta_seconds_read(text, &seconds) || seconds <= DELTA_SECONDS_MAX);
    return 0;
}
