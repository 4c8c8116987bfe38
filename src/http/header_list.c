#include "http/header_list.h"

#include "base/text.h"

_Static_assert(HEADER_ID_COUNT <= 64, "the ids of one message fit into a word");

void header_list_init(struct header_list *list, struct arena *arena, size_t cap)
{
    *list = (struct header_list){
        .at = arena_alloc(arena, cap * sizeof *list->at), .cap = cap, .absent = UINT64_MAX};
}

struct header_list header_list_copy(const struct header_list *list, struct arena *arena,
                                    size_t spare)
{
    struct header_list copy;
    header_list_init(&copy, arena, list->count + spare);
    if (list->count > 0)
        memcpy(copy.at, list->at, list->count * sizeof *list->at);
    copy.count = list->count;
    copy.absent = list->absent;
    copy.lines = list->lines;
    copy.line_count = list->line_count;
    return copy;
}

static bool append(struct header_list *list, struct header header)
{
    if (list->count == list->cap)
        return false;
    header_list_push(list, header);
    return true;
}

void header_list_push_lines(struct header_list *list, const struct header *fields, size_t count,
                            struct span lines)
{
    ASSERT(list->count == 0 && count <= list->cap);
    if (count > 0)
        memcpy(list->at, fields, count * sizeof *fields);
    for (size_t i = 0; i < count; i++)
        list->absent &= ~(UINT64_C(1) << fields[i].id);
    list->count = count;
    list->lines = lines;
    list->line_count = count;
}

bool header_list_add(struct header_list *list, struct span name, struct span value)
{
    return append(list, (struct header){name, value, header_id_of(name)});
}

bool header_list_add_known(struct header_list *list, enum header_id id, struct span value)
{
    return append(list, (struct header){header_name(id), value, id});
}

static bool is_absent(const struct header_list *list, enum header_id id)
{
    return (list->absent >> id & 1) != 0;
}

const struct header *header_list_find(const struct header_list *list, enum header_id id)
{
    if (is_absent(list, id))
        return NULL;
    for (size_t i = 0; i < list->count; i++) {
        if (list->at[i].id == id)
            return &list->at[i];
    }
    return NULL;
}

const struct header *header_list_find_name(const struct header_list *list, struct span name)
{
    for (size_t i = 0; i < list->count; i++) {
        if (span_equal_nocase(list->at[i].name, name))
            return &list->at[i];
    }
    return NULL;
}

struct span header_list_value(const struct header_list *list, enum header_id id)
{
    const struct header *header = header_list_find(list, id);
    return header ? header->value : SPAN("");
}

size_t header_list_count(const struct header_list *list, enum header_id id)
{
    size_t count = 0;
    for (size_t i = 0; i < list->count && !is_absent(list, id); i++)
        count += list->at[i].id == id;
    return count;
}

static bool has_id(const struct header *header, const void *id)
{
    return header->id == *(const enum header_id *)id;
}

void header_list_remove(struct header_list *list, enum header_id id)
{
    ASSERT(id != HEADER_OTHER);
    if (is_absent(list, id))
        return;
    header_list_remove_if(list, has_id, &id);
    list->absent |= UINT64_C(1) << id;
}

void header_list_remove_if(struct header_list *list,
                           bool (*is_unwanted)(const struct header *header, const void *context),
                           const void *context)
{
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++) {
        if (!is_unwanted(&list->at[i], context))
            list->at[kept++] = list->at[i];
        else if (i < list->line_count)
            list->line_count = 0;
    }
    list->count = kept;
}

static bool has_element(struct span value, struct span wanted)
{
    struct span element;
    while (span_next_element(&value, &element)) {
        if (span_equal_nocase(element, wanted))
            return true;
    }
    return false;
}

bool header_list_has_element(const struct header_list *list, enum header_id id, struct span element)
{
    for (size_t i = 0; i < list->count && !is_absent(list, id); i++) {
        if (list->at[i].id == id && has_element(list->at[i].value, element))
            return true;
    }
    return false;
}

static bool is_hop(const struct header *header, const void *unused)
{
    (void)unused;
    return (header_flags_of(header->id, header->name) & HEADER_HOP) != 0;
}

static bool is_named_by_connection(const struct header *header, const void *list)
{
    return !is_hop(header, NULL) && header_list_has_element(list, HEADER_CONNECTION, header->name);
}

#define HOP_BIT(id, name, first, inner, last, flags)                                               \
    | ((flags)&HEADER_HOP ? UINT64_C(1) << (id) : 0)
static const uint64_t hop_ids = 0 HEADER_NAMES(HOP_BIT);

/* Two passes: the Connection fields must outlast the search for what they name. */
void header_list_remove_hop_by_hop(struct header_list *list)
{
    if ((~list->absent & hop_ids) == 0)
        return;
    if (header_list_find(list, HEADER_CONNECTION))
        header_list_remove_if(list, is_named_by_connection, list);
    header_list_remove_if(list, is_hop, NULL);
}
