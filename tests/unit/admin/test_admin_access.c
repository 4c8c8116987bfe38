#include "admin/admin_access.h"

#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct field {
    const char *name, *value;
};

static enum admin_denial ask(enum method method, const char *host, struct field field,
                             const char *token, bool is_open)
{
    struct arena arena;
    struct request request = {.method = method, .host = span_of(host)};
    arena_init(&arena, MIB);
    header_list_init(&request.headers, &arena, 2);
    if (field.name)
        assert_true(header_list_add(&request.headers, span_of(field.name), span_of(field.value)));
    enum admin_denial denial = admin_access(&request, span_of(token), is_open);
    arena_clear(&arena);
    return denial;
}

static const struct field no_field;

static void without_a_token_only_addresses_and_localhost_are_hosts(void **state)
{
    (void)state;
    static const char *const good[] = {"127.0.0.1:9901", "127.0.0.1", "[::1]:9901",    "[::1]",
                                       "localhost:9901", "LocalHost", "10.2.3.4:9901", NULL};
    static const char *const bad[] = {"evil.example:9901",
                                      "localhost.evil.example",
                                      "127.0.0.1.evil.example:80",
                                      "[]",
                                      "localhost.",
                                      "127.1"};
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        assert_int_equal(ask(METHOD_GET, good[i], no_field, NULL, true), ADMIN_GRANTED);
        assert_int_equal(ask(METHOD_POST, good[i], no_field, NULL, false), ADMIN_GRANTED);
    }
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_int_equal(ask(METHOD_GET, bad[i], no_field, NULL, true), ADMIN_FOREIGN_HOST);
}

static void a_token_lets_names_be_hosts(void **state)
{
    (void)state;
    const struct field shown = {"Authorization", "Bearer secret"};
    assert_int_equal(ask(METHOD_GET, "bpgate.internal", shown, "secret", false), ADMIN_GRANTED);
    assert_int_equal(ask(METHOD_GET, "bpgate.internal", no_field, "secret", true), ADMIN_GRANTED);
    assert_int_equal(ask(METHOD_GET, "bpgate.internal", no_field, "secret", false), ADMIN_NO_TOKEN);
}

static void the_token_is_compared_whole(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        enum admin_denial denial;
    } cases[] = {
        {"Bearer secret", ADMIN_GRANTED},
        {"bearer   secret", ADMIN_GRANTED},
        {"Bearer secre", ADMIN_BAD_TOKEN},
        {"Bearer secrets", ADMIN_BAD_TOKEN},
        {"Bearer Secret", ADMIN_BAD_TOKEN},
        {"Bearer secret x", ADMIN_BAD_TOKEN},
        {"Bearer", ADMIN_NO_TOKEN},
        {"Bearer ", ADMIN_NO_TOKEN},
        {"Basic c2VjcmV0", ADMIN_NO_TOKEN},
        {"secret", ADMIN_NO_TOKEN},
        {"", ADMIN_NO_TOKEN},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct field shown = {"Authorization", cases[i].value};
        assert_int_equal(ask(METHOD_GET, "localhost", shown, "secret", false), cases[i].denial);
    }
}

static void a_write_of_another_site_is_refused_with_the_token_too(void **state)
{
    (void)state;
    static const struct {
        struct field field;
        enum admin_denial denial;
    } cases[] = {
        {{"Origin", "http://localhost:9901"}, ADMIN_GRANTED},
        {{"Origin", "https://localhost:9901"}, ADMIN_GRANTED},
        {{"Origin", "http://localhost:3000"}, ADMIN_CROSS_SITE},
        {{"Origin", "http://evil.example"}, ADMIN_CROSS_SITE},
        {{"Origin", "null"}, ADMIN_CROSS_SITE},
        {{"Origin", ""}, ADMIN_CROSS_SITE},
        {{"Sec-Fetch-Site", "same-origin"}, ADMIN_GRANTED},
        {{"Sec-Fetch-Site", "none"}, ADMIN_GRANTED},
        {{"Sec-Fetch-Site", "same-site"}, ADMIN_CROSS_SITE},
        {{"sec-fetch-site", "cross-site"}, ADMIN_CROSS_SITE},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct field field = cases[i].field;
        enum admin_denial denial = cases[i].denial;
        assert_int_equal(ask(METHOD_POST, "localhost:9901", field, NULL, false), denial);
        assert_int_equal(ask(METHOD_OTHER, "localhost:9901", field, NULL, false), denial);
        assert_int_equal(ask(METHOD_GET, "localhost:9901", field, NULL, false), ADMIN_GRANTED);
        assert_int_equal(ask(METHOD_POST, "localhost:9901", field, "secret", false),
                         denial == ADMIN_GRANTED ? ADMIN_NO_TOKEN : denial);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_token_only_addresses_and_localhost_are_hosts),
        cmocka_unit_test(a_token_lets_names_be_hosts),
        cmocka_unit_test(the_token_is_compared_whole),
        cmocka_unit_test(a_write_of_another_site_is_refused_with_the_token_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
