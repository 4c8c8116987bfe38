#include "http/known_fields.h"

#include <stdlib.h>

#include "base/text.h"

/* What a connection may keep between its requests. */
enum { BYTES_MAX = 1 * KIB, COUNT_MAX = 24 };

static bool is_inside(struct span part, struct span whole)
{
    return part.at >= whole.at && part.at + part.len <= whole.at + whole.len;
}

static bool are_inside(const struct header_list *headers, struct span whole)
{
    for (size_t i = 0; i < headers->count; i++) {
        if (!is_inside(headers->at[i].value, whole))
            return false;
    }
    return true;
}

/* Where a part of one text is in a copy of it. */
static struct span moved(struct span part, struct span from, struct span to)
{
    return (struct span){to.at + (part.at - from.at), part.len};
}

/* The same fields of a copy of their bytes. */
static void move_all(struct header *to, const struct header_list *list, struct span from_bytes,
                     struct span to_bytes)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct header *from = &list->at[i];
        to[i] = (struct header){.name = moved(from->name, from_bytes, to_bytes),
                                .value = moved(from->value, from_bytes, to_bytes),
                                .id = from->id};
    }
}

struct known_fields *known_fields_new(struct span fields, const struct head_limits *limits,
                                      const struct request *request)
{
    const struct header_list *headers = &request->headers;
    if (fields.len > BYTES_MAX || headers->count > COUNT_MAX || !are_inside(headers, fields))
        return NULL;
    size_t array_size = headers->count * sizeof *headers->at;
    struct known_fields *known = xmalloc(sizeof(*known) + array_size + fields.len);
    struct header *array = (struct header *)(known + 1);
    char *bytes = (char *)array + array_size;
    memcpy(bytes, fields.at, fields.len);
    *known = (struct known_fields){
        .passed = {.bytes = {bytes, fields.len}, .count = headers->count, .limits = *limits},
        .version = request->version,
        .headers = {.at = array, .count = headers->count, .absent = headers->absent},
        .framing = request->framing,
        .keep_alive = request->keep_alive,
        .expects_continue = request->expects_continue,
    };
    move_all(array, headers, fields, known->passed.bytes);
    return known;
}

bool known_fields_recall(const struct known_fields *known, struct span fields, size_t spare,
                         struct arena *arena, struct request *request)
{
    if (!known || known->version != request->version || !span_equal(known->passed.bytes, fields))
        return false;
    struct header_list *list = &request->headers;
    header_list_init(list, arena, known->headers.count + spare);
    move_all(list->at, &known->headers, known->passed.bytes, fields);
    list->count = known->headers.count;
    list->absent = known->headers.absent;
    request->host = header_list_value(list, HEADER_HOST);
    request->framing = known->framing;
    request->keep_alive = known->keep_alive;
    request->expects_continue = known->expects_continue;
    return true;
}

void field_memory_note(struct field_memory *memory, bool was_known, struct span fields,
                       const struct head_limits *limits, const struct request *request)
{
    memory->strange = was_known ? 0 : memory->strange + 1;
    if (memory->strange < 2 || (memory->strange & (memory->strange - 1)) != 0)
        return;
    free(memory->known);
    memory->known = known_fields_new(fields, limits, request);
}

void field_memory_clear(struct field_memory *memory)
{
    free(memory->known);
    memory->known = NULL;
}
