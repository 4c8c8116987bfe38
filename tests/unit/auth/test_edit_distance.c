#include "auth/edit_distance.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"

static size_t distance(const char *a, const char *b)
{
    size_t there = edit_distance(span_of(a), span_of(b), 20);
    assert_int_equal(there, edit_distance(span_of(b), span_of(a), 20));
    return there;
}

static void each_insertion_deletion_or_replacement_counts_one(void **state)
{
    (void)state;
    assert_int_equal(distance("createMessage", "createMessage"), 0);
    assert_int_equal(distance("creatMessage", "createMessage"), 1);
    assert_int_equal(distance("createMessages", "createMessage"), 1);
    assert_int_equal(distance("createMassage", "createMessage"), 1);
    assert_int_equal(distance("kitten", "sitting"), 3);
}

static void case_does_not_count(void **state)
{
    (void)state;
    assert_int_equal(distance("CREATEmessage", "createMessage"), 0);
}

static void an_empty_word_is_as_far_as_the_other_is_long(void **state)
{
    (void)state;
    assert_int_equal(distance("", ""), 0);
    assert_int_equal(distance("", "hub"), 3);
}

static void beyond_the_bound_is_one_more_than_the_bound(void **state)
{
    (void)state;
    assert_int_equal(edit_distance(SPAN("kitten"), SPAN("sitting"), 3), 3);
    assert_int_equal(edit_distance(SPAN("kitten"), SPAN("sitting"), 2), 3);
    assert_int_equal(edit_distance(SPAN("abc"), SPAN("xyz"), 0), 1);
    assert_int_equal(edit_distance(SPAN("abc"), SPAN("abc"), 0), 0);
    assert_int_equal(edit_distance(SPAN(""), SPAN("abcdef"), 2), 3);
}

static void very_long_words_are_far_from_everything(void **state)
{
    (void)state;
    char word[EDIT_MAX_LEN + 1];
    memset(word, 'a', sizeof(word));
    struct span longest = {word, EDIT_MAX_LEN}, longer = {word, EDIT_MAX_LEN + 1};
    assert_int_equal(edit_distance(longest, longest, 2), 0);
    assert_int_equal(edit_distance(longer, longer, 2), 3);
    assert_int_equal(edit_distance(longest, longer, 2), 3);
    assert_int_equal(edit_distance(longer, longest, 2), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_insertion_deletion_or_replacement_counts_one),
        cmocka_unit_test(case_does_not_count),
        cmocka_unit_test(an_empty_word_is_as_far_as_the_other_is_long),
        cmocka_unit_test(beyond_the_bound_is_one_more_than_the_bound),
        cmocka_unit_test(very_long_words_are_far_from_everything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
