#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/text.h"
#include "cli/admin_client.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/explain_alone.h"
#include "cli/explain_show.h"
#include "cli/output.h"
#include "config/config.h"

enum { ARENA_LIMIT = 16 * MIB, GOOD = 200 };

/* The body, to be freed; or NULL, and the error written. */
static char *body_of(const struct arguments *arguments)
{
    const char *line;
    json_t *headers = json_array();
    size_t at = 0;
    bool is_good = true;
    while ((line = arguments_next(arguments, "--header", &at)))
        is_good &= json_array_append_new(headers, json_string(line)) == 0;
    json_t *body = json_pack("{s:s, s:s, s:o, s:s*, s:s*}", "method", arguments->words[0], "target",
                             arguments->words[1], "headers", headers, "key",
                             arguments_value(arguments, "--key"), "address",
                             arguments_value(arguments, "--address"));
    char *text = body && is_good ? json_dumps(body, JSON_COMPACT) : NULL;
    json_decref(body);
    if (!text)
        output_error("explain takes UTF-8 only");
    return text;
}

static int tell(struct span answer, bool is_json)
{
    json_t *told = is_json ? NULL : json_loadb(answer.at, answer.len, 0, NULL);
    if (told)
        explain_show(stdout, told);
    else
        printf("%.*s\n", (int)answer.len, answer.at);
    json_decref(told);
    return EXIT_OK;
}

static int tell_reply(const struct admin_reply *reply, bool is_json)
{
    if (reply->status == GOOD)
        return tell(reply->body, is_json);
    json_t *body = json_loadb(reply->body.at, reply->body.len, 0, NULL);
    const char *message = json_string_value(json_object_get(body, "message"));
    output_error("the gateway answered %u: %s", reply->status,
                 message ? message : "what answers is no admin listener of bpgate");
    json_decref(body);
    return EXIT_USAGE;
}

/* The gateway that was named: without it there is nothing to be told of. */
static int ask_named(const struct arguments *arguments, struct span body, struct arena *arena)
{
    struct admin_target target;
    struct admin_reply reply;
    int code = admin_target_find(arguments, arena, &target);
    if (code != EXIT_OK)
        return code;
    return admin_post(&target, "/explain", body, arena, &reply)
               ? tell_reply(&reply, arguments_has(arguments, "--json"))
               : EXIT_FAILED;
}

/* The gateway of the settings, or in its absence the settings themselves. */
static int ask_or_read(const struct arguments *arguments, const char *path,
                       struct snapshot *snapshot, struct span body, struct arena *arena)
{
    struct admin_target target;
    struct admin_reply reply;
    char why[ADMIN_ERROR_SIZE], error[EXPLAIN_ERROR_SIZE];
    bool is_json = arguments_has(arguments, "--json");
    if (admin_target_of(path, &snapshot->options, arguments_value(arguments, "--token-from"), arena,
                        &target, why) &&
        admin_ask(&target, "/explain", body, arena, &reply, why))
        return tell_reply(&reply, is_json);
    struct span answer = explain_alone(snapshot, body, why, arena, error);
    if (answer.at)
        return tell(answer, is_json);
    output_error("%s", error);
    return EXIT_USAGE;
}

static int ask(const struct arguments *arguments, struct span body, struct arena *arena)
{
    const char *path = config_choose(arguments_value(arguments, "--config"));
    if (arguments_value(arguments, "--admin") || !path)
        return ask_named(arguments, body, arena);
    struct config_errors *errors = xcalloc(1, sizeof(*errors));
    struct snapshot *snapshot = config_read(path, errors);
    int code = EXIT_USAGE;
    if (snapshot)
        code = ask_or_read(arguments, path, snapshot, body, arena);
    else
        config_errors_print(errors, stderr);
    snapshot_release(snapshot);
    free(errors);
    return code;
}

/* As it is sent: a blank would end it. */
static bool is_path(const char *path)
{
    bool is_good = path[0] == '/' && !strpbrk(path, " \t\r\n");
    if (!is_good)
        output_error("PATH must begin with / and hold no blanks (%%20), as in /v1/chat/users?id=1");
    return is_good;
}

int explain_command(const struct arguments *arguments)
{
    struct arena arena;
    if (arguments->word_count != 2) {
        output_error("explain needs METHOD and PATH; see `bpgate help explain`");
        return EXIT_USAGE;
    }
    if (!is_path(arguments->words[1]))
        return EXIT_USAGE;
    char *body = body_of(arguments);
    if (!body)
        return EXIT_USAGE;
    arena_init(&arena, ARENA_LIMIT);
    int code = ask(arguments, span_of(body), &arena);
    arena_clear(&arena);
    free(body);
    return code;
}
