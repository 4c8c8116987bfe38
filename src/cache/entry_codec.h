/* entry_codec.h - a stored response as bytes for Redis, and back.
 *
 * A block is a mark with the version, a CRC-32 of all that follows, the facts as numbers of fixed size,
 * and then key, fields and body; numbers are little-endian. A body of 1 KiB to 256 KiB that has no
 * coding yet is deflated where that saves an eighth (beyond, it would hold the loop up for too long).
 *
 * Blocks come from outside. Every length, number and field is looked at, and the key compared whole:
 * what does not fit to the last byte is no entry. Pure; any thread.
 */
#ifndef CACHE_ENTRY_CODEC_H
#define CACHE_ENTRY_CODEC_H

#include "cache/cache_entry.h"

/* The block, freed by the caller; NULL for what does not travel: secrets, or fields without end. */
char *entry_encode(const struct cache_entry *entry, size_t *len);

/* An entry with one reference, or NULL: the block is damaged, of another version, of another key, its
 * body is longer than object_bytes, or it is more than an hour ahead of our clock. */
struct cache_entry *entry_decode(struct span block, struct span key, size_t object_bytes,
                                 uint64_t now_wall_ms);

#endif
