#include "worker/process_parts.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "base/text.h"
#include "gateway/tally.h"
#include "worker/descriptors.h"
#include "worker/service_manager.h"

enum { ENDED_AT_ONCE = 130, LIMIT_PARTITIONS = 1 << 20 };

static enum status failed(const char *event, struct span reason)
{
    log_event(LOG_ERROR, event, FIELDS(field_text("reason", reason)));
    return ERR_IO;
}

/* --- What is made before the workers --- */

static enum status open_logs(struct process *process)
{
    const struct snapshot_options *options = &process->snapshot->options;
    if (log_sink_open(&process->access_log, &options->access_log, process->worker_count) != OK)
        return failed("access_log_failed", span_of(strerror(errno)));
    if (log_sink_open(&process->audit_log, &options->audit_log, process->worker_count) != OK)
        return failed("audit_log_failed", span_of(strerror(errno)));
    return OK;
}

/* SIGUSR1: what rotates logs has moved the files. */
static void reopen_logs(struct process *process)
{
    if (log_sink_reopen(&process->access_log) != OK || log_sink_reopen(&process->audit_log) != OK)
        log_event(LOG_WARN, "log_reopen_failed",
                  FIELDS(field_text("reason", span_of(strerror(errno)))));
    else
        log_event(LOG_INFO, "logs_reopened", NO_FIELDS);
}

static void open_metrics(struct process *process)
{
    process->figures = (struct process_figures){
        .metrics = metrics_create(process->worker_count),
        .refusals = refusals_create(),
        .workers = process->worker_count,
        .cache = &process->cache,
        .access_log = process->access_log.writer,
        .audit_log = process->audit_log.writer,
    };
    tally_register(process->figures.metrics);
    process_register(process, process->snapshot);
}

void process_register(struct process *process, struct snapshot *snapshot)
{
    struct snapshot_options *options = &snapshot->options;
    tally_register_keys(process->figures.metrics, options->keys, options->key_count);
    tally_register_limits(process->figures.metrics, &options->limit_rules);
    tally_register_filters(process->figures.metrics, &options->filter_rules);
}

/* --- Workers --- */

static void on_worker_ended(void *owner)
{
    struct process *process = owner;
    (void)uv_async_send(&process->ended);
}

struct worker_settings process_worker_settings(struct process *process, struct snapshot *snapshot,
                                               const struct sockets *sockets, size_t worker)
{
    return (struct worker_settings){
        .snapshot = snapshot,
        .descriptors = sockets_of(sockets, worker),
        .admin_descriptor = worker == 0 ? sockets->admin : -1,
        .access_log = log_sink_outlet(&process->access_log, worker),
        .audit_log = log_sink_outlet(&process->audit_log, worker),
    };
}

static enum status start_workers(struct process *process, const struct sockets *sockets)
{
    char error[WORKER_ERROR_SIZE];
    process->workers = xcalloc(process->worker_count, sizeof(struct worker *));
    for (size_t i = 0; i < process->worker_count; i++) {
        const struct worker_options options = {
            .settings = process_worker_settings(process, process->snapshot, sockets, i),
            .tickets = process->tickets,
            .cache = &process->cache,
            .limits = process->limits,
            .dict = process->dict,
            .figures = &process->figures,
            .index = i,
            .via = process->via,
            .on_reload = reload_ask,
            .on_ended = on_worker_ended,
            .owner = process,
        };
        process->workers[i] = worker_start(&options, error);
        if (!process->workers[i])
            return failed("start_failed", span_of(error));
        process->running++;
    }
    return OK;
}

void process_drain(struct process *process)
{
    if (process->is_draining || process->reload.must_drain)
        _exit(ENDED_AT_ONCE);
    process->reload.must_drain = process->reload.is_running;
    if (process->reload.is_running)
        return;
    process->is_draining = true;
    timer_stop(&process->watchdog);
    service_manager_tell(SPAN("STOPPING=1\nSTATUS=drains"));
    log_event(LOG_INFO, "draining", NO_FIELDS);
    for (size_t i = 0; process->workers && i < process->worker_count; i++) {
        if (process->workers[i])
            worker_drain(process->workers[i]);
    }
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct process *process = handle->data;
    if (number == SIGUSR1)
        reopen_logs(process);
    else if (number == SIGHUP)
        reload_begin(process);
    else
        process_drain(process);
}

/* The service manager hears of life only while every worker's loop turns. */
static void on_watchdog(struct timer *timer)
{
    struct process *process = container_of(timer, struct process, watchdog);
    bool is_alive = true;
    for (size_t i = 0; i < process->worker_count; i++)
        is_alive &= worker_has_turned(process->workers[i]);
    if (is_alive)
        service_manager_tell(SPAN("WATCHDOG=1"));
    timer_set(timer, loop_now_ms(&process->loop) + service_manager_watch_ms());
}

static void tell_service_manager(struct process *process)
{
    service_manager_tell(SPAN("READY=1\nSTATUS=serves"));
    if (service_manager_watch_ms() > 0)
        on_watchdog(&process->watchdog);
}

/* Wake-ups of several workers may arrive as one: the workers' own flags count. */
static void on_ended(uv_async_t *handle)
{
    struct process *process = handle->data;
    for (size_t i = 0; i < process->worker_count; i++) {
        if (process->workers[i] && worker_has_ended(process->workers[i])) {
            worker_join(process->workers[i]);
            process->workers[i] = NULL;
            process->running--;
        }
    }
    if (process->running == 0)
        loop_stop(&process->loop);
}

static void say_ready(const struct process *process, const struct sockets *sockets)
{
    size_t count = sockets->addresses;
    char admin[LISTENER_NAME_SIZE] = "";
    char(*texts)[LISTENER_NAME_SIZE] = xcalloc(count, sizeof(*texts));
    struct span *names = xcalloc(count, sizeof(*names));
    for (size_t i = 0; i < count; i++) {
        listener_name(sockets->at[i], texts[i]);
        names[i] = span_of(texts[i]);
    }
    if (sockets->admin >= 0)
        listener_name(sockets->admin, admin);
    const struct log_field fields[] = {
        field_list("addresses", names, count),
        field_number("workers", (int64_t)process->worker_count), field_number("pid", getpid()),
        field_text("version", SPAN(BPGATE_VERSION)), field_text("admin", span_of(admin))};
    log_milestone("ready", fields, COUNT_OF(fields) - (admin[0] == '\0' ? 1 : 0));
    free(names);
    free(texts);
}

/* --- The main thread's loop --- */

static void open_loop(struct process *process)
{
    static const int numbers[] = {SIGTERM, SIGINT, SIGUSR1, SIGHUP};
    loop_init(&process->loop);
    timer_init(&process->watchdog, &process->loop.timers, on_watchdog);
    ASSERT(uv_async_init(&process->loop.uv, &process->ended, on_ended) == 0);
    process->ended.data = process;
    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
        ASSERT(uv_signal_init(&process->loop.uv, &process->signals[i]) == 0);
        process->signals[i].data = process;
        ASSERT(uv_signal_start(&process->signals[i], on_signal, numbers[i]) == 0);
    }
}

static void close_loop(struct process *process)
{
    for (size_t i = 0; i < COUNT_OF(process->signals); i++)
        uv_close((uv_handle_t *)&process->signals[i], NULL);
    uv_close((uv_handle_t *)&process->ended, NULL);
    loop_close(&process->loop);
}

static void clean_up(struct process *process)
{
    log_sink_close(&process->access_log);
    log_sink_close(&process->audit_log);
    metrics_destroy(process->figures.metrics);
    refusals_destroy(process->figures.refusals);
    tls_tickets_destroy(process->tickets);
    limit_table_destroy(process->limits);
    shared_dict_destroy(process->dict);
    snapshot_release(process->snapshot);
    free(process->workers);
}

static enum status bind_all(struct process *process, struct sockets *sockets)
{
    struct inherited_sockets inherited;
    char error[LISTENER_ERROR_SIZE];
    inherited_sockets_open(&inherited);
    enum status status = sockets_bind(sockets, &process->snapshot->options, NULL, &inherited,
                                      process->worker_count, error);
    inherited_sockets_close(&inherited);
    return status == OK ? OK : failed("listen_failed", span_of(error));
}

static enum status start(struct process *process, struct sockets *sockets)
{
    const struct snapshot_options *options = &process->snapshot->options;
    char error[SHARED_CACHE_ERROR_SIZE];
    if (bind_all(process, sockets) != OK || open_logs(process) != OK)
        return ERR_IO;
    if (shared_cache_open(&process->cache, &process->loop, options, error) != OK)
        return failed("cache_failed", span_of(error));
    open_metrics(process);
    return start_workers(process, sockets);
}

/* Whatever the level: others wait for that line. */
static void begin_serving(struct process *process, const struct sockets *sockets)
{
    reload_note_start(process);
    say_ready(process, sockets);
    tell_service_manager(process);
}

/* An instance's own pseudonym tells a loop from another gateway on the way (RFC 9110 §7.6.3). */
static void choose_name(struct process *process)
{
    int len = snprintf(process->via_text, sizeof(process->via_text), "bpgate-%08x",
                       (unsigned)random_u64());
    process->via = (struct span){process->via_text, (size_t)len};
}

int process_run(const struct process_options *options)
{
    struct snapshot *snapshot = options->snapshot;
    struct process process = {
        .options = options,
        .first = snapshot,
        .snapshot = snapshot_count(snapshot),
        .worker_count = snapshot->options.workers,
        .tickets = tls_tickets_create(clock_ms()),
        .limits = limit_table_create(LIMIT_PARTITIONS),
        .dict = shared_dict_create(snapshot->options.filter_rules.dict_bytes),
    };
    struct sockets sockets = {.admin = -1};
    choose_name(&process);
    descriptors_raise();
    open_loop(&process);
    log_set_level(snapshot->options.log_level);
    enum status status = start(&process, &sockets);
    if (status == OK)
        begin_serving(&process, &sockets);
    else
        process_drain(&process);
    sockets_clear(&sockets);
    if (process.running > 0)
        loop_run(&process.loop);
    shared_cache_close(&process.cache);
    close_loop(&process);
    clean_up(&process);
    return status == OK ? 0 : 1;
}
