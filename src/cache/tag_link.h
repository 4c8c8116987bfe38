/* tag_link.h - one process's tags and those of the other instances, through Redis.
 *
 * A hash `bpgate:tags` holds the time of each slot that was ever stamped ("h:<slot>", "s:<slot>"; slot
 * 65536: everything), a channel `bpgate:tags` tells of each stamp as it happens. A stamp is one script
 * call (the server's TIME, HSET, PUBLISH) for all that was stamped in a turn of the loop. At start and
 * after each reconnect the whole hash is read, after subscribing, and what was stamped here in the
 * meantime is written. A message counts from when it was stamped or when it arrived, whichever is
 * later; a time far ahead of the clock counts as now.
 *
 * The hash knows of writes since its field "since": since it was made, or since another server has
 * taken over, which may have lost the last ones. What began before that counts as written.
 *
 * The server's clock is the shared one of tags.h: it is asked at each connect and with each script
 * call, and there is one at least every half minute. Such a call is heard back, or hearing is begun
 * anew: a subscription that is deaf would otherwise look like quiet times.
 *
 * One per process: lives on one loop; what says "any thread" may be called from others.
 */
#ifndef CACHE_TAG_LINK_H
#define CACHE_TAG_LINK_H

#include "cache/tags.h"
#include "net/loop.h"
#include "store/redis_target.h"

struct tag_link;

struct tag_link_options {
    struct loop *loop;           /* borrowed */
    struct tags *tags;           /* borrowed */
    struct redis_target *target; /* borrowed; outlives it: both connections go there */
};

struct tag_link *tag_link_create(const struct tag_link_options *options);

/* On the loop's thread, when no other tells it anything any more. NULL is allowed. */
void tag_link_destroy(struct tag_link *link);

/* Whether writes elsewhere are heard of now: subscribed, and the table has been read. Any thread. */
bool tag_link_hears(const struct tag_link *link);

/* Tells the others of a stamp that was made here. Any thread; never waits; what cannot be told now is
 * told after the reconnect. */
void tag_link_tell(struct tag_link *link, const uint16_t *slots, size_t count, bool is_soft);
void tag_link_tell_all(struct tag_link *link, bool is_soft);

#endif
