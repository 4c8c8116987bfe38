#include "limit/inflight.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void so_many_of_a_key_and_no_more(void **state)
{
    (void)state;
    struct inflight *inflight = inflight_create(2);
    assert_true(inflight_enter(inflight, 0, 2));
    assert_true(inflight_enter(inflight, 0, 2));
    assert_false(inflight_enter(inflight, 0, 2));
    assert_false(inflight_enter(inflight, 0, 2));
    assert_true(inflight_enter(inflight, 1, 1));
    inflight_leave(inflight, 0);
    assert_true(inflight_enter(inflight, 0, 2));
    assert_false(inflight_enter(inflight, 0, 2));
    inflight_destroy(inflight);
    inflight_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(so_many_of_a_key_and_no_more)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
