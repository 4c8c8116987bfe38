#include "limit/inflight.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void so_many_of_a_key_and_no_more(void **state)
{
    (void)state;
    struct inflight *inflight = inflight_create(), *other = inflight_create();
    assert_true(inflight_enter(inflight, 2));
    assert_true(inflight_enter(inflight, 2));
    assert_false(inflight_enter(inflight, 2));
    assert_false(inflight_enter(inflight, 2));
    assert_true(inflight_enter(other, 1));
    inflight_leave(inflight);
    assert_true(inflight_enter(inflight, 2));
    assert_false(inflight_enter(inflight, 2));
    inflight_release(inflight);
    inflight_release(other);
    inflight_release(NULL);
}

static void two_may_hold_it(void **state)
{
    (void)state;
    struct inflight *inflight = inflight_create();
    assert_true(inflight_enter(inflight, 1));
    assert_ptr_equal(inflight_count(inflight), inflight);
    inflight_release(inflight);
    assert_false(inflight_enter(inflight, 1));
    inflight_leave(inflight);
    assert_true(inflight_enter(inflight, 1));
    inflight_release(inflight);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(so_many_of_a_key_and_no_more),
                                       cmocka_unit_test(two_may_hold_it)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
