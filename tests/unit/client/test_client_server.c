/* Many connections of one server: counting, draining, aborting. */
#include "client/client_connection.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "support/client_scene.h"

#define GET         "GET /a HTTP/1.1\r\nhost: x\r\n\r\n"
#define POST_UNREAD "POST /a HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nabc"
#define OK_ANSWER   "HTTP/1.1 200 OK\r\ndate: D\r\ncontent-length: 2\r\n\r\nok"
#define CLOSE_ANSWER                                                                               \
    "HTTP/1.1 200 OK\r\ndate: D\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok"

static void assert_span(struct span is, struct span wanted)
{
    assert_int_equal(is.len, wanted.len);
    assert_memory_equal(is.at, wanted.at, wanted.len);
}

static int set_up(void **state)
{
    static struct client_scene scene;
    client_scene_set_up(&scene);
    (void)client_scene_connect(&scene);
    *state = &scene;
    return 0;
}

static int tear_down(void **state)
{
    client_scene_tear_down(*state);
    return 0;
}

static void connections_are_counted_until_they_leave(void **state)
{
    struct client_scene *scene = *state;
    (void)client_scene_connect(scene);
    assert_int_equal(scene->server.count, 2);
    recorder_close(&scene->peers[0].client);
    client_scene_turn(scene);
    assert_int_equal(scene->server.count, 1);
    assert_int_equal(scene->left, 1);
}

static struct address seen;

static void look_at_the_peer(struct heard *heard)
{
    seen = *client_peer(heard->connection);
}

static void the_handler_sees_the_address_of_the_client(void **state)
{
    struct client_scene *scene = *state;
    struct client_origin origin = {0};
    assert_true(address_parse(SPAN("2001:db8::1"), &origin.address));
    struct peer *peer = client_scene_accept(scene, &origin);
    scene->plan.on_request = look_at_the_peer;
    recorder_write(&peer->client, SPAN(GET));
    client_scene_turn(scene);
    assert_true(address_equal(&seen, &origin.address));
}

static void an_unknown_address_is_unspecified(void **state)
{
    struct client_scene *scene = *state;
    scene->plan.on_request = look_at_the_peer;
    client_scene_send(scene, SPAN(GET));
    assert_int_equal(seen.len, 0);
}

/* --- Draining --- */

static void draining_closes_connections_at_rest(void **state)
{
    struct client_scene *scene = *state;
    client_scene_send(scene, SPAN(GET));
    client_server_drain(&scene->server);
    client_scene_turn(scene);
    assert_int_equal(scene->server.count, 0);
    assert_int_equal(scene->peers[0].client.ended, 1);
    assert_span(client_scene_got(scene), SPAN(OK_ANSWER));
}

static void draining_answers_a_head_that_has_begun(void **state)
{
    struct client_scene *scene = *state;
    client_scene_send(scene, SPAN("GET /a HTTP/1.1\r\n"));
    client_server_drain(&scene->server);
    client_scene_send(scene, SPAN("host: x\r\n\r\n"));
    assert_span(client_scene_got(scene), SPAN(CLOSE_ANSWER));
    assert_int_equal(scene->peers[0].client.ended, 1);
}

static void draining_answers_a_request_that_has_just_arrived(void **state)
{
    struct client_scene *scene = *state;
    client_scene_send(scene, SPAN(GET));
    recorder_write(&scene->peers[0].client, SPAN(GET));
    client_server_drain(&scene->server);
    client_scene_turn(scene);
    assert_span(client_scene_got(scene), SPAN(OK_ANSWER CLOSE_ANSWER));
}

static void draining_gives_a_new_connection_the_time_for_its_request(void **state)
{
    struct client_scene *scene = *state;
    static const struct client_origin nowhere = {0};
    for (int i = 0; i < 2; i++)
        (void)client_scene_accept(scene, &nowhere);
    client_server_drain(&scene->server);
    client_scene_turn(scene);
    assert_int_equal(scene->server.count, 2);
    recorder_write(&scene->peers[1].client, SPAN(GET));
    client_scene_turn(scene);
    assert_span(buffer_bytes(&scene->peers[1].client.got), SPAN(CLOSE_ANSWER));
    client_scene_pass(scene, 2000);
    assert_int_equal(scene->server.count, 0);
}

static void draining_ends_a_request_in_its_turn_with_close(void **state)
{
    struct client_scene *scene = *state;
    scene->plan.on_request = heard_nothing;
    client_scene_send(scene, SPAN(GET GET));
    client_server_drain(&scene->server);
    client_scene_turn(scene);
    assert_non_null(scene->heard);
    heard_answer_ok(scene->heard);
    client_scene_turn(scene);
    assert_span(client_scene_got(scene), SPAN(CLOSE_ANSWER));
    assert_int_equal(scene->peers[0].client.ended, 1);
}

static void answer_after_its_head(struct client_scene *scene)
{
    scene->plan.on_request = heard_nothing;
    client_scene_send(scene, SPAN(GET));
    heard_head(scene->heard, 200, BODY_LENGTH, 2);
    client_scene_turn(scene);
    client_server_drain(&scene->server);
    client_send_body(scene->heard->connection, SPAN("ok"));
    client_send_end(scene->heard->connection);
    heard_done(scene->heard);
    client_scene_turn(scene);
    assert_span(client_scene_got(scene), SPAN(OK_ANSWER));
}

/* The client was told that it may go on: closing now would fail its next request. */
static void draining_after_the_head_has_gone_says_close_with_the_next_answer(void **state)
{
    struct client_scene *scene = *state;
    answer_after_its_head(scene);
    assert_int_equal(scene->peers[0].client.ended, 0);
    client_scene_send(scene, SPAN(GET));
    heard_answer_ok(scene->heard);
    client_scene_turn(scene);
    assert_span(client_scene_got(scene), SPAN(OK_ANSWER CLOSE_ANSWER));
    assert_int_equal(scene->peers[0].client.ended, 1);
}

static void draining_after_the_head_has_gone_does_not_wait_for_long(void **state)
{
    struct client_scene *scene = *state;
    answer_after_its_head(scene);
    client_scene_pass(scene, 2000);
    assert_int_equal(scene->server.count, 0);
}

static void draining_waits_for_the_rest_of_an_unread_body(void **state)
{
    struct client_scene *scene = *state;
    scene->plan.on_request = heard_answer_ok;
    client_scene_send(scene, SPAN(POST_UNREAD));
    client_server_drain(&scene->server);
    client_scene_turn(scene);
    assert_int_equal(scene->server.count, 1);
    client_scene_send(scene, SPAN("defghi"));
    client_scene_pass(scene, 2000);
    assert_int_equal(scene->server.count, 0);
    assert_int_equal(scene->peers[0].client.failed, 0);
}

static void draining_leaves_an_answer_the_time_to_arrive(void **state)
{
    struct client_scene *scene = *state;
    stream_pause(scene->peers[0].client.stream, RECORDER_PAUSE);
    client_scene_send(scene, SPAN(GET));
    client_server_drain(&scene->server);
    client_scene_turn(scene);
    assert_int_equal(scene->server.count, 1);
    stream_resume(scene->peers[0].client.stream, RECORDER_PAUSE);
    client_scene_turn(scene);
    assert_span(client_scene_got(scene), SPAN(OK_ANSWER));
    assert_int_equal(scene->peers[0].client.ended, 1);
    client_scene_pass(scene, 2000);
    assert_int_equal(scene->server.count, 0);
}

/* --- Aborting, in each state --- */

static void begin_at_rest(struct client_scene *scene)
{
    client_scene_send(scene, SPAN(GET));
}

static void begin_head(struct client_scene *scene)
{
    client_scene_send(scene, SPAN("GET /a"));
}

static void begin_turn(struct client_scene *scene)
{
    scene->plan.on_request = heard_nothing;
    client_scene_send(scene, SPAN(GET GET));
}

static void begin_body(struct client_scene *scene)
{
    client_scene_send(scene, SPAN(POST_UNREAD));
}

static void begin_answer(struct client_scene *scene)
{
    begin_turn(scene);
    heard_head(scene->heard, 200, BODY_CHUNKED, 0);
    client_send_body(scene->heard->connection, SPAN("abc"));
    client_scene_turn(scene);
}

static void begin_head_to_be_flushed(struct client_scene *scene)
{
    begin_turn(scene);
    heard_head(scene->heard, 200, BODY_CHUNKED, 0);
}

static void begin_drain(struct client_scene *scene)
{
    scene->plan.on_request = heard_answer_ok;
    client_scene_send(scene, SPAN(POST_UNREAD));
}

static void begin_lingering(struct client_scene *scene)
{
    client_scene_send(scene, SPAN("GET /a HTTP/1.0\r\n\r\n"));
}

static void begin_being_gone(struct client_scene *scene)
{
    begin_turn(scene);
    scene->plan.on_gone = heard_nothing;
    memory_pair_break(scene->peers[0].pair, scene->peers[0].served);
    client_scene_turn(scene);
}

static const struct {
    void (*begin)(struct client_scene *scene);
    unsigned gone, failed;
} states[] = {
    {begin_at_rest, 0, 0}, {begin_head, 0, 0},      {begin_turn, 1, 0},
    {begin_body, 1, 0},    {begin_answer, 1, 1},    {begin_head_to_be_flushed, 1, 1},
    {begin_drain, 0, 0},   {begin_lingering, 0, 0}, {begin_being_gone, 2, 0},
};

/* A handler that goes on after its client has left hears it a second time, and no third. */
static void all_may_be_aborted_in_each_state(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(states); i++) {
        for (int is_drained = 0; is_drained < 2; is_drained++) {
            struct client_scene scene;
            client_scene_set_up(&scene);
            (void)client_scene_connect(&scene);
            (void)client_scene_connect(&scene);
            states[i].begin(&scene);
            if (is_drained)
                client_server_drain(&scene.server);
            client_server_abort(&scene.server);
            client_server_abort(&scene.server);
            assert_int_equal(scene.gone, states[i].gone);
            assert_int_equal(scene.server.count, scene.heard ? 1 : 0);
            client_scene_turn(&scene);
            assert_int_equal(scene.peers[0].client.failed, states[i].failed);
            client_scene_tear_down(&scene);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(connections_are_counted_until_they_leave),
        TEST(the_handler_sees_the_address_of_the_client),
        TEST(an_unknown_address_is_unspecified),
        TEST(draining_closes_connections_at_rest),
        TEST(draining_answers_a_head_that_has_begun),
        TEST(draining_answers_a_request_that_has_just_arrived),
        TEST(draining_gives_a_new_connection_the_time_for_its_request),
        TEST(draining_ends_a_request_in_its_turn_with_close),
        TEST(draining_after_the_head_has_gone_says_close_with_the_next_answer),
        TEST(draining_after_the_head_has_gone_does_not_wait_for_long),
        TEST(draining_waits_for_the_rest_of_an_unread_body),
        TEST(draining_leaves_an_answer_the_time_to_arrive),
        cmocka_unit_test(all_may_be_aborted_in_each_state),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
