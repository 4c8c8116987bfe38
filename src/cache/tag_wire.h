/* tag_wire.h - how instances write to each other of stamps: scripts, messages, fields of the hash.
 *
 * What comes back from Redis is from outside: what does not fit is refused as a whole. Pure.
 *
 *     message   "1 <sender> <microseconds> <hard slots> <soft slots>"; slots "3,17", or "-" for none
 *     field     "h:<slot>" or "s:<slot>", microseconds
 */
#ifndef CACHE_TAG_WIRE_H
#define CACHE_TAG_WIRE_H

#include "cache/pending_slots.h"

enum { TAG_SENDER_LEN = 16, TAG_BATCH = 1024, TAG_LIST_SIZE = TAG_BATCH * 6 + 2 };

/* KEYS[1] is the hash and the channel. Begins to read: who serves now, and since when the hash knows
 * of writes. Gives two texts: the server's time, and that. */
extern const struct span tag_script_open;

/* ARGV: the sender, hard slots, soft slots, as in a message. Writes and publishes them; gives the
 * server's time. It publishes also what it may not write (out of memory), and then fails. */
extern const struct span tag_script_tell;

/* The slots of one kind as text. count is at most TAG_BATCH. */
struct span tag_list_write(const struct pending_slot *slots, size_t count, bool is_soft,
                           char text[TAG_LIST_SIZE]);

struct tag_message {
    struct span sender; /* TAG_SENDER_LEN bytes */
    uint64_t at_us;
    struct span hard, soft; /* for tag_list_next */
};

bool tag_message_parse(struct span text, struct tag_message *message);

/* The next slot of a list of a parsed message; false at the end. */
bool tag_list_next(struct span *list, uint32_t *slot);

/* False for other fields, too: the hash has some of its own. */
bool tag_field_parse(struct span name, struct span value, struct pending_slot *slot,
                     uint64_t *at_us);

#endif
