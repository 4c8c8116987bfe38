#include "base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"

enum { LIMIT = 64 * KIB };

static void arena_at_rest_owns_no_memory(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, LIMIT);
    assert_null(arena.blocks);
    assert_int_equal(arena.used, 0);
    arena_clear(&arena);
}

static void allocations_are_aligned_for_any_type(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, LIMIT);
    for (size_t size = 0; size < 100; size++)
        assert_int_equal((uintptr_t)arena_alloc(&arena, size) % _Alignof(max_align_t), 0);
    arena_clear(&arena);
}

static void allocations_do_not_overlap(void **state)
{
    (void)state;
    struct arena arena;
    unsigned char *parts[200];
    arena_init(&arena, LIMIT);
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        parts[i] = arena_alloc(&arena, i + 1);
        memset(parts[i], (int)i, i + 1);
    }
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        for (size_t k = 0; k <= i; k++)
            assert_int_equal(parts[i][k], i);
    }
    arena_clear(&arena);
}

static void an_allocation_may_be_larger_than_a_block(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, LIMIT);
    memset(arena_alloc(&arena, 40000), 'x', 40000);
    memset(arena_alloc(&arena, 100), 'y', 100);
    assert_true(arena.used <= LIMIT);
    arena_clear(&arena);
}

static void an_arena_may_be_filled_to_its_limit(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, LIMIT);
    size_t size = LIMIT - 16;
    memset(arena_alloc(&arena, size), 'x', size);
    assert_int_equal(arena.used, LIMIT);
    arena_clear(&arena);
}

static void zalloc_zeroes_memory_used_before(void **state)
{
    (void)state;
    const char zeros[4000] = {0};
    struct arena arena;
    arena_init(&arena, LIMIT);
    for (int round = 0; round < 4; round++) {
        memset(arena_alloc(&arena, 4000), 'x', 4000);
        arena_clear(&arena);
        assert_memory_equal(arena_zalloc(&arena, 4000), zeros, 4000);
        arena_clear(&arena);
    }
}

static void a_copy_does_not_follow_its_original(void **state)
{
    (void)state;
    struct arena arena;
    char original[] = "before";
    arena_init(&arena, LIMIT);
    struct span copy = arena_copy(&arena, span_of(original));
    original[0] = 'X';
    assert_true(span_equal(copy, SPAN("before")));
    arena_clear(&arena);
}

static void copying_nothing_takes_no_memory(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, LIMIT);
    struct span copy = arena_copy(&arena, (struct span){NULL, 0});
    assert_int_equal(copy.len, 0);
    assert_non_null(copy.at);
    assert_null(arena.blocks);
    arena_clear(&arena);
}

static void formatted_text_has_any_length(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, LIMIT);
    assert_true(span_equal(arena_format(&arena, "%s=%d", "answer", 42), SPAN("answer=42")));
    assert_int_equal(arena_format(&arena, "%s", "").len, 0);
    assert_int_equal(arena_format(&arena, "%*d", 10000, 7).len, 10000);
    arena_clear(&arena);
}

static void parts_are_joined_in_order(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, LIMIT);
    const struct span none = {NULL, 0};
    struct span joined = ARENA_JOIN(&arena, SPAN("a"), none, SPAN("bc"), SPAN(""), SPAN("d"));
    assert_true(span_equal(joined, SPAN("abcd")));
    assert_int_equal(ARENA_JOIN(&arena, none).len, 0);
    arena_clear(&arena);
}

/* Two at most are needed at once, however often. */
static void a_pool_gives_again_what_it_got(void **state)
{
    (void)state;
    struct arena_pool pool = {0};
    struct arena arena;
    arena_init_pooled(&arena, LIMIT, &pool);
    for (int round = 0; round < 10; round++) {
        memset(arena_alloc(&arena, 100), round, 100);
        memset(arena_alloc(&arena, 8000), round, 8000);
        arena_clear(&arena);
        assert_true(pool.count <= 2);
    }
    arena_pool_clear(&pool);
    assert_null(pool.blocks);
    assert_int_equal(pool.count, 0);
}

/* What one long exchange needed must not stay for ever. */
static void a_pool_keeps_a_bounded_number_of_blocks(void **state)
{
    (void)state;
    struct arena_pool pool = {0};
    struct arena arena;
    arena_init_pooled(&arena, 100 * LIMIT, &pool);
    for (int i = 0; i < 100; i++)
        (void)arena_alloc(&arena, 8000);
    (void)arena_alloc(&arena, LIMIT);
    arena_clear(&arena);
    assert_true(pool.count <= 64);
    arena_pool_clear(&pool);
}

static void a_cleared_arena_may_be_used_again(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, LIMIT);
    for (int round = 0; round < 10; round++) {
        (void)arena_alloc(&arena, 30000);
        (void)arena_alloc(&arena, 30000);
        arena_clear(&arena);
        assert_int_equal(arena.used, 0);
        assert_int_equal(arena.limit, LIMIT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arena_at_rest_owns_no_memory),
        cmocka_unit_test(allocations_are_aligned_for_any_type),
        cmocka_unit_test(allocations_do_not_overlap),
        cmocka_unit_test(an_allocation_may_be_larger_than_a_block),
        cmocka_unit_test(an_arena_may_be_filled_to_its_limit),
        cmocka_unit_test(zalloc_zeroes_memory_used_before),
        cmocka_unit_test(a_copy_does_not_follow_its_original),
        cmocka_unit_test(copying_nothing_takes_no_memory),
        cmocka_unit_test(formatted_text_has_any_length),
        cmocka_unit_test(parts_are_joined_in_order),
        cmocka_unit_test(a_pool_gives_again_what_it_got),
        cmocka_unit_test(a_pool_keeps_a_bounded_number_of_blocks),
        cmocka_unit_test(a_cleared_arena_may_be_used_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
