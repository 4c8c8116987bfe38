#include "worker/uplink.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/text.h"

static const struct upstream_options usual = {
    .host = "127.0.0.1", .port = 9, .authority = SPAN_INIT("127.0.0.1:9"), .pool = {.max_open = 1}};

static void it_fits_while_nothing_of_it_is_another(void **state)
{
    (void)state;
    struct loop loop;
    char error[UPLINK_ERROR_SIZE], host[] = "127.0.0.1";
    loop_init(&loop);
    struct snapshot *snapshot = snapshot_create();
    snapshot->options.upstream = usual;
    struct uplink *uplink = uplink_create(&loop, snapshot, NULL, error);
    assert_non_null(uplink_pool(uplink));
    assert_int_equal(snapshot->references, 2);
    struct upstream_options options = usual;
    options.host = host;
    assert_true(uplink_fits(uplink, &options));
    options.port = 10;
    assert_false(uplink_fits(uplink, &options));
    options = usual;
    options.pool.idle_ms = 1;
    assert_false(uplink_fits(uplink, &options));
    options = usual;
    options.proxy.host = "proxy.test";
    assert_false(uplink_fits(uplink, &options));
    assert_ptr_equal(uplink_count(uplink), uplink);
    uplink_release(uplink);
    assert_int_equal(snapshot->references, 2);
    uplink_release(uplink);
    assert_int_equal(snapshot->references, 1);
    uplink_release(NULL);
    snapshot_release(snapshot);
    loop_close(&loop);
}

static void certificates_that_were_written_anew_are_read_anew(void **state)
{
    (void)state;
    struct loop loop;
    char error[UPLINK_ERROR_SIZE], path[] = "/tmp/bpgate-uplink-XXXXXX";
    loop_init(&loop);
    int file = mkstemp(path);
    struct snapshot *snapshot = snapshot_create();
    snapshot->options.upstream = usual;
    snapshot->options.upstream.ca_file = path; /* not read: it is no TLS */
    struct uplink *uplink = uplink_create(&loop, snapshot, NULL, error);
    assert_true(uplink_fits(uplink, &snapshot->options.upstream));
    assert_int_equal(write(file, "x", 1), 1);
    assert_false(uplink_fits(uplink, &snapshot->options.upstream));
    assert_int_equal(unlink(path), 0);
    assert_false(uplink_fits(uplink, &snapshot->options.upstream));
    uplink_release(uplink);
    snapshot_release(snapshot);
    (void)close(file);
    loop_close(&loop);
}

static void certificates_that_are_none_are_told(void **state)
{
    (void)state;
    struct loop loop;
    char error[UPLINK_ERROR_SIZE];
    loop_init(&loop);
    struct snapshot *snapshot = snapshot_create();
    snapshot->options.upstream = usual;
    snapshot->options.upstream.is_tls = true;
    snapshot->options.upstream.ca_file = "/nowhere/at/all";
    assert_null(uplink_create(&loop, snapshot, NULL, error));
    assert_non_null(strstr(error, "/nowhere/at/all"));
    assert_int_equal(snapshot->references, 1);
    snapshot_release(snapshot);
    loop_close(&loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_fits_while_nothing_of_it_is_another),
        cmocka_unit_test(certificates_that_were_written_anew_are_read_anew),
        cmocka_unit_test(certificates_that_are_none_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
