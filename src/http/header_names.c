#include "http/header_names.h"

#include "base/text.h"

/* Injective, so two rows with the same hash are two equal case labels, which do not compile. */
#define HASH(len, first, inner, last)                                                              \
    ((uint32_t)(len) << 24 | (uint32_t)(first) << 16 | (uint32_t)(inner) << 8 | (uint32_t)(last))

enum { NAME_LEN_MAX = 255 };

#define HEADER_ROW(id, name, first, inner, last, flags) [id] = {{name, sizeof(name) - 1}, flags},
static const struct {
    struct span name; /* in lower case */
    unsigned flags;
} rows[HEADER_ID_COUNT] = {HEADER_NAMES(HEADER_ROW)};

static uint32_t letter(struct span name, size_t at)
{
    return (unsigned char)ascii_lower(name.at[at]);
}

#define HEADER_CASE(id, name, first, inner, last, flags)                                           \
    case HASH(sizeof(name) - 1, first, inner, last):                                               \
        return id;
static enum header_id guess(struct span name)
{
    switch (HASH(name.len, letter(name, 0), letter(name, name.len * 2 / 3),
                 letter(name, name.len - 1))) {
        HEADER_NAMES(HEADER_CASE)
    default:
        return HEADER_OTHER;
    }
}

enum header_id header_id_of(struct span name)
{
    if (name.len == 0 || name.len > NAME_LEN_MAX)
        return HEADER_OTHER;
    enum header_id id = guess(name);
    return span_equal_nocase(name, rows[id].name) ? id : HEADER_OTHER;
}

struct span header_name(enum header_id id)
{
    ASSERT(id != HEADER_OTHER);
    return rows[id].name;
}

static bool has_prefix_nocase(struct span name, struct span prefix)
{
    return name.len >= prefix.len && span_equal_nocase((struct span){name.at, prefix.len}, prefix);
}

unsigned header_flags_of(enum header_id id, struct span name)
{
    static const struct span private_families[] = {
        {"x-forwarded-", 12},
        {"x-bpgate-", 9},
        {"sec-", 4},
    };
    if (id != HEADER_OTHER)
        return rows[id].flags;
    for (size_t i = 0; i < COUNT_OF(private_families); i++) {
        if (has_prefix_nocase(name, private_families[i]))
            return HEADER_PRIVATE;
    }
    return 0;
}

static bool is_alias_of(struct span name, struct span known)
{
    if (name.len != known.len)
        return false;
    for (size_t i = 0; i < name.len; i++) {
        char c = ascii_lower(name.at[i]);
        if ((c == '_' ? '-' : c) != known.at[i])
            return false;
    }
    return true;
}

bool header_is_guarded_alias(struct span name)
{
    if (name.len == 0 || !memchr(name.at, '_', name.len))
        return false;
    for (size_t id = 0; id < HEADER_ID_COUNT; id++) {
        if (rows[id].flags & HEADER_GUARDED && is_alias_of(name, rows[id].name))
            return true;
    }
    return false;
}
