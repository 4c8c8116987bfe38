#include "client/proxied_stream.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/text.h"
#include "net/memory_stream.h"
#include "support/recorder.h"

#define LINE "PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\r\n"

/* A balancer at one end of a pair, and what the gateway sees at the other. */
struct scene {
    struct loop loop;
    struct memory_pair *pair;
    struct recorder balancer, gateway;
    struct stream *lower; /* borrowed from the gateway's */
};

static int set_up(void **state)
{
    static struct scene scene;
    struct stream *balancer;
    scene = (struct scene){0};
    loop_init(&scene.loop);
    scene.pair = memory_pair_create(&balancer, &scene.lower);
    recorder_listen(&scene.balancer, balancer);
    recorder_listen(&scene.gateway, proxied_stream_create(scene.lower, &scene.loop));
    *state = &scene;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *scene = *state;
    recorder_close(&scene->balancer);
    recorder_close(&scene->gateway);
    loop_flush(&scene->loop);
    memory_pair_destroy(scene->pair);
    loop_close(&scene->loop);
    return 0;
}

static void settle_in_pieces(struct scene *scene, size_t most)
{
    do
        loop_flush(&scene->loop);
    while (memory_pair_step(scene->pair, most));
    loop_flush(&scene->loop);
}

static void settle(struct scene *scene)
{
    settle_in_pieces(scene, LOOP_READ_SIZE);
}

static void send_bytes(struct scene *scene, struct span bytes)
{
    recorder_write(&scene->balancer, bytes);
    settle(scene);
}

static void assert_got(const struct recorder *recorder, const char *text)
{
    assert_true(span_equal(buffer_bytes(&recorder->got), span_of(text)));
}

static void it_opens_with_the_header_and_takes_it_out(void **state)
{
    struct scene *scene = *state;
    settle(scene);
    assert_int_equal(scene->gateway.opened, 0);
    send_bytes(scene, SPAN(LINE));
    assert_int_equal(scene->gateway.opened, 1);
    assert_int_equal(scene->gateway.got.len, 0);
    send_bytes(scene, SPAN("hello"));
    assert_got(&scene->gateway, "hello");
}

static void what_comes_with_the_header_is_the_clients_own(void **state)
{
    struct scene *scene = *state;
    send_bytes(scene, SPAN(LINE LINE "GET /"));
    assert_int_equal(scene->gateway.opened, 1);
    assert_got(&scene->gateway, LINE "GET /");
}

static void pieces_of_any_size_are_the_same(void **state)
{
    struct scene *scene = *state;
    for (size_t size = 1; size < sizeof(LINE) + 5; size++) {
        recorder_write(&scene->balancer, SPAN(LINE "hello"));
        settle_in_pieces(scene, size);
        assert_int_equal(scene->gateway.opened, 1);
        assert_got(&scene->gateway, "hello");
        (void)tear_down(state);
        (void)set_up(state);
        scene = *state;
    }
}

static void the_clients_address_is_the_headers(void **state)
{
    struct scene *scene = *state;
    struct address address = {0}, wanted;
    assert_true(address_parse(SPAN("192.0.2.1"), &wanted));
    assert_false(stream_peer_address(scene->gateway.stream, &address));
    send_bytes(scene, SPAN(LINE));
    assert_true(stream_peer_address(scene->gateway.stream, &address));
    assert_true(address_equal(&address, &wanted));
}

static void a_header_without_an_address_leaves_the_sockets(void **state)
{
    struct scene *scene = *state;
    struct address address = {.len = 99};
    unsigned char sha256[FINGERPRINT_SIZE];
    send_bytes(scene, SPAN("PROXY UNKNOWN\r\n"));
    assert_int_equal(scene->gateway.opened, 1);
    assert_false(stream_peer_address(scene->gateway.stream, &address));
    assert_int_equal(address.len, 99);
    assert_false(stream_peer_fingerprint(scene->gateway.stream, sha256));
}

static void without_a_header_it_fails_and_says_what_is_wrong(void **state)
{
    struct scene *scene = *state;
    send_bytes(scene, SPAN("GET / HTTP/1.1\r\n\r\n"));
    assert_int_equal(scene->gateway.failed, 1);
    assert_int_equal(scene->gateway.why, ERR_SYNTAX);
    assert_int_equal(scene->gateway.opened, 0);
    send_bytes(scene, SPAN(LINE "hello"));
    assert_int_equal(scene->gateway.failed, 1);
    assert_int_equal(scene->gateway.got.len, 0);
}

static void endless_bytes_are_no_header(void **state)
{
    struct scene *scene = *state;
    struct span pattern = pattern_make(100 * KIB);
    send_bytes(scene, SPAN("PROXY UNKNOWN "));
    send_bytes(scene, pattern);
    assert_int_equal(scene->gateway.failed, 1);
    assert_int_equal(scene->gateway.why, ERR_SYNTAX);
    pattern_free(pattern);
}

static void who_leaves_before_the_header_has_just_left(void **state)
{
    struct scene *scene = *state;
    send_bytes(scene, SPAN("PROXY TCP4"));
    stream_end(scene->balancer.stream);
    settle(scene);
    assert_int_equal(scene->gateway.failed, 1);
    assert_int_equal(scene->gateway.why, ERR_CLOSED);
    assert_int_equal(scene->gateway.ended, 0);
}

static void an_end_after_the_header_is_an_end(void **state)
{
    struct scene *scene = *state;
    send_bytes(scene, SPAN(LINE "hello"));
    stream_end(scene->balancer.stream);
    settle(scene);
    assert_int_equal(scene->gateway.ended, 1);
    assert_int_equal(scene->gateway.failed, 0);
    recorder_write(&scene->gateway, SPAN("bye"));
    stream_end(scene->gateway.stream);
    settle(scene);
    assert_got(&scene->balancer, "bye");
    assert_int_equal(scene->balancer.ended, 1);
}

static void a_lost_connection_fails_with_its_reason(void **state)
{
    struct scene *scene = *state;
    send_bytes(scene, SPAN(LINE));
    memory_pair_break(scene->pair, scene->lower);
    settle(scene);
    assert_int_equal(scene->gateway.failed, 1);
    assert_int_equal(scene->gateway.why, ERR_IO);
}

static void a_pause_holds_back_what_came_with_the_header(void **state)
{
    struct scene *scene = *state;
    stream_pause(scene->gateway.stream, RECORDER_PAUSE);
    send_bytes(scene, SPAN(LINE "hello"));
    send_bytes(scene, SPAN(" there"));
    assert_int_equal(scene->gateway.opened, 1);
    assert_int_equal(scene->gateway.got.len, 0);
    assert_false(stream_is_quiet(scene->gateway.stream));
    stream_resume(scene->gateway.stream, RECORDER_PAUSE);
    assert_int_equal(scene->gateway.got.len, 0); /* not from inside the call */
    settle(scene);
    assert_got(&scene->gateway, "hello there");
    assert_true(stream_is_quiet(scene->gateway.stream));
}

static void pausing_within_the_event_holds_back_the_rest(void **state)
{
    struct scene *scene = *state;
    scene->gateway.pauses_on_data = true;
    send_bytes(scene, SPAN(LINE "hello"));
    send_bytes(scene, SPAN(" there"));
    assert_got(&scene->gateway, "hello");
    stream_resume(scene->gateway.stream, RECORDER_PAUSE);
    settle(scene);
    assert_got(&scene->gateway, "hello there");
    stream_resume(scene->gateway.stream, RECORDER_PAUSE);
    stream_pause(scene->gateway.stream, RECORDER_PAUSE);
    send_bytes(scene, SPAN("!"));
    assert_got(&scene->gateway, "hello there");
}

static void congestion_is_that_of_the_lower_stream(void **state)
{
    struct scene *scene = *state;
    struct span pattern = pattern_make(2 * STREAM_HIGH_MARK);
    send_bytes(scene, SPAN(LINE));
    recorder_write(&scene->gateway, SPAN("abc"));
    assert_int_equal(stream_queued(scene->gateway.stream), 3);
    settle(scene);
    assert_int_equal(stream_queued(scene->gateway.stream), 0);
    recorder_write(&scene->gateway, pattern);
    assert_true(stream_is_congested(scene->gateway.stream));
    settle(scene);
    assert_int_equal(scene->gateway.drained, 1);
    assert_false(stream_is_congested(scene->gateway.stream));
    pattern_free(pattern);
}

/* Closed or reset at each step, also from inside an event. */
static void it_may_be_closed_at_any_moment(void **state)
{
    for (int steps = 0; steps < 8; steps++) {
        for (int is_abort = 0; is_abort < 2; is_abort++) {
            struct scene *scene = *state;
            scene->gateway.closes_on_data = steps == 7;
            recorder_write(&scene->balancer, SPAN(LINE "hello"));
            for (int i = 0; i < steps; i++) {
                loop_flush(&scene->loop);
                (void)memory_pair_step(scene->pair, sizeof(LINE) / 2);
            }
            if (is_abort && scene->gateway.stream) {
                stream_abort(scene->gateway.stream);
                scene->gateway.stream = NULL;
                buffer_clear(&scene->gateway.got);
            }
            recorder_close(&scene->gateway);
            settle(scene);
            assert_int_equal(scene->gateway.failed, 0);
            (void)tear_down(state);
            (void)set_up(state);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(it_opens_with_the_header_and_takes_it_out),
        TEST(what_comes_with_the_header_is_the_clients_own),
        TEST(pieces_of_any_size_are_the_same),
        TEST(the_clients_address_is_the_headers),
        TEST(a_header_without_an_address_leaves_the_sockets),
        TEST(without_a_header_it_fails_and_says_what_is_wrong),
        TEST(endless_bytes_are_no_header),
        TEST(who_leaves_before_the_header_has_just_left),
        TEST(an_end_after_the_header_is_an_end),
        TEST(a_lost_connection_fails_with_its_reason),
        TEST(a_pause_holds_back_what_came_with_the_header),
        TEST(pausing_within_the_event_holds_back_the_rest),
        TEST(congestion_is_that_of_the_lower_stream),
        TEST(it_may_be_closed_at_any_moment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
