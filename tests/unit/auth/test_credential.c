#include "auth/credential.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "token_files.h"

/* The upstream of these plays takes some tokens and refuses the rest; files "token" and "next" are
 * the two slots. */
enum { T = 100000 };

static struct credential *create(const struct token_files *files, bool has_next,
                                 char error[CREDENTIAL_ERROR_SIZE])
{
    char token[FILE_PATH_SIZE + 8], next[FILE_PATH_SIZE + 8];
    snprintf(token, sizeof(token), "file:%s/token", files->folder);
    snprintf(next, sizeof(next), "file:%s/next", files->folder);
    const struct credential_options options = {.name = SPAN("team"),
                                               .token = span_of(token),
                                               .next_token = span_of(has_next ? next : NULL)};
    return credential_create(&options, error);
}

static struct credential *with_one(const struct token_files *files, const char *token)
{
    char error[CREDENTIAL_ERROR_SIZE];
    token_files_replace(files, "token", token);
    struct credential *credential = create(files, false, error);
    assert_non_null(credential);
    return credential;
}

static struct credential *with_two(const struct token_files *files, const char *token,
                                   const char *next)
{
    char error[CREDENTIAL_ERROR_SIZE];
    token_files_replace(files, "token", token);
    token_files_replace(files, "next", next);
    struct credential *credential = create(files, true, error);
    assert_non_null(credential);
    return credential;
}

/* Asks for the current one and checks it; returns its generation. */
static uint64_t current(struct credential *credential, uint64_t now_ms, const char *expected)
{
    struct credential_token token = credential_current(credential, now_ms);
    assert_int_equal(token.text.len, strlen(expected));
    assert_memory_equal(token.text.at, expected, token.text.len);
    assert_true(token.generation > 0);
    return token.generation;
}

static uint64_t other(struct credential *credential, uint64_t refused, uint64_t now_ms,
                      const char *expected)
{
    struct credential_token token;
    assert_true(credential_other(credential, refused, now_ms, &token));
    assert_int_equal(token.text.len, strlen(expected));
    assert_memory_equal(token.text.at, expected, token.text.len);
    assert_true(token.generation != refused);
    return token.generation;
}

static void no_other(struct credential *credential, uint64_t refused, uint64_t now_ms)
{
    struct credential_token token = {.generation = 77};
    assert_false(credential_other(credential, refused, now_ms, &token));
    assert_int_equal(token.generation, 77);
}

static void the_first_slot_is_used_at_first(void **state)
{
    struct credential *credential = with_two(*state, "one", "two");
    uint64_t generation = current(credential, T, "one");
    assert_int_equal(current(credential, T + 5000, "one"), generation);
    credential_destroy(credential);
}

static void a_variable_serves_as_well(void **state)
{
    (void)state;
    char error[CREDENTIAL_ERROR_SIZE];
    assert_int_equal(setenv("BPGATE_TEST_TOKEN", "bp_pat_env", 1), 0);
    const struct credential_options options = {.name = SPAN("team"),
                                               .token = SPAN("env:BPGATE_TEST_TOKEN")};
    struct credential *credential = credential_create(&options, error);
    assert_non_null(credential);
    uint64_t generation = current(credential, T, "bp_pat_env");
    no_other(credential, generation, T);
    credential_destroy(credential);
}

static void an_unreadable_source_at_start_is_named_with_a_remedy(void **state)
{
    char error[CREDENTIAL_ERROR_SIZE];
    assert_null(create(*state, false, error));
    assert_ptr_equal(strstr(error, "credential team, token: file "), error);
    assert_non_null(strstr(error, "/token does not exist: create it"));

    token_files_replace(*state, "token", "one");
    assert_null(create(*state, true, error));
    assert_ptr_equal(strstr(error, "credential team, next_token: file "), error);

    assert_int_equal(unsetenv("BPGATE_TEST_TOKEN"), 0);
    const struct credential_options options = {.name = SPAN("team"),
                                               .token = SPAN("env:BPGATE_TEST_TOKEN")};
    assert_null(credential_create(&options, error));
    assert_string_equal(error, "credential team, token: environment variable BPGATE_TEST_TOKEN is "
                               "not set: export it or use file:PATH");
}

static void a_token_in_the_place_of_its_source_is_not_shown(void **state)
{
    (void)state;
    char error[CREDENTIAL_ERROR_SIZE];
    const struct credential_options options = {.name = SPAN("team"), .token = SPAN("bp_pat_x9")};
    assert_null(credential_create(&options, error));
    assert_null(strstr(error, "bp_pat_x9"));
}

static void a_replaced_file_is_used_within_a_second(void **state)
{
    struct credential *credential = with_one(*state, "one");
    uint64_t first = current(credential, T, "one");
    token_files_replace(*state, "token", "two");
    assert_int_equal(current(credential, T + 999, "one"), first);
    assert_true(current(credential, T + 1000, "two") != first);
    credential_destroy(credential);
}

static void a_swapped_link_is_followed(void **state)
{
    token_files_replace(*state, "data_1", "one");
    token_files_replace(*state, "data_2", "two");
    token_files_link(*state, "token", "data_1");
    char error[CREDENTIAL_ERROR_SIZE];
    struct credential *credential = create(*state, false, error);
    (void)current(credential, T, "one");
    token_files_link(*state, "token", "data_2");
    (void)current(credential, T + 1000, "two");
    credential_destroy(credential);
}

static void the_same_token_in_a_new_file_is_the_same_generation(void **state)
{
    struct credential *credential = with_one(*state, "one");
    uint64_t first = current(credential, T, "one");
    token_files_replace(*state, "token", "one\n");
    assert_int_equal(current(credential, T + 1000, "one"), first);
    credential_destroy(credential);
}

static void the_last_good_token_stays_while_the_file_is_away_or_bad(void **state)
{
    struct credential *credential = with_one(*state, "one");
    uint64_t first = current(credential, T, "one");
    token_files_drop(*state, "token");
    assert_int_equal(current(credential, T + 1000, "one"), first);
    token_files_replace(*state, "token", "two words");
    assert_int_equal(current(credential, T + 2000, "one"), first);
    token_files_replace(*state, "token", "\n");
    assert_int_equal(current(credential, T + 3000, "one"), first);
    no_other(credential, first, T + 3001);
    token_files_replace(*state, "token", "two");
    (void)current(credential, T + 5000, "two");
    credential_destroy(credential);
}

static void each_trouble_with_a_file_is_told_once(void **state)
{
    struct credential *credential = with_one(*state, "bp_pat_one");
    assert_null(credential_take_problem(credential));
    token_files_drop(*state, "token");
    (void)current(credential, T, "bp_pat_one");
    const char *problem = credential_take_problem(credential);
    assert_non_null(problem);
    assert_non_null(strstr(problem, "does not exist"));
    assert_non_null(strstr(problem, "stays in use"));
    (void)current(credential, T + 1000, "bp_pat_one");
    assert_null(credential_take_problem(credential));

    token_files_replace(*state, "token", "bp_pat two");
    (void)current(credential, T + 2000, "bp_pat_one");
    problem = credential_take_problem(credential);
    assert_non_null(problem);
    assert_null(strstr(problem, "bp_pat"));

    token_files_replace(*state, "token", "bp_pat_two");
    (void)current(credential, T + 3000, "bp_pat_two");
    assert_null(credential_take_problem(credential));
    token_files_drop(*state, "token");
    (void)current(credential, T + 4000, "bp_pat_two");
    assert_non_null(credential_take_problem(credential));
    credential_destroy(credential);
}

static void with_one_slot_a_refusal_has_no_other(void **state)
{
    struct credential *credential = with_one(*state, "one");
    uint64_t first = current(credential, T, "one");
    no_other(credential, first, T);
    no_other(credential, first, T + 60000);
    assert_int_equal(current(credential, T + 60000, "one"), first);
    credential_destroy(credential);
}

static void a_refused_token_is_replaced_by_the_other_slots(void **state)
{
    struct credential *credential = with_two(*state, "one", "two");
    uint64_t first = current(credential, T, "one");
    uint64_t second = other(credential, first, T, "two");
    credential_report(credential, second, true, T + 1);
    assert_int_equal(current(credential, T + 2, "two"), second);
    credential_destroy(credential);
}

static void until_it_is_accepted_the_other_is_only_tried(void **state)
{
    struct credential *credential = with_two(*state, "one", "two");
    uint64_t first = current(credential, T, "one");
    uint64_t second = other(credential, first, T, "two");
    assert_int_equal(current(credential, T + 1, "one"), first);
    assert_int_equal(other(credential, first, T + 1, "two"), second);
    credential_destroy(credential);
}

static void a_file_replaced_before_the_refusal_came_is_read_at_once(void **state)
{
    struct credential *credential = with_two(*state, "one", "two");
    uint64_t first = current(credential, T, "one");
    token_files_replace(*state, "token", "three");
    uint64_t third = other(credential, first, T + 10, "three");
    assert_int_equal(current(credential, T + 11, "three"), third);
    credential_report(credential, third, true, T + 20);
    assert_int_equal(current(credential, T + 21, "three"), third);
    credential_destroy(credential);
}

static void a_file_replaced_by_a_refused_token_leads_to_the_other_slot(void **state)
{
    struct credential *credential = with_two(*state, "one", "two");
    uint64_t first = current(credential, T, "one");
    token_files_replace(*state, "token", "three");
    uint64_t third = other(credential, first, T + 10, "three");
    uint64_t second = other(credential, third, T + 20, "two");
    credential_report(credential, second, true, T + 30);
    assert_int_equal(current(credential, T + 31, "two"), second);
    credential_destroy(credential);
}

static void both_refused_means_no_second_try_for_30_seconds(void **state)
{
    struct credential *credential = with_two(*state, "one", "two");
    uint64_t first = current(credential, T, "one");
    uint64_t second = other(credential, first, T, "two");
    credential_report(credential, second, false, T + 100);
    assert_int_equal(current(credential, T + 200, "one"), first);
    no_other(credential, first, T + 200);
    no_other(credential, first, T + 30099);
    assert_int_equal(other(credential, first, T + 30100, "two"), second);
    credential_report(credential, second, false, T + 30200);
    no_other(credential, first, T + 30300);
    credential_destroy(credential);
}

static void after_both_were_refused_a_new_file_is_used_at_once(void **state)
{
    struct credential *credential = with_two(*state, "one", "two");
    uint64_t first = current(credential, T, "one");
    uint64_t second = other(credential, first, T, "two");
    credential_report(credential, second, false, T);
    token_files_replace(*state, "next", "three");
    (void)current(credential, T + 1000, "three");

    token_files_replace(*state, "token", "four");
    uint64_t third = current(credential, T + 1001, "three");
    uint64_t fourth = other(credential, third, T + 1002, "four");
    credential_report(credential, fourth, true, T + 1003);
    (void)current(credential, T + 1004, "four");
    credential_destroy(credential);
}

static void a_refusal_that_had_another_cause_is_forgotten_when_the_token_works(void **state)
{
    struct credential *credential = with_two(*state, "one", "two");
    uint64_t first = current(credential, T, "one");
    uint64_t second = other(credential, first, T, "two");
    /* A missing workspace id answers 401 whatever the token is. */
    credential_report(credential, second, false, T + 10);
    credential_report(credential, first, true, T + 20);
    assert_int_equal(current(credential, T + 30, "one"), first);
    token_files_replace(*state, "next", "three");
    assert_int_equal(current(credential, T + 5000, "one"), first);
    credential_destroy(credential);
}

static void late_acceptance_of_the_refused_token_does_not_bring_it_back(void **state)
{
    struct credential *credential = with_two(*state, "one", "two");
    uint64_t first = current(credential, T, "one");
    uint64_t second = other(credential, first, T, "two");
    credential_report(credential, second, true, T + 10);
    credential_report(credential, first, true, T + 20);
    assert_int_equal(current(credential, T + 30, "two"), second);
    credential_destroy(credential);
}

static void late_refusals_of_the_old_token_get_the_promoted_one(void **state)
{
    struct credential *credential = with_two(*state, "one", "two");
    uint64_t first = current(credential, T, "one");
    uint64_t second = other(credential, first, T, "two");
    credential_report(credential, second, true, T + 10);
    assert_int_equal(other(credential, first, T + 20, "two"), second);
    credential_report(credential, first, false, T + 30);
    assert_int_equal(current(credential, T + 40, "two"), second);
    credential_destroy(credential);
}

static void reports_of_generations_that_are_gone_change_nothing(void **state)
{
    struct credential *credential = with_two(*state, "one", "two");
    uint64_t first = current(credential, T, "one");
    token_files_replace(*state, "token", "three");
    uint64_t third = current(credential, T + 1000, "three");
    credential_report(credential, first, false, T + 1001);
    credential_report(credential, first, true, T + 1002);
    credential_report(credential, 12345, false, T + 1003);
    credential_report(credential, 0, true, T + 1004);
    assert_int_equal(current(credential, T + 1005, "three"), third);
    /* The late 401 of the first gets the third, which nobody refused. */
    assert_int_equal(other(credential, first, T + 1006, "three"), third);
    assert_int_equal(current(credential, T + 1007, "three"), third);
    credential_destroy(credential);
}

static void generation_zero_and_an_empty_slot_disturb_nothing(void **state)
{
    struct credential *credential = with_one(*state, "one");
    uint64_t first = current(credential, T, "one");
    credential_report(credential, 0, true, T);
    credential_report(credential, 0, false, T);
    assert_int_equal(other(credential, 0, T, "one"), first);
    no_other(credential, first, T);
    assert_int_equal(current(credential, T, "one"), first);
    credential_destroy(credential);
}

static void a_promoted_slot_whose_file_changes_gives_way_to_a_good_first_slot(void **state)
{
    struct credential *credential = with_two(*state, "one", "two");
    uint64_t first = current(credential, T, "one");
    uint64_t second = other(credential, first, T, "two");
    credential_report(credential, second, true, T);
    /* The rotation is completed: the new token moves into the first slot … */
    token_files_replace(*state, "token", "two");
    assert_int_equal(current(credential, T + 1000, "two"), second);
    /* … and the next rotation is prepared in the second. */
    token_files_replace(*state, "next", "three");
    assert_int_equal(current(credential, T + 2000, "two"), second);
    uint64_t third = other(credential, second, T + 2001, "three");
    credential_report(credential, third, true, T + 2002);
    assert_int_equal(current(credential, T + 2003, "three"), third);
    credential_destroy(credential);
}

static void a_promoted_slot_whose_file_changes_keeps_its_place_over_a_refused_first(void **state)
{
    struct credential *credential = with_two(*state, "one", "two");
    uint64_t first = current(credential, T, "one");
    uint64_t second = other(credential, first, T, "two");
    credential_report(credential, second, true, T);
    token_files_replace(*state, "next", "three");
    (void)current(credential, T + 1000, "three");
    credential_destroy(credential);
}

static void a_new_first_token_waits_while_the_promoted_one_works(void **state)
{
    struct credential *credential = with_two(*state, "one", "two");
    uint64_t first = current(credential, T, "one");
    uint64_t second = other(credential, first, T, "two");
    credential_report(credential, second, true, T);
    token_files_replace(*state, "token", "three");
    assert_int_equal(current(credential, T + 1000, "two"), second);
    uint64_t third = other(credential, second, T + 1001, "three");
    credential_report(credential, third, true, T + 1002);
    assert_int_equal(current(credential, T + 1003, "three"), third);
    credential_destroy(credential);
}

static void the_same_token_in_both_slots_is_not_tried_twice(void **state)
{
    struct credential *credential = with_two(*state, "same", "same");
    uint64_t generation = current(credential, T, "same");
    no_other(credential, generation, T);
    no_other(credential, generation, T + 60000);
    credential_report(credential, generation, true, T + 60001);
    assert_int_equal(current(credential, T + 60002, "same"), generation);
    credential_destroy(credential);
}

static void a_slot_that_takes_over_a_refused_token_is_refused_too(void **state)
{
    struct credential *credential = with_two(*state, "one", "two");
    uint64_t first = current(credential, T, "one");
    uint64_t second = other(credential, first, T, "two");
    credential_report(credential, second, true, T);
    /* By mistake the old token is written where the new one was. */
    token_files_replace(*state, "next", "one");
    uint64_t again = current(credential, T + 1000, "one");
    assert_int_equal(again, first);
    no_other(credential, again, T + 1001);
    credential_destroy(credential);
}

static void a_token_that_comes_back_is_a_new_generation(void **state)
{
    struct credential *credential = with_one(*state, "one");
    uint64_t first = current(credential, T, "one");
    no_other(credential, first, T);
    token_files_replace(*state, "token", "two");
    (void)current(credential, T + 1000, "two");
    token_files_replace(*state, "token", "one");
    uint64_t third = current(credential, T + 2000, "one");
    assert_true(third != first);
    credential_destroy(credential);
}

static void destroying_nothing_is_allowed(void **state)
{
    (void)state;
    credential_destroy(NULL);
}

#define WITH_FILES(test) cmocka_unit_test_setup_teardown(test, token_files_make, token_files_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FILES(the_first_slot_is_used_at_first),
        cmocka_unit_test(a_variable_serves_as_well),
        WITH_FILES(an_unreadable_source_at_start_is_named_with_a_remedy),
        cmocka_unit_test(a_token_in_the_place_of_its_source_is_not_shown),
        WITH_FILES(a_replaced_file_is_used_within_a_second),
        WITH_FILES(a_swapped_link_is_followed),
        WITH_FILES(the_same_token_in_a_new_file_is_the_same_generation),
        WITH_FILES(the_last_good_token_stays_while_the_file_is_away_or_bad),
        WITH_FILES(each_trouble_with_a_file_is_told_once),
        WITH_FILES(with_one_slot_a_refusal_has_no_other),
        WITH_FILES(a_refused_token_is_replaced_by_the_other_slots),
        WITH_FILES(until_it_is_accepted_the_other_is_only_tried),
        WITH_FILES(a_file_replaced_before_the_refusal_came_is_read_at_once),
        WITH_FILES(a_file_replaced_by_a_refused_token_leads_to_the_other_slot),
        WITH_FILES(both_refused_means_no_second_try_for_30_seconds),
        WITH_FILES(after_both_were_refused_a_new_file_is_used_at_once),
        WITH_FILES(a_refusal_that_had_another_cause_is_forgotten_when_the_token_works),
        WITH_FILES(late_acceptance_of_the_refused_token_does_not_bring_it_back),
        WITH_FILES(late_refusals_of_the_old_token_get_the_promoted_one),
        WITH_FILES(reports_of_generations_that_are_gone_change_nothing),
        WITH_FILES(generation_zero_and_an_empty_slot_disturb_nothing),
        WITH_FILES(a_promoted_slot_whose_file_changes_gives_way_to_a_good_first_slot),
        WITH_FILES(a_promoted_slot_whose_file_changes_keeps_its_place_over_a_refused_first),
        WITH_FILES(a_new_first_token_waits_while_the_promoted_one_works),
        WITH_FILES(the_same_token_in_both_slots_is_not_tried_twice),
        WITH_FILES(a_slot_that_takes_over_a_refused_token_is_refused_too),
        WITH_FILES(a_token_that_comes_back_is_a_new_generation),
        cmocka_unit_test(destroying_nothing_is_allowed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
