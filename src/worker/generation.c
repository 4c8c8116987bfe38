#include "worker/generation.h"

#include <stdio.h>
#include <stdlib.h>

#include "gateway/filters.h"
#include "worker/uplink.h"

struct generation {
    struct snapshot *snapshot; /* counted */
    struct uplink *uplink;     /* counted */
    struct credential **credentials;
    struct services services;
    size_t holders; /* exchanges, and the worker */
    struct task ending;
};

/* --- Its end --- */

static void dispose(struct generation *generation)
{
    struct snapshot *snapshot = generation->snapshot;
    uplink_release(generation->uplink);
    for (size_t i = 0; generation->credentials && i < snapshot->options.credential_count; i++)
        credential_destroy(generation->credentials[i]);
    free(generation->credentials);
    known_keys_destroy(generation->services.known_keys);
    script_host_destroy(generation->services.filters.host);
    free(generation);
    snapshot_release(snapshot);
}

static void on_ending(struct task *task)
{
    dispose(container_of(task, struct generation, ending));
}

static void let_go(void *held)
{
    struct generation *generation = held;
    ASSERT(generation->holders > 0);
    generation->holders--;
    if (generation->holders == 0)
        later_run(&generation->services.loop->later, &generation->ending, on_ending);
}

static void hold(void *held)
{
    struct generation *generation = held;
    generation->holders++;
}

/* --- Its beginning --- */

static bool open_upstream(struct generation *generation, const struct generation *before,
                          char error[GENERATION_ERROR_SIZE])
{
    struct services *services = &generation->services;
    if (before && uplink_fits(before->uplink, &generation->snapshot->options.upstream))
        generation->uplink = uplink_count(before->uplink);
    else
        generation->uplink =
            uplink_create(services->loop, generation->snapshot, services->metrics, error);
    if (!generation->uplink)
        return false;
    services->pool = uplink_pool(generation->uplink);
    return true;
}

static bool open_credentials(struct generation *generation, char error[GENERATION_ERROR_SIZE])
{
    const struct snapshot_options *options = &generation->snapshot->options;
    generation->credentials = xcalloc(options->credential_count, sizeof(struct credential *));
    for (size_t i = 0; i < options->credential_count; i++) {
        generation->credentials[i] = credential_create(&options->credentials[i], error);
        if (!generation->credentials[i])
            return false;
    }
    return true;
}

static bool compile_filters(struct generation *generation, char error[GENERATION_ERROR_SIZE])
{
    const struct filter_rules *rules = &generation->snapshot->options.filter_rules;
    char why[SCRIPT_ERROR_SIZE];
    if (rules->count == 0)
        return true;
    generation->services.filters.rules = rules;
    generation->services.filters.host = filters_compile(rules, why);
    if (!generation->services.filters.host)
        (void)snprintf(error, GENERATION_ERROR_SIZE, "%.300s", why);
    return generation->services.filters.host != NULL;
}

/* What exchanges see of the snapshot. */
static void fill_in(struct generation *generation)
{
    struct snapshot *snapshot = generation->snapshot;
    const struct snapshot_options *options = &snapshot->options;
    struct services *services = &generation->services;
    services->options = &options->gateway;
    services->catalogue = snapshot->catalogue;
    services->keys = snapshot->keys;
    services->known_keys = known_keys_create(key_ring_count(snapshot->keys));
    services->anonymous = options->anonymous;
    services->credentials = generation->credentials;
    services->credential_options = options->credentials;
    services->cache.rules = &options->cache_rules;
    services->limits.inflight = snapshot->inflight;
    services->limits.rules = &options->limit_rules;
    services->limits.away = options->limits_away;
    services->upstream_authority = options->upstream.authority;
    services->generation = generation;
    services->hold = hold;
    services->let_go = let_go;
}

struct generation *generation_create(struct snapshot *snapshot, const struct services *worker,
                                     const struct generation *before,
                                     char error[GENERATION_ERROR_SIZE])
{
    struct generation *generation = xcalloc(1, sizeof(*generation));
    generation->snapshot = snapshot_count(snapshot);
    generation->services = *worker;
    generation->holders = 1;
    if (!open_upstream(generation, before, error) || !open_credentials(generation, error) ||
        !compile_filters(generation, error)) {
        dispose(generation);
        return NULL;
    }
    fill_in(generation);
    return generation;
}

void generation_release(struct generation *generation)
{
    if (generation)
        let_go(generation);
}

struct services *generation_services(struct generation *generation)
{
    return &generation->services;
}

const struct snapshot_options *generation_settings(const struct generation *generation)
{
    return &generation->snapshot->options;
}
