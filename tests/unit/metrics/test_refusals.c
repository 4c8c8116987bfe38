#include "metrics/refusals.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/text.h"

static void the_newest_come_first_and_the_oldest_go(void **state)
{
    (void)state;
    struct refusals *refusals = refusals_create();
    struct refusal seen[REFUSALS_KEPT];
    assert_int_equal(refusals_read(refusals, seen), 0);
    for (unsigned i = 1; i <= REFUSALS_KEPT + 7; i++) {
        struct refusal refusal = {.status = i};
        refusals_note(refusals, &refusal);
        assert_int_equal(refusals_read(refusals, seen), i < REFUSALS_KEPT ? i : REFUSALS_KEPT);
        assert_int_equal(seen[0].status, i);
    }
    assert_int_equal(seen[REFUSALS_KEPT - 1].status, 8);
    refusals_destroy(refusals);
}

static void a_text_is_cut_and_ended(void **state)
{
    (void)state;
    char text[REFUSAL_TEXT];
    refusal_text(text, SPAN("short"));
    assert_string_equal(text, "short");
    refusal_text(text, SPAN(""));
    assert_string_equal(text, "");
    refusal_text(text,
                 SPAN("0123456789012345678901234567890123456789012345678901234567890123456789"));
    assert_int_equal(strlen(text), REFUSAL_TEXT - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_newest_come_first_and_the_oldest_go),
        cmocka_unit_test(a_text_is_cut_and_ended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
