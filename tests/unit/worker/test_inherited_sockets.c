#include "worker/inherited_sockets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <fcntl.h>

#include "base/text.h"
#include "net/listener.h"

static void set(const char *name, long value)
{
    char text[32];
    (void)snprintf(text, sizeof(text), "%ld", value);
    assert_int_equal(setenv(name, text, 1), 0);
}

/* A socket in the place where a service manager puts the first. */
static void put_socket(char name[LISTENER_NAME_SIZE])
{
    int descriptor;
    char error[LISTENER_ERROR_SIZE];
    assert_int_equal(listener_bind(SPAN("127.0.0.1:0"), &descriptor, 1, error), OK);
    assert_int_equal(listen(descriptor, 1), 0);
    listener_name(descriptor, name);
    if (descriptor == 3)
        return;
    assert_int_equal(dup2(descriptor, 3), 3);
    assert_int_equal(close(descriptor), 0);
}

static void what_was_opened_is_found_by_its_address(void **state)
{
    (void)state;
    struct inherited_sockets sockets;
    char name[LISTENER_NAME_SIZE];
    put_socket(name);
    set("LISTEN_FDS", 1);
    set("LISTEN_PID", getpid());
    inherited_sockets_open(&sockets);
    assert_null(getenv("LISTEN_FDS"));
    assert_int_equal(sockets.count, 1);
    assert_int_equal(inherited_sockets_take(&sockets, SPAN("127.0.0.1:1")), -1);
    int first = inherited_sockets_take(&sockets, span_of(name));
    int second = inherited_sockets_take(&sockets, span_of(name));
    assert_true(first >= 0 && second >= 0 && first != second);
    assert_true(fcntl(first, F_GETFL) & O_NONBLOCK);
    inherited_sockets_close(&sockets);
    assert_int_equal(close(first), 0);
    assert_int_equal(close(second), 0);
}

static void what_is_meant_for_another_process_is_left_alone(void **state)
{
    (void)state;
    struct inherited_sockets sockets;
    char name[LISTENER_NAME_SIZE];
    put_socket(name);
    set("LISTEN_FDS", 1);
    set("LISTEN_PID", getpid() + 1);
    inherited_sockets_open(&sockets);
    assert_int_equal(sockets.count, 0);
    set("LISTEN_PID", getpid());
    assert_int_equal(setenv("LISTEN_FDS", "many", 1), 0);
    inherited_sockets_open(&sockets);
    assert_int_equal(sockets.count, 0);
    assert_int_equal(close(3), 0);
}

static void what_does_not_listen_is_closed(void **state)
{
    (void)state;
    struct inherited_sockets sockets;
    int pipes[2];
    assert_int_equal(pipe(pipes), 0);
    assert_int_equal(dup2(pipes[0], 3), 3);
    set("LISTEN_FDS", 1);
    set("LISTEN_PID", getpid());
    inherited_sockets_open(&sockets);
    assert_int_equal(sockets.count, 0);
    assert_int_equal(fcntl(3, F_GETFD), -1);
    for (size_t i = 0; i < 2; i++) {
        if (pipes[i] != 3)
            assert_int_equal(close(pipes[i]), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_opened_is_found_by_its_address),
        cmocka_unit_test(what_is_meant_for_another_process_is_left_alone),
        cmocka_unit_test(what_does_not_listen_is_closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
