#include "worker/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "base/text.h"
#include "gateway/tally.h"
#include "net/listener.h"
#include "worker/log_sink.h"
#include "worker/service_manager.h"
#include "worker/worker.h"

enum { ENDED_AT_ONCE = 130, LIMIT_PARTITIONS = 1 << 20 };

struct process {
    struct snapshot *snapshot; /* borrowed */
    struct span via;
    char via_text[32];
    int *descriptors;     /* a row of listen addresses for each worker */
    int admin_descriptor; /* -1: there is no admin listener */
    size_t worker_count;
    struct worker **workers;
    struct log_sink access_log, audit_log;
    struct tls_tickets *tickets;
    struct shared_cache cache;
    struct process_figures figures;
    struct limit_services limits;
    struct loop loop;
    uv_signal_t signals[3];
    uv_async_t ended; /* a worker has ended */
    struct timer watchdog;
    bool is_draining;
    size_t running;
};

static enum status failed(const char *event, struct span reason)
{
    log_event(LOG_ERROR, event, FIELDS(field_text("reason", reason)));
    return ERR_IO;
}

/* --- What is made before the workers --- */

/* A gateway holds two descriptors a client; the soft limit is often 1024. */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max)
        return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

static enum status bind_all(struct process *process)
{
    const struct snapshot_options *options = &process->snapshot->options;
    size_t workers = process->worker_count, addresses = options->listen_count;
    int *same = xcalloc(workers, sizeof(*same));
    char error[LISTENER_ERROR_SIZE];
    enum status status = OK;
    process->descriptors = xcalloc(workers * addresses, sizeof(*process->descriptors));
    for (size_t i = 0; i < workers * addresses; i++)
        process->descriptors[i] = -1;
    for (size_t a = 0; a < addresses && status == OK; a++) {
        status = listener_bind(options->listen[a].address, same, workers, error);
        for (size_t w = 0; w < workers && status == OK; w++)
            process->descriptors[w * addresses + a] = same[w];
    }
    free(same);
    if (status == OK && options->admin.address.len > 0)
        status = listener_bind(options->admin.address, &process->admin_descriptor, 1, error);
    return status == OK ? OK : failed("listen_failed", span_of(error));
}

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
    const struct snapshot_options *options = &process->snapshot->options;
    process->figures = (struct process_figures){
        .metrics = metrics_create(process->worker_count),
        .refusals = refusals_create(),
        .workers = process->worker_count,
        .cache = &process->cache,
        .access_log = process->access_log.writer,
        .audit_log = process->audit_log.writer,
    };
    tally_register(process->figures.metrics);
    tally_register_keys(process->figures.metrics, options->keys, options->key_count);
    tally_register_limits(process->figures.metrics, &options->limit_rules);
}

/* --- Workers --- */

static void on_worker_ended(void *owner)
{
    struct process *process = owner;
    (void)uv_async_send(&process->ended);
}

static enum status start_workers(struct process *process)
{
    size_t addresses = process->snapshot->options.listen_count;
    char error[WORKER_ERROR_SIZE];
    process->workers = xcalloc(process->worker_count, sizeof(struct worker *));
    for (size_t i = 0; i < process->worker_count; i++) {
        const struct worker_options options = {
            .snapshot = process->snapshot,
            .descriptors = process->descriptors + i * addresses,
            .admin_descriptor = i == 0 ? process->admin_descriptor : -1,
            .tickets = process->tickets,
            .cache = &process->cache,
            .limits = process->limits,
            .figures = &process->figures,
            .index = i,
            .access_log = log_sink_ring(&process->access_log, i),
            .audit_log = log_sink_ring(&process->audit_log, i),
            .access_log_is_text = process->access_log.is_text,
            .audit_log_is_text = process->audit_log.is_text,
            .via = process->via,
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

static void drain(struct process *process)
{
    if (process->is_draining)
        _exit(ENDED_AT_ONCE);
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
    if (number == SIGUSR1)
        reopen_logs(handle->data);
    else
        drain(handle->data);
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

static void say_ready(const struct process *process)
{
    size_t count = process->snapshot->options.listen_count;
    char admin[LISTENER_NAME_SIZE] = "";
    char(*texts)[LISTENER_NAME_SIZE] = xcalloc(count, sizeof(*texts));
    struct span *names = xcalloc(count, sizeof(*names));
    for (size_t i = 0; i < count; i++) {
        listener_name(process->descriptors[i], texts[i]);
        names[i] = span_of(texts[i]);
    }
    if (process->admin_descriptor >= 0)
        listener_name(process->admin_descriptor, admin);
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
    static const int numbers[] = {SIGTERM, SIGINT, SIGUSR1};
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
    limit_table_destroy(process->limits.table);
    inflight_destroy(process->limits.inflight);
    free(process->descriptors);
    free(process->workers);
}

static enum status start(struct process *process)
{
    char error[SHARED_CACHE_ERROR_SIZE];
    if (bind_all(process) != OK || open_logs(process) != OK)
        return ERR_IO;
    if (shared_cache_open(&process->cache, &process->loop, &process->snapshot->options, error) !=
        OK)
        return failed("cache_failed", span_of(error));
    open_metrics(process);
    return start_workers(process);
}

int process_run(struct snapshot *snapshot)
{
    struct process process = {
        .snapshot = snapshot,
        .worker_count = snapshot->options.workers,
        .admin_descriptor = -1,
        .tickets = tls_tickets_create(clock_ms()),
        .limits = {.table = limit_table_create(LIMIT_PARTITIONS),
                   .inflight = inflight_create(snapshot->options.key_count),
                   .rules = &snapshot->options.limit_rules},
    };
    /* An instance's own pseudonym tells a loop from another gateway on the way (RFC 9110 §7.6.3). */
    int len =
        snprintf(process.via_text, sizeof(process.via_text), "bpgate-%08x", (unsigned)random_u64());
    process.via = (struct span){process.via_text, (size_t)len};
    raise_descriptor_limit();
    open_loop(&process);
    log_set_level(snapshot->options.log_level);
    enum status status = start(&process);
    if (status == OK) {
        say_ready(&process);
        tell_service_manager(&process);
    } else {
        drain(&process);
    }
    if (process.running > 0)
        loop_run(&process.loop);
    shared_cache_close(&process.cache);
    close_loop(&process);
    clean_up(&process);
    return status == OK ? 0 : 1;
}
