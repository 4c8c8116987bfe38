#include "auth/gateway_key.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"

/* Check characters computed with another implementation of CRC-32. */
static const char good[] = "bpg_Ab3dE6gH9k_Ky9Pf34qY6Nb3wWD25RQ4F5ZR3qa7yEeeby3abP3E2Z_013qr5";
static const char padded[] = "bpg_Ab3dE6gH9k_oqQTImZf8nrUMosEHjOhGRhBU0pkpHMFfJKUVRde5gv_00aKpt";

static enum key_form form_of(struct span text)
{
    struct gateway_key key;
    return gateway_key_parse(text, &key);
}

static void a_good_key_is_taken_apart(void **state)
{
    (void)state;
    struct gateway_key key;
    assert_int_equal(gateway_key_parse(span_of(good), &key), KEY_FORM_GOOD);
    assert_true(span_equal(key.id, SPAN("Ab3dE6gH9k")));
    assert_true(span_equal(key.secret, SPAN("Ky9Pf34qY6Nb3wWD25RQ4F5ZR3qa7yEeeby3abP3E2Z")));
}

static void the_check_is_padded_with_zeros(void **state)
{
    (void)state;
    assert_int_equal(form_of(span_of(padded)), KEY_FORM_GOOD);
}

static void other_texts_are_not_ours(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "b", "bpg", "bp_pat_abc", "BPG_Ab3", " bpg_", "xbpg_"};
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        assert_int_equal(form_of(span_of(texts[i])), KEY_FORM_NOT_OURS);
    assert_int_equal(form_of((struct span){NULL, 0}), KEY_FORM_NOT_OURS);
}

static void every_single_wrong_character_is_a_typo(void **state)
{
    (void)state;
    static const char wrong[] = {'0', 'Z', 'a', '_', '-', ' ', '\n', '\0', '\x7f', '\xff'};
    for (size_t at = 4; at < KEY_LEN; at++) {
        for (size_t i = 0; i < sizeof(wrong); i++) {
            char text[KEY_LEN];
            memcpy(text, good, KEY_LEN);
            if (text[at] == wrong[i])
                continue;
            text[at] = wrong[i];
            assert_int_equal(form_of((struct span){text, KEY_LEN}), KEY_FORM_TYPO);
        }
    }
}

static void neighbours_that_changed_places_are_a_typo(void **state)
{
    (void)state;
    for (size_t at = 4; at + 1 < KEY_LEN; at++) {
        char text[KEY_LEN];
        memcpy(text, good, KEY_LEN);
        if (good[at] == good[at + 1])
            continue;
        text[at] = good[at + 1];
        text[at + 1] = good[at];
        assert_int_equal(form_of((struct span){text, KEY_LEN}), KEY_FORM_TYPO);
    }
}

static void every_other_length_is_a_typo(void **state)
{
    (void)state;
    for (size_t len = 4; len < KEY_LEN; len++) {
        /* On the heap, so that a byte read too far is seen. */
        char *text = xstrdup((struct span){good, len});
        assert_int_equal(form_of((struct span){text, len}), KEY_FORM_TYPO);
        free(text);
    }
    char longer[KEY_LEN + 2];
    memcpy(longer, good, KEY_LEN);
    longer[KEY_LEN] = ' ';
    assert_int_equal(form_of((struct span){longer, KEY_LEN + 1}), KEY_FORM_TYPO);
}

static void made_keys_are_good_and_differ(void **state)
{
    (void)state;
    char first[KEY_LEN + 1], second[KEY_LEN + 1];
    gateway_key_make(first);
    gateway_key_make(second);
    assert_int_equal(strlen(first), KEY_LEN);
    assert_int_equal(form_of(span_of(first)), KEY_FORM_GOOD);
    assert_int_equal(form_of(span_of(second)), KEY_FORM_GOOD);
    assert_string_not_equal(first, second);
    assert_memory_not_equal(first + 4, second + 4, KEY_ID_LEN);
}

/* 5 300 digits: each of the 62 is expected 85 times; 30 or 160 is more than five deviations off. */
static void made_keys_use_all_digits_alike(void **state)
{
    (void)state;
    unsigned counts[256] = {0};
    for (int i = 0; i < 100; i++) {
        char text[KEY_LEN + 1];
        gateway_key_make(text);
        for (size_t at = 4; at < KEY_LEN - KEY_CHECK_LEN - 1; at++)
            counts[(unsigned char)text[at]]++;
    }
    assert_int_equal(counts['_'], 100);
    for (int c = 0; c < 256; c++) {
        bool is_digit = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        if (is_digit)
            assert_in_range(counts[c], 30, 160);
        else if (c != '_')
            assert_int_equal(counts[c], 0);
    }
}

static const unsigned char hash_of_abc[KEY_HASH_SIZE] = {
    0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40, 0xde, 0x5d, 0xae, 0x22, 0x23,
    0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad};

static void a_key_can_get_another_secret(void **state)
{
    (void)state;
    char first[KEY_LEN + 1], second[KEY_LEN + 1];
    struct gateway_key key;
    gateway_key_make_again(SPAN("Ab3dE6gH9k"), first);
    gateway_key_make_again(SPAN("Ab3dE6gH9k"), second);
    assert_int_equal(gateway_key_parse(span_of(first), &key), KEY_FORM_GOOD);
    assert_true(span_equal(key.id, SPAN("Ab3dE6gH9k")));
    assert_string_not_equal(first, second);
}

static void the_hash_is_sha256(void **state)
{
    (void)state;
    unsigned char hash[KEY_HASH_SIZE];
    gateway_key_hash(SPAN("abc"), hash);
    assert_memory_equal(hash, hash_of_abc, KEY_HASH_SIZE);
}

static void *hash_often(void *failures)
{
    for (int i = 0; i < 1000; i++) {
        unsigned char hash[KEY_HASH_SIZE];
        gateway_key_hash(SPAN("abc"), hash);
        if (memcmp(hash, hash_of_abc, KEY_HASH_SIZE) != 0)
            ++*(int *)failures;
    }
    return NULL;
}

static void threads_hash_at_the_same_time(void **state)
{
    (void)state;
    pthread_t threads[4];
    int failures[COUNT_OF(threads)] = {0};
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, hash_often, &failures[i]), 0);
    for (size_t i = 0; i < COUNT_OF(threads); i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(failures[i], 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_hash_at_the_same_time),
        cmocka_unit_test(a_good_key_is_taken_apart),
        cmocka_unit_test(the_check_is_padded_with_zeros),
        cmocka_unit_test(other_texts_are_not_ours),
        cmocka_unit_test(every_single_wrong_character_is_a_typo),
        cmocka_unit_test(neighbours_that_changed_places_are_a_typo),
        cmocka_unit_test(every_other_length_is_a_typo),
        cmocka_unit_test(made_keys_are_good_and_differ),
        cmocka_unit_test(made_keys_use_all_digits_alike),
        cmocka_unit_test(a_key_can_get_another_secret),
        cmocka_unit_test(the_hash_is_sha256),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
