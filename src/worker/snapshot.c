#include "worker/snapshot.h"

#include <stdlib.h>

#include "base/text.h"
#include "gateway/head_up.h"

enum { ARENA_LIMIT = 64 * MIB }; /* a configuration file is at most 2 MiB */

/* A member more needs a comparison more. */
_Static_assert(sizeof(struct upstream_pool_options) == 6 * sizeof(uint64_t) &&
                   sizeof(struct upstream_options) == 18 * sizeof(uint64_t),
               "upstream_options_equal compares all members");

static bool is_same_text(const char *a, const char *b)
{
    return span_equal(span_of(a), span_of(b));
}

static bool is_same_proxy(const struct dialer_proxy *a, const struct dialer_proxy *b)
{
    return is_same_text(a->host, b->host) && a->port == b->port &&
           is_same_text(a->credentials, b->credentials);
}

static bool is_same_pool(const struct upstream_pool_options *a,
                         const struct upstream_pool_options *b)
{
    return a->max_idle == b->max_idle && a->max_open == b->max_open &&
           a->max_waiting == b->max_waiting && a->wait_ms == b->wait_ms &&
           a->idle_ms == b->idle_ms && a->first_life_ms == b->first_life_ms;
}

bool upstream_options_equal(const struct upstream_options *a, const struct upstream_options *b)
{
    return is_same_text(a->host, b->host) && span_equal(a->authority, b->authority) &&
           a->port == b->port && a->is_tls == b->is_tls && is_same_text(a->ca_file, b->ca_file) &&
           is_same_proxy(&a->proxy, &b->proxy) && a->resolve_ms == b->resolve_ms &&
           a->connect_ms == b->connect_ms && a->tls_ms == b->tls_ms &&
           a->dns_refresh_ms == b->dns_refresh_ms && is_same_pool(&a->pool, &b->pool);
}

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
