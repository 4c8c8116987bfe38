#include "gateway/retry_budget.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static unsigned spend_all(struct retry_budget *budget)
{
    unsigned spent = 0;
    while (retry_budget_spend(budget))
        spent++;
    return spent;
}

static void a_quiet_gateway_may_retry_ten_times(void **state)
{
    struct retry_budget budget;
    (void)state;
    retry_budget_init(&budget);
    assert_int_equal(spend_all(&budget), 10);
    assert_false(retry_budget_spend(&budget));
}

static void a_fifth_of_the_traffic_may_be_retries(void **state)
{
    struct retry_budget budget;
    (void)state;
    retry_budget_init(&budget);
    (void)spend_all(&budget);
    for (int i = 0; i < 4; i++)
        retry_budget_earn(&budget, 20);
    assert_false(retry_budget_spend(&budget));
    retry_budget_earn(&budget, 20);
    assert_true(retry_budget_spend(&budget));
    assert_false(retry_budget_spend(&budget));
}

static void no_percent_earns_nothing(void **state)
{
    struct retry_budget budget;
    (void)state;
    retry_budget_init(&budget);
    (void)spend_all(&budget);
    for (int i = 0; i < 1000; i++)
        retry_budget_earn(&budget, 0);
    assert_false(retry_budget_spend(&budget));
}

static void what_is_saved_has_a_bound(void **state)
{
    struct retry_budget budget;
    (void)state;
    retry_budget_init(&budget);
    for (int i = 0; i < 100000; i++)
        retry_budget_earn(&budget, 100);
    assert_int_equal(spend_all(&budget), 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_quiet_gateway_may_retry_ten_times),
        cmocka_unit_test(a_fifth_of_the_traffic_may_be_retries),
        cmocka_unit_test(no_percent_earns_nothing),
        cmocka_unit_test(what_is_saved_has_a_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
