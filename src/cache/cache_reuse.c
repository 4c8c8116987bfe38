#include "base/text.h"
#include "cache/cache_policy.h"

/* Clocks of instances may differ a little. A response from further ahead tells nothing of its age. */
enum { CLOCK_SLACK_MS = 60 * 1000 };

/* How an entry stands now. */
struct standing {
    uint64_t resident_ms;      /* since it came */
    int64_t age_s, lifetime_s; /* the lifetime with the cap */
    int64_t staleness_s;       /* since its own lifetime has ended; 0: it has not */
    bool is_fresh, is_beyond_cap;
};

/* --- Its age --- */

/* RFC 9111 §4.2.3: resident_time. A clock that was set back takes no age away. */
static uint64_t resident_time_ms(const struct cache_facts *facts, uint64_t now_wall_ms)
{
    uint64_t came_ms = facts->response_wall_ms;
    if (now_wall_ms >= came_ms)
        return now_wall_ms - came_ms;
    return came_ms - now_wall_ms > CLOCK_SLACK_MS ? UINT64_C(1000) * DELTA_SECONDS_MAX : 0;
}

static struct standing standing_of(const struct cache_facts *facts, uint32_t cap_s,
                                   uint64_t now_wall_ms)
{
    struct standing s = {.resident_ms = resident_time_ms(facts, now_wall_ms)};
    uint64_t age_s = facts->initial_age_s + s.resident_ms / 1000;
    uint64_t capped_s = (uint64_t)facts->initial_age_s + cap_s;
    s.age_s = age_s < DELTA_SECONDS_MAX ? (int64_t)age_s : DELTA_SECONDS_MAX;
    s.lifetime_s = capped_s < facts->lifetime_s ? (int64_t)capped_s : facts->lifetime_s;
    s.staleness_s = s.age_s > facts->lifetime_s ? s.age_s - facts->lifetime_s : 0;
    s.is_beyond_cap = s.resident_ms / 1000 >= cap_s; /* UINT32_MAX: in 136 years */
    s.is_fresh = s.age_s < s.lifetime_s;
    return s;
}

/* --- What the request asks for --- */

/* RFC 9111 §5.2.1.1; RFC 8246 §2: what is immutable is not asked about again while it is fresh, unless
 * the caller forces it (no-cache). */
static bool is_too_old(const struct cache_facts *facts, const struct cache_control *asked,
                       const struct standing *s)
{
    bool is_certain = s->is_fresh && (facts->flags & CACHE_IMMUTABLE);
    return asked->max_age.is_set && s->age_s > asked->max_age.seconds && !is_certain;
}

/* RFC 9111 §5.2.1.3 */
static bool ends_too_soon(const struct cache_control *asked, const struct standing *s)
{
    return asked->min_fresh.is_set && s->lifetime_s - s->age_s < asked->min_fresh.seconds;
}

/* RFC 9111 §5.2.1.2: what the caller says of staleness goes before what the response allows; with
 * max-age alone it wants none (§5.2.1.1). */
static bool may_be_stale(const struct cache_facts *facts, const struct cache_control *asked,
                         const struct standing *s)
{
    if (facts->flags & CACHE_MUST_REVALIDATE || s->is_beyond_cap)
        return false;
    if (asked->has_max_stale)
        return !asked->max_stale.is_set || s->staleness_s <= asked->max_stale.seconds;
    return !asked->max_age.is_set && s->staleness_s < facts->stale_while_s;
}

/* RFC 5861 §4: the request's window, if it has one, else the response's. A caller that forces a look
 * gets an old answer only if it says so. */
static void judge_errors(const struct cache_facts *facts, const struct cache_control *asked,
                         enum tag_state tags, const struct standing *s, struct reuse_answer *answer)
{
    bool is_asked_for = asked->stale_if_error.is_set;
    uint32_t window_s = is_asked_for ? asked->stale_if_error.seconds : facts->stale_if_error_s;
    if (tags == TAGS_WRITTEN || s->is_beyond_cap ||
        facts->flags & (CACHE_MUST_REVALIDATE | CACHE_NO_CACHE))
        return;
    if ((asked->no_cache && !is_asked_for) || s->staleness_s >= window_s)
        return;
    answer->may_serve_offline = true;
    answer->may_serve_on_error = is_asked_for || !(facts->flags & CACHE_STALE_OFFLINE);
}

/* --- The answer --- */

/* In the last tenth of the time for which it is fresh here, and not in the second in which it came:
 * so that what lives for a second is not fetched all the time. */
static bool ends_soon(const struct cache_facts *facts, const struct standing *s)
{
    int64_t tenth_s = (s->lifetime_s - facts->initial_age_s) / 10;
    return s->resident_ms >= 1000 && s->lifetime_s - s->age_s <= (tenth_s > 1 ? tenth_s : 1) &&
           !(facts->flags & CACHE_IMMUTABLE);
}

static enum reuse judge(const struct cache_facts *facts, const struct cache_control *asked,
                        bool is_hot, const struct standing *s)
{
    if (asked->no_cache || is_too_old(facts, asked, s) || ends_too_soon(asked, s))
        return REUSE_VALIDATE;
    if (!s->is_fresh)
        return may_be_stale(facts, asked, s) ? REUSE_STALE : REUSE_VALIDATE;
    return is_hot && ends_soon(facts, s) ? REUSE_EARLY : REUSE_FRESH;
}

struct reuse_answer cache_policy_reuse(const struct cache_facts *facts,
                                       const struct cache_control *asked, enum tag_state tags,
                                       bool is_hot, uint32_t lifetime_cap_s, uint64_t now_wall_ms)
{
    struct standing s = standing_of(facts, lifetime_cap_s, now_wall_ms);
    struct reuse_answer answer = {
        .reuse = REUSE_VALIDATE,
        .age_s = (uint32_t)s.age_s,
        .ttl_s = s.lifetime_s - s.age_s,
    };
    bool is_old_by_tags = tags != TAGS_OLDER;
    if (is_old_by_tags && answer.ttl_s > 0)
        answer.ttl_s = 0;
    if (!is_old_by_tags && !(facts->flags & CACHE_NO_CACHE)) {
        answer.reuse = judge(facts, asked, is_hot, &s);
        answer.caller_wants_it = answer.reuse == REUSE_VALIDATE && s.is_fresh;
    }
    if (answer.reuse == REUSE_VALIDATE)
        judge_errors(facts, asked, tags, &s, &answer);
    return answer;
}

bool cache_policy_is_failure(unsigned status)
{
    return status == 429 || status == 500 || (status >= 502 && status <= 504);
}

/* RFC 9111 §5.4: Pragma is for those who know no Cache-Control. */
void cache_policy_read_request(const struct header_list *headers, struct cache_control *control)
{
    cache_control_parse(headers, HEADER_CACHE_CONTROL, control);
    if (!control->is_present)
        control->no_cache = header_list_has_element(headers, HEADER_PRAGMA, SPAN("no-cache"));
}
