/* cache_tags.h - the tags of one exchange, as slots: what its answer reads, what it writes.
 *
 * The templates of the catalogue (route_catalogue.h) with this request's values; beside them
 * "op:<name>" and "url:<path?query>", by which an operator purges. */
#ifndef GATEWAY_CACHE_TAGS_H
#define GATEWAY_CACHE_TAGS_H

#include "cache/tags.h"
#include "gateway/exchange.h"

/* The slot of a name that begins with prefix; a name that is too long counts as one with those that
 * begin alike. */
uint16_t cache_tags_slot(struct span prefix, struct span text);

/* Of the answer to this request; at most CACHE_TAGS_MAX. */
size_t cache_tags_of_answer(const struct exchange *exchange, uint16_t slots[CACHE_TAGS_MAX]);

/* Stamps what this request has written, or may have: the operation's tags and, as RFC 9111 §4.4 has
 * it, the target's URI and those of Location and Content-Location on this host. Tells other instances.
 * No-op for what writes nothing. Stage store, in any condition. */
void cache_tags_write(struct exchange *exchange);

#endif
