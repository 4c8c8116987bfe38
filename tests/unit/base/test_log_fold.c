#include "base/log_fold.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void the_first_is_told_at_once(void **state)
{
    (void)state;
    struct log_fold fold = {0};
    assert_int_equal(log_fold_count(&fold, 1), 1);
}

static void those_that_follow_are_told_together(void **state)
{
    (void)state;
    struct log_fold fold = {0};
    assert_int_equal(log_fold_count(&fold, 5), 1);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(log_fold_count(&fold, 5 + LOG_FOLD_MS - 1), 0);
    assert_int_equal(log_fold_count(&fold, 5 + LOG_FOLD_MS), 1001);
    assert_int_equal(log_fold_count(&fold, 5 + LOG_FOLD_MS), 0);
}

static void after_a_quiet_time_one_is_one(void **state)
{
    (void)state;
    struct log_fold fold = {0};
    assert_int_equal(log_fold_count(&fold, 5), 1);
    assert_int_equal(log_fold_count(&fold, 5 + 7 * LOG_FOLD_MS), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_is_told_at_once),
        cmocka_unit_test(those_that_follow_are_told_together),
        cmocka_unit_test(after_a_quiet_time_one_is_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
