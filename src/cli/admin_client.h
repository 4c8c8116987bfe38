/* admin_client.h - asks the admin listener of a running gateway: one request, one answer, blocking.
 *
 * For subcommands, on the main thread. Everything it hands out lives in the caller's arena.
 */
#ifndef CLI_ADMIN_CLIENT_H
#define CLI_ADMIN_CLIENT_H

#include "base/arena.h"
#include "cli/arguments.h"
#include "worker/snapshot.h"

struct admin_target {
    const char *host; /* an address or a name, without brackets; terminated */
    unsigned port;
    struct span authority; /* as Host carries it */
    struct span token;     /* len 0: none */
};

/* Finds it by the options --admin, --token-from and --config. Returns an exit code; when it is not
 * EXIT_OK, the error was written to standard error. */
int admin_target_find(const struct arguments *arguments, struct arena *arena,
                      struct admin_target *target);

enum { ADMIN_ERROR_SIZE = 512 };

/* The listener that the settings of the file at path open; false: error says why there is none to ask. */
bool admin_target_of(const char *path, const struct snapshot_options *options,
                     const char *token_from, struct arena *arena, struct admin_target *target,
                     char error[ADMIN_ERROR_SIZE]);

struct admin_reply {
    unsigned status;
    struct span body;
};

/* Posts JSON. False when there is no answer, or none of HTTP: error says why. */
bool admin_ask(const struct admin_target *target, const char *path, struct span json,
               struct arena *arena, struct admin_reply *reply, char error[ADMIN_ERROR_SIZE]);

/* The same. False when there is no answer, or none of HTTP: the error was written. */
bool admin_post(const struct admin_target *target, const char *path, struct span json,
                struct arena *arena, struct admin_reply *reply);

#endif
