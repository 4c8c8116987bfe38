#include "worker/worker.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "client/client_connection.h"
#include "gateway/gateway.h"
#include "worker/entrances.h"
#include "worker/generation.h"
#include "worker/worker_cache.h"
#include "worker/worker_limits.h"

/* Long enough for a client in use to send its next request on a connection and hear of the end. */
enum { DRAIN_GRACE_MS = 150 };

struct worker {
    struct worker_options options;
    struct snapshot *first; /* counted: what is not loaded anew */
    uv_thread_t thread;
    uv_sem_t started;
    bool is_serving; /* written before started is posted */
    atomic_bool has_ended;
    char *error; /* borrowed until started */

    struct loop loop;
    struct lasting lasting;
    struct worker_cache cache;
    struct worker_limits limits;
    struct worker_metrics watch;
    struct client_server clients;
    struct generation *now, *next; /* next: between the steps of a change */
    struct entrances *entrances, *next_entrances;
    struct admin_entrance *admin; /* NULL: not here */

    struct letter turn_letter; /* on its way while has_turned is false */
    atomic_bool has_turned;

    struct letter drain_letter;
    struct timer drain_timer;
    enum drain_step { DRAIN_DELAYED, DRAIN_ANNOUNCED, DRAIN_ENDING } drain_step;
};

static struct metrics_cells *cells_of(const struct worker *worker)
{
    return metrics_cells(worker->options.figures->metrics, worker->options.index);
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
        enter_drain(worker, DRAIN_ENDING, generation_settings(worker->now)->drain_ms);
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
    uint64_t delay_ms = generation_settings(worker->now)->drain_delay_ms;
    enter_drain(worker, DRAIN_DELAYED, delay_ms);
    if (delay_ms == 0)
        on_drain_due(&worker->drain_timer);
}

/* --- Settings --- */

/* What is the worker's own of an exchange's services. */
static struct services services_of(struct worker *worker, const struct worker_settings *settings)
{
    return (struct services){
        .loop = &worker->loop,
        .clients = &worker->clients,
        .cache = worker_cache_services(&worker->cache),
        .limits = {.table = worker->options.limits, .redis = worker->limits.redis},
        .filters = {.dict = worker->options.dict, .metrics = worker->options.figures->metrics},
        .via = worker->options.via,
        .lasting = &worker->lasting,
        .access_log = settings->access_log.ring,
        .audit_log = settings->audit_log.ring,
        .access_log_is_text = settings->access_log.is_text,
        .audit_log_is_text = settings->audit_log.is_text,
        .metrics = cells_of(worker),
        .refusals = worker->options.figures->refusals,
    };
}

static bool prepare_limits(struct worker *worker, const struct snapshot_options *options,
                           char error[WORKER_ERROR_SIZE])
{
    const struct snapshot_options *first = &worker->first->options;
    if (!first->has_redis || options->limit_rules.count == 0 || worker->limits.redis)
        return true;
    return worker_limits_open(&worker->limits, &worker->loop, first, worker->options.via, error) ==
           OK;
}

static bool prepare_generation(struct worker *worker, const struct worker_settings *settings,
                               char error[WORKER_ERROR_SIZE])
{
    const struct services services = services_of(worker, settings);
    worker->next = generation_create(settings->snapshot, &services, worker->now, error);
    return worker->next != NULL;
}

static bool prepare_entrances(struct worker *worker, const struct worker_settings *settings,
                              char error[WORKER_ERROR_SIZE])
{
    const struct entrances_options options = {
        .loop = &worker->loop,
        .clients = &worker->clients,
        .settings = &settings->snapshot->options,
        .tickets = worker->options.tickets,
        .metrics = cells_of(worker),
        .descriptors = settings->descriptors,
    };
    worker->next_entrances = entrances_open(&options, error);
    return worker->next_entrances != NULL;
}

static void drop(struct worker *worker)
{
    generation_release(worker->next);
    if (worker->next_entrances)
        entrances_destroy(worker->next_entrances);
    if (worker->admin)
        admin_entrance_drop(worker->admin);
    worker->next = NULL;
    worker->next_entrances = NULL;
}

/* All of it is tried even after a failure, because whoever takes descriptors over closes them. */
static bool prepare(struct worker *worker, const struct worker_settings *settings,
                    char error[WORKER_ERROR_SIZE])
{
    const struct snapshot_options *options = &settings->snapshot->options;
    bool is_good = prepare_entrances(worker, settings, error);
    if (worker->admin)
        is_good &= admin_entrance_prepare(worker->admin, &options->admin,
                                          settings->admin_descriptor, error);
    is_good = is_good && prepare_limits(worker, options, error) &&
              prepare_generation(worker, settings, error);
    if (!is_good)
        drop(worker);
    return is_good;
}

/* Another upstream has not failed yet. */
static void settle_breaker(struct worker *worker)
{
    const struct services *next = generation_services(worker->next);
    if (!worker->now ||
        !span_equal(generation_services(worker->now)->upstream_authority, next->upstream_authority))
        breaker_init(&worker->lasting.breaker);
}

static void adopt(struct worker *worker)
{
    const struct snapshot_options *options = generation_settings(worker->next);
    struct services *services = generation_services(worker->next);
    settle_breaker(worker);
    worker->clients.options = &options->client;
    worker->clients.owner = services;
    worker->watch.services = services;
    worker->watch.settings = options;
    entrances_begin(worker->next_entrances, worker->entrances);
    worker->entrances = worker->next_entrances;
    if (worker->admin)
        admin_entrance_adopt(worker->admin, options, services);
    generation_release(worker->now);
    worker->now = worker->next;
    worker->next = NULL;
    worker->next_entrances = NULL;
}

static void on_change_done(struct letter *letter)
{
    struct worker_change *change = container_of(letter, struct worker_change, letter);
    change->on_done(change);
}

static void on_change(struct letter *letter)
{
    struct worker_change *change = container_of(letter, struct worker_change, letter);
    struct worker *worker = change->worker;
    switch (change->step) {
    case WORKER_PREPARE:
        change->is_good = prepare(worker, &change->settings, change->error);
        break;
    case WORKER_ADOPT:
        adopt(worker);
        break;
    case WORKER_DROP:
        drop(worker);
        break;
    }
    mailbox_post(&change->back->mailbox, &change->letter, on_change_done);
}

void worker_change(struct worker *worker, struct worker_change *change, enum worker_step step)
{
    change->worker = worker;
    change->step = step;
    mailbox_post(&worker->loop.mailbox, &change->letter, on_change);
}

struct told {
    struct letter letter;
    struct worker *worker;
    struct reload_news news;
};

static void on_told(struct letter *letter)
{
    struct told *told = container_of(letter, struct told, letter);
    if (told->worker->admin)
        admin_entrance_tell(told->worker->admin, &told->news);
    free(told);
}

void worker_tell(struct worker *worker, const struct reload_news *news)
{
    struct told *told = xcalloc(1, sizeof(*told));
    told->worker = worker;
    told->news = *news;
    mailbox_post(&worker->loop.mailbox, &told->letter, on_told);
}

/* --- The thread --- */

static void watch(struct worker *worker)
{
    worker->watch = (struct worker_metrics){
        .metrics = worker->options.figures->metrics,
        .cells = cells_of(worker),
        .loop = &worker->loop,
        .clients = &worker->clients,
        .cache = &worker->cache,
    };
}

static void set_up_admin(struct worker *worker)
{
    const struct admin_entrance_options options = {
        .loop = &worker->loop,
        .figures = worker->options.figures,
        .watch = &worker->watch,
        .on_reload = worker->options.on_reload,
        .owner = worker->options.owner,
    };
    if (worker->options.index == 0)
        worker->admin = admin_entrance_create(&options);
}

static bool set_up(struct worker *worker)
{
    loop_init(&worker->loop);
    timer_init(&worker->drain_timer, &worker->loop.timers, on_drain_due);
    retry_budget_init(&worker->lasting.retries);
    client_server_init(&worker->clients, &worker->loop, NULL, &gateway_handler, NULL);
    worker->clients.on_leave = on_leave;
    worker->clients.on_unopened = on_unopened;
    watch(worker);
    set_up_admin(worker);
    if (worker_cache_open(&worker->cache, &worker->loop, worker->options.cache,
                          &worker->first->options, worker->error) != OK ||
        !prepare(worker, &worker->options.settings, worker->error))
        return false;
    adopt(worker);
    worker_metrics_begin(&worker->watch);
    return true;
}

static void tear_down(struct worker *worker)
{
    admin_entrance_destroy(worker->admin);
    if (worker->entrances)
        entrances_destroy(worker->entrances);
    timer_stop(&worker->drain_timer);
    if (worker->now)
        worker_metrics_end(&worker->watch);
    generation_release(worker->now);
    worker_cache_disconnect(&worker->cache);
    worker_limits_close(&worker->limits);
    loop_close(&worker->loop);
    worker_cache_close(&worker->cache);
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
    worker->first = snapshot_count(options->settings.snapshot);
    worker->error = error;
    atomic_store(&worker->has_turned, true);
    ASSERT(uv_sem_init(&worker->started, 0) == 0);
    if (uv_thread_create(&worker->thread, run, worker) != 0) {
        (void)snprintf(error, WORKER_ERROR_SIZE, "cannot start a thread");
        uv_sem_destroy(&worker->started);
        snapshot_release(worker->first);
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
    snapshot_release(worker->first);
    free(worker);
}
