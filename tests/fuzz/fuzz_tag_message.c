/* Messages and fields about stamps: what is taken has slots of the table only, and every part of it
 * can be read. */
#include "base/text.h"
#include "cache/tag_wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_list(struct span list)
{
    uint32_t slot;
    bool is_empty = span_equal(list, SPAN("-"));
    size_t count = 0;
    struct span rest = list;
    for (; tag_list_next(&rest, &slot); count++)
        ASSERT(slot <= TAG_SLOTS);
    ASSERT(rest.len == 0);
    ASSERT(is_empty ? count == 0 : count > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span text = {(const char *)data, size};
    struct tag_message message;
    struct pending_slot slot;
    uint64_t at_us;
    if (tag_message_parse(text, &message)) {
        ASSERT(message.sender.len == TAG_SENDER_LEN);
        check_list(message.hard);
        check_list(message.soft);
    }
    struct span name = span_cut(&text, '\n');
    if (tag_field_parse(name, text, &slot, &at_us))
        ASSERT(slot.slot <= TAG_SLOTS);
    return 0;
}
