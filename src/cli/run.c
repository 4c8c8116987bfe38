#include <stdio.h>
#include <stdlib.h>

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

int run_command(const struct arguments *arguments)
{
    struct snapshot *snapshot = load(config_choose(arguments_value(arguments, "--config")));
    if (!snapshot)
        return EXIT_USAGE;
    int status = process_run(snapshot);
    snapshot_release(snapshot);
    return status == 0 ? EXIT_OK : EXIT_FAILED;
}
