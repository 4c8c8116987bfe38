/* config_file.h - YAML into a draft: libyaml's node tree, walked by the table of settings.
 *
 * The walk goes only as deep as the table, whatever the aliases of a file do, and stops when what it
 * has copied passes a bound.
 */
#ifndef CONFIG_CONFIG_FILE_H
#define CONFIG_CONFIG_FILE_H

#include "config/draft.h"

enum { CONFIG_FILE_MAX = 2 * MIB };

/* What a draft may take of the two arenas, and what is told of it beside. */
enum { DRAFT_ARENA_LIMIT = 144 * MIB };

/* The file's bytes, terminated (free them), or NULL and a problem. */
char *config_file_read(const char *path, size_t *len, struct config_errors *errors);

/* Texts go into the one arena, lists into the other. Problems are added to errors; the draft holds
 * what was good. False when the end was not reached, so that rules say nothing of use. */
bool config_file_walk(struct span yaml, struct draft *draft, struct arena *texts,
                      struct arena *lists, struct config_errors *errors);

#endif
