#include "store/redis_reply.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const struct redis_reply items[] = {
    {.kind = REDIS_TEXT, .text = SPAN_INIT("one")},
    {.kind = REDIS_NUMBER, .number = 2},
};
static const struct redis_reply list = {.kind = REDIS_LIST, .items = items, .count = 2};

static void a_text_is_what_it_says_and_a_refusal_is_no_text(void **state)
{
    const struct redis_reply refusal = {.kind = REDIS_REFUSAL, .text = SPAN("one")};
    (void)state;
    assert_true(redis_reply_is(&items[0], SPAN("one")));
    assert_false(redis_reply_is(&items[0], SPAN("on")));
    assert_false(redis_reply_is(&items[1], SPAN("")));
    assert_false(redis_reply_is(&refusal, SPAN("one")));
}

static void a_code_is_the_whole_first_word_of_a_refusal(void **state)
{
    const struct redis_reply refusal = {.kind = REDIS_REFUSAL, .text = SPAN("NOSCRIPT No such")};
    const struct redis_reply bare = {.kind = REDIS_REFUSAL, .text = SPAN("NOSCRIPT")};
    const struct redis_reply text = {.kind = REDIS_TEXT, .text = SPAN("NOSCRIPT No such")};
    (void)state;
    assert_true(redis_reply_refuses(&refusal, SPAN("NOSCRIPT")));
    assert_true(redis_reply_refuses(&bare, SPAN("NOSCRIPT")));
    assert_false(redis_reply_refuses(&refusal, SPAN("NO")));
    assert_false(redis_reply_refuses(&bare, SPAN("NOSCRIPTS")));
    assert_false(redis_reply_refuses(&text, SPAN("NOSCRIPT")));
}

static void items_beyond_the_end_and_of_what_is_no_list_are_nil(void **state)
{
    (void)state;
    assert_ptr_equal(redis_reply_item(&list, 1), &items[1]);
    assert_int_equal(redis_reply_item(&list, 2)->kind, REDIS_NIL);
    assert_int_equal(redis_reply_item(&items[0], 0)->kind, REDIS_NIL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_is_what_it_says_and_a_refusal_is_no_text),
        cmocka_unit_test(a_code_is_the_whole_first_word_of_a_refusal),
        cmocka_unit_test(items_beyond_the_end_and_of_what_is_no_list_are_nil),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
