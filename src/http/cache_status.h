/* cache_status.h - what the cache did, for the client to read (RFC 9211). Pure. */
#ifndef HTTP_CACHE_STATUS_H
#define HTTP_CACHE_STATUS_H

#include "base/arena.h"

/* §2.1 and §2.2: hit, or why the request went forward. */
enum cache_outcome {
    CACHE_STATUS_NONE, /* the cache had no part in it */
    CACHE_STATUS_HIT,
    CACHE_STATUS_BYPASS,
    CACHE_STATUS_METHOD,
    CACHE_STATUS_URI_MISS,
    CACHE_STATUS_VARY_MISS,
    CACHE_STATUS_MISS,
    CACHE_STATUS_REQUEST,
    CACHE_STATUS_STALE,
    CACHE_STATUS_PARTIAL,
    CACHE_OUTCOME_COUNT,
};

enum { CACHE_STATUS_DETAIL_MAX = 128 };

struct cache_status {
    enum cache_outcome outcome;
    bool has_ttl;
    int64_t ttl_s;          /* negative: stale for so long */
    unsigned fwd_status;    /* what the upstream answered; 0: not told */
    bool stored, collapsed; /* these three only of a request that went forward */
    struct span detail;     /* for people; len 0: none; cut at CACHE_STATUS_DETAIL_MAX bytes */
};

/* "bpgate; hit; ttl=3412", in the arena; empty for CACHE_STATUS_NONE. A field of its own after those
 * of the upstream, which stay as they are (§2). */
struct span cache_status_write(struct arena *arena, const struct cache_status *status);

#endif
