/* completion.h - what the shells need to complete a command line, out of the table of subcommands. */
#ifndef CLI_COMPLETION_H
#define CLI_COMPLETION_H

#include <stdio.h>

void completion_write_bash(FILE *file);
void completion_write_zsh(FILE *file);
void completion_write_fish(FILE *file);

#endif
