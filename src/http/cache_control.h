/* cache_control.h - what a message says about its caching: directives as data.
 *
 * Of two readings the one that caches less is taken (RFC 9111 §4.2.1):
 *  - of a directive that comes twice, the most restrictive value;
 *  - a lifetime (max-age, s-maxage) that cannot be read is 0: stale;
 *  - a directive that forbids (no-store, private …) forbids also with an argument that it should not
 *    have, and with the whole response where its list of fields cannot be read;
 *  - one that allows (public, immutable, stale-if-error …) counts only when it is well formed.
 * Unknown directives are ignored (§5.2.3). Pure; linear; what is handed out borrows from the list.
 */
#ifndef HTTP_CACHE_CONTROL_H
#define HTTP_CACHE_CONTROL_H

#include "http/header_list.h"

#define DELTA_SECONDS_MAX UINT32_C(0x80000000) /* stands for all that is larger (§1.2.2) */

/* A delta-seconds value. */
struct seconds {
    bool is_set;
    uint32_t seconds;
};

struct cache_control {
    bool no_store, no_cache, is_private, is_public, must_revalidate, proxy_revalidate,
        must_understand, no_transform, immutable, only_if_cached;
    bool has_max_stale; /* of a request; without a value (max_stale) any age will do */
    struct seconds max_age, s_maxage, stale_while_revalidate, stale_if_error, max_stale, min_fresh;
    struct span no_cache_fields,
        private_fields; /* field names separated by commas: the directive is
                                                    about these fields only; empty: about all */
    bool is_present;    /* at least one member, known or not */
};

/* Decimal digits, however many; false for anything else. */
bool delta_seconds_read(struct span text, uint32_t *seconds);

/* All fields of the list with this id as one (RFC 9110 §5.3): Cache-Control, of a request or a
 * response. Names in any case, arguments as token or quoted string (RFC 9111 §5.2). */
void cache_control_parse(const struct header_list *headers, enum header_id id,
                         struct cache_control *out);

/* The same for a targeted field, a dictionary (RFC 9213 §2.1) whose last member of a name counts. When
 * true it takes the place of Cache-Control and Expires. False when it is absent, empty or no valid
 * dictionary: then it is as if it were not there (a MUST), and *out is empty. Directives that only
 * requests have are ignored. */
bool targeted_cache_control_parse(const struct header_list *headers, struct span name,
                                  struct cache_control *out);

/* The Age field: its first member when there are several; not set when that is invalid (RFC 9111
 * §5.1). */
struct seconds age_parse(const struct header_list *headers);

#endif
