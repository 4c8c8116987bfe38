#include "net/tls_context.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "support/certificates.h"

/* The parties of a handshake by hand, without streams. */
struct scene {
    struct certificate authority, server;
    char error[TLS_ERROR_SIZE];
};

static struct scene scene;

static int set_up_all(void **state)
{
    (void)state;
    certificate_make_authority(&scene.authority, "authority");
    certificate_make_server(&scene.server, "DNS:a.test", &scene.authority);
    return 0;
}

static int tear_down_all(void **state)
{
    (void)state;
    certificate_clear(&scene.authority);
    certificate_clear(&scene.server);
    return 0;
}

static struct tls_context *new_client(const char *name)
{
    return tls_context_create_client(
        &(struct tls_client_options){.server_name = name,
                                     .ca_file = scene.authority.certificate_file},
        scene.error);
}

static struct tls_context *new_server(const char *client_ca)
{
    return tls_context_create_server(
        &(struct tls_server_options){.certificate_file = scene.server.certificate_file,
                                     .key_file = scene.server.key_file,
                                     .client_ca_file = client_ca},
        scene.error);
}

static void connect_bios(SSL *a, SSL *b)
{
    BIO *bio_a, *bio_b;
    assert_int_equal(BIO_new_bio_pair(&bio_a, 0, &bio_b, 0), 1);
    SSL_set_bio(a, bio_a, bio_a);
    SSL_set_bio(b, bio_b, bio_b);
}

static bool shake_hands(SSL *client, SSL *server)
{
    char byte;
    for (int i = 0; i < 10; i++) {
        (void)SSL_do_handshake(client);
        (void)SSL_do_handshake(server);
    }
    (void)SSL_read(client, &byte, 1); /* takes in the tickets */
    return SSL_is_init_finished(client) && SSL_is_init_finished(server);
}

/* One connection, closed properly; returns whether it was resumed. */
static bool connect_once(struct tls_context *client_side, struct tls_context *server_side)
{
    SSL *client = tls_context_new_ssl(client_side), *server = tls_context_new_ssl(server_side);
    connect_bios(client, server);
    assert_true(shake_hands(client, server));
    bool was_resumed = SSL_session_reused(client);
    (void)SSL_shutdown(client);
    (void)SSL_shutdown(server);
    SSL_free(client);
    SSL_free(server);
    return was_resumed;
}

static void a_missing_file_is_named_with_the_reason(void **state)
{
    (void)state;
    struct tls_server_options options = {.certificate_file = "/nowhere/cert.pem",
                                         .key_file = scene.server.key_file};
    assert_null(tls_context_create_server(&options, scene.error));
    assert_non_null(strstr(scene.error, "/nowhere/cert.pem"));
    assert_non_null(strstr(scene.error, "No such file"));
    options = (struct tls_server_options){.certificate_file = scene.server.certificate_file,
                                          .key_file = "/nowhere/key.pem"};
    assert_null(tls_context_create_server(&options, scene.error));
    assert_non_null(strstr(scene.error, "/nowhere/key.pem"));
    assert_null(new_server("/nowhere/ca.pem"));
    assert_non_null(strstr(scene.error, "/nowhere/ca.pem"));
    struct tls_client_options client = {"a.test", "/nowhere/ca.pem"};
    assert_null(tls_context_create_client(&client, scene.error));
    assert_non_null(strstr(scene.error, "/nowhere/ca.pem"));
}

static void a_key_of_another_certificate_is_refused(void **state)
{
    (void)state;
    struct tls_server_options options = {.certificate_file = scene.server.certificate_file,
                                         .key_file = scene.authority.key_file};
    assert_null(tls_context_create_server(&options, scene.error));
    assert_non_null(strstr(scene.error, "mismatch"));
}

static void a_file_without_a_certificate_is_refused(void **state)
{
    (void)state;
    struct tls_client_options options = {"a.test", scene.server.key_file};
    assert_null(tls_context_create_client(&options, scene.error));
    assert_true(strlen(scene.error) > strlen(scene.server.key_file));
}

/* Never the terminal: a service has none. */
static void an_encrypted_key_is_refused_without_asking(void **state)
{
    char path[64];
    (void)state;
    FILE *file = certificate_new_file(path);
    assert_int_equal(PEM_write_PrivateKey(file, scene.server.key, EVP_aes_128_cbc(),
                                          (const unsigned char *)"secret", 6, NULL, NULL),
                     1);
    (void)fclose(file);
    struct tls_server_options options = {.certificate_file = scene.server.certificate_file,
                                         .key_file = path};
    assert_null(tls_context_create_server(&options, scene.error));
    (void)unlink(path);
}

static void an_empty_or_endless_server_name_is_refused(void **state)
{
    char endless[1000];
    (void)state;
    memset(endless, 'a', sizeof(endless) - 1);
    endless[sizeof(endless) - 1] = '\0';
    assert_null(new_client(""));
    assert_null(new_client(endless));
}

static void the_systems_authorities_are_the_default(void **state)
{
    (void)state;
    struct tls_client_options options = {.server_name = "a.test"};
    struct tls_context *client = tls_context_create_client(&options, scene.error);
    assert_non_null(client);
    tls_context_release(client);
}

static void a_name_is_indicated_and_an_address_is_not(void **state)
{
    (void)state;
    struct tls_context *name = new_client("a.test"), *address = new_client("127.0.0.1");
    SSL *ssl = tls_context_new_ssl(name);
    assert_string_equal(SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name), "a.test");
    SSL_free(ssl);
    ssl = tls_context_new_ssl(address);
    assert_null(SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name));
    SSL_free(ssl);
    tls_context_release(name);
    tls_context_release(address);
}

static void both_sides_agree_on_http_and_a_modern_suite(void **state)
{
    (void)state;
    struct tls_context *client_side = new_client("a.test"), *server_side = new_server(NULL);
    SSL *client = tls_context_new_ssl(client_side), *server = tls_context_new_ssl(server_side);
    const unsigned char *protocol;
    unsigned len;
    connect_bios(client, server);
    assert_true(shake_hands(client, server));
    SSL_get0_alpn_selected(client, &protocol, &len);
    assert_int_equal(len, 8);
    assert_memory_equal(protocol, "http/1.1", 8);
    assert_int_equal(SSL_version(client), TLS1_3_VERSION);
    SSL_free(client);
    SSL_free(server);
    tls_context_release(client_side);
    tls_context_release(server_side);
}

/* A peer with settings of its own; what it offers or demands must not get through. */
static bool server_accepts(int max_version, const char *suites, const char *protocols)
{
    struct tls_context *server_side = new_server(NULL);
    SSL_CTX *library = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_security_level(library, 0);
    (void)SSL_CTX_set_max_proto_version(library, max_version);
    if (suites)
        assert_int_equal(SSL_CTX_set_cipher_list(library, suites), 1);
    if (protocols)
        (void)SSL_CTX_set_alpn_protos(library, (const unsigned char *)protocols,
                                      (unsigned)strlen(protocols));
    SSL *client = SSL_new(library), *server = tls_context_new_ssl(server_side);
    SSL_set_connect_state(client);
    connect_bios(client, server);
    bool is_accepted = shake_hands(client, server);
    SSL_free(client);
    SSL_free(server);
    SSL_CTX_free(library);
    tls_context_release(server_side);
    return is_accepted;
}

static void old_versions_weak_suites_and_foreign_protocols_are_refused(void **state)
{
    (void)state;
    assert_true(server_accepts(TLS1_3_VERSION, NULL, NULL));
    assert_true(server_accepts(TLS1_2_VERSION, NULL, "\x08http/1.1"));
    assert_true(server_accepts(TLS1_2_VERSION, NULL, "\x02h2\x08http/1.1"));
    assert_false(server_accepts(TLS1_2_VERSION, NULL, "\x02h2"));
    assert_false(server_accepts(TLS1_1_VERSION, NULL, NULL));
    assert_false(server_accepts(TLS1_2_VERSION, "ECDHE-ECDSA-AES128-SHA", NULL));
}

static void a_second_connection_is_resumed(void **state)
{
    (void)state;
    struct tls_context *client = new_client("a.test"), *server = new_server(NULL);
    assert_false(connect_once(client, server));
    for (int i = 0; i < 20; i++)
        assert_true(connect_once(client, server));
    tls_context_forget_sessions(client);
    assert_false(connect_once(client, server));
    tls_context_release(client);
    tls_context_release(server);
}

/* RFC 8446 §C.4, but the last one serves again. */
static void a_ticket_is_used_once_while_there_are_others(void **state)
{
    (void)state;
    struct tls_context *client = new_client("a.test"), *server = new_server(NULL);
    (void)connect_once(client, server); /* brings two */
    SSL *first = tls_context_new_ssl(client), *second = tls_context_new_ssl(client);
    SSL *third = tls_context_new_ssl(client);
    assert_non_null(SSL_get0_session(first));
    assert_ptr_not_equal(SSL_get0_session(first), SSL_get0_session(second));
    assert_ptr_equal(SSL_get0_session(second), SSL_get0_session(third));
    SSL_free(first);
    SSL_free(second);
    SSL_free(third);
    tls_context_release(client);
    tls_context_release(server);
}

/* A server as each worker has one, with tickets of all; the file is of another authority or NULL. */
static struct tls_context *new_worker(const char *client_ca, bool demands_certificate,
                                      struct tls_tickets *tickets)
{
    struct tls_context *context = tls_context_create_server(
        &(struct tls_server_options){.certificate_file = scene.server.certificate_file,
                                     .key_file = scene.server.key_file,
                                     .client_ca_file = client_ca,
                                     .demands_certificate = demands_certificate,
                                     .tickets = tickets},
        scene.error);
    assert_non_null(context);
    return context;
}

static void assert_resumed_across(struct tls_context *first, struct tls_context *second,
                                  bool is_resumed)
{
    struct tls_context *client = new_client("a.test");
    assert_false(connect_once(client, first));
    assert_int_equal(connect_once(client, second), is_resumed);
    tls_context_release(client);
    tls_context_release(first);
    tls_context_release(second);
}

static void tickets_are_good_at_every_worker(void **state)
{
    (void)state;
    struct tls_tickets *tickets = tls_tickets_create(clock_ms());
    const char *ca = scene.authority.certificate_file;
    assert_resumed_across(new_worker(NULL, false, tickets), new_worker(NULL, false, tickets), true);
    assert_resumed_across(new_worker(ca, false, tickets), new_worker(ca, false, tickets), true);
    tls_tickets_destroy(tickets);
}

/* A client that uses each ticket once would else shake hands in full every other time. */
static void a_resumed_connection_brings_a_ticket_for_the_next(void **state)
{
    (void)state;
    struct tls_tickets *tickets = tls_tickets_create(clock_ms());
    struct tls_context *server = new_worker(NULL, false, tickets), *client = new_client("a.test");
    assert_false(connect_once(client, server));
    for (int i = 0; i < 20; i++)
        assert_true(connect_once(client, server));
    tls_context_release(client);
    tls_context_release(server);
    tls_tickets_destroy(tickets);
}

static void tickets_of_other_keys_are_not_good(void **state)
{
    (void)state;
    struct tls_tickets *tickets = tls_tickets_create(clock_ms());
    assert_resumed_across(new_worker(NULL, false, tickets), new_worker(NULL, false, NULL), false);
    tls_tickets_destroy(tickets);
}

static void tickets_of_the_last_period_are_still_good_and_older_ones_not(void **state)
{
    (void)state;
    const uint64_t period_ms = TLS_TICKETS_PERIOD_S * UINT64_C(1000);
    struct tls_tickets *tickets = tls_tickets_create(0);
    struct tls_ticket_key key;
    struct tls_context *server = new_worker(NULL, false, tickets), *client = new_client("a.test");
    uint64_t now_ms = clock_ms();
    tls_tickets_current(tickets, now_ms, &key);
    assert_false(connect_once(client, server));
    /* The context's clock is behind from here on: to it the next period has already begun. */
    tls_tickets_current(tickets, now_ms + period_ms, &key);
    assert_true(connect_once(client, server));
    tls_tickets_current(tickets, now_ms + 3 * period_ms, &key);
    assert_false(connect_once(client, server));
    tls_context_release(client);
    tls_context_release(server);
    tls_tickets_destroy(tickets);
}

/* Otherwise a session would outlive the authority that let its client in, or the rule that clients
 * must have a certificate. */
static void tickets_are_not_good_where_other_authorities_are_trusted(void **state)
{
    (void)state;
    struct tls_tickets *tickets = tls_tickets_create(clock_ms());
    const char *ca = scene.authority.certificate_file, *other = scene.server.certificate_file;
    assert_resumed_across(new_worker(ca, false, tickets), new_worker(other, false, tickets), false);
    assert_resumed_across(new_worker(NULL, false, tickets), new_worker(ca, false, tickets), false);
    struct tls_context *lax = new_worker(ca, false, tickets), *client = new_client("a.test");
    struct tls_context *strict = new_worker(ca, true, tickets);
    assert_false(connect_once(client, lax));
    SSL *with_ticket = tls_context_new_ssl(client), *server = tls_context_new_ssl(strict);
    connect_bios(with_ticket, server);
    (void)shake_hands(with_ticket, server);
    assert_false(SSL_is_init_finished(server)); /* it is asked for its certificate, and has none */
    SSL_free(with_ticket);
    SSL_free(server);
    tls_context_release(client);
    tls_context_release(lax);
    tls_context_release(strict);
    tls_tickets_destroy(tickets);
}

static void counts_add_up(void **state)
{
    (void)state;
    struct tls_context *context = new_client("a.test");
    tls_context_count(context, false);
    tls_context_count(context, true);
    tls_context_count(context, true);
    assert_int_equal(tls_context_counts(context).full, 1);
    assert_int_equal(tls_context_counts(context).resumed, 2);
    tls_context_release(context);
}

static void a_held_context_outlives_its_creator(void **state)
{
    (void)state;
    struct tls_context *context = tls_context_hold(new_client("a.test"));
    tls_context_release(context);
    SSL *ssl = tls_context_new_ssl(context);
    tls_context_release(context);
    SSL_free(ssl);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_missing_file_is_named_with_the_reason),
        cmocka_unit_test(a_key_of_another_certificate_is_refused),
        cmocka_unit_test(a_file_without_a_certificate_is_refused),
        cmocka_unit_test(an_encrypted_key_is_refused_without_asking),
        cmocka_unit_test(an_empty_or_endless_server_name_is_refused),
        cmocka_unit_test(the_systems_authorities_are_the_default),
        cmocka_unit_test(a_name_is_indicated_and_an_address_is_not),
        cmocka_unit_test(both_sides_agree_on_http_and_a_modern_suite),
        cmocka_unit_test(old_versions_weak_suites_and_foreign_protocols_are_refused),
        cmocka_unit_test(a_second_connection_is_resumed),
        cmocka_unit_test(a_ticket_is_used_once_while_there_are_others),
        cmocka_unit_test(tickets_are_good_at_every_worker),
        cmocka_unit_test(a_resumed_connection_brings_a_ticket_for_the_next),
        cmocka_unit_test(tickets_of_other_keys_are_not_good),
        cmocka_unit_test(tickets_of_the_last_period_are_still_good_and_older_ones_not),
        cmocka_unit_test(tickets_are_not_good_where_other_authorities_are_trusted),
        cmocka_unit_test(counts_add_up),
        cmocka_unit_test(a_held_context_outlives_its_creator),
    };
    return cmocka_run_group_tests(tests, set_up_all, tear_down_all);
}
