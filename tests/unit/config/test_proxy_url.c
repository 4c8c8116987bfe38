#include "config/proxy_url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"

static void a_url_is_taken_apart(void **state)
{
    (void)state;
    static const struct {
        const char *text, *host;
        unsigned port;
        const char *credentials;
    } rows[] = {
        {"http://proxy", "proxy", 80, NULL},
        {"HTTP://proxy:3128/", "proxy", 3128, NULL},
        {"http://10.0.0.1:3128", "10.0.0.1", 3128, NULL},
        {"http://[::1]:3128", "::1", 3128, NULL},
        {"http://ci@proxy", "proxy", 80, "ci:"},
        {"http://ci:se%40cret%3A@proxy:1", "proxy", 1, "ci:se@cret:"},
        {"http://a:b@c@proxy:1", "proxy", 1, "a:b@c"},
        {"http://:@proxy:1", "proxy", 1, ":"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct arena arena;
        struct proxy_url url;
        arena_init(&arena, MIB);
        assert_null(proxy_url_parse(span_of(rows[i].text), &url));
        assert_true(span_equal(url.host, span_of(rows[i].host)));
        assert_int_equal(url.port, rows[i].port);
        const char *credentials = proxy_url_credentials(&url, &arena);
        if (rows[i].credentials)
            assert_string_equal(credentials, rows[i].credentials);
        else
            assert_null(credentials);
        arena_clear(&arena);
    }
}

static void what_is_no_proxy_is_refused_without_being_shown(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",
        "proxy",
        "proxy:3128",
        "https://proxy",
        "socks5://proxy",
        "http://",
        "http://:3128",
        "http://secret@",
        "http://proxy:0",
        "http://proxy:65536",
        "http://proxy:",
        "http://proxy:x",
        "http://proxy/secret",
        "http://proxy?secret",
        "http://secret%@proxy",
        "http://secret%4@proxy",
        "http://secret%zz@proxy",
        "http://secret%00@proxy",
        "http://secret%0d%0a@proxy",
        "http://1.2.3@proxy:1.2",
        "http://1.2.3",
        "http://[::1",
        "http://::1",
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct proxy_url url;
        const char *fault = proxy_url_parse(span_of(rows[i]), &url);
        assert_non_null(fault);
        assert_null(strstr(fault, "secret"));
    }
}

static void exceptions_name_hosts_domains_and_ports(void **state)
{
    (void)state;
    static const struct upstream_url api = {
        .is_tls = true, .host = SPAN_INIT("api.example.com"), .port = 443};
    static const struct {
        const char *list;
        bool is_excepted;
    } rows[] = {
        {"", false},
        {",, ,", false},
        {"*", true},
        {"api.example.com", true},
        {"API.Example.COM", true},
        {"example.com", true},
        {".example.com", true},
        {"*.example.com", true},
        {"localhost, .example.com", true},
        {"localhost .example.com", true},
        {"api.example.com:443", true},
        {"api.example.com:8443", false},
        {"pi.example.com", false},
        {"ample.com", false},
        {"example.com.evil", false},
        {"the.api.example.com", false},
        {"com", true},
        {"10.0.0.1,::1", false},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_int_equal(proxy_is_excepted(span_of(rows[i].list), &api), rows[i].is_excepted);
    const struct upstream_url six = {.is_tls = true, .host = SPAN("2001:db8::1"), .port = 443};
    assert_true(proxy_is_excepted(SPAN("2001:db8::1"), &six));
    assert_true(proxy_is_excepted(SPAN("[2001:db8::1]:443"), &six));
    assert_false(proxy_is_excepted(SPAN("[2001:db8::1]:8443"), &six));
}

static void assert_environment(const struct upstream_url *upstream, const char *wanted)
{
    struct span text = proxy_url_of_environment(upstream);
    assert_int_equal(text.len, strlen(wanted));
    assert_memory_equal(text.at, wanted, text.len);
}

static void the_environment_is_asked_in_capitals_first(void **state)
{
    (void)state;
    static const struct upstream_url api = {
        .is_tls = true, .host = SPAN_INIT("api.example.com"), .port = 443};
    struct upstream_url plain = api, here = api;
    plain.is_tls = false;
    here.is_loopback = true;
    static const char *const names[] = {"HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy"};
    for (size_t i = 0; i < COUNT_OF(names); i++)
        (void)unsetenv(names[i]);
    assert_environment(&api, "");
    (void)setenv("https_proxy", "http://small", 1);
    assert_environment(&api, "http://small");
    (void)setenv("HTTPS_PROXY", "", 1);
    assert_environment(&api, "http://small");
    (void)setenv("HTTPS_PROXY", "http://large", 1);
    assert_environment(&api, "http://large");
    assert_environment(&plain, "");
    assert_environment(&here, "");
    (void)setenv("no_proxy", "example.com", 1);
    assert_environment(&api, "");
    (void)setenv("NO_PROXY", "elsewhere", 1);
    assert_environment(&api, "http://large");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_url_is_taken_apart),
        cmocka_unit_test(what_is_no_proxy_is_refused_without_being_shown),
        cmocka_unit_test(exceptions_name_hosts_domains_and_ports),
        cmocka_unit_test(the_environment_is_asked_in_capitals_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
