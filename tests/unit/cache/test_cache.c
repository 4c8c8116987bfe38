#include "cache/cache.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "cache/entry_heap.h"
#include "support/entry_maker.h"

enum { MEMORY = 4 * MIB, OBJECT = MIB, KEY_SIZE = 32 };

static struct cache *create(size_t memory_bytes)
{
    const struct cache_options options = {.memory_bytes = memory_bytes, .object_bytes = OBJECT};
    return cache_create(&options);
}

static struct span key_of(size_t number, char text[KEY_SIZE])
{
    int len = snprintf(text, KEY_SIZE, "key %zu", number);
    return (struct span){text, (size_t)len};
}

static struct cache_entry *make(size_t number, size_t body_len)
{
    char text[KEY_SIZE];
    return entry_make(key_of(number, text), SPAN("Date: x"), body_len);
}

/* The entry, which the cache alone holds now. */
static struct cache_entry *put(struct cache *cache, size_t number, size_t body_len)
{
    struct cache_entry *entry = make(number, body_len);
    cache_put(cache, entry);
    cache_entry_release(entry);
    return entry;
}

static bool has(struct cache *cache, size_t number)
{
    char text[KEY_SIZE];
    struct cache_entry *entry = cache_find(cache, key_of(number, text));
    cache_entry_release(entry);
    return entry != NULL;
}

static struct cache_counts counts_of(struct cache *cache)
{
    struct cache_counts counts;
    cache_read_counts(cache, &counts);
    return counts;
}

static void what_was_put_is_found_by_its_whole_key(void **state)
{
    (void)state;
    struct cache *cache = create(MEMORY);
    struct cache_entry *entry = make(1, 10), *found;
    cache_put(cache, entry);
    found = cache_find(cache, SPAN("key 1"));
    assert_ptr_equal(found, entry);
    cache_entry_release(found);
    assert_null(cache_find(cache, SPAN("key 2")));
    assert_null(cache_find(cache, SPAN("key")));
    assert_null(cache_find(cache, SPAN("key 1\0")));
    assert_null(cache_find(cache, (struct span){NULL, 0}));
    assert_int_equal(counts_of(cache).entries, 1);
    cache_put(cache, entry); /* it is there: nothing changes */
    assert_int_equal(counts_of(cache).puts, 1);
    cache_entry_release(entry);
    cache_destroy(cache);
}

static void entries_outlive_the_cache_and_each_other(void **state)
{
    (void)state;
    size_t before = entry_heap_read_counts().used;
    struct cache *cache = create(MEMORY);
    struct cache_entry *entry = make(1, 1000);
    cache_put(cache, entry);
    (void)put(cache, 2, 1000);
    cache_destroy(cache);
    assert_true(entry_heap_read_counts().used == before + entry->size);
    assert_int_equal(entry->body.at[999], 'x');
    cache = create(MEMORY); /* and may go to another */
    cache_put(cache, entry);
    assert_true(has(cache, 1));
    cache_destroy(cache);
    cache_entry_release(entry);
    cache_destroy(NULL);
    assert_true(entry_heap_read_counts().used == before);
}

static void a_newer_entry_takes_the_place_and_keeps_the_hits(void **state)
{
    (void)state;
    struct cache *cache = create(MEMORY);
    struct cache_entry *old = put(cache, 1, 10), *new;
    assert_true(has(cache, 1) && has(cache, 1));
    old = cache_entry_count(old);
    new = put(cache, 1, 2000);
    assert_int_equal(atomic_load(&new->hits), 2);
    struct cache_entry *found = cache_find(cache, SPAN("key 1"));
    assert_ptr_equal(found, new);
    cache_entry_release(found);
    assert_int_equal(counts_of(cache).entries, 1);
    assert_int_equal(counts_of(cache).evictions, 0);
    cache_drop(cache, old); /* not the one that is there */
    assert_true(has(cache, 1));
    cache_drop(cache, new);
    assert_false(has(cache, 1));
    cache_drop(cache, old);
    assert_int_equal(counts_of(cache).entries, 0);
    cache_entry_release(old);
    cache_destroy(cache);
}

static void what_is_too_large_is_not_kept_nor_what_it_came_after(void **state)
{
    (void)state;
    struct cache *cache = create(2 * MEMORY);
    (void)put(cache, 1, 10);
    (void)put(cache, 2, OBJECT);
    assert_true(has(cache, 1) && has(cache, 2));
    (void)put(cache, 1, OBJECT + 1);
    assert_false(has(cache, 1));
    assert_int_equal(counts_of(cache).entries, 1);
    cache_destroy(cache);

    cache = create(64 * KIB);
    assert_int_equal(cache_object_bytes(cache), 16 * KIB); /* a body under way has no more */
    (void)put(cache, 1, 16 * KIB);
    (void)put(cache, 2, 16 * KIB + 1);
    assert_true(has(cache, 1));
    assert_false(has(cache, 2));
    struct cache_entry *entry = entry_make(SPAN("long"), SPAN(""), 0);
    cache_entry_release(entry);
    static char long_key[64 * KIB];
    entry = entry_make((struct span){long_key, sizeof(long_key)}, SPAN(""), 0);
    cache_put(cache, entry);
    assert_int_equal(counts_of(cache).entries, 1);
    cache_entry_release(entry);
    cache_destroy(cache);
}

static void without_memory_nothing_is_kept(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 1000, 8000};
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        struct cache *cache = create(sizes[i]);
        (void)put(cache, 1, 0);
        assert_false(has(cache, 1));
        assert_false(cache_reserve(cache, sizes[i] / 4 + 1));
        assert_int_equal(counts_of(cache).entries, 0);
        cache_destroy(cache);
    }
}

static void bodies_under_way_have_a_quarter(void **state)
{
    (void)state;
    struct cache *cache = create(MEMORY);
    assert_true(cache_reserve(cache, MEMORY / 4 - 10));
    assert_false(cache_reserve(cache, 11));
    assert_false(cache_reserve(cache, SIZE_MAX));
    assert_true(cache_reserve(cache, 10));
    cache_unreserve(cache, 11);
    assert_true(cache_reserve(cache, 11));
    cache_unreserve(cache, MEMORY / 4);
    cache_destroy(cache);
}

static void what_is_asked_for_survives_a_flood(void **state)
{
    (void)state;
    struct cache *cache = create(MEMORY);
    for (size_t i = 0; i < 100; i++)
        (void)put(cache, i, 1000);
    for (size_t i = 0; i < 100; i++)
        assert_true(has(cache, i) && has(cache, i));
    for (size_t i = 1000; i < 50000; i++)
        (void)put(cache, i, 1000);
    size_t kept = 0;
    for (size_t i = 0; i < 100; i++)
        kept += has(cache, i);
    assert_int_equal(kept, 100);
    cache_destroy(cache);
}

static void one_large_entry_pushes_out_many_small_ones(void **state)
{
    (void)state;
    struct cache *cache = create(MEMORY);
    for (size_t i = 0; i < 20000; i++)
        (void)put(cache, i, 0);
    uint64_t before = counts_of(cache).evictions;
    (void)put(cache, 100000, OBJECT);
    assert_true(has(cache, 100000));
    assert_true(counts_of(cache).evictions > before + 1000);
    assert_true(counts_of(cache).bytes <= MEMORY);
    cache_destroy(cache);
}

/* What must be there: by key, the entry put last, unless it was dropped. Those that were let go are
 * found missing. */
enum { KEYS = 3000, ROUNDS = 100000 };

struct model {
    struct cache *cache;
    struct cache_entry *last[KEYS]; /* counted */
    bool is_dropped[KEYS];
    uint64_t random, puts;
};

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(2685821657736338717);
}

static void model_put(struct model *model, size_t number)
{
    size_t most = next_random(&model->random) % 50 ? 3000 : 200000;
    cache_entry_release(model->last[number]);
    model->last[number] = make(number, next_random(&model->random) % most);
    model->is_dropped[number] = false;
    model->puts++;
    cache_put(model->cache, model->last[number]);
}

static void model_find(struct model *model, size_t number)
{
    char text[KEY_SIZE];
    struct cache_entry *found = cache_find(model->cache, key_of(number, text));
    if (found) {
        assert_ptr_equal(found, model->last[number]);
        assert_false(model->is_dropped[number]);
    }
    cache_entry_release(found);
}

static void model_drop(struct model *model, size_t number)
{
    if (!model->last[number])
        return;
    cache_drop(model->cache, model->last[number]);
    model->is_dropped[number] = true;
}

/* The counts are those of the entries that can be found. */
static void model_check(struct model *model, size_t empty_bytes)
{
    struct cache_counts counts = counts_of(model->cache);
    uint64_t entries = 0, bytes = empty_bytes;
    for (size_t i = 0; i < KEYS; i++) {
        bool is_there = model->last[i] && model->last[i]->queue != CACHE_NOWHERE;
        entries += is_there;
        bytes += is_there ? model->last[i]->size : 0;
    }
    assert_true(counts.entries == entries);
    assert_true(counts.bytes == bytes);
    assert_true(counts.bytes <= MEMORY);
    assert_true(counts.puts == model->puts);
}

static void counts_are_right_after_any_row_of_calls(void **state)
{
    (void)state;
    static struct model model;
    model = (struct model){.cache = create(MEMORY), .random = 4711};
    size_t empty_bytes = counts_of(model.cache).bytes;
    for (int i = 0; i < ROUNDS; i++) {
        size_t number = next_random(&model.random) % KEYS;
        uint64_t what = next_random(&model.random) % 10;
        if (what < 4)
            model_put(&model, number);
        else if (what < 9)
            model_find(&model, number);
        else
            model_drop(&model, number);
        if (i % 100 == 0)
            model_check(&model, empty_bytes);
    }
    assert_true(counts_of(model.cache).evictions > ROUNDS / 10);
    for (size_t i = 0; i < KEYS; i++) {
        model_drop(&model, i);
        cache_entry_release(model.last[i]);
    }
    assert_true(counts_of(model.cache).bytes == empty_bytes);
    cache_destroy(model.cache);
    assert_true(entry_heap_read_counts().used == 0);
}

enum { THREADS = 4, THREAD_ROUNDS = 10000, THREAD_KEYS = 300, THREAD_MEMORY = 256 * KIB };

/* A body is one letter throughout, of its key: torn or mixed up entries would show. */
static void check_body(const struct cache_entry *entry, size_t number)
{
    for (size_t i = 0; i < entry->body.len; i += 97)
        assert_int_equal(entry->body.at[i], 'a' + number % 26);
}

static void *use_cache(void *arg)
{
    struct cache *cache = arg;
    uint64_t random = (uintptr_t)&random;
    for (int i = 0; i < THREAD_ROUNDS; i++) {
        size_t number = next_random(&random) % THREAD_KEYS;
        char text[KEY_SIZE];
        struct cache_entry *entry = cache_find(cache, key_of(number, text));
        if (entry) {
            check_body(entry, number);
            if (i % 16 == 0)
                cache_drop(cache, entry);
            else if (i % 16 == 1)
                cache_put(cache, entry);
        }
        if (!entry || i % 16 == 2) {
            cache_entry_release(entry);
            entry = make(number, next_random(&random) % 4000);
            memset(cache_entry_body(entry), (int)('a' + number % 26), entry->body.len);
            cache_put(cache, entry);
        }
        cache_entry_release(entry);
    }
    return NULL;
}

static void threads_share_it(void **state)
{
    (void)state;
    struct cache *cache = create(THREAD_MEMORY);
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, use_cache, cache), 0);
    for (int i = 0; i < 100; i++)
        assert_true(counts_of(cache).bytes <= THREAD_MEMORY);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_true(counts_of(cache).evictions > 0);
    cache_destroy(cache);
    assert_true(entry_heap_read_counts().used == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_put_is_found_by_its_whole_key),
        cmocka_unit_test(entries_outlive_the_cache_and_each_other),
        cmocka_unit_test(a_newer_entry_takes_the_place_and_keeps_the_hits),
        cmocka_unit_test(what_is_too_large_is_not_kept_nor_what_it_came_after),
        cmocka_unit_test(without_memory_nothing_is_kept),
        cmocka_unit_test(bodies_under_way_have_a_quarter),
        cmocka_unit_test(what_is_asked_for_survives_a_flood),
        cmocka_unit_test(one_large_entry_pushes_out_many_small_ones),
        cmocka_unit_test(counts_are_right_after_any_row_of_calls),
        cmocka_unit_test(threads_share_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
