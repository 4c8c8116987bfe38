#include "worker/uplink.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "base/text.h"

struct uplink {
    struct snapshot *snapshot; /* counted */
    struct dialer *dialer;
    struct upstream_pool *pool;
    size_t holders;
    struct stat certificates; /* as they were read */
};

/* Of a file that is not there, all zero. */
static struct stat look_at(const char *path)
{
    struct stat now = {0};
    if (path)
        (void)stat(path, &now);
    return now;
}

static bool is_same_file(const struct stat *a, const struct stat *b)
{
    return a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static struct dialer *open_dialer(struct loop *loop, const struct upstream_options *upstream,
                                  struct metrics_cells *metrics, char error[UPLINK_ERROR_SIZE])
{
    struct tls_context *tls = NULL;
    if (upstream->is_tls) {
        const struct tls_client_options options = {upstream->host, upstream->ca_file};
        tls = tls_context_create_client(&options, error);
        if (!tls)
            return NULL;
        tls_context_count_in(tls, metrics);
    }
    const struct dialer_options options = {
        .host = upstream->host,
        .port = upstream->port,
        .resolve_ms = upstream->resolve_ms,
        .connect_ms = upstream->connect_ms,
        .tls_ms = upstream->tls_ms,
        .refresh_ms = upstream->dns_refresh_ms,
        .proxy = upstream->proxy,
        .metrics = metrics,
    };
    struct dialer *dialer = dialer_create(loop, &options, tls);
    if (tls)
        tls_context_release(tls); /* the dialer holds it */
    return dialer;
}

struct uplink *uplink_create(struct loop *loop, struct snapshot *snapshot,
                             struct metrics_cells *metrics, char error[UPLINK_ERROR_SIZE])
{
    const struct upstream_options *upstream = &snapshot->options.upstream;
    const struct stat certificates = look_at(upstream->ca_file);
    struct dialer *dialer = open_dialer(loop, upstream, metrics, error);
    if (!dialer)
        return NULL;
    struct uplink *uplink = xcalloc(1, sizeof(*uplink));
    *uplink = (struct uplink){
        .snapshot = snapshot_count(snapshot),
        .dialer = dialer,
        .pool = upstream_pool_create(loop, dialer, &upstream->pool),
        .holders = 1,
        .certificates = certificates,
    };
    return uplink;
}

struct uplink *uplink_count(struct uplink *uplink)
{
    uplink->holders++;
    return uplink;
}

void uplink_release(struct uplink *uplink)
{
    if (!uplink || --uplink->holders > 0)
        return;
    upstream_pool_destroy(uplink->pool);
    dialer_destroy(uplink->dialer);
    snapshot_release(uplink->snapshot);
    free(uplink);
}

bool uplink_fits(const struct uplink *uplink, const struct upstream_options *options)
{
    const struct stat certificates = look_at(options->ca_file);
    return upstream_options_equal(&uplink->snapshot->options.upstream, options) &&
           is_same_file(&uplink->certificates, &certificates);
}

struct upstream_pool *uplink_pool(const struct uplink *uplink)
{
    return uplink->pool;
}
