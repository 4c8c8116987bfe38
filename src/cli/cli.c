#include "cli/cli.h"

#include <stdio.h>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/run.h"
#include "config/config.h"
#include "config/nearest.h"

static int help_command(int argc, char **argv);

static const struct command commands[] = {
    {"run", run_command, "serve, until SIGTERM or SIGINT",
     "usage: bpgate run [--config FILE]\n"
     "\n"
     "Serves with the settings of FILE (default " CONFIG_DEFAULT_PATH "). Without a file,\n"
     "BOTPRESS_TOKEN is enough: it listens on 127.0.0.1:8080, and one key is made and shown.\n"
     "SIGHUP reads the file again; when it is wrong, the old settings stay.\n"},
    {"check", check_command, "look for everything that is wrong with a configuration",
     "usage: bpgate check [--config FILE]\n"
     "\n"
     "Reads FILE (default " CONFIG_DEFAULT_PATH ") as run would, the tokens and certificates that\n"
     "it names included, and tells all problems, each with its line and column.\n"},
    {"routes", routes_command, "list the operations of the Botpress API",
     "usage: bpgate routes [--service NAME] [--json]\n"
     "\n"
     "--service  only those of runtime, admin, hub, files, tables, billing or cognitive\n"
     "--json     one array of objects\n"},
    {"key", key_command, "make or check a gateway key",
     "usage: bpgate key new --name NAME --profile PROFILE [--operations LIST] [--expires DATE]\n"
     "                      [--json]\n"
     "       bpgate key check KEY|- [--config FILE]\n"
     "\n"
     "new shows a key, once, and the entry to paste under `keys:` of the configuration.\n"
     "--operations  what it may call, with commas: read,createMessage; default: all\n"
     "--expires     2027-01-31 (its first moment in UTC) or 2027-01-31T12:00:00Z\n"
     "--json        {\"key\": …, \"entry\": …}\n"
     "\n"
     "check tells whether a key is well-formed and, with a configuration, whose it is; - reads it\n"
     "from standard input. It never shows the secret.\n"},
    {"settings", settings_command, "print the reference of all settings",
     "usage: bpgate settings [--markdown]\n"},
    {"version", version_command, "print the version, and those of the libraries",
     "usage: bpgate version\n"},
    {"help", help_command, "explain a command", "usage: bpgate help [COMMAND]\n"},
};

static const struct command *find_command(struct span name)
{
    for (size_t i = 0; i < COUNT_OF(commands); i++) {
        if (span_equal(name, span_of(commands[i].name)))
            return &commands[i];
    }
    return NULL;
}

static int refuse_unknown(const char *name)
{
    struct nearest nearest = nearest_to(span_of(name));
    for (size_t i = 0; i < COUNT_OF(commands); i++)
        nearest_consider(&nearest, span_of(commands[i].name));
    if (nearest.best.len > 0)
        output_error("there is no command \"%s\"; did you mean \"%s\"?", name, nearest.best.at);
    else
        output_error("there is no command \"%s\"; `bpgate help` lists them", name);
    return EXIT_USAGE;
}

static void write_overview(FILE *file)
{
    struct emphasis emphasis = output_emphasis(file);
    fprintf(file,
            "bpgate %s - a gateway in front of the Botpress Cloud API\n"
            "\n"
            "usage: bpgate COMMAND [OPTIONS]\n"
            "\n",
            BPGATE_VERSION);
    for (size_t i = 0; i < COUNT_OF(commands); i++)
        fprintf(file, "  %s%-10s%s%s\n", emphasis.on, commands[i].name, emphasis.off,
                commands[i].help);
    fputs(
        "\n"
        "`bpgate help COMMAND` says more. Exit codes: 0 success, 1 failure (a wrong configuration\n"
        "too), 2 wrong usage.\n",
        file);
}

static int help_command(int argc, char **argv)
{
    if (argc > 2) {
        output_error("help takes one command");
        return EXIT_USAGE;
    }
    if (argc < 2) {
        write_overview(stdout);
        return EXIT_OK;
    }
    const struct command *command = find_command(span_of(argv[1]));
    if (!command)
        return refuse_unknown(argv[1]);
    fputs(command->usage, stdout);
    return EXIT_OK;
}

static bool asks_for_help(int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return true;
    }
    return false;
}

static int run_named(int argc, char **argv)
{
    static const struct {
        const char *flag, *command;
    } flags[] = {{"--help", "help"}, {"-h", "help"}, {"--version", "version"}, {"-V", "version"}};
    const char *name = argv[0];
    for (size_t i = 0; i < COUNT_OF(flags); i++) {
        if (strcmp(name, flags[i].flag) == 0)
            name = flags[i].command;
    }
    const struct command *command = find_command(span_of(name));
    if (!command)
        return refuse_unknown(name);
    if (!asks_for_help(argc, argv))
        return command->run(argc, argv);
    fputs(command->usage, stdout);
    return EXIT_OK;
}

int cli_main(int argc, char **argv)
{
    if (argc < 2) {
        write_overview(stderr);
        return EXIT_USAGE;
    }
    int code = run_named(argc - 1, argv + 1);
    /* A full disk must not look like success to a script. */
    if (fflush(stdout) != 0 && code == EXIT_OK) {
        output_error("standard output could not be written");
        return EXIT_FAILED;
    }
    return code;
}
