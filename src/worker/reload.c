#include <errno.h>
#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "worker/process_parts.h"
#include "worker/service_manager.h"

enum { MS_IN_SECOND = 1000, TOLD_SIZE = 256 };

/* --- What is told --- */

static struct metrics_cells *cells_of(const struct process *process)
{
    return metrics_cells(process->figures.metrics, process->figures.workers);
}

static void note(struct reload *reload, const char *line)
{
    size_t len = strlen(reload->news.text);
    (void)snprintf(reload->news.text + len, sizeof(reload->news.text) - len, "%s%s",
                   len > 0 ? "\n" : "", line);
}

void reload_note_start(struct process *process)
{
    metrics_set(cells_of(process), METRIC_CONFIG_GOOD, HERE, 1);
    metrics_set(cells_of(process), METRIC_CONFIG_TIME, HERE, clock_wall_ms() / MS_IN_SECOND);
}

static void count(const struct process *process, bool is_good)
{
    struct metrics_cells *cells = cells_of(process);
    metrics_add(cells, METRIC_RELOADS, AT(is_good ? RELOAD_DONE : RELOAD_FAILED), 1);
    metrics_set(cells, METRIC_CONFIG_GOOD, HERE, is_good);
    if (is_good)
        metrics_set(cells, METRIC_CONFIG_TIME, HERE, clock_wall_ms() / MS_IN_SECOND);
}

static void log_outcome(const struct process *process, bool is_good)
{
    const struct reload *reload = &process->reload;
    struct span text = span_of(reload->news.text);
    int64_t took_ms = (int64_t)(clock_ms() - reload->started_ms);
    if (!is_good)
        log_event(LOG_ERROR, "reload_failed", FIELDS(field_text("reason", text)));
    else if (text.len > 0)
        log_event(LOG_WARN, "reloaded",
                  FIELDS(field_number("ms", took_ms), field_text("note", text)));
    else
        log_event(LOG_INFO, "reloaded", FIELDS(field_number("ms", took_ms)));
}

/* sd_notify(3): RELOADING=1 with the clock's time, then READY=1. */
static void tell_begun(void)
{
    char text[TOLD_SIZE];
    (void)snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%" PRIu64, clock_us());
    service_manager_tell(span_of(text));
}

static void tell_ended(bool is_good)
{
    service_manager_tell(is_good ? SPAN("READY=1\nSTATUS=serves")
                                 : SPAN("READY=1\nSTATUS=serves with the settings before: the "
                                        "reload has failed"));
}

/* --- The end of one --- */

static void end(struct process *process, bool is_good)
{
    struct reload *reload = &process->reload;
    reload->news.is_good = is_good;
    reload->news.covers = reload->covers;
    reload->news.wall_ms = clock_wall_ms();
    count(process, is_good);
    log_outcome(process, is_good);
    tell_ended(is_good);
    worker_tell(process->workers[0], &reload->news);
    snapshot_release(reload->snapshot);
    reload->snapshot = NULL;
    (void)malloc_trim(0); /* what reading a long file took, which nobody here needs again */
    reload->is_running = false;
    if (reload->must_drain) {
        reload->must_drain = false;
        process_drain(process);
    } else if (reload->is_asked) {
        reload_begin(process);
    }
}

/* What others got with a credential whose token is now somewhere else may be another account's. */
static bool has_other_tokens(const struct snapshot_options *now,
                             const struct snapshot_options *next)
{
    for (size_t i = 0; i < next->credential_count; i++) {
        const struct credential_options *credential = &next->credentials[i];
        for (size_t j = 0; j < now->credential_count; j++) {
            const struct credential_options *before = &now->credentials[j];
            if (span_equal(before->name, credential->name) &&
                (!span_equal(before->token, credential->token) ||
                 !span_equal(before->next_token, credential->next_token)))
                return true;
        }
    }
    return false;
}

static void forget_answers(const struct process *process, const struct snapshot_options *next)
{
    struct tags *tags = process->cache.tags;
    if (tags && has_other_tokens(&process->snapshot->options, next))
        tags_stamp_all(tags, tags_now_us(tags), false);
}

static void succeed(struct process *process)
{
    struct reload *reload = &process->reload;
    log_sink_adopt(&process->access_log);
    log_sink_adopt(&process->audit_log);
    log_set_level(reload->snapshot->options.log_level);
    forget_answers(process, &reload->snapshot->options);
    snapshot_release(process->snapshot);
    process->snapshot = snapshot_count(reload->snapshot);
    end(process, true);
}

static void fail(struct process *process, const char *reason)
{
    note(&process->reload, reason);
    end(process, false);
}

static void on_changed(struct changeover *changeover, bool is_good, const char *error)
{
    struct process *process = container_of(changeover, struct process, reload.changeover);
    if (!is_good) {
        log_sink_drop(&process->access_log);
        log_sink_drop(&process->audit_log);
        note(&process->reload, error);
    }
    changeover_clear(changeover);
    sockets_clear(&process->reload.sockets);
    if (is_good)
        succeed(process);
    else
        end(process, false);
}

/* --- Its beginning --- */

/* Threads, the cache and the connections to Redis are made once. */
static void keep_what_lasts(struct process *process, struct snapshot *snapshot)
{
    struct snapshot_options *next = &snapshot->options;
    struct span names = SPAN("");
    const struct snapshot_options *first = &process->first->options;
    const struct {
        const char *name;
        bool is_other;
    } rows[] = {
        {"workers", first->workers != next->workers},
        {"cache.memory", first->cache.memory_bytes != next->cache.memory_bytes},
        {"cache.object", first->cache.object_bytes != next->cache.object_bytes},
        {"filter_limits.dict", first->filter_rules.dict_bytes != next->filter_rules.dict_bytes},
        {"redis.url",
         first->has_redis != next->has_redis || !span_equal(first->redis.text, next->redis.text)},
        {"redis.password", !span_equal(first->redis.password, next->redis.password)},
        {"redis.ca_file", !span_equal(span_of(first->redis.ca_file), span_of(next->redis.ca_file))},
        {"cache.redis_private", first->redis_private != next->redis_private},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char line[TOLD_SIZE];
        if (!rows[i].is_other)
            continue;
        (void)snprintf(line, sizeof(line),
                       "%s: a change counts after a restart; all other settings count now",
                       rows[i].name);
        note(&process->reload, line);
        names = ARENA_JOIN(&snapshot->arena, names, names.len > 0 ? SPAN(",\"") : SPAN("\""),
                           span_of(rows[i].name), SPAN("\""));
    }
    /* What is told of the settings begins with those that the process does not have yet. */
    if (names.len > 0 && next->told.len > 0)
        next->told = ARENA_JOIN(&snapshot->arena, SPAN("{\"waits_for_restart\":["), names,
                                SPAN("],"), span_skip(next->told, 1));
    next->workers = first->workers;
    next->cache = first->cache;
    next->has_redis = first->has_redis;
}

static bool open_logs(struct process *process, const struct snapshot_options *next)
{
    if (log_sink_prepare(&process->access_log, &next->access_log) != OK) {
        fail(process, "access_log: cannot be opened");
        return false;
    }
    if (log_sink_prepare(&process->audit_log, &next->audit_log) != OK) {
        log_sink_drop(&process->access_log);
        fail(process, "audit_log: cannot be opened");
        return false;
    }
    return true;
}

static bool bind_new(struct process *process, const struct snapshot_options *next)
{
    char error[LISTENER_ERROR_SIZE];
    if (sockets_bind(&process->reload.sockets, next, &process->snapshot->options, NULL,
                     process->worker_count, error) == OK)
        return true;
    log_sink_drop(&process->access_log);
    log_sink_drop(&process->audit_log);
    fail(process, error);
    return false;
}

static void tell_new(const struct sockets *sockets)
{
    char name[LISTENER_NAME_SIZE];
    for (size_t i = 0; i < sockets->addresses; i++) {
        if (sockets->at[i] < 0)
            continue;
        listener_name(sockets->at[i], name);
        log_event(LOG_INFO, "listens", FIELDS(field_text("address", span_of(name))));
    }
    if (sockets->admin < 0)
        return;
    listener_name(sockets->admin, name);
    log_event(LOG_INFO, "listens", FIELDS(field_text("admin", span_of(name))));
}

static void change_over(struct process *process)
{
    struct reload *reload = &process->reload;
    snapshot_follow(reload->snapshot, process->snapshot);
    process_register(process, reload->snapshot);
    tell_new(&reload->sockets);
    changeover_init(&reload->changeover, process->workers, process->worker_count);
    for (size_t i = 0; i < process->worker_count; i++)
        reload->changeover.changes[i].settings =
            process_worker_settings(process, reload->snapshot, &reload->sockets, i);
    reload->changeover.on_done = on_changed;
    changeover_begin(&reload->changeover, &process->loop);
}

static void load(struct process *process)
{
    struct reload *reload = &process->reload;
    struct buffer lines;
    buffer_init(&lines, MIB);
    reload->snapshot = process->options->load(process->options->owner, &lines);
    struct span rest = buffer_bytes(&lines);
    if (rest.len > 0)
        rest.len--; /* the last newline */
    (void)snprintf(reload->news.text, sizeof(reload->news.text), "%.*s", (int)rest.len,
                   rest.len > 0 ? rest.at : "");
    buffer_clear(&lines);
}

void reload_begin(struct process *process)
{
    struct reload *reload = &process->reload;
    reload->is_asked = reload->is_running;
    if (reload->is_running || process->is_draining)
        return;
    reload->is_running = true;
    reload->covers = reload->asked;
    reload->started_ms = clock_ms();
    reload->news = (struct reload_news){.wall_ms = 0};
    tell_begun();
    load(process);
    if (!reload->snapshot) {
        end(process, false);
        return;
    }
    keep_what_lasts(process, reload->snapshot);
    const struct snapshot_options *next = &reload->snapshot->options;
    if (open_logs(process, next) && bind_new(process, next))
        change_over(process);
}

/* --- From the admin listener --- */

struct ask {
    struct letter letter;
    struct process *process;
    uint64_t number;
};

static void on_asked(struct letter *letter)
{
    struct ask *ask = container_of(letter, struct ask, letter);
    struct process *process = ask->process;
    process->reload.asked = ask->number;
    free(ask);
    reload_begin(process);
}

void reload_ask(void *process, uint64_t number)
{
    struct ask *ask = xcalloc(1, sizeof(*ask));
    ask->process = process;
    ask->number = number;
    mailbox_post(&ask->process->loop.mailbox, &ask->letter, on_asked);
}
