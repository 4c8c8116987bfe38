#include "worker/descriptors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static void clients_get_what_the_others_leave(void **state)
{
    (void)state;
    assert_int_equal(descriptors_for_clients(20000, 512), 20000 - 512 - 128);
    assert_int_equal(descriptors_for_clients(1024, 256), 1024 - 256 - 128);
}

static void clients_get_half_where_there_are_few(void **state)
{
    (void)state;
    assert_int_equal(descriptors_for_clients(300, 256), 150);
    assert_int_equal(descriptors_for_clients(64, 0), 32);
    assert_int_equal(descriptors_for_clients(600, 100000), 300);
}

static void there_is_always_room_for_one(void **state)
{
    (void)state;
    assert_int_equal(descriptors_for_clients(0, 256), 1);
    assert_int_equal(descriptors_for_clients(1, 256), 1);
}

static void without_a_limit_there_is_room_for_all(void **state)
{
    (void)state;
    assert_true(descriptors_for_clients(UINT64_MAX, SIZE_MAX / 2) >= SIZE_MAX / 2 - 128);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clients_get_what_the_others_leave),
        cmocka_unit_test(clients_get_half_where_there_are_few),
        cmocka_unit_test(there_is_always_room_for_one),
        cmocka_unit_test(without_a_limit_there_is_room_for_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
