/* entry_heap.h - the memory of cache entries: one heap for all threads.
 *
 * Entries are made by any worker and freed by any other, at other times. malloc gives each thread an
 * arena of its own, and each keeps what it once had: sixteen workers that fill 64 MiB in turn hold
 * several times that. Here all share the same chunks, and what is free is free for everybody; whole
 * chunks that are free go back. Blocks are found by size in constant time (Masmano et al., "TLSF",
 * 2004); larger ones are mapped singly.
 *
 * Any thread; the lock is held for some tens of instructions, never over a system call. Blocks may
 * outlive the cache: the heap is the process's.
 */
#ifndef CACHE_ENTRY_HEAP_H
#define CACHE_ENTRY_HEAP_H

#include "base/base.h"

enum { ENTRY_HEAP_CHUNK = 2 * MIB, ENTRY_HEAP_LARGE = 256 * KIB };

/* Aligned for pointers and 64-bit numbers; not zeroed. *taken: what it takes of the heap in all. Out
 * of memory ends the process, as with xmalloc. */
void *entry_heap_alloc(size_t size, size_t *taken) __attribute__((returns_nonnull));
void entry_heap_free(void *at, size_t taken);

struct entry_heap_counts {
    size_t used; /* bytes that blocks take */
    size_t held; /* bytes of memory for them */
};
struct entry_heap_counts entry_heap_read_counts(void);

#endif
