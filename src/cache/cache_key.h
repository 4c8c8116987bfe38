/* cache_key.h - what makes two requests the same.
 *
 * A key is a row of length-prefixed fields, so that no two different rows give the same bytes. It is
 * kept and compared whole: no hash decides what a caller gets. Pure; memory is the arena's.
 */
#ifndef CACHE_CACHE_KEY_H
#define CACHE_CACHE_KEY_H

#include "base/arena.h"
#include "http/header_list.h"

enum { CACHE_KEY_MAX = 16 * 1024 }; /* longer ones are not cached: len 0 */

/* Upstream and identity. */
enum { CACHE_KEY_SCOPE = 7 };

struct cache_key_parts {
    struct span path;  /* byte for byte */
    struct span query; /* at == NULL without one; "?" alone differs from none */
    bool sorts_query;  /* parameters in a stable order by name: order between names is no
                                difference, order within one is. Names compare as servers read
                                them, escapes resolved; what is kept is the bytes. Keys of
                                sorted and of other queries never meet */
    struct span
        scope[CACHE_KEY_SCOPE]; /* the caller's identity as far as it matters; empty for `public` */
    struct span shape;          /* what else changes the answer: x-multiple-integrations */
    struct span filters;        /* and what changes it before it is stored; mostly nothing */
};

/* The primary key, or len 0. */
struct span cache_key_of(const struct cache_key_parts *parts, struct arena *arena);

/* The key of the response that was selected by these request fields (RFC 9111 §4.1), or len 0. vary:
 * names separated by commas, as collected by cache_key_vary_names; primary itself when it is empty.
 * Values are normalised as the RFC allows: lines are joined, white space around the commas of the
 * Accept family is dropped (other fields may not be lists, where it counts). Absent differs from
 * empty. */
struct span cache_key_with_vary(struct span primary, struct span vary,
                                const struct header_list *request, struct arena *arena);

/* Whether no request ever matches: Vary has "*", or more than 32 names, or one that is none. */
bool cache_key_vary_is_any(const struct header_list *response);

/* All Vary fields as one list: lower case, sorted, each name once. is_any: as above; then, and
 * without Vary, len 0. */
struct span cache_key_vary_names(const struct header_list *response, struct arena *arena,
                                 bool *is_any);

/* The key of the same response in another coding: of this very fetch, so that nobody finds the form
 * again once the response has been replaced. Differs from every key of the functions above. */
struct span cache_key_of_form(struct span key, uint64_t began_us, struct arena *arena);

#endif
