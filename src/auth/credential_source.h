/* credential_source.h - where a token is read from: the environment, a file, systemd's credentials.
 *
 * A file is looked at again when its time, size or inode changed, at most once a second; also behind
 * links that are swapped. One thread at a time. Errors are sentences that never hold the token.
 */
#ifndef AUTH_CREDENTIAL_SOURCE_H
#define AUTH_CREDENTIAL_SOURCE_H

#include <sys/stat.h>

#include "auth/credential.h"

/* Less than a credential's, which says in front which slot it is. */
enum { SOURCE_ERROR_SIZE = 208 };

/* A token's own bytes; wipe it with token_text_wipe. */
struct token_text {
    char at[CREDENTIAL_TOKEN_MAX];
    size_t len;
};

void token_text_wipe(struct token_text *token);

struct credential_source {
    char *path;       /* owned; NULL: the environment, which is read once */
    struct stat seen; /* the file that was read last, if has_seen */
    bool has_seen;
    uint64_t next_look_ms;
};

/* Reads the token for the first time. ERR_SYNTAX when the text is no source, ERR_MISSING when there
 * is no token; error is set then and nothing needs to be closed. */
enum status credential_source_open(struct credential_source *source, struct span text,
                                   struct token_text *token,
                                   char error[SOURCE_ERROR_SIZE]) MUST_CHECK;
void credential_source_close(struct credential_source *source);

enum source_look { SOURCE_UNCHANGED, SOURCE_READ /* *token is set */, SOURCE_FAILED };

/* Looks at the file if a second has passed and it seems changed; reads it in any case if is_urgent.
 * On SOURCE_FAILED error is set, and the next look tries again. */
enum source_look credential_source_look(struct credential_source *source, uint64_t now_ms,
                                        bool is_urgent, struct token_text *token,
                                        char error[SOURCE_ERROR_SIZE]);

#endif
