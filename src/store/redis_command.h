/* redis_command.h - a command as Redis reads it: a list of texts (RESP2). */
#ifndef STORE_REDIS_COMMAND_H
#define STORE_REDIS_COMMAND_H

#include "base/buffer.h"

/* How long it will be. */
size_t redis_command_len(const struct span *argv, size_t argc);

/* The line in front of the arguments, and the one in front of each; "\r\n" follows each. */
enum { REDIS_LINE_SIZE = 24 };
struct span redis_command_line(char line[REDIS_LINE_SIZE], char type, size_t number);

/* Appends all or nothing; ERR_LIMIT as buffer_append. */
enum status redis_command_append(struct buffer *buffer, const struct span *argv,
                                 size_t argc) MUST_CHECK;

#endif
