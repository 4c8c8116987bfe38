#include "cli/output.h"

#include "base/text.h"

#include <stdlib.h>

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_are_aligned_and_no_line_ends_in_spaces),
        cmocka_unit_test(a_file_gets_no_colour),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
