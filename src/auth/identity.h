/* identity.h - profiles: the ids that a caller acts with, and which it may name itself.
 *
 * Plain data, made when the configuration is loaded and never changed. Any thread.
 */
#ifndef AUTH_IDENTITY_H
#define AUTH_IDENTITY_H

#include "base/base.h"

enum id_kind { ID_BOT, ID_WORKSPACE, ID_INTEGRATION, ID_KIND_COUNT };

struct id_list {
    const struct span *at; /* borrowed from the configuration */
    size_t count;
};

enum profile_pass { PASS_USER_ID = 1, PASS_USER_ROLE = 2, PASS_INTEGRATION_NAME = 4 };

struct profile {
    struct span name;
    int credential;                 /* index of the credential; -1: none, nothing is injected */
    struct span ids[ID_KIND_COUNT]; /* injected when the caller names none; len 0: none */
    struct id_list allowed[ID_KIND_COUNT]; /* further ones that the caller may name */
    unsigned pass;                         /* enum profile_pass */
    bool pass_authorization;
};

/* Whether profile and key leave the caller free in this kind: the profile names no id and no list,
 * and, for bots, the key has none. */
bool identity_is_free(const struct profile *profile, struct id_list key_bots, enum id_kind kind);

/* Whether the caller may act on this id: the profile's own, one of its list, or any if it names
 * none; and, for bots, one of the key's. */
bool identity_allows(const struct profile *profile, struct id_list key_bots, enum id_kind kind,
                     struct span id);

/* What to inject when the caller names none: the profile's id if the key allows it, or the key's
 * only bot; len 0: nothing. */
struct span identity_default(const struct profile *profile, struct id_list key_bots,
                             enum id_kind kind);

#endif
