#include "limit/inflight.h"

#include <stdatomic.h>
#include <stdlib.h>

struct inflight {
    size_t keys;
    atomic_uint counts[];
};

struct inflight *inflight_create(size_t keys)
{
    struct inflight *inflight = xcalloc(1, sizeof(*inflight) + keys * sizeof(inflight->counts[0]));
    inflight->keys = keys;
    return inflight;
}

void inflight_destroy(struct inflight *inflight)
{
    free(inflight);
}

bool inflight_enter(struct inflight *inflight, size_t key, unsigned most)
{
    ASSERT(key < inflight->keys);
    if (atomic_fetch_add_explicit(&inflight->counts[key], 1, memory_order_relaxed) < most)
        return true;
    inflight_leave(inflight, key);
    return false;
}

void inflight_leave(struct inflight *inflight, size_t key)
{
    ASSERT(key < inflight->keys);
    (void)atomic_fetch_sub_explicit(&inflight->counts[key], 1, memory_order_relaxed);
}
