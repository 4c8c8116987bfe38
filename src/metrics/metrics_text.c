#include "metrics/metrics_text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"

enum { LABELS_SIZE = 512, LINE_SIZE = 1024, MICROSECONDS = 1000000 };

struct metrics_text {
    const struct metrics *metrics; /* borrowed */
    size_t op_room;                /* series by operation, in all */
    size_t op_series;              /* shown so far */
    bool *is_shown;                /* by their place in the grid of the metric's labels */
};

/* One text being written. */
struct writer {
    struct metrics_text *text;
    enum metrics_format format;
    struct buffer *buffer;
    const struct metric_row *row;
    enum metric metric;
};

/* --- The bound --- */

static bool is_by_op(const struct metric_row *row)
{
    return row->labels[0] == LABEL_OP;
}

static bool is_histogram(const struct metric_row *row)
{
    return row->kind == METRIC_TIMES || row->kind == METRIC_SHORT_TIMES;
}

static size_t grid_of(const struct metrics *metrics, const struct metric_row *row)
{
    return metrics_word_room(metrics, row->labels[0]) * metrics_word_room(metrics, row->labels[1]) *
           metrics_word_room(metrics, row->labels[2]);
}

static size_t lines_of(const struct metrics *metrics, enum metric metric)
{
    const struct metric_row *row = metric_row(metric);
    size_t series = grid_of(metrics, row);
    if (!is_histogram(row))
        return series;
    return series * (metrics_histogram(metrics, metric, HERE).count + 2);
}

struct metrics_text *metrics_text_create(const struct metrics *metrics)
{
    struct metrics_text *text = xcalloc(1, sizeof(*text));
    size_t others = 0;
    text->metrics = metrics;
    for (unsigned i = 0; i < METRIC_COUNT; i++) {
        if (!is_by_op(metric_row((enum metric)i)))
            others += lines_of(metrics, (enum metric)i);
    }
    /* What is folded needs its own series. */
    size_t folded =
        grid_of(metrics, metric_row(METRIC_REQUESTS)) / metrics_word_room(metrics, LABEL_OP);
    ASSERT(others + folded < METRIC_SERIES_MAX);
    text->op_room = METRIC_SERIES_MAX - others - folded;
    text->is_shown = xcalloc(grid_of(metrics, metric_row(METRIC_REQUESTS)), sizeof(bool));
    return text;
}

void metrics_text_destroy(struct metrics_text *text)
{
    if (!text)
        return;
    free(text->is_shown);
    free(text);
}

size_t metrics_text_op_room(const struct metrics_text *text)
{
    return text->op_room;
}

/* --- Lines --- */

static void say(struct writer *w, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(struct writer *w, const char *format, ...)
{
    char line[LINE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    int len = vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    ASSERT(len >= 0 && (size_t)len < sizeof(line));
    ASSERT(buffer_append(w->buffer, (struct span){line, (size_t)len}) == OK);
}

/* Names of keys are the operator's words: quoted as both formats ask for. */
static size_t quote(char *at, size_t room, struct span word)
{
    size_t len = 0;
    for (size_t i = 0; i < word.len && len + 2 < room; i++) {
        char c = word.at[i];
        if (c == '"' || c == '\\' || c == '\n')
            at[len++] = '\\';
        at[len++] = (char)(c == '\n' ? 'n' : c);
    }
    return len;
}

/* `op="getUser",source="cache"`; empty without labels. */
static struct span labels_of(const struct writer *w, struct metric_at at, char text[LABELS_SIZE])
{
    size_t len = 0;
    for (size_t i = 0; i < COUNT_OF(at.words) && w->row->labels[i] != LABEL_NONE; i++) {
        enum metric_label label = w->row->labels[i];
        len += (size_t)snprintf(text + len, LABELS_SIZE - len, "%s%s=\"", i > 0 ? "," : "",
                                metric_label_name(label));
        len += quote(text + len, LABELS_SIZE - len - 2,
                     metrics_word_at(w->text->metrics, label, at.words[i]));
        text[len++] = '"';
    }
    return (struct span){text, len};
}

static void say_number(struct writer *w, struct span labels, uint64_t value)
{
    say(w, "%s%s%s%.*s%s %llu\n", w->row->name, w->row->kind == METRIC_COUNTER ? "_total" : "",
        labels.len ? "{" : "", (int)labels.len, labels.at, labels.len ? "}" : "",
        (unsigned long long)value);
}

/* In seconds, without zeros that say nothing; "1.0", which is how OpenMetrics wants it. */
static void say_bound(char text[32], uint64_t us)
{
    int len = snprintf(text, 32, "%llu.%06llu", (unsigned long long)(us / MICROSECONDS),
                       (unsigned long long)(us % MICROSECONDS));
    while (text[len - 1] == '0' && text[len - 2] != '.')
        text[--len] = '\0';
}

static void say_histogram(struct writer *w, struct span labels,
                          const struct metric_histogram *histogram)
{
    uint64_t count = 0;
    const char *comma = labels.len ? "," : "", *open = labels.len ? "{" : "",
               *close = labels.len ? "}" : "";
    for (size_t i = 0; i < histogram->count; i++) {
        char bound[32] = "+Inf";
        if (i + 1 < histogram->count)
            say_bound(bound, histogram->bounds_us[i]);
        count += histogram->buckets[i];
        say(w, "%s_bucket{%.*s%sle=\"%s\"} %llu\n", w->row->name, (int)labels.len, labels.at, comma,
            bound, (unsigned long long)count);
    }
    say(w, "%s_sum%s%.*s%s %llu.%06llu\n", w->row->name, open, (int)labels.len, labels.at, close,
        (unsigned long long)(histogram->sum_us / MICROSECONDS),
        (unsigned long long)(histogram->sum_us % MICROSECONDS));
    say(w, "%s_count%s%.*s%s %llu\n", w->row->name, open, (int)labels.len, labels.at, close,
        (unsigned long long)count);
}

/* --- Series --- */

/* Series of labels whose words are known from the start are told from zero on, so that their first
 * event is seen as a change. */
static bool is_told_when_zero(const struct writer *w)
{
    for (size_t i = 0; i < COUNT_OF(w->row->labels); i++) {
        enum metric_label label = w->row->labels[i];
        if (metrics_word_room(w->text->metrics, label) !=
                metrics_word_count(w->text->metrics, label) ||
            label == LABEL_SERVICE || label == LABEL_OP)
            return false;
    }
    return true;
}

static bool has_events(const struct metric_histogram *histogram)
{
    for (size_t i = 0; i < histogram->count; i++) {
        if (histogram->buckets[i] > 0)
            return true;
    }
    return false;
}

static void write_series(struct writer *w, struct metric_at at)
{
    char text[LABELS_SIZE];
    bool is_told = is_told_when_zero(w);
    if (is_histogram(w->row)) {
        struct metric_histogram histogram = metrics_histogram(w->text->metrics, w->metric, at);
        if (is_told || has_events(&histogram))
            say_histogram(w, labels_of(w, at, text), &histogram);
        return;
    }
    uint64_t value = metrics_sum(w->text->metrics, w->metric, at);
    if (is_told || value > 0)
        say_number(w, labels_of(w, at, text), value);
}

/* Whether it has, or gets, a line of its own. */
static bool is_shown(struct metrics_text *text, size_t place)
{
    if (!text->is_shown[place] && text->op_series < text->op_room) {
        text->is_shown[place] = true;
        text->op_series++;
    }
    return text->is_shown[place];
}

static void write_ops(struct writer *w)
{
    const struct metrics *metrics = w->text->metrics;
    size_t ops = metrics_word_count(metrics, LABEL_OP);
    size_t bs = metrics_word_count(metrics, w->row->labels[1]);
    size_t cs = metrics_word_count(metrics, w->row->labels[2]);
    char text[LABELS_SIZE];
    for (unsigned b = 0; b < bs; b++) {
        for (unsigned c = 0; c < cs; c++) {
            uint64_t folded = metrics_sum(metrics, w->metric, AT(WORD_OTHER, b, c));
            for (unsigned a = WORD_OTHER + 1; a < ops; a++) {
                uint64_t value = metrics_sum(metrics, w->metric, AT(a, b, c));
                if (value > 0 && is_shown(w->text, (a * bs + b) * cs + c))
                    say_number(w, labels_of(w, AT(a, b, c), text), value);
                else
                    folded += value;
            }
            if (folded > 0)
                say_number(w, labels_of(w, AT(WORD_OTHER, b, c), text), folded);
        }
    }
}

static void write_grid(struct writer *w)
{
    const struct metrics *metrics = w->text->metrics;
    for (unsigned a = 0; a < metrics_word_count(metrics, w->row->labels[0]); a++) {
        for (unsigned b = 0; b < metrics_word_count(metrics, w->row->labels[1]); b++) {
            for (unsigned c = 0; c < metrics_word_count(metrics, w->row->labels[2]); c++)
                write_series(w, AT(a, b, c));
        }
    }
}

/* OpenMetrics names the family without `_total`, and `_info` is a kind of its own. */
static void write_heading(struct writer *w)
{
    static const char *const kinds[] = {[METRIC_COUNTER] = "counter",
                                        [METRIC_GAUGE] = "gauge",
                                        [METRIC_LATEST] = "gauge",
                                        [METRIC_TIMES] = "histogram",
                                        [METRIC_SHORT_TIMES] = "histogram"};
    const struct metric_row *row = w->row;
    bool is_open = w->format == METRICS_OPENMETRICS, is_info = w->metric == METRIC_BUILD;
    const char *suffix = row->kind == METRIC_COUNTER && !is_open ? "_total" : "";
    int len = (int)(strlen(row->name) - (is_open && is_info ? strlen("_info") : 0));
    say(w, "# HELP %.*s%s %s\n# TYPE %.*s%s %s\n", len, row->name, suffix, row->help, len,
        row->name, suffix, is_open && is_info ? "info" : kinds[row->kind]);
}

void metrics_text_write(struct metrics_text *text, enum metrics_format format,
                        struct buffer *buffer)
{
    struct writer w = {.text = text, .format = format, .buffer = buffer};
    for (unsigned i = 0; i < METRIC_COUNT; i++) {
        w.metric = (enum metric)i;
        w.row = metric_row(w.metric);
        write_heading(&w);
        if (is_by_op(w.row))
            write_ops(&w);
        else
            write_grid(&w);
    }
    if (format == METRICS_OPENMETRICS)
        say(&w, "# EOF\n");
}

struct span metrics_format_type(enum metrics_format format)
{
    return format == METRICS_OPENMETRICS
               ? SPAN("application/openmetrics-text; version=1.0.0; charset=utf-8")
               : SPAN("text/plain; version=0.0.4; charset=utf-8");
}
