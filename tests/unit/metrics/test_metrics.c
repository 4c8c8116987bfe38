#include "metrics/metrics.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/text.h"

static void what_workers_count_is_summed(void **state)
{
    (void)state;
    struct metrics *metrics = metrics_create(2);
    metrics_add(metrics_cells(metrics, 0), METRIC_REQUESTS, AT(OP_UNKNOWN, 1, 2), 3);
    metrics_add(metrics_cells(metrics, 1), METRIC_REQUESTS, AT(OP_UNKNOWN, 1, 2), 4);
    metrics_add(metrics_cells(metrics, 1), METRIC_REQUESTS, AT(OP_UNKNOWN, 2, 2), 1);
    metrics_set(metrics_cells(metrics, 2), METRIC_CACHE_BYTES, HERE, 9);
    assert_int_equal(metrics_sum(metrics, METRIC_REQUESTS, AT(OP_UNKNOWN, 1, 2)), 7);
    assert_int_equal(metrics_sum(metrics, METRIC_REQUESTS, AT(OP_UNKNOWN, 2, 2)), 1);
    assert_int_equal(metrics_sum(metrics, METRIC_REQUESTS, AT(OP_UNKNOWN, 2, 1)), 0);
    assert_int_equal(metrics_sum(metrics, METRIC_CACHE_BYTES, HERE), 9);
    metrics_destroy(metrics);
}

static void no_series_touches_another(void **state)
{
    (void)state;
    struct metrics *metrics = metrics_create(1);
    struct metrics_cells *cells = metrics_cells(metrics, 0);
    for (unsigned i = 0; i < METRIC_COUNT; i++) {
        const struct metric_row *row = metric_row((enum metric)i);
        unsigned a = (unsigned)metrics_word_room(metrics, row->labels[0]) - 1;
        unsigned b = (unsigned)metrics_word_room(metrics, row->labels[1]) - 1;
        unsigned c = (unsigned)metrics_word_room(metrics, row->labels[2]) - 1;
        if (row->kind == METRIC_TIMES || row->kind == METRIC_SHORT_TIMES) {
            metrics_observe(cells, (enum metric)i, AT(a, b, c), UINT32_MAX);
            struct metric_histogram at = metrics_histogram(metrics, (enum metric)i, AT(a, b, c));
            assert_int_equal(at.buckets[at.count - 1], 1);
            assert_int_equal(at.sum_us, UINT32_MAX);
        } else {
            assert_int_equal(metrics_sum(metrics, (enum metric)i, AT(a, b, c)), 0);
            metrics_add(cells, (enum metric)i, AT(a, b, c), 1);
            assert_int_equal(metrics_sum(metrics, (enum metric)i, AT(a, b, c)), 1);
        }
    }
    metrics_destroy(metrics);
}

static void a_place_that_is_not_there_counts_as_the_first(void **state)
{
    (void)state;
    struct metrics *metrics = metrics_create(1);
    metrics_add(metrics_cells(metrics, 0), METRIC_KEY_REQUESTS, AT(99999, 77), 1);
    assert_int_equal(metrics_sum(metrics, METRIC_KEY_REQUESTS, HERE), 1);
    metrics_destroy(metrics);
}

static void nobody_counts_without_cells(void **state)
{
    (void)state;
    metrics_add(NULL, METRIC_RETRIES, HERE, 1);
    metrics_set(NULL, METRIC_RETRIES, HERE, 1);
    metrics_observe(NULL, METRIC_OVERHEAD, HERE, 1);
}

static void a_duration_falls_into_the_bucket_that_ends_with_it(void **state)
{
    (void)state;
    struct metrics *metrics = metrics_create(1);
    struct metrics_cells *cells = metrics_cells(metrics, 0);
    const uint64_t durations[] = {0, 250, 251, 60000000, 60000001};
    for (size_t i = 0; i < COUNT_OF(durations); i++)
        metrics_observe(cells, METRIC_PHASES, AT(PHASE_TLS), durations[i]);
    struct metric_histogram seen = metrics_histogram(metrics, METRIC_PHASES, AT(PHASE_TLS));
    assert_int_equal(seen.bounds_us[0], 250);
    assert_int_equal(seen.buckets[0], 2);
    assert_int_equal(seen.buckets[1], 1);
    assert_int_equal(seen.buckets[seen.count - 2], 1);
    assert_int_equal(seen.buckets[seen.count - 1], 1);
    assert_int_equal(seen.sum_us, 120000502);
    metrics_destroy(metrics);
}

static void words_beyond_the_room_are_other(void **state)
{
    (void)state;
    struct metrics *metrics = metrics_create(1);
    char name[16];
    for (unsigned i = 0; i < 200; i++) {
        int len = snprintf(name, sizeof(name), "key-%u", i);
        unsigned word = metrics_word(metrics, LABEL_KEY, (struct span){name, (size_t)len});
        assert_int_equal(word, KEY_NONE + 1 + i);
    }
    assert_int_equal(metrics_word(metrics, LABEL_KEY, SPAN("one-more")), WORD_OTHER);
    assert_int_equal(metrics_word(metrics, LABEL_KEY, SPAN("key-7")), KEY_NONE + 8);
    assert_int_equal(metrics_word(metrics, LABEL_KEY, SPAN("none")), KEY_NONE);
    assert_true(span_equal(metrics_word_at(metrics, LABEL_KEY, WORD_OTHER), SPAN("other")));
    assert_int_equal(metrics_word_count(metrics, LABEL_KEY), metrics_word_room(metrics, LABEL_KEY));
    metrics_destroy(metrics);
}

static void every_row_has_a_help_and_a_name_of_its_own(void **state)
{
    (void)state;
    for (unsigned i = 0; i < METRIC_COUNT; i++) {
        const struct metric_row *row = metric_row((enum metric)i);
        struct span name = span_of(row->name);
        assert_true(span_starts_with(name, SPAN("bpgate_")) ||
                    span_starts_with(name, SPAN("process_")));
        assert_true(strlen(row->help) > 5);
        for (unsigned j = 0; j < i; j++)
            assert_false(span_equal(name, span_of(metric_row((enum metric)j)->name)));
    }
}

enum { ADDITIONS = 200000 };

static void *count_many(void *cells)
{
    for (int i = 0; i < ADDITIONS; i++)
        metrics_add(cells, METRIC_RETRIES, HERE, 1);
    return NULL;
}

static void reading_while_workers_count_never_goes_back(void **state)
{
    (void)state;
    struct metrics *metrics = metrics_create(2);
    pthread_t threads[2];
    uint64_t before = 0;
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, count_many, metrics_cells(metrics, i)),
                         0);
    while (before < ADDITIONS) {
        uint64_t now = metrics_sum(metrics, METRIC_RETRIES, HERE);
        assert_true(now >= before);
        before = now;
    }
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(metrics_sum(metrics, METRIC_RETRIES, HERE), 2 * ADDITIONS);
    metrics_destroy(metrics);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_workers_count_is_summed),
        cmocka_unit_test(no_series_touches_another),
        cmocka_unit_test(a_place_that_is_not_there_counts_as_the_first),
        cmocka_unit_test(nobody_counts_without_cells),
        cmocka_unit_test(a_duration_falls_into_the_bucket_that_ends_with_it),
        cmocka_unit_test(words_beyond_the_room_are_other),
        cmocka_unit_test(every_row_has_a_help_and_a_name_of_its_own),
        cmocka_unit_test(reading_while_workers_count_never_goes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
