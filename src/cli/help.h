/* help.h - the help texts, out of the table of subcommands. */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include <stdio.h>

#include "cli/command.h"

/* All commands, a line each. */
void help_write_overview(FILE *file);

/* All that is known of one. */
void help_write_command(FILE *file, const struct command *command);

/* The help of every command whose name begins with the word; false when there is none. */
bool help_write_group(FILE *file, struct span first);

/* Writes that there is no such command, and which may have been meant. */
void help_refuse_unknown(struct span first, struct span second);

#endif
