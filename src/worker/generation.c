#include "worker/generation.h"

#include <stdlib.h>

struct generation {
    struct snapshot *snapshot; /* counted */
    struct dialer *dialer;
    struct credential **credentials;
    struct services services;
    size_t holders; /* exchanges, and the worker */
    struct task ending;
};

/* --- Its end --- */

static void dispose(struct generation *generation)
{
    struct snapshot *snapshot = generation->snapshot;
    if (generation->services.pool)
        upstream_pool_destroy(generation->services.pool);
    if (generation->dialer)
        dialer_destroy(generation->dialer);
    for (size_t i = 0; generation->credentials && i < snapshot->options.credential_count; i++)
        credential_destroy(generation->credentials[i]);
    free(generation->credentials);
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

static bool open_upstream(struct generation *generation, char error[GENERATION_ERROR_SIZE])
{
    const struct upstream_options *upstream = &generation->snapshot->options.upstream;
    struct services *services = &generation->services;
    struct tls_context *tls = NULL;
    if (upstream->is_tls) {
        const struct tls_client_options options = {upstream->host, upstream->ca_file};
        tls = tls_context_create_client(&options, error);
        if (!tls)
            return false;
        tls_context_count_in(tls, services->metrics);
    }
    const struct dialer_options options = {
        .host = upstream->host,
        .port = upstream->port,
        .resolve_ms = upstream->resolve_ms,
        .connect_ms = upstream->connect_ms,
        .tls_ms = upstream->tls_ms,
        .refresh_ms = upstream->dns_refresh_ms,
        .proxy = upstream->proxy,
        .metrics = services->metrics,
    };
    generation->dialer = dialer_create(services->loop, &options, tls);
    if (tls)
        tls_context_release(tls); /* the dialer holds it */
    services->pool = upstream_pool_create(services->loop, generation->dialer, &upstream->pool);
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

/* What exchanges see of the snapshot. */
static void fill_in(struct generation *generation)
{
    struct snapshot *snapshot = generation->snapshot;
    const struct snapshot_options *options = &snapshot->options;
    struct services *services = &generation->services;
    services->options = &options->gateway;
    services->catalogue = snapshot->catalogue;
    services->keys = snapshot->keys;
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
                                     char error[GENERATION_ERROR_SIZE])
{
    struct generation *generation = xcalloc(1, sizeof(*generation));
    generation->snapshot = snapshot_count(snapshot);
    generation->services = *worker;
    generation->holders = 1;
    if (!open_upstream(generation, error) || !open_credentials(generation, error)) {
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
