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
    const struct snapshot_options *options = &snapshot->options;
    snapshot->keys = key_ring_create(options->keys, options->key_count);
    snapshot->inflight = xcalloc(options->key_count, sizeof(snapshot->inflight[0]));
    for (size_t i = 0; i < options->key_count; i++) {
        if (options->keys[i].max_inflight > 0)
            snapshot->inflight[options->keys[i].index] = inflight_create();
    }
}

void snapshot_follow(struct snapshot *snapshot, const struct snapshot *before)
{
    for (size_t i = 0; i < snapshot->options.key_count; i++) {
        const struct key_record *key = &snapshot->options.keys[i];
        const struct key_record *old = key_ring_find(before->keys, key->id);
        struct inflight *same = old ? before->inflight[old->index] : NULL;
        if (!same || key->max_inflight == 0)
            continue;
        inflight_release(snapshot->inflight[key->index]);
        snapshot->inflight[key->index] = inflight_count(same);
    }
}

static void release_inflight(struct snapshot *snapshot)
{
    for (size_t i = 0; snapshot->inflight && i < snapshot->options.key_count; i++)
        inflight_release(snapshot->inflight[i]);
    free(snapshot->inflight);
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
    release_inflight(snapshot);
    if (snapshot->keys)
        key_ring_destroy(snapshot->keys);
    if (snapshot->catalogue)
        route_catalogue_destroy(snapshot->catalogue);
    arena_clear(&snapshot->arena);
    free(snapshot);
}
