/* Against a real redis-server: logins, TLS, stalls, restarts. */
#include "store/redis.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/clock.h"
#include "support/certificates.h"
#include "support/recorder.h"
#include "support/redis_play.h"

enum { BUDGET_MS = 25 };

static struct certificate authority, stranger, certificate;

static int make_certificates(void **state)
{
    (void)state;
    certificate_make_authority(&authority, "authority");
    certificate_make_authority(&stranger, "stranger");
    certificate_make_server(&certificate, "IP:127.0.0.1", &authority);
    return 0;
}

static int drop_certificates(void **state)
{
    (void)state;
    certificate_clear(&authority);
    certificate_clear(&stranger);
    certificate_clear(&certificate);
    return 0;
}

/* --- Plays --- */

static void values_of_a_mebibyte_come_back_as_they_were(void **state)
{
    struct redis_play *play = *state;
    struct span large = pattern_make(MIB);
    redis_server_start(&play->server, redis_play_no_more);
    redis_play_open_at(play, "redis://127.0.0.1:%s/3");
    redis_play_run_until_up(play);
    ASK(play, SPAN("SET"), SPAN("key"), large);
    assert_string_equal(play->reply, "OK");
    ASK(play, SPAN("GET"), SPAN("key"));
    assert_int_equal(play->result, REDIS_ANSWERED);
    assert_int_equal(play->reply_len, MIB);
    assert_memory_equal(play->reply, large.at, sizeof(play->reply) - 1);
    ASK(play, SPAN("CLIENT"), SPAN("LIST"));
    ASK(play, SPAN("CLIENT"), SPAN("GETNAME"));
    assert_string_equal(play->reply, "bpgate");
    pattern_free(large);
}

static void scripts_run_over_a_local_socket(void **state)
{
    struct redis_play *play = *state;
    redis_server_start(&play->server, redis_play_no_more);
    redis_play_open_at_socket(play);
    redis_play_run_until_up(play);
    ASK(play, SPAN("SCRIPT"), SPAN("LOAD"), SPAN("return ARGV[1]"));
    char sha[64];
    (void)snprintf(sha, sizeof(sha), "%s", play->reply);
    ASK(play, SPAN("EVALSHA"), span_of(sha), SPAN("0"), SPAN("hello"));
    assert_string_equal(play->reply, "hello");
    ASK(play, SPAN("EVALSHA"), SPAN("ffffffffffffffffffffffffffffffffffffffff"), SPAN("0"));
    assert_int_equal(play->result, REDIS_REFUSED);
    assert_memory_equal(play->reply, "NOSCRIPT ", 9);
}

static void it_is_back_within_two_seconds_of_a_restart(void **state)
{
    struct redis_play *play = *state;
    redis_server_start(&play->server, redis_play_no_more);
    redis_play_open_at_socket(play);
    redis_play_run_until_up(play);
    redis_server_stop(&play->server);
    redis_play_run_until_trouble(play, REDIS_GONE);
    play->trouble = REDIS_NO_TROUBLE;
    redis_play_run_until_trouble(play, REDIS_UNREACHABLE);
    assert_non_null(strstr(play->detail, play->server.socket));
    redis_server_start(&play->server, redis_play_no_more);
    uint64_t started_ms = clock_ms();
    redis_play_run_until_up(play);
    assert_in_range(clock_ms() - started_ms, 0, 2500);
    ASK(play, SPAN("PING"));
    assert_string_equal(play->reply, "PONG");
}

static void nobody_waits_for_a_redis_that_is_stopped_and_it_is_used_when_it_goes_on(void **state)
{
    struct redis_play *play = *state;
    const struct span argv[] = {SPAN("PING")};
    redis_server_start(&play->server, redis_play_no_more);
    redis_play_open_at(play, "redis://127.0.0.1:%s");
    redis_play_run_until_up(play);
    assert_int_equal(kill(play->server.pid, SIGSTOP), 0);
    uint64_t stopped_ms = clock_ms();
    for (int i = 0; i < 3; i++) {
        redis_play_ask_within(play, argv, 1, BUDGET_MS);
        assert_int_equal(play->result, REDIS_LATE);
    }
    assert_in_range(clock_ms() - stopped_ms, 3 * BUDGET_MS, 1000);
    assert_int_equal(play->trouble, REDIS_SLOW);
    assert_int_equal(redis_post(play->redis, argv, 1), ERR_CLOSED);
    assert_int_equal(kill(play->server.pid, SIGCONT), 0);
    uint64_t went_on_ms = clock_ms();
    redis_play_run_until_up(play);
    assert_in_range(clock_ms() - went_on_ms, 0, 1000);
    ASK(play, SPAN("ECHO"), SPAN("in order"));
    assert_string_equal(play->reply, "in order");
    assert_int_equal(redis_counts(play->redis).connected, 1);
}

static void passwords_are_asked_for_and_checked(void **state)
{
    static const struct {
        const char *url;
        enum redis_trouble trouble;
    } rows[] = {
        {"redis://127.0.0.1:%s", REDIS_NEEDS_PASSWORD},
        {"redis://:wrong@127.0.0.1:%s", REDIS_WRONG_PASSWORD},
        {"redis://nobody:secret@127.0.0.1:%s", REDIS_WRONG_PASSWORD},
        {"redis://:s%3Acret%2F@127.0.0.1:%s/99", REDIS_NO_DATABASE},
        {"redis://:s%3Acret%2F@127.0.0.1:%s/15", REDIS_NO_TROUBLE},
        {"redis://default:s%3Acret%2F@127.0.0.1:%s", REDIS_NO_TROUBLE},
    };
    static const char *const extra[] = {"--requirepass", "s:cret/", NULL};
    struct redis_play *play = *state;
    redis_server_start(&play->server, extra);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        redis_play_open_at(play, rows[i].url);
        if (rows[i].trouble == REDIS_NO_TROUBLE)
            redis_play_run_until_up(play);
        else
            redis_play_run_until_trouble(play, rows[i].trouble);
        assert_null(strstr(play->detail, "wrong@"));
        redis_play_close(play);
    }
}

static void a_user_with_few_rights_will_do(void **state)
{
    static const char *const extra[] = {"--user",    "gate", "on",   ">secret", "~bpgate:*",
                                        "&bpgate:*", "+get", "+set", NULL};
    struct redis_play *play = *state;
    redis_server_start(&play->server, extra);
    redis_play_open_at(play, "redis://gate:secret@127.0.0.1:%s");
    redis_play_run_until_up(play);
    ASK(play, SPAN("GET"), SPAN("bpgate:x"));
    assert_int_equal(play->result, REDIS_ANSWERED);
    ASK(play, SPAN("GET"), SPAN("other"));
    assert_int_equal(play->result, REDIS_REFUSED);
    ASK(play, SPAN("PING"));
    assert_int_equal(play->result, REDIS_REFUSED);
    assert_true(redis_is_up(play->redis));
}

static void a_password_that_redis_does_not_want_is_no_trouble(void **state)
{
    struct redis_play *play = *state;
    redis_server_start(&play->server, redis_play_no_more);
    redis_play_open_at(play, "redis://:secret@127.0.0.1:%s");
    redis_play_run_until_up(play);
}

static void tls_is_used_and_its_certificate_checked(void **state)
{
    const char *const extra[] = {"--port",
                                 "0",
                                 "--tls-port",
                                 NULL,
                                 "--tls-cert-file",
                                 certificate.certificate_file,
                                 "--tls-key-file",
                                 certificate.key_file,
                                 "--tls-ca-cert-file",
                                 authority.certificate_file,
                                 "--tls-auth-clients",
                                 "no",
                                 NULL};
    const char *arguments[COUNT_OF(extra)];
    struct redis_play *play = *state;
    memcpy(arguments, extra, sizeof(extra));
    arguments[3] = play->server.port;
    redis_server_start(&play->server, arguments);
    redis_play_aim(play, "rediss://127.0.0.1:%s", play->server.port, stranger.certificate_file);
    play->redis =
        redis_create(&play->loop, play->target, &redis_play_options, &redis_play_events, play);
    redis_play_run_until_trouble(play, REDIS_UNTRUSTED);
    redis_play_close(play);
    redis_play_aim(play, "rediss://127.0.0.1:%s", play->server.port, authority.certificate_file);
    play->redis =
        redis_create(&play->loop, play->target, &redis_play_options, &redis_play_events, play);
    redis_play_run_until_up(play);
    struct span large = pattern_make(MIB);
    ASK(play, SPAN("SET"), SPAN("key"), large);
    ASK(play, SPAN("GET"), SPAN("key"));
    assert_int_equal(play->reply_len, MIB);
    pattern_free(large);
    redis_play_close(play);
    redis_play_open_at(play, "redis://127.0.0.1:%s"); /* no TLS where it is wanted */
    redis_play_run_until_trouble(play, REDIS_GONE);
}

static void a_cluster_is_refused(void **state)
{
    static const char *const extra[] = {"--cluster-enabled", "yes", NULL};
    struct redis_play *play = *state;
    redis_server_start(&play->server, extra);
    redis_play_open_at(play, "redis://127.0.0.1:%s");
    redis_play_run_until_trouble(play, REDIS_CLUSTER);
    redis_play_close(play);
    redis_play_open_at(play, "redis://127.0.0.1:%s/2");
    play->trouble = REDIS_NO_TROUBLE;
    redis_play_run_until_trouble(play, REDIS_CLUSTER);
}

static void a_replica_is_refused_from_the_start_and_when_it_becomes_one(void **state)
{
    struct redis_play *play = *state;
    redis_server_start(&play->server, redis_play_no_more);
    redis_play_open_at(play, "redis://127.0.0.1:%s");
    redis_play_run_until_up(play);
    ASK(play, SPAN("REPLICAOF"), SPAN("127.0.0.1"), SPAN("1"));
    ASK(play, SPAN("SET"), SPAN("key"), SPAN("value"));
    assert_int_equal(play->result, REDIS_REFUSED);
    redis_play_run_until_trouble(play, REDIS_REPLICA);
    assert_memory_equal(play->detail, "READONLY ", 9);
    play->trouble = REDIS_NO_TROUBLE;
    redis_play_run_until_trouble(play, REDIS_REPLICA);
    assert_string_equal(play->detail, "it said so when asked");
}

static void a_redis_without_room_for_clients_says_so(void **state)
{
    static const char *const extra[] = {"--maxclients", "1", NULL};
    static struct redis_play second;
    struct redis_play *play = *state;
    redis_server_start(&play->server, extra);
    redis_play_open_at(play, "redis://127.0.0.1:%s");
    redis_play_run_until_up(play);
    second = (struct redis_play){.ups = 0};
    struct redis *redis =
        redis_create(&play->loop, play->target, &redis_play_options, &redis_play_events, &second);
    play->trouble = REDIS_NO_TROUBLE;
    for (int i = 0; i < 1000 && second.downs == 0; i++)
        ASK(play, SPAN("PING"));
    assert_int_equal(second.trouble, REDIS_FULL);
    redis_destroy(redis);
}

/* --- What is published --- */

static bool has_heard(const struct redis_play *play)
{
    return play->heard >= play->wanted_heard && play->subscribed >= play->wanted_subscribed;
}

static void on_subscribed(void *owner)
{
    ((struct redis_play *)owner)->subscribed++;
}

static void on_message(void *owner, struct span message)
{
    struct redis_play *play = owner;
    play->heard++;
    (void)snprintf(play->reply, sizeof(play->reply), "%.*s", (int)message.len, message.at);
}

static void on_lost(void *owner, enum redis_trouble trouble, struct span detail)
{
    (void)trouble, (void)detail;
    ((struct redis_play *)owner)->lost++;
}

static void subscribe(struct redis_play *play)
{
    static const struct redis_subscriber_events subscriber_events = {on_subscribed, on_message,
                                                                     on_lost};
    const struct redis_subscriber_options channel = {
        .channel = SPAN("bpgate:tags"), .max_message_bytes = KIB, .silence_ms = 200};
    play->subscriber =
        redis_subscriber_create(&play->loop, play->target, &channel, &subscriber_events, play);
    play->wanted_subscribed = 1;
    redis_play_run_until(play, has_heard);
}

static void publish_and_hear(struct redis_play *play, struct span message)
{
    const struct span argv[] = {SPAN("PUBLISH"), SPAN("bpgate:tags"), message};
    play->wanted_heard = play->heard + 1;
    assert_int_equal(redis_post(play->redis, argv, 3), OK);
    redis_play_run_until(play, has_heard);
}

static void what_is_published_is_heard_before_and_after_a_restart(void **state)
{
    struct redis_play *play = *state;
    redis_server_start(&play->server, redis_play_no_more);
    redis_play_open_at(play, "redis://127.0.0.1:%s");
    redis_play_run_until_up(play);
    subscribe(play);
    publish_and_hear(play, SPAN("bot:1"));
    assert_string_equal(play->reply, "bot:1");
    uint64_t until_ms = clock_ms() + 900; /* several times asked whether it is there */
    while (clock_ms() < until_ms)
        ASK(play, SPAN("PING"));
    assert_int_equal(play->lost, 0);
    redis_server_stop(&play->server);
    redis_play_run_until_trouble(play, REDIS_UNREACHABLE);
    redis_server_start(&play->server, redis_play_no_more);
    redis_play_run_until_up(play);
    if (!redis_subscriber_is_up(play->subscriber)) {
        play->wanted_subscribed = play->subscribed + 1;
        redis_play_run_until(play, has_heard);
    }
    publish_and_hear(play, SPAN("bot:2"));
    assert_string_equal(play->reply, "bot:2");
    assert_true(play->lost >= 1);
}

int main(void)
{
#define SCENE(test) cmocka_unit_test_setup_teardown(test, redis_play_set_up, redis_play_tear_down)
    const struct CMUnitTest tests[] = {
        SCENE(values_of_a_mebibyte_come_back_as_they_were),
        SCENE(scripts_run_over_a_local_socket),
        SCENE(it_is_back_within_two_seconds_of_a_restart),
        SCENE(nobody_waits_for_a_redis_that_is_stopped_and_it_is_used_when_it_goes_on),
        SCENE(passwords_are_asked_for_and_checked),
        SCENE(a_user_with_few_rights_will_do),
        SCENE(a_password_that_redis_does_not_want_is_no_trouble),
        SCENE(tls_is_used_and_its_certificate_checked),
        SCENE(a_cluster_is_refused),
        SCENE(a_replica_is_refused_from_the_start_and_when_it_becomes_one),
        SCENE(a_redis_without_room_for_clients_says_so),
        SCENE(what_is_published_is_heard_before_and_after_a_restart),
    };
    return cmocka_run_group_tests(tests, make_certificates, drop_certificates);
}
