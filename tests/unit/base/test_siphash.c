#include "base/siphash.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* The reference code's test: key 00 01 … 0f, text 00 01 …, with one round a word and three at the
 * end. */
static void hashes_are_those_of_the_reference(void **state)
{
    (void)state;
    static const struct {
        size_t len;
        uint64_t hash;
    } rows[] = {
        {0, UINT64_C(0xabac0158050fc4dc)},  {1, UINT64_C(0xc9f49bf37d57ca93)},
        {7, UINT64_C(0xd3927d989bb11140)},  {8, UINT64_C(0x369095118d299a8e)},
        {9, UINT64_C(0x25a48eb36c063de4)},  {15, UINT64_C(0xd320d86d2a519956)},
        {16, UINT64_C(0xcc4fdd1a7d908b66)}, {63, UINT64_C(0x9d199062b7bbb3a8)},
    };
    static const struct siphash_seed seed = {
        {UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908)}};
    char text[64];
    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = (char)i;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_true(siphash(&seed, (struct span){text, rows[i].len}) == rows[i].hash);
}

static void bytes_above_127_are_not_signed(void **state)
{
    (void)state;
    static const struct siphash_seed seed = {{1, 2}};
    assert_true(siphash(&seed, SPAN("\x80\x01")) != siphash(&seed, SPAN("\x80\xff")));
    assert_true(siphash(&seed, SPAN("\xff")) != siphash(&seed, SPAN("\xff\xff")));
}

static void nothing_has_a_hash_too_and_seeds_differ(void **state)
{
    (void)state;
    struct siphash_seed a, b;
    siphash_seed_init(&a);
    siphash_seed_init(&b);
    assert_true(siphash(&a, (struct span){NULL, 0}) == siphash(&a, SPAN("")));
    assert_true(siphash(&a, SPAN("key")) != siphash(&b, SPAN("key")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hashes_are_those_of_the_reference),
        cmocka_unit_test(bytes_above_127_are_not_signed),
        cmocka_unit_test(nothing_has_a_hash_too_and_seeds_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
