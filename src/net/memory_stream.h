/* memory_stream.h - two streams joined back to back, driven by hand. For tests and fuzzers. */
#ifndef NET_MEMORY_STREAM_H
#define NET_MEMORY_STREAM_H

#include "net/loop.h"
#include "net/stream.h"

struct memory_pair;

/* Each end is opened by the first step. The pair must outlive both streams. */
struct memory_pair *memory_pair_create(struct stream **left, struct stream **right);

/* Moves at most max bytes each way and raises the events; false when idle. */
bool memory_pair_step(struct memory_pair *pair, size_t max);

/* From now on the stream fails (on_failed from the next step) and what is written is dropped. */
void memory_pair_break(struct memory_pair *pair, struct stream *end);

void memory_pair_destroy(struct memory_pair *pair);

#endif
