#include "net/listener.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/text.h"
#include "support/recorder.h"

enum { CONNECTIONS = 40, GIVE_UP_S = 60 };

struct scene {
    struct loop loop;
    struct listener *listener;
    unsigned accepted, asked, shortages;
    struct sockaddr_storage peer;
    struct stream *last;
    bool closes_listener;
};

static char error[LISTENER_ERROR_SIZE];

static int set_up(void **state)
{
    static struct scene scene;
    scene = (struct scene){0};
    loop_init(&scene.loop);
    *state = &scene;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *scene = *state;
    if (scene->listener)
        listener_close(scene->listener);
    loop_close(&scene->loop);
    return 0;
}

static void on_accept(void *owner, struct stream *stream, const struct sockaddr *peer)
{
    struct scene *scene = owner;
    struct recorder passing = {0};
    scene->accepted++;
    memcpy(&scene->peer, peer, sizeof(struct sockaddr_in));
    recorder_listen(&passing, stream);
    recorder_close(&passing);
    if (!scene->closes_listener)
        return;
    scene->closes_listener = false;
    listener_close(scene->listener);
    scene->listener = NULL;
}

static void on_shortage(void *owner, int reason)
{
    struct scene *scene = owner;
    assert_int_equal(reason, EMFILE);
    scene->shortages++;
}

static const struct listener_events events = {.on_accept = on_accept, .on_shortage = on_shortage};

static int bind_one(struct span address)
{
    int descriptor = -1;
    assert_int_equal(listener_bind(address, &descriptor, 1, error), OK);
    return descriptor;
}

static int connect_to(int descriptor)
{
    struct sockaddr_storage address = {0};
    socklen_t len = sizeof(address);
    assert_int_equal(getsockname(descriptor, (struct sockaddr *)&address, &len), 0);
    int client = socket(address.ss_family, SOCK_STREAM, 0);
    assert_int_equal(connect(client, (struct sockaddr *)&address, len), 0);
    return client;
}

static void turn(struct scene *scene)
{
    loop_flush(&scene->loop);
    (void)uv_run(&scene->loop.uv, UV_RUN_NOWAIT);
}

static void turn_often(struct scene *scene)
{
    for (int i = 0; i < 20; i++)
        turn(scene);
}

static int begin(struct scene *scene)
{
    int descriptor = bind_one(SPAN("127.0.0.1:0"));
    scene->listener = listener_create(&scene->loop, descriptor, &events, scene);
    assert_non_null(scene->listener);
    return descriptor;
}

static void connections_are_accepted_and_their_peer_is_known(void **state)
{
    struct scene *scene = *state;
    int client = connect_to(begin(scene));
    turn_often(scene);
    assert_int_equal(scene->accepted, 1);
    struct sockaddr_in own;
    socklen_t len = sizeof(own);
    assert_int_equal(getsockname(client, (struct sockaddr *)&own, &len), 0);
    assert_int_equal(((struct sockaddr_in *)(void *)&scene->peer)->sin_port, own.sin_port);
    (void)close(client);
}

static bool may_enter_second(void *owner, const struct sockaddr *peer)
{
    struct scene *scene = owner;
    assert_int_equal(peer->sa_family, AF_INET);
    scene->asked++;
    return scene->asked > 1;
}

static void who_may_not_enter_is_closed_and_not_accepted(void **state)
{
    static const struct listener_events guarded = {.on_accept = on_accept,
                                                   .may_enter = may_enter_second};
    struct scene *scene = *state;
    char byte;
    int descriptor = bind_one(SPAN("127.0.0.1:0"));
    scene->listener = listener_create(&scene->loop, descriptor, &guarded, scene);
    int refused = connect_to(descriptor);
    turn_often(scene);
    assert_int_equal(scene->accepted, 0);
    assert_true(recv(refused, &byte, 1, 0) <= 0);
    int accepted = connect_to(descriptor);
    turn_often(scene);
    assert_int_equal(scene->accepted, 1);
    (void)close(refused);
    (void)close(accepted);
}

static void nothing_is_accepted_while_paused(void **state)
{
    struct scene *scene = *state;
    int descriptor = begin(scene);
    listener_pause(scene->listener);
    listener_pause(scene->listener);
    int client = connect_to(descriptor);
    turn_often(scene);
    assert_int_equal(scene->accepted, 0);
    listener_resume(scene->listener);
    listener_resume(scene->listener);
    turn_often(scene);
    assert_int_equal(scene->accepted, 1);
    (void)close(client);
}

static void closing_accepts_what_the_kernel_has_queued(void **state)
{
    struct scene *scene = *state;
    int clients[CONNECTIONS], descriptor = begin(scene);
    for (int i = 0; i < CONNECTIONS; i++)
        clients[i] = connect_to(descriptor);
    listener_pause(scene->listener);
    listener_close(scene->listener);
    scene->listener = NULL;
    assert_int_equal(scene->accepted, CONNECTIONS);
    for (int i = 0; i < CONNECTIONS; i++)
        (void)close(clients[i]);
}

static void a_listener_may_be_closed_by_its_own_event(void **state)
{
    struct scene *scene = *state;
    int clients[3], descriptor = begin(scene);
    scene->closes_listener = true;
    for (size_t i = 0; i < COUNT_OF(clients); i++)
        clients[i] = connect_to(descriptor);
    turn_often(scene);
    assert_null(scene->listener);
    assert_int_equal(scene->accepted, 3);
    for (size_t i = 0; i < COUNT_OF(clients); i++)
        (void)close(clients[i]);
}

static void on_turn(uv_check_t *check)
{
    ++*(unsigned *)check->data;
}

/* The lowest limit at which no further descriptor can be had. */
static void forbid_descriptors(struct rlimit *before)
{
    int next = dup(STDERR_FILENO);
    assert_true(next >= 0);
    (void)close(next);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, before), 0);
    struct rlimit none = {.rlim_cur = (rlim_t)next, .rlim_max = before->rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
}

static void on_enough(struct timer *timer)
{
    loop_stop(container_of(timer->timers, struct loop, timers));
}

static void without_descriptors_it_says_so_rests_instead_of_spinning_and_then_goes_on(void **state)
{
    enum { WATCHED_MS = 50 };
    struct scene *scene = *state;
    unsigned turns = 0;
    uv_check_t counter = {.data = &turns};
    struct timer enough;
    struct rlimit before;
    int client = connect_to(begin(scene));
    uv_check_init(&scene->loop.uv, &counter);
    uv_check_start(&counter, on_turn);
    timer_init(&enough, &scene->loop.timers, on_enough);
    timer_set(&enough, loop_now_ms(&scene->loop) + WATCHED_MS);
    forbid_descriptors(&before);
    loop_run(&scene->loop);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(scene->accepted, 0);
    assert_in_range(turns, 1, 5);
    assert_int_equal(scene->shortages, 1);
    while (scene->accepted == 0)
        (void)uv_run(&scene->loop.uv, UV_RUN_ONCE);
    uv_close((uv_handle_t *)&counter, NULL);
    turn(scene);
    (void)close(client);
}

static void two_sockets_share_the_port_that_the_first_picked(void **state)
{
    struct scene *scene = *state;
    int descriptors[2];
    char names[2][LISTENER_NAME_SIZE];
    assert_int_equal(listener_bind(SPAN("127.0.0.1:0"), descriptors, 2, error), OK);
    listener_name(descriptors[0], names[0]);
    listener_name(descriptors[1], names[1]);
    assert_string_equal(names[0], names[1]);
    assert_memory_equal(names[0], "127.0.0.1:", 10);
    assert_true(strcmp(names[0], "127.0.0.1:0") != 0);
    struct listener *first = listener_create(&scene->loop, descriptors[0], &events, scene);
    scene->listener = listener_create(&scene->loop, descriptors[1], &events, scene);
    int clients[CONNECTIONS];
    for (int i = 0; i < CONNECTIONS; i++)
        clients[i] = connect_to(descriptors[0]);
    turn_often(scene);
    assert_int_equal(scene->accepted, CONNECTIONS);
    for (int i = 0; i < CONNECTIONS; i++)
        (void)close(clients[i]);
    listener_close(first);
}

static void an_address_in_use_is_told_with_what_to_do(void **state)
{
    struct scene *scene = *state;
    char name[LISTENER_NAME_SIZE];
    int descriptors[2];
    listener_name(begin(scene), name);
    assert_int_equal(listener_bind(span_of(name), descriptors, 2, error), ERR_IO);
    assert_memory_equal(error, "address in use", 14);
    assert_non_null(strstr(error, name));
}

static void a_port_may_be_bound_again_after_its_connections_have_gone(void **state)
{
    struct scene *scene = *state;
    char name[LISTENER_NAME_SIZE];
    int descriptor = begin(scene), client = connect_to(descriptor);
    listener_name(descriptor, name);
    turn_often(scene); /* we closed first: the port is left in TIME_WAIT */
    listener_close(scene->listener);
    scene->listener = NULL;
    turn_often(scene);
    (void)close(client);
    (void)close(bind_one(span_of(name)));
}

static void every_form_of_address_is_understood(void **state)
{
    static const struct {
        const char *address, *begins;
    } rows[] = {
        {"127.0.0.1:0", "127.0.0.1:"},
        {"*:0", "0.0.0.0:"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char name[LISTENER_NAME_SIZE];
        int descriptor = bind_one(span_of(rows[i].address));
        listener_name(descriptor, name);
        assert_memory_equal(name, rows[i].begins, strlen(rows[i].begins));
        (void)close(descriptor);
    }
}

static void a_name_is_looked_up(void **state)
{
    char name[LISTENER_NAME_SIZE];
    (void)state;
    int descriptor = bind_one(SPAN("localhost:0"));
    listener_name(descriptor, name);
    assert_true(memcmp(name, "127.0.0.1:", 10) == 0 || memcmp(name, "[::1]:", 6) == 0);
    (void)close(descriptor);
    assert_int_equal(listener_bind(SPAN("name.invalid:0"), &descriptor, 1, error), ERR_IO);
    assert_non_null(strstr(error, "name.invalid"));
}

static bool has_ipv6(void)
{
    struct sockaddr_in6 loopback = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    int probe = socket(AF_INET6, SOCK_STREAM, 0);
    bool is_there = probe >= 0 && bind(probe, (struct sockaddr *)&loopback, sizeof(loopback)) == 0;
    if (probe >= 0)
        (void)close(probe);
    return is_there;
}

static void ipv6_stands_in_brackets_and_leaves_ipv4_alone(void **state)
{
    char name[LISTENER_NAME_SIZE], same_port[2 * LISTENER_NAME_SIZE];
    (void)state;
    if (!has_ipv6())
        skip();
    int loopback = bind_one(SPAN("[::1]:0"));
    listener_name(loopback, name);
    assert_memory_equal(name, "[::1]:", 6);
    int all = bind_one(SPAN("[::]:0"));
    listener_name(all, name);
    assert_memory_equal(name, "[::]:", 5);
    (void)snprintf(same_port, sizeof(same_port), "0.0.0.0:%s", name + 5);
    int ipv4 = bind_one(span_of(same_port));
    (void)close(loopback);
    (void)close(all);
    (void)close(ipv4);
}

static void a_socket_of_somebody_else_is_known_by_its_address(void **state)
{
    (void)state;
    static const struct {
        const char *bound, *host;
        bool fits;
    } rows[] = {
        {"127.0.0.1:0", "127.0.0.1", true},
        {"127.0.0.1:0", "127.0.0.2", false},
        {"127.0.0.1:0", "*", false},
        {"[::1]:0", "[::1]", true},
        {"[::1]:0", "127.0.0.1", false},
        {"[::]:0", "*", true},
        {"*:0", "*", true},
        {"*:0", "0.0.0.0", true},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char name[LISTENER_NAME_SIZE], wanted[LISTENER_NAME_SIZE * 2];
        int descriptor;
        assert_int_equal(listener_bind(span_of(rows[i].bound), &descriptor, 1, error), OK);
        listener_name(descriptor, name);
        const char *port = strrchr(name, ':');
        (void)snprintf(wanted, sizeof(wanted), "%s%s", rows[i].host, port);
        assert_int_equal(listener_fits(descriptor, span_of(wanted)), rows[i].fits);
        (void)snprintf(wanted, sizeof(wanted), "%s:1", rows[i].host);
        assert_false(listener_fits(descriptor, span_of(wanted)));
        (void)close(descriptor);
    }
    assert_false(listener_fits(-1, SPAN("127.0.0.1:80")));
    assert_false(listener_fits(0, SPAN("nonsense")));
}

static void what_is_no_address_is_refused(void **state)
{
    static const char *const rows[] = {
        "",           ":",           ":8080",           "8080",         "127.0.0.1",
        "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536", "127.0.0.1:-1", "::1:8080",
        "[::1]",      "[::1:8080",   "[]:8080",         "[]x:8080",     "127.0.0.1:80 ",
    };
    int descriptor;
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_int_equal(listener_bind(span_of(rows[i]), &descriptor, 1, error), ERR_SYNTAX);
        assert_true(strlen(error) > 0);
    }
    char endless[400];
    memset(endless, '1', sizeof(endless));
    assert_int_equal(listener_bind((struct span){endless, sizeof(endless)}, &descriptor, 1, error),
                     ERR_SYNTAX);
}

static void an_address_of_another_machine_is_refused(void **state)
{
    int descriptor;
    (void)state;
    assert_int_equal(listener_bind(SPAN("192.0.2.1:0"), &descriptor, 1, error), ERR_IO);
    assert_non_null(strstr(error, "no such address"));
}

static void what_cannot_listen_is_closed(void **state)
{
    struct scene *scene = *state;
    int datagrams = socket(AF_INET, SOCK_DGRAM, 0);
    assert_null(listener_create(&scene->loop, datagrams, &events, scene));
    assert_int_equal(close(datagrams), -1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(connections_are_accepted_and_their_peer_is_known),
        TEST(who_may_not_enter_is_closed_and_not_accepted),
        TEST(nothing_is_accepted_while_paused),
        TEST(closing_accepts_what_the_kernel_has_queued),
        TEST(a_listener_may_be_closed_by_its_own_event),
        TEST(without_descriptors_it_says_so_rests_instead_of_spinning_and_then_goes_on),
        TEST(two_sockets_share_the_port_that_the_first_picked),
        TEST(an_address_in_use_is_told_with_what_to_do),
        TEST(a_port_may_be_bound_again_after_its_connections_have_gone),
        TEST(every_form_of_address_is_understood),
        TEST(a_name_is_looked_up),
        TEST(ipv6_stands_in_brackets_and_leaves_ipv4_alone),
        TEST(a_socket_of_somebody_else_is_known_by_its_address),
        TEST(what_is_no_address_is_refused),
        TEST(an_address_of_another_machine_is_refused),
        TEST(what_cannot_listen_is_closed),
    };
    (void)alarm(GIVE_UP_S);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
