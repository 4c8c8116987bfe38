/* arguments.h - the options of a subcommand: "--name value", "--name=value", "--flag". */
#ifndef CLI_ARGUMENTS_H
#define CLI_ARGUMENTS_H

#include "base/base.h"

struct option_row {
    const char *name;   /* with its dashes */
    const char **value; /* set to the text behind it; NULL: it is a flag */
    bool *flag;
};

struct arguments {
    const struct option_row *options;
    size_t option_count;
    const char **words; /* set to what is no option, in order */
    size_t most_words;
};

/* argv[0] is the command's name. Everything after "--" is a word. False after the error was written
 * to standard error. */
bool arguments_parse(int argc, char **argv, const struct arguments *arguments) MUST_CHECK;

#endif
