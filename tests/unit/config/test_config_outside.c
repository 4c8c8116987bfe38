#include "config/config_outside.h"

#include "base/text.h"

#include <stdlib.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "support/certificates.h"

static struct config_errors errors;
static struct draft draft;

static int set_up(void **state)
{
    (void)state;
    config_errors_init(&errors, "f");
    draft_init(&draft);
    unsetenv("BPGATE_TEST_TOKEN");
    return 0;
}

static void check_source(struct span token, struct span next_token)
{
    struct draft_credential credential = {.name = {SPAN("team"), {1, 1}},
                                          .token = {token, {2, 3}},
                                          .next_token = {next_token, {3, 3}}};
    draft.credentials = (struct record_list){.at = &credential, .count = 1};
    config_outside_check(&draft, &errors);
}

static void a_token_that_is_there_is_no_problem(void **state)
{
    (void)state;
    setenv("BPGATE_TEST_TOKEN", "bp_pat_0123456789", 1);
    check_source(SPAN("env:BPGATE_TEST_TOKEN"), SPAN(""));
    assert_int_equal(errors.count, 0);
}

static void a_token_that_is_not_there_is_told_where_it_is_named(void **state)
{
    (void)state;
    check_source(SPAN("env:BPGATE_TEST_TOKEN"), SPAN(""));
    assert_int_equal(errors.errors, 1);
    assert_int_equal(errors.at[0].place.line, 2);
    assert_non_null(strstr(errors.at[0].text, "BPGATE_TEST_TOKEN"));
    check_source(SPAN("file:/nonexistent/token"), SPAN(""));
    assert_int_equal(errors.errors, 2);
    assert_non_null(strstr(errors.at[1].text, "/nonexistent/token"));
}

static void the_next_token_must_be_there_too(void **state)
{
    (void)state;
    setenv("BPGATE_TEST_TOKEN", "bp_pat_0123456789", 1);
    check_source(SPAN("env:BPGATE_TEST_TOKEN"), SPAN("file:/nonexistent/next"));
    assert_int_equal(errors.errors, 1);
    assert_non_null(strstr(errors.at[0].text, "/nonexistent/next"));
    assert_null(strstr(errors.at[0].text, "0123456789"));
}

static void both_tokens_are_told_and_what_is_malformed_is_left_out(void **state)
{
    (void)state;
    check_source(SPAN("env:BPGATE_TEST_TOKEN"), SPAN("file:/nonexistent/next"));
    assert_int_equal(errors.errors, 2);
    assert_int_equal(errors.at[0].place.line, 2);
    assert_int_equal(errors.at[1].place.line, 3);
    check_source(SPAN(""), SPAN(""));
    assert_int_equal(errors.errors, 2);
}

static void secrets_of_redis_and_the_admin_listener_must_be_there(void **state)
{
    (void)state;
    setenv("BPGATE_TEST_TOKEN", "secret", 1);
    draft.redis_password = (struct located){SPAN("env:BPGATE_TEST_TOKEN"), {4, 1}};
    draft.admin_token = (struct located){SPAN("env:BPGATE_TEST_TOKEN"), {5, 1}};
    config_outside_check(&draft, &errors);
    assert_int_equal(errors.count, 0);
    unsetenv("BPGATE_TEST_TOKEN");
    draft.redis_ca_file = (struct located){SPAN("/nonexistent/ca.pem"), {6, 1}};
    config_outside_check(&draft, &errors);
    static const char *const names[] = {"redis.password: ", "admin.token: ", "redis.ca_file: "};
    assert_int_equal(errors.errors, COUNT_OF(names));
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        assert_int_equal(errors.at[i].place.line, 4 + i);
        assert_true(span_starts_with(span_of(errors.at[i].text), span_of(names[i])));
    }
}

static void check_log(const char *path)
{
    config_errors_init(&errors, "f");
    draft.access_log = (struct located){span_of(path), {5, 1}};
    config_outside_check(&draft, &errors);
}

static void a_log_must_be_in_a_folder_that_can_be_written(void **state)
{
    (void)state;
    static const char *const good[] = {"stdout", "off", "/dev/null", "/tmp/bpgate-no-such-log"};
    static const char *const bad[] = {"/nonexistent/log", "/tmp", "/dev/null/log"};
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        check_log(good[i]);
        assert_int_equal(errors.count, 0);
    }
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        check_log(bad[i]);
        assert_int_equal(errors.errors, 1);
        assert_int_equal(errors.at[0].place.line, 5);
        assert_non_null(strstr(errors.at[0].text, bad[i]));
    }
    assert_int_equal(access("/tmp/bpgate-no-such-log", F_OK), -1);
}

static void certificates_that_cannot_be_read_are_told_where_they_are_named(void **state)
{
    (void)state;
    static const char *const files[] = {"/nonexistent/ca.pem", "/dev/null"};
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        draft.ca_file = (struct located){span_of(files[i]), {7, 9}};
        config_outside_check(&draft, &errors);
        assert_int_equal(errors.errors, i + 1);
        assert_int_equal(errors.at[i].place.line, 7);
        assert_non_null(strstr(errors.at[i].text, files[i]));
    }
}

/* --- The certificate of a listener --- */

static struct certificate server, other;

static int make_certificates(void **state)
{
    (void)state;
    certificate_make_server(&server, "DNS:a.test", NULL);
    certificate_make_server(&other, "DNS:b.test", NULL);
    return 0;
}

static int drop_certificates(void **state)
{
    (void)state;
    certificate_clear(&server);
    certificate_clear(&other);
    return 0;
}

static void check_listener(const char *certificate, const char *key, const char *client_ca)
{
    struct draft_listen listen = {.certificate = {span_of(certificate), {2, 1}},
                                  .key = {span_of(key), {3, 1}},
                                  .client_ca = {span_of(client_ca), {4, 1}}};
    config_errors_init(&errors, "f");
    draft.listen = (struct record_list){.at = &listen, .count = 1};
    config_outside_check(&draft, &errors);
}

static void assert_told(unsigned line, const char *setting, const char *reason)
{
    assert_int_equal(errors.errors, 1);
    assert_int_equal(errors.at[0].place.line, line);
    assert_non_null(strstr(errors.at[0].text, setting));
    assert_non_null(strstr(errors.at[0].text, reason));
}

static void a_certificate_and_its_key_are_no_problem(void **state)
{
    (void)state;
    check_listener(server.certificate_file, server.key_file, NULL);
    assert_int_equal(errors.count, 0);
    check_listener(server.certificate_file, server.key_file, other.certificate_file);
    assert_int_equal(errors.count, 0);
}

static void all_files_of_a_listener_that_are_not_there_are_told(void **state)
{
    (void)state;
    check_listener("/nowhere/a.pem", "/nowhere/a.key", "/");
    assert_int_equal(errors.errors, 3);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(errors.at[i].place.line, 2 + i);
    assert_non_null(strstr(errors.at[2].text, "/: Is a directory"));
}

static void what_is_wrong_with_a_listener_is_told_at_the_file(void **state)
{
    (void)state;
    check_listener("/nowhere/a.pem", server.key_file, NULL);
    assert_told(2, "listen[].tls.certificate", "/nowhere/a.pem: No such file");
    check_listener(server.certificate_file, "/nowhere/a.key", NULL);
    assert_told(3, "listen[].tls.key", "/nowhere/a.key: No such file");
    check_listener(server.certificate_file, other.key_file, NULL);
    assert_told(3, "listen[].tls.key", "mismatch");
    check_listener(server.key_file, server.key_file, NULL);
    assert_told(2, "listen[].tls.certificate", server.key_file);
    check_listener(server.certificate_file, server.key_file, "/nowhere/ca.pem");
    assert_told(4, "listen[].tls.client_ca", "/nowhere/ca.pem: No such file");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_token_that_is_there_is_no_problem, set_up),
        cmocka_unit_test_setup(a_token_that_is_not_there_is_told_where_it_is_named, set_up),
        cmocka_unit_test_setup(the_next_token_must_be_there_too, set_up),
        cmocka_unit_test_setup(both_tokens_are_told_and_what_is_malformed_is_left_out, set_up),
        cmocka_unit_test_setup(secrets_of_redis_and_the_admin_listener_must_be_there, set_up),
        cmocka_unit_test_setup(a_log_must_be_in_a_folder_that_can_be_written, set_up),
        cmocka_unit_test_setup(certificates_that_cannot_be_read_are_told_where_they_are_named,
                               set_up),
        cmocka_unit_test_setup(a_certificate_and_its_key_are_no_problem, set_up),
        cmocka_unit_test_setup(all_files_of_a_listener_that_are_not_there_are_told, set_up),
        cmocka_unit_test_setup(what_is_wrong_with_a_listener_is_told_at_the_file, set_up),
    };
    return cmocka_run_group_tests(tests, make_certificates, drop_certificates);
}
