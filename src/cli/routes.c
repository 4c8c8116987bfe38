#include <stdio.h>

#include "base/json_writer.h"
#include "base/text.h"
#include "botpress/route_catalogue.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/output.h"

enum { COLUMNS = 7, ROWS_LIMIT = MIB, OBJECT_SIZE = 4 * KIB };

struct bit_name {
    unsigned bit;
    const char *name;
};

static const struct bit_name needs[] = {
    {OP_NEEDS_BOT, "x-bot-id"},
    {OP_NEEDS_WORKSPACE, "x-workspace-id"},
};

static const struct bit_name flags[] = {
    {OP_READS, "reads"},   {OP_IDEMPOTENT, "idempotent"},         {OP_MINTS, "mints"},
    {OP_PUBLIC, "public"}, {OP_NAMES_BOT_IN_BODY, "bot-in-body"}, {OP_STREAMS, "streams"},
    {OP_FORMER, "former"},
};

static struct span deadline_name(enum deadline_class deadline)
{
    static const char *const names[DEADLINE_CLASS_COUNT] = {
        [DEADLINE_NORMAL] = "normal",
        [DEADLINE_DEPLOY] = "deploy",
        [DEADLINE_COGNITIVE] = "cognitive",
        [DEADLINE_STREAM] = "stream",
    };
    return span_of(names[deadline]);
}

static struct span method_name(enum method method)
{
    static const char *const names[] = {
        [METHOD_OTHER] = "",        [METHOD_GET] = "GET",         [METHOD_HEAD] = "HEAD",
        [METHOD_POST] = "POST",     [METHOD_PUT] = "PUT",         [METHOD_PATCH] = "PATCH",
        [METHOD_DELETE] = "DELETE", [METHOD_OPTIONS] = "OPTIONS",
    };
    return span_of(names[method]);
}

static struct span join_bits(struct arena *arena, const struct bit_name *names, size_t count,
                             unsigned bits)
{
    struct span joined = {"", 0};
    for (size_t i = 0; i < count; i++) {
        if (bits & names[i].bit)
            joined = arena_format(arena, "%.*s%s%s", (int)joined.len, joined.at,
                                  joined.len > 0 ? "," : "", names[i].name);
    }
    return joined;
}

static void fill_row(struct arena *arena, struct span row[COLUMNS],
                     const struct operation *operation)
{
    const struct span cells[COLUMNS] = {
        method_name(operation->method),
        operation->pattern,
        operation->name,
        service_name(operation->service),
        cache_class_name(operation->cache),
        join_bits(arena, needs, COUNT_OF(needs), operation->flags),
        join_bits(arena, flags, COUNT_OF(flags), operation->flags),
    };
    for (size_t i = 0; i < COLUMNS; i++)
        row[i] = cells[i];
}

static bool is_wanted(const struct operation *operation, const char *service)
{
    return !service || span_equal(service_name(operation->service), span_of(service));
}

static void write_table(const char *service)
{
    const struct span head[COLUMNS] = {SPAN("METHOD"),  SPAN("PATH"),  SPAN("OPERATION"),
                                       SPAN("SERVICE"), SPAN("CACHE"), SPAN("NEEDS"),
                                       SPAN("FLAGS")};
    struct arena arena;
    arena_init(&arena, ROWS_LIMIT);
    struct span *cells = arena_alloc(&arena, (operation_count() + 1) * sizeof(head));
    size_t rows = 1;
    memcpy(cells, head, sizeof(head));
    for (size_t i = 0; i < operation_count(); i++) {
        if (is_wanted(operation_at(i), service))
            fill_row(&arena, cells + COLUMNS * rows++, operation_at(i));
    }
    const struct text_table table = {cells, COLUMNS, rows};
    output_table(stdout, &table);
    arena_clear(&arena);
}

static void add_bits(struct json_writer *json, struct span name, const struct bit_name *names,
                     size_t count, unsigned bits)
{
    json_array_in(json, name);
    for (size_t i = 0; i < count; i++) {
        if (bits & names[i].bit)
            json_element(json, span_of(names[i].name));
    }
    json_close(json);
}

static struct span object_of(const struct operation *operation, char text[OBJECT_SIZE])
{
    struct json_writer json;
    json_init(&json, text, OBJECT_SIZE);
    json_object(&json);
    json_text(&json, SPAN("method"), method_name(operation->method));
    json_text(&json, SPAN("path"), operation->pattern);
    json_text(&json, SPAN("name"), operation->name);
    json_text(&json, SPAN("service"), service_name(operation->service));
    if (operation->cache == CACHE_NEVER)
        json_null(&json, SPAN("cache"));
    else
        json_text(&json, SPAN("cache"), cache_class_name(operation->cache));
    json_text(&json, SPAN("deadline"), deadline_name(operation->deadline));
    add_bits(&json, SPAN("needs"), needs, COUNT_OF(needs), operation->flags);
    add_bits(&json, SPAN("flags"), flags, COUNT_OF(flags), operation->flags);
    json_close(&json);
    return json_finish(&json);
}

/* An array, an operation on each line. */
static void write_json(const char *service)
{
    char text[OBJECT_SIZE];
    bool is_first = true;
    fputs("[", stdout);
    for (size_t i = 0; i < operation_count(); i++) {
        if (!is_wanted(operation_at(i), service))
            continue;
        struct span object = object_of(operation_at(i), text);
        printf("%s\n%.*s", is_first ? "" : ",", (int)object.len, object.at);
        is_first = false;
    }
    fputs("\n]\n", stdout);
}

int routes_command(const struct arguments *arguments)
{
    const char *service = arguments_value(arguments, "--service");
    if (arguments_has(arguments, "--json"))
        write_json(service);
    else
        write_table(service);
    return EXIT_OK;
}
