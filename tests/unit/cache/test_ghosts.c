#include "cache/ghosts.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { LIFE = 100 };

#define HASH(place, who) ((uint64_t)(who) << 33 | (place))

static void who_was_added_is_known_once(void **state)
{
    (void)state;
    struct ghosts ghosts;
    ghosts_init(&ghosts, 16);
    assert_false(ghosts_take(&ghosts, HASH(1, 7), 0, LIFE));
    ghosts_add(&ghosts, HASH(1, 7), 0);
    assert_false(ghosts_take(&ghosts, HASH(2, 7), 0, LIFE));
    assert_false(ghosts_take(&ghosts, HASH(1, 8), 0, LIFE));
    assert_true(ghosts_take(&ghosts, HASH(1, 7), 0, LIFE));
    assert_false(ghosts_take(&ghosts, HASH(1, 7), 0, LIFE));
    ghosts_clear(&ghosts);
}

static void a_ghost_lives_as_long_as_is_said_even_when_the_count_wraps(void **state)
{
    (void)state;
    static const uint32_t starts[] = {0, 12345, UINT32_MAX - LIFE / 2};
    struct ghosts ghosts;
    ghosts_init(&ghosts, 16);
    for (size_t i = 0; i < COUNT_OF(starts); i++) {
        ghosts_add(&ghosts, HASH(1, 7), starts[i]);
        assert_true(ghosts_take(&ghosts, HASH(1, 7), starts[i] + LIFE - 1, LIFE));
        ghosts_add(&ghosts, HASH(1, 7), starts[i]);
        assert_false(ghosts_take(&ghosts, HASH(1, 7), starts[i] + LIFE, LIFE));
    }
    ghosts_clear(&ghosts);
}

static void the_oldest_of_four_gives_way(void **state)
{
    (void)state;
    struct ghosts ghosts;
    ghosts_init(&ghosts, 16);
    for (uint64_t who = 1; who <= 5; who++)
        ghosts_add(&ghosts, HASH(3, who), (uint32_t)who);
    assert_false(ghosts_take(&ghosts, HASH(3, 1), 5, LIFE));
    for (uint64_t who = 2; who <= 5; who++)
        assert_true(ghosts_take(&ghosts, HASH(3, who), 5, LIFE));
    ghosts_clear(&ghosts);
}

static void the_smallest_table_takes_any_hash(void **state)
{
    (void)state;
    struct ghosts ghosts;
    ghosts_init(&ghosts, 4);
    ghosts_add(&ghosts, UINT64_MAX, 0);
    ghosts_add(&ghosts, 0, 0);
    assert_true(ghosts_take(&ghosts, UINT64_MAX, 0, LIFE));
    assert_true(ghosts_take(&ghosts, 0, 0, LIFE));
    ghosts_clear(&ghosts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_was_added_is_known_once),
        cmocka_unit_test(a_ghost_lives_as_long_as_is_said_even_when_the_count_wraps),
        cmocka_unit_test(the_oldest_of_four_gives_way),
        cmocka_unit_test(the_smallest_table_takes_any_hash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
