/* commands.h - THE TABLE of subcommands, and what each row runs, in the file of its name. */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

#include "cli/arguments.h"

/* Rows with the same first word stand together. */
size_t command_count(void);
const struct command *command_at(size_t index);

/* Whether the row is the first with its first word. */
bool command_begins_group(size_t index);

/* The row of one word, or of two; NULL when there is none. */
const struct command *command_find(struct span first, struct span second);

int check_command(const struct arguments *arguments);
int completion_command(const struct arguments *arguments);
int explain_command(const struct arguments *arguments);
int filter_check_command(const struct arguments *arguments);
int filter_test_command(const struct arguments *arguments);
int help_command(const struct arguments *arguments);
int key_check_command(const struct arguments *arguments);
int key_new_command(const struct arguments *arguments);
int key_rotate_command(const struct arguments *arguments);
int purge_command(const struct arguments *arguments);
int reload_command(const struct arguments *arguments);
int routes_command(const struct arguments *arguments);
int run_command(const struct arguments *arguments);
int settings_command(const struct arguments *arguments);
int version_command(const struct arguments *arguments);

#endif
