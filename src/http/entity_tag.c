#include "http/entity_tag.h"

#include "base/text.h"
#include "http/byte_class.h"

/* etagc: also bytes above ASCII, no space, no quote; a backslash escapes nothing (RFC 9110 §8.8.3). */
static bool is_tag_char(char c)
{
    return byte_is(c, BYTE_FIELD) && c != ' ' && c != '\t' && c != '"';
}

/* A tag at the beginning of *rest, which then is what follows it. */
static bool take_tag(struct span *rest, struct entity_tag *tag)
{
    struct span text = *rest;
    bool is_weak = span_starts_with(text, SPAN("W/")); /* in this case only */
    if (is_weak)
        text = span_skip(text, 2);
    if (text.len == 0 || text.at[0] != '"')
        return false;
    size_t len = 1;
    while (len < text.len && is_tag_char(text.at[len]))
        len++;
    if (len == text.len || text.at[len] != '"')
        return false;
    *tag = (struct entity_tag){{text.at, len + 1}, is_weak};
    *rest = span_skip(text, len + 1);
    return true;
}

bool entity_tag_read(struct span text, struct entity_tag *tag)
{
    return take_tag(&text, tag) && text.len == 0;
}

/* A tag that ends elsewhere than at a comma is none. Linear: a scan for a closing quote stops at the
 * next quote, and only a quote begins one. */
bool entity_tag_next(struct span *rest, struct entity_tag *tag)
{
    *rest = span_trim(*rest);
    while (rest->len > 0) {
        bool is_tag = take_tag(rest, tag);
        struct span behind = span_trim(span_cut(rest, ','));
        if (is_tag && behind.len == 0)
            return true;
        while (rest->len > 0 && (rest->at[0] == ' ' || rest->at[0] == '\t'))
            *rest = span_skip(*rest, 1);
    }
    return false;
}

bool entity_tag_equal_strong(const struct entity_tag *a, const struct entity_tag *b)
{
    return !a->is_weak && !b->is_weak && span_equal(a->opaque, b->opaque);
}

bool entity_tag_equal_weak(const struct entity_tag *a, const struct entity_tag *b)
{
    return span_equal(a->opaque, b->opaque);
}
