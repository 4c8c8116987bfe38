/* first_key.h - the one key of a gateway that was started without a configuration.
 *
 * Made at the first start and kept, whole, in the state directory, readable by its owner only; later
 * starts find it there. Two starts at once end with the same key.
 */
#ifndef CONFIG_FIRST_KEY_H
#define CONFIG_FIRST_KEY_H

#include "auth/gateway_key.h"

enum { FIRST_KEY_PATH_SIZE = 1024, FIRST_KEY_ERROR_SIZE = 1536 };

struct first_key {
    bool is_new; /* made by this call: to be shown once */
    char text[KEY_LEN + 1];
    char path[FIRST_KEY_PATH_SIZE]; /* of the file that has it */
};

/* $STATE_DIRECTORY (systemd; the first of several), else $XDG_STATE_HOME/bpgate, else
 * ~/.local/state/bpgate. False when none of them is set or the path is too long. */
bool first_key_directory(char path[FIRST_KEY_PATH_SIZE]);

/* Finds or makes the key in this directory, which is made too. On failure error says what to do. */
enum status first_key_load(const char *directory, struct first_key *key,
                           char error[FIRST_KEY_ERROR_SIZE]) MUST_CHECK;

#endif
