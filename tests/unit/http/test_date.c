#include "http/date.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "base/text.h"

#define NOV_1994 UINT64_C(784111777) /* Sun, 06 Nov 1994 08:49:37 GMT */
#define NOW_2025 UINT64_C(1750000000)

static void assert_written(uint64_t seconds, const char *expected)
{
    char text[HTTP_DATE_SIZE];
    struct span written = http_date_write(text, seconds);
    assert_int_equal(written.len, strlen(expected));
    assert_string_equal(text, expected);
}

static void dates_are_written_as_imf_fixdate(void **state)
{
    (void)state;
    assert_written(0, "Thu, 01 Jan 1970 00:00:00 GMT");
    assert_written(NOV_1994, "Sun, 06 Nov 1994 08:49:37 GMT");
    assert_written(951782399, "Mon, 28 Feb 2000 23:59:59 GMT");
    assert_written(951782400, "Tue, 29 Feb 2000 00:00:00 GMT");
    assert_written(4107542400, "Mon, 01 Mar 2100 00:00:00 GMT");
    assert_written(253402300799, "Fri, 31 Dec 9999 23:59:59 GMT");
}

static void every_day_of_four_centuries_is_that_of_the_system(void **state)
{
    (void)state;
    for (uint64_t day = 0; day < 146097; day += 13) {
        char text[HTTP_DATE_SIZE], expected[HTTP_DATE_SIZE];
        time_t seconds = (time_t)(day * 86400 + day % 86400);
        struct tm civil;
        assert_non_null(gmtime_r(&seconds, &civil));
        assert_int_equal(strftime(expected, sizeof expected, "%a, %d %b %Y %H:%M:%S GMT", &civil),
                         HTTP_DATE_SIZE - 1);
        struct span written = http_date_write(text, (uint64_t)seconds);
        assert_string_equal(text, expected);
        uint64_t read;
        assert_true(http_date_read(written, NOW_2025, &read));
        assert_int_equal(read, seconds);
    }
}

static void assert_read(const char *text, uint64_t expected)
{
    uint64_t seconds = 1;
    assert_true(http_date_read(span_of(text), NOW_2025, &seconds));
    assert_int_equal(seconds, expected);
}

static void all_three_forms_are_read(void **state)
{
    (void)state;
    assert_read("Sun, 06 Nov 1994 08:49:37 GMT", NOV_1994);
    assert_read("Sunday, 06-Nov-94 08:49:37 GMT", NOV_1994);
    assert_read("Sun Nov  6 08:49:37 1994", NOV_1994);
    assert_read("Wed Nov 16 08:49:37 1994", NOV_1994 + 10 * 86400);
    assert_read("Thu, 01 Jan 1970 00:00:00 GMT", 0);
}

static void assert_read_at(uint64_t now, const char *text, uint64_t expected)
{
    uint64_t seconds = 1;
    assert_true(http_date_read(span_of(text), now, &seconds));
    assert_int_equal(seconds, expected);
}

/* RFC 9110 §5.6.7 */
static void two_digit_years_lie_at_most_fifty_years_ahead(void **state)
{
    (void)state;
    assert_read("Friday, 01-Jan-75 00:00:00 GMT", 3313526400);  /* 2075 */
    assert_read("Thursday, 01-Jan-76 00:00:00 GMT", 189302400); /* 1976 */
    assert_read("Wednesday, 01-Jan-25 00:00:00 GMT", 1735689600);
    /* to the second: NOW_2025 is Sun, 15 Jun 2025 15:06:40 GMT */
    assert_read("Saturday, 15-Jun-75 15:06:40 GMT", 3327836800);
    assert_read("Sunday, 15-Jun-75 15:06:41 GMT", 172076801);
    assert_read("Wednesday, 31-Dec-75 23:59:59 GMT", 189302399);
}

static void two_digit_years_cross_the_century(void **state)
{
    (void)state;
    const uint64_t now_1999 = 946684799, now_2090 = 3786912000;
    assert_read_at(now_1999, "Saturday, 01-Jan-00 00:00:00 GMT", 946684800);
    assert_read_at(now_1999, "Wednesday, 01-Jan-97 00:00:00 GMT", 852076800);
    assert_read_at(now_2090, "Thursday, 01-Jan-05 00:00:00 GMT", 4260211200); /* 2105 */
}

static void the_time_of_reading_may_be_any(void **state)
{
    (void)state;
    uint64_t seconds;
    static const uint64_t times[] = {0, 1, 253402300799, UINT32_MAX, INT64_MAX, UINT64_MAX};
    for (size_t i = 0; i < COUNT_OF(times); i++)
        (void)http_date_read(SPAN("Sunday, 06-Nov-94 08:49:37 GMT"), times[i], &seconds);
    assert_read_at(0, "Sunday, 06-Nov-94 08:49:37 GMT", NOV_1994);
}

/* A leap second is the 61st of the last minute of a day (RFC 9110 §5.6.7: as in UTC). */
static void leap_seconds_end_a_day(void **state)
{
    (void)state;
    uint64_t seconds;
    assert_read("Sat, 31 Dec 2016 23:59:60 GMT", 1483228800);
    assert_read("Sat Dec 31 23:59:60 2016", 1483228800);
    assert_read("Saturday, 31-Dec-16 23:59:60 GMT", 1483228800);
    assert_false(http_date_read(SPAN("Sat, 31 Dec 2016 23:58:60 GMT"), NOW_2025, &seconds));
    assert_false(http_date_read(SPAN("Sat, 31 Dec 2016 12:59:60 GMT"), NOW_2025, &seconds));
    assert_false(http_date_read(SPAN("Sat, 31 Dec 2016 23:59:61 GMT"), NOW_2025, &seconds));
}

static void everything_else_is_no_date(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "0",
        "-1",
        "784111777",
        "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 06 Nov 1994 08:49:37 gmt",
        "Sun, 06 Nov 1994 08:49:37 +0000",
        "Sun, 06 Nov 1994 08.49.37 GMT",
        "Sun 06 Nov 1994 08:49:37 GMT",
        "Sun,06 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 10000 08:49:37 GMT",
        "Sun, 06 Nov 0000 08:49:37 GMT",
        "\"Sun, 06 Nov 1994 08:49:37 GMT\"",
        "Sun, 06 Nov 1994 08:49:37 GMT ",
        " Sun, 06 Nov 1994 08:49:37 GMT",
        "sun, 06 Nov 1994 08:49:37 GMT",
        "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun, 06 nov 1994 08:49:37 GMT",
        "Sun, 06 Foo 1994 08:49:37 GMT",
        "Sun, 00 Nov 1994 08:49:37 GMT",
        "Sun, 31 Nov 1994 08:49:37 GMT",
        "Sun, 29 Feb 2023 08:49:37 GMT",
        "Sun, 29 Feb 2100 08:49:37 GMT",
        "Sun, 06 Nov 1969 08:49:37 GMT",
        "Sun, 06 Nov 94 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:00:00 GMT",
        "Sun, 06 Nov 1994 08:60:37 GMT",
        "Sun, 06 Nov 1994 08:49:61 GMT",
        "Sun, 06 Nov 1994 8:49:37 GMT",
        "Sun, 06 Nov 1994  08:49:37 GMT",
        "Sun,  6 Nov 1994 08:49:37 GMT",
        "Sunday, 06 Nov 1994 08:49:37 GMT",
        "Sun, 06-Nov-94 08:49:37 GMT",
        "Sunday, 06-Nov-1994 08:49:37 GMT",
        "Someday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov 6 08:49:37 1994",
        "Sun Nov  6 08:49:37 94",
        "Sun Nov  6 08:49:37 1994 GMT",
        "Sun Nov 06 08:49:37 GMT 1994",
        "+un, 06 Nov 1994 08:49:37 GMT",
    };
    uint64_t seconds;
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        assert_false(http_date_read(span_of(texts[i]), NOW_2025, &seconds));
}

static void no_prefix_of_a_date_is_a_date(void **state)
{
    (void)state;
    static const char *const texts[] = {"Sun, 06 Nov 1994 08:49:37 GMT",
                                        "Sunday, 06-Nov-94 08:49:37 GMT",
                                        "Sun Nov  6 08:49:37 1994"};
    uint64_t seconds;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        for (size_t len = 0; len < strlen(texts[i]); len++) {
            char *copy = xstrdup((struct span){texts[i], len});
            assert_false(http_date_read((struct span){copy, len}, NOW_2025, &seconds));
            free(copy);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dates_are_written_as_imf_fixdate),
        cmocka_unit_test(every_day_of_four_centuries_is_that_of_the_system),
        cmocka_unit_test(all_three_forms_are_read),
        cmocka_unit_test(two_digit_years_lie_at_most_fifty_years_ahead),
        cmocka_unit_test(two_digit_years_cross_the_century),
        cmocka_unit_test(the_time_of_reading_may_be_any),
        cmocka_unit_test(leap_seconds_end_a_day),
        cmocka_unit_test(everything_else_is_no_date),
        cmocka_unit_test(no_prefix_of_a_date_is_a_date),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
