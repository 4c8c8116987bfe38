#include "admin/explain_head.h"

#include <string.h>

#include <jansson.h>

#include "base/buffer.h"
#include "base/text.h"

enum { HEAD_MAX = 64 * KIB };

static bool is_line(const json_t *value)
{
    return json_is_string(value) && !strpbrk(json_string_value(value), "\r\n") &&
           strlen(json_string_value(value)) == json_string_length(value);
}

static bool append_line(struct buffer *head, const json_t *line)
{
    return is_line(line) && buffer_append(head, span_of(json_string_value(line))) == OK &&
           buffer_append(head, SPAN("\r\n")) == OK;
}

static bool append_head(struct buffer *head, const json_t *root)
{
    const json_t *method = json_object_get(root, "method"),
                 *target = json_object_get(root, "target");
    const json_t *headers = json_object_get(root, "headers");
    bool is_good = is_line(method) && is_line(target) && (!headers || json_is_array(headers)) &&
                   buffer_append(head, span_of(json_string_value(method))) == OK &&
                   buffer_append(head, SPAN(" ")) == OK &&
                   buffer_append(head, span_of(json_string_value(target))) == OK &&
                   buffer_append(head, SPAN(" HTTP/1.1\r\nhost: gateway\r\n")) == OK;
    for (size_t i = 0; i < json_array_size(headers) && is_good; i++)
        is_good = append_line(head, json_array_get(headers, i));
    return is_good && buffer_append(head, SPAN("\r\n")) == OK;
}

struct span explain_head(struct span body, struct arena *arena, struct span *key)
{
    json_t *root = json_loadb(body.at ? body.at : "", body.len, JSON_REJECT_DUPLICATES, NULL);
    struct buffer text;
    buffer_init(&text, HEAD_MAX);
    struct span head = append_head(&text, root) ? arena_copy(arena, buffer_bytes(&text)) : SPAN("");
    *key = arena_copy(arena, span_of(json_string_value(json_object_get(root, "key"))));
    buffer_clear(&text);
    json_decref(root);
    return head;
}
