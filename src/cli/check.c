#include <stdio.h>

#include "cli/arguments.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "config/config.h"

static const char *plural(size_t count)
{
    return count == 1 ? "" : "s";
}

static void write_summary(const char *path, const struct snapshot_options *options)
{
    size_t listeners = options->listen_count, profiles = options->profile_count;
    size_t keys = options->key_count;
    printf("ok: %s: %zu listener%s, %zu profile%s, %zu key%s, upstream %s://%.*s\n", path,
           listeners, plural(listeners), profiles, plural(profiles), keys, plural(keys),
           options->upstream.is_tls ? "https" : "http", (int)options->upstream.authority.len,
           options->upstream.authority.at);
}

int check_command(int argc, char **argv)
{
    const char *given = NULL;
    const struct option_row options[] = {{.name = "--config", .value = &given}};
    const struct arguments arguments = {.options = options, .option_count = COUNT_OF(options)};
    if (!arguments_parse(argc, argv, &arguments))
        return EXIT_USAGE;
    const char *path = config_choose(given);
    if (!path) {
        output_error("there is no %s; name a file with --config", CONFIG_DEFAULT_PATH);
        return EXIT_FAILED;
    }
    struct config_errors errors;
    struct snapshot *snapshot = config_load(path, &errors);
    config_errors_print(&errors, stderr);
    if (snapshot)
        write_summary(path, &snapshot->options);
    else
        output_error("%zu error%s in %s", errors.errors, plural(errors.errors), path);
    int code = snapshot ? EXIT_OK : EXIT_FAILED;
    snapshot_release(snapshot);
    return code;
}
