#include "config/nearest.h"

#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const char *nearest_of(const char *typed)
{
    static const char *const words[] = {"run", "check", "routes", "key", "settings", "version", ""};
    struct nearest nearest = nearest_to(span_of(typed));
    for (size_t i = 0; i < COUNT_OF(words); i++)
        nearest_consider(&nearest, span_of(words[i]));
    return nearest.best.at;
}

static void the_nearest_word_wins(void **state)
{
    (void)state;
    assert_string_equal(nearest_of("chekc"), "check");
    assert_string_equal(nearest_of("keys"), "key");
    assert_string_equal(nearest_of("Version"), "version");
    assert_string_equal(nearest_of("setings"), "settings");
    assert_string_equal(nearest_of("rn"), "run");
}

static void among_equals_the_first_wins(void **state)
{
    (void)state;
    struct nearest nearest = nearest_to(SPAN("bet"));
    nearest_consider(&nearest, SPAN("bat"));
    nearest_consider(&nearest, SPAN("bit"));
    assert_true(span_equal(nearest.best, SPAN("bat")));
    nearest_consider(&nearest, SPAN("bet"));
    nearest_consider(&nearest, SPAN("BET"));
    assert_true(span_equal(nearest.best, SPAN("bet")));
}

static void far_words_are_not_meant(void **state)
{
    (void)state;
    assert_string_equal(nearest_of("serve"), "");
    assert_string_equal(nearest_of("xyz"), "");
    assert_string_equal(nearest_of("q"), "");
    assert_string_equal(nearest_of(""), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_nearest_word_wins),
        cmocka_unit_test(among_equals_the_first_wins),
        cmocka_unit_test(far_words_are_not_meant),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
