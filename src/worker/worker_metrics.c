#include "worker/worker_metrics.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/text.h"

enum { LOOK_MS = 1000, STAT_SIZE = 1024, STARTED_FIELD = 22, RSS_FIELD = 24 };

/* --- A worker --- */

static void look_upstream(const struct worker_metrics *watch)
{
    struct metrics_cells *cells = watch->cells;
    const struct upstream_pool_counts pool = upstream_pool_counts(watch->services->pool);
    const struct breaker *breaker = &watch->services->lasting->breaker;
    metrics_set(cells, METRIC_POOL, AT(0), pool.idle);
    metrics_set(cells, METRIC_POOL, AT(1), pool.open - pool.idle);
    metrics_set(cells, METRIC_WAITING, HERE, pool.waiting);
    metrics_set(cells, METRIC_BREAKER, HERE, breaker->state != BREAKER_CLOSED);
}

static void look_redis(const struct worker_metrics *watch)
{
    struct metrics_cells *cells = watch->cells;
    if (!watch->cache->redis)
        return;
    const struct redis_counts redis = redis_counts(watch->cache->redis);
    const uint64_t commands[] = {redis.answered, redis.refused, redis.late, redis.lost};
    const struct redis_tier_counts tier = redis_tier_counts(watch->cache->tier);
    const uint64_t tiers[] = {tier.found, tier.absent,  tier.damaged,
                              tier.late,  tier.written, tier.dropped};
    metrics_set(cells, METRIC_REDIS_UP, HERE, redis_is_up(watch->cache->redis));
    for (unsigned i = 0; i < COUNT_OF(commands); i++)
        metrics_set(cells, METRIC_REDIS_COMMANDS, AT(i), commands[i]);
    for (unsigned i = 0; i < COUNT_OF(tiers); i++)
        metrics_set(cells, METRIC_REDIS_CACHE, AT(i), tiers[i]);
}

static void look_credentials(const struct worker_metrics *watch)
{
    const struct snapshot_options *settings = watch->settings;
    for (size_t i = 0; i < settings->credential_count; i++) {
        unsigned word =
            metrics_word(watch->metrics, LABEL_CREDENTIAL, settings->credentials[i].name);
        unsigned slot = credential_slot(watch->services->credentials[i]);
        metrics_set(watch->cells, METRIC_CREDENTIALS, AT(word, slot), 1);
        metrics_set(watch->cells, METRIC_CREDENTIALS, AT(word, 1 - slot), 0);
    }
}

void worker_metrics_look(struct worker_metrics *watch)
{
    if (!watch->metrics)
        return;
    metrics_set(watch->cells, METRIC_CLIENT_CONNECTIONS, HERE, watch->clients->count);
    look_upstream(watch);
    look_redis(watch);
    look_credentials(watch);
}

static void on_due(struct timer *timer)
{
    struct worker_metrics *watch = container_of(timer, struct worker_metrics, timer);
    worker_metrics_look(watch);
    timer_set(&watch->timer, loop_now_ms(watch->loop) + LOOK_MS);
}

void worker_metrics_begin(struct worker_metrics *watch)
{
    timer_init(&watch->timer, &watch->loop->timers, on_due);
    if (watch->metrics)
        on_due(&watch->timer);
}

void worker_metrics_end(struct worker_metrics *watch)
{
    if (watch->metrics && watch->loop)
        timer_stop(&watch->timer);
}

/* --- The process --- */

static size_t count_descriptors(void)
{
    size_t count = 0;
    DIR *folder = opendir("/proc/self/fd");
    if (!folder)
        return 0;
    while (readdir(folder))
        count++;
    (void)closedir(folder);
    return count > 3 ? count - 3 : 0; /* ".", ".." and the folder's own */
}

/* proc(5): the number in a field of /proc/self/stat, of those after the name, which may hold anything. */
static uint64_t stat_field(struct span text, int field)
{
    uint64_t value = 0;
    size_t end = text.len;
    while (end > 0 && text.at[end - 1] != ')')
        end--;
    text = span_skip(text, end < text.len ? end + 1 : text.len);
    for (int i = 3; i < field; i++)
        (void)span_cut(&text, ' ');
    return span_to_u64(span_cut(&text, ' '), &value) ? value : 0;
}

static size_t read_file(const char *path, char *at, size_t size)
{
    FILE *file = fopen(path, "re");
    if (!file)
        return 0;
    size_t len = fread(at, 1, size, file);
    (void)fclose(file);
    return len;
}

/* When the machine started, in seconds since 1970: the line "btime" of /proc/stat. */
static uint64_t boot_time_s(void)
{
    static char text[64 * KIB]; /* one thread alone, see the header */
    struct span rest = {text, read_file("/proc/stat", text, sizeof(text))};
    uint64_t value = 0;
    while (rest.len > 0) {
        struct span line = span_cut(&rest, '\n');
        if (span_starts_with(line, SPAN("btime ")))
            return span_to_u64(span_skip(line, strlen("btime ")), &value) ? value : 0;
    }
    return 0;
}

static void look_process(struct metrics_cells *cells)
{
    char text[STAT_SIZE];
    struct rlimit limit;
    struct span stat = {text, read_file("/proc/self/stat", text, sizeof(text))};
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), ticks = (uint64_t)sysconf(_SC_CLK_TCK);
    metrics_set(cells, METRIC_RSS, HERE, stat_field(stat, RSS_FIELD) * page);
    metrics_set(cells, METRIC_START_TIME, HERE,
                boot_time_s() + stat_field(stat, STARTED_FIELD) / ticks);
    metrics_set(cells, METRIC_OPEN_FDS, HERE, count_descriptors());
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
        metrics_set(cells, METRIC_MAX_FDS, HERE, limit.rlim_cur);
}

static void look_cache(struct metrics_cells *cells, struct cache *cache)
{
    struct cache_counts counts;
    cache_read_counts(cache, &counts);
    metrics_set(cells, METRIC_CACHE_ENTRIES, HERE, counts.entries);
    metrics_set(cells, METRIC_CACHE_BYTES, HERE, counts.bytes);
    metrics_set(cells, METRIC_CACHE_PUTS, HERE, counts.puts);
    metrics_set(cells, METRIC_CACHE_EVICTIONS, HERE, counts.evictions);
    metrics_set(cells, METRIC_CACHE_EVICTED, HERE, counts.evicted_bytes);
}

void process_figures_look(const struct process_figures *figures)
{
    struct metrics_cells *cells = metrics_cells(figures->metrics, figures->workers);
    metrics_set(cells, METRIC_BUILD, HERE, 1);
    metrics_set(cells, METRIC_WORKERS, HERE, figures->workers);
    look_process(cells);
    if (figures->cache->cache)
        look_cache(cells, figures->cache->cache);
    metrics_set(cells, METRIC_LOG_DROPPED, HERE,
                log_writer_dropped(figures->access_log) + log_writer_dropped(figures->audit_log));
}
