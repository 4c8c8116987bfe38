/* metrics.h - what is counted: cells of each worker, summed when they are read.
 *
 *     metrics_add(cells, METRIC_REQUESTS, AT(op, source, status), 1);
 *
 * A cell is written by one thread, without a lock and without an atomic read-modify-write, and read
 * by any; the cells of two workers share no cache line. Nothing is allocated after the start. Labels
 * have a bounded set of words: metrics_word registers more of them, up to the row's bound.
 * Ownership: main creates, takes cells for each worker, destroys after they ended.
 */
#ifndef METRICS_METRICS_H
#define METRICS_METRICS_H

#include "base/base.h"
#include "metrics/metrics_table.h"

#define METRIC_ID(id, kind, name, a, b, c, help) id,
enum metric { METRICS(METRIC_ID) METRIC_COUNT };
#undef METRIC_ID

#define LABEL_ID(id, name, words, more) id,
enum metric_label { METRIC_LABELS(LABEL_ID) METRIC_LABEL_COUNT };
#undef LABEL_ID

enum metric_kind { METRIC_COUNTER, METRIC_GAUGE, METRIC_LATEST, METRIC_TIMES, METRIC_SHORT_TIMES };

/* The first words of labels that others are registered for. */
enum { WORD_OTHER, OP_UNKNOWN = 1, OP_REFUSED, OP_FIRST, SERVICE_REFUSED = 1, KEY_NONE = 1 };

enum metric_phase { PHASE_RESOLVE, PHASE_CONNECT, PHASE_TLS, PHASE_FIRST_BYTE, PHASE_BODY };
enum metric_decision { DECISION_ADMITTED, DECISION_REFUSED, DECISION_SHADOW_REFUSED };
enum metric_direction { DIRECTION_UP, DIRECTION_DOWN };
enum metric_side { SIDE_CLIENT, SIDE_UPSTREAM };
enum metric_handshake { HANDSHAKE_FULL, HANDSHAKE_RESUMED, HANDSHAKE_FAILED };
enum metric_entry { ENTRY_ADDRESS_FULL, ENTRY_NOT_TRUSTED, ENTRY_BAD_HEADER, ENTRY_TIMEOUT };
enum metric_reload { RELOAD_DONE, RELOAD_FAILED };

struct metrics;
struct metrics_cells;

/* Which of its series: a word for each of its labels, by its place. */
enum { METRIC_LABELS_MAX = 3 };
struct metric_at {
    unsigned words[METRIC_LABELS_MAX];
};
#define AT(...) ((struct metric_at){{__VA_ARGS__}})
#define HERE    AT(0) /* of a metric without labels */

/* Cells for so many workers, and one set more for what belongs to the process. */
struct metrics *metrics_create(size_t workers);
void metrics_destroy(struct metrics *metrics); /* NULL is allowed */

/* index ≤ workers; the last is the process's. Borrowed; only one thread may write to it. */
struct metrics_cells *metrics_cells(struct metrics *metrics, size_t index);

/* The place of a word of a label, registered if it is new; WORD_OTHER when there is no more room. Any
 * thread; takes a lock, so not for each request. */
unsigned metrics_word(struct metrics *metrics, enum metric_label label, struct span word);

/* cells may be NULL: nobody counts. A place that the label does not have counts as its first. */
void metrics_add(struct metrics_cells *cells, enum metric metric, struct metric_at at, uint64_t n);

/* For gauges, and for counters that somebody else counts. */
void metrics_set(struct metrics_cells *cells, enum metric metric, struct metric_at at,
                 uint64_t value);

/* Into a histogram. */
void metrics_observe(struct metrics_cells *cells, enum metric metric, struct metric_at at,
                     uint64_t duration_us);

/* --- Reading; any thread --- */

/* The sum of all cells, or the largest of a METRIC_LATEST. */
uint64_t metrics_sum(const struct metrics *metrics, enum metric metric, struct metric_at at);

/* A histogram: its buckets, each without those below it; the last is for all above. */
enum { METRIC_BUCKETS_MAX = 16 };
struct metric_histogram {
    size_t count;              /* of buckets */
    const uint64_t *bounds_us; /* of all but the last */
    uint64_t buckets[METRIC_BUCKETS_MAX];
    uint64_t sum_us;
};
struct metric_histogram metrics_histogram(const struct metrics *metrics, enum metric metric,
                                          struct metric_at at);

/* A row, for who tells all of them. */
struct metric_row {
    const char *name, *help;
    enum metric_kind kind;
    enum metric_label labels[METRIC_LABELS_MAX];
};
const struct metric_row *metric_row(enum metric metric);
const char *metric_label_name(enum metric_label label);

/* The words of a label so far, the most there may be, and one of them (borrowed; words never
 * change). */
size_t metrics_word_count(const struct metrics *metrics, enum metric_label label);
size_t metrics_word_room(const struct metrics *metrics, enum metric_label label);
struct span metrics_word_at(const struct metrics *metrics, enum metric_label label, size_t place);

#endif
