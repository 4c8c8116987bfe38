#include <stdio.h>
#include <stdlib.h>

#include <jansson.h>

#include "base/text.h"
#include "cli/admin_client.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/output.h"

enum { ARENA_LIMIT = 16 * MIB, GOOD = 200 };

/* The body, to be freed; or NULL, and the error written. */
static char *body_of(const struct arguments *arguments)
{
    const char *key = arguments_value(arguments, "--key"), *line;
    json_t *headers = json_array();
    size_t at = 0;
    bool is_good = true;
    while ((line = arguments_next(arguments, "--header", &at)))
        is_good &= json_array_append_new(headers, json_string(line)) == 0;
    json_t *body = json_pack("{s:s, s:s, s:o, s:s*}", "method", arguments->words[0], "target",
                             arguments->words[1], "headers", headers, "key", key);
    char *text = body && is_good ? json_dumps(body, JSON_COMPACT) : NULL;
    json_decref(body);
    if (!text)
        output_error("explain takes UTF-8 only");
    return text;
}

/* A member a line; what is deeper stands behind it as JSON. */
static void show(json_t *reply)
{
    const char *name;
    json_t *value;
    json_object_foreach(reply, name, value)
    {
        char *text =
            json_is_string(value) ? NULL : json_dumps(value, JSON_ENCODE_ANY | JSON_INDENT(2));
        printf("%-10s %s\n", name, text ? text : json_string_value(value));
        free(text);
    }
}

static int tell(const struct admin_reply *reply, bool is_json)
{
    json_t *body = json_loadb(reply->body.at, reply->body.len, 0, NULL);
    const char *message = json_string_value(json_object_get(body, "message"));
    bool is_good = body && reply->status == GOOD;
    if (!is_good)
        output_error("the gateway answered %u: %s", reply->status,
                     message ? message : "what answers is no admin listener of bpgate");
    else if (is_json)
        printf("%.*s\n", (int)reply->body.len, reply->body.at);
    else
        show(body);
    json_decref(body);
    return is_good ? EXIT_OK : EXIT_USAGE;
}

int explain_command(const struct arguments *arguments)
{
    struct arena arena;
    struct admin_target target;
    struct admin_reply reply;
    if (arguments->word_count != 2) {
        output_error("explain needs METHOD and PATH; see `bpgate help explain`");
        return EXIT_USAGE;
    }
    char *body = body_of(arguments);
    if (!body)
        return EXIT_USAGE;
    arena_init(&arena, ARENA_LIMIT);
    int code = admin_target_find(arguments, &arena, &target);
    if (code == EXIT_OK)
        code = admin_post(&target, "/explain", span_of(body), &arena, &reply)
                   ? tell(&reply, arguments_has(arguments, "--json"))
                   : EXIT_FAILED;
    arena_clear(&arena);
    free(body);
    return code;
}
