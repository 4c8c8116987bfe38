#include "admin/purge.h"

#include <stdlib.h>

#include <jansson.h>

#include "base/text.h"
#include "gateway/cache_tags.h"
#include "gateway/local_answer.h"
#include "gateway/operation_list.h"
#include "http/url.h"

enum { TEXT_MAX = 8 * KIB, LIST_ARENA_LIMIT = MIB };

/* One body being read. */
struct reader {
    struct arena *arena; /* borrowed */
    struct purge *purge;
    uint16_t *slots;   /* room for all that the body can name */
    struct span fault; /* what is wrong with it; the first thing */
};

static bool fail(struct reader *reader, struct span fault)
{
    reader->fault = fault;
    return false;
}

static void add_slot(struct reader *reader, struct span prefix, struct span text)
{
    reader->slots[reader->purge->slot_count++] = cache_tags_slot(prefix, text);
}

/* --- One text of each list --- */

static bool take_tag(struct reader *reader, struct span tag)
{
    add_slot(reader, SPAN(""), tag);
    reader->purge->tags++;
    return true;
}

static bool take_url(struct reader *reader, struct span url)
{
    struct target target;
    if (target_parse(url, &target) != FAULT_NONE || target.origin_form.len == 0 ||
        target.origin_form.at[0] != '/') {
        struct span shown = quoted(reader->arena, url);
        return fail(reader, arena_format(reader->arena,
                                         "\"%.*s\" in urls is no URL: write path and query, as in "
                                         "/v1/admin/hub/integrations?limit=5.",
                                         (int)shown.len, shown.at));
    }
    add_slot(reader, SPAN("url:"), target.origin_form);
    reader->purge->urls++;
    return true;
}

/* --- The lists --- */

static bool is_text(const json_t *value)
{
    size_t len = json_string_length(value);
    return json_is_string(value) && len > 0 && len <= TEXT_MAX;
}

static struct span text_of(const json_t *value)
{
    return (struct span){json_string_value(value), json_string_length(value)};
}

static bool is_list(struct reader *reader, const char *name, const json_t *list)
{
    bool is_good = json_is_array(list);
    for (size_t i = 0; is_good && i < json_array_size(list); i++)
        is_good = is_text(json_array_get(list, i));
    return is_good || fail(reader, arena_format(reader->arena,
                                                "%s must be a list of texts, none of them empty or "
                                                "longer than %d bytes.",
                                                name, TEXT_MAX));
}

static bool take_tags(struct reader *reader, const json_t *list)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (!take_tag(reader, text_of(json_array_get(list, i))))
            return false;
    }
    return true;
}

static bool take_urls(struct reader *reader, const json_t *list)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (!take_url(reader, text_of(json_array_get(list, i))))
            return false;
    }
    return true;
}

static bool take_operations(struct reader *reader, const json_t *list)
{
    size_t count = json_array_size(list);
    struct span *names = xcalloc(count, sizeof(*names));
    struct scope scope;
    struct scope_error error;
    struct arena operations;
    for (size_t i = 0; i < count; i++)
        names[i] = text_of(json_array_get(list, i));
    arena_init(&operations, LIST_ARENA_LIMIT);
    enum status status =
        scope_compile(&scope, names, count, operation_list(&operations), operation_count(), &error);
    arena_clear(&operations);
    free(names);
    if (status != OK)
        return fail(reader, arena_format(reader->arena, "operations: %s", error.text));
    for (size_t i = 0; i < operation_count(); i++) {
        if (!scope_allows(&scope, i))
            continue;
        add_slot(reader, SPAN("op:"), operation_at(i)->name);
        reader->purge->operations++;
    }
    return true;
}

/* --- The body --- */

static const struct {
    const char *name;
    bool (*take)(struct reader *reader, const json_t *list);
} lists[] = {{"tags", take_tags}, {"urls", take_urls}, {"operations", take_operations}};

static bool take_flag(struct reader *reader, const char *name, const json_t *value, bool *flag)
{
    if (!json_is_boolean(value))
        return fail(reader, arena_format(reader->arena, "%s must be true or false.", name));
    *flag = json_is_true(value);
    return true;
}

static bool take_member(struct reader *reader, const char *name, const json_t *value)
{
    for (size_t i = 0; i < COUNT_OF(lists); i++) {
        if (strcmp(name, lists[i].name) == 0)
            return is_list(reader, name, value) && lists[i].take(reader, value);
    }
    if (strcmp(name, "all") == 0)
        return take_flag(reader, name, value, &reader->purge->is_all);
    if (strcmp(name, "hard") == 0)
        return take_flag(reader, name, value, &reader->purge->is_hard);
    struct span shown = quoted(reader->arena, span_of(name));
    return fail(reader, arena_format(reader->arena,
                                     "\"%.*s\" is no member of a purge; there are tags, urls, "
                                     "operations, all and hard.",
                                     (int)shown.len, shown.at));
}

/* A slot for each text, and one for each operation, of which one text may name all. */
static size_t count_texts(const json_t *root)
{
    size_t count = operation_count();
    for (size_t i = 0; i < COUNT_OF(lists); i++)
        count += json_array_size(json_object_get(root, lists[i].name));
    return count;
}

static void take_root(struct reader *reader, json_t *root)
{
    const char *name;
    json_t *value;
    struct purge *purge = reader->purge;
    if (!json_is_object(root)) {
        reader->fault = SPAN("The body must be a JSON object such as {\"tags\": [\"bot:b1\"]}.");
        return;
    }
    reader->slots = arena_alloc(reader->arena, count_texts(root) * sizeof(*reader->slots));
    purge->slots = reader->slots;
    json_object_foreach(root, name, value)
    {
        if (!take_member(reader, name, value))
            return;
    }
    if (purge->slot_count == 0 && !purge->is_all)
        reader->fault = SPAN("The body names nothing to purge: write tags, urls, operations, or "
                             "\"all\": true.");
}

struct span purge_read(struct span body, struct arena *arena, struct purge *purge)
{
    json_error_t error;
    struct reader reader = {.arena = arena, .purge = purge};
    *purge = (struct purge){0};
    if (body.len == 0)
        return SPAN("The body is empty: send JSON such as {\"tags\": [\"bot:b1\"]}.");
    json_t *root = json_loadb(body.at, body.len, JSON_REJECT_DUPLICATES, &error);
    if (!root)
        return arena_format(arena, "The body is not valid JSON: line %d, column %d: %s.",
                            error.line, error.column, error.text);
    take_root(&reader, root);
    json_decref(root);
    return reader.fault;
}
