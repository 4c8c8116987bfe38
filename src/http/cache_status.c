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
    struct span fwd_status = SPAN("");
    if (status->outcome == CACHE_STATUS_HIT)
        return SPAN("");
    if (status->fwd_status > 0)
        fwd_status = arena_format(arena, "; fwd-status=%u", status->fwd_status);
    return arena_format(arena, "%.*s%s%s", (int)fwd_status.len, fwd_status.at,
                        status->stored ? "; stored" : "", status->collapsed ? "; collapsed" : "");
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
    return arena_format(arena, "; detail=%.*s", (int)detail.len, detail.at);
}

struct span cache_status_write(struct arena *arena, const struct cache_status *status)
{
    ASSERT((unsigned)status->outcome < CACHE_OUTCOME_COUNT);
    if (status->outcome == CACHE_STATUS_NONE)
        return SPAN("");
    struct span ttl = SPAN("");
    if (status->has_ttl)
        ttl = arena_format(arena, "; ttl=%lld", (long long)clamp(status->ttl_s));
    struct span forward = forward_text(arena, status);
    struct span detail = detail_text(arena, status->detail);
    return arena_format(arena, "bpgate%s%.*s%.*s%.*s", outcomes[status->outcome], (int)forward.len,
                        forward.at, (int)ttl.len, ttl.at, (int)detail.len, detail.at);
}
