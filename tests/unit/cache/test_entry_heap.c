#include "cache/entry_heap.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { BLOCKS = 1000, END = 64, ROUNDS = 50000, THREADS = 4, THREAD_ROUNDS = 5000 };

struct held {
    unsigned char *at;
    size_t len, taken;
    unsigned char mark;
};

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(2685821657736338717);
}

static void hold(struct held *held, size_t len, unsigned char mark)
{
    *held = (struct held){.len = len, .mark = mark};
    held->at = entry_heap_alloc(len, &held->taken);
    assert_true(held->taken >= len);
    assert_true((uintptr_t)held->at % _Alignof(uint64_t) == 0);
    memset(held->at, mark, len);
}

/* Bytes are what was written, all at the ends and some between, so no two blocks overlap. */
static void give_up(struct held *held)
{
    size_t others = 0;
    for (size_t i = 0; i < held->len; i += i < END || i + END >= held->len ? 1 : END - 1)
        others += held->at[i] != held->mark;
    assert_true(others == 0);
    entry_heap_free(held->at, held->taken);
    held->at = NULL;
}

/* Few blocks of half a chunk and more, many small ones: sizes are even over the powers of two. */
static size_t some_len(uint64_t *state)
{
    return (size_t)(next_random(state) >> (44 + next_random(state) % 20));
}

static void blocks_do_not_overlap_and_are_counted(void **state)
{
    (void)state;
    static struct held blocks[BLOCKS];
    uint64_t random = 42;
    size_t used = 0;
    for (int i = 0; i < ROUNDS; i++) {
        struct held *held = &blocks[next_random(&random) % BLOCKS];
        if (held->at) {
            used -= held->taken;
            give_up(held);
        } else {
            hold(held, some_len(&random), (unsigned char)i);
            used += held->taken;
        }
        struct entry_heap_counts counts = entry_heap_read_counts();
        assert_true(counts.used == used);
        assert_true(counts.held >= used);
    }
    for (size_t i = 0; i < BLOCKS; i++) {
        if (blocks[i].at)
            give_up(&blocks[i]);
    }
    assert_true(entry_heap_read_counts().used == 0);
}

static void all_but_one_chunk_goes_back(void **state)
{
    (void)state;
    static struct held blocks[BLOCKS];
    for (size_t i = 0; i < BLOCKS; i++)
        hold(&blocks[i], (size_t)16 * KIB, (unsigned char)i);
    assert_true(entry_heap_read_counts().held >= (size_t)BLOCKS * 16 * KIB);
    for (size_t i = 0; i < BLOCKS; i += 2)
        give_up(&blocks[i]);
    for (size_t i = 1; i < BLOCKS; i += 2)
        give_up(&blocks[i]);
    assert_true(entry_heap_read_counts().held == ENTRY_HEAP_CHUNK);
}

static void what_one_size_leaves_is_used_by_another(void **state)
{
    (void)state;
    static struct held small[BLOCKS], large[BLOCKS / 16];
    for (size_t i = 0; i < BLOCKS; i++)
        hold(&small[i], 4000, 1);
    size_t before = entry_heap_read_counts().held;
    for (size_t i = 0; i < BLOCKS; i++)
        give_up(&small[i]);
    for (size_t i = 0; i < BLOCKS / 16; i++)
        hold(&large[i], (size_t)16 * 4000, 2);
    assert_true(entry_heap_read_counts().held <= before + ENTRY_HEAP_CHUNK);
    for (size_t i = 0; i < BLOCKS / 16; i++)
        give_up(&large[i]);
}

static void a_block_takes_little_more_than_its_bytes(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 16, 24, 25, 1000, 65536, ENTRY_HEAP_LARGE - 8};
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        struct held held;
        hold(&held, sizes[i], 3);
        assert_true(held.taken <= sizes[i] + 48);
        give_up(&held);
    }
}

static void large_blocks_are_mapped_and_unmapped_singly(void **state)
{
    (void)state;
    struct held held[3];
    size_t before = entry_heap_read_counts().held;
    hold(&held[0], ENTRY_HEAP_LARGE - 7, 1);
    hold(&held[1], MIB, 2);
    hold(&held[2], (size_t)3 * ENTRY_HEAP_CHUNK, 3);
    assert_true(entry_heap_read_counts().held ==
                before + held[0].taken + held[1].taken + held[2].taken);
    for (size_t i = 0; i < COUNT_OF(held); i++)
        give_up(&held[i]);
    assert_true(entry_heap_read_counts().held == before);
}

/* Each thread frees what the one before it has made. */
static struct {
    pthread_mutex_t lock;
    struct held held[BLOCKS];
} shared = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void *make_and_free(void *arg)
{
    uint64_t random = *(const uint64_t *)arg;
    for (int i = 0; i < THREAD_ROUNDS; i++) {
        struct held mine, *place = &shared.held[next_random(&random) % BLOCKS];
        hold(&mine, some_len(&random) / 16, (unsigned char)i);
        pthread_mutex_lock(&shared.lock);
        struct held theirs = *place;
        *place = mine;
        pthread_mutex_unlock(&shared.lock);
        if (theirs.at)
            give_up(&theirs);
    }
    return NULL;
}

static void threads_free_what_others_made(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    uint64_t seeds[THREADS];
    for (size_t i = 0; i < THREADS; i++) {
        seeds[i] = i + 1;
        assert_int_equal(pthread_create(&threads[i], NULL, make_and_free, &seeds[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    for (size_t i = 0; i < BLOCKS; i++) {
        if (shared.held[i].at)
            give_up(&shared.held[i]);
    }
    assert_true(entry_heap_read_counts().used == 0);
    assert_true(entry_heap_read_counts().held == ENTRY_HEAP_CHUNK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_do_not_overlap_and_are_counted),
        cmocka_unit_test(all_but_one_chunk_goes_back),
        cmocka_unit_test(what_one_size_leaves_is_used_by_another),
        cmocka_unit_test(a_block_takes_little_more_than_its_bytes),
        cmocka_unit_test(large_blocks_are_mapped_and_unmapped_singly),
        cmocka_unit_test(threads_free_what_others_made),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
