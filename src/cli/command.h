/* command.h - a subcommand as data.
 *
 * Parsing, help and the shells' completion all come from the one table of such rows (commands.h).
 * Never changes; any thread.
 */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include "base/base.h"

enum { COMMAND_MAX_OPTIONS = 8, COMMAND_MAX_WORDS = 2 };

struct arguments;

struct option {
    const char *name;  /* with its dashes */
    char letter;       /* 'H': -H is another name of it; 0: it has none */
    const char *value; /* what stands behind it: FILE is completed as a file; NULL: it is a flag */
    const char *choices; /* all values that there are, "bash|zsh|fish"; NULL: any */
    bool is_needed;
    bool may_repeat;  /* each time with another value */
    const char *help; /* a line */
};

struct command {
    const char *name;                              /* a word, or two: "key new" */
    int (*run)(const struct arguments *arguments); /* returns the exit code */
    const char *summary;                           /* a line */
    const char *word;    /* what is no option, as the help calls it; NULL: there is none */
    const char *choices; /* of the word; NULL: any */
    size_t most_words;
    bool is_word_needed;
    const struct option *options;
    size_t option_count;
    const char *about; /* lines of at most 80 characters */
};

/* The two words of its name; the second is empty when there is one. */
struct span command_first(const struct command *command);
struct span command_second(const struct command *command);

#endif
