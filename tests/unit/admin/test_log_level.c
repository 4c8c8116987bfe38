#include "admin/log_level.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/text.h"

static void the_four_levels_are_known(void **state)
{
    (void)state;
    enum log_level level = LOG_ERROR;
    assert_true(log_level_read(SPAN("{\"level\": \"debug\"}"), &level));
    assert_int_equal(level, LOG_DEBUG);
    assert_true(log_level_read(SPAN("{\"level\": \"warn\"}"), &level));
    assert_int_equal(level, LOG_WARN);
}

static void anything_else_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {"",
                                        "debug",
                                        "{}",
                                        "[]",
                                        "null",
                                        "{\"level\": 1}",
                                        "{\"level\": \"Debug\"}",
                                        "{\"level\": \"debug\", \"for\": 1}",
                                        "{\"level\": \"debug\"",
                                        "{\"level\": \"debug\", \"level\": \"warn\"}"};
    enum log_level level = LOG_ERROR;
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        assert_false(log_level_read(span_of(wrong[i]), &level));
    assert_int_equal(level, LOG_ERROR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_four_levels_are_known),
        cmocka_unit_test(anything_else_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
