#include "script/json_edit.h"

#include <stdlib.h>

#include "base/text.h"
#include "script/json_scan.h"

struct editing {
    const struct json_edit *edit;
    struct json_scan scan;
    struct buffer *out;
    size_t copied; /* of the text, up to here it is in out */
    size_t *count;
    struct span names[JSON_DEPTH_MAX]; /* of the members on the way, one a level of objects; as they
                                          are meant */
    size_t name_count;
    uint64_t has_name;           /* a bit a level: it is an object's */
    char *scratch;               /* as long as the text; NULL until needed */
    size_t ends[JSON_DEPTH_MAX]; /* of the names in scratch, one behind the other */
    struct buffer meaning;
};

bool json_path_parse(struct span text, struct json_path *path)
{
    *path = (struct json_path){.is_anywhere = !memchr(text.at, '.', text.len)};
    if (span_starts_with(text, SPAN(".")))
        text = span_skip(text, 1);
    while (text.len > 0 && path->count < JSON_PATH_NAMES_MAX) {
        bool is_last = !memchr(text.at, '.', text.len);
        struct span name = span_cut(&text, '.');
        if (name.len == 0 || (!is_last && text.len == 0))
            return false;
        path->names[path->count++] = name;
    }
    return path->count > 0 && text.len == 0;
}

static char *scratch_of(struct editing *editing)
{
    if (!editing->scratch)
        editing->scratch = xmalloc(editing->scan.text.len + 1);
    return editing->scratch;
}

/* Where scratch is free: behind the names of so many levels. */
static size_t free_from(const struct editing *editing, size_t levels)
{
    return levels > 0 ? editing->ends[levels - 1] : 0;
}

/* Names may be spelled with escapes, and mean the same. That is settled here, once: all elements of a list
 * are asked for the name of their list. All that is in scratch is from other places of the text, so it fits. */
static void take_name(struct editing *editing, struct span token)
{
    size_t level = editing->name_count - 1, from = free_from(editing, level);
    editing->names[level] = token;
    editing->ends[level] = from;
    if (!memchr(token.at, '\\', token.len))
        return;
    char *bytes = scratch_of(editing) + from;
    editing->names[level] = (struct span){bytes, json_unescape(token, bytes)};
    editing->ends[level] = from + editing->names[level].len;
}

static bool is_path(const struct editing *editing, const struct json_path *path)
{
    size_t count = editing->name_count;
    if (path->is_anywhere)
        return span_equal(editing->names[count - 1], path->names[0]);
    if (path->count != count)
        return false;
    for (size_t i = count; i-- > 0;) {
        if (!span_equal(path->names[i], SPAN("*")) &&
            !span_equal(editing->names[i], path->names[i]))
            return false;
    }
    return true;
}

static bool is_wanted(const struct editing *editing)
{
    for (size_t i = 0; i < editing->edit->path_count && editing->name_count > 0; i++) {
        if (is_path(editing, &editing->edit->paths[i]))
            return true;
    }
    return false;
}

/* What the text has between what was copied and from; then goes on at to. */
static enum status copy_up_to(struct editing *editing, size_t from, size_t to)
{
    struct span bytes = {editing->scan.text.at + editing->copied, from - editing->copied};
    editing->copied = to;
    return buffer_append(editing->out, bytes);
}

static enum status replace(struct editing *editing, size_t from, enum json_token first)
{
    const struct json_edit *edit = editing->edit;
    size_t inside = editing->scan.at;
    if (!json_scan_skip(&editing->scan, first))
        return ERR_SYNTAX;
    bool is_empty = editing->scan.at == inside + 1 || editing->scan.token.len == 0 ||
                    (first == TOKEN_NUMBER && span_equal(editing->scan.token, SPAN("0")));
    if (first == TOKEN_TRUE || first == TOKEN_FALSE || first == TOKEN_NULL || is_empty)
        return OK;
    (*editing->count)++;
    enum status status = copy_up_to(editing, from, editing->scan.at);
    if (status != OK)
        return status;
    if (first == TOKEN_STRING)
        return json_append_string(editing->out, edit->replacement);
    return buffer_append(editing->out, first == TOKEN_OBJECT  ? SPAN("{}")
                                       : first == TOKEN_ARRAY ? SPAN("[]")
                                                              : SPAN("0"));
}

static enum status rewrite(struct editing *editing, size_t from)
{
    struct span token = editing->scan.token, meaning = token;
    if (memchr(token.at, '\\', token.len)) {
        char *bytes = scratch_of(editing) + free_from(editing, editing->name_count);
        meaning = (struct span){bytes, json_unescape(token, bytes)};
    }
    editing->meaning.len = 0;
    if (!editing->edit->rewrite(editing->edit->owner, meaning, &editing->meaning))
        return OK;
    (*editing->count)++;
    enum status status = copy_up_to(editing, from, editing->scan.at);
    return status == OK ? json_append_string(editing->out, buffer_bytes(&editing->meaning))
                        : status;
}

static enum status take_value(struct editing *editing, enum json_token token)
{
    const struct json_scan *scan = &editing->scan;
    size_t from = (size_t)(scan->token.at - scan->text.at) - (token == TOKEN_STRING);
    if (is_wanted(editing))
        return replace(editing, from, token);
    if (token == TOKEN_STRING && editing->edit->rewrite)
        return rewrite(editing, from);
    return OK;
}

/* Levels of arrays have no name: their elements stand at the path of the array. */
static void enter(struct editing *editing, bool is_object)
{
    uint64_t bit = UINT64_C(1) << (editing->scan.depth - 1);
    editing->has_name = is_object ? editing->has_name | bit : editing->has_name & ~bit;
    if (!is_object)
        return;
    editing->name_count++;
    take_name(editing, SPAN(""));
}

static void leave(struct editing *editing)
{
    if (editing->has_name >> editing->scan.depth & 1)
        editing->name_count--;
}

static enum status walk(struct editing *editing)
{
    struct json_scan *scan = &editing->scan;
    for (;;) {
        enum json_token token = json_scan_next(scan);
        unsigned depth = scan->depth;
        enum status status = OK;
        switch (token) {
        case TOKEN_END:
            return copy_up_to(editing, scan->text.len, scan->text.len);
        case TOKEN_BAD:
            return ERR_SYNTAX;
        case TOKEN_NAME:
            take_name(editing, scan->token);
            continue;
        case TOKEN_OBJECT_END:
        case TOKEN_ARRAY_END:
            leave(editing);
            continue;
        default:
            status = take_value(editing, token);
            break;
        }
        if (status != OK)
            return status;
        if ((token == TOKEN_OBJECT || token == TOKEN_ARRAY) && scan->depth == depth)
            enter(editing, token == TOKEN_OBJECT);
    }
}

enum status json_edit(struct span text, const struct json_edit *edit, struct buffer *out,
                      size_t *count)
{
    struct editing editing = {.edit = edit, .out = out, .count = count};
    *count = 0;
    buffer_init(&editing.meaning, out->limit);
    json_scan_init(&editing.scan, text);
    enum status status = walk(&editing);
    free(editing.scratch);
    buffer_clear(&editing.meaning);
    return status;
}
