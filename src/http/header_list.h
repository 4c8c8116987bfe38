/* header_list.h - the fields of one message, in order, as spans.
 *
 * The array is the arena's, made once for the bound of the message; names and values are borrowed
 * from the head's bytes or from that arena. Removing keeps the order of the rest.
 */
#ifndef HTTP_HEADER_LIST_H
#define HTTP_HEADER_LIST_H

#include "base/arena.h"
#include "http/header_names.h"

struct header {
    struct span name;  /* as it was spelled */
    struct span value; /* trimmed */
    enum header_id id;
};

struct header_list {
    struct header *at; /* the arena's */
    size_t count, cap;
    uint64_t absent; /* ids that are certainly not there, a bit each: as most that are asked for */
    struct span lines; /* the first line_count of them as they stand in a head: see push_lines */
    size_t line_count;
};

void header_list_init(struct header_list *list, struct arena *arena, size_t cap);

/* A copy with room for some more. */
struct header_list header_list_copy(const struct header_list *list, struct arena *arena,
                                    size_t spare);

/* Appends; false when the list is full. The name may be a known one. */
bool header_list_add(struct header_list *list, struct span name, struct span value);

/* Appends one whose id is known, for which there is room. */
static inline void header_list_push(struct header_list *list, struct header header)
{
    ASSERT(list->count < list->cap);
    list->at[list->count++] = header;
    list->absent &= ~(UINT64_C(1) << header.id);
}

/* The first of an empty list, for which there is room, of a message that was kept: lines, "name: value\r\n" one
 * behind the other, is what is written in their place while none of them is removed. Their values stay as they
 * are, they were looked at, and none is about a connection or framing. */
void header_list_push_lines(struct header_list *list, const struct header *fields, size_t count,
                            struct span lines);

/* Appends a known name in its lower-case spelling. */
bool header_list_add_known(struct header_list *list, enum header_id id, struct span value);

/* The first field with this id or name, or NULL. */
const struct header *header_list_find(const struct header_list *list, enum header_id id);
const struct header *header_list_find_name(const struct header_list *list, struct span name);

/* The value of the first field with this id; len 0 without one. */
struct span header_list_value(const struct header_list *list, enum header_id id);

/* How often a known field occurs. */
size_t header_list_count(const struct header_list *list, enum header_id id);

/* Removes all with this id (not HEADER_OTHER), or all that the question answers true for. */
void header_list_remove(struct header_list *list, enum header_id id);
void header_list_remove_if(struct header_list *list,
                           bool (*is_unwanted)(const struct header *header, const void *context),
                           const void *context);

/* Whether a comma-separated field has this element, in any case (Connection: close). */
bool header_list_has_element(const struct header_list *list, enum header_id id,
                             struct span element);

/* Removes what belongs to one connection: the HEADER_HOP rows and every field that a Connection
 * field names (RFC 9110 §7.6.1). Run before anything is injected: what the caller lists can then
 * not strip it. */
void header_list_remove_hop_by_hop(struct header_list *list);

#endif
