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
};

void header_list_init(struct header_list *list, struct arena *arena, size_t cap);

/* Appends; false when the list is full. */
bool header_list_add(struct header_list *list, struct span name, struct span value);

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
