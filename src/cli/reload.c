#include <stdio.h>

#include <jansson.h>

#include "base/text.h"
#include "cli/admin_client.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/output.h"

enum { ARENA_LIMIT = 16 * MIB };

/* Lines with a place begin with it, as editors want it, and as `bpgate check` writes them. */
static void show(const json_t *lines)
{
    size_t at;
    const json_t *line;
    json_array_foreach(lines, at, line) fprintf(stderr, "%s\n", json_string_value(line));
}

static int tell(const struct admin_reply *reply)
{
    json_error_t error;
    json_t *body = json_loadb(reply->body.at, reply->body.len, 0, &error);
    const json_t *is_reloaded = json_object_get(body, "reloaded");
    const char *message = json_string_value(json_object_get(body, "message"));
    int code = EXIT_FAILED;
    if (json_is_true(is_reloaded)) {
        show(json_object_get(body, "notes"));
        puts("reloaded");
        code = EXIT_OK;
    } else if (json_is_false(is_reloaded)) {
        show(json_object_get(body, "problems"));
        output_error("nothing was reloaded: the gateway goes on with the settings that it has");
        code = EXIT_USAGE;
    } else {
        output_error("the gateway answered %u: %s", reply->status,
                     message ? message : "what answers is no admin listener of bpgate");
    }
    json_decref(body);
    return code;
}

int reload_command(const struct arguments *arguments)
{
    struct arena arena;
    struct admin_target target;
    struct admin_reply reply;
    arena_init(&arena, ARENA_LIMIT);
    int code = admin_target_find(arguments, &arena, &target);
    if (code == EXIT_OK)
        code =
            admin_post(&target, "/reload", SPAN("{}"), &arena, &reply) ? tell(&reply) : EXIT_FAILED;
    arena_clear(&arena);
    return code;
}
