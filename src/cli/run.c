#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "config/config.h"
#include "worker/process.h"

/* Shown once, to whoever started the gateway: it is the key's only way to its user. */
static void show_first_key(const struct first_key *key)
{
    if (!key->is_new)
        return;
    fprintf(stderr,
            "bpgate: made a gateway key; clients use it as their token:\n\n    %s\n\n"
            "bpgate: it is kept in %s and is not shown again.\n",
            key->text, key->path);
}

static struct snapshot *load(const char *path)
{
    struct config_errors *errors = xcalloc(1, sizeof(*errors));
    struct first_key key = {.is_new = false};
    struct snapshot *snapshot = path ? config_load(path, errors) : config_default(&key, errors);
    config_errors_print(errors, stderr);
    if (snapshot)
        show_first_key(&key);
    free(errors);
    return snapshot;
}

static void append(struct buffer *lines, const char *text)
{
    /* What does not fit is left out: whoever wants all of it asks `bpgate check`. */
    if (buffer_append(lines, span_of(text)) == OK)
        (void)!buffer_append(lines, SPAN("\n"));
}

/* For a reload: owner points to the path. What is wrong is told by whoever asked for it. */
static struct snapshot *load_again(void *owner, struct buffer *lines)
{
    const char *path = *(const char **)owner;
    char line[CONFIG_LINE_SIZE];
    struct config_errors *errors = xcalloc(1, sizeof(*errors));
    struct first_key key = {.is_new = false};
    struct snapshot *snapshot = path ? config_load(path, errors) : config_default(&key, errors);
    for (size_t i = 0; i < errors->count; i++) {
        config_problem_write(errors, i, line);
        append(lines, line);
    }
    if (errors->has_more)
        append(lines, "and more; only the first are shown");
    free(errors);
    return snapshot;
}

int run_command(const struct arguments *arguments)
{
    const char *path = config_choose(arguments_value(arguments, "--config"));
    const struct process_options options = {
        .snapshot = load(path),
        .load = load_again,
        .owner = &path,
    };
    if (!options.snapshot)
        return EXIT_USAGE;
    int status = process_run(&options);
    snapshot_release(options.snapshot);
    return status == 0 ? EXIT_OK : EXIT_FAILED;
}
