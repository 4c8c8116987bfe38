#include <stdio.h>

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

int check_command(const struct arguments *arguments)
{
    const char *path = config_choose(arguments_value(arguments, "--config"));
    if (!path) {
        output_error("there is no %s; name another settings file with --config FILE",
                     CONFIG_DEFAULT_PATH);
        return EXIT_USAGE;
    }
    struct config_errors errors;
    struct snapshot *snapshot = config_load(path, &errors);
    config_errors_print(&errors, stderr);
    if (snapshot)
        write_summary(path, &snapshot->options);
    else
        output_error("%zu error%s%s in %s", errors.errors, plural(errors.errors),
                     config_errors_are_full(&errors) ? " or more" : "", path);
    int code = snapshot ? EXIT_OK : EXIT_USAGE;
    snapshot_release(snapshot);
    return code;
}
