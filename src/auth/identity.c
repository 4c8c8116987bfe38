#include "auth/identity.h"

#include "base/text.h"

static bool list_has_id(struct id_list list, struct span id)
{
    for (size_t i = 0; i < list.count; i++) {
        if (span_equal(list.at[i], id))
            return true;
    }
    return false;
}

static bool profile_is_free(const struct profile *profile, enum id_kind kind)
{
    return profile->ids[kind].len == 0 && profile->allowed[kind].count == 0;
}

static bool profile_allows(const struct profile *profile, enum id_kind kind, struct span id)
{
    return profile_is_free(profile, kind) || span_equal(profile->ids[kind], id) ||
           list_has_id(profile->allowed[kind], id);
}

/* Keys restrict bots only. */
static bool key_is_free(struct id_list key_bots, enum id_kind kind)
{
    return kind != ID_BOT || key_bots.count == 0;
}

static bool key_allows(struct id_list key_bots, enum id_kind kind, struct span id)
{
    return key_is_free(key_bots, kind) || list_has_id(key_bots, id);
}

bool identity_is_free(const struct profile *profile, struct id_list key_bots, enum id_kind kind)
{
    return profile_is_free(profile, kind) && key_is_free(key_bots, kind);
}

bool identity_allows(const struct profile *profile, struct id_list key_bots, enum id_kind kind,
                     struct span id)
{
    /* An empty id would equal the one of a profile that has only a list. */
    if (id.len == 0)
        return identity_is_free(profile, key_bots, kind);
    return profile_allows(profile, kind, id) && key_allows(key_bots, kind, id);
}

struct span identity_default(const struct profile *profile, struct id_list key_bots,
                             enum id_kind kind)
{
    struct span own = profile->ids[kind];
    if (own.len > 0 && key_allows(key_bots, kind, own))
        return own;
    if (kind == ID_BOT && key_bots.count == 1 && profile_allows(profile, kind, key_bots.at[0]))
        return key_bots.at[0];
    return (struct span){"", 0};
}
