#include "worker/sockets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <fcntl.h>

#include "base/text.h"

enum { WORKERS = 2 };

static bool is_open(int descriptor)
{
    return fcntl(descriptor, F_GETFD) >= 0;
}

static void each_worker_has_one_of_each_address(void **state)
{
    (void)state;
    struct sockets sockets;
    char error[LISTENER_ERROR_SIZE], names[2][LISTENER_NAME_SIZE];
    struct listen_options listen[] = {{.address = SPAN("127.0.0.1:0")},
                                      {.address = SPAN("[::1]:0")}};
    const struct snapshot_options options = {.listen = listen, .listen_count = 2};
    assert_int_equal(sockets_bind(&sockets, &options, NULL, NULL, WORKERS, error), OK);
    for (size_t i = 0; i < 2; i++) {
        listener_name(sockets_of(&sockets, 0)[i], names[0]);
        listener_name(sockets_of(&sockets, 1)[i], names[1]);
        assert_string_equal(names[0], names[1]);
        assert_int_not_equal(sockets_of(&sockets, 0)[i], sockets_of(&sockets, 1)[i]);
    }
    assert_int_equal(sockets.admin, -1);
    int first = sockets_of(&sockets, 0)[0];
    sockets_close(&sockets);
    assert_false(is_open(first));
}

static void what_was_there_before_is_kept(void **state)
{
    (void)state;
    struct sockets sockets;
    char error[LISTENER_ERROR_SIZE];
    struct listen_options old[] = {{.address = SPAN("127.0.0.1:0")}};
    struct listen_options both[] = {{.address = SPAN("127.0.0.2:0")},
                                    {.address = SPAN("127.0.0.1:0")}};
    const struct snapshot_options before = {
        .listen = old, .listen_count = 1, .admin = {.address = SPAN("127.0.0.1:9")}};
    struct snapshot_options options = {.listen = both, .listen_count = 2, .admin = before.admin};
    assert_int_equal(sockets_bind(&sockets, &options, &before, NULL, WORKERS, error), OK);
    assert_true(sockets_of(&sockets, 1)[0] >= 0);
    assert_int_equal(sockets_of(&sockets, 1)[1], -1);
    assert_int_equal(sockets.admin, -1);
    sockets_close(&sockets);
    options.admin.address = SPAN("127.0.0.1:0");
    assert_int_equal(sockets_bind(&sockets, &options, &before, NULL, WORKERS, error), OK);
    assert_true(sockets.admin >= 0);
    sockets_close(&sockets);
}

static void a_failure_leaves_none_open(void **state)
{
    (void)state;
    struct sockets sockets, other;
    char error[LISTENER_ERROR_SIZE], name[LISTENER_NAME_SIZE];
    struct listen_options one[] = {{.address = SPAN("127.0.0.1:0")}};
    const struct snapshot_options options = {.listen = one, .listen_count = 1};
    assert_int_equal(sockets_bind(&sockets, &options, NULL, NULL, 1, error), OK);
    assert_int_equal(listen(sockets.at[0], 1), 0); /* bound alone it could be shared */
    listener_name(sockets.at[0], name);
    struct listen_options two[] = {{.address = SPAN("127.0.0.1:0")}, {.address = span_of(name)}};
    const struct snapshot_options taken = {.listen = two, .listen_count = 2};
    int next = dup(0);
    (void)close(next);
    assert_int_equal(sockets_bind(&other, &taken, NULL, NULL, WORKERS, error), ERR_IO);
    assert_non_null(strstr(error, "address in use"));
    assert_false(is_open(next));
    sockets_close(&sockets);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_worker_has_one_of_each_address),
        cmocka_unit_test(what_was_there_before_is_kept),
        cmocka_unit_test(a_failure_leaves_none_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
