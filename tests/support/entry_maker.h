/* entry_maker.h - cache entries out of a key and lines of fields. Header only. */
#ifndef SUPPORT_ENTRY_MAKER_H
#define SUPPORT_ENTRY_MAKER_H

#include "cache/cache_entry.h"
#include "support/field_lines.h"

/* lines: "Name: value\n…". The body is body_len times 'x'. One reference. */
static inline struct cache_entry *entry_make(struct span key, struct span lines, size_t body_len)
{
    static const struct cache_facts facts = {.status = 200};
    struct field_lines fields;
    struct cache_entry *entry =
        cache_entry_create(&facts, key, field_lines_read(&fields, lines), SPAN(""), body_len);
    memset(cache_entry_body(entry), 'x', body_len);
    return entry;
}

#endif
