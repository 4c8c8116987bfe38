/* json_edit.h - replaces values of a JSON text where they stand; every other byte stays as it is.
 *
 * Which values: those of members with a name, wherever they are ("signingSecret"), or at a path from the
 * root ("bot.configuration.data", in which `*` is any one member and array elements do not count); or
 * every string that somebody rewrites. Pure but for that.
 */
#ifndef SCRIPT_JSON_EDIT_H
#define SCRIPT_JSON_EDIT_H

#include "base/buffer.h"

enum { JSON_PATHS_MAX = 32, JSON_PATH_NAMES_MAX = 8 };

struct json_path {
    struct span names[JSON_PATH_NAMES_MAX];
    size_t count;
    bool is_anywhere; /* one name, at any depth */
};

/* "name", ".name" (of the root's own), "a.*.b"; false when there are too many parts, or empty ones. */
bool json_path_parse(struct span text, struct json_path *path);

/* Rewrites the meaning of a string: appends what shall stand for it to out and returns true, or leaves
 * out alone. */
typedef bool json_rewrite_fn(void *owner, struct span meaning, struct buffer *out);

struct json_edit {
    const struct json_path *paths;
    size_t path_count;
    struct span replacement;  /* for strings at the paths, as text; objects and arrays are emptied,
                                numbers become 0, the others and empty strings stay */
    json_rewrite_fn *rewrite; /* of all strings that are no names; NULL: of none */
    void *owner;
};

/* Appends the text as edited. *count: how many values are others now. ERR_SYNTAX: it is no JSON; ERR_LIMIT:
 * it does not fit. */
enum status json_edit(struct span text, const struct json_edit *edit, struct buffer *out,
                      size_t *count) MUST_CHECK;

#endif
