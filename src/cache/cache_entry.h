/* cache_entry.h - one stored response: immutable once it is put, counted, one block of memory.
 *
 * Made by cache_fill (from a passing body), by cache_entry_freshen (from a 304) or by the Redis tier
 * (from bytes); after that it never changes but for its count and the memory tier's own words, so any
 * thread may read one that it has counted. The last to release frees it.
 */
#ifndef CACHE_CACHE_ENTRY_H
#define CACHE_CACHE_ENTRY_H

#include <stdatomic.h>

#include "http/content_coding.h"
#include "http/header_list.h"

enum { CACHE_TAGS_MAX = 12 };

/* Where a freshness lifetime comes from: the detail of Cache-Status, and explain. */
enum lifetime_source {
    LIFETIME_UPSTREAM,  /* Cache-Control, Expires or a targeted field */
    LIFETIME_HEURISTIC, /* RFC 9111 §4.2.2 */
    LIFETIME_CATALOGUE, /* the class of the operation */
    LIFETIME_RULE,      /* a rule of the operator */
};

enum cache_flags {
    CACHE_MUST_REVALIDATE = 1 << 0, /* never stale: must-revalidate, proxy-revalidate, s-maxage */
    CACHE_NO_CACHE = 1 << 1,        /* never without asking: no-cache */
    CACHE_SHARED = 1 << 2,          /* scope `public`: the same for every caller */
    CACHE_OWN_ETAG = 1 << 3,        /* the etag is ours: the upstream does not know it */
    CACHE_VARY_MARKER = 1 << 4, /* no response: its one field is the Vary of those below this key */
    CACHE_SECRET = 1 << 5,      /* carries secrets: never leaves this process */
    CACHE_IMMUTABLE = 1 << 6,   /* not asked about while it is fresh: immutable (RFC 8246) */
    CACHE_STALE_OFFLINE = 1 << 7, /* stale_if_error_s: only while the upstream cannot be reached */
};

/* What decides about reuse. Plain data, fit to be copied to and from Redis. Wall clocks in ms since
 * 1970. */
struct cache_facts {
    uint64_t began_us;         /* when the fetch began, on the shared clock of tags.h */
    uint64_t response_wall_ms; /* when its head came: RFC 9111 §4.2.3 response_time */
    int64_t last_modified_s;   /* with has_last_modified */
    int64_t date_s;            /* Date as received, or when it came */
    uint32_t initial_age_s;    /* corrected_initial_age */
    uint32_t lifetime_s;       /* freshness_lifetime */
    uint32_t stale_while_s;    /* may be served that long after, while it is fetched anew */
    uint32_t stale_if_error_s; /* … and that long when the upstream fails */
    uint16_t status;
    uint16_t flags;          /* enum cache_flags */
    uint8_t coding;          /* enum coding of the body */
    uint8_t lifetime_source; /* enum lifetime_source */
    uint8_t has_last_modified;
    uint8_t tag_count;
    uint16_t tags[CACHE_TAGS_MAX]; /* slots of tags.h */
};

enum cache_queue { CACHE_NOWHERE, CACHE_SMALL, CACHE_MAIN };

/* What a look-up touches comes first. An entry is of one cache at most. */
struct cache_entry {
    atomic_uint references;

    /* The memory tier's: guarded by its locks, but for hits. */
    _Atomic uint8_t hits; /* 0 to 3, set without a lock */
    enum cache_queue queue;
    uint64_t hash;
    struct cache_entry *next_in_bucket;

    struct span key;                   /* whole, compared whole */
    struct cache_entry *older, *newer; /* the memory tier's too: its place in the queue */

    struct cache_facts facts;
    struct span etag; /* of a header below, or ours; len 0: none */
    struct span head; /* the fields as lines, "name: value\r\n", ready to be sent */
    struct span body;
    const struct header *headers; /* the same fields; spans into head */
    size_t header_count;
    size_t size; /* bytes that the block takes of entry_heap.h */
};

/* An entry with room for a body of body_len bytes at entry->body (all of it to be written by the
 * maker before anybody else sees the entry); one reference. headers and key are copied. etag is
 * found among the headers; own_etag, if len > 0, is added as a field, in place of any that is there, and
 * sets CACHE_OWN_ETAG. */
struct cache_entry *cache_entry_create(const struct cache_facts *facts, struct span key,
                                       const struct header_list *headers, struct span own_etag,
                                       size_t body_len);

/* Only for an entry that nobody else has seen: its body, to be written; another tag of the same
 * length. */
char *cache_entry_body(struct cache_entry *entry);
void cache_entry_set_etag(struct cache_entry *entry, struct span etag);

/* RFC 9111 §3.2: the entry as a 304 with these fields makes it: its body, its fields replaced by the
 * new ones (but Content-Length, Content-Encoding, Content-Type, Content-Range and what is not to be
 * stored, by the new Cache-Control too), new facts. Status and coding stay those of the body;
 * CACHE_OWN_ETAG stays while the tag does. One reference; entry stays the caller's. */
struct cache_entry *cache_entry_freshen(const struct cache_entry *entry,
                                        const struct cache_facts *facts,
                                        const struct header_list *fields);

struct cache_entry *cache_entry_count(struct cache_entry *entry);
void cache_entry_release(struct cache_entry *entry); /* NULL is allowed */

/* Whether it is asked for again and again. */
bool cache_entry_is_hot(const struct cache_entry *entry);

/* RFC 9111 §3.1: whether a field is kept: not what belongs to the connection or is framing
 * (header_list_remove_hop_by_hop comes before, for what Connection names), not rate fields,
 * x-request-id, Age, and no field that no-cache="…" or private="…" names. lists: those two, unquoted.
 * Via and Cache-Status are kept, as they are the upstream's: this gateway adds its own to each answer. */
bool cache_entry_keeps(const struct header *header, struct span no_cache_fields,
                       struct span private_fields);

#endif
