#include "net/tcp_stream.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/text.h"
#include "support/recorder.h"

enum { BIG = 8 * MIB, GIVE_UP_S = 60 };

/* Our stream on one side, a plain socket on the other. */
struct scene {
    struct loop loop;
    int listening;
    struct sockaddr_in address;
    int peer; /* -1 until joined */
    struct recorder here;
};

static int set_up(void **state)
{
    static struct scene scene;
    socklen_t len = sizeof(scene.address);
    scene = (struct scene){.peer = -1};
    loop_init(&scene.loop);
    scene.listening = socket(AF_INET, SOCK_STREAM, 0);
    scene.address =
        (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    assert_int_equal(bind(scene.listening, (struct sockaddr *)&scene.address, len), 0);
    assert_int_equal(listen(scene.listening, 8), 0);
    assert_int_equal(getsockname(scene.listening, (struct sockaddr *)&scene.address, &len), 0);
    *state = &scene;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *scene = *state;
    recorder_close(&scene->here);
    if (scene->peer >= 0)
        (void)close(scene->peer);
    if (scene->listening >= 0)
        (void)close(scene->listening);
    loop_close(&scene->loop);
    return 0;
}

/* Turns the loop once, whatever there is to wait for. */
static void turn(struct scene *scene)
{
    loop_flush(&scene->loop);
    (void)uv_run(&scene->loop.uv, UV_RUN_NOWAIT);
    loop_flush(&scene->loop);
}

#define TURN_UNTIL(scene, condition)                                                               \
    while (!(condition))                                                                           \
    turn(scene)

static void turn_often(struct scene *scene)
{
    for (int i = 0; i < 50; i++)
        turn(scene);
}

static void begin(struct scene *scene)
{
    recorder_listen(&scene->here,
                    tcp_stream_connect(&scene->loop, (struct sockaddr *)&scene->address));
}

static void join(struct scene *scene)
{
    begin(scene);
    scene->peer = accept(scene->listening, NULL, NULL);
    assert_true(scene->peer >= 0);
    TURN_UNTIL(scene, scene->here.opened);
}

/* The peer connects, the stream is not yet open: its descriptor, which it owns. */
static int adopt(struct scene *scene)
{
    scene->peer = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(
        connect(scene->peer, (struct sockaddr *)&scene->address, sizeof(scene->address)), 0);
    int here = accept(scene->listening, NULL, NULL);
    assert_true(here >= 0);
    recorder_listen(&scene->here, tcp_stream_adopt(&scene->loop, here));
    return here;
}

static void send_all(int descriptor, struct span bytes)
{
    assert_int_equal(send(descriptor, bytes.at, bytes.len, MSG_NOSIGNAL), bytes.len);
}

static void reset_peer(struct scene *scene)
{
    struct linger reset = {.l_onoff = 1};
    (void)setsockopt(scene->peer, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
    (void)close(scene->peer);
    scene->peer = -1;
}

static void a_connection_opens_and_carries_bytes_both_ways(void **state)
{
    struct scene *scene = *state;
    char got[32];
    join(scene);
    send_all(scene->peer, SPAN("ping"));
    TURN_UNTIL(scene, scene->here.got.len == 4);
    recorder_write(&scene->here, SPAN("pong!"));
    assert_int_equal(recv(scene->peer, got, sizeof(got), 0), 5);
    assert_memory_equal(got, "pong!", 5);
    assert_int_equal(scene->here.opened, 1);
}

static void an_adopted_socket_opens_from_the_loop(void **state)
{
    struct scene *scene = *state;
    char got[8];
    (void)adopt(scene);
    recorder_write(&scene->here, SPAN("early"));
    assert_int_equal(scene->here.opened, 0);
    assert_int_equal(recv(scene->peer, got, sizeof(got), 0), 5);
    TURN_UNTIL(scene, scene->here.opened);
}

static void what_cannot_be_adopted_fails_from_the_loop(void **state)
{
    struct scene *scene = *state;
    recorder_listen(&scene->here, tcp_stream_adopt(&scene->loop, 1 << 20));
    assert_int_equal(scene->here.failed, 0);
    TURN_UNTIL(scene, scene->here.failed);
    assert_int_equal(scene->here.opened, 0);
}

static void spans_of_one_write_arrive_together(void **state)
{
    struct scene *scene = *state;
    char got[32];
    join(scene);
    const struct span spans[] = {SPAN("head"), SPAN(""), SPAN("body")};
    stream_write(scene->here.stream, spans, COUNT_OF(spans));
    assert_int_equal(recv(scene->peer, got, sizeof(got), 0), 8);
    assert_memory_equal(got, "headbody", 8);
}

static void more_spans_than_one_system_call_takes_keep_their_order(void **state)
{
    struct scene *scene = *state;
    char got[200];
    struct span spans[100];
    join(scene);
    for (size_t i = 0; i < COUNT_OF(spans); i++)
        spans[i] = i % 2 ? SPAN("b") : SPAN("aa");
    stream_write(scene->here.stream, spans, COUNT_OF(spans));
    TURN_UNTIL(scene, scene->here.stream->queued == 0);
    assert_int_equal(recv(scene->peer, got, 150, MSG_WAITALL), 150);
    for (size_t i = 0; i < 150; i += 3)
        assert_memory_equal(got + i, "aab", 3);
}

static void a_write_and_an_end_before_the_connection_is_open_wait_for_it(void **state)
{
    struct scene *scene = *state;
    char got[32];
    begin(scene);
    recorder_write(&scene->here, SPAN("early "));
    recorder_write(&scene->here, SPAN("bird"));
    stream_end(scene->here.stream);
    TURN_UNTIL(scene, scene->here.opened);
    scene->peer = accept(scene->listening, NULL, NULL);
    turn_often(scene);
    assert_int_equal(recv(scene->peer, got, 10, MSG_WAITALL), 10);
    assert_memory_equal(got, "early bird", 10);
    assert_int_equal(recv(scene->peer, got, sizeof(got), 0), 0);
}

static void a_refused_connection_fails_from_the_loop_and_says_why(void **state)
{
    struct scene *scene = *state;
    (void)close(scene->listening);
    scene->listening = -1;
    begin(scene);
    recorder_write(&scene->here, SPAN("lost"));
    assert_int_equal(scene->here.failed, 0);
    TURN_UNTIL(scene, scene->here.failed);
    turn_often(scene);
    assert_int_equal(scene->here.failed, 1);
    assert_int_equal(scene->here.why, ERR_IO);
    assert_int_equal(tcp_stream_error(scene->here.stream), UV_ECONNREFUSED);
    assert_int_equal(scene->here.opened, 0);
}

static void an_address_of_no_family_fails_from_the_loop(void **state)
{
    struct scene *scene = *state;
    struct sockaddr_storage nowhere = {.ss_family = AF_INET6}; /* [::]:0 */
    recorder_listen(&scene->here, tcp_stream_connect(&scene->loop, (struct sockaddr *)&nowhere));
    assert_int_equal(scene->here.failed, 0);
    TURN_UNTIL(scene, scene->here.failed);
    assert_int_equal(scene->here.failed, 1);
}

static void a_long_write_is_congested_until_the_peer_has_read(void **state)
{
    struct scene *scene = *state;
    struct span bytes = pattern_make(BIG);
    struct buffer got;
    char chunk[64 * KIB];
    buffer_init(&got, BIG);
    join(scene);
    recorder_write(&scene->here, bytes);
    assert_true(stream_is_congested(scene->here.stream));
    while (got.len < BIG) {
        turn(scene);
        ssize_t len = recv(scene->peer, chunk, sizeof(chunk), MSG_DONTWAIT);
        if (len > 0)
            assert_int_equal(buffer_append(&got, (struct span){chunk, (size_t)len}), OK);
    }
    TURN_UNTIL(scene, scene->here.drained);
    assert_false(stream_is_congested(scene->here.stream));
    assert_true(span_equal(buffer_bytes(&got), bytes));
    assert_int_equal(scene->here.drained, 1);
    buffer_clear(&got);
    pattern_free(bytes);
}

/* Reads what has come, if that is len bytes at least. */
static bool discard(int descriptor, size_t len)
{
    char chunk[64 * KIB];
    return recv(descriptor, chunk, len, MSG_DONTWAIT | MSG_PEEK) == (ssize_t)len &&
           recv(descriptor, chunk, len, 0) == (ssize_t)len;
}

static void what_the_peer_has_acknowledged_is_taken(void **state)
{
    struct scene *scene = *state;
    join(scene);
    assert_int_equal(stream_taken(scene->here.stream), 0);
    recorder_write(&scene->here, SPAN("abc"));
    TURN_UNTIL(scene, stream_taken(scene->here.stream) == 3);
    recorder_write(&scene->here, SPAN("defg"));
    stream_end(scene->here.stream);
    TURN_UNTIL(scene, stream_taken(scene->here.stream) == 7);
    assert_true(discard(scene->peer, 7));
}

static void what_a_peer_does_not_read_waits_here_and_not_in_the_kernel(void **state)
{
    struct scene *scene = *state;
    int most = 64 * KIB; /* of the peer's buffer */
    struct span bytes = pattern_make(BIG);
    assert_int_equal(setsockopt(scene->listening, SOL_SOCKET, SO_RCVBUF, &most, sizeof(most)), 0);
    join(scene);
    recorder_write(&scene->here, bytes);
    turn_often(scene);
    size_t queued = stream_queued(scene->here.stream);
    uint64_t taken = stream_taken(scene->here.stream);
    assert_in_range(queued, BIG - MIB, BIG);
    assert_in_range(taken, 1, MIB);

    turn_often(scene);
    assert_int_equal(stream_taken(scene->here.stream), taken);
    for (int i = 0; i < 4; i++)
        TURN_UNTIL(scene, discard(scene->peer, 16 * KIB));
    TURN_UNTIL(scene, stream_taken(scene->here.stream) > taken);
    pattern_free(bytes);
}

/* How much unsent the kernel may hold for it: 128 KiB, or that doubled some times. */
static unsigned most_unsent(int descriptor)
{
    unsigned most = 0;
    socklen_t len = sizeof(most);
    assert_int_equal(getsockopt(descriptor, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &most, &len), 0);
    assert_in_range(most, 128 * KIB, 2 * MIB);
    assert_int_equal(most & (most - 1), 0);
    return most;
}

static bool discard_some(int descriptor)
{
    char chunk[16 * KIB];
    return recv(descriptor, chunk, sizeof(chunk), MSG_DONTWAIT) > 0;
}

static void write_until_congested(struct scene *scene, struct span bytes)
{
    while (!stream_is_congested(scene->here.stream))
        recorder_write(&scene->here, bytes);
    turn(scene);
}

static void the_kernel_holds_more_for_a_peer_while_it_is_quick(void **state)
{
    struct scene *scene = *state;
    struct span bytes = pattern_make(256 * KIB);
    int here = adopt(scene);
    TURN_UNTIL(scene, scene->here.opened);
    assert_int_equal(most_unsent(here), 128 * KIB);
    while (most_unsent(here) == 128 * KIB) {
        write_until_congested(scene, bytes);
        while (discard_some(scene->peer))
            ;
    }
    while (most_unsent(here) > 128 * KIB) {
        uint64_t until_ms = loop_now_ms(&scene->loop) + 4;
        TURN_UNTIL(scene, loop_now_ms(&scene->loop) >= until_ms);
        (void)discard_some(scene->peer);
        write_until_congested(scene, bytes);
    }
    pattern_free(bytes);
}

static void a_paused_stream_hears_nothing_and_costs_no_turns(void **state)
{
    struct scene *scene = *state;
    join(scene);
    stream_pause(scene->here.stream, 1);
    send_all(scene->peer, SPAN("wait"));
    assert_int_equal(shutdown(scene->peer, SHUT_WR), 0);
    turn_often(scene);
    assert_int_equal(scene->here.got.len, 0);
    assert_int_equal(scene->here.ended, 0);
    assert_false(uv_loop_alive(&scene->loop.uv)); /* nothing is polled: no spinning on the end */
    stream_resume(scene->here.stream, 1);
    TURN_UNTIL(scene, scene->here.ended);
    assert_int_equal(scene->here.got.len, 4);
}

static void pausing_before_the_connection_opens_holds_the_bytes_back(void **state)
{
    struct scene *scene = *state;
    begin(scene);
    stream_pause(scene->here.stream, 1);
    scene->peer = accept(scene->listening, NULL, NULL);
    send_all(scene->peer, SPAN("wait"));
    TURN_UNTIL(scene, scene->here.opened);
    turn_often(scene);
    assert_int_equal(scene->here.got.len, 0);
    stream_resume(scene->here.stream, 1);
    TURN_UNTIL(scene, scene->here.got.len == 4);
}

static void after_the_peers_end_writing_goes_on(void **state)
{
    struct scene *scene = *state;
    char got[8];
    join(scene);
    assert_int_equal(shutdown(scene->peer, SHUT_WR), 0);
    TURN_UNTIL(scene, scene->here.ended);
    stream_pause(scene->here.stream, 1);
    stream_resume(scene->here.stream, 1);
    turn_often(scene);
    recorder_write(&scene->here, SPAN("late"));
    assert_int_equal(recv(scene->peer, got, sizeof(got), 0), 4);
    assert_int_equal(scene->here.ended, 1);
    assert_int_equal(scene->here.failed, 0);
}

static void after_our_end_reading_goes_on_and_ending_twice_is_harmless(void **state)
{
    struct scene *scene = *state;
    char got[8];
    join(scene);
    stream_end(scene->here.stream);
    stream_end(scene->here.stream);
    recorder_write(&scene->here, SPAN("dropped"));
    turn_often(scene);
    assert_int_equal(recv(scene->peer, got, sizeof(got), 0), 0);
    send_all(scene->peer, SPAN("answer"));
    TURN_UNTIL(scene, scene->here.got.len == 6);
    assert_int_equal(scene->here.failed, 0);
}

static void a_close_ends_the_peer(void **state)
{
    struct scene *scene = *state;
    char got[8];
    join(scene);
    recorder_close(&scene->here);
    turn(scene);
    assert_int_equal(recv(scene->peer, got, sizeof(got), 0), 0);
}

static void an_abort_resets_the_peer(void **state)
{
    struct scene *scene = *state;
    char got[8];
    join(scene);
    stream_abort(scene->here.stream);
    scene->here.stream = NULL;
    turn(scene);
    assert_int_equal(recv(scene->peer, got, sizeof(got), 0), -1);
    assert_int_equal(errno, ECONNRESET);
}

static void an_abort_after_the_end_resets_as_well(void **state)
{
    struct scene *scene = *state;
    join(scene);
    stream_end(scene->here.stream);
    turn_often(scene);
    stream_abort(scene->here.stream);
    scene->here.stream = NULL;
    turn(scene);
    assert_int_equal(send(scene->peer, "x", 1, MSG_NOSIGNAL), -1);
}

static void a_reset_fails_the_stream_once(void **state)
{
    struct scene *scene = *state;
    join(scene);
    reset_peer(scene);
    TURN_UNTIL(scene, scene->here.failed);
    turn_often(scene);
    assert_int_equal(scene->here.failed, 1);
    assert_int_equal(tcp_stream_error(scene->here.stream), UV_ECONNRESET);
    assert_int_equal(scene->here.ended, 0);
}

static void a_reset_together_with_the_last_bytes_is_no_end(void **state)
{
    struct scene *scene = *state;
    join(scene);
    send_all(scene->peer, SPAN("half of it"));
    reset_peer(scene);
    TURN_UNTIL(scene, scene->here.failed || scene->here.ended);
    assert_int_equal(scene->here.failed, 1);
    assert_int_equal(scene->here.ended, 0);
}

static void a_reset_under_congestion_fails_and_never_drains(void **state)
{
    struct scene *scene = *state;
    struct span bytes = pattern_make(BIG);
    join(scene);
    recorder_write(&scene->here, bytes);
    stream_pause(scene->here.stream, 1);
    turn_often(scene);
    reset_peer(scene);
    TURN_UNTIL(scene, scene->here.failed);
    recorder_write(&scene->here, bytes);
    turn_often(scene);
    assert_int_equal(scene->here.failed, 1);
    assert_int_equal(scene->here.drained, 0);
    pattern_free(bytes);
}

/* The server answers 413 and hangs up while the request is still being sent. */
static void an_early_answer_is_heard_before_the_failure(void **state)
{
    struct scene *scene = *state;
    join(scene);
    recorder_write(&scene->here, SPAN("request"));
    turn_often(scene);
    send_all(scene->peer, SPAN("413"));
    (void)close(scene->peer); /* with our bytes unread, so the kernel resets */
    scene->peer = -1;
    for (int i = 0; i < 4; i++)
        recorder_write(&scene->here, SPAN("more of it"));
    assert_int_equal(scene->here.failed, 0);
    TURN_UNTIL(scene, scene->here.failed);
    assert_true(span_equal(buffer_bytes(&scene->here.got), SPAN("413")));
    assert_int_equal(scene->here.failed, 1);
}

static void a_stream_is_quiet_until_something_arrives(void **state)
{
    struct scene *scene = *state;
    join(scene);
    assert_true(stream_is_quiet(scene->here.stream));
    send_all(scene->peer, SPAN("x"));
    assert_false(stream_is_quiet(scene->here.stream));
    TURN_UNTIL(scene, scene->here.got.len == 1);
    assert_true(stream_is_quiet(scene->here.stream));
    (void)close(scene->peer);
    scene->peer = -1;
    assert_false(stream_is_quiet(scene->here.stream));
}

static void a_stream_may_be_closed_by_its_own_event(void **state)
{
    struct scene *scene = *state;
    join(scene);
    scene->here.closes_on_data = true;
    send_all(scene->peer, SPAN("enough"));
    TURN_UNTIL(scene, !scene->here.stream);
    turn_often(scene);
    assert_int_equal(scene->here.ended, 0);
}

static void a_stream_may_be_closed_while_it_connects_writes_and_ends(void **state)
{
    struct scene *scene = *state;
    struct span bytes = pattern_make(BIG);
    begin(scene);
    recorder_write(&scene->here, bytes);
    recorder_close(&scene->here);
    turn_often(scene);
    (void)close(accept(scene->listening, NULL, NULL));
    join(scene);
    recorder_write(&scene->here, bytes);
    stream_end(scene->here.stream);
    turn(scene);
    recorder_close(&scene->here);
    turn_often(scene);
    assert_int_equal(scene->here.failed, 0);
    pattern_free(bytes);
}

static void it_knows_its_peers_address(void **state)
{
    struct scene *scene = *state;
    struct sockaddr_storage peer = {0};
    join(scene);
    assert_true(tcp_stream_peer(scene->here.stream, &peer));
    const struct sockaddr_in *ip = (const void *)&peer;
    assert_int_equal(ip->sin_port, scene->address.sin_port);
    assert_int_equal(ip->sin_addr.s_addr, scene->address.sin_addr.s_addr);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_connection_opens_and_carries_bytes_both_ways),
        TEST(an_adopted_socket_opens_from_the_loop),
        TEST(what_cannot_be_adopted_fails_from_the_loop),
        TEST(spans_of_one_write_arrive_together),
        TEST(more_spans_than_one_system_call_takes_keep_their_order),
        TEST(a_write_and_an_end_before_the_connection_is_open_wait_for_it),
        TEST(a_refused_connection_fails_from_the_loop_and_says_why),
        TEST(an_address_of_no_family_fails_from_the_loop),
        TEST(a_long_write_is_congested_until_the_peer_has_read),
        TEST(what_the_peer_has_acknowledged_is_taken),
        TEST(what_a_peer_does_not_read_waits_here_and_not_in_the_kernel),
        TEST(the_kernel_holds_more_for_a_peer_while_it_is_quick),
        TEST(a_paused_stream_hears_nothing_and_costs_no_turns),
        TEST(pausing_before_the_connection_opens_holds_the_bytes_back),
        TEST(after_the_peers_end_writing_goes_on),
        TEST(after_our_end_reading_goes_on_and_ending_twice_is_harmless),
        TEST(a_close_ends_the_peer),
        TEST(an_abort_resets_the_peer),
        TEST(an_abort_after_the_end_resets_as_well),
        TEST(a_reset_fails_the_stream_once),
        TEST(a_reset_together_with_the_last_bytes_is_no_end),
        TEST(a_reset_under_congestion_fails_and_never_drains),
        TEST(an_early_answer_is_heard_before_the_failure),
        TEST(a_stream_is_quiet_until_something_arrives),
        TEST(a_stream_may_be_closed_by_its_own_event),
        TEST(a_stream_may_be_closed_while_it_connects_writes_and_ends),
        TEST(it_knows_its_peers_address),
    };
    (void)alarm(GIVE_UP_S);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
