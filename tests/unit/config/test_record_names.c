#include "config/record_names.h"

#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct config_errors errors;

static struct draft_profile profiles[] = {
    {.name = {{"support", 7}, {1, 1}}}, {.name = {{"sales", 5}, {2, 1}}},
    {.name = {{NULL, 0}, {0, 0}}},      {.name = {{NULL, 0}, {0, 0}}},
    {.name = {{"sale", 4}, {5, 1}}},
};

static struct record_list list = {.at = profiles, .count = COUNT_OF(profiles)};

static const struct record_names names = {&list, sizeof(struct draft_profile),
                                          offsetof(struct draft_profile, name), "profile"};

static int set_up(void **state)
{
    (void)state;
    config_errors_init(&errors, "f");
    list.count = COUNT_OF(profiles);
    return 0;
}

static int resolve(const char *text)
{
    const struct located wanted = {span_of(text), {7, 3}};
    return record_names_resolve(&names, &wanted, "keys[].profile", &errors);
}

static void a_name_becomes_an_index(void **state)
{
    (void)state;
    assert_int_equal(resolve("support"), 0);
    assert_int_equal(resolve("sales"), 1);
    assert_int_equal(resolve("sale"), 4);
    assert_int_equal(errors.count, 0);
}

static void nothing_named_is_no_problem(void **state)
{
    (void)state;
    assert_int_equal(resolve(""), -1);
    assert_int_equal(resolve(NULL), -1);
    assert_int_equal(errors.count, 0);
}

static void a_name_that_is_not_there_is_told_where_it_stands(void **state)
{
    (void)state;
    assert_int_equal(resolve("suport"), -1);
    assert_int_equal(errors.at[0].place.line, 7);
    assert_int_equal(errors.at[0].place.column, 3);
    assert_string_equal(
        errors.at[0].text,
        "keys[].profile names \"suport\", which is no profile; did you mean \"support\"?");
    assert_int_equal(resolve("engineering"), -1);
    assert_string_equal(
        errors.at[1].text,
        "keys[].profile names \"engineering\", which is no profile; add it or name another");
    list.count = 0;
    assert_int_equal(resolve("support"), -1);
    assert_int_equal(errors.count, 3);
}

static void different_names_and_missing_ones_are_no_problem(void **state)
{
    (void)state;
    record_names_require_different(&names, &errors);
    list.count = 0;
    record_names_require_different(&names, &errors);
    assert_int_equal(errors.count, 0);
}

static void equal_names_are_told_at_the_later_one(void **state)
{
    (void)state;
    struct draft_profile same[] = {
        {.name = {{"b", 1}, {9, 2}}},  {.name = {{"a", 1}, {3, 2}}}, {.name = {{"b", 1}, {4, 2}}},
        {.name = {{"ab", 2}, {5, 2}}}, {.name = {{"b", 1}, {6, 2}}},
    };
    const struct record_list same_list = {.at = same, .count = COUNT_OF(same)};
    struct record_names same_names = names;
    same_names.list = &same_list;
    record_names_require_different(&same_names, &errors);
    assert_int_equal(errors.count, 2);
    assert_int_equal(errors.at[0].place.line, 6);
    assert_string_equal(errors.at[0].text,
                        "profile \"b\" is here twice, first in line 4; give each its own");
    assert_int_equal(errors.at[1].place.line, 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_name_becomes_an_index, set_up),
        cmocka_unit_test_setup(nothing_named_is_no_problem, set_up),
        cmocka_unit_test_setup(a_name_that_is_not_there_is_told_where_it_stands, set_up),
        cmocka_unit_test_setup(different_names_and_missing_ones_are_no_problem, set_up),
        cmocka_unit_test_setup(equal_names_are_told_at_the_later_one, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
