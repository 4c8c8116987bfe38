#include "metrics/metrics.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/text.h"

enum { CACHE_LINE = 64, WORD_MAX = 64 };

static const struct metric_row rows[] = {
#define METRIC_ROW(id, kind, name, a, b, c, help) [id] = {name, help, METRIC_##kind, {a, b, c}},
    METRICS(METRIC_ROW)
#undef METRIC_ROW
};

static const struct {
    const char *name, *words;
    size_t more;
} label_rows[] = {
#define LABEL_ROW(id, name, words, more) [id] = {name, words, more},
    METRIC_LABELS(LABEL_ROW)
#undef LABEL_ROW
};

static const uint64_t times_us[] = {250,    500,     1000,    2500,     5000,
                                    10000,  25000,   50000,   100000,   250000,
                                    500000, 1000000, 2500000, 10000000, 60000000};
static const uint64_t short_times_us[] = {25,   50,   100,   250,   500,   1000,
                                          2500, 5000, 10000, 25000, 100000};

/* Words are written before their count, and never change after that. */
struct label {
    struct span *words;
    size_t room;
    atomic_size_t count;
};

struct metrics_cells {
    const struct metrics *metrics; /* borrowed */
    _Alignas(CACHE_LINE) atomic_uint_fast64_t at[];
};

/* The cells of a metric: where they begin, and how far apart those are that differ in one label. */
struct cell_range {
    size_t first, strides[METRIC_LABELS_MAX];
    unsigned rooms[METRIC_LABELS_MAX];
};

struct metrics {
    struct label labels[METRIC_LABEL_COUNT];
    struct cell_range ranges[METRIC_COUNT];
    pthread_mutex_t lock; /* of registering words */
    size_t set_count;
    struct metrics_cells *sets[];
};

/* --- Labels --- */

static void keep_word(struct label *label, struct span word)
{
    size_t count = atomic_load_explicit(&label->count, memory_order_relaxed);
    if (word.len > WORD_MAX)
        word.len = WORD_MAX;
    label->words[count] = (struct span){xstrdup(word), word.len};
    atomic_store_explicit(&label->count, count + 1, memory_order_release);
}

static void label_init(struct label *label, struct span words, size_t more)
{
    size_t count = 1;
    for (size_t i = 0; i < words.len; i++)
        count += words.at[i] == '|';
    label->room = count + more;
    label->words = xcalloc(label->room, sizeof(*label->words));
    while (count-- > 0)
        keep_word(label, span_cut(&words, '|'));
}

static void label_clear(struct label *label)
{
    for (size_t i = 0; i < label->count; i++) {
        union {
            const char *kept;
            char *owned;
        } word = {label->words[i].at};
        free(word.owned);
    }
    free(label->words);
}

/* As xstrdup keeps it: a longer one is the same word as its beginning. */
static size_t find_word(const struct label *label, struct span word)
{
    size_t count = atomic_load_explicit(&label->count, memory_order_acquire);
    if (word.len > WORD_MAX)
        word.len = WORD_MAX;
    for (size_t i = 0; i < count; i++) {
        if (span_equal(label->words[i], word))
            return i;
    }
    return SIZE_MAX;
}

unsigned metrics_word(struct metrics *metrics, enum metric_label label, struct span word)
{
    struct label *words = &metrics->labels[label];
    pthread_mutex_lock(&metrics->lock);
    size_t place = find_word(words, word);
    if (place == SIZE_MAX && words->count < words->room) {
        place = words->count;
        keep_word(words, word);
    }
    pthread_mutex_unlock(&metrics->lock);
    return place == SIZE_MAX ? WORD_OTHER : (unsigned)place;
}

size_t metrics_word_count(const struct metrics *metrics, enum metric_label label)
{
    return atomic_load_explicit(&metrics->labels[label].count, memory_order_acquire);
}

size_t metrics_word_room(const struct metrics *metrics, enum metric_label label)
{
    return metrics->labels[label].room;
}

struct span metrics_word_at(const struct metrics *metrics, enum metric_label label, size_t place)
{
    return metrics->labels[label].words[place];
}

/* --- Rows --- */

const struct metric_row *metric_row(enum metric metric)
{
    return &rows[metric];
}

const char *metric_label_name(enum metric_label label)
{
    return label_rows[label].name;
}

static size_t bound_count(enum metric_kind kind)
{
    return kind == METRIC_TIMES ? COUNT_OF(times_us) : COUNT_OF(short_times_us);
}

/* Of one series: a number; or the buckets, the one above all, and the sum. */
static size_t width_of(enum metric_kind kind)
{
    return kind == METRIC_TIMES || kind == METRIC_SHORT_TIMES ? bound_count(kind) + 2 : 1;
}

/* Lays out the cells of a metric from the given one on. Returns the cell behind them. */
static size_t lay_out(struct metrics *metrics, enum metric metric, size_t first)
{
    struct cell_range *range = &metrics->ranges[metric];
    size_t count = width_of(rows[metric].kind);
    range->first = first;
    for (size_t i = METRIC_LABELS_MAX; i-- > 0;) {
        range->strides[i] = count;
        range->rooms[i] = (unsigned)metrics->labels[rows[metric].labels[i]].room;
        count *= range->rooms[i];
    }
    return first + count;
}

/* --- Creating --- */

static struct metrics_cells *set_create(const struct metrics *metrics, size_t count)
{
    size_t size = sizeof(struct metrics_cells) + count * sizeof(atomic_uint_fast64_t);
    size = (size + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE;
    struct metrics_cells *cells = aligned_alloc(CACHE_LINE, size);
    ASSERT(cells);
    cells->metrics = metrics;
    for (size_t i = 0; i < count; i++)
        atomic_init(&cells->at[i], 0);
    return cells;
}

struct metrics *metrics_create(size_t workers)
{
    size_t sets = workers + 1, count = 0;
    struct metrics *metrics = xcalloc(1, sizeof(*metrics) + sets * sizeof(metrics->sets[0]));
    for (size_t i = 0; i < METRIC_LABEL_COUNT; i++)
        label_init(&metrics->labels[i], span_of(label_rows[i].words), label_rows[i].more);
    for (size_t i = 0; i < METRIC_COUNT; i++)
        count = lay_out(metrics, (enum metric)i, count);
    ASSERT(pthread_mutex_init(&metrics->lock, NULL) == 0);
    metrics->set_count = sets;
    for (size_t i = 0; i < sets; i++)
        metrics->sets[i] = set_create(metrics, count);
    return metrics;
}

void metrics_destroy(struct metrics *metrics)
{
    if (!metrics)
        return;
    for (size_t i = 0; i < metrics->set_count; i++)
        free(metrics->sets[i]);
    for (size_t i = 0; i < METRIC_LABEL_COUNT; i++)
        label_clear(&metrics->labels[i]);
    pthread_mutex_destroy(&metrics->lock);
    free(metrics);
}

struct metrics_cells *metrics_cells(struct metrics *metrics, size_t index)
{
    ASSERT(index < metrics->set_count);
    return metrics->sets[index];
}

/* --- Counting --- */

static size_t cell_of(const struct metrics *metrics, enum metric metric, struct metric_at at)
{
    const struct cell_range *range = &metrics->ranges[metric];
    size_t cell = range->first;
    for (size_t i = 0; i < METRIC_LABELS_MAX; i++)
        cell += (at.words[i] < range->rooms[i] ? at.words[i] : WORD_OTHER) * range->strides[i];
    return cell;
}

/* One thread writes: reading and storing apart is as good as an atomic addition, and cheaper. */
static void grow(atomic_uint_fast64_t *cell, uint64_t n)
{
    uint64_t before = atomic_load_explicit(cell, memory_order_relaxed);
    atomic_store_explicit(cell, before + n, memory_order_relaxed);
}

void metrics_add(struct metrics_cells *cells, enum metric metric, struct metric_at at, uint64_t n)
{
    if (cells)
        grow(&cells->at[cell_of(cells->metrics, metric, at)], n);
}

void metrics_set(struct metrics_cells *cells, enum metric metric, struct metric_at at,
                 uint64_t value)
{
    if (cells)
        atomic_store_explicit(&cells->at[cell_of(cells->metrics, metric, at)], value,
                              memory_order_relaxed);
}

static const uint64_t *bounds_of(enum metric_kind kind)
{
    return kind == METRIC_TIMES ? times_us : short_times_us;
}

void metrics_observe(struct metrics_cells *cells, enum metric metric, struct metric_at at,
                     uint64_t duration_us)
{
    if (!cells)
        return;
    enum metric_kind kind = rows[metric].kind;
    const uint64_t *bounds = bounds_of(kind);
    size_t count = bound_count(kind), bucket = 0;
    while (bucket < count && duration_us > bounds[bucket])
        bucket++;
    atomic_uint_fast64_t *first = &cells->at[cell_of(cells->metrics, metric, at)];
    grow(&first[bucket], 1);
    grow(&first[count + 1], duration_us);
}

/* --- Reading --- */

static uint64_t sum_of(const struct metrics *metrics, size_t cell)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < metrics->set_count; i++)
        sum += atomic_load_explicit(&metrics->sets[i]->at[cell], memory_order_relaxed);
    return sum;
}

static uint64_t largest_of(const struct metrics *metrics, size_t cell)
{
    uint64_t largest = 0;
    for (size_t i = 0; i < metrics->set_count; i++) {
        uint64_t value = atomic_load_explicit(&metrics->sets[i]->at[cell], memory_order_relaxed);
        largest = value > largest ? value : largest;
    }
    return largest;
}

uint64_t metrics_sum(const struct metrics *metrics, enum metric metric, struct metric_at at)
{
    if (rows[metric].kind == METRIC_LATEST)
        return largest_of(metrics, cell_of(metrics, metric, at));
    return sum_of(metrics, cell_of(metrics, metric, at));
}

struct metric_histogram metrics_histogram(const struct metrics *metrics, enum metric metric,
                                          struct metric_at at)
{
    enum metric_kind kind = rows[metric].kind;
    size_t first = cell_of(metrics, metric, at), bounds = bound_count(kind);
    struct metric_histogram histogram = {.count = bounds + 1, .bounds_us = bounds_of(kind)};
    for (size_t i = 0; i <= bounds; i++)
        histogram.buckets[i] = sum_of(metrics, first + i);
    histogram.sum_us = sum_of(metrics, first + bounds + 1);
    return histogram;
}
