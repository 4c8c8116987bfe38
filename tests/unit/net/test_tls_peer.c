/* What a TLS stream knows of its peer and of what is still on its way. */
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
    loop_init(&all.loop);
    tls_scene_make_contexts(&all, "a.test", &all.good);
    *state = &all;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    tls_scene_end(&all);
    return 0;
}

/* What a context's connections share. */
static SSL_CTX *library_of(struct tls_context *context)
{
    SSL *ssl = tls_context_new_ssl(context);
    SSL_CTX *library = SSL_get_SSL_CTX(ssl);
    SSL_free(ssl);
    return library;
}

static void ask_for_certificates(struct tls_scene *scene, bool demands_certificate)
{
    char error[TLS_ERROR_SIZE];
    tls_context_release(scene->server_side);
    scene->server_side = tls_context_create_server(
        &(struct tls_server_options){.certificate_file = scene->good.certificate_file,
                                     .key_file = scene->good.key_file,
                                     .client_ca_file = scene->authority.certificate_file,
                                     .demands_certificate = demands_certificate},
        error);
    assert_non_null(scene->server_side);
}

static void give_client(struct tls_scene *scene, const struct certificate *certificate)
{
    SSL_CTX *library = library_of(scene->client_side);
    assert_int_equal(SSL_CTX_use_certificate(library, certificate->x509), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(library, certificate->key), 1);
}

static void join_and_settle(struct tls_scene *scene)
{
    tls_scene_join(scene);
    tls_scene_settle(scene);
}

static void assert_fingerprint(struct stream *stream, const struct certificate *certificate)
{
    unsigned char is[FINGERPRINT_SIZE], wanted[FINGERPRINT_SIZE];
    assert_int_equal(X509_digest(certificate->x509, EVP_sha256(), wanted, NULL), 1);
    assert_true(stream_peer_fingerprint(stream, is));
    assert_memory_equal(is, wanted, sizeof(wanted));
}

static void a_peer_with_a_certificate_has_its_fingerprint(void **state)
{
    struct tls_scene *scene = *state;
    ask_for_certificates(scene, true);
    give_client(scene, &scene->by_address);
    join_and_settle(scene);
    assert_int_equal(scene->server.opened, 1);
    assert_fingerprint(scene->server.stream, &scene->by_address);
    assert_fingerprint(scene->client.stream, &scene->good);
}

static void one_without_has_none(void **state)
{
    struct tls_scene *scene = *state;
    unsigned char sha256[FINGERPRINT_SIZE];
    ask_for_certificates(scene, false);
    join_and_settle(scene);
    assert_int_equal(scene->server.opened, 1);
    assert_false(stream_peer_fingerprint(scene->server.stream, sha256));
}

static void before_the_handshake_is_done_there_is_none(void **state)
{
    struct tls_scene *scene = *state;
    unsigned char sha256[FINGERPRINT_SIZE];
    ask_for_certificates(scene, true);
    give_client(scene, &scene->by_address);
    tls_scene_join(scene);
    while (scene->server.opened == 0) {
        assert_false(stream_peer_fingerprint(scene->server.stream, sha256));
        (void)tls_scene_step(scene, TLS_SCENE_PIECE);
    }
    assert_true(stream_peer_fingerprint(scene->server.stream, sha256));
}

static void a_resumed_session_keeps_it(void **state)
{
    struct tls_scene *scene = *state;
    ask_for_certificates(scene, true);
    give_client(scene, &scene->by_address);
    join_and_settle(scene);
    tls_scene_part(scene);
    join_and_settle(scene);
    assert_int_equal(tls_context_counts(scene->server_side).resumed, 1);
    assert_fingerprint(scene->server.stream, &scene->by_address);
}

static int find_all_well(int is_well, X509_STORE_CTX *context)
{
    (void)is_well;
    X509_STORE_CTX_set_error(context, X509_V_OK);
    return 1;
}

/* A full handshake would refuse it, but a session that is resumed again and again is not looked at:
 * its certificate was good once, as this one is made to be. */
static void a_certificate_that_has_expired_since_counts_no_more(void **state)
{
    struct tls_scene *scene = *state;
    unsigned char sha256[FINGERPRINT_SIZE];
    ask_for_certificates(scene, true);
    give_client(scene, &scene->expired);
    SSL_CTX_set_verify(library_of(scene->server_side), SSL_VERIFY_PEER, find_all_well);
    join_and_settle(scene);
    assert_int_equal(scene->server.opened, 1);
    assert_false(stream_peer_fingerprint(scene->server.stream, sha256));
}

static void assert_refused(struct tls_scene *scene)
{
    join_and_settle(scene);
    assert_int_equal(scene->server.opened, 0);
    assert_int_equal(scene->server.failed, 1);
    assert_int_equal(scene->server.why, ERR_TLS);
}

static void a_certificate_of_another_authority_is_refused(void **state)
{
    struct tls_scene *scene = *state;
    ask_for_certificates(scene, false);
    give_client(scene, &scene->unknown);
    assert_refused(scene);
    assert_true(tls_stream_is_untrusted(scene->server.stream));
}

static void an_expired_certificate_is_refused(void **state)
{
    struct tls_scene *scene = *state;
    ask_for_certificates(scene, false);
    give_client(scene, &scene->expired);
    assert_refused(scene);
}

static void no_certificate_is_refused_where_one_is_demanded(void **state)
{
    struct tls_scene *scene = *state;
    ask_for_certificates(scene, true);
    assert_refused(scene);
}

static const struct address told = {.len = ADDRESS_IPV4_LEN, .bytes = {192, 0, 2, 1}};

static bool tell_address(struct stream *stream, struct address *address)
{
    (void)stream;
    *address = told;
    return true;
}

static void the_peers_address_is_what_the_lower_stream_says(void **state)
{
    struct tls_scene *scene = *state;
    struct address address = {.len = 99};
    join_and_settle(scene);
    assert_false(stream_peer_address(scene->server.stream, &address));
    assert_int_equal(address.len, 99);
    struct stream_kind telling = *scene->server_lower->kind;
    telling.peer_address = tell_address;
    scene->server_lower->kind = &telling;
    assert_true(stream_peer_address(scene->server.stream, &address));
    assert_true(address_equal(&address, &told));
    tls_scene_part(scene);
    tls_scene_join(scene); /* for the tear-down, without the kind that ends here */
}

/* Less than the marks, so that no event tells it: deadlines look at it. */
static void what_is_queued_falls_as_the_lower_stream_is_read(void **state)
{
    struct tls_scene *scene = *state;
    struct span pattern = pattern_make(STREAM_LOW_MARK / 2);
    join_and_settle(scene);
    assert_int_equal(stream_queued(scene->server.stream), 0);
    recorder_write(&scene->server, pattern);
    size_t queued = stream_queued(scene->server.stream);
    assert_true(queued > pattern.len);
    (void)tls_scene_step(scene, TLS_SCENE_PIECE);
    assert_int_equal(stream_queued(scene->server.stream), queued - TLS_SCENE_PIECE);
    tls_scene_settle(scene);
    assert_int_equal(stream_queued(scene->server.stream), 0);
    pattern_free(pattern);
}

static void what_waits_for_the_handshake_is_queued_too(void **state)
{
    struct tls_scene *scene = *state;
    tls_scene_join(scene);
    recorder_write(&scene->server, SPAN("early"));
    assert_int_equal(stream_queued(scene->server.stream), 5);
    tls_scene_settle(scene);
    assert_int_equal(stream_queued(scene->server.stream), 0);
    assert_true(span_equal(buffer_bytes(&scene->client.got), SPAN("early")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(a_peer_with_a_certificate_has_its_fingerprint),
        TEST(one_without_has_none),
        TEST(before_the_handshake_is_done_there_is_none),
        TEST(a_resumed_session_keeps_it),
        TEST(a_certificate_that_has_expired_since_counts_no_more),
        TEST(a_certificate_of_another_authority_is_refused),
        TEST(an_expired_certificate_is_refused),
        TEST(no_certificate_is_refused_where_one_is_demanded),
        TEST(the_peers_address_is_what_the_lower_stream_says),
        TEST(what_is_queued_falls_as_the_lower_stream_is_read),
        TEST(what_waits_for_the_handshake_is_queued_too),
    };
    return cmocka_run_group_tests(tests, set_up_all, tear_down_all);
}
