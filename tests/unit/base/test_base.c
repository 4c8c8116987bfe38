#include "base/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct part {
    int number;
};

struct whole {
    char first;
    struct part part;
};

static void container_of_finds_the_struct_around_a_member(void **state)
{
    (void)state;
    struct whole whole = {.first = 'x'};
    struct part *part = &whole.part;
    assert_ptr_equal(container_of(part, struct whole, part), &whole);
}

static void count_of_counts_elements_not_bytes(void **state)
{
    (void)state;
    const uint64_t numbers[7] = {0};
    assert_int_equal(COUNT_OF(numbers), 7);
    assert_int_equal(sizeof(numbers), 7 * 8);
}

static void span_of_a_literal_leaves_out_the_terminator(void **state)
{
    (void)state;
    struct span span = SPAN("a\0b");
    assert_int_equal(span.len, 3);
    assert_memory_equal(span.at, "a\0b", 3);
    assert_int_equal(SPAN("").len, 0);
}

static void assert_evaluates_its_condition_once(void **state)
{
    (void)state;
    int count = 0;
    ASSERT(++count == 1);
    assert_int_equal(count, 1);
}

static void no_bytes_are_memory_too(void **state)
{
    (void)state;
    void *none = xmalloc(0), *zeroed = xcalloc(0, 8);
    assert_non_null(none);
    assert_non_null(zeroed);
    none = xrealloc(none, 0);
    assert_non_null(none);
    free(none);
    free(zeroed);
}

static void xcalloc_zeroes_and_xrealloc_keeps(void **state)
{
    (void)state;
    char zeros[64] = {0};
    char *memory = xcalloc(8, 8);
    assert_memory_equal(memory, zeros, 64);
    memcpy(memory, "kept", 4);
    memory = xrealloc(memory, 1 * MIB);
    assert_memory_equal(memory, "kept", 4);
    free(memory);
}

static void xstrdup_terminates_its_copy(void **state)
{
    (void)state;
    char *text = xstrdup((struct span){"abcdef", 3}), *empty = xstrdup((struct span){NULL, 0});
    assert_string_equal(text, "abc");
    assert_string_equal(empty, "");
    free(text);
    free(empty);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(container_of_finds_the_struct_around_a_member),
        cmocka_unit_test(count_of_counts_elements_not_bytes),
        cmocka_unit_test(span_of_a_literal_leaves_out_the_terminator),
        cmocka_unit_test(assert_evaluates_its_condition_once),
        cmocka_unit_test(no_bytes_are_memory_too),
        cmocka_unit_test(xcalloc_zeroes_and_xrealloc_keeps),
        cmocka_unit_test(xstrdup_terminates_its_copy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
