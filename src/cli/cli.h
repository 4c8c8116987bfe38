/* cli.h - the program's subcommands: the one that argv names is found and run. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

/* What the process exits with. FAILED may go well the next time; USAGE will not before somebody has
 * changed the command line or the settings, so that a supervisor need not try again. */
enum exit_code { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

/* Runs the command that argv[1] names. */
int cli_main(int argc, char **argv);

#endif
