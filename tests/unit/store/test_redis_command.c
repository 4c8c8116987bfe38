#include "store/redis_command.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"

static void assert_writes(const struct span *argv, size_t argc, struct span expected)
{
    struct buffer buffer;
    buffer_init(&buffer, KIB);
    assert_int_equal(redis_command_append(&buffer, argv, argc), OK);
    assert_true(span_equal(buffer_bytes(&buffer), expected));
    assert_int_equal(redis_command_len(argv, argc), expected.len);
    buffer_clear(&buffer);
}

static void arguments_are_counted_texts_of_any_bytes(void **state)
{
    const struct span set[] = {SPAN("SET"), SPAN(""), SPAN("a\r\n\0b")};
    const struct span words[] = {SPAN("a"), SPAN("b"), SPAN("c"), SPAN("d"), SPAN("e"),
                                 SPAN("f"), SPAN("g"), SPAN("h"), SPAN("i"), SPAN("0123456789")};
    const struct span nothing[] = {SPAN("GET"), {NULL, 0}};
    (void)state;
    assert_writes(set, 3, SPAN("*3\r\n$3\r\nSET\r\n$0\r\n\r\n$5\r\na\r\n\0b\r\n"));
    assert_writes(nothing, 2, SPAN("*2\r\n$3\r\nGET\r\n$0\r\n\r\n"));
    assert_writes(words, 10,
                  SPAN("*10\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n$1\r\nd\r\n$1\r\ne\r\n$1\r\nf\r\n"
                       "$1\r\ng\r\n$1\r\nh\r\n$1\r\ni\r\n$10\r\n0123456789\r\n"));
}

static void what_finds_no_room_is_not_begun(void **state)
{
    const struct span argv[] = {SPAN("PING")};
    struct buffer buffer;
    (void)state;
    buffer_init(&buffer, 27);
    assert_int_equal(redis_command_append(&buffer, argv, 1), OK);
    assert_int_equal(buffer.len, 14);
    assert_int_equal(redis_command_append(&buffer, argv, 1), ERR_LIMIT);
    assert_int_equal(buffer.len, 14);
    buffer_clear(&buffer);
}

static void the_length_is_known_before_for_every_length(void **state)
{
    static char bytes[11000];
    (void)state;
    for (size_t len = 0; len < sizeof(bytes); len += len < 120 ? 1 : 97) {
        struct buffer buffer;
        const struct span argv[] = {{bytes, len}};
        buffer_init(&buffer, 2 * sizeof(bytes));
        assert_int_equal(redis_command_append(&buffer, argv, 1), OK);
        assert_int_equal(buffer.len, redis_command_len(argv, 1));
        buffer_clear(&buffer);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arguments_are_counted_texts_of_any_bytes),
        cmocka_unit_test(what_finds_no_room_is_not_begun),
        cmocka_unit_test(the_length_is_known_before_for_every_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
