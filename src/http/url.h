/* url.h - a request target taken apart, and its rules. Nothing is rewritten: path and query travel
 * byte for byte. Pure.
 */
#ifndef HTTP_URL_H
#define HTTP_URL_H

#include "base/arena.h"
#include "http/head_check.h"

struct target {
    struct span path;        /* begins with '/', or is "*" */
    struct span query;       /* without '?'; at == NULL when there is none */
    struct span authority;   /* of the absolute form; at == NULL in origin form */
    struct span origin_form; /* path and query: what goes upstream ("/" when an absolute form has
                                no path; at == NULL when it has a query but no path, so that "/"
                                and query do not stand together) */
};

/* Origin form, absolute form (http and https) and "*". FAULT_TARGET for anything else, for bytes
 * outside RFC 3986 and fragments; FAULT_PATH for %00, %5c, a backslash, an incomplete escape or a
 * dot segment, also encoded or beside a %2f, in the path. The query is opaque: any visible ASCII. */
enum http_fault target_parse(struct span text, struct target *target);

/* Whether text is host[:port] as Host may carry it (RFC 9110 §7.2): a name as DNS knows them or an
 * address, no userinfo, no path, port of digits ≤ 65535. Not empty. */
bool authority_is_valid(struct span text);

/* The next '/'-separated segment of *rest (which begins with '/'); false at the end. "/a//b" has an
 * empty one. */
bool path_next_segment(struct span *rest, struct span *segment);

/* Escapes of unreserved characters undone, which mean the same as these (RFC 3986 §6.2.2.2); all others
 * stay. The same span when there are none. */
struct span path_plain(struct arena *arena, struct span path);

/* Percent-escapes resolved once; the same span when there are none. Incomplete escapes stay as they
 * are. '+' is a plus. */
struct span percent_decode(struct arena *arena, struct span text);

/* The next name=value of a query; both still encoded. */
bool query_next(struct span *rest, struct span *name, struct span *value);

#endif
