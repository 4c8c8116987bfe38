/* key_entry.h - a new key and its entry for the configuration, to be pasted. */
#ifndef CLI_KEY_ENTRY_H
#define CLI_KEY_ENTRY_H

#include <stdio.h>

#include "auth/gateway_key.h"

enum { KEY_ENTRY_MAX_OPERATIONS = 64 };

struct key_entry {
    char key[KEY_LEN + 1]; /* whole: shown once, kept nowhere */
    const char *name, *profile;
    struct span operations[KEY_ENTRY_MAX_OPERATIONS];
    size_t operation_count;
    const char *expires; /* NULL: never */
};

/* The key and, as YAML, its entry under `keys:`. */
void key_entry_write_yaml(FILE *file, const struct key_entry *entry);

/* {"key": …, "entry": {…}}, one line. */
void key_entry_write_json(FILE *file, const struct key_entry *entry);

#endif
