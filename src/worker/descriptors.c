#include "worker/descriptors.h"

#include <sys/resource.h>

/* Listeners, logs, loops, Redis, the admin listener's clients. */
enum { OWN = 128 };

void descriptors_raise(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max)
        return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

uint64_t descriptors_limit(void)
{
    struct rlimit limit;
    return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : UINT64_MAX;
}

size_t descriptors_for_clients(uint64_t limit, size_t upstream)
{
    uint64_t others = OWN + (uint64_t)upstream, half = limit / 2;
    uint64_t left = limit > others ? limit - others : 0;
    uint64_t most = left > half ? left : half;
    if (most > SIZE_MAX)
        most = SIZE_MAX;
    return most > 0 ? (size_t)most : 1;
}
