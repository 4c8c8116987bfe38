#include "cache/entry_heap.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* AddressSanitizer is told what is nobody's, as malloc would. */
#if __has_include(<sanitizer/asan_interface.h>)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(at, len)   ((void)(at), (void)(len))
#define ASAN_UNPOISON_MEMORY_REGION(at, len) ((void)(at), (void)(len))
#endif

/* A chunk is a row of blocks without gaps; two free ones are never neighbours. Sizes are in units and
 * count the header. */
enum {
    UNIT = 16,
    CHUNK_UNITS = ENTRY_HEAP_CHUNK / UNIT,
    SMALLEST = 2, /* units: a free block with its links */
    STEP_BITS = 4,
    STEPS = 1 << STEP_BITS, /* classes of size for each power of two */
    POWERS = 15,            /* up to CHUNK_UNITS, the first for all below STEPS */
};

#define IS_FREE UINT32_C(0x80000000)

struct block {
    uint32_t units;        /* perhaps with IS_FREE */
    uint32_t units_before; /* of the block before; 0: it is the first of its chunk */
};

struct free_block {
    struct block block;
    struct free_block *next, *prev;
};

struct size_class {
    unsigned power, step;
};

static struct {
    pthread_mutex_t lock; /* what follows */
    uint32_t powers;      /* bits: which have free blocks */
    uint32_t steps[POWERS];
    struct free_block *first[POWERS][STEPS];
    size_t whole_chunks; /* free ones, among the free blocks */
    struct entry_heap_counts counts;
} heap = {.lock = PTHREAD_MUTEX_INITIALIZER};

static uint32_t units_of(const struct block *block)
{
    return block->units & ~IS_FREE;
}

static bool is_free(const struct block *block)
{
    return (block->units & IS_FREE) != 0;
}

static struct block *block_at(struct block *block, ptrdiff_t units)
{
    return (struct block *)(void *)((char *)block + units * UNIT);
}

/* Chunks begin at multiples of their size, so that the end of one can be seen. */
static struct block *block_after(struct block *block)
{
    struct block *after = block_at(block, units_of(block));
    return (uintptr_t)after % ENTRY_HEAP_CHUNK ? after : NULL;
}

static struct block *block_before(struct block *block)
{
    return block->units_before ? block_at(block, -(ptrdiff_t)block->units_before) : NULL;
}

/* The class that a block of this size is in. */
static struct size_class class_of(uint32_t units)
{
    if (units < STEPS)
        return (struct size_class){0, units};
    unsigned top = 31 - (unsigned)__builtin_clz(units);
    return (struct size_class){top - STEP_BITS + 1, (units >> (top - STEP_BITS)) & (STEPS - 1)};
}

/* The lowest class of which every block is large enough. */
static struct size_class class_for(uint32_t units)
{
    if (units < STEPS)
        return class_of(units);
    unsigned top = 31 - (unsigned)__builtin_clz(units);
    return class_of(units + (UINT32_C(1) << (top - STEP_BITS)) - 1);
}

static void list_free(struct block *block, uint32_t units)
{
    struct free_block *freed = (struct free_block *)block;
    struct size_class class = class_of(units);
    struct free_block **first = &heap.first[class.power][class.step];
    ASAN_UNPOISON_MEMORY_REGION(freed, sizeof(*freed));
    *freed = (struct free_block){{units | IS_FREE, block->units_before}, *first, NULL};
    if (*first)
        (*first)->prev = freed;
    *first = freed;
    heap.powers |= UINT32_C(1) << class.power;
    heap.steps[class.power] |= UINT32_C(1) << class.step;
    heap.whole_chunks += units == CHUNK_UNITS;
    struct block *after = block_after(block);
    if (after)
        after->units_before = units;
    ASAN_POISON_MEMORY_REGION(freed + 1, units * UNIT - sizeof(*freed));
}

static void unlist_free(struct block *block)
{
    struct free_block *freed = (struct free_block *)block;
    struct size_class class = class_of(units_of(block));
    struct free_block **first = &heap.first[class.power][class.step];
    *(freed->prev ? &freed->prev->next : first) = freed->next;
    if (freed->next)
        freed->next->prev = freed->prev;
    if (!*first)
        heap.steps[class.power] &= ~(UINT32_C(1) << class.step);
    if (heap.steps[class.power] == 0)
        heap.powers &= ~(UINT32_C(1) << class.power);
    heap.whole_chunks -= units_of(block) == CHUNK_UNITS;
}

/* A free block of at least so many units, or NULL. */
static struct block *find_free(uint32_t units)
{
    struct size_class class = class_for(units);
    uint32_t steps = heap.steps[class.power] & ~UINT32_C(0) << class.step;
    if (steps == 0) {
        uint32_t powers = heap.powers & ~UINT32_C(0) << (class.power + 1);
        if (powers == 0)
            return NULL;
        class.power = (unsigned)__builtin_ctz(powers);
        steps = heap.steps[class.power];
    }
    return &heap.first[class.power][__builtin_ctz(steps)]->block;
}

/* Under the lock. NULL: a chunk is needed. */
static struct block *take(uint32_t units)
{
    struct block *block = find_free(units);
    if (!block)
        return NULL;
    unlist_free(block);
    uint32_t rest = units_of(block) - units;
    block->units = rest < SMALLEST ? units + rest : units;
    if (rest >= SMALLEST) {
        struct block *behind = block_at(block, units);
        ASAN_UNPOISON_MEMORY_REGION(behind, sizeof(*behind));
        behind->units_before = units;
        list_free(behind, rest);
    }
    heap.counts.used += (size_t)block->units * UNIT;
    return block;
}

/* Under the lock. The chunk of the block if it is free now and there is another, for the caller to
 * unmap; else NULL. */
static void *give_back(struct block *block)
{
    uint32_t units = block->units;
    heap.counts.used -= (size_t)units * UNIT;
    struct block *before = block_before(block), *after = block_after(block);
    if (after && is_free(after)) {
        unlist_free(after);
        units += units_of(after);
    }
    if (before && is_free(before)) {
        unlist_free(before);
        units += units_of(before);
        block = before;
    }
    if (units == CHUNK_UNITS && heap.whole_chunks > 0) {
        heap.counts.held -= ENTRY_HEAP_CHUNK;
        return block;
    }
    block->units = units;
    list_free(block, units);
    return NULL;
}

static void *map(size_t len)
{
    void *at = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) {
        fprintf(stderr, "out of memory\n");
        abort();
    }
    return at;
}

static void unmap(void *at, size_t len)
{
    ASAN_UNPOISON_MEMORY_REGION(at, len);
    ASSERT(len == 0 || munmap(at, len) == 0);
}

/* Twice as much is mapped, and what lies outside of a multiple of the size goes back. So does all of it
 * if another thread, wanting one at the same time, has left a whole one. */
static void add_chunk(void)
{
    char *at = map((size_t)2 * ENTRY_HEAP_CHUNK);
    size_t lead = (ENTRY_HEAP_CHUNK - (uintptr_t)at % ENTRY_HEAP_CHUNK) % ENTRY_HEAP_CHUNK;
    unmap(at, lead);
    unmap(at + lead + ENTRY_HEAP_CHUNK, ENTRY_HEAP_CHUNK - lead);
    struct block *block = (struct block *)(void *)(at + lead);
    *block = (struct block){.units = CHUNK_UNITS};
    pthread_mutex_lock(&heap.lock);
    bool is_needed = heap.whole_chunks == 0;
    if (is_needed) {
        heap.counts.held += ENTRY_HEAP_CHUNK;
        list_free(block, CHUNK_UNITS);
    }
    pthread_mutex_unlock(&heap.lock);
    if (!is_needed)
        unmap(block, ENTRY_HEAP_CHUNK);
}

static void count_mapped(size_t len, bool is_new)
{
    pthread_mutex_lock(&heap.lock);
    heap.counts.used += is_new ? len : -len;
    heap.counts.held += is_new ? len : -len;
    pthread_mutex_unlock(&heap.lock);
}

static void *alloc_large(size_t size, size_t *taken)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    *taken = (size + page - 1) / page * page;
    count_mapped(*taken, true);
    return map(*taken);
}

void *entry_heap_alloc(size_t size, size_t *taken)
{
    size_t needed = size + sizeof(struct block);
    if (needed > ENTRY_HEAP_LARGE)
        return alloc_large(needed, taken);
    uint32_t units = (uint32_t)((needed + UNIT - 1) / UNIT);
    if (units < SMALLEST)
        units = SMALLEST;
    struct block *block = NULL;
    while (!block) {
        pthread_mutex_lock(&heap.lock);
        block = take(units);
        pthread_mutex_unlock(&heap.lock);
        if (!block)
            add_chunk();
    }
    *taken = (size_t)block->units * UNIT;
    ASAN_UNPOISON_MEMORY_REGION(block + 1, size);
    return block + 1;
}

/* A block of a chunk may have a unit more than it needs; those that are mapped have more still. */
void entry_heap_free(void *at, size_t taken)
{
    if (taken > ENTRY_HEAP_LARGE + UNIT) {
        unmap(at, taken);
        count_mapped(taken, false);
        return;
    }
    pthread_mutex_lock(&heap.lock);
    void *chunk = give_back((struct block *)at - 1);
    pthread_mutex_unlock(&heap.lock);
    if (chunk)
        unmap(chunk, ENTRY_HEAP_CHUNK);
}

struct entry_heap_counts entry_heap_read_counts(void)
{
    pthread_mutex_lock(&heap.lock);
    struct entry_heap_counts counts = heap.counts;
    pthread_mutex_unlock(&heap.lock);
    return counts;
}
