/* What a peer made of the bare library sees of a TLS stream, and what only it would do. */
#include "net/tls_stream.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "support/tls_scene.h"

static struct tls_scene all;

static int set_up_all(void **state)
{
    (void)state;
    tls_scene_make_certificates(&all);
    return 0;
}

static int tear_down_all(void **state)
{
    (void)state;
    tls_scene_drop_certificates(&all);
    return 0;
}

static int set_up(void **state)
{
    tls_scene_begin(&all);
    *state = &all;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    tls_scene_end(&all);
    return 0;
}

/* A peer made of the bare library, to do what our own stream never does. */
struct bare_peer {
    SSL_CTX *library;
    SSL *ssl;
    BIO *in, *out;
    struct recorder lower;
};

static void bare_exchange(struct tls_scene *scene, struct bare_peer *peer)
{
    char bytes[16 * KIB];
    do {
        if (peer->lower.got.len > 0)
            (void)BIO_write(peer->in, peer->lower.got.at, (int)peer->lower.got.len);
        buffer_clear(&peer->lower.got);
        (void)SSL_do_handshake(peer->ssl);
        int len = BIO_read(peer->out, bytes, sizeof(bytes));
        if (len > 0)
            recorder_write(&peer->lower, (struct span){bytes, (size_t)len});
    } while (tls_scene_step(scene, TLS_SCENE_PIECE) || BIO_pending(peer->out) > 0);
}

static void bare_join(struct tls_scene *scene, struct bare_peer *peer, int version)
{
    tls_scene_part(scene);
    tls_scene_join_client(scene);
    *peer = (struct bare_peer){.library = SSL_CTX_new(TLS_server_method())};
    (void)SSL_CTX_set_max_proto_version(peer->library, version);
    SSL_CTX_use_certificate(peer->library, all.good.x509);
    SSL_CTX_use_PrivateKey(peer->library, all.good.key);
    peer->ssl = SSL_new(peer->library);
    peer->in = BIO_new(BIO_s_mem());
    peer->out = BIO_new(BIO_s_mem());
    SSL_set_bio(peer->ssl, peer->in, peer->out);
    SSL_set_accept_state(peer->ssl);
    recorder_listen(&peer->lower, scene->server_lower);
    bare_exchange(scene, peer);
    assert_int_equal(scene->client.opened, 1);
}

static void bare_part(struct bare_peer *peer)
{
    recorder_close(&peer->lower);
    SSL_free(peer->ssl);
    SSL_CTX_free(peer->library);
}

/* RFC 8446 §4.6.3: answered at the latest before our next data. */
static void a_key_update_that_comes_while_idle_is_answered(void **state)
{
    enum { KEY_UPDATE_RECORD = 27, DATA_RECORD = 22 + 2 };
    struct tls_scene *scene = *state;
    struct bare_peer peer;
    char got[16], update[256];
    bare_join(scene, &peer, TLS1_3_VERSION);
    assert_int_equal(SSL_key_update(peer.ssl, SSL_KEY_UPDATE_REQUESTED), 1);
    (void)SSL_do_handshake(peer.ssl);
    int len = BIO_read(peer.out, update, sizeof(update));
    assert_int_equal(len, KEY_UPDATE_RECORD);
    recorder_write(&peer.lower, (struct span){update, (size_t)len});
    tls_scene_settle(scene);
    recorder_write(&scene->client, SPAN("on"));
    tls_scene_settle(scene);
    assert_int_equal(peer.lower.got.len, KEY_UPDATE_RECORD + DATA_RECORD);
    bare_exchange(scene, &peer);
    assert_int_equal(SSL_read(peer.ssl, got, sizeof(got)), 2);
    assert_int_equal(SSL_write(peer.ssl, "and on", 6), 6);
    bare_exchange(scene, &peer);
    assert_int_equal(scene->client.got.len, 6);
    assert_int_equal(scene->client.failed, 0);
    bare_part(&peer);
}

static void joined_spans_are_one_record_for_the_peer(void **state)
{
    struct tls_scene *scene = *state;
    struct bare_peer peer;
    char got[16];
    const struct span spans[] = {SPAN("head"), SPAN("body")};
    bare_join(scene, &peer, TLS1_3_VERSION);
    stream_write(scene->client.stream, spans, COUNT_OF(spans));
    bare_exchange(scene, &peer);
    assert_int_equal(SSL_read(peer.ssl, got, sizeof(got)), 8);
    bare_part(&peer);
}

static void tls_1_2_ends_cleanly_too(void **state)
{
    struct tls_scene *scene = *state;
    struct bare_peer peer;
    char got[16];
    bare_join(scene, &peer, TLS1_2_VERSION);
    assert_int_equal(SSL_write(peer.ssl, "bye", 3), 3);
    (void)SSL_shutdown(peer.ssl);
    bare_exchange(scene, &peer);
    assert_int_equal(scene->client.got.len, 3);
    assert_int_equal(scene->client.ended, 1);
    recorder_write(&scene->client, SPAN("late"));
    bare_exchange(scene, &peer);
    assert_int_equal(SSL_read(peer.ssl, got, sizeof(got)), 4);
    assert_int_equal(scene->client.failed, 0);
    bare_part(&peer);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_key_update_that_comes_while_idle_is_answered),
        TEST(joined_spans_are_one_record_for_the_peer),
        TEST(tls_1_2_ends_cleanly_too),
    };
    return cmocka_run_group_tests(tests, set_up_all, tear_down_all);
}
