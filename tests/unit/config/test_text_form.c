#include "config/text_form.h"

#include "base/text.h"

#include <stdio.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct {
    enum text_form form;
    const char *good[8], *bad[14];
} forms[] = {
    {FORM_LABEL, {"ci", "a.b-c_d", "team/ci", "it's"}, {"", "a b", "a\"b", "\"", "a\\b", "a "}},
    {FORM_NAME, {"ci", "a.b-c_d", "team/ci", "x"}, {"", "a b", "caf\xc3\xa9", " a", "a "}},
    {FORM_ID,
     {"wkspace_1", "0193-af"},
     {"", "bot 1",
      "bot\xc2\xa0"
      "1"}},
    {FORM_KEY_ID,
     {"Ab3dE6gH9k", "0000000000"},
     {"", "Ab3dE6gH9", "Ab3dE6gH9kk", "Ab3dE6gH9-", "Ab3dE6gH9\xc3"}},
    {FORM_FINGERPRINT,
     {"0123456789abcdef0123456789abcdef0123456789abcdef0123456789ABCDEF"},
     {"", "0123456789abcdef", "SHA256:0123456789abcdef"}},
    {FORM_ADDRESS,
     {"127.0.0.1:8080", "[::1]:0", "*:65535", "0.0.0.0:1"},
     {"", ":8080", "127.0.0.1", "8080", "127.0.0.1:65536", "127.0.0.1:", "localhost:8080",
      "::1:8080", "[::1:80", "[]:80", "[127.0.0.1]:80", "1.2.3:80", "127.0.0.1:+80", "**:80"}},
    {FORM_URL, {"https://api.botpress.cloud"}, {"", "api.botpress.cloud", "https://a/b"}},
    {FORM_REDIS,
     {"redis://127.0.0.1:6379/0", "rediss://u:p@redis.test", "unix:///run/redis.sock",
      "redis+sentinel://a:1,b:2/master"},
     {"", "127.0.0.1:6379", "http://127.0.0.1:6379", "redis://", "redis://:secret@"}},
    {FORM_FILE, {"/etc/x.pem", "x"}, {""}},
    {FORM_LOG, {"stdout", "off", "syslog", "/var/log/bpgate.log"}, {"", "a\nb"}},
    {FORM_SOURCE,
     {"env:BOTPRESS_TOKEN", "file:/run/secret", "cred:token"},
     {"", "env:", "file:", "cred:", "bp_pat_secret", "ENV:X", "environment:X", "env"}},
    {FORM_CIDR, {"10.0.0.0/8", "::1", "192.168.1.1"}, {"", "10.0.0.1/8", "10.0.0.0/33", "a"}},
    {FORM_ORIGIN,
     {"https://app.example.com", "http://localhost:3000", "http://[::1]", "http://[::1]:81"},
     {"", "*", "null", "app.example.com", "https://", "https://a/", "https://A.example",
      "https://a:443", "http://a:80", "https://a:", "https://u@a", "https://*.example.com",
      "ftp://a", "https://:8443"}},
    {FORM_OPERATION, {"read", "list*", "!delete*"}, {"", "a b"}},
};

static void texts_of_the_form_pass_and_others_do_not(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(forms); i++) {
        for (size_t k = 0; k < COUNT_OF(forms[i].good) && forms[i].good[k]; k++)
            assert_null(text_form_fault(forms[i].form, span_of(forms[i].good[k])));
        for (size_t k = 0; k < COUNT_OF(forms[i].bad) && forms[i].bad[k]; k++)
            assert_non_null(text_form_fault(forms[i].form, span_of(forms[i].bad[k])));
    }
}

static void control_bytes_are_in_no_form(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(forms); i++) {
        char text[128];
        int len = snprintf(text, sizeof(text), "%s\n", forms[i].good[0]);
        assert_non_null(text_form_fault(forms[i].form, (struct span){text, (size_t)len}));
        text[len - 1] = '\0';
        assert_non_null(text_form_fault(forms[i].form, (struct span){text, (size_t)len}));
    }
}

static void lengths_are_bounded(void **state)
{
    (void)state;
    char text[TEXT_MAX_LEN + 1];
    memset(text, 'a', sizeof(text));
    assert_null(text_form_fault(FORM_NAME, (struct span){text, NAME_MAX_LEN}));
    assert_non_null(text_form_fault(FORM_NAME, (struct span){text, NAME_MAX_LEN + 1}));
    assert_null(text_form_fault(FORM_ID, (struct span){text, ID_MAX_LEN}));
    assert_non_null(text_form_fault(FORM_ID, (struct span){text, ID_MAX_LEN + 1}));
    assert_null(text_form_fault(FORM_FILE, (struct span){text, TEXT_MAX_LEN}));
    assert_non_null(text_form_fault(FORM_FILE, (struct span){text, TEXT_MAX_LEN + 1}));
    assert_null(text_form_fault(FORM_HASH, (struct span){text, 64}));
    assert_non_null(text_form_fault(FORM_HASH, (struct span){text, 63}));
    assert_non_null(text_form_fault(FORM_HASH, (struct span){text, 65}));
    text[5] = 'g';
    assert_non_null(text_form_fault(FORM_HASH, (struct span){text, 64}));
}

static void every_form_has_a_word(void **state)
{
    (void)state;
    for (int form = FORM_NAME; form <= FORM_OPERATION; form++)
        assert_true(strlen(text_form_word((enum text_form)form)) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_of_the_form_pass_and_others_do_not),
        cmocka_unit_test(control_bytes_are_in_no_form),
        cmocka_unit_test(lengths_are_bounded),
        cmocka_unit_test(every_form_has_a_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
