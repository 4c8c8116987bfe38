#include "cli/cli.h"

#include "base/text.h"

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

static void each_command_explains_itself(void **state)
{
    (void)state;
    static const char *const names[] = {"run",      "check",   "routes", "key",
                                        "settings", "version", "help"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        char line[64], usage[64];
        snprintf(usage, sizeof(usage), "usage: bpgate %s", names[i]);
        snprintf(line, sizeof(line), "help %s", names[i]);
        assert_int_equal(run(line), EXIT_OK);
        assert_non_null(strstr(out, usage));
        snprintf(line, sizeof(line), "%s --help", names[i]);
        assert_int_equal(run(line), EXIT_OK);
        assert_non_null(strstr(out, usage));
    }
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
        {"routes --servce hub", "did you mean --service?"},
        {"routes --service hubb", "there is no service"},
        {"version now", "version takes no \"now\""},
        {"key", "key takes \"new\" or \"check\""},
        {"key new --name ci", "key new needs --profile"},
        {"key new --profile p", "key new needs --name"},
        {"key new --name ci --profile p --operations reed", "did you mean read?"},
        {"key new --name ci --profile p --operations ,", "--operations is empty"},
        {"key new --name ci --profile p --expires soon", "--expires must be a date"},
        {"key new --name ci --profile p --expires 2001-01-01", "in the past"},
        {"key check", "key check needs a key"},
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

static void settings_have_their_reference(void **state)
{
    (void)state;
    assert_int_equal(run("settings"), EXIT_OK);
    assert_non_null(strstr(out, "\nclient.head_bytes\n"));
    assert_non_null(strstr(out, "\nkeys[].hashes[].sha256\n"));
    assert_int_equal(run("settings --markdown"), EXIT_OK);
    assert_non_null(strstr(out, "| `client.head_bytes` | size | 32KiB | 1KiB to 1MiB |"));
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

static void a_wrong_configuration_is_a_failure(void **state)
{
    (void)state;
    assert_int_equal(run("check --config /nonexistent"), EXIT_FAILED);
    assert_non_null(strstr(err, "/nonexistent: cannot be opened"));
    assert_non_null(strstr(err, "bpgate: 1 error in /nonexistent"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(help_goes_to_standard_output),
        cmocka_unit_test(each_command_explains_itself),
        cmocka_unit_test(wrong_usage_ends_with_two_and_goes_to_standard_error),
        cmocka_unit_test(the_version_comes_with_those_of_the_libraries),
        cmocka_unit_test(routes_of_one_service_can_be_listed),
        cmocka_unit_test(settings_have_their_reference),
        cmocka_unit_test(a_key_can_be_made_and_checked),
        cmocka_unit_test(a_wrong_configuration_is_a_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
