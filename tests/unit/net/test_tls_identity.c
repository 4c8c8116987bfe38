#include "net/tls_identity.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "support/certificates.h"

enum { LOOK = 1000 }; /* once a second */

/* Two identities, and the files that a listener reads: links to the one or the other. */
static struct scene {
    struct certificate first, second;
    char certificate_file[80], key_file[80];
    struct tls_identity *identity;
    uint64_t now_ms;
    const char *trouble;
} scene;

static int make_certificates(void **state)
{
    (void)state;
    certificate_make_server(&scene.first, "DNS:first.test", NULL);
    certificate_make_server(&scene.second, "DNS:second.test", NULL);
    (void)snprintf(scene.certificate_file, sizeof(scene.certificate_file), "%s.link",
                   scene.first.certificate_file);
    (void)snprintf(scene.key_file, sizeof(scene.key_file), "%s.link", scene.first.key_file);
    return 0;
}

static int drop_certificates(void **state)
{
    (void)state;
    certificate_clear(&scene.first);
    certificate_clear(&scene.second);
    return 0;
}

static void point(const char *link_name, const char *target)
{
    (void)unlink(link_name);
    if (target)
        assert_int_equal(symlink(target, link_name), 0);
}

static void point_certificate(const struct certificate *certificate)
{
    point(scene.certificate_file, certificate ? certificate->certificate_file : NULL);
}

static void point_key(const struct certificate *certificate)
{
    point(scene.key_file, certificate ? certificate->key_file : NULL);
}

static int set_up(void **state)
{
    (void)state;
    char error[TLS_ERROR_SIZE];
    const struct tls_server_options options = {.certificate_file = scene.certificate_file,
                                               .key_file = scene.key_file};
    point_certificate(&scene.first);
    point_key(&scene.first);
    scene.identity = tls_identity_create(&options, error);
    scene.now_ms = 1;
    assert_non_null(scene.identity);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    tls_identity_destroy(scene.identity);
    point_certificate(NULL);
    point_key(NULL);
    return 0;
}

/* Whose certificate the next handshake would show. */
static bool shows(const struct certificate *certificate)
{
    struct tls_context *context = tls_identity_context(scene.identity, scene.now_ms);
    SSL *ssl = tls_context_new_ssl(context);
    bool is_shown = X509_cmp(SSL_get_certificate(ssl), certificate->x509) == 0;
    SSL_free(ssl);
    return is_shown;
}

static void assert_news(enum identity_news wanted)
{
    assert_int_equal(tls_identity_take_news(scene.identity, &scene.trouble), wanted);
    assert_int_equal(tls_identity_take_news(scene.identity, &scene.trouble), IDENTITY_SAME);
}

static void files_that_cannot_be_used_at_first_are_an_error(void **state)
{
    (void)state;
    char error[TLS_ERROR_SIZE];
    const struct tls_server_options options = {.certificate_file = "/nowhere/a.pem",
                                               .key_file = scene.key_file};
    assert_null(tls_identity_create(&options, error));
    assert_non_null(strstr(error, "/nowhere/a.pem"));
    tls_identity_destroy(NULL);
}

static void nothing_is_news_while_the_files_stay(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++, scene.now_ms += LOOK) {
        assert_true(shows(&scene.first));
        assert_news(IDENTITY_SAME);
    }
}

static void a_new_certificate_and_key_are_used_and_told_once(void **state)
{
    (void)state;
    assert_true(shows(&scene.first));
    point_certificate(&scene.second);
    point_key(&scene.second);
    scene.now_ms += LOOK;
    assert_true(shows(&scene.second));
    assert_news(IDENTITY_REPLACED);
    scene.now_ms += LOOK;
    assert_true(shows(&scene.second));
    assert_news(IDENTITY_SAME);
}

static void the_files_are_looked_at_once_a_second(void **state)
{
    (void)state;
    assert_true(shows(&scene.first));
    point_certificate(&scene.second);
    point_key(&scene.second);
    scene.now_ms += LOOK - 1;
    assert_true(shows(&scene.first));
    scene.now_ms += 1;
    assert_true(shows(&scene.second));
}

static void running_handshakes_keep_their_context(void **state)
{
    (void)state;
    struct tls_context *held = tls_context_hold(tls_identity_context(scene.identity, 1));
    point_certificate(&scene.second);
    point_key(&scene.second);
    scene.now_ms += LOOK;
    assert_true(shows(&scene.second));
    SSL *ssl = tls_context_new_ssl(held);
    assert_int_equal(X509_cmp(SSL_get_certificate(ssl), scene.first.x509), 0);
    SSL_free(ssl);
    tls_context_release(held);
}

/* Certificate and key are two files, so there is a moment between them. */
static void a_half_that_is_soon_followed_by_the_other_is_no_trouble(void **state)
{
    (void)state;
    point_certificate(&scene.second);
    assert_true(shows(&scene.first));
    assert_news(IDENTITY_SAME);
    point_key(&scene.second);
    scene.now_ms += LOOK;
    assert_true(shows(&scene.second));
    assert_news(IDENTITY_REPLACED);
}

static void halves_that_do_not_fit_are_told_once_and_the_old_stay_in_use(void **state)
{
    (void)state;
    point_key(&scene.second);
    assert_true(shows(&scene.first));
    assert_news(IDENTITY_SAME);
    scene.now_ms += LOOK;
    assert_true(shows(&scene.first));
    assert_news(IDENTITY_IN_TROUBLE);
    assert_non_null(strstr(scene.trouble, "mismatch"));
    for (int i = 0; i < 5; i++) {
        scene.now_ms += LOOK;
        assert_true(shows(&scene.first));
        assert_news(IDENTITY_SAME);
    }
}

static void another_trouble_is_told_too(void **state)
{
    (void)state;
    point_key(&scene.second);
    (void)shows(&scene.first);
    scene.now_ms += LOOK;
    (void)shows(&scene.first);
    assert_news(IDENTITY_IN_TROUBLE);
    point_key(NULL);
    for (int i = 0; i < 2; i++) {
        assert_news(IDENTITY_SAME);
        scene.now_ms += LOOK;
        assert_true(shows(&scene.first));
    }
    assert_news(IDENTITY_IN_TROUBLE);
    assert_non_null(strstr(scene.trouble, "No such file"));
}

static void a_trouble_that_ends_ends_without_another_change(void **state)
{
    (void)state;
    point_certificate(NULL);
    (void)shows(&scene.first);
    scene.now_ms += LOOK;
    (void)shows(&scene.first);
    assert_news(IDENTITY_IN_TROUBLE);
    point_certificate(&scene.first);
    scene.now_ms += LOOK;
    assert_true(shows(&scene.first));
    assert_news(IDENTITY_REPLACED);
    point_key(NULL);
    for (int i = 0; i < 2; i++, scene.now_ms += LOOK)
        (void)shows(&scene.first);
    scene.now_ms += LOOK;
    (void)shows(&scene.first);
    assert_news(IDENTITY_IN_TROUBLE);
}

static void write_whole(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    (void)fclose(file);
}

static void a_file_that_is_cut_short_is_trouble(void **state)
{
    (void)state;
    point(scene.certificate_file, NULL);
    write_whole(scene.certificate_file, "-----BEGIN CERTIFICATE-----\nMIIB");
    for (int i = 0; i < 2; i++, scene.now_ms += LOOK)
        assert_true(shows(&scene.first));
    assert_news(IDENTITY_IN_TROUBLE);
    assert_non_null(strstr(scene.trouble, scene.certificate_file));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(files_that_cannot_be_used_at_first_are_an_error),
        TEST(nothing_is_news_while_the_files_stay),
        TEST(a_new_certificate_and_key_are_used_and_told_once),
        TEST(the_files_are_looked_at_once_a_second),
        TEST(running_handshakes_keep_their_context),
        TEST(a_half_that_is_soon_followed_by_the_other_is_no_trouble),
        TEST(halves_that_do_not_fit_are_told_once_and_the_old_stay_in_use),
        TEST(another_trouble_is_told_too),
        TEST(a_trouble_that_ends_ends_without_another_change),
        TEST(a_file_that_is_cut_short_is_trouble),
    };
    return cmocka_run_group_tests(tests, make_certificates, drop_certificates);
}
