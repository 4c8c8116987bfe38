/* field_lines.h - a header list out of lines of text, without a head and its parser. */
#ifndef SUPPORT_FIELD_LINES_H
#define SUPPORT_FIELD_LINES_H

#include "base/text.h"
#include "http/header_list.h"

enum { FIELD_LINES_MAX = 64 };

struct field_lines {
    struct header room[FIELD_LINES_MAX];
    struct header_list list;
};

/* text: "Name: value" lines, separated by '\n'; borrowed. Those without a name and those beyond the
 * room are left out. */
static inline const struct header_list *field_lines_read(struct field_lines *lines,
                                                         struct span text)
{
    lines->list = (struct header_list){.at = lines->room, .cap = FIELD_LINES_MAX};
    while (text.len > 0) {
        struct span value = span_cut(&text, '\n');
        struct span name = span_cut(&value, ':');
        if (name.len > 0)
            (void)header_list_add(&lines->list, name, span_trim(value));
    }
    return &lines->list;
}

#endif
