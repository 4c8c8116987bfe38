/* arena.h - memory that lives exactly as long as one exchange.
 *
 * Allocation moves a pointer; nothing is freed singly. The first block is taken at the first
 * allocation, so an arena at rest costs nothing. A pool keeps some blocks for the arenas that come
 * next, which are spared the allocator. One thread at a time.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/base.h"

struct arena_block;

struct arena_pool {
    struct arena_block *blocks;
    size_t count;
};

struct arena {
    struct arena_pool *pool;    /* borrowed; NULL: none */
    struct arena_block *blocks; /* newest first */
    char *at, *end;             /* the free part of the newest */
    size_t used, limit;         /* bytes of all blocks, and their bound */
};

/* No memory yet. What is put in must be bounded by its writer: passing limit is a bug and ends the
 * process. */
void arena_init(struct arena *arena, size_t limit);

/* The same with a pool, which starts zeroed and must outlive what was allocated. */
void arena_init_pooled(struct arena *arena, size_t limit, struct arena_pool *pool);
void arena_pool_clear(struct arena_pool *pool);

/* Aligned for any type; not zeroed. */
void *arena_alloc(struct arena *arena, size_t size) __attribute__((malloc, returns_nonnull));
void *arena_zalloc(struct arena *arena, size_t size) __attribute__((malloc, returns_nonnull));

/* A copy that lives as long as the arena. */
struct span arena_copy(struct arena *arena, struct span bytes);

/* The parts one after the other, for what is made on every request: formatting costs ten times as
 * much. */
struct span arena_join(struct arena *arena, const struct span *parts, size_t count);
#define ARENA_JOIN(arena, ...)                                                                     \
    arena_join(arena, (const struct span[]){__VA_ARGS__},                                          \
               COUNT_OF(((const struct span[]){__VA_ARGS__})))

/* A formatted text that lives as long as the arena. */
struct span arena_format(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Frees everything; the arena may be used again. */
void arena_clear(struct arena *arena);

#endif
