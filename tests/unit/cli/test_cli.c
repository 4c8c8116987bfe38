#include "cli/cli.h"

#include "base/text.h"
#include "botpress/route_catalogue.h"
#include "cli/commands.h"

#include <stdio.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { KEPT_SIZE = 256 * KIB };

static char out[KEPT_SIZE], err[KEPT_SIZE];

static int divert(int descriptor, FILE *file)
{
    int old = dup(descriptor);
    assert_true(old >= 0);
    dup2(fileno(file), descriptor);
    return old;
}

static void bring_back(int descriptor, int old, FILE *file, char text[KEPT_SIZE])
{
    fflush(stdout);
    fflush(stderr);
    dup2(old, descriptor);
    close(old);
    rewind(file);
    text[fread(text, 1, KEPT_SIZE - 1, file)] = '\0';
    fclose(file);
}

/* Words of a command line, after "bpgate"; what it writes is kept in out and err. */
static int run(const char *line)
{
    char copy[256], *argv[16] = {copy}, *at = NULL;
    int argc = 0;
    snprintf(copy, sizeof(copy), "bpgate %s", line);
    for (char *word = strtok_r(copy, " ", &at); word; word = strtok_r(NULL, " ", &at))
        argv[argc++] = word;
    FILE *files[] = {tmpfile(), tmpfile()};
    fflush(stdout);
    int old_out = divert(STDOUT_FILENO, files[0]), old_err = divert(STDERR_FILENO, files[1]);
    int code = cli_main(argc, argv);
    bring_back(STDOUT_FILENO, old_out, files[0], out);
    bring_back(STDERR_FILENO, old_err, files[1], err);
    return code;
}

static void help_goes_to_standard_output(void **state)
{
    (void)state;
    static const char *const lines[] = {"help", "--help", "-h"};
    for (size_t i = 0; i < COUNT_OF(lines); i++) {
        assert_int_equal(run(lines[i]), EXIT_OK);
        assert_non_null(strstr(out, "usage: bpgate COMMAND"));
        assert_string_equal(err, "");
    }
}

/* The words of a terminal's line, and no line longer than it. */
static void assert_fits(const char *text)
{
    enum { WIDEST = 100 };
    for (const char *line = text; *line;) {
        size_t len = strcspn(line, "\n");
        assert_in_range(len, 0, WIDEST);
        line += len + (line[len] == '\n');
    }
}

static void each_command_explains_itself_in_lines_that_fit(void **state)
{
    (void)state;
    for (size_t i = 0; i < command_count(); i++) {
        const struct command *command = command_at(i);
        char line[64], usage[64], group[64];
        struct span first = command_first(command);
        snprintf(usage, sizeof(usage), "usage: bpgate %s", command->name);
        snprintf(line, sizeof(line), "help %s", command->name);
        assert_int_equal(run(line), EXIT_OK);
        assert_non_null(strstr(out, usage));
        assert_fits(out);
        for (size_t j = 0; j < command->option_count; j++)
            assert_non_null(strstr(out, command->options[j].name));
        snprintf(line, sizeof(line), "%s --help", command->name);
        assert_int_equal(run(line), EXIT_OK);
        assert_non_null(strstr(out, usage));
        snprintf(group, sizeof(group), "%.*s --help", (int)first.len, first.at);
        assert_int_equal(run(group), EXIT_OK);
        assert_non_null(strstr(out, usage));
        assert_string_equal(err, "");
    }
    assert_int_equal(run("help"), EXIT_OK);
    assert_fits(out);
}

static void wrong_usage_ends_with_two_and_goes_to_standard_error(void **state)
{
    (void)state;
    static const struct {
        const char *line, *said;
    } cases[] = {
        {"", "usage: bpgate COMMAND"},
        {"chek", "did you mean \"check\"?"},
        {"frobnicate", "`bpgate help` lists them"},
        {"help frobnicate", "there is no command"},
        {"help check this", "check is one word"},
        {"help key nwe", "did you mean \"new\"?"},
        {"run now", "bpgate: run takes no \"now\"; see `bpgate help run`\n"},
        {"run --confg x", "bpgate: run has no option --confg; did you mean --config?\n"},
        {"run --config", "bpgate: --config needs a value behind it: --config FILE\n"},
        {"routes --servce hub", "did you mean --service?"},
        {"routes --service hubb", "did you mean hub?"},
        {"version now", "version takes no \"now\""},
        {"settings --man --markdown", "leave one"},
        {"completion", "completion needs SHELL"},
        {"completion csh", "SHELL must be one of bash|zsh|fish"},
        {"key", "key needs new, check or rotate behind it"},
        {"key rotat x", "did you mean \"rotate\"?"},
        {"key new --name ci", "key new needs --profile"},
        {"key new --profile p", "key new needs --name"},
        {"key new --name ci --name ci --profile p", "--name is given twice"},
        {"key new --name ci --profile p --operations reed", "did you mean read?"},
        {"key new --name ci --profile p --operations ,", "--operations is empty"},
        {"key new --name ci --profile p --expires soon", "--expires must be a date"},
        {"key new --name ci --profile p --expires 2001-01-01", "in the past"},
        {"key check", "key check needs KEY"},
        {"key rotate", "key rotate needs KEY"},
        {"key rotate ci --overlap 5", "--overlap must be a duration from 0s to 365d"},
        {"key rotate ci --overlap 366d", "--overlap must be a duration from 0s to 365d"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(run(cases[i].line), EXIT_USAGE);
        assert_non_null(strstr(err, cases[i].said));
        assert_string_equal(out, "");
    }
}

static void the_version_comes_with_those_of_the_libraries(void **state)
{
    (void)state;
    assert_int_equal(run("--version"), EXIT_OK);
    assert_ptr_equal(strstr(out, "bpgate " BPGATE_VERSION "\n"), out);
    assert_non_null(strstr(out, "\nOpenSSL "));
    assert_int_equal(run("version"), EXIT_OK);
}

static void routes_of_one_service_can_be_listed(void **state)
{
    (void)state;
    assert_int_equal(run("routes"), EXIT_OK);
    assert_non_null(strstr(out, "/v1/chat/messages"));
    assert_int_equal(run("routes --service hub"), EXIT_OK);
    assert_non_null(strstr(out, "/v1/admin/hub/"));
    assert_null(strstr(out, "/v1/chat/"));
    assert_int_equal(run("routes --service runtime --json"), EXIT_OK);
    assert_int_equal(out[0], '[');
}

static void all_services_of_the_catalogue_can_be_asked_for(void **state)
{
    (void)state;
    for (size_t i = 0; i < operation_count(); i++) {
        char line[64];
        struct span service = service_name(operation_at(i)->service);
        if (i > 0 && operation_at(i)->service == operation_at(i - 1)->service)
            continue;
        snprintf(line, sizeof(line), "routes --service %.*s", (int)service.len, service.at);
        assert_int_equal(run(line), EXIT_OK);
    }
}

static void settings_have_their_reference(void **state)
{
    (void)state;
    assert_int_equal(run("settings"), EXIT_OK);
    assert_non_null(strstr(out, "\nclient.head_bytes\n"));
    assert_non_null(strstr(out, "\nkeys[].hashes[].sha256\n"));
    assert_int_equal(run("settings --markdown"), EXIT_OK);
    assert_non_null(strstr(out, "| `client.head_bytes` | size | 32KiB | 1KiB to 1MiB |"));
    assert_int_equal(run("settings --man"), EXIT_OK);
    assert_non_null(
        strstr(out, "\n.It Cm client.head_bytes\nsize: 1KiB to 1MiB; default 32KiB.\n"));
    assert_non_null(strstr(out, "bpg_<id>_\\[u2026]."));
}

static void a_key_can_be_made_and_checked(void **state)
{
    (void)state;
    char line[256];
    assert_int_equal(run("key new --name ci --profile support"), EXIT_OK);
    const char *key = strstr(out, "\nbpg_");
    assert_non_null(key);
    snprintf(line, sizeof(line), "key check %.65s", key + 1);
    assert_int_equal(run("key check bpg_x"), EXIT_FAILED);
    assert_non_null(strstr(out, "typing error"));
    assert_int_equal(run("key check bp_pat_x"), EXIT_FAILED);
    assert_int_equal(run(line), EXIT_OK);
    assert_non_null(strstr(out, "form: good"));
    assert_null(strstr(out, "bpg_"));
}

static void wrong_settings_are_like_wrong_usage(void **state)
{
    (void)state;
    assert_int_equal(run("check --config /nonexistent"), EXIT_USAGE);
    assert_non_null(strstr(err, "bpgate: /nonexistent: cannot be opened"));
    assert_non_null(strstr(err, "bpgate: 1 error in /nonexistent"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(help_goes_to_standard_output),
        cmocka_unit_test(each_command_explains_itself_in_lines_that_fit),
        cmocka_unit_test(wrong_usage_ends_with_two_and_goes_to_standard_error),
        cmocka_unit_test(the_version_comes_with_those_of_the_libraries),
        cmocka_unit_test(routes_of_one_service_can_be_listed),
        cmocka_unit_test(all_services_of_the_catalogue_can_be_asked_for),
        cmocka_unit_test(settings_have_their_reference),
        cmocka_unit_test(a_key_can_be_made_and_checked),
        cmocka_unit_test(wrong_settings_are_like_wrong_usage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
