#include "base/calendar.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/text.h"

static void the_date_is_that_of_the_c_library(void **state)
{
    (void)state;
    for (uint64_t seconds = 0; seconds < UINT64_C(253402300800); seconds += 86399 * 13) {
        time_t time = (time_t)seconds;
        struct tm expected;
        assert_non_null(gmtime_r(&time, &expected));
        struct civil civil = civil_of(seconds);
        assert_int_equal(civil.year, expected.tm_year + 1900);
        assert_int_equal(civil.month, expected.tm_mon + 1);
        assert_int_equal(civil.day, expected.tm_mday);
        assert_int_equal(civil.hour, expected.tm_hour);
        assert_int_equal(civil.minute, expected.tm_min);
        assert_int_equal(civil.second, expected.tm_sec);
        assert_int_equal(civil_days(&civil), seconds / DAY_SECONDS);
    }
}

static void a_moment_is_written_to_the_millisecond(void **state)
{
    (void)state;
    char text[TIME_TEXT_SIZE];
    assert_true(span_equal(time_text(0, text), SPAN("1970-01-01T00:00:00.000Z")));
    assert_true(span_equal(time_text(951827696007, text), SPAN("2000-02-29T12:34:56.007Z")));
    assert_true(span_equal(time_text(253402300799999, text), SPAN("9999-12-31T23:59:59.999Z")));
    assert_int_equal(strlen(text), TIME_TEXT_SIZE - 1);
}

static void digits_keep_their_leading_zeros(void **state)
{
    (void)state;
    char text[4];
    assert_ptr_equal(put_digits(text, 7, 4), text + 4);
    assert_memory_equal(text, "0007", 4);
    (void)put_digits(text, 12345, 4);
    assert_memory_equal(text, "2345", 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_date_is_that_of_the_c_library),
        cmocka_unit_test(a_moment_is_written_to_the_millisecond),
        cmocka_unit_test(digits_keep_their_leading_zeros),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
