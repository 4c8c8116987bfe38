#include "worker/generation.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/text.h"

static struct snapshot *make_snapshot(void)
{
    struct snapshot *snapshot = snapshot_create();
    snapshot->options.upstream = (struct upstream_options){
        .host = "127.0.0.1", .port = 9, .authority = SPAN("127.0.0.1:9"), .pool = {.max_open = 1}};
    return snapshot;
}

static struct generation *make(struct loop *loop, struct snapshot *snapshot)
{
    char error[GENERATION_ERROR_SIZE];
    const struct services worker = {.loop = loop, .via = SPAN("bpgate-7")};
    snapshot_seal(snapshot);
    return generation_create(snapshot, &worker, NULL, error);
}

static void it_lives_until_the_last_exchange_has_ended(void **state)
{
    (void)state;
    struct loop loop;
    loop_init(&loop);
    struct snapshot *snapshot = make_snapshot();
    struct generation *generation = make(&loop, snapshot);
    struct services *services = generation_services(generation);
    assert_ptr_equal(services->keys, snapshot->keys);
    assert_true(span_equal(services->via, SPAN("bpgate-7")));
    assert_ptr_equal(generation_settings(generation), &snapshot->options);
    services->hold(services->generation);
    generation_release(generation);
    loop_flush(&loop);
    assert_int_equal(snapshot->references, 3);
    services->let_go(services->generation);
    assert_int_equal(snapshot->references, 3); /* from the loop, with nothing on the stack */
    loop_flush(&loop);
    assert_int_equal(snapshot->references, 1);
    snapshot_release(snapshot);
    loop_close(&loop);
}

static void a_token_that_cannot_be_read_is_told(void **state)
{
    (void)state;
    struct loop loop;
    char error[GENERATION_ERROR_SIZE];
    loop_init(&loop);
    struct snapshot *snapshot = make_snapshot();
    struct credential_options credentials[] = {
        {.name = SPAN("good"), .token = SPAN("env:BPGATE_TEST_TOKEN")},
        {.name = SPAN("bad"), .token = SPAN("file:/nowhere/at/all")}};
    snapshot->options.credentials = credentials;
    snapshot->options.credential_count = COUNT_OF(credentials);
    snapshot_seal(snapshot);
    assert_int_equal(setenv("BPGATE_TEST_TOKEN", "a-token-that-is-long-enough", 1), 0);
    const struct services worker = {.loop = &loop};
    assert_null(generation_create(snapshot, &worker, NULL, error));
    assert_non_null(strstr(error, "/nowhere/at/all"));
    assert_int_equal(snapshot->references, 1);
    snapshot_release(snapshot);
    generation_release(NULL);
    loop_close(&loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_lives_until_the_last_exchange_has_ended),
        cmocka_unit_test(a_token_that_cannot_be_read_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
