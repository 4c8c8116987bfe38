#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_SIZE = 4096 - 32, ALIGNMENT = 16 }; /* with malloc's own words still one page */

struct arena_block {
    _Alignas(ALIGNMENT) struct arena_block *next;
};

void arena_init(struct arena *arena, size_t limit)
{
    *arena = (struct arena){.limit = limit};
}

static void add_block(struct arena *arena, size_t size)
{
    size_t whole = sizeof(struct arena_block) + size;
    if (whole < BLOCK_SIZE)
        whole = BLOCK_SIZE;
    ASSERT(arena->used + whole <= arena->limit);
    struct arena_block *block = xmalloc(whole);
    block->next = arena->blocks;
    arena->blocks = block;
    arena->used += whole;
    arena->at = (char *)(block + 1);
    arena->end = (char *)block + whole;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    ASSERT(size <= arena->limit);
    size = (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    if ((size_t)(arena->end - arena->at) < size || !arena->at)
        add_block(arena, size);
    void *memory = arena->at;
    arena->at += size;
    return memory;
}

void *arena_zalloc(struct arena *arena, size_t size)
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
    for (size_t i = 0; i < count; i++)
        len += parts[i].len;
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
        free(block);
    }
    arena_init(arena, arena->limit);
}
