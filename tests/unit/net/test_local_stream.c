/* tcp_stream over a socket with a path: what differs from TCP, and that the rest does not. */
#include "net/tcp_stream.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/text.h"
#include "support/recorder.h"

enum { LARGE = 3 * MIB };

struct scene {
    struct loop loop;
    char folder[32], path[64];
    int listener, accepted; /* -1: none */
    struct recorder ours;
};

static int set_up(void **state)
{
    static struct scene scene;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    scene = (struct scene){.folder = "/tmp/bpgate-test-XXXXXX", .accepted = -1};
    loop_init(&scene.loop);
    assert_non_null(mkdtemp(scene.folder));
    (void)snprintf(scene.path, sizeof(scene.path), "%s/socket", scene.folder);
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", scene.path);
    scene.listener = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(scene.listener, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(scene.listener, 8), 0);
    *state = &scene;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *scene = *state;
    recorder_close(&scene->ours);
    if (scene->accepted >= 0)
        (void)close(scene->accepted);
    (void)close(scene->listener);
    (void)unlink(scene->path);
    (void)rmdir(scene->folder);
    loop_close(&scene->loop);
    return 0;
}

static void turn(struct scene *scene)
{
    loop_flush(&scene->loop);
    (void)uv_run(&scene->loop.uv, UV_RUN_NOWAIT);
    loop_flush(&scene->loop);
}

static void connect_to(struct scene *scene, const char *path)
{
    recorder_listen(&scene->ours, tcp_stream_connect_local(&scene->loop, path));
    assert_int_equal(scene->ours.opened + scene->ours.failed, 0);
    for (int turns = 0; scene->ours.opened + scene->ours.failed == 0; turns++) {
        assert_true(turns < 1000);
        turn(scene);
    }
}

static void open_it(struct scene *scene)
{
    connect_to(scene, scene->path);
    assert_int_equal(scene->ours.opened, 1);
    scene->accepted = accept(scene->listener, NULL, NULL);
    assert_true(scene->accepted >= 0);
}

static void bytes_go_both_ways_and_the_end_too(void **state)
{
    struct scene *scene = *state;
    char got[8] = "";
    open_it(scene);
    assert_true(stream_is_quiet(scene->ours.stream));
    recorder_write(&scene->ours, SPAN("ping"));
    assert_int_equal(read(scene->accepted, got, sizeof(got)), 4);
    assert_int_equal(write(scene->accepted, "pong", 4), 4);
    assert_false(stream_is_quiet(scene->ours.stream));
    turn(scene);
    assert_true(span_equal(buffer_bytes(&scene->ours.got), SPAN("pong")));
    stream_end(scene->ours.stream);
    turn(scene);
    assert_int_equal(read(scene->accepted, got, sizeof(got)), 0);
    (void)close(scene->accepted);
    scene->accepted = -1;
    turn(scene);
    assert_int_equal(scene->ours.ended, 1);
    assert_int_equal(scene->ours.failed, 0);
}

static void more_than_the_socket_holds_is_queued_and_drained(void **state)
{
    struct scene *scene = *state;
    struct span large = pattern_make(LARGE);
    char *got = xmalloc(LARGE);
    size_t filled = 0;
    open_it(scene);
    recorder_write(&scene->ours, large);
    assert_true(stream_is_congested(scene->ours.stream));
    assert_true(stream_queued(scene->ours.stream) > 0);
    while (filled < LARGE) {
        ssize_t len = recv(scene->accepted, got + filled, LARGE - filled, MSG_DONTWAIT);
        if (len > 0)
            filled += (size_t)len;
        turn(scene);
    }
    assert_memory_equal(got, large.at, LARGE);
    assert_int_equal(scene->ours.drained, 1);
    assert_int_equal(stream_taken(scene->ours.stream), LARGE);
    free(got);
    pattern_free(large);
}

static void a_path_where_nobody_listens_is_told(void **state)
{
    struct scene *scene = *state;
    char path[80];
    (void)snprintf(path, sizeof(path), "%s/elsewhere", scene->folder);
    connect_to(scene, path);
    assert_int_equal(scene->ours.failed, 1);
    assert_int_equal(tcp_stream_error(scene->ours.stream), UV_ENOENT);
}

static void a_path_of_the_longest_length_is_not_cut(void **state)
{
    struct scene *scene = *state;
    char path[LOCAL_PATH_MAX_LEN + 1];
    (void)snprintf(path, sizeof(path), "/%0*d", LOCAL_PATH_MAX_LEN - 1, 1);
    connect_to(scene, path);
    assert_int_equal(tcp_stream_error(scene->ours.stream), UV_ENOENT);
}

static void a_peer_that_is_gone_fails_the_write(void **state)
{
    struct scene *scene = *state;
    open_it(scene);
    (void)close(scene->accepted);
    scene->accepted = -1;
    recorder_write(&scene->ours, SPAN("x"));
    turn(scene);
    turn(scene);
    assert_int_equal(scene->ours.failed, 1);
}

static void it_may_be_closed_before_it_is_open_and_after_it_has_failed(void **state)
{
    struct scene *scene = *state;
    recorder_listen(&scene->ours, tcp_stream_connect_local(&scene->loop, scene->path));
    recorder_close(&scene->ours);
    turn(scene);
    assert_int_equal(scene->ours.opened, 0);
    recorder_listen(&scene->ours, tcp_stream_connect_local(&scene->loop, "/nowhere/at/all"));
    recorder_close(&scene->ours);
    turn(scene);
    assert_int_equal(scene->ours.failed, 0);
    recorder_listen(&scene->ours, tcp_stream_connect_local(&scene->loop, scene->path));
    stream_abort(scene->ours.stream);
    scene->ours.stream = NULL;
    turn(scene);
}

int main(void)
{
#define SCENE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        SCENE(bytes_go_both_ways_and_the_end_too),
        SCENE(more_than_the_socket_holds_is_queued_and_drained),
        SCENE(a_path_where_nobody_listens_is_told),
        SCENE(a_path_of_the_longest_length_is_not_cut),
        SCENE(a_peer_that_is_gone_fails_the_write),
        SCENE(it_may_be_closed_before_it_is_open_and_after_it_has_failed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
