#include "admin/explain_head.h"

#include <string.h>

#include <jansson.h>

#include "base/buffer.h"
#include "base/text.h"
#include "gateway/head_up.h"
#include "http/parser.h"

enum { HEAD_MAX = 64 * KIB, HEADERS_MAX = 100, LONGEST_HEAD = 32 * KIB, LONGEST_LINE = 8 * KIB };

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

static struct span word_of(const json_t *root, const char *name, struct arena *arena)
{
    return arena_copy(arena, span_of(json_string_value(json_object_get(root, name))));
}

struct span explain_head(struct span body, struct arena *arena, struct explain_words *words)
{
    json_t *root = json_loadb(body.at ? body.at : "", body.len, JSON_REJECT_DUPLICATES, NULL);
    struct buffer text;
    buffer_init(&text, HEAD_MAX);
    struct span head = append_head(&text, root) ? arena_copy(arena, buffer_bytes(&text)) : SPAN("");
    words->key = word_of(root, "key", arena);
    words->address = word_of(root, "address", arena);
    buffer_clear(&text);
    json_decref(root);
    return head;
}

enum http_fault explain_head_parse(struct span head, struct arena *arena, struct request **request)
{
    static const struct head_limits limits = {LONGEST_HEAD, LONGEST_LINE, HEADERS_MAX};
    const struct parser_limits parser = {.header_count = HEADERS_MAX, .spare = HEAD_UP_SPARE};
    struct head_check check = {0};
    *request = arena_zalloc(arena, sizeof(**request));
    if (head.len > 0 && head_check(&check, HEAD_REQUEST, head, &limits) == HEAD_COMPLETE)
        return parse_request(head, &parser, arena, *request);
    return check.fault != FAULT_NONE ? check.fault : FAULT_START_LINE;
}
