#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <time.h>

#include <cmocka.h>

static void the_steady_clock_never_goes_back(void **state)
{
    (void)state;
    uint64_t before = clock_us();
    for (int i = 0; i < 10000; i++) {
        uint64_t now = clock_us();
        assert_true(now >= before);
        before = now;
    }
}

static void both_units_read_the_same_clock(void **state)
{
    (void)state;
    uint64_t before_ms = clock_us() / 1000;
    uint64_t now_ms = clock_ms();
    uint64_t after_ms = clock_us() / 1000;
    assert_true(before_ms <= now_ms && now_ms <= after_ms);
}

static void the_coarse_clock_is_late_by_less_than_a_second(void **state)
{
    (void)state;
    uint64_t now_s = clock_wall_ms() / 1000, coarse_s = clock_wall_s();
    assert_true(coarse_s + 1 >= now_s && coarse_s <= clock_wall_ms() / 1000);
}

static void the_wall_clock_agrees_with_the_system(void **state)
{
    (void)state;
    uint64_t before = (uint64_t)time(NULL);
    uint64_t now = clock_wall_ms() / 1000;
    assert_true(now + 1 >= before && now <= before + 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_steady_clock_never_goes_back),
        cmocka_unit_test(both_units_read_the_same_clock),
        cmocka_unit_test(the_coarse_clock_is_late_by_less_than_a_second),
        cmocka_unit_test(the_wall_clock_agrees_with_the_system),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
