/* run.h - `bpgate run`: serves until a signal ends it. */
#ifndef CLI_RUN_H
#define CLI_RUN_H

int run_command(int argc, char **argv);

#endif
