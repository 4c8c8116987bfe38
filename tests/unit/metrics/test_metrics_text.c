#include "metrics/metrics_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"

struct scene {
    struct metrics *metrics;
    struct metrics_cells *cells;
    struct metrics_text *text;
    struct buffer buffer;
};

static int set_up(void **state)
{
    struct scene *scene = xcalloc(1, sizeof(*scene));
    scene->metrics = metrics_create(1);
    scene->cells = metrics_cells(scene->metrics, 0);
    scene->text = metrics_text_create(scene->metrics);
    buffer_init(&scene->buffer, METRICS_TEXT_MAX);
    *state = scene;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *scene = *state;
    buffer_clear(&scene->buffer);
    metrics_text_destroy(scene->text);
    metrics_destroy(scene->metrics);
    free(scene);
    return 0;
}

static struct span text_of(struct scene *scene, enum metrics_format format)
{
    buffer_clear(&scene->buffer);
    metrics_text_write(scene->text, format, &scene->buffer);
    return buffer_bytes(&scene->buffer);
}

static bool has_line(struct span text, const char *wanted)
{
    while (text.len > 0) {
        if (span_equal(span_cut(&text, '\n'), span_of(wanted)))
            return true;
    }
    return false;
}

static size_t series_in(struct span text)
{
    size_t count = 0;
    while (text.len > 0)
        count += !span_starts_with(span_cut(&text, '\n'), SPAN("#"));
    return count;
}

static void counters_end_with_total_and_labels_are_named(void **state)
{
    struct scene *scene = *state;
    unsigned op = metrics_word(scene->metrics, LABEL_OP, SPAN("getUser"));
    metrics_add(scene->cells, METRIC_REQUESTS, AT(op, 2, 4), 5);
    struct span text = text_of(scene, METRICS_PROMETHEUS);
    assert_true(has_line(text, "# TYPE bpgate_requests_total counter"));
    assert_true(has_line(
        text, "bpgate_requests_total{op=\"getUser\",source=\"upstream\",status=\"4xx\"} 5"));
    assert_true(has_line(text, "bpgate_upstream_retries_total 0"));
    assert_true(has_line(text, "bpgate_tls_handshakes_total{side=\"client\",result=\"full\"} 0"));
}

static void histograms_are_cumulative_and_in_seconds(void **state)
{
    struct scene *scene = *state;
    metrics_observe(scene->cells, METRIC_OVERHEAD, HERE, 30);
    metrics_observe(scene->cells, METRIC_OVERHEAD, HERE, 1000);
    metrics_observe(scene->cells, METRIC_OVERHEAD, HERE, 2000000);
    struct span text = text_of(scene, METRICS_PROMETHEUS);
    assert_true(has_line(text, "# TYPE bpgate_overhead_seconds histogram"));
    assert_true(has_line(text, "bpgate_overhead_seconds_bucket{le=\"0.000025\"} 0"));
    assert_true(has_line(text, "bpgate_overhead_seconds_bucket{le=\"0.00005\"} 1"));
    assert_true(has_line(text, "bpgate_overhead_seconds_bucket{le=\"0.1\"} 2"));
    assert_true(has_line(text, "bpgate_overhead_seconds_bucket{le=\"+Inf\"} 3"));
    assert_true(has_line(text, "bpgate_overhead_seconds_sum 2.001030"));
    assert_true(has_line(text, "bpgate_overhead_seconds_count 3"));
}

static void openmetrics_names_families_and_ends(void **state)
{
    struct scene *scene = *state;
    metrics_set(scene->cells, METRIC_BUILD, HERE, 1);
    struct span text = text_of(scene, METRICS_OPENMETRICS);
    assert_true(has_line(text, "# TYPE bpgate_requests counter"));
    assert_true(has_line(text, "# TYPE bpgate_build info"));
    assert_true(has_line(text, "bpgate_build_info{version=\"" BPGATE_VERSION "\"} 1"));
    assert_true(text.len > 6 && memcmp(text.at + text.len - 6, "# EOF\n", 6) == 0);
    struct span other = text_of(scene, METRICS_PROMETHEUS);
    assert_false(has_line(other, "# EOF"));
}

static void words_are_escaped(void **state)
{
    struct scene *scene = *state;
    unsigned key = metrics_word(scene->metrics, LABEL_KEY, SPAN("a\"b\\c\nd"));
    metrics_add(scene->cells, METRIC_KEY_REQUESTS, AT(key, 0), 1);
    assert_true(has_line(text_of(scene, METRICS_PROMETHEUS),
                         "bpgate_key_requests_total{key=\"a\\\"b\\\\c\\nd\",secret=\"first\"} 1"));
}

static void fill_label(struct scene *scene, enum metric_label label)
{
    char name[80];
    for (unsigned i = 0; i < metrics_word_room(scene->metrics, label); i++) {
        int len = snprintf(name, sizeof(name), "\"\"%050u", i);
        (void)metrics_word(scene->metrics, label, (struct span){name, (size_t)len});
    }
}

static void count_everything(struct scene *scene)
{
    for (unsigned i = 0; i < METRIC_COUNT; i++) {
        const struct metric_row *row = metric_row((enum metric)i);
        for (unsigned a = 0; a < metrics_word_room(scene->metrics, row->labels[0]); a++)
            for (unsigned b = 0; b < metrics_word_room(scene->metrics, row->labels[1]); b++)
                for (unsigned c = 0; c < metrics_word_room(scene->metrics, row->labels[2]); c++) {
                    if (row->kind < METRIC_TIMES)
                        metrics_add(scene->cells, (enum metric)i, AT(a, b, c), 1);
                    else
                        metrics_observe(scene->cells, (enum metric)i, AT(a, b, c), 1);
                }
    }
}

static void however_much_is_counted_there_are_3000_series_at_most(void **state)
{
    struct scene *scene = *state;
    for (unsigned i = LABEL_NONE + 1; i < METRIC_LABEL_COUNT; i++)
        fill_label(scene, (enum metric_label)i);
    count_everything(scene);
    struct span text = text_of(scene, METRICS_PROMETHEUS);
    assert_int_equal(series_in(text), METRIC_SERIES_MAX);
    assert_true(metrics_text_op_room(scene->text) >= 900);
}

/* The sum over op is what was counted, whatever was folded. */
static uint64_t sum_of_requests(struct span text)
{
    uint64_t sum = 0, value;
    while (text.len > 0) {
        struct span line = span_cut(&text, '\n');
        if (!span_starts_with(line, SPAN("bpgate_requests_total{")))
            continue;
        (void)span_cut(&line, ' ');
        assert_true(span_to_u64(line, &value));
        sum += value;
    }
    return sum;
}

static void what_is_folded_is_still_counted(void **state)
{
    struct scene *scene = *state;
    fill_label(scene, LABEL_OP);
    count_everything(scene);
    size_t grid = metrics_word_room(scene->metrics, LABEL_OP) * 4 * 6;
    assert_int_equal(sum_of_requests(text_of(scene, METRICS_PROMETHEUS)), grid);
    /* And what has a line keeps it. */
    metrics_add(scene->cells, METRIC_REQUESTS, AT(OP_UNKNOWN, 0, 0), 7);
    struct span text = text_of(scene, METRICS_PROMETHEUS);
    assert_int_equal(sum_of_requests(text), grid + 7);
    assert_true(
        has_line(text, "bpgate_requests_total{op=\"unknown\",source=\"none\",status=\"none\"} 8"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(counters_end_with_total_and_labels_are_named, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(histograms_are_cumulative_and_in_seconds, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(openmetrics_names_families_and_ends, set_up, tear_down),
        cmocka_unit_test_setup_teardown(words_are_escaped, set_up, tear_down),
        cmocka_unit_test_setup_teardown(however_much_is_counted_there_are_3000_series_at_most,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_folded_is_still_counted, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
