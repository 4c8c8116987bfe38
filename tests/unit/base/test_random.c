#include "base/random.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void random_bytes_fill_all_that_was_asked_for_and_no_more(void **state)
{
    (void)state;
    unsigned char bytes[1002] = {0};
    random_bytes(bytes + 1, 1000);
    assert_int_equal(bytes[0], 0);
    assert_int_equal(bytes[1001], 0);
    size_t zeros = 0;
    for (size_t i = 1; i <= 1000; i++)
        zeros += bytes[i] == 0;
    assert_true(zeros < 50);
    random_bytes(NULL, 0);
}

static void random_numbers_do_not_repeat(void **state)
{
    (void)state;
    uint64_t numbers[200];
    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
        numbers[i] = random_u64();
        for (size_t k = 0; k < i; k++)
            assert_true(numbers[k] != numbers[i]);
    }
}

static void *draw_one(void *number)
{
    *(uint64_t *)number = random_u64();
    return NULL;
}

static void each_thread_has_a_seed_of_its_own(void **state)
{
    (void)state;
    pthread_t threads[2];
    uint64_t numbers[2] = {0};
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, draw_one, &numbers[i]), 0);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_true(numbers[0] != numbers[1]);
}

static void every_number_below_the_bound_comes_and_no_other(void **state)
{
    (void)state;
    unsigned counts[7] = {0};
    for (int i = 0; i < 7000; i++) {
        uint64_t number = random_below(7);
        assert_true(number < 7);
        counts[number]++;
    }
    for (size_t i = 0; i < COUNT_OF(counts); i++)
        assert_in_range(counts[i], 700, 1300);
}

static void the_edges_of_the_bound_are_allowed(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++) {
        assert_true(random_below(1) == 0);
        assert_true(random_below(UINT64_MAX) < UINT64_MAX);
        assert_true(random_below((UINT64_C(1) << 63) + 1) <= UINT64_C(1) << 63);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_bytes_fill_all_that_was_asked_for_and_no_more),
        cmocka_unit_test(random_numbers_do_not_repeat),
        cmocka_unit_test(each_thread_has_a_seed_of_its_own),
        cmocka_unit_test(every_number_below_the_bound_comes_and_no_other),
        cmocka_unit_test(the_edges_of_the_bound_are_allowed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
