#include "config/config_errors.h"

#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct config_errors errors;

static int set_up(void **state)
{
    (void)state;
    config_errors_init(&errors, "bpgate.yaml");
    return 0;
}

static void assert_line(size_t index, const char *expected)
{
    char line[CONFIG_LINE_SIZE];
    config_problem_write(&errors, index, line);
    assert_string_equal(line, expected);
}

static void a_problem_is_a_line_with_its_place(void **state)
{
    (void)state;
    config_errors_add(&errors, (struct place){3, 7}, "%s is wrong; write %d", "this", 4);
    config_errors_warn(&errors, (struct place){4, 1}, "this is odd");
    config_errors_add(&errors, (struct place){0}, "cannot be opened");
    assert_line(0, "bpgate.yaml:3:7: this is wrong; write 4");
    assert_line(1, "bpgate.yaml:4:1: warning: this is odd");
    assert_line(2, "bpgate.yaml: cannot be opened");
    assert_int_equal(errors.count, 3);
    assert_int_equal(errors.errors, 2);
}

static void without_a_file_there_is_no_place(void **state)
{
    (void)state;
    config_errors_init(&errors, NULL);
    config_errors_add(&errors, (struct place){0}, "BOTPRESS_TOKEN is not set");
    assert_line(0, "BOTPRESS_TOKEN is not set");
}

static void problems_are_sorted_by_place_and_stay_in_order_within_one(void **state)
{
    (void)state;
    config_errors_add(&errors, (struct place){9, 1}, "d");
    config_errors_add(&errors, (struct place){2, 5}, "b");
    config_errors_add(&errors, (struct place){2, 5}, "c");
    config_errors_add(&errors, (struct place){2, 4}, "a");
    config_errors_sort(&errors);
    for (size_t i = 0; i < errors.count; i++)
        assert_int_equal(errors.at[i].text[0], 'a' + i);
}

static void only_so_many_are_kept_but_all_errors_are_counted(void **state)
{
    (void)state;
    for (size_t i = 0; i < CONFIG_MAX_PROBLEMS; i++) {
        assert_false(config_errors_are_full(&errors));
        config_errors_warn(&errors, (struct place){1, 1}, "odd");
    }
    assert_true(config_errors_are_full(&errors));
    assert_false(errors.has_more);
    config_errors_add(&errors, (struct place){1, 1}, "wrong");
    assert_true(errors.has_more);
    assert_int_equal(errors.count, CONFIG_MAX_PROBLEMS);
    assert_int_equal(errors.errors, 1);
}

static void a_long_problem_is_cut(void **state)
{
    (void)state;
    char text[2 * CONFIG_PROBLEM_SIZE];
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    config_errors_add(&errors, (struct place){1, 1}, "%s", text);
    assert_int_equal(strlen(errors.at[0].text), CONFIG_PROBLEM_SIZE - 1);
}

static void what_is_shown_has_no_control_bytes(void **state)
{
    (void)state;
    struct span text = SPAN("a\x1b[31mb\n\0c\x7f");
    assert_string_equal(show(text).text, "a?[31mb??c?");
    assert_string_equal(show(SPAN("")).text, "");
}

static void what_is_shown_is_cut_between_characters(void **state)
{
    (void)state;
    char text[100];
    for (size_t i = 0; i < sizeof(text); i += 2)
        memcpy(text + i, "\xc3\xa4", 2);
    for (size_t start = 0; start < 2; start++) {
        text[0] = 'x';
        struct shown shown = show((struct span){text + start, sizeof(text) - start});
        size_t len = strlen(shown.text);
        assert_true(len < SHOWN_SIZE);
        assert_string_equal(shown.text + len - 3, "...");
        assert_int_equal((unsigned char)shown.text[len - 4], 0xa4);
    }
}

static void all_are_printed_a_line_each(void **state)
{
    (void)state;
    char text[256] = "";
    FILE *file = fmemopen(text, sizeof(text), "w");
    config_errors_add(&errors, (struct place){1, 2}, "one");
    config_errors_add(&errors, (struct place){3, 4}, "two");
    errors.has_more = true;
    config_errors_print(&errors, file);
    fclose(file);
    assert_string_equal(text, "bpgate.yaml:1:2: one\nbpgate.yaml:3:4: two\n"
                              "bpgate: and more; only the first are shown\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_problem_is_a_line_with_its_place, set_up),
        cmocka_unit_test_setup(without_a_file_there_is_no_place, set_up),
        cmocka_unit_test_setup(problems_are_sorted_by_place_and_stay_in_order_within_one, set_up),
        cmocka_unit_test_setup(only_so_many_are_kept_but_all_errors_are_counted, set_up),
        cmocka_unit_test_setup(a_long_problem_is_cut, set_up),
        cmocka_unit_test_setup(what_is_shown_has_no_control_bytes, set_up),
        cmocka_unit_test_setup(what_is_shown_is_cut_between_characters, set_up),
        cmocka_unit_test_setup(all_are_printed_a_line_each, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
