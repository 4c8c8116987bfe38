#include "base/buffer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"

static void assert_holds(const struct buffer *buffer, struct span expected)
{
    assert_true(span_equal(buffer_bytes(buffer), expected));
}

static void an_unused_buffer_owns_no_memory(void **state)
{
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer, 100);
    assert_null(buffer.at);
    assert_int_equal(buffer_bytes(&buffer).len, 0);
    buffer_clear(&buffer);
}

static void appended_bytes_stand_in_order(void **state)
{
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer, 100);
    assert_int_equal(buffer_append(&buffer, SPAN("one ")), OK);
    assert_int_equal(buffer_append(&buffer, (struct span){NULL, 0}), OK);
    assert_int_equal(buffer_append(&buffer, SPAN("two")), OK);
    assert_holds(&buffer, SPAN("one two"));
    buffer_clear(&buffer);
}

static void the_limit_itself_fits_and_one_more_byte_does_not(void **state)
{
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer, 8);
    assert_int_equal(buffer_append(&buffer, SPAN("12345678")), OK);
    assert_int_equal(buffer_append(&buffer, SPAN("9")), ERR_LIMIT);
    assert_int_equal(buffer_append(&buffer, SPAN("")), OK);
    assert_holds(&buffer, SPAN("12345678"));
    buffer_clear(&buffer);
}

static void what_does_not_fit_whole_is_not_appended_in_part(void **state)
{
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer, 8);
    assert_int_equal(buffer_append(&buffer, SPAN("12345")), OK);
    assert_int_equal(buffer_append(&buffer, SPAN("6789")), ERR_LIMIT);
    assert_holds(&buffer, SPAN("12345"));
    assert_int_equal(buffer_append(&buffer, SPAN("678")), OK);
    buffer_clear(&buffer);
}

static void an_absurd_length_does_not_wrap_around_the_limit(void **state)
{
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer, 8);
    assert_int_equal(buffer_append(&buffer, SPAN("12345")), OK);
    assert_int_equal(buffer_append(&buffer, (struct span){"", SIZE_MAX}), ERR_LIMIT);
    assert_holds(&buffer, SPAN("12345"));
    buffer_clear(&buffer);
}

static void dropping_keeps_the_tail(void **state)
{
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer, 8);
    assert_int_equal(buffer_append(&buffer, SPAN("abcdefgh")), OK);
    buffer_drop(&buffer, 3);
    assert_holds(&buffer, SPAN("defgh"));
    assert_int_equal(buffer_append(&buffer, SPAN("ijk")), OK);
    assert_holds(&buffer, SPAN("defghijk"));
    buffer_drop(&buffer, 8);
    assert_int_equal(buffer_bytes(&buffer).len, 0);
    buffer_clear(&buffer);
}

static void dropping_nothing_from_an_unused_buffer_is_allowed(void **state)
{
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer, 8);
    buffer_drop(&buffer, 0);
    buffer_clear(&buffer);
}

static void many_small_appends_grow_to_the_same_bytes(void **state)
{
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer, 10000);
    for (int i = 0; i < 10000; i++) {
        char byte = (char)('a' + i % 26);
        assert_int_equal(buffer_append(&buffer, (struct span){&byte, 1}), OK);
    }
    struct span bytes = buffer_bytes(&buffer);
    assert_int_equal(bytes.len, 10000);
    for (size_t i = 0; i < bytes.len; i++)
        assert_int_equal(bytes.at[i], 'a' + i % 26);
    buffer_clear(&buffer);
}

static void a_cleared_buffer_keeps_its_limit(void **state)
{
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer, 4);
    assert_int_equal(buffer_append(&buffer, SPAN("1234")), OK);
    buffer_clear(&buffer);
    assert_null(buffer.at);
    assert_int_equal(buffer_append(&buffer, SPAN("12345")), ERR_LIMIT);
    assert_int_equal(buffer_append(&buffer, SPAN("abcd")), OK);
    assert_holds(&buffer, SPAN("abcd"));
    buffer_clear(&buffer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_unused_buffer_owns_no_memory),
        cmocka_unit_test(appended_bytes_stand_in_order),
        cmocka_unit_test(the_limit_itself_fits_and_one_more_byte_does_not),
        cmocka_unit_test(what_does_not_fit_whole_is_not_appended_in_part),
        cmocka_unit_test(an_absurd_length_does_not_wrap_around_the_limit),
        cmocka_unit_test(dropping_keeps_the_tail),
        cmocka_unit_test(dropping_nothing_from_an_unused_buffer_is_allowed),
        cmocka_unit_test(many_small_appends_grow_to_the_same_bytes),
        cmocka_unit_test(a_cleared_buffer_keeps_its_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
