#include "cli/output.h"

#include "base/text.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void columns_are_aligned_and_no_line_ends_in_spaces(void **state)
{
    (void)state;
    const struct span cells[] = {SPAN("A"), SPAN("LONG"), SPAN("C"), SPAN("abc"), SPAN(""),
                                 SPAN("x"), SPAN("a"),    SPAN("b"), SPAN("")};
    const struct text_table table = {cells, 3, 3};
    char text[256] = "";
    FILE *file = fmemopen(text, sizeof(text), "w");
    output_table(file, &table);
    fclose(file);
    assert_string_equal(text, "A    LONG  C\nabc        x\na    b\n");
}

static void a_file_gets_no_colour(void **state)
{
    (void)state;
    FILE *file = tmpfile();
    setenv("TERM", "xterm", 1);
    unsetenv("NO_COLOR");
    assert_string_equal(output_emphasis(file).on, "");
    assert_string_equal(output_emphasis(file).off, "");
    fclose(file);
}

static void a_terminal_gets_emphasis_unless_it_is_refused(void **state)
{
    (void)state;
    int terminal = posix_openpt(O_RDWR | O_NOCTTY);
    assert_true(terminal >= 0);
    assert_int_equal(grantpt(terminal), 0);
    assert_int_equal(unlockpt(terminal), 0);
    FILE *file = fopen(ptsname(terminal), "w");
    assert_non_null(file);
    setenv("TERM", "xterm", 1);
    unsetenv("NO_COLOR");
    assert_string_equal(output_emphasis(file).on, "\033[1m");
    setenv("NO_COLOR", "", 1);
    assert_string_equal(output_emphasis(file).on, "\033[1m");
    setenv("NO_COLOR", "1", 1);
    assert_string_equal(output_emphasis(file).on, "");
    unsetenv("NO_COLOR");
    setenv("TERM", "dumb", 1);
    assert_string_equal(output_emphasis(file).on, "");
    fclose(file);
    close(terminal);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_are_aligned_and_no_line_ends_in_spaces),
        cmocka_unit_test(a_file_gets_no_colour),
        cmocka_unit_test(a_terminal_gets_emphasis_unless_it_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
