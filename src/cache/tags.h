/* tags.h - when what was last written: the table of write times that makes stored answers old.
 *
 * A tag ("bot:<id>", "op:getBot", "url:/v1/…") is a slot of one fixed table, by its hash: nothing grows,
 * and a collision only makes too much old. An entry keeps when its fetch began and is good while
 * every one of its slots, and the slot of everything, was stamped before that. Stamps are hard (a
 * write: the entry must be validated) or soft (a purge: it is stale, and may still serve when the
 * upstream fails).
 *
 * The shared clock: microseconds since 1970 as all instances agree on them (with Redis its server's
 * time, told by tags_set_offset; else this machine's when the table was created), never running
 * backwards here and never giving the same moment twice. Any thread; relaxed atomics, no lock.
 */
#ifndef CACHE_TAGS_H
#define CACHE_TAGS_H

#include <stdatomic.h>

#include "cache/cache_policy.h"

enum { TAG_SLOTS = 65536 };

struct tags;

struct tags *tags_create(void);
void tags_destroy(struct tags *tags); /* NULL is allowed */

/* The slot of a name; the same in every instance (no seed: a collision costs a miss, no more). */
uint16_t tag_slot(struct span name);

/* Now on the shared clock. */
uint64_t tags_now_us(struct tags *tags);

/* This machine's own: microseconds since 1970 as they were when the table was created, counted on by
 * a clock that nobody sets. And what it must be corrected by to be the shared one. */
uint64_t tags_machine_us(const struct tags *tags);
void tags_set_offset(struct tags *tags, int64_t offset_us);

/* Raises the times of these slots to at_us. */
void tags_stamp(struct tags *tags, const uint16_t *slots, size_t count, uint64_t at_us,
                bool is_soft);
void tags_stamp_all(struct tags *tags, uint64_t at_us, bool is_soft);

/* How an entry or a fetch with these slots stands that began then. A stamp of the same microsecond
 * counts as later. */
enum tag_state tags_state(const struct tags *tags, const uint16_t *slots, size_t count,
                          uint64_t began_us);

/* For telling other instances: the time of one slot; TAG_SLOTS stands for everything. */
uint64_t tags_time(const struct tags *tags, unsigned slot, bool is_soft);

#endif
