/* conditional.h - conditional requests and ranges of a representation that is at hand (RFC 9110 §13,
 * §14).
 *
 * Pure. A field that cannot be read, or that comes twice where it must not, is as if it were not
 * there, except If-Range: then there is no range.
 */
#ifndef HTTP_CONDITIONAL_H
#define HTTP_CONDITIONAL_H

#include "http/header_list.h"

/* What the representation is compared by; borrowed. */
struct validators {
    struct span etag;        /* with quotes and W/; len 0: none */
    int64_t last_modified_s; /* Unix time */
    bool has_last_modified;
    int64_t date_s; /* of its Date field, or when it came (RFC 9110 §6.6.1) */
};

enum condition_result {
    CONDITION_PASS,
    CONDITION_NOT_MODIFIED, /* 304 */
    CONDITION_FAILED,       /* 412; only by If-Match and If-Unmodified-Since */
};

/* For GET and HEAD, in the order of §13.2.2. If-Modified-Since is compared with the date of a
 * response that has no Last-Modified (RFC 9111 §4.3.2). */
enum condition_result conditional_evaluate(const struct header_list *request,
                                           const struct validators *stored);

/* Any If-* field of §13.1. */
bool conditional_is_conditional(const struct header_list *request);

/* If-Match or If-Unmodified-Since: they ask about the origin's present state, and a cache MUST NOT
 * evaluate them (RFC 9111 §4.3.2). Such a request goes upstream with its conditions, so that a cache
 * never sees CONDITION_FAILED. */
bool conditional_is_for_origin(const struct header_list *request);

/* Whether If-Range, if there is one, allows ranges of the stored representation (§13.1.5): exactly
 * its tag by strong comparison, or exactly its Last-Modified when that is a strong validator
 * (§8.8.2.2: its date is later). */
bool conditional_range_is_current(const struct header_list *request,
                                  const struct validators *stored);

enum { RANGES_MAX = 8 };

enum range_result {
    RANGE_NONE, /* the whole body */
    RANGE_ONE,
    RANGE_MANY,
    RANGE_UNSATISFIABLE, /* 416 */
};

struct byte_range {
    uint64_t first, last; /* inclusive, inside of the body */
};

/* For GET only (§14.2), after the other conditions have passed (§13.2.2). A server may always ignore
 * a Range field, and this one does so (RANGE_NONE) when anything about it is odd: another unit,
 * broken grammar, an empty body, more than RANGES_MAX ranges, any two that overlap (§17.15), an If-Range that does
 * not hold. The ranges, *count of them, come in the request's order. */
enum range_result range_resolve(const struct header_list *request, const struct validators *stored,
                                uint64_t length, struct byte_range ranges[RANGES_MAX],
                                size_t *count);

#endif
