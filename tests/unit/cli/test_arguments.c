#include "cli/arguments.h"

#include "base/text.h"

#include <stdio.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { MOST = 8 };

static const char *config, *words[2];
static bool wants_json;

/* Parses "command a b c"; what is written to standard error is kept in said. */
static char said[512];

static bool parse(const char *first, const char *second, const char *third, const char *fourth)
{
    const struct option_row options[] = {{.name = "--config", .value = &config},
                                         {.name = "--json", .flag = &wants_json}};
    const struct arguments arguments = {.options = options,
                                        .option_count = COUNT_OF(options),
                                        .words = words,
                                        .most_words = COUNT_OF(words)};
    const char *given[] = {"command", first, second, third, fourth, NULL};
    char copies[MOST][64], *argv[MOST] = {NULL};
    int argc = 0;
    for (; given[argc]; argc++) {
        snprintf(copies[argc], sizeof(copies[argc]), "%s", given[argc]);
        argv[argc] = copies[argc];
    }
    config = words[0] = words[1] = NULL;
    wants_json = false;
    FILE *kept = tmpfile();
    int old = dup(STDERR_FILENO);
    dup2(fileno(kept), STDERR_FILENO);
    bool is_good = arguments_parse(argc, argv, &arguments);
    fflush(stderr);
    dup2(old, STDERR_FILENO);
    close(old);
    rewind(kept);
    said[fread(said, 1, sizeof(said) - 1, kept)] = '\0';
    fclose(kept);
    /* The values point into this frame: compare them through copies that stay. */
    static char stays[3][64];
    const char **values[] = {&config, &words[0], &words[1]};
    for (size_t i = 0; i < COUNT_OF(values); i++) {
        if (!*values[i])
            continue;
        snprintf(stays[i], sizeof(stays[i]), "%s", *values[i]);
        *values[i] = stays[i];
    }
    return is_good;
}

static void values_stand_behind_a_space_or_an_equals_sign(void **state)
{
    (void)state;
    assert_true(parse("--config", "a.yaml", NULL, NULL));
    assert_string_equal(config, "a.yaml");
    assert_true(parse("--config=b=c.yaml", NULL, NULL, NULL));
    assert_string_equal(config, "b=c.yaml");
    assert_true(parse("--config=", NULL, NULL, NULL));
    assert_string_equal(config, "");
    assert_string_equal(said, "");
}

static void flags_and_words_come_in_any_order(void **state)
{
    (void)state;
    assert_true(parse("one", "--json", "two", NULL));
    assert_true(wants_json);
    assert_string_equal(words[0], "one");
    assert_string_equal(words[1], "two");
    assert_true(parse("-", NULL, NULL, NULL));
    assert_string_equal(words[0], "-");
    assert_true(parse(NULL, NULL, NULL, NULL));
    assert_null(words[0]);
}

static void everything_behind_two_dashes_is_a_word(void **state)
{
    (void)state;
    assert_true(parse("--", "--json", "--", NULL));
    assert_false(wants_json);
    assert_string_equal(words[0], "--json");
    assert_string_equal(words[1], "--");
}

static void wrong_usage_is_told(void **state)
{
    (void)state;
    assert_false(parse("--jsn", NULL, NULL, NULL));
    assert_string_equal(said, "bpgate: command has no option --jsn; did you mean --json?\n");
    assert_false(parse("--frobnicate=1", NULL, NULL, NULL));
    assert_string_equal(said,
                        "bpgate: command has no option --frobnicate; see `bpgate help command`\n");
    assert_false(parse("-x", NULL, NULL, NULL));
    assert_false(parse("--config", NULL, NULL, NULL));
    assert_string_equal(said, "bpgate: --config needs a value behind it\n");
    assert_false(parse("--json=yes", NULL, NULL, NULL));
    assert_string_equal(said, "bpgate: --json takes no value\n");
    assert_false(parse("a", "b", "c", NULL));
    assert_string_equal(said, "bpgate: command takes no \"c\"; see `bpgate help command`\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_stand_behind_a_space_or_an_equals_sign),
        cmocka_unit_test(flags_and_words_come_in_any_order),
        cmocka_unit_test(everything_behind_two_dashes_is_a_word),
        cmocka_unit_test(wrong_usage_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
