/* cache_policy.h - may it be stored, for how long is it fresh, may it be given to this request.
 *
 * RFC 9111 for a shared cache, with RFC 5861 (stale-while-revalidate, stale-if-error), RFC 8246
 * (immutable), RFC 9213 (targeted fields: Bpgate-Cache-Control, then CDN-Cache-Control, in place of
 * Cache-Control and Expires), and above it the lifetimes of the catalogue and of the operator. Pure:
 * plain values in, an answer out; time is an argument.
 */
#ifndef CACHE_CACHE_POLICY_H
#define CACHE_CACHE_POLICY_H

#include "cache/cache_entry.h"
#include "http/cache_control.h"
#include "http/message.h"

/* A lifetime that the upstream does not give: of the operation's class or of the operator. It is about
 * 200, 404 and 410 only; what else comes is kept as RFC 9111 has it, when it declares a lifetime. No
 * rule waives Set-Cookie, Vary: *, a part of a response, no-store of the request or RFC 9111 §3.5. */
struct cache_rule {
    enum cache_rule_kind {
        CACHE_RULE_RFC,     /* no rule: what the response says, and heuristics (catalogue: none) */
        CACHE_RULE_NEVER,   /* neither stored nor coalesced */
        CACHE_RULE_DEFAULT, /* ttl_s and stale_s where the response declares nothing; no heuristics */
        CACHE_RULE_OPERATOR, /* ttl_s and stale_s in any case, but for no-store and private: they
                                go before no-cache, must-revalidate and stale-… too */
        CACHE_RULE_FORCE,    /* those too */
    } kind;
    uint32_t ttl_s;
    uint32_t stale_s; /* for errors, also where the response declares its lifetime but not this;
                         while revalidating ttl_s of it at most */
};

enum { CACHE_NOT_FOUND_TTL_S = 10 }; /* the most of ttl_s for 404 and 410 (product §6) */

struct cache_asked {
    enum method method;
    const struct header_list *headers; /* the caller's, before anything is injected */
    const struct cache_control *control;
    bool is_authorized; /* the upstream sees an Authorization that is no part of the key (RFC 9111
                           §3.5) */
    bool is_generic;    /* catalogue: none; a 5xx that declares a lifetime is kept, too */
};

struct cache_answered {
    unsigned status;
    const struct header_list *headers;
    uint64_t request_wall_ms, response_wall_ms;
};

/* Why a response is not stored: for the detail of Cache-Status and the log. */
enum store_refusal {
    STORE_OK,
    STORE_METHOD,
    STORE_STATUS,   /* not one that is understood and cacheable */
    STORE_NO_STORE, /* of request or response */
    STORE_PRIVATE,
    STORE_AUTHORIZATION, /* RFC 9111 §3.5 */
    STORE_VARY_ANY,      /* cache_key_vary_is_any */
    STORE_SET_COOKIE,
    STORE_PARTIAL,     /* 206, Content-Range */
    STORE_NO_LIFETIME, /* never fresh, never to be served stale, no validator: not worth keeping */
    STORE_RULE,
    STORE_TOO_LARGE,
    STORE_CUT,
};
const char *store_refusal_text(enum store_refusal refusal);

/* RFC 9111 §3. On STORE_OK fills all of facts but began_us, tags, coding and the flags that say
 * nothing of freshness (CACHE_SHARED …), which stay; else leaves them alone. A lifetime of a rule
 * counts from when the response came: lifetime_s holds initial_age_s too. */
enum store_refusal cache_policy_store(const struct cache_rule *rule,
                                      const struct cache_asked *asked,
                                      const struct cache_answered *answered,
                                      struct cache_facts *facts);

/* The same for a stored response, whose facts are given, that a 304 confirms (RFC 9111 §4.3.4). merged:
 * the fields as they hold from now on (§3.2); but Date and Age are what answered, the 304, has itself. */
enum store_refusal cache_policy_freshen(const struct cache_rule *rule,
                                        const struct cache_asked *asked,
                                        const struct cache_answered *answered,
                                        const struct header_list *merged,
                                        struct cache_facts *facts);

/* How the tags of an entry stand: tags.h. */
enum tag_state { TAGS_OLDER, TAGS_SOFTLY_PURGED, TAGS_WRITTEN };

enum reuse {
    REUSE_FRESH,    /* give it */
    REUSE_EARLY,    /* give it; it ends soon and is asked for often: fetch it anew beside */
    REUSE_STALE,    /* give it; fetch it anew beside (stale-while-revalidate, or the caller's
                       max-stale: then nothing need be fetched, but may) */
    REUSE_VALIDATE, /* ask the upstream first */
};

struct reuse_answer {
    enum reuse reuse;
    bool may_serve_on_error; /* with REUSE_VALIDATE: stale-if-error, if the upstream fails now */
    bool may_serve_offline;  /* likewise, if it cannot be reached */
    bool caller_wants_it;    /* with REUSE_VALIDATE: the entry is fresh, the request asks for it */
    uint32_t age_s;
    int64_t ttl_s; /* negative once stale; 0 at most once its tags are */
};

/* RFC 9111 §4, §5.2.1 (request directives, Pragma §5.4), RFC 5861. lifetime_cap_s: no entry counts as
 * fresh for longer than that since it came, nor is it given stale beyond it (UINT32_MAX: none;
 * product §6: 5 s for private entries while writes elsewhere cannot be heard of). The age is never
 * negative; of a response from more than a minute ahead of now it is as large as can be. only-if-cached
 * is the caller's affair. */
struct reuse_answer cache_policy_reuse(const struct cache_facts *facts,
                                       const struct cache_control *asked, enum tag_state tags,
                                       bool is_hot, uint32_t lifetime_cap_s, uint64_t now_wall_ms);

/* Whether this answer counts as a failure for stale-if-error: RFC 5861 §4 and 429 (product §6). */
bool cache_policy_is_failure(unsigned status);

/* RFC 9111 §4.4: whether method and status of an answer make what is stored for its URI invalid. */
bool cache_policy_invalidates(enum method method, unsigned status);

/* The caller's directives: Cache-Control, else Pragma: no-cache. */
void cache_policy_read_request(const struct header_list *headers, struct cache_control *control);

#endif
