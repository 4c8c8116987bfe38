#include "http/cache_status.h"

#include "base/text.h"
#include "http/structured.h"

#define INTEGER_MAX INT64_C(999999999999999) /* of a structured field (RFC 8941 §3.3.1) */

static const char *const outcomes[CACHE_OUTCOME_COUNT] = {
    [CACHE_STATUS_NONE] = "",
    [CACHE_STATUS_HIT] = "; hit",
    [CACHE_STATUS_BYPASS] = "; fwd=bypass",
    [CACHE_STATUS_METHOD] = "; fwd=method",
    [CACHE_STATUS_URI_MISS] = "; fwd=uri-miss",
    [CACHE_STATUS_VARY_MISS] = "; fwd=vary-miss",
    [CACHE_STATUS_MISS] = "; fwd=miss",
    [CACHE_STATUS_REQUEST] = "; fwd=request",
    [CACHE_STATUS_STALE] = "; fwd=stale",
    [CACHE_STATUS_PARTIAL] = "; fwd=partial",
};

static int64_t clamp(int64_t value)
{
    if (value > INTEGER_MAX)
        return INTEGER_MAX;
    return value < -INTEGER_MAX ? -INTEGER_MAX : value;
}

/* RFC 9211 §2.3, §2.5, §2.6: only with fwd. */
static struct span forward_text(struct arena *arena, const struct cache_status *status)
{
    char digits[U64_DIGITS];
    struct span fwd_status = SPAN("");
    if (status->outcome == CACHE_STATUS_HIT)
        return SPAN("");
    if (status->fwd_status > 0)
        fwd_status =
            ARENA_JOIN(arena, SPAN("; fwd-status="), u64_digits(status->fwd_status, digits));
    return ARENA_JOIN(arena, fwd_status, status->stored ? SPAN("; stored") : SPAN(""),
                      status->collapsed ? SPAN("; collapsed") : SPAN(""));
}

static struct span ttl_text(struct arena *arena, const struct cache_status *status)
{
    char digits[U64_DIGITS];
    int64_t ttl_s = clamp(status->ttl_s);
    if (!status->has_ttl)
        return SPAN("");
    return ARENA_JOIN(arena, SPAN("; ttl="), ttl_s < 0 ? SPAN("-") : SPAN(""),
                      u64_digits((uint64_t)(ttl_s < 0 ? -ttl_s : ttl_s), digits));
}

/* §2.8: a token or a string. */
static struct span detail_text(struct arena *arena, struct span detail)
{
    if (detail.len == 0)
        return SPAN("");
    if (detail.len > CACHE_STATUS_DETAIL_MAX)
        detail.len = CACHE_STATUS_DETAIL_MAX;
    if (!sf_is_token(detail))
        detail = sf_string_write(arena, detail);
    return ARENA_JOIN(arena, SPAN("; detail="), detail);
}

struct span cache_status_write(struct arena *arena, const struct cache_status *status)
{
    ASSERT((unsigned)status->outcome < CACHE_OUTCOME_COUNT);
    if (status->outcome == CACHE_STATUS_NONE)
        return SPAN("");
    return ARENA_JOIN(arena, SPAN("bpgate"), span_of(outcomes[status->outcome]),
                      forward_text(arena, status), ttl_text(arena, status),
                      detail_text(arena, status->detail));
}
