#include "client/pace.h"

static uint64_t *mark_of(struct pace *pace, uint64_t look)
{
    return &pace->marks[look % PACE_SPAN_MAX];
}

void pace_begin(struct pace *pace, const struct pace_limits *limits, uint64_t now_ms,
                uint64_t moved)
{
    ASSERT(limits->span > 0 && limits->span <= PACE_SPAN_MAX);
    *pace = (struct pace){.marks = {moved}, .next_ms = now_ms + limits->step_ms};
}

bool pace_is_kept(struct pace *pace, const struct pace_limits *limits, uint64_t now_ms,
                  uint64_t moved)
{
    if (now_ms < pace->next_ms)
        return true;
    uint64_t look = ++pace->looks;
    bool is_kept =
        look < limits->span || moved >= *mark_of(pace, look - limits->span) + limits->least;
    *mark_of(pace, look) = moved;
    pace->next_ms = now_ms + limits->step_ms;
    return is_kept;
}
