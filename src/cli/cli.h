/* cli.h - the program's subcommands: one table, and finding a row by its name. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

/* What the process exits with. A wrong configuration is a failure like any other. */
enum exit_code { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

struct command {
    const char *name;
    int (*run)(int argc, char **argv); /* argv[0] is the command's name; returns the exit code */
    const char *help;                  /* one line */
    const char *usage;
};

/* Runs the command that argv[1] names. */
int cli_main(int argc, char **argv);

#endif
