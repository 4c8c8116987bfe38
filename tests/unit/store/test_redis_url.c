#include "store/redis_url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/text.h"

static int set_up(void **state)
{
    static struct arena arena;
    arena_init(&arena, MIB);
    *state = &arena;
    return 0;
}

static int tear_down(void **state)
{
    arena_clear(*state);
    return 0;
}

static struct redis_url parse(void **state, const char *text)
{
    struct redis_url url;
    const char *problem = redis_url_parse(span_of(text), *state, &url);
    if (problem)
        print_message("%s %s\n", text, problem);
    assert_null(problem);
    return url;
}

static void assert_text(struct span text, const char *expected)
{
    assert_true(span_equal(text, span_of(expected)));
}

static void a_host_alone_is_enough(void **state)
{
    struct redis_url url = parse(state, "redis://cache.internal");
    assert_int_equal(url.kind, REDIS_URL_TCP);
    assert_false(url.is_tls);
    assert_int_equal(url.count, 1);
    assert_string_equal(url.addresses[0].host, "cache.internal");
    assert_int_equal(url.addresses[0].port, 6379);
    assert_int_equal(url.login.user.len + url.login.password.len + url.login.database, 0);
    assert_int_equal(parse(state, "REDIS://h/").login.database, 0);
}

static void all_parts_are_taken(void **state)
{
    struct redis_url url = parse(state, "rediss://gate:p%40s%2Fs:w@[2001:db8::1]:7000/15");
    assert_true(url.is_tls);
    assert_string_equal(url.addresses[0].host, "2001:db8::1");
    assert_int_equal(url.addresses[0].port, 7000);
    assert_text(url.login.user, "gate");
    assert_text(url.login.password, "p@s/s:w");
    assert_int_equal(url.login.database, 15);
}

static void a_password_needs_no_user_and_a_user_no_password(void **state)
{
    struct redis_url url = parse(state, "redis://:p@ss@10.0.0.1");
    assert_int_equal(url.login.user.len, 0);
    assert_text(url.login.password, "p@ss");
    url = parse(state, "redis://open:@10.0.0.1");
    assert_text(url.login.user, "open");
    assert_int_equal(url.login.password.len, 0);
}

static void a_password_may_hold_any_byte(void **state)
{
    struct redis_url url = parse(state, "redis://:%00%0d%0A%ff@h");
    assert_true(span_equal(url.login.password, SPAN("\0\r\n\xff")));
}

static void a_local_socket_has_a_path_and_perhaps_a_database(void **state)
{
    struct redis_url url = parse(state, "unix:///run/redis/redis.sock?db=2");
    assert_int_equal(url.kind, REDIS_URL_UNIX);
    assert_string_equal(url.path, "/run/redis/redis.sock");
    assert_int_equal(url.login.database, 2);
    url = parse(state, "unix://me:secret@/redis.sock");
    assert_string_equal(url.path, "/redis.sock");
    assert_text(url.login.user, "me");
    assert_text(url.login.password, "secret");
}

static void sentinels_are_several_and_know_a_name(void **state)
{
    struct redis_url url =
        parse(state, "redis+sentinel://:pw@10.0.0.1,sentinel-2:5000,[::1]:7/my.master/4");
    assert_int_equal(url.kind, REDIS_URL_SENTINEL);
    assert_int_equal(url.count, 3);
    assert_string_equal(url.addresses[0].host, "10.0.0.1");
    assert_int_equal(url.addresses[0].port, 26379);
    assert_string_equal(url.addresses[1].host, "sentinel-2");
    assert_int_equal(url.addresses[1].port, 5000);
    assert_string_equal(url.addresses[2].host, "::1");
    assert_text(url.master, "my.master");
    assert_text(url.login.password, "pw");
    assert_int_equal(url.login.database, 4);
}

static void what_is_wrong_is_told_in_a_sentence_without_the_password(void **state)
{
    static const struct {
        struct span url;
        const char *says;
    } rows[] = {
        {SPAN_INIT(""), "must be redis://"},
        {SPAN_INIT("127.0.0.1:6379"), "must be redis://"},
        {SPAN_INIT("http://h"), "must be redis://"},
        {SPAN_INIT("redis+cluster://h"), "Redis Cluster"},
        {SPAN_INIT("rediss+cluster://h"), "Redis Cluster"},
        {SPAN_INIT("rediss+sentinel://h/m"), "TLS with Sentinel"},
        {SPAN_INIT("redis://"), "host"},
        {SPAN_INIT("redis:///0"), "host"},
        {SPAN_INIT("redis://:6379"), "host"},
        {SPAN_INIT("redis://::1"), "host"},
        {SPAN_INIT("redis://[::1"), "host"},
        {SPAN_INIT("redis://[10.0.0.1x]"), "host"},
        {SPAN_INIT("redis://10.0.0.256"), "host"},
        {SPAN_INIT("redis://10.1"), "host"},
        {SPAN_INIT("redis://-x"), "host"},
        {SPAN_INIT("redis://a b"), "host"},
        {SPAN_INIT("redis://h\0x"), "host"},
        {SPAN_INIT("redis://:secret/x@h"), "%2F"},
        {SPAN_INIT("redis://h:0"), "port"},
        {SPAN_INIT("redis://h:65536"), "port"},
        {SPAN_INIT("redis://h:"), "port"},
        {SPAN_INIT("redis://h:+1"), "port"},
        {SPAN_INIT("redis://[::1]x"), "port"},
        {SPAN_INIT("redis://h/x"), "database"},
        {SPAN_INIT("redis://h/1/2"), "database"},
        {SPAN_INIT("redis://h/-1"), "database"},
        {SPAN_INIT("redis://h/2147483648"), "database"},
        {SPAN_INIT("redis://h?db=1"), "query"},
        {SPAN_INIT("redis://h/1?x"), "query"},
        {SPAN_INIT("redis://h#1"), "query"},
        {SPAN_INIT("redis://a,b"), "one host"},
        {SPAN_INIT("redis://secret@h"), "name alone"},
        {SPAN_INIT("redis://:sec%ret@h"), "wrongly encoded"},
        {SPAN_INIT("redis://:secret%4@h"), "wrongly encoded"},
        {SPAN_INIT("redis://:sec ret@h"), "wrongly encoded"},
        {SPAN_INIT("unix://run/redis.sock"), "path"},
        {SPAN_INIT("unix://"), "path"},
        {SPAN_INIT("unix:///"), "path"},
        {SPAN_INIT("unix:///a\0b"), "path"},
        {SPAN_INIT("unix:///a?db=x"), "path"},
        {SPAN_INIT("unix:///a?x=1"), "path"},
        {SPAN_INIT("unix:///a#1"), "path"},
        {SPAN_INIT("redis+sentinel://a"), "sentinels know"},
        {SPAN_INIT("redis+sentinel://a/"), "sentinels know"},
        {SPAN_INIT("redis+sentinel://a//1"), "sentinels know"},
        {SPAN_INIT("redis+sentinel://a/m m"), "sentinels know"},
        {SPAN_INIT("redis+sentinel://a/m/x"), "database"},
        {SPAN_INIT("redis+sentinel://a,,b/m"), "one to eight"},
        {SPAN_INIT("redis+sentinel:///m"), "one to eight"},
        {SPAN_INIT("redis+sentinel://a,b,c,d,e,f,g,h,i/m"), "one to eight"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct redis_url url;
        const char *problem = redis_url_parse(rows[i].url, *state, &url);
        if (!problem || !strstr(problem, rows[i].says))
            print_message("%s: %s\n", rows[i].url.at, problem ? problem : "taken");
        assert_non_null(problem);
        assert_non_null(strstr(problem, rows[i].says));
        assert_null(strstr(problem, "secret"));
    }
}

static void lengths_are_bounded(void **state)
{
    char text[3 * REDIS_LOGIN_MAX_LEN];
    struct redis_url url;
    (void)snprintf(text, sizeof(text), "redis://:%0*d@h", REDIS_LOGIN_MAX_LEN, 1);
    assert_int_equal(parse(state, text).login.password.len, REDIS_LOGIN_MAX_LEN);
    (void)snprintf(text, sizeof(text), "redis://:%0*d@h", REDIS_LOGIN_MAX_LEN + 1, 1);
    assert_non_null(redis_url_parse(span_of(text), *state, &url));
    (void)snprintf(text, sizeof(text), "redis://x%0*d", 253, 1);
    assert_non_null(redis_url_parse(span_of(text), *state, &url));
    (void)snprintf(text, sizeof(text), "unix:///%0*d", 106, 1);
    assert_int_equal(strlen(parse(state, text).path), 107);
    (void)snprintf(text, sizeof(text), "unix:///%0*d", 107, 1);
    assert_non_null(redis_url_parse(span_of(text), *state, &url));
}

int main(void)
{
#define ARENA(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        ARENA(a_host_alone_is_enough),
        ARENA(all_parts_are_taken),
        ARENA(a_password_needs_no_user_and_a_user_no_password),
        ARENA(a_password_may_hold_any_byte),
        ARENA(a_local_socket_has_a_path_and_perhaps_a_database),
        ARENA(sentinels_are_several_and_know_a_name),
        ARENA(what_is_wrong_is_told_in_a_sentence_without_the_password),
        ARENA(lengths_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
