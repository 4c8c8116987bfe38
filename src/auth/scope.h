/* scope.h - which operations a key may call.
 *
 * Compiled once from the key's list against all operations into a bit each; asked with one look at
 * a bit. The list holds operation names with '*' ("list*", "hub.*": service and name), exclusions
 * ("!delete*", "!hub"; they always win) and presets: `read` (what changes nothing), `chat` (the
 * runtime), `hub`, `all`. Operations that mint credentials are granted by their own full name alone; `unknown`
 * (routes the catalogue does not know) by that word, and by `all` where scope_allows_unknown says.
 */
#ifndef AUTH_SCOPE_H
#define AUTH_SCOPE_H

#include "base/base.h"

enum { SCOPE_MAX_OPERATIONS = 512 };

/* What a scope needs to know of an operation. */
struct scope_operation {
    struct span name;    /* "createMessage" */
    struct span service; /* "runtime" */
    bool mints, reads;
};

struct scope {
    uint64_t allowed[SCOPE_MAX_OPERATIONS / 64];
    uint64_t excluded[SCOPE_MAX_OPERATIONS / 64]; /* by a '!': told apart in scope_explain */
    bool has_all;     /* the preset `all`, and no exclusion that an unknown route may fall under */
    bool has_unknown; /* `unknown`, by name */
};

enum { SCOPE_ERROR_SIZE = 200 };

struct scope_error {
    size_t place;                /* of the element in the list */
    char text[SCOPE_ERROR_SIZE]; /* names it, says what is wrong, suggests the nearest name */
};

/* ERR_SYNTAX when an element is malformed or matches no operation; *error is set and the scope then
 * grants nothing. An empty list grants nothing either. */
enum status scope_compile(struct scope *scope, const struct span *list, size_t list_count,
                          const struct scope_operation *operations, size_t operation_count,
                          struct scope_error *error) MUST_CHECK;

bool scope_allows(const struct scope *scope, size_t operation);

/* Unknown routes: `unknown` grants all of them, `all` those that are_open (below /v1/chat, /v1/files,
 * /v1/tables) or are read with GET. */
bool scope_allows_unknown(const struct scope *scope, bool is_open, bool is_get);

enum scope_denial {
    SCOPE_GRANTED,
    SCOPE_NOT_LISTED,
    SCOPE_EXCLUDED, /* a '!' takes it away */
    SCOPE_MINTS,    /* makes credentials, and is not named outright */
    SCOPE_UNKNOWN,  /* what a refused unknown route is answered with */
};

/* Why an operation of the table is denied; mints as in its scope_operation. */
enum scope_denial scope_explain(const struct scope *scope, size_t operation, bool mints);

/* The rule as a sentence for the caller, and what would change it; empty for SCOPE_GRANTED. */
struct span scope_denial_text(enum scope_denial denial);

#endif
