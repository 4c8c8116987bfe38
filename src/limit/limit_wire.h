/* limit_wire.h - limits that several gateways share: the scripts in Redis, what they are given and what they
 * answer. Pure.
 *
 * The arithmetic is that of gcra.h, by the server's clock. In Redis' Lua numbers are doubles: microseconds
 * since 1970 are whole in them until the year 2255, and are written with '%.0f' alone.
 */
#ifndef LIMIT_LIMIT_WIRE_H
#define LIMIT_LIMIT_WIRE_H

#include "limit/limit_table.h"
#include "store/redis_reply.h"

/* What a partition is about, and its name in Redis: the same in every gateway, and nothing of the caller's
 * but a digest. */
struct limit_partition {
    struct span policy; /* at most LIMIT_POLICY_LEN */
    struct span text;   /* of the policy and the partition, so that different ones differ */
};
enum { LIMIT_POLICY_LEN = 64, LIMIT_NAME_SIZE = 128 };
struct span limit_name_write(const struct limit_partition *partition, char name[LIMIT_NAME_SIZE]);

/* KEYS: a partition each. ARGV, five for each: interval_us, burst, cost, 1 for a shadow, and how many more
 * to debit at most. Gives two for each: how far ahead of now its arrival time was,
 * in microseconds, and how many more were debited. */
extern const struct span limit_script_take;

/* The same KEYS; ARGV, two for each: interval_us and burst. Answers as limit_script_take does, and writes
 * nothing. */
extern const struct span limit_script_look;

/* The same KEYS; ARGV, one for each: gcra_refund_us. Undoes it as far as that. */
extern const struct span limit_script_give_back;

/* KEYS: the set of instances. ARGV: this one. Gives how many there are. */
extern const struct span limit_script_beat;

/* The answer of limit_script_take: sets the claims' answers, and granted for each. False when it does not
 * fit: then nothing is set. */
bool limit_reply_read(const struct redis_reply *reply, struct limit_claim *claims, size_t count,
                      uint64_t granted[LIMIT_CLAIMS_MAX]);

#endif
