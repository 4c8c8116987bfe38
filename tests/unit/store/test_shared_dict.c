#include "store/shared_dict.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

#include <cmocka.h>

#include "base/text.h"

enum { BYTES = 256 * KIB, NOW = 1000 };

static int set_up(void **state)
{
    *state = shared_dict_create(BYTES);
    return 0;
}

static int tear_down(void **state)
{
    shared_dict_destroy(*state);
    return 0;
}

static struct dict_value text_of(const char *text)
{
    return (struct dict_value){.kind = DICT_TEXT, .text = span_of(text)};
}

static bool has_text(struct shared_dict *dict, const char *key, uint64_t now_ms, const char *text)
{
    char room[DICT_TEXT_MAX];
    struct dict_value value;
    return shared_dict_get(dict, span_of(key), now_ms, room, &value) && value.kind == DICT_TEXT &&
           span_equal(value.text, span_of(text));
}

static bool has(struct shared_dict *dict, const char *key, uint64_t now_ms)
{
    char room[DICT_TEXT_MAX];
    struct dict_value value;
    return shared_dict_get(dict, span_of(key), now_ms, room, &value);
}

static void what_is_set_is_there_until_it_is_replaced_or_deleted(void **state)
{
    struct shared_dict *dict = *state;
    const struct dict_value a = text_of("a"), b = text_of("");
    assert_false(has(dict, "k", NOW));
    shared_dict_set(dict, SPAN("k"), &a, 0, NOW);
    assert_true(has_text(dict, "k", NOW + UINT32_MAX, "a"));
    shared_dict_set(dict, SPAN("k"), &b, 0, NOW);
    assert_true(has_text(dict, "k", NOW, ""));
    assert_false(has(dict, "kk", NOW));
    shared_dict_delete(dict, SPAN("k"));
    shared_dict_delete(dict, SPAN("k"));
    assert_false(has(dict, "k", NOW));
    assert_int_equal(shared_dict_bytes(dict), 0);
}

static void values_keep_their_kinds(void **state)
{
    static const struct dict_value values[] = {
        {.kind = DICT_INTEGER, .integer = INT64_MIN},
        {.kind = DICT_NUMBER, .number = 1.5},
        {.kind = DICT_BOOLEAN, .boolean = true},
    };
    for (size_t i = 0; i < COUNT_OF(values); i++) {
        char room[DICT_TEXT_MAX];
        struct dict_value value;
        shared_dict_set(*state, SPAN("k"), &values[i], 0, NOW);
        assert_true(shared_dict_get(*state, SPAN("k"), NOW, room, &value));
        assert_int_equal(value.kind, values[i].kind);
        assert_int_equal(value.integer, values[i].integer);
        assert_true(value.number == values[i].number && value.boolean == values[i].boolean);
    }
}

static void what_has_a_life_is_gone_at_its_end(void **state)
{
    const struct dict_value a = text_of("a");
    shared_dict_set(*state, SPAN("k"), &a, 10, NOW);
    assert_true(has(*state, "k", NOW + 9));
    assert_false(has(*state, "k", NOW + 10));
    assert_int_equal(shared_dict_bytes(*state), 0);
}

static void adding_is_for_the_first_alone(void **state)
{
    const struct dict_value a = text_of("a"), b = text_of("b");
    assert_true(shared_dict_add(*state, SPAN("k"), &a, 10, NOW));
    assert_false(shared_dict_add(*state, SPAN("k"), &b, 10, NOW + 9));
    assert_true(has_text(*state, "k", NOW, "a"));
    assert_true(shared_dict_add(*state, SPAN("k"), &b, 10, NOW + 10));
    assert_true(has_text(*state, "k", NOW + 10, "b"));
}

static void a_count_begins_at_nought_and_keeps_the_life_that_it_began_with(void **state)
{
    int64_t sum = 0;
    assert_true(shared_dict_count(*state, SPAN("k"), 2, 10, NOW, &sum));
    assert_int_equal(sum, 2);
    assert_true(shared_dict_count(*state, SPAN("k"), -5, 10, NOW + 9, &sum));
    assert_int_equal(sum, -3);
    assert_true(shared_dict_count(*state, SPAN("k"), 1, 10, NOW + 10, &sum));
    assert_int_equal(sum, 1);
}

static void what_is_no_integer_or_would_be_none_is_not_counted(void **state)
{
    int64_t sum = 7;
    const struct dict_value text = text_of("1"),
                            most = {.kind = DICT_INTEGER, .integer = INT64_MAX};
    shared_dict_set(*state, SPAN("k"), &text, 0, NOW);
    assert_false(shared_dict_count(*state, SPAN("k"), 1, 0, NOW, &sum));
    shared_dict_set(*state, SPAN("k"), &most, 0, NOW);
    assert_false(shared_dict_count(*state, SPAN("k"), 1, 0, NOW, &sum));
    assert_true(shared_dict_count(*state, SPAN("k"), -1, 0, NOW, &sum));
    assert_int_equal(sum, INT64_MAX - 1);
}

static void where_there_is_no_room_the_oldest_writing_makes_some(void **state)
{
    struct shared_dict *dict = *state;
    static char large[DICT_TEXT_MAX];
    const struct dict_value value = {.kind = DICT_TEXT, .text = {large, sizeof(large)}};
    int64_t sum;
    for (int i = 0; i < 2000; i++) {
        char key[32];
        snprintf(key, sizeof(key), "key %d", i);
        shared_dict_set(dict, span_of(key), &value, 0, NOW);
        assert_true(has(dict, key, NOW));
        assert_true(shared_dict_bytes(dict) <= BYTES);
    }
    assert_false(has(dict, "key 0", NOW));
    for (int i = 0; i < 100000; i++) {
        char key[32];
        snprintf(key, sizeof(key), "n%d", i);
        assert_true(shared_dict_count(dict, span_of(key), 1, 0, NOW, &sum));
        assert_true(shared_dict_count(dict, SPAN("always written"), 1, 0, NOW, &sum));
    }
    assert_true(shared_dict_bytes(dict) <= BYTES);
    assert_int_equal(sum, 100000);
}

enum { THREADS = 4, ROUNDS = 20000 };

static void work(void *dict)
{
    char room[DICT_TEXT_MAX];
    struct dict_value value;
    int64_t sum;
    for (int i = 0; i < ROUNDS; i++) {
        char key[32];
        snprintf(key, sizeof(key), "%d", i % 50);
        const struct dict_value text = text_of("some text");
        if (!shared_dict_count(dict, SPAN("all"), 1, 0, NOW, &sum))
            abort();
        shared_dict_set(dict, span_of(key), &text, 1, NOW + (uint64_t)i);
        (void)shared_dict_get(dict, span_of(key), NOW + (uint64_t)i, room, &value);
        if (i % 7 == 0)
            shared_dict_delete(dict, span_of(key));
    }
}

static void threads_lose_no_count(void **state)
{
    uv_thread_t threads[THREADS];
    int64_t sum = 0;
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(uv_thread_create(&threads[i], work, *state), 0);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(uv_thread_join(&threads[i]), 0);
    assert_true(shared_dict_count(*state, SPAN("all"), 0, 0, NOW, &sum));
    assert_int_equal(sum, THREADS * ROUNDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(what_is_set_is_there_until_it_is_replaced_or_deleted),
        TEST(values_keep_their_kinds),
        TEST(what_has_a_life_is_gone_at_its_end),
        TEST(adding_is_for_the_first_alone),
        TEST(a_count_begins_at_nought_and_keeps_the_life_that_it_began_with),
        TEST(what_is_no_integer_or_would_be_none_is_not_counted),
        TEST(where_there_is_no_room_the_oldest_writing_makes_some),
        TEST(threads_lose_no_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
