/* credential.h - a Botpress token held for the team, in two slots, re-read when its file changes.
 *
 * Each worker has a credential of its own, so that there are no locks; each looks at its files at
 * most once a second, when it is asked. Rotation: the new token goes into the second slot (or into
 * the file); a 401 with one is tried once with the other, and what is not refused is used from then
 * on. Tokens are wiped before they are freed and never logged.
 */
#ifndef AUTH_CREDENTIAL_H
#define AUTH_CREDENTIAL_H

#include "base/base.h"

enum { CREDENTIAL_ERROR_SIZE = 256, CREDENTIAL_TOKEN_MAX = 4096 };

/* Sources as configured: "env:NAME", "file:PATH", "cred:NAME" (systemd's credentials folder).
 * Borrowed from the configuration. */
struct credential_options {
    struct span name;
    struct span token;
    struct span next_token; /* len 0: none */
};

struct credential;

/* NULL when a source is malformed or cannot be read now; error says which and what to do. */
struct credential *credential_create(const struct credential_options *options,
                                     char error[CREDENTIAL_ERROR_SIZE]);
void credential_destroy(struct credential *credential);

/* A token as it was at one moment. */
struct credential_token {
    struct span text; /* valid until the credential is asked again: copy it into the head at once */
    uint64_t generation; /* tells tokens apart without comparing secrets */
};

/* The one to use now. A file that has become unreadable leaves the last good one in use. */
struct credential_token credential_current(struct credential *credential, uint64_t now_ms);

/* The upstream refused this generation with 401. True when another one may be tried once, in
 * *other: the file is read again at once, then the other slot. False while both were refused less
 * than 30 s ago. */
bool credential_other(struct credential *credential, uint64_t refused_generation, uint64_t now_ms,
                      struct credential_token *other);

/* The upstream answered this generation with something else than 401 (accepted), or refused it too:
 * the accepted one becomes the current. */
void credential_report(struct credential *credential, uint64_t generation, bool was_accepted,
                       uint64_t now_ms);

/* The slot in use: 0 token, 1 next_token. */
unsigned credential_slot(const struct credential *credential);

/* Why a file could not be read again, as a sentence for the log, or NULL; each trouble is told once
 * until it changes. Valid until the credential is asked again. */
const char *credential_take_problem(struct credential *credential);

#endif
