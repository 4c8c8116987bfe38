/* Against a real master, replica and sentinel: the client follows a failover. */
#include "store/redis_sentinel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "support/redis_play.h"

static int set_up(void **state)
{
    return redis_play_set_up(state);
}

static int tear_down(void **state)
{
    return redis_play_tear_down(state);
}

/* Returns when the replica holds what the master was told. */
static void replicate(struct redis_play *play, struct redis_server *replica)
{
    static const char *const at_once[] = {"--repl-diskless-sync-delay", "0", NULL};
    const char *const extra[] = {"--replicaof", "127.0.0.1", play->server.port, NULL};
    redis_server_start(&play->server, at_once);
    redis_server_start(replica, extra);
    redis_play_open_at(play, "redis://127.0.0.1:%s");
    redis_play_run_until_up(play);
    ASK(play, SPAN("SET"), SPAN("key"), SPAN("value"));
    ASK(play, SPAN("WAIT"), SPAN("1"), SPAN("4000"));
    assert_int_equal(play->result, REDIS_ANSWERED);
    redis_play_close(play);
}

static void the_new_master_is_found_when_the_old_one_dies(void **state)
{
    struct redis_play *play = *state;
    struct redis_server replica, sentinel;
    redis_server_init(&replica);
    redis_server_init(&sentinel);
    replicate(play, &replica);
    redis_server_start_sentinel(&sentinel, "mymaster", play->server.port);
    redis_play_aim(play, "redis+sentinel://127.0.0.1:%s/mymaster", sentinel.port, NULL);
    play->redis =
        redis_create(&play->loop, play->target, &redis_play_options, &redis_play_events, play);
    redis_play_run_until_up(play);
    ASK(play, SPAN("GET"), SPAN("key"));
    assert_string_equal(play->reply, "value");
    redis_server_stop(&play->server);
    redis_play_run_until_trouble(play, REDIS_GONE);
    redis_play_run_until_up(play);
    ASK(play, SPAN("SET"), SPAN("key"), SPAN("of the new master"));
    assert_string_equal(play->reply, "OK");
    redis_server_clear(&sentinel);
    redis_server_clear(&replica);
}

static void a_sentinel_that_is_taken_for_redis_says_what_it_is(void **state)
{
    struct redis_play *play = *state;
    redis_server_start_sentinel(&play->server, "mymaster", "1");
    redis_play_open_at(play, "redis://127.0.0.1:%s");
    redis_play_run_until_trouble(play, REDIS_IS_SENTINEL);
    redis_play_close(play);
    redis_play_aim(play, "redis+sentinel://127.0.0.1:%s/other", play->server.port, NULL);
    play->redis =
        redis_create(&play->loop, play->target, &redis_play_options, &redis_play_events, play);
    redis_play_run_until_trouble(play, REDIS_NO_MASTER);
    assert_non_null(strstr(play->detail, "it knows no master of this name"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_new_master_is_found_when_the_old_one_dies, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_sentinel_that_is_taken_for_redis_says_what_it_is, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
