/* Before a connection's stream is ready: its deadline, its address, how it leaves. */
#include "client/client_connection.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "client/proxied_stream.h"
#include "support/client_scene.h"

#define LINE "PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\r\n"
#define GET  "GET /a HTTP/1.1\r\nhost: x\r\n\r\n"

/* What the accepter hears: struct client_server has no room for an owner of its own. */
static struct {
    unsigned unopened;
    enum status why;
    void *ticket;
} heard_of;

static void on_unopened(struct client_server *server, enum status why)
{
    (void)server;
    heard_of.unopened++;
    heard_of.why = why;
}

static void on_leave(struct client_server *server, void *ticket)
{
    client_scene_on_leave(server, ticket);
    heard_of.ticket = ticket;
}

static int set_up(void **state)
{
    static struct client_scene scene;
    client_scene_set_up(&scene);
    memset(&heard_of, 0, sizeof(heard_of));
    scene.server.on_unopened = on_unopened;
    scene.server.on_leave = on_leave;
    *state = &scene;
    return 0;
}

static int tear_down(void **state)
{
    client_scene_tear_down(*state);
    return 0;
}

/* A connection whose stream opens with a PROXY header. */
static struct peer *connect_proxied(struct client_scene *scene)
{
    static int ticket;
    struct client_origin origin = {.ticket = &ticket};
    struct peer *peer = &scene->peers[scene->peer_count++];
    struct stream *client;
    assert_true(address_parse(SPAN("10.0.0.1"), &origin.address));
    peer->pair = memory_pair_create(&client, &peer->served);
    recorder_listen(&peer->client, client);
    client_server_accept(&scene->server, proxied_stream_create(peer->served, &scene->loop),
                         &origin);
    client_scene_turn(scene);
    return peer;
}

static struct address seen;

static void look_at_the_peer(struct heard *heard)
{
    seen = *client_peer(heard->connection);
    heard_answer_ok(heard);
}

static const char *address_of_request(struct client_scene *scene, struct span bytes)
{
    static char text[ADDRESS_TEXT_SIZE];
    (void)connect_proxied(scene);
    scene->plan.on_request = look_at_the_peer;
    client_scene_send(scene, bytes);
    assert_int_equal(scene->requests, 1);
    (void)address_write(&seen, text);
    return text;
}

static void the_streams_address_of_the_peer_counts_more_than_the_sockets(void **state)
{
    assert_string_equal(address_of_request(*state, SPAN(LINE GET)), "192.0.2.1");
}

static void where_the_stream_knows_none_it_is_the_sockets(void **state)
{
    assert_string_equal(address_of_request(*state, SPAN("PROXY UNKNOWN\r\n" GET)), "10.0.0.1");
}

static void a_stream_that_does_not_open_in_time_is_closed(void **state)
{
    struct client_scene *scene = *state;
    struct peer *peer = connect_proxied(scene);
    client_scene_pass(scene, 9999);
    client_scene_send(scene, SPAN("PROXY"));
    assert_int_equal(scene->server.count, 1);
    client_scene_pass(scene, 1);
    assert_int_equal(scene->server.count, 0);
    assert_int_equal(peer->client.ended, 1);
    assert_int_equal(heard_of.unopened, 1);
    assert_int_equal(heard_of.why, ERR_LIMIT);
    assert_non_null(heard_of.ticket);
    assert_int_equal(scene->requests + scene->refusals, 0);
}

static void one_that_opens_in_time_may_rest_as_long_as_others(void **state)
{
    struct client_scene *scene = *state;
    (void)connect_proxied(scene);
    client_scene_pass(scene, 9999);
    client_scene_send(scene, SPAN(LINE));
    client_scene_pass(scene, 64999);
    assert_int_equal(scene->server.count, 1);
    client_scene_pass(scene, 1);
    assert_int_equal(scene->server.count, 0);
    assert_int_equal(heard_of.unopened, 0);
}

static void one_that_fails_to_open_leaves_with_the_reason(void **state)
{
    struct client_scene *scene = *state;
    (void)connect_proxied(scene);
    client_scene_send(scene, SPAN(GET));
    assert_int_equal(scene->server.count, 0);
    assert_int_equal(heard_of.unopened, 1);
    assert_int_equal(heard_of.why, ERR_SYNTAX);
    assert_int_equal(client_scene_got(scene).len, 0);
}

static void one_that_just_leaves_is_told_apart(void **state)
{
    struct client_scene *scene = *state;
    struct peer *peer = connect_proxied(scene);
    stream_end(peer->client.stream);
    client_scene_turn(scene);
    assert_int_equal(scene->server.count, 0);
    assert_int_equal(heard_of.why, ERR_CLOSED);
}

static void draining_gives_it_a_short_time_to_open_and_to_ask(void **state)
{
    struct client_scene *scene = *state;
    (void)connect_proxied(scene);
    client_server_drain(&scene->server);
    client_scene_pass(scene, 1999);
    client_scene_send(scene, SPAN(LINE));
    client_scene_pass(scene, 1999);
    assert_int_equal(scene->server.count, 1);
    client_scene_send(scene, SPAN(GET));
    assert_int_equal(scene->requests, 1);
    client_scene_pass(scene, 2000);
    assert_int_equal(scene->server.count, 0);
}

static void draining_does_not_wait_for_one_that_does_not_open(void **state)
{
    struct client_scene *scene = *state;
    (void)connect_proxied(scene);
    client_server_drain(&scene->server);
    client_scene_pass(scene, 2000);
    assert_int_equal(scene->server.count, 0);
}

static void draining_does_not_wait_for_one_that_opens_and_asks_nothing(void **state)
{
    struct client_scene *scene = *state;
    (void)connect_proxied(scene);
    client_server_drain(&scene->server);
    client_scene_send(scene, SPAN(LINE));
    client_scene_pass(scene, 2000);
    assert_int_equal(scene->server.count, 0);
}

static void it_may_be_aborted_meanwhile(void **state)
{
    struct client_scene *scene = *state;
    (void)connect_proxied(scene);
    client_server_abort(&scene->server);
    assert_int_equal(scene->server.count, 0);
    assert_int_equal(heard_of.unopened, 0);
}

static void without_a_certificate_there_is_no_fingerprint(void **state)
{
    struct client_scene *scene = *state;
    unsigned char sha256[FINGERPRINT_SIZE];
    (void)connect_proxied(scene);
    scene->plan.on_request = heard_nothing;
    client_scene_send(scene, SPAN(LINE GET));
    assert_false(client_fingerprint(scene->heard->connection, sha256));
    recorder_close(&scene->peers[0].client);
    scene->plan.on_gone = heard_nothing;
    client_scene_turn(scene);
    assert_false(client_fingerprint(scene->heard->connection, sha256));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(the_streams_address_of_the_peer_counts_more_than_the_sockets),
        TEST(where_the_stream_knows_none_it_is_the_sockets),
        TEST(a_stream_that_does_not_open_in_time_is_closed),
        TEST(one_that_opens_in_time_may_rest_as_long_as_others),
        TEST(one_that_fails_to_open_leaves_with_the_reason),
        TEST(one_that_just_leaves_is_told_apart),
        TEST(draining_gives_it_a_short_time_to_open_and_to_ask),
        TEST(draining_does_not_wait_for_one_that_does_not_open),
        TEST(draining_does_not_wait_for_one_that_opens_and_asks_nothing),
        TEST(it_may_be_aborted_meanwhile),
        TEST(without_a_certificate_there_is_no_fingerprint),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
