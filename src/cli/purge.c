#include <stdio.h>
#include <stdlib.h>

#include <jansson.h>

#include "base/text.h"
#include "cli/admin_client.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/output.h"

enum { ARENA_LIMIT = 16 * MIB, BODY_MAX = 64 * KIB /* the gateway takes no more */ };
enum { GOOD = 200, FIRST_REFUSED = 400, FIRST_FAILED = 500 };

/* An option and the member of the body that its values are. */
static const struct {
    const char *option, *member, *one, *many;
} lists[] = {{"--tag", "tags", "tag", "tags"},
             {"--url", "urls", "URL", "URLs"},
             {"--operation", "operations", "operation", "operations"}};

static bool names_something(const struct arguments *arguments)
{
    bool is_named = arguments_has(arguments, "--all");
    for (size_t i = 0; i < COUNT_OF(lists); i++)
        is_named |= arguments_has(arguments, lists[i].option);
    if (!is_named)
        output_error("purge needs --tag, --url, --operation or --all; see `bpgate help purge`");
    return is_named;
}

/* The body, to be freed; or NULL, and the error written. */
static char *body_of(const struct arguments *arguments)
{
    /* Not json_object(): base/json_writer has a function of that name too. */
    json_t *body = json_pack("{s:b, s:b}", "all", arguments_has(arguments, "--all"), "hard",
                             arguments_has(arguments, "--hard"));
    bool is_good = true;
    for (size_t i = 0; i < COUNT_OF(lists); i++) {
        json_t *list = json_array();
        const char *value;
        size_t at = 0;
        while ((value = arguments_next(arguments, lists[i].option, &at)))
            is_good &= json_array_append_new(list, json_string(value)) == 0;
        is_good &= json_object_set_new(body, lists[i].member, list) == 0;
    }
    char *text = is_good ? json_dumps(body, JSON_COMPACT) : NULL;
    json_decref(body);
    if (!text)
        output_error("purge takes tags, URLs and operations in UTF-8 only");
    if (!text || strlen(text) <= BODY_MAX)
        return text;
    output_error("that is more than the 64 KiB that the gateway takes at once; purge in parts");
    free(text);
    return NULL;
}

static void show(const json_t *reply)
{
    const json_t *purged = json_object_get(reply, "purged");
    const char *joint = "purged: ";
    if (json_is_true(json_object_get(purged, "all"))) {
        printf("%severything", joint);
        joint = ", ";
    }
    for (size_t i = 0; i < COUNT_OF(lists); i++) {
        json_int_t count = json_integer_value(json_object_get(purged, lists[i].member));
        if (count == 0)
            continue;
        printf("%s%lld %s", joint, (long long)count, count == 1 ? lists[i].one : lists[i].many);
        joint = ", ";
    }
    puts(json_is_true(json_object_get(reply, "hard"))
             ? "; it is validated before it is given again, always"
             : "; it is validated before it is given again, and still helps while the upstream "
               "fails");
}

/* A refusal will not go well before somebody has changed the command line or the settings. */
static int tell(const struct admin_reply *reply)
{
    json_error_t error;
    json_t *body = json_loadb(reply->body.at, reply->body.len, 0, &error);
    const char *message = json_string_value(json_object_get(body, "message"));
    bool is_purged = reply->status == GOOD && json_object_get(body, "purged");
    if (is_purged)
        show(body);
    else
        output_error("the gateway answered %u: %s", reply->status,
                     message ? message : "what answers is no admin listener of bpgate");
    json_decref(body);
    if (is_purged)
        return EXIT_OK;
    return reply->status >= FIRST_REFUSED && reply->status < FIRST_FAILED ? EXIT_USAGE
                                                                          : EXIT_FAILED;
}

int purge_command(const struct arguments *arguments)
{
    struct arena arena;
    struct admin_target target;
    struct admin_reply reply;
    if (!names_something(arguments))
        return EXIT_USAGE;
    char *body = body_of(arguments);
    if (!body)
        return EXIT_USAGE;
    arena_init(&arena, ARENA_LIMIT);
    int code = admin_target_find(arguments, &arena, &target);
    if (code == EXIT_OK)
        code = admin_post(&target, "/cache/purge", span_of(body), &arena, &reply) ? tell(&reply)
                                                                                  : EXIT_FAILED;
    arena_clear(&arena);
    free(body);
    return code;
}
