#include "worker/worker.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "client/client_connection.h"
#include "gateway/gateway.h"
#include "worker/admin_entrance.h"
#include "worker/entrances.h"
#include "worker/worker_cache.h"
#include "worker/worker_limits.h"

/* Long enough for a client in use to send its next request on a connection and hear of the end. */
enum { DRAIN_GRACE_MS = 150 };

struct worker {
    struct worker_options options;
    struct snapshot *snapshot; /* counted */
    uv_thread_t thread;
    uv_sem_t started;
    bool is_serving; /* written before started is posted */
    atomic_bool has_ended;
    char *error; /* borrowed until started */

    struct loop loop;
    struct tls_context *tls; /* NULL for a plain upstream */
    struct dialer *dialer;
    struct credential **credentials;
    struct services services;
    struct worker_cache cache;
    struct worker_metrics watch;
    struct worker_limits limits;
    struct client_server clients;
    struct entrances *entrances;
    struct admin_entrance *admin; /* NULL: not here */

    struct letter turn_letter; /* on its way while has_turned is false */
    atomic_bool has_turned;

    struct letter drain_letter;
    struct timer drain_timer;
    enum drain_step { DRAIN_DELAYED, DRAIN_ANNOUNCED, DRAIN_ENDING } drain_step;
};

/* --- What is shared with exchanges --- */

static void hold_snapshot(void *snapshot)
{
    (void)snapshot_count(snapshot);
}

static void let_go_of_snapshot(void *snapshot)
{
    snapshot_release(snapshot);
}

static struct metrics_cells *cells_of(const struct worker *worker)
{
    return metrics_cells(worker->options.figures->metrics, worker->options.index);
}

static void set_up_services(struct worker *worker)
{
    const struct snapshot_options *options = &worker->snapshot->options;
    worker->services = (struct services){
        .loop = &worker->loop,
        .options = &options->gateway,
        .catalogue = worker->snapshot->catalogue,
        .keys = worker->snapshot->keys,
        .anonymous = options->anonymous,
        .credentials = worker->credentials,
        .credential_options = options->credentials,
        .clients = &worker->clients,
        .limits = worker->options.limits,
        .pool = upstream_pool_create(&worker->loop, worker->dialer, &options->upstream.pool),
        .upstream_authority = options->upstream.authority,
        .via = worker->options.via,
        .access_log = worker->options.access_log,
        .audit_log = worker->options.audit_log,
        .access_log_is_text = worker->options.access_log_is_text,
        .audit_log_is_text = worker->options.audit_log_is_text,
        .metrics = cells_of(worker),
        .refusals = worker->options.figures->refusals,
        .snapshot = worker->snapshot,
        .hold = hold_snapshot,
        .let_go = let_go_of_snapshot,
    };
    retry_budget_init(&worker->services.retries);
    breaker_init(&worker->services.breaker);
}

/* --- Stopping --- */

static void stop_if_drained(struct worker *worker)
{
    if (worker->clients.is_draining && worker->clients.count == 0)
        loop_stop(&worker->loop);
}

static void on_leave(struct client_server *clients, void *ticket)
{
    struct worker *worker = container_of(clients, struct worker, clients);
    entrances_leave(worker->entrances, ticket);
    stop_if_drained(worker);
}

static void on_unopened(struct client_server *clients, enum status why)
{
    entrances_note_unopened(container_of(clients, struct worker, clients)->entrances, why);
}

/* Stopping is a row of moments: connections are still taken while balancers learn of it; then what
 * is queued is accepted and answers say Connection: close; then, clients that use their connections
 * having heard it, those at rest are closed; then, at the latest, all. */
static void enter_drain(struct worker *worker, enum drain_step step, uint64_t wait_ms)
{
    worker->drain_step = step;
    timer_set(&worker->drain_timer, loop_now_ms(&worker->loop) + wait_ms);
}

static void abort_rest(struct worker *worker)
{
    log_event(LOG_WARN, "drain_timeout",
              FIELDS(field_number("connections", (int64_t)worker->clients.count)));
    client_server_abort(&worker->clients);
}

static void on_drain_due(struct timer *timer)
{
    struct worker *worker = container_of(timer, struct worker, drain_timer);
    switch (worker->drain_step) {
    case DRAIN_DELAYED:
        entrances_close(worker->entrances);
        worker->clients.is_draining = true;
        enter_drain(worker, DRAIN_ANNOUNCED, DRAIN_GRACE_MS);
        break;
    case DRAIN_ANNOUNCED:
        client_server_drain(&worker->clients);
        enter_drain(worker, DRAIN_ENDING, worker->snapshot->options.drain_ms);
        break;
    case DRAIN_ENDING:
        abort_rest(worker);
        break;
    }
    stop_if_drained(worker);
}

static void on_drain(struct letter *letter)
{
    struct worker *worker = container_of(letter, struct worker, drain_letter);
    admin_entrance_drain(worker->admin);
    enter_drain(worker, DRAIN_DELAYED, worker->snapshot->options.drain_delay_ms);
    if (worker->snapshot->options.drain_delay_ms == 0)
        on_drain_due(&worker->drain_timer);
}

/* --- The thread --- */

static bool set_up_upstream(struct worker *worker)
{
    const struct upstream_options *upstream = &worker->snapshot->options.upstream;
    if (upstream->is_tls) {
        const struct tls_client_options options = {upstream->host, upstream->ca_file};
        worker->tls = tls_context_create_client(&options, worker->error);
        if (!worker->tls)
            return false;
        tls_context_count_in(worker->tls, cells_of(worker));
    }
    const struct dialer_options options = {
        .host = upstream->host,
        .port = upstream->port,
        .resolve_ms = upstream->resolve_ms,
        .connect_ms = upstream->connect_ms,
        .tls_ms = upstream->tls_ms,
        .refresh_ms = upstream->dns_refresh_ms,
        .proxy = upstream->proxy,
        .metrics = cells_of(worker),
    };
    worker->dialer = dialer_create(&worker->loop, &options, worker->tls);
    return true;
}

static bool set_up_credentials(struct worker *worker)
{
    const struct snapshot_options *options = &worker->snapshot->options;
    worker->credentials = xcalloc(options->credential_count, sizeof(*worker->credentials));
    for (size_t i = 0; i < options->credential_count; i++) {
        worker->credentials[i] = credential_create(&options->credentials[i], worker->error);
        if (!worker->credentials[i])
            return false;
    }
    return true;
}

static bool set_up_cache(struct worker *worker)
{
    return worker_cache_open(&worker->cache, &worker->loop, worker->options.cache,
                             &worker->snapshot->options, &worker->services.cache,
                             worker->error) == OK;
}

static bool set_up_limits(struct worker *worker)
{
    return worker_limits_open(&worker->limits, &worker->loop, &worker->snapshot->options,
                              worker->options.via, &worker->services.limits, worker->error) == OK;
}

static bool open_entrances(struct worker *worker)
{
    const struct entrances_options options = {
        .loop = &worker->loop,
        .clients = &worker->clients,
        .settings = &worker->snapshot->options,
        .tickets = worker->options.tickets,
        .metrics = cells_of(worker),
        .descriptors = worker->options.descriptors,
    };
    worker->entrances = entrances_open(&options, worker->error);
    return worker->entrances != NULL;
}

static bool open_admin(struct worker *worker)
{
    const struct admin_entrance_options options = {
        .loop = &worker->loop,
        .settings = &worker->snapshot->options,
        .cache = &worker->services.cache,
        .figures = worker->options.figures,
        .gateway = &worker->services,
        .watch = &worker->watch,
        .descriptor = worker->options.admin_descriptor,
    };
    if (options.descriptor < 0)
        return true;
    worker->admin = admin_entrance_open(&options, worker->error);
    return worker->admin != NULL;
}

static void watch(struct worker *worker)
{
    worker->watch = (struct worker_metrics){
        .metrics = worker->options.figures->metrics,
        .cells = cells_of(worker),
        .loop = &worker->loop,
        .services = &worker->services,
        .clients = &worker->clients,
        .cache = &worker->cache,
        .settings = &worker->snapshot->options,
    };
    worker_metrics_begin(&worker->watch);
}

static bool set_up(struct worker *worker)
{
    const struct snapshot_options *options = &worker->snapshot->options;
    loop_init(&worker->loop);
    timer_init(&worker->drain_timer, &worker->loop.timers, on_drain_due);
    if (!set_up_upstream(worker) || !set_up_credentials(worker))
        return false;
    set_up_services(worker);
    if (!set_up_cache(worker) || !set_up_limits(worker))
        return false;
    client_server_init(&worker->clients, &worker->loop, &options->client, &gateway_handler,
                       &worker->services);
    worker->clients.on_leave = on_leave;
    worker->clients.on_unopened = on_unopened;
    watch(worker);
    return open_admin(worker) && open_entrances(worker);
}

static void tear_down(struct worker *worker)
{
    const struct snapshot_options *options = &worker->snapshot->options;
    admin_entrance_close(worker->admin);
    if (worker->entrances)
        entrances_destroy(worker->entrances);
    timer_stop(&worker->drain_timer);
    worker_metrics_end(&worker->watch);
    worker_cache_disconnect(&worker->cache);
    worker_limits_close(&worker->limits);
    if (worker->services.pool)
        upstream_pool_destroy(worker->services.pool);
    if (worker->dialer)
        dialer_destroy(worker->dialer);
    loop_close(&worker->loop);
    worker_cache_close(&worker->cache);
    if (worker->tls)
        tls_context_release(worker->tls);
    for (size_t i = 0; worker->credentials && i < options->credential_count; i++)
        credential_destroy(worker->credentials[i]);
    free(worker->credentials);
}

static void run(void *argument)
{
    struct worker *worker = argument;
    worker->is_serving = set_up(worker);
    bool is_serving = worker->is_serving;
    uv_sem_post(&worker->started);
    if (is_serving)
        loop_run(&worker->loop);
    tear_down(worker);
    atomic_store(&worker->has_ended, true);
    if (is_serving)
        worker->options.on_ended(worker->options.owner);
}

bool worker_has_ended(const struct worker *worker)
{
    return atomic_load(&worker->has_ended);
}

static void on_turn(struct letter *letter)
{
    atomic_store(&container_of(letter, struct worker, turn_letter)->has_turned, true);
}

bool worker_has_turned(struct worker *worker)
{
    if (!atomic_exchange(&worker->has_turned, false))
        return false;
    mailbox_post(&worker->loop.mailbox, &worker->turn_letter, on_turn);
    return true;
}

struct worker *worker_start(const struct worker_options *options, char error[WORKER_ERROR_SIZE])
{
    struct worker *worker = xcalloc(1, sizeof(*worker));
    worker->options = *options;
    worker->snapshot = snapshot_count(options->snapshot);
    worker->error = error;
    atomic_store(&worker->has_turned, true);
    ASSERT(uv_sem_init(&worker->started, 0) == 0);
    if (uv_thread_create(&worker->thread, run, worker) != 0) {
        (void)snprintf(error, WORKER_ERROR_SIZE, "cannot start a thread");
        uv_sem_destroy(&worker->started);
        snapshot_release(worker->snapshot);
        free(worker);
        return NULL;
    }
    uv_sem_wait(&worker->started);
    if (worker->is_serving)
        return worker;
    worker_join(worker);
    return NULL;
}

void worker_drain(struct worker *worker)
{
    mailbox_post(&worker->loop.mailbox, &worker->drain_letter, on_drain);
}

void worker_join(struct worker *worker)
{
    ASSERT(uv_thread_join(&worker->thread) == 0);
    uv_sem_destroy(&worker->started);
    snapshot_release(worker->snapshot);
    free(worker);
}
