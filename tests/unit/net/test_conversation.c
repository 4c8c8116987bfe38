/* One conversation over every kind of stream, cut at every step from either side. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "net/listener.h"
#include "net/memory_stream.h"
#include "net/tcp_stream.h"
#include "net/tls_stream.h"
#include "support/certificates.h"

enum { TOTAL = 300 * 1000, CHUNK = 7000, PIECE = 9999, PAUSE = 1, GIVE_UP_S = 120 };

/* Layers of TLS over the bytes. */
enum wrapping { PLAIN, TLS, TLS_IN_TLS };

struct talker {
    struct stream *stream;
    bool is_client, has_paused, is_done;
    size_t sent, received, close_after;
    unsigned ends, failures;
};

struct talk {
    struct loop loop;
    enum wrapping wrapping;
    struct listener *listener;
    struct talker client, server;
};

static struct certificate authority, identity;
static struct tls_context *client_side, *server_side;

static int set_up(void **state)
{
    char error[TLS_ERROR_SIZE];
    (void)state;
    certificate_make_authority(&authority, "authority");
    certificate_make_server(&identity, "DNS:a.test", &authority);
    struct tls_client_options client = {"a.test", authority.certificate_file};
    struct tls_server_options server = {.certificate_file = identity.certificate_file,
                                        .key_file = identity.key_file};
    client_side = tls_context_create_client(&client, error);
    server_side = tls_context_create_server(&server, error);
    return client_side && server_side ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    tls_context_release(client_side);
    tls_context_release(server_side);
    certificate_clear(&authority);
    certificate_clear(&identity);
    return 0;
}

static char pattern(size_t i)
{
    return (char)('a' + (i + i / 4093) % 26);
}

static void hang_up(struct talker *talker)
{
    if (talker->stream)
        stream_close(talker->stream);
    talker->stream = NULL;
}

static void pump(struct talker *talker)
{
    if (!talker->is_client)
        return;
    while (talker->sent < TOTAL && !stream_is_congested(talker->stream)) {
        char chunk[CHUNK];
        size_t len = TOTAL - talker->sent < CHUNK ? TOTAL - talker->sent : CHUNK;
        for (size_t i = 0; i < len; i++)
            chunk[i] = pattern(talker->sent + i);
        const struct span halves[] = {{chunk, len / 2}, {chunk + len / 2, len - len / 2}};
        stream_write(talker->stream, halves, COUNT_OF(halves));
        talker->sent += len;
    }
}

static void on_open(void *owner)
{
    pump(owner);
}

static void on_data(void *owner, struct span bytes)
{
    struct talker *talker = owner;
    assert_int_equal(talker->failures, 0);
    for (size_t i = 0; i < bytes.len; i++)
        assert_int_equal(bytes.at[i], pattern(talker->received + i));
    talker->received += bytes.len;
    if (talker->close_after && talker->received >= talker->close_after) {
        hang_up(talker); /* inside its own event */
        return;
    }
    if (!talker->is_client)
        stream_write(talker->stream, &bytes, 1);
    if (talker->is_client && talker->received == TOTAL) {
        talker->is_done = true;
        hang_up(talker);
        return;
    }
    if (!talker->has_paused && talker->received > 1000) {
        talker->has_paused = true;
        stream_pause(talker->stream, PAUSE);
        stream_resume(talker->stream, PAUSE);
    }
}

static void on_drained(void *owner)
{
    struct talker *talker = owner;
    assert_int_equal(talker->failures, 0);
    pump(talker);
}

static void on_end(void *owner)
{
    struct talker *talker = owner;
    assert_int_equal(talker->ends++ + talker->failures, 0);
    hang_up(talker);
}

static void on_failed(void *owner, enum status why)
{
    struct talker *talker = owner;
    (void)why;
    assert_int_equal(talker->failures++, 0);
    hang_up(talker);
}

static const struct stream_events events = {on_open, on_data, on_drained, on_end, on_failed};

static void begin(struct talk *talk, struct talker *talker, struct stream *bytes)
{
    struct tls_context *context = talker->is_client ? client_side : server_side;
    for (enum wrapping layer = PLAIN; layer < talk->wrapping; layer++)
        bytes = tls_stream_create(bytes, context, &talk->loop);
    talker->stream = bytes;
    stream_listen_to(bytes, &events, talker);
}

struct cut {
    int step; /* -1: nobody is cut */
    bool hits_client;
    size_t close_after; /* the client closes inside its event; 0: not */
};

/* Returns the number of steps it took. */
static int talk_in_memory(enum wrapping wrapping, const struct cut *cut)
{
    struct talk talk = {.wrapping = wrapping,
                        .client = {.is_client = true, .close_after = cut->close_after}};
    struct stream *left, *right;
    int steps = 0;
    loop_init(&talk.loop);
    struct memory_pair *pair = memory_pair_create(&left, &right);
    begin(&talk, &talk.client, left);
    begin(&talk, &talk.server, right);
    for (bool is_busy = true; is_busy; steps++) {
        if (steps == cut->step)
            hang_up(cut->hits_client ? &talk.client : &talk.server);
        is_busy = memory_pair_step(pair, PIECE);
        loop_flush(&talk.loop);
    }
    if (cut->step < 0 && cut->close_after == 0) {
        assert_true(talk.client.is_done);
        assert_int_equal(talk.server.ends, 1);
    }
    assert_true(!talk.client.stream || cut->step >= steps);
    hang_up(&talk.client);
    hang_up(&talk.server);
    loop_flush(&talk.loop);
    memory_pair_destroy(pair);
    loop_close(&talk.loop);
    return steps;
}

static void talk_and_be_cut(enum wrapping wrapping)
{
    int steps = talk_in_memory(wrapping, &(struct cut){.step = -1});
    for (int step = 0; step <= steps; step++) {
        talk_in_memory(wrapping, &(struct cut){.step = step, .hits_client = true});
        talk_in_memory(wrapping, &(struct cut){.step = step});
    }
    for (size_t close_after = 1; close_after < TOTAL; close_after += 20011)
        talk_in_memory(wrapping, &(struct cut){.step = -1, .close_after = close_after});
}

static void plain_bytes_in_memory(void **state)
{
    (void)state;
    talk_and_be_cut(PLAIN);
}

static void tls_in_memory(void **state)
{
    (void)state;
    talk_and_be_cut(TLS);
}

static void tls_inside_tls_in_memory(void **state)
{
    (void)state;
    talk_and_be_cut(TLS_IN_TLS);
}

static void on_accept(void *owner, struct stream *stream, const struct sockaddr *peer)
{
    struct talk *talk = owner;
    (void)peer;
    begin(talk, &talk->server, stream);
    listener_close(talk->listener);
}

static void talk_over_tcp(enum wrapping wrapping)
{
    static const struct listener_events accepting = {.on_accept = on_accept};
    struct talk talk = {.wrapping = wrapping, .client = {.is_client = true}};
    char error[LISTENER_ERROR_SIZE];
    struct sockaddr_storage address;
    socklen_t len = sizeof(address);
    int descriptor;
    loop_init(&talk.loop);
    assert_int_equal(listener_bind(SPAN("127.0.0.1:0"), &descriptor, 1, error), OK);
    assert_int_equal(getsockname(descriptor, (struct sockaddr *)&address, &len), 0);
    talk.listener = listener_create(&talk.loop, descriptor, &accepting, &talk);
    begin(&talk, &talk.client, tcp_stream_connect(&talk.loop, (struct sockaddr *)&address));
    loop_run(&talk.loop);
    assert_true(talk.client.is_done);
    assert_int_equal(talk.client.failures + talk.server.failures, 0);
    assert_int_equal(talk.server.ends, 1);
    loop_close(&talk.loop);
}

static void plain_bytes_over_tcp(void **state)
{
    (void)state;
    talk_over_tcp(PLAIN);
}

static void tls_over_tcp(void **state)
{
    (void)state;
    talk_over_tcp(TLS);
}

static void tls_inside_tls_over_tcp(void **state)
{
    (void)state;
    talk_over_tcp(TLS_IN_TLS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_bytes_in_memory),
        cmocka_unit_test(tls_in_memory),
        cmocka_unit_test(tls_inside_tls_in_memory),
        cmocka_unit_test(plain_bytes_over_tcp),
        cmocka_unit_test(tls_over_tcp),
        cmocka_unit_test(tls_inside_tls_over_tcp),
    };
    (void)alarm(GIVE_UP_S);
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
