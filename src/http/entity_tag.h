/* entity_tag.h - entity tags and lists of them (RFC 9110 §8.8.3). Pure; spans borrow. */
#ifndef HTTP_ENTITY_TAG_H
#define HTTP_ENTITY_TAG_H

#include "base/base.h"

struct entity_tag {
    struct span opaque; /* with its quotes */
    bool is_weak;
};

/* text, all of it, as one tag. */
bool entity_tag_read(struct span text, struct entity_tag *tag);

/* The next tag of a list, which may hold commas. Members that are no tags are passed over; false at
 * the end. */
bool entity_tag_next(struct span *rest, struct entity_tag *tag);

/* §8.8.3.2: strong: neither is weak, and equal; weak: equal. */
bool entity_tag_equal_strong(const struct entity_tag *a, const struct entity_tag *b);
bool entity_tag_equal_weak(const struct entity_tag *a, const struct entity_tag *b);

#endif
