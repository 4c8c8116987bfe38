/* commands.h - the subcommands that answer and end, each in the file of its name. */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

int check_command(int argc, char **argv);
int key_command(int argc, char **argv);
int routes_command(int argc, char **argv);
int settings_command(int argc, char **argv);
int version_command(int argc, char **argv);

#endif
