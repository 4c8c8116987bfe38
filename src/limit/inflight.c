#include "limit/inflight.h"

#include <stdatomic.h>
#include <stdlib.h>

struct inflight {
    atomic_uint references, requests;
};

struct inflight *inflight_create(void)
{
    struct inflight *inflight = xcalloc(1, sizeof(*inflight));
    atomic_init(&inflight->references, 1);
    return inflight;
}

struct inflight *inflight_count(struct inflight *inflight)
{
    (void)atomic_fetch_add_explicit(&inflight->references, 1, memory_order_relaxed);
    return inflight;
}

void inflight_release(struct inflight *inflight)
{
    if (inflight && atomic_fetch_sub_explicit(&inflight->references, 1, memory_order_acq_rel) == 1)
        free(inflight);
}

bool inflight_enter(struct inflight *inflight, unsigned most)
{
    if (atomic_fetch_add_explicit(&inflight->requests, 1, memory_order_relaxed) < most)
        return true;
    inflight_leave(inflight);
    return false;
}

void inflight_leave(struct inflight *inflight)
{
    (void)atomic_fetch_sub_explicit(&inflight->requests, 1, memory_order_relaxed);
}
