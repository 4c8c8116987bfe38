/* arguments.h - the words behind a subcommand: "--name value", "--name=value", "-N value", "--flag", others. */
#ifndef CLI_ARGUMENTS_H
#define CLI_ARGUMENTS_H

#include "cli/command.h"

enum { ARGUMENTS_MAX_REPEATS = 64 };

struct arguments {
    const struct command *command;           /* borrowed, as the texts are */
    const char *values[COMMAND_MAX_OPTIONS]; /* by the option's place; a flag's is its own name; of
                                                one that may repeat the first */
    struct repeat {
        const struct option *option;
        const char *value;
    } repeats[ARGUMENTS_MAX_REPEATS]; /* all values of those that may, in order */
    size_t repeat_count;
    const char *words[COMMAND_MAX_WORDS]; /* what is no option, in order */
    size_t word_count;
};

/* argv holds what stands behind the command's name. Everything after "--" is a word. False after the
 * error was written to standard error. */
bool arguments_parse(struct arguments *arguments, const struct command *command, int argc,
                     char **argv) MUST_CHECK;

/* NULL when it was not given. The command must have such an option. */
const char *arguments_value(const struct arguments *arguments, const char *option);

/* The values of an option that may repeat, one after another: *at is 0 at first. NULL at the end. */
const char *arguments_next(const struct arguments *arguments, const char *option, size_t *at);

bool arguments_has(const struct arguments *arguments, const char *flag);

#endif
