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

/* By the reference code's way of making 128 bits, which gives its own vectors with two rounds and four. */
static void pairs_are_those_of_siphash_128(void **state)
{
    (void)state;
    static const struct {
        size_t len;
        uint64_t words[2];
    } rows[] = {
        {0, {UINT64_C(0xbea58827b2bc7ee7), UINT64_C(0x013030dd6adb62fd)}},
        {1, {UINT64_C(0xa8edd36004376ffc), UINT64_C(0x63f02f2bcc73055e)}},
        {3, {UINT64_C(0x9ff7dc1efaccc56b), UINT64_C(0x43d7eb1277182348)}},
        {7, {UINT64_C(0xc3e0aaf223b98410), UINT64_C(0x77ab4808c82e2fa6)}},
        {8, {UINT64_C(0xb4dae3d5e1fe12aa), UINT64_C(0x99c7f935ab164f72)}},
        {9, {UINT64_C(0x9439f32c04b8dd81), UINT64_C(0x427c1394000e72f4)}},
        {15, {UINT64_C(0x6c52bdb205557ec1), UINT64_C(0x09017e1eeccd2129)}},
        {16, {UINT64_C(0xeb8e511557d9a8d0), UINT64_C(0x93179e3df8b013b5)}},
        {63, {UINT64_C(0x6f42fe4ee300584c), UINT64_C(0xad6052a70a6b9f07)}},
    };
    static const struct siphash_seed seed = {
        {UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908)}};
    char text[64];
    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = (char)i;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct siphash_pair pair = siphash_pair(&seed, (struct span){text, rows[i].len});
        assert_true(pair.words[0] == rows[i].words[0] && pair.words[1] == rows[i].words[1]);
    }
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
        cmocka_unit_test(pairs_are_those_of_siphash_128),
        cmocka_unit_test(bytes_above_127_are_not_signed),
        cmocka_unit_test(nothing_has_a_hash_too_and_seeds_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
