#include "base/text.h"
#include "gateway/limits.h"

enum { US_PER_S = 1000000 };

unsigned limits_seconds(uint64_t us)
{
    return (unsigned)((us + US_PER_S - 1) / US_PER_S);
}

static void add(struct exchange *ex, struct span name, struct span value)
{
    header_list_push(&ex->response->headers, (struct header){name, value, HEADER_OTHER});
}

static struct span number(struct exchange *ex, uint64_t value)
{
    return u64_digits(value, arena_alloc(ex->arena, U64_DIGITS));
}

/* The one with the least left, or that has refused: the index, or count. */
static size_t tightest(const struct limits *limits)
{
    size_t best = limits->count;
    for (size_t i = 0; i < limits->count; i++) {
        if (limits->claims[i].is_shadow ||
            (limits->refused && limits->policies[i] != limits->refused))
            continue;
        if (best == limits->count ||
            limits->claims[i].answer.remaining < limits->claims[best].answer.remaining)
            best = i;
    }
    return best;
}

/* A whole number of seconds, or no w: Structured Fields would take nothing else. */
static struct span item_of(const struct limit_policy *policy, struct arena *arena)
{
    char requests[U64_DIGITS], seconds[U64_DIGITS];
    bool is_whole = policy->per_ms % 1000 == 0;
    return ARENA_JOIN(arena, SPAN("\""), policy->name, SPAN("\";q="),
                      u64_digits(policy->requests, requests), is_whole ? SPAN(";w=") : SPAN(""),
                      is_whole ? u64_digits(policy->per_ms / 1000, seconds) : SPAN(""));
}

void limit_policy_tell(struct limit_policy *policy, struct arena *arena)
{
    policy->told.item = item_of(policy, arena);
    policy->told.burst = u64_digits(policy->rate.burst, arena_alloc(arena, U64_DIGITS));
}

static bool are_told(const struct exchange *ex)
{
    unsigned status = ex->response->status;
    bool is_theirs = ex->source == SOURCE_UPSTREAM && status == 429;
    return ex->limits && ex->limits->count > 0 && status < 500 && !is_theirs &&
           (status != 429 || ex->source != SOURCE_GATEWAY || ex->limits->refused);
}

void limits_add_fields(struct exchange *ex)
{
    if (!are_told(ex))
        return;
    size_t index = tightest(ex->limits);
    if (index == ex->limits->count)
        return;
    const struct limit_policy *policy = ex->limits->policies[index];
    const struct gcra_answer *answer = &ex->limits->claims[index].answer;
    uint64_t remaining = ex->limits->refused ? 0 : answer->remaining;
    unsigned reset_s = limits_seconds(ex->limits->refused ? answer->retry_us : answer->full_us);
    if (ex->limits->refused && reset_s == 0)
        reset_s = 1;
    struct span left = number(ex, remaining), reset = number(ex, reset_s);
    add(ex, SPAN("ratelimit-policy"), policy->told.item);
    add(ex, SPAN("ratelimit"),
        ARENA_JOIN(ex->arena, SPAN("\""), policy->name, SPAN("\";r="), left, SPAN(";t="), reset));
    add(ex, SPAN("x-ratelimit-limit"), policy->told.burst);
    add(ex, SPAN("x-ratelimit-remaining"), left);
    add(ex, SPAN("x-ratelimit-reset"), reset);
}
