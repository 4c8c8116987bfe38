#include "auth/known_keys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"

static bool has(const struct known_keys *known, size_t place, const char *text, size_t *hash_index)
{
    struct siphash_pair tag = known_keys_tag(known, span_of(text));
    return known_keys_has(known, place, &tag, hash_index);
}

static void note(struct known_keys *known, size_t place, const char *text, size_t hash_index)
{
    struct siphash_pair tag = known_keys_tag(known, span_of(text));
    known_keys_note(known, place, &tag, hash_index);
}

static void what_was_noted_last_is_known_at_its_place_alone(void **state)
{
    (void)state;
    size_t hash_index = 9;
    struct known_keys *known = known_keys_create(3);
    assert_false(has(known, 1, "bpg_a", &hash_index));
    note(known, 1, "bpg_a", 1);
    assert_true(has(known, 1, "bpg_a", &hash_index));
    assert_int_equal(hash_index, 1);
    assert_false(has(known, 0, "bpg_a", &hash_index));
    assert_false(has(known, 2, "bpg_a", &hash_index));
    assert_false(has(known, 1, "bpg_b", &hash_index));
    assert_false(has(known, 1, "bpg_", &hash_index));
    note(known, 1, "bpg_b", 0);
    assert_true(has(known, 1, "bpg_b", &hash_index));
    assert_int_equal(hash_index, 0);
    assert_false(has(known, 1, "bpg_a", &hash_index));
    known_keys_destroy(known);
}

static void a_tag_of_nothing_is_not_known_before_it_is_noted(void **state)
{
    (void)state;
    size_t hash_index;
    struct known_keys *known = known_keys_create(1);
    const struct siphash_pair zeros = {{0, 0}};
    assert_false(known_keys_has(known, 0, &zeros, &hash_index));
    known_keys_destroy(known);
}

/* Both halves count, and each has a seed of its own. */
static void tags_differ_by_text_half_and_memory(void **state)
{
    (void)state;
    struct known_keys *first = known_keys_create(1), *second = known_keys_create(1);
    struct siphash_pair tag = known_keys_tag(first, SPAN("bpg_a"));
    struct siphash_pair other = known_keys_tag(second, SPAN("bpg_a"));
    size_t hash_index;
    assert_true(tag.words[0] != tag.words[1]);
    assert_true(memcmp(&tag, &other, sizeof(tag)) != 0);
    known_keys_note(first, 0, &tag, 0);
    for (size_t i = 0; i < COUNT_OF(tag.words); i++) {
        struct siphash_pair near = tag;
        near.words[i] ^= 1;
        assert_false(known_keys_has(first, 0, &near, &hash_index));
    }
    known_keys_destroy(first);
    known_keys_destroy(second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_noted_last_is_known_at_its_place_alone),
        cmocka_unit_test(a_tag_of_nothing_is_not_known_before_it_is_noted),
        cmocka_unit_test(tags_differ_by_text_half_and_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
