#include "config/upstream_url.h"

#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void an_url_is_taken_apart(void **state)
{
    (void)state;
    static const struct {
        const char *text, *host, *authority;
        unsigned port;
        bool is_tls, is_loopback;
    } good[] = {
        {"https://api.botpress.cloud", "api.botpress.cloud", "api.botpress.cloud", 443, true,
         false},
        {"https://api.botpress.cloud/", "api.botpress.cloud", "api.botpress.cloud", 443, true,
         false},
        {"HTTPS://API.Botpress.Cloud", "API.Botpress.Cloud", "api.botpress.cloud", 443, true,
         false},
        {"https://a:443", "a", "a", 443, true, false},
        {"https://a:80", "a", "a:80", 80, true, false},
        {"http://a:80", "a", "a", 80, false, false},
        {"http://a:443/", "a", "a:443", 443, false, false},
        {"http://localhost:3000", "localhost", "localhost:3000", 3000, false, true},
        {"http://LocalHost", "LocalHost", "localhost", 80, false, true},
        {"http://api.localhost", "api.localhost", "api.localhost", 80, false, true},
        {"http://notlocalhost", "notlocalhost", "notlocalhost", 80, false, false},
        {"http://localhost.example", "localhost.example", "localhost.example", 80, false, false},
        {"http://127.0.0.1:1", "127.0.0.1", "127.0.0.1:1", 1, false, true},
        {"http://127.255.0.9", "127.255.0.9", "127.255.0.9", 80, false, true},
        {"http://128.0.0.1", "128.0.0.1", "128.0.0.1", 80, false, false},
        {"http://[::1]:65535", "::1", "[::1]:65535", 65535, false, true},
        {"https://[2001:DB8::1]", "2001:DB8::1", "[2001:db8::1]", 443, true, false},
        {"https://under_score.example", "under_score.example", "under_score.example", 443, true,
         false},
    };
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        struct upstream_url url;
        struct arena arena;
        arena_init(&arena, MIB);
        assert_null(upstream_url_parse(span_of(good[i].text), &url));
        assert_true(span_equal(url.host, span_of(good[i].host)));
        assert_int_equal(url.port, good[i].port);
        assert_int_equal(url.is_tls, good[i].is_tls);
        assert_int_equal(url.is_loopback, good[i].is_loopback);
        assert_true(span_equal(upstream_url_authority(&url, &arena), span_of(good[i].authority)));
        arena_clear(&arena);
    }
}

/* The words that tell the faults apart. */
static void an_url_with_a_fault_is_refused_with_a_sentence(void **state)
{
    (void)state;
    static const struct {
        const char *text, *part;
    } bad[] = {
        {"", "https://"},
        {"api.botpress.cloud", "https://"},
        {"ftp://api.botpress.cloud", "https://"},
        {"https:/api.botpress.cloud", "https://"},
        {"//api.botpress.cloud", "https://"},
        {"https://", "host"},
        {"https:///", "host"},
        {"https://:443", "host"},
        {"https://a b", "host"},
        {"https://a\tb", "host"},
        {"https://.a", "host"},
        {"https://-a", "host"},
        {"https://a%2fb", "host"},
        {"https://a\\b", "host"},
        {"https://1.2.3", "host"},
        {"https://1.2.3.4.5", "host"},
        {"https://256.1.1.1", "host"},
        {"https://2130706433", "host"},
        {"https://[::1", "host"},
        {"https://[]", "host"},
        {"https://[1.2.3.4]", "host"},
        {"https://[fe80::1%25eth0]", "host"},
        {"https://::1", "host"},
        {"https://a:", "port"},
        {"https://a:0", "port"},
        {"https://a:65536", "port"},
        {"https://a:-1", "port"},
        {"https://a:http", "port"},
        {"https://[::1]443", "port"},
        {"https://user@a", "user"},
        {"https://user:secret@a/", "user"},
        {"https://@a", "user"},
        {"https://a/v1", "path"},
        {"https://a//", "path"},
        {"https://a?x=1", "path"},
        {"https://a/?x", "path"},
        {"https://a#x", "path"},
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct upstream_url url;
        const char *fault = upstream_url_parse(span_of(bad[i].text), &url);
        assert_non_null(fault);
        assert_non_null(strstr(fault, bad[i].part));
        assert_null(strstr(fault, "secret"));
    }
}

static void a_host_has_at_most_253_characters(void **state)
{
    (void)state;
    char text[8 + 254 + 1] = "https://";
    struct upstream_url url;
    memset(text + 8, 'a', 253);
    assert_null(upstream_url_parse(span_of(text), &url));
    text[8 + 253] = 'a';
    assert_non_null(upstream_url_parse(span_of(text), &url));
}

static void a_zero_byte_is_no_part_of_a_host(void **state)
{
    (void)state;
    struct upstream_url url;
    assert_non_null(upstream_url_parse(SPAN("https://a\0b"), &url));
    assert_non_null(upstream_url_parse(SPAN("https://127.0.0.1\0"), &url));
    assert_non_null(upstream_url_parse(SPAN("https://[::1\0]"), &url));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_url_is_taken_apart),
        cmocka_unit_test(an_url_with_a_fault_is_refused_with_a_sentence),
        cmocka_unit_test(a_host_has_at_most_253_characters),
        cmocka_unit_test(a_zero_byte_is_no_part_of_a_host),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
