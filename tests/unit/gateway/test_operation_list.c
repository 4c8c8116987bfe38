#include "gateway/operation_list.h"

#include "base/text.h"
#include "botpress/route_catalogue.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void the_list_is_the_catalogue_in_its_order(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, MIB);
    const struct scope_operation *list = operation_list(&arena);
    assert_true(operation_count() <= SCOPE_MAX_OPERATIONS);
    for (size_t i = 0; i < operation_count(); i++) {
        const struct operation *operation = operation_at(i);
        assert_true(span_equal(list[i].name, operation->name));
        assert_true(span_equal(list[i].service, service_name(operation->service)));
        assert_int_equal(list[i].mints, (operation->flags & OP_MINTS) != 0);
        assert_int_equal(list[i].reads, (operation->flags & OP_READS) != 0);
    }
    arena_clear(&arena);
}

static void in_the_list_of_rules_wildcards_mean_what_mints_too(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, MIB);
    const struct scope_operation *list = operation_list_of_rules(&arena);
    for (size_t i = 0; i < operation_count(); i++) {
        assert_true(span_equal(list[i].name, operation_at(i)->name));
        assert_false(list[i].mints);
    }
    arena_clear(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_list_is_the_catalogue_in_its_order),
        cmocka_unit_test(in_the_list_of_rules_wildcards_mean_what_mints_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
