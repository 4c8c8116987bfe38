/* key_entry.h - a new key and its entry for the settings file, to be pasted. */
#ifndef CLI_KEY_ENTRY_H
#define CLI_KEY_ENTRY_H

#include <stdio.h>

#include "auth/authenticator.h"
#include "config/config_text.h"

enum { HASH_TEXT_SIZE = 2 * KEY_HASH_SIZE + 1 };

struct key_entry_hash {
    char sha256[HASH_TEXT_SIZE];
    char not_after[DATE_TEXT_SIZE]; /* empty: no end */
};

/* Texts and lists are borrowed. */
struct key_entry {
    char key[KEY_LEN + 1]; /* whole: shown once, kept nowhere */
    struct span name, profile;
    struct key_entry_hash hashes[KEY_MAX_HASHES]; /* the new key's is the first */
    size_t hash_count;
    struct id_list operations, bots, cidrs, certificates; /* at NULL: not in the entry */
    struct span expires;                                  /* empty: never */
    bool is_disabled;
};

/* A new key, and its hash as the first. An empty id makes that new too. */
void key_entry_make_key(struct key_entry *entry, struct span id);

/* The entry under `keys:`, as YAML. */
void key_entry_write_yaml(FILE *file, const struct key_entry *entry);

/* {"key": …, "entry": {…}}, one line. */
void key_entry_write_json(FILE *file, const struct key_entry *entry);

#endif
