#include "auth/known_keys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"

static void what_was_noted_is_found_and_nothing_else(void **state)
{
    (void)state;
    static const char record;
    const struct key_record *some = (const void *)&record;
    struct known_keys known;
    known_keys_init(&known);
    assert_null(known_keys_find(&known, SPAN("bpg_a")));
    known_keys_note(&known, SPAN("bpg_a"), some, 1);
    const struct known_key *found = known_keys_find(&known, SPAN("bpg_a"));
    assert_ptr_equal(found->record, some);
    assert_int_equal(found->hash_index, 1);
    assert_null(known_keys_find(&known, SPAN("bpg_b")));
    assert_null(known_keys_find(&known, SPAN("bpg_")));
    known_keys_note(&known, SPAN("bpg_a"), some, 0);
    assert_int_equal(known_keys_find(&known, SPAN("bpg_a"))->hash_index, 0);
}

/* Seeds of their own: what is known to one says nothing to another. */
static void two_of_them_make_different_tags(void **state)
{
    (void)state;
    static const char record;
    struct known_keys first, second;
    known_keys_init(&first);
    known_keys_init(&second);
    known_keys_note(&first, SPAN("bpg_a"), (const void *)&record, 0);
    second = (struct known_keys){.seeds = {second.seeds[0], second.seeds[1]}};
    memcpy(second.slots, first.slots, sizeof(second.slots));
    assert_null(known_keys_find(&second, SPAN("bpg_a")));
}

/* The later stays where two meet; nobody is taken for another. */
static void many_never_stand_for_each_other(void **state)
{
    (void)state;
    enum { MANY = 4 * KNOWN_KEYS };
    static const char records[MANY];
    struct known_keys known;
    known_keys_init(&known);
    size_t kept = 0;
    for (size_t i = 0; i < MANY; i++) {
        char text[32];
        snprintf(text, sizeof(text), "bpg_%zu", i);
        known_keys_note(&known, span_of(text), (const void *)&records[i], 0);
    }
    for (size_t i = 0; i < MANY; i++) {
        char text[32];
        snprintf(text, sizeof(text), "bpg_%zu", i);
        const struct known_key *found = known_keys_find(&known, span_of(text));
        if (found)
            assert_ptr_equal(found->record, &records[i]);
        kept += found != NULL;
    }
    assert_in_range(kept, KNOWN_KEYS / 2, KNOWN_KEYS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_noted_is_found_and_nothing_else),
        cmocka_unit_test(two_of_them_make_different_tags),
        cmocka_unit_test(many_never_stand_for_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
