#include "cli/arguments.h"

#include "base/text.h"

#include <stdio.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { MOST = 8 };

static const struct option options[] = {
    {.name = "--config", .value = "FILE"},
    {.name = "--json"},
    {.name = "--shell", .value = "NAME", .choices = "bash|zsh"},
};
static const struct option needed_options[] = {
    {.name = "--name", .value = "NAME", .is_needed = true},
};
static const struct command command = {
    .name = "do it", .word = "WORD", .most_words = 2, .options = options, .option_count = 3};
static const struct option repeated_options[] = {
    {.name = "--tag", .letter = 'T', .value = "TAG", .may_repeat = true},
    {.name = "--url", .value = "URL", .may_repeat = true},
};
static const struct command repeating = {
    .name = "repeat", .options = repeated_options, .option_count = 2};
static const struct command demanding = {.name = "demand",
                                         .word = "SHELL",
                                         .choices = "bash|zsh",
                                         .most_words = 1,
                                         .is_word_needed = true,
                                         .options = needed_options,
                                         .option_count = 1};

static struct arguments arguments;

/* What is written to standard error is kept in said. */
static char said[512];

static bool parse(const struct command *of, const char *first, const char *second,
                  const char *third)
{
    static char copies[MOST][64];
    const char *given[] = {first, second, third, NULL};
    char *argv[MOST] = {NULL};
    int argc = 0;
    for (; given[argc]; argc++) {
        snprintf(copies[argc], sizeof(copies[argc]), "%s", given[argc]);
        argv[argc] = copies[argc];
    }
    FILE *kept = tmpfile();
    int old = dup(STDERR_FILENO);
    dup2(fileno(kept), STDERR_FILENO);
    bool is_good = arguments_parse(&arguments, of, argc, argv);
    fflush(stderr);
    dup2(old, STDERR_FILENO);
    close(old);
    rewind(kept);
    said[fread(said, 1, sizeof(said) - 1, kept)] = '\0';
    fclose(kept);
    return is_good;
}

static void values_stand_behind_a_space_or_an_equals_sign(void **state)
{
    (void)state;
    assert_true(parse(&command, "--config", "a.yaml", NULL));
    assert_string_equal(arguments_value(&arguments, "--config"), "a.yaml");
    assert_true(parse(&command, "--config=b=c.yaml", NULL, NULL));
    assert_string_equal(arguments_value(&arguments, "--config"), "b=c.yaml");
    assert_true(parse(&command, "--config=", NULL, NULL));
    assert_string_equal(arguments_value(&arguments, "--config"), "");
    assert_true(parse(&command, "--config", "--json", NULL));
    assert_false(arguments_has(&arguments, "--json"));
    assert_string_equal(said, "");
}

static void an_option_that_may_repeat_keeps_its_values_in_order(void **state)
{
    (void)state;
    size_t at = 0;
    assert_true(parse(&repeating, "--tag=a", "--url=/b", "--tag=c"));
    assert_string_equal(arguments_value(&arguments, "--tag"), "a");
    assert_string_equal(arguments_next(&arguments, "--tag", &at), "a");
    assert_string_equal(arguments_next(&arguments, "--tag", &at), "c");
    assert_null(arguments_next(&arguments, "--tag", &at));
    at = 0;
    assert_string_equal(arguments_next(&arguments, "--url", &at), "/b");
    assert_null(arguments_next(&arguments, "--url", &at));
    assert_true(parse(&repeating, NULL, NULL, NULL));
    at = 0;
    assert_null(arguments_next(&arguments, "--tag", &at));
    assert_false(arguments_has(&arguments, "--tag"));
}

static void a_letter_is_another_name_with_its_value_behind_it_or_joined(void **state)
{
    (void)state;
    size_t at = 0;
    assert_true(parse(&repeating, "-T", "a", "-Tb=c"));
    assert_string_equal(arguments_next(&arguments, "--tag", &at), "a");
    assert_string_equal(arguments_next(&arguments, "--tag", &at), "b=c");
    assert_false(parse(&repeating, "-T", NULL, NULL));
    assert_string_equal(said, "bpgate: --tag needs a value behind it: --tag TAG\n");
    assert_false(parse(&repeating, "-U", "a", NULL));
    assert_non_null(strstr(said, "repeat has no option -U"));
}

static void more_repeats_than_there_is_room_for_are_refused(void **state)
{
    (void)state;
    static char text[] = "--tag=a";
    char *argv[ARGUMENTS_MAX_REPEATS + 1];
    for (size_t i = 0; i < COUNT_OF(argv); i++)
        argv[i] = text;
    assert_true(arguments_parse(&arguments, &repeating, ARGUMENTS_MAX_REPEATS, argv));
    assert_false(arguments_parse(&arguments, &repeating, ARGUMENTS_MAX_REPEATS + 1, argv));
}

static void flags_and_words_come_in_any_order(void **state)
{
    (void)state;
    assert_true(parse(&command, "one", "--json", "two"));
    assert_true(arguments_has(&arguments, "--json"));
    assert_string_equal(arguments.words[0], "one");
    assert_string_equal(arguments.words[1], "two");
    assert_true(parse(&command, "-", NULL, NULL));
    assert_string_equal(arguments.words[0], "-");
    assert_true(parse(&command, NULL, NULL, NULL));
    assert_int_equal(arguments.word_count, 0);
    assert_null(arguments_value(&arguments, "--config"));
}

static void everything_behind_two_dashes_is_a_word(void **state)
{
    (void)state;
    assert_true(parse(&command, "--", "--json", "--"));
    assert_false(arguments_has(&arguments, "--json"));
    assert_string_equal(arguments.words[0], "--json");
    assert_string_equal(arguments.words[1], "--");
}

static void wrong_usage_is_told_with_what_to_write(void **state)
{
    (void)state;
    static const struct {
        const struct command *of;
        const char *words[3];
        const char *said;
    } cases[] = {
        {&command, {"--jsn"}, "do it has no option --jsn; did you mean --json?"},
        {&command, {"--frobnicate=1"}, "do it has no option --frobnicate; see `bpgate help do it`"},
        {&command, {"-x"}, "do it has no option -x; see `bpgate help do it`"},
        {&command, {"--config"}, "--config needs a value behind it: --config FILE"},
        {&command, {"--json=yes"}, "--json takes no value"},
        {&command, {"--json", "--json"}, "--json is given twice; leave one"},
        {&command, {"--config=a", "--config", "b"}, "--config is given twice; leave one"},
        {&command, {"a", "b", "c"}, "do it takes no \"c\"; see `bpgate help do it`"},
        {&command,
         {"--shell", "bahs"},
         "--shell must be one of bash|zsh; \"bahs\" is not; did you mean bash?"},
        {&command, {"--shell="}, "--shell must be one of bash|zsh; \"\" is not"},
        {&demanding, {"bash"}, "demand needs --name NAME; see `bpgate help demand`"},
        {&demanding, {"--name", "a"}, "demand needs SHELL; see `bpgate help demand`"},
        {&demanding, {"powershell"}, "SHELL must be one of bash|zsh; \"powershell\" is not"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char expected[256];
        snprintf(expected, sizeof(expected), "bpgate: %s\n", cases[i].said);
        assert_false(parse(cases[i].of, cases[i].words[0], cases[i].words[1], cases[i].words[2]));
        assert_string_equal(said, expected);
    }
    assert_true(parse(&demanding, "--name=a", "zsh", NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_stand_behind_a_space_or_an_equals_sign),
        cmocka_unit_test(an_option_that_may_repeat_keeps_its_values_in_order),
        cmocka_unit_test(a_letter_is_another_name_with_its_value_behind_it_or_joined),
        cmocka_unit_test(more_repeats_than_there_is_room_for_are_refused),
        cmocka_unit_test(flags_and_words_come_in_any_order),
        cmocka_unit_test(everything_behind_two_dashes_is_a_word),
        cmocka_unit_test(wrong_usage_is_told_with_what_to_write),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
