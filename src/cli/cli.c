#include "cli/cli.h"

#include <stdio.h>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/help.h"
#include "cli/output.h"

static bool asks_for_help(int argc, char **argv)
{
    for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return true;
    }
    return false;
}

static struct span name_of(const char *word)
{
    static const struct {
        const char *flag, *command;
    } flags[] = {{"--help", "help"}, {"-h", "help"}, {"--version", "version"}, {"-V", "version"}};
    for (size_t i = 0; i < COUNT_OF(flags); i++) {
        if (strcmp(word, flags[i].flag) == 0)
            return span_of(flags[i].command);
    }
    return span_of(word);
}

/* argv[0] is the first word of the command. */
static int run_named(int argc, char **argv)
{
    struct arguments arguments;
    struct span first = name_of(argv[0]), second = span_of(argc > 1 ? argv[1] : NULL);
    const struct command *command = command_find(first, second);
    bool wants_help = asks_for_help(argc - 1, argv + 1);
    if (!command && wants_help && help_write_group(stdout, first))
        return EXIT_OK;
    if (!command) {
        help_refuse_unknown(first, second);
        return EXIT_USAGE;
    }
    if (wants_help) {
        help_write_command(stdout, command);
        return EXIT_OK;
    }
    int words = command_second(command).len > 0 ? 2 : 1;
    if (!arguments_parse(&arguments, command, argc - words, argv + words))
        return EXIT_USAGE;
    return command->run(&arguments);
}

int cli_main(int argc, char **argv)
{
    if (argc < 2) {
        help_write_overview(stderr);
        return EXIT_USAGE;
    }
    int code = run_named(argc - 1, argv + 1);
    /* A full disk must not look like success to a script, also when it was full before the last bytes. */
    bool is_cut = fflush(stdout) != 0 || ferror(stdout);
    if (is_cut && code == EXIT_OK) {
        output_error("standard output could not be written");
        return EXIT_FAILED;
    }
    return code;
}
