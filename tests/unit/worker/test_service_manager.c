#include "worker/service_manager.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/text.h"

/* A socket under a name that the kernel chooses in the abstract space: '@' and the rest of it. */
static int listen_abstract(char name[static 64])
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    socklen_t len = sizeof(address);
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(sa_family_t)), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    (void)snprintf(name, 64, "@%.*s", (int)(len - offsetof(struct sockaddr_un, sun_path) - 1),
                   address.sun_path + 1);
    return fd;
}

static void assert_heard(int fd, const char *expected)
{
    char text[64];
    ssize_t len = recv(fd, text, sizeof(text), MSG_DONTWAIT);
    assert_int_equal(len, strlen(expected));
    assert_memory_equal(text, expected, strlen(expected));
}

static void each_state_is_a_datagram(void **state)
{
    (void)state;
    char name[64];
    int fd = listen_abstract(name);
    assert_int_equal(setenv("NOTIFY_SOCKET", name, 1), 0);
    service_manager_tell(SPAN("READY=1\nSTATUS=serves"));
    service_manager_tell(SPAN("STOPPING=1"));
    assert_heard(fd, "READY=1\nSTATUS=serves");
    assert_heard(fd, "STOPPING=1");
    (void)close(fd);
}

static void a_path_is_a_name_too(void **state)
{
    (void)state;
    char folder[] = "/tmp/bpgate-manager-XXXXXX";
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    assert_non_null(mkdtemp(folder));
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s/notify", folder);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(setenv("NOTIFY_SOCKET", address.sun_path, 1), 0);
    service_manager_tell(SPAN("READY=1"));
    assert_heard(fd, "READY=1");
    (void)close(fd);
    (void)unlink(address.sun_path);
    (void)rmdir(folder);
}

/* Each is logged, and the gateway goes on. */
static void names_that_nobody_listens_at_end_nothing(void **state)
{
    (void)state;
    static char long_name[300];
    memset(long_name, 'a', sizeof(long_name) - 1);
    long_name[0] = '/';
    const char *const names[] = {"", "/", "notify", "/nowhere/notify", "@bpgate-nobody", long_name};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        assert_int_equal(setenv("NOTIFY_SOCKET", names[i], 1), 0);
        service_manager_tell(SPAN("READY=1"));
    }
    assert_int_equal(unsetenv("NOTIFY_SOCKET"), 0);
    service_manager_tell(SPAN("READY=1"));
}

static void the_watchdog_is_told_at_half_its_time(void **state)
{
    (void)state;
    char own[24];
    (void)snprintf(own, sizeof(own), "%ld", (long)getpid());
    const struct {
        const char *pid, *wait_us; /* NULL: not set */
        uint64_t expected_ms;
    } rows[] = {
        {NULL, NULL, 0},          {NULL, "30000000", 15000},
        {own, "30000000", 15000}, {"1", "30000000", 0},
        {own, NULL, 0},           {own, "", 0},
        {own, "soon", 0},         {"me", "30000000", 0},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        (void)unsetenv("WATCHDOG_PID");
        (void)unsetenv("WATCHDOG_USEC");
        if (rows[i].pid)
            assert_int_equal(setenv("WATCHDOG_PID", rows[i].pid, 1), 0);
        if (rows[i].wait_us)
            assert_int_equal(setenv("WATCHDOG_USEC", rows[i].wait_us, 1), 0);
        assert_int_equal(service_manager_watch_ms(), rows[i].expected_ms);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_state_is_a_datagram),
        cmocka_unit_test(a_path_is_a_name_too),
        cmocka_unit_test(names_that_nobody_listens_at_end_nothing),
        cmocka_unit_test(the_watchdog_is_told_at_half_its_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
