#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* With malloc's own words still two pages, which hold nearly any exchange. */
enum { BLOCK_SIZE = 8192 - 32, ALIGNMENT = 16 };

/* A sanitizer must see each use of memory that was given back. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
enum { POOLED_BLOCKS = 0 };
#else
enum { POOLED_BLOCKS = 64 };
#endif

struct arena_block {
    _Alignas(ALIGNMENT) struct arena_block *next;
    size_t size;
};

void arena_init(struct arena *arena, size_t limit)
{
    *arena = (struct arena){.limit = limit};
}

void arena_init_pooled(struct arena *arena, size_t limit, struct arena_pool *pool)
{
    *arena = (struct arena){.pool = pool, .limit = limit};
}

static struct arena_block *take_block(struct arena_pool *pool, size_t size)
{
    struct arena_block *block = pool && size == BLOCK_SIZE ? pool->blocks : NULL;
    if (!block) {
        block = xmalloc(size);
        block->size = size;
        return block;
    }
    pool->blocks = block->next;
    pool->count--;
    return block;
}

static void give_block(struct arena_pool *pool, struct arena_block *block)
{
    if (!pool || block->size != BLOCK_SIZE || pool->count == POOLED_BLOCKS) {
        free(block);
        return;
    }
    block->next = pool->blocks;
    pool->blocks = block;
    pool->count++;
}

static void add_block(struct arena *arena, size_t size)
{
    size_t whole = sizeof(struct arena_block) + size;
    if (whole < BLOCK_SIZE && BLOCK_SIZE <= arena->limit - arena->used)
        whole = BLOCK_SIZE;
    ASSERT(arena->used + whole <= arena->limit);
    struct arena_block *block = take_block(arena->pool, whole);
    block->next = arena->blocks;
    arena->blocks = block;
    arena->used += whole;
    arena->at = (char *)(block + 1);
    arena->end = (char *)block + whole;
}

static size_t aligned(size_t size)
{
    return (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
}

__attribute__((noinline)) static void *alloc_anew(struct arena *arena, size_t size)
{
    ASSERT(size <= arena->limit);
    size = aligned(size);
    if (size > 0 || !arena->at)
        add_block(arena, size);
    void *memory = arena->at;
    arena->at += size;
    return memory;
}

/* What is left of a block is a multiple of ALIGNMENT: where a size fits, what it is rounded up to does. */
void *arena_alloc(struct arena *arena, size_t size)
{
    char *memory = arena->at;
    if (size == 0 || size > (size_t)(arena->end - memory))
        return alloc_anew(arena, size);
    arena->at = memory + aligned(size);
    return memory;
}

/* A call of memset's: where the compiler knows the size it writes "rep stos" for these few hundred bytes, which
 * takes longer to begin than memset to end. */
__attribute__((noinline)) void *arena_zalloc(struct arena *arena, size_t size)
{
    return memset(arena_alloc(arena, size), 0, size);
}

struct span arena_copy(struct arena *arena, struct span bytes)
{
    if (bytes.len == 0)
        return (struct span){"", 0};
    char *copy = arena_alloc(arena, bytes.len);
    memcpy(copy, bytes.at, bytes.len);
    return (struct span){copy, bytes.len};
}

struct span arena_join(struct arena *arena, const struct span *parts, size_t count)
{
    size_t len = 0;
    for (size_t i = 0; i < count; i++) {
        len += parts[i].len;
        ASSERT(len >= parts[i].len);
    }
    char *text = arena_alloc(arena, len), *end = text;
    for (size_t i = 0; i < count; i++) {
        if (parts[i].len > 0)
            memcpy(end, parts[i].at, parts[i].len);
        end += parts[i].len;
    }
    return (struct span){text, len};
}

struct span arena_format(struct arena *arena, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    ASSERT(len >= 0);
    char *text = arena_alloc(arena, (size_t)len + 1);
    va_start(args, format);
    (void)vsnprintf(text, (size_t)len + 1, format, args);
    va_end(args);
    return (struct span){text, (size_t)len};
}

void arena_clear(struct arena *arena)
{
    while (arena->blocks) {
        struct arena_block *block = arena->blocks;
        arena->blocks = block->next;
        give_block(arena->pool, block);
    }
    arena_init_pooled(arena, arena->limit, arena->pool);
}

void arena_pool_clear(struct arena_pool *pool)
{
    while (pool->blocks) {
        struct arena_block *block = pool->blocks;
        pool->blocks = block->next;
        free(block);
    }
    pool->count = 0;
}
