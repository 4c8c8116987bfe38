#include "worker/snapshot.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <uv.h>

#include "gateway/head_up.h"

enum { ROUNDS = 100000 };

static void a_snapshot_lives_until_its_last_reference_goes(void **state)
{
    (void)state;
    struct snapshot *snapshot = snapshot_create();
    struct span text = arena_copy(&snapshot->arena, (struct span){"abc", 3});
    assert_ptr_equal(snapshot_count(snapshot), snapshot);
    snapshot_release(snapshot);
    assert_memory_equal(text.at, "abc", 3); /* ASan would tell */
    snapshot_release(snapshot);
}

static void nothing_is_released_quietly(void **state)
{
    (void)state;
    snapshot_release(NULL);
}

static void an_unsealed_snapshot_may_be_released(void **state)
{
    (void)state;
    snapshot_release(snapshot_create());
}

static void sealing_builds_what_requests_need(void **state)
{
    (void)state;
    struct snapshot *snapshot = snapshot_create();
    static const struct key_record keys[] = {
        {.id = {"Ab3dE6gH9k", 10}, .name = {"ci", 2}},
        {.id = {"Zb3dE6gH9k", 10}, .name = {"qa", 2}},
    };
    snapshot->options.keys = arena_alloc(&snapshot->arena, sizeof(keys));
    for (size_t i = 0; i < COUNT_OF(keys); i++)
        snapshot->options.keys[i] = keys[i];
    snapshot->options.key_count = COUNT_OF(keys);
    snapshot_seal(snapshot);
    struct route_match match;
    struct span path = {"/v1/chat/conversations", 22};
    assert_int_equal(route_match(snapshot->catalogue, METHOD_GET, path, &match), ROUTE_FOUND);
    assert_non_null(snapshot->keys);
    assert_int_equal(snapshot->options.client.spare_headers, HEAD_UP_SPARE);
    snapshot_release(snapshot);
}

static void count_and_release(void *data)
{
    for (int i = 0; i < ROUNDS; i++) {
        struct snapshot *snapshot = snapshot_count(data);
        snapshot_release(snapshot);
    }
}

static void threads_may_count_at_once(void **state)
{
    uv_thread_t threads[2];
    (void)state;
    struct snapshot *snapshot = snapshot_create();
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        assert_int_equal(uv_thread_create(&threads[i], count_and_release, snapshot), 0);
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        assert_int_equal(uv_thread_join(&threads[i]), 0);
    assert_int_equal(snapshot->references, 1);
    snapshot_release(snapshot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_snapshot_lives_until_its_last_reference_goes),
        cmocka_unit_test(nothing_is_released_quietly),
        cmocka_unit_test(an_unsealed_snapshot_may_be_released),
        cmocka_unit_test(sealing_builds_what_requests_need),
        cmocka_unit_test(threads_may_count_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
