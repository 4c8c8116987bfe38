#include "worker/snapshot.h"

#include <stdlib.h>

#include "gateway/head_up.h"

enum { ARENA_LIMIT = 64 * MIB }; /* a configuration file is at most 1 MiB */

struct snapshot *snapshot_create(void)
{
    struct snapshot *snapshot = xcalloc(1, sizeof(*snapshot));
    atomic_init(&snapshot->references, 1);
    arena_init(&snapshot->arena, ARENA_LIMIT);
    return snapshot;
}

void snapshot_seal(struct snapshot *snapshot)
{
    snapshot->options.client.spare_headers = HEAD_UP_SPARE;
    snapshot->catalogue = route_catalogue_create();
    snapshot->keys = key_ring_create(snapshot->options.keys, snapshot->options.key_count);
}

struct snapshot *snapshot_count(struct snapshot *snapshot)
{
    (void)atomic_fetch_add_explicit(&snapshot->references, 1, memory_order_relaxed);
    return snapshot;
}

void snapshot_release(struct snapshot *snapshot)
{
    if (!snapshot || atomic_fetch_sub_explicit(&snapshot->references, 1, memory_order_acq_rel) > 1)
        return;
    if (snapshot->keys)
        key_ring_destroy(snapshot->keys);
    if (snapshot->catalogue)
        route_catalogue_destroy(snapshot->catalogue);
    arena_clear(&snapshot->arena);
    free(snapshot);
}
