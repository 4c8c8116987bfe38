/* The scripts themselves run in test_tag_link_server.c. */
#include "cache/tag_wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/text.h"

static void check_list(const struct pending_slot *slots, size_t count, bool is_soft,
                       const char *wanted)
{
    char text[TAG_LIST_SIZE];
    assert_true(span_equal(tag_list_write(slots, count, is_soft, text), span_of(wanted)));
}

static void slots_are_written_by_their_kind(void **state)
{
    (void)state;
    const struct pending_slot slots[] = {{3, false}, {65536, true}, {65535, false}};
    check_list(slots, 3, false, "3,65535");
    check_list(slots, 3, true, "65536");
    check_list(slots, 1, true, "-");
    check_list(slots, 0, false, "-");
}

static void the_longest_batch_fits(void **state)
{
    (void)state;
    struct pending_slot slots[TAG_BATCH];
    char text[TAG_LIST_SIZE];
    for (size_t i = 0; i < TAG_BATCH; i++)
        slots[i] = (struct pending_slot){TAG_SLOTS, true};
    assert_int_equal(tag_list_write(slots, TAG_BATCH, true, text).len, 6 * TAG_BATCH - 1);
}

static void a_message_is_read_as_it_was_written(void **state)
{
    (void)state;
    struct tag_message message;
    const uint32_t wanted[] = {3, 65535, 0};
    uint32_t slot;
    assert_true(
        tag_message_parse(SPAN("1 0123456789abcdef 1800000000000000 3,65535,0 -"), &message));
    assert_true(span_equal(message.sender, SPAN("0123456789abcdef")));
    assert_int_equal(message.at_us, UINT64_C(1800000000000000));
    for (size_t i = 0; i < COUNT_OF(wanted); i++) {
        assert_true(tag_list_next(&message.hard, &slot));
        assert_int_equal(slot, wanted[i]);
    }
    assert_false(tag_list_next(&message.hard, &slot));
    assert_false(tag_list_next(&message.soft, &slot));
    assert_true(tag_message_parse(SPAN("1 0123456789abcdef 0 - 65536"), &message));
    assert_true(tag_list_next(&message.soft, &slot));
    assert_int_equal(slot, TAG_SLOTS);
}

static void anything_else_is_no_message(void **state)
{
    (void)state;
    static const struct span texts[] = {
        SPAN_INIT(""),
        SPAN_INIT(" "),
        SPAN_INIT("    "),
        SPAN_INIT("0 0123456789abcdef 5 7 -"),
        SPAN_INIT("1 0123456789abcdef0 5 7 -"),
        SPAN_INIT("1 0123456789abcdef -5 7 -"),
        SPAN_INIT("1 0123456789abcdef 18446744073709551616 7 -"),
        SPAN_INIT("1 0123456789abcdef 5 7"),
        SPAN_INIT("1 0123456789abcdef 5 7 "),
        SPAN_INIT("1 0123456789abcdef 5  7"),
        SPAN_INIT("1 0123456789abcdef 5 7 - "),
        SPAN_INIT("1 0123456789abcdef 5 7 8 9"),
        SPAN_INIT("1 0123456789abcdef 5 65537 -"),
        SPAN_INIT("1 0123456789abcdef 5 ,7 -"),
        SPAN_INIT("1 0123456789abcdef 5 7, -"),
        SPAN_INIT("1 0123456789abcdef 5 7,,8 -"),
        SPAN_INIT("1 0123456789abcdef 5 7,- -"),
        SPAN_INIT("1 0123456789abcdef 5 - 7\0"),
    };
    struct tag_message message;
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        assert_false(tag_message_parse(texts[i], &message));
}

static void fields_are_kinds_slots_and_times(void **state)
{
    (void)state;
    static const struct {
        const char *name, *value;
        bool is_one, is_soft;
        uint32_t slot;
    } rows[] = {
        {"h:0", "5", true, false, 0},      {"s:65536", "5", true, true, TAG_SLOTS},
        {"h:65537", "5", false, false, 0}, {"h:", "5", false, false, 0},
        {"h", "5", false, false, 0},       {"", "5", false, false, 0},
        {"x:1", "5", false, false, 0},     {"h:+1", "5", false, false, 0},
        {"h:1", "", false, false, 0},      {"h:1", "5.0", false, false, 0},
        {"since", "5", false, false, 0},   {"run", "5", false, false, 0},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct pending_slot slot = {0};
        uint64_t at_us = 0;
        bool is_one = tag_field_parse(span_of(rows[i].name), span_of(rows[i].value), &slot, &at_us);
        assert_int_equal(is_one, rows[i].is_one);
        if (is_one)
            assert_true(slot.slot == rows[i].slot && slot.is_soft == rows[i].is_soft && at_us == 5);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slots_are_written_by_their_kind),
        cmocka_unit_test(the_longest_batch_fits),
        cmocka_unit_test(a_message_is_read_as_it_was_written),
        cmocka_unit_test(anything_else_is_no_message),
        cmocka_unit_test(fields_are_kinds_slots_and_times),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
