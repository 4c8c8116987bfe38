#include "cache/tag_wire.h"

#include <stdio.h>

#include "base/text.h"

/* string.format, because Lua would write a number of 16 digits as 1.8e+15. */
#define NOW                                                                                        \
    "local time = redis.call('TIME')\n"                                                            \
    "local now = string.format('%.0f', time[1] * 1000000 + time[2])\n"

/* Another run_id is another server, or one that has restarted: its copy of the hash may lack the last
 * stamps of the one before. Who may not ask for it (ACL) does without. */
const struct span tag_script_open = SPAN_INIT(
    NOW "local info = redis.pcall('INFO', 'server')\n"
        "local run = type(info) == 'string' and string.match(info, 'run_id:(%w+)') or 'unknown'\n"
        "local known = redis.call('HMGET', KEYS[1], 'run', 'since')\n"
        "local since = tonumber(known[2] or '')\n"
        "if known[1] == run and since and since <= tonumber(now) then return {now, known[2]} end\n"
        "redis.call('HSET', KEYS[1], 'run', run, 'since', now)\n"
        "return {now, now}\n");

const struct span tag_script_tell =
    SPAN_INIT(NOW "local failure\n"
                  "for i, kind in ipairs({'h:', 's:'}) do\n"
                  "  for slot in string.gmatch(ARGV[i + 1], '%d+') do\n"
                  "    local reply = redis.pcall('HSET', KEYS[1], kind .. slot, now)\n"
                  "    if type(reply) == 'table' and reply.err then failure = reply end\n"
                  "  end\n"
                  "end\n"
                  "redis.call('PUBLISH', KEYS[1],\n"
                  "  '1 ' .. ARGV[1] .. ' ' .. now .. ' ' .. ARGV[2] .. ' ' .. ARGV[3])\n"
                  "return failure or now\n");

struct span tag_list_write(const struct pending_slot *slots, size_t count, bool is_soft,
                           char text[TAG_LIST_SIZE])
{
    size_t len = 0;
    ASSERT(count <= TAG_BATCH);
    for (size_t i = 0; i < count; i++) {
        if (slots[i].is_soft == is_soft)
            len += (size_t)snprintf(text + len, TAG_LIST_SIZE - len, "%s%u", len > 0 ? "," : "",
                                    (unsigned)slots[i].slot);
    }
    ASSERT(len < TAG_LIST_SIZE);
    return len > 0 ? (struct span){text, len} : SPAN("-");
}

static bool parse_slot(struct span text, uint32_t *slot)
{
    uint64_t number;
    if (!span_to_u64(text, &number) || number > TAG_SLOTS)
        return false;
    *slot = (uint32_t)number;
    return true;
}

static bool is_list(struct span text)
{
    uint32_t slot;
    if (span_equal(text, SPAN("-")))
        return true;
    if (text.len == 0 || text.at[text.len - 1] == ',')
        return false;
    while (text.len > 0) {
        if (!parse_slot(span_cut(&text, ','), &slot))
            return false;
    }
    return true;
}

bool tag_message_parse(struct span text, struct tag_message *message)
{
    struct span version = span_cut(&text, ' ');
    message->sender = span_cut(&text, ' ');
    struct span at_us = span_cut(&text, ' ');
    message->hard = span_cut(&text, ' ');
    message->soft = text;
    return span_equal(version, SPAN("1")) && message->sender.len == TAG_SENDER_LEN &&
           span_to_u64(at_us, &message->at_us) && is_list(message->hard) && is_list(message->soft);
}

bool tag_list_next(struct span *list, uint32_t *slot)
{
    return list->len > 0 && parse_slot(span_cut(list, ','), slot);
}

bool tag_field_parse(struct span name, struct span value, struct pending_slot *slot,
                     uint64_t *at_us)
{
    slot->is_soft = span_starts_with(name, SPAN("s:"));
    if (!slot->is_soft && !span_starts_with(name, SPAN("h:")))
        return false;
    return parse_slot(span_skip(name, 2), &slot->slot) && span_to_u64(value, at_us);
}
