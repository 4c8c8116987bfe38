#include "admin/explain_head.h"

#include <string.h>

#include <jansson.h>

#include "base/text.h"

static bool is_line(const json_t *value)
{
    return json_is_string(value) && !strpbrk(json_string_value(value), "\r\n") &&
           strlen(json_string_value(value)) == json_string_length(value);
}

static struct span head_of(const json_t *root, struct arena *arena)
{
    const json_t *method = json_object_get(root, "method"),
                 *target = json_object_get(root, "target");
    const json_t *headers = json_object_get(root, "headers");
    if (!is_line(method) || !is_line(target) || (headers && !json_is_array(headers)))
        return SPAN("");
    struct span head = arena_format(arena, "%s %s HTTP/1.1\r\nhost: gateway\r\n",
                                    json_string_value(method), json_string_value(target));
    for (size_t i = 0; i < json_array_size(headers); i++) {
        const json_t *line = json_array_get(headers, i);
        if (!is_line(line))
            return SPAN("");
        head = arena_format(arena, "%.*s%s\r\n", (int)head.len, head.at, json_string_value(line));
    }
    return arena_format(arena, "%.*s\r\n", (int)head.len, head.at);
}

struct span explain_head(struct span body, struct arena *arena, struct span *key)
{
    json_t *root = json_loadb(body.at ? body.at : "", body.len, JSON_REJECT_DUPLICATES, NULL);
    struct span head = head_of(root, arena);
    *key = arena_copy(arena, span_of(json_string_value(json_object_get(root, "key"))));
    json_decref(root);
    return head;
}
