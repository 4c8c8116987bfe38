#include "cache/cache_policy.h"

#include "base/text.h"
#include "cache/cache_key.h"
#include "http/date.h"

enum { DAY_S = 86400 };

/* What a response says of its caching, by whichever field counts. */
struct said {
    struct cache_control control;
    struct span etag;
    int64_t date_s, last_modified_s;
    bool has_last_modified;
    bool is_declared; /* says itself how long it is fresh: declared_s */
    uint32_t declared_s;
};

/* What is decided about one response. */
struct terms {
    enum lifetime_source source;
    unsigned flags;
    uint32_t initial_age_s, lifetime_s, stale_while_s, stale_if_error_s;
};

/* One case. */
struct judged {
    const struct cache_rule *rule;
    const struct cache_asked *asked;
    const struct cache_answered *answered; /* its own fields: Date, Age */
    const struct header_list *fields;      /* all that hold now */
    unsigned status;
};

/* --- Statuses --- */

/* RFC 9110 §15.1, but for 206. */
static const uint16_t heuristic_statuses[] = {200, 203, 204, 300, 301, 308,
                                              404, 405, 410, 414, 501};

/* Those that may be kept as any other: what RFC 9110 §15 and RFC 8470 ask of a cache is done. */
static const uint16_t understood_statuses[] = {
    200, 201, 202, 203, 204, 205, 300, 301, 302, 303, 307, 308, 400, 401, 402, 403, 404, 405,
    406, 407, 408, 409, 410, 411, 413, 414, 415, 417, 422, 426, 500, 501, 502, 503, 504, 505,
};

/* Answers to fields of one request (ranges, conditions, their size, their connection), and what
 * RFC 6585 §3 to §6 forbids. */
static const uint16_t unstorable_statuses[] = {304, 412, 416, 421, 425, 428, 429, 431, 511};

#define IS_ONE_OF(status, statuses) is_one_of(status, statuses, COUNT_OF(statuses))

static bool is_one_of(unsigned status, const uint16_t *statuses, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (statuses[i] == status)
            return true;
    }
    return false;
}

static bool is_gone(unsigned status)
{
    return status == 404 || status == 410;
}

/* Whether lifetimes of a rule are about this status. */
static bool is_covered(const struct judged *j)
{
    return j->rule->kind != CACHE_RULE_RFC && (j->status == 200 || is_gone(j->status));
}

/* Whether the operator's word goes before the upstream's. */
static bool is_overruled(const struct judged *j)
{
    return is_covered(j) &&
           (j->rule->kind == CACHE_RULE_OPERATOR || j->rule->kind == CACHE_RULE_FORCE);
}

static bool is_forced(const struct judged *j)
{
    return is_covered(j) && j->rule->kind == CACHE_RULE_FORCE;
}

/* --- What the response says --- */

static uint32_t clamp(int64_t seconds)
{
    if (seconds < 0)
        return 0;
    return seconds < DELTA_SECONDS_MAX ? (uint32_t)seconds : DELTA_SECONDS_MAX;
}

static bool read_date(struct span text, uint64_t now_wall_ms, int64_t *seconds)
{
    uint64_t read;
    if (!http_date_read(text, now_wall_ms / 1000, &read))
        return false;
    *seconds = (int64_t)read;
    return true;
}

/* RFC 9110 §6.6.1: without a date that can be read it is that of the response's coming. */
static int64_t date_of(const struct cache_answered *answered)
{
    int64_t date_s;
    struct span text = header_list_value(answered->headers, HEADER_DATE);
    if (read_date(text, answered->response_wall_ms, &date_s))
        return date_s;
    return (int64_t)(answered->response_wall_ms / 1000);
}

/* RFC 9111 §5.3: what is no date, "0" above all, is past. Of several the earliest counts (§4.2.1). */
static bool read_expires(const struct header_list *fields, uint64_t now_wall_ms, int64_t *earliest)
{
    bool is_found = false;
    for (size_t i = 0; i < fields->count; i++) {
        int64_t expires;
        if (fields->at[i].id != HEADER_EXPIRES)
            continue;
        if (!read_date(fields->at[i].value, now_wall_ms, &expires))
            expires = 0;
        if (!is_found || expires < *earliest)
            *earliest = expires;
        is_found = true;
    }
    return is_found;
}

/* RFC 9111 §4.2.1, in its order. */
static void read_lifetime(const struct judged *j, bool is_targeted, struct said *said)
{
    int64_t expires = 0;
    said->is_declared = true;
    if (said->control.s_maxage.is_set)
        said->declared_s = said->control.s_maxage.seconds;
    else if (said->control.max_age.is_set)
        said->declared_s = said->control.max_age.seconds;
    else if (!is_targeted && read_expires(j->fields, j->answered->response_wall_ms, &expires))
        said->declared_s = clamp(expires - said->date_s);
    else
        said->is_declared = false;
}

static void read_response(const struct judged *j, struct said *said)
{
    static const enum header_id targeted[] = {HEADER_BPGATE_CACHE_CONTROL,
                                              HEADER_CDN_CACHE_CONTROL};
    bool is_targeted = false;
    *said = (struct said){.date_s = date_of(j->answered)};
    for (size_t i = 0; i < COUNT_OF(targeted) && !is_targeted; i++)
        is_targeted =
            targeted_cache_control_parse(j->fields, header_name(targeted[i]), &said->control);
    /* Who drops the fields that private="…" and no-cache="…" name looks into Cache-Control only: in a
     * targeted field they are taken for the whole response, as RFC 9111 §5.2.2.4 allows. */
    said->control.no_cache_fields = said->control.private_fields = SPAN("");
    if (!is_targeted)
        cache_control_parse(j->fields, HEADER_CACHE_CONTROL, &said->control);
    said->etag = header_list_value(j->fields, HEADER_ETAG);
    said->has_last_modified = read_date(header_list_value(j->fields, HEADER_LAST_MODIFIED),
                                        j->answered->response_wall_ms, &said->last_modified_s);
    read_lifetime(j, is_targeted, said);
}

/* Unqualified: about the whole response. With names of fields, those are not kept. */
static bool is_private(const struct said *said)
{
    return said->control.is_private && said->control.private_fields.len == 0;
}

static bool is_no_cache(const struct said *said)
{
    return said->control.no_cache && said->control.no_cache_fields.len == 0;
}

/* RFC 9111 §5.2.2.3: must-understand is for caches that know it, no-store for the others. */
static bool is_no_store(const struct judged *j, const struct said *said)
{
    bool is_waived = said->control.must_understand && IS_ONE_OF(j->status, understood_statuses);
    return said->control.no_store && !is_waived;
}

/* --- May it be stored --- */

/* RFC 9111 §3: there is a reason to keep it. Errors of the server only where the upstream is any
 * HTTP API (product §6). */
static bool has_storable_status(const struct judged *j, const struct said *said)
{
    if (j->status < 200 || j->status > 599 || IS_ONE_OF(j->status, unstorable_statuses))
        return false;
    if (said->control.must_understand && !IS_ONE_OF(j->status, understood_statuses))
        return false;
    if (j->status >= 500 && !j->asked->is_generic)
        return false;
    if (said->is_declared || is_covered(j))
        return true;
    return j->rule->kind == CACHE_RULE_RFC &&
           (said->control.is_public || IS_ONE_OF(j->status, heuristic_statuses));
}

/* RFC 9111 §3.5; an operator cannot waive it: he does not know whose answer it is. */
static bool may_be_shared(const struct judged *j, const struct said *said)
{
    const struct cache_control *control = &said->control;
    return !j->asked->is_authorized || control->is_public || control->must_revalidate ||
           control->s_maxage.is_set;
}

/* RFC 9111 §7.3: a cookie does not forbid storing; of any HTTP API an answer may say so itself. Those of
 * the catalogue never do: what is kept for many has no business with one session. */
static bool may_set_cookies(const struct judged *j, const struct said *said)
{
    return j->rule->kind == CACHE_RULE_RFC && said->is_declared;
}

static enum store_refusal refuse(const struct judged *j, const struct said *said)
{
    if (j->rule->kind == CACHE_RULE_NEVER)
        return STORE_RULE;
    if (j->asked->method != METHOD_GET)
        return STORE_METHOD;
    if (j->status == 206) /* elsewhere Content-Range has no meaning (RFC 9110 §14.4) */
        return STORE_PARTIAL;
    if (j->asked->control->no_store || (is_no_store(j, said) && !is_forced(j)))
        return STORE_NO_STORE;
    if (is_private(said) && !is_forced(j))
        return STORE_PRIVATE;
    if (header_list_find(j->fields, HEADER_SET_COOKIE) && !may_set_cookies(j, said))
        return STORE_SET_COOKIE;
    if (cache_key_vary_is_any(j->fields))
        return STORE_VARY_ANY;
    if (!has_storable_status(j, said))
        return STORE_STATUS;
    return may_be_shared(j, said) ? STORE_OK : STORE_AUTHORIZATION;
}

/* --- For how long --- */

/* RFC 9111 §4.2.3: corrected_initial_age. */
static uint32_t initial_age_of(const struct cache_answered *answered, int64_t date_s)
{
    struct seconds age = age_parse(answered->headers);
    uint64_t began_ms = answered->request_wall_ms, came_ms = answered->response_wall_ms;
    int64_t delay_s = came_ms > began_ms ? (int64_t)((came_ms - began_ms) / 1000) : 0;
    int64_t apparent_s = (int64_t)(came_ms / 1000) - date_s;
    int64_t corrected_s = (age.is_set ? age.seconds : 0) + delay_s;
    return clamp(apparent_s > corrected_s ? apparent_s : corrected_s);
}

/* RFC 9111 §4.2.2: a tenth of the time for which it has not changed, at most a day. */
static uint32_t heuristic_lifetime(const struct said *said)
{
    if (!said->has_last_modified)
        return 0;
    uint32_t tenth_s = clamp((said->date_s - said->last_modified_s) / 10);
    return tenth_s < DAY_S ? tenth_s : DAY_S;
}

static uint32_t ttl_of_rule(const struct judged *j)
{
    if (is_gone(j->status) && j->rule->ttl_s > CACHE_NOT_FOUND_TTL_S)
        return CACHE_NOT_FOUND_TTL_S;
    return j->rule->ttl_s;
}

/* Counted from when it came: a proxy's store before us, or a clock there that is wrong, does not make
 * it shorter. So that the age stays what it is, it is in the lifetime. */
static void take_lifetime_of_rule(const struct judged *j, struct terms *terms)
{
    uint32_t ttl_s = ttl_of_rule(j);
    terms->lifetime_s = clamp((int64_t)ttl_s + terms->initial_age_s);
    terms->stale_while_s = clamp(j->rule->stale_s < ttl_s ? j->rule->stale_s : ttl_s);
    terms->stale_if_error_s = clamp(j->rule->stale_s);
}

/* What the response itself says of being given stale (RFC 5861). */
static void heed_stale_directives(const struct said *said, struct terms *terms)
{
    const struct cache_control *control = &said->control;
    if (control->stale_while_revalidate.is_set)
        terms->stale_while_s = control->stale_while_revalidate.seconds;
    if (control->stale_if_error.is_set)
        terms->stale_if_error_s = control->stale_if_error.seconds;
    /* RFC 9111 §5.2.2.2, §5.2.2.8, §5.2.2.10 */
    if (control->must_revalidate || control->proxy_revalidate || control->s_maxage.is_set)
        terms->flags |= CACHE_MUST_REVALIDATE;
    if (is_no_cache(said))
        terms->flags |= CACHE_NO_CACHE;
    if (terms->flags & (CACHE_MUST_REVALIDATE | CACHE_NO_CACHE)) /* §4.2.4 */
        terms->stale_while_s = terms->stale_if_error_s = 0;
}

/* RFC 9111 §4.2.4: who is cut off from the origin may give what is old, unless told not to. Only what was
 * fresh once. */
static void heed_disconnection(const struct judged *j, const struct said *said, struct terms *terms)
{
    if (j->rule->kind != CACHE_RULE_RFC || terms->lifetime_s == 0 ||
        said->control.stale_if_error.is_set ||
        terms->flags & (CACHE_MUST_REVALIDATE | CACHE_NO_CACHE))
        return;
    terms->stale_if_error_s = DAY_S;
    terms->flags |= CACHE_STALE_OFFLINE;
}

static struct terms decide(const struct judged *j, const struct said *said)
{
    struct terms terms = {.initial_age_s = initial_age_of(j->answered, said->date_s)};
    if (is_overruled(j)) {
        terms.source = LIFETIME_RULE;
        take_lifetime_of_rule(j, &terms);
        return terms;
    }
    if (said->is_declared) {
        terms.source = LIFETIME_UPSTREAM;
        terms.lifetime_s = said->declared_s;
        terms.stale_if_error_s = is_covered(j) ? clamp(j->rule->stale_s) : 0;
        terms.flags = said->control.immutable ? CACHE_IMMUTABLE : 0;
    } else if (is_covered(j)) {
        terms.source = LIFETIME_CATALOGUE;
        take_lifetime_of_rule(j, &terms);
    } else {
        terms.source = LIFETIME_HEURISTIC;
        terms.lifetime_s = heuristic_lifetime(said);
    }
    heed_stale_directives(said, &terms);
    heed_disconnection(j, said, &terms);
    return terms;
}

/* Whether it can ever serve, for some time or by being validated. */
static bool is_worth_keeping(const struct said *said, const struct terms *terms)
{
    uint32_t stale_s = terms->stale_while_s > terms->stale_if_error_s ? terms->stale_while_s
                                                                      : terms->stale_if_error_s;
    bool is_of_use = (uint64_t)terms->lifetime_s + stale_s > terms->initial_age_s &&
                     !(terms->flags & CACHE_NO_CACHE);
    return is_of_use || said->etag.len > 0 || said->has_last_modified;
}

static void write_facts(const struct judged *j, const struct said *said, const struct terms *terms,
                        struct cache_facts *facts)
{
    const unsigned ours =
        CACHE_MUST_REVALIDATE | CACHE_NO_CACHE | CACHE_IMMUTABLE | CACHE_STALE_OFFLINE;
    facts->response_wall_ms = j->answered->response_wall_ms;
    facts->date_s = said->date_s;
    facts->last_modified_s = said->has_last_modified ? said->last_modified_s : 0;
    facts->has_last_modified = said->has_last_modified;
    facts->initial_age_s = terms->initial_age_s;
    facts->lifetime_s = terms->lifetime_s;
    facts->stale_while_s = terms->stale_while_s;
    facts->stale_if_error_s = terms->stale_if_error_s;
    facts->status = (uint16_t)j->status;
    facts->flags = (uint16_t)((facts->flags & ~ours) | terms->flags);
    facts->lifetime_source = (uint8_t)terms->source;
}

static enum store_refusal judge(const struct judged *j, struct cache_facts *facts)
{
    struct said said;
    read_response(j, &said);
    enum store_refusal refusal = refuse(j, &said);
    if (refusal != STORE_OK)
        return refusal;
    struct terms terms = decide(j, &said);
    if (!is_worth_keeping(&said, &terms))
        return STORE_NO_LIFETIME;
    write_facts(j, &said, &terms, facts);
    return STORE_OK;
}

/* --- What others call --- */

const char *store_refusal_text(enum store_refusal refusal)
{
    static const char *const texts[] = {
        [STORE_OK] = "",
        [STORE_METHOD] = "method",
        [STORE_STATUS] = "status",
        [STORE_NO_STORE] = "no-store",
        [STORE_PRIVATE] = "private",
        [STORE_AUTHORIZATION] = "authorization",
        [STORE_VARY_ANY] = "vary",
        [STORE_SET_COOKIE] = "set-cookie",
        [STORE_PARTIAL] = "partial",
        [STORE_NO_LIFETIME] = "no-lifetime",
        [STORE_RULE] = "rule",
        [STORE_TOO_LARGE] = "too-large",
        [STORE_CUT] = "cut",
    };
    ASSERT((size_t)refusal < COUNT_OF(texts));
    return texts[refusal];
}

enum store_refusal cache_policy_store(const struct cache_rule *rule,
                                      const struct cache_asked *asked,
                                      const struct cache_answered *answered,
                                      struct cache_facts *facts)
{
    struct judged judged = {rule, asked, answered, answered->headers, answered->status};
    return judge(&judged, facts);
}

enum store_refusal cache_policy_freshen(const struct cache_rule *rule,
                                        const struct cache_asked *asked,
                                        const struct cache_answered *answered,
                                        const struct header_list *merged, struct cache_facts *facts)
{
    struct judged judged = {rule, asked, answered, merged, facts->status};
    return judge(&judged, facts);
}

/* Methods that are not known may change something (RFC 9111 §4.4). */
bool cache_policy_invalidates(enum method method, unsigned status)
{
    bool is_safe = method == METHOD_GET || method == METHOD_HEAD || method == METHOD_OPTIONS;
    return !is_safe && status >= 200 && status < 400;
}
