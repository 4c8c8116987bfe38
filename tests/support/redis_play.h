/* redis_play.h - a client of a real redis-server, and a loop that runs until something is so. Header
 * only, for cmocka tests. */
#ifndef SUPPORT_REDIS_PLAY_H
#define SUPPORT_REDIS_PLAY_H

#include "base/text.h"
#include "store/redis.h"
#include "store/redis_subscriber.h"
#include "support/redis_server.h"

enum { REDIS_PLAY_GIVE_UP_MS = 30000, REDIS_PLAY_PATIENT_MS = 10000 };

struct redis_play {
    struct loop loop;
    struct redis_server server;
    struct arena arena;
    struct redis_target *target;
    struct redis *redis;
    struct redis_subscriber *subscriber;
    struct timer tick;
    uint64_t give_up_ms;
    bool (*is_done)(const struct redis_play *play);
    unsigned ups, downs, heard, subscribed, lost;
    enum redis_trouble trouble;
    char detail[200];
    struct redis_call call;
    unsigned told, wanted_told, wanted_ups, wanted_heard, wanted_subscribed;
    enum redis_trouble wanted_trouble;
    enum redis_result result;
    size_t reply_len;
    char reply[64];
};

/* --- The loop, until something is so --- */

static inline void redis_play_on_tick(struct timer *timer)
{
    struct redis_play *play = container_of(timer, struct redis_play, tick);
    if (play->is_done(play) || loop_now_ms(&play->loop) >= play->give_up_ms)
        loop_stop(&play->loop);
    else
        timer_set(timer, loop_now_ms(&play->loop) + 1);
}

static inline void redis_play_run_until(struct redis_play *play,
                                        bool (*is_done)(const struct redis_play *play))
{
    play->is_done = is_done;
    uv_update_time(&play->loop.uv);
    play->give_up_ms = loop_now_ms(&play->loop) + REDIS_PLAY_GIVE_UP_MS;
    timer_set(&play->tick, loop_now_ms(&play->loop) + 1);
    loop_run(&play->loop);
    if (!is_done(play))
        print_message("at the end: %u ups, %u downs, %s: %s\n", play->ups, play->downs,
                      redis_trouble_word(play->trouble).at, play->detail);
    assert_true(is_done(play));
}

static inline bool redis_play_has_wanted_ups(const struct redis_play *play)
{
    return play->ups >= play->wanted_ups;
}

static inline bool redis_play_has_been_told(const struct redis_play *play)
{
    return play->told >= play->wanted_told;
}

static inline bool redis_play_has_wanted_trouble(const struct redis_play *play)
{
    return play->trouble == play->wanted_trouble;
}

static inline void redis_play_run_until_up(struct redis_play *play)
{
    play->wanted_ups = play->ups + 1;
    redis_play_run_until(play, redis_play_has_wanted_ups);
}

static inline void redis_play_run_until_trouble(struct redis_play *play, enum redis_trouble trouble)
{
    play->wanted_trouble = trouble;
    redis_play_run_until(play, redis_play_has_wanted_trouble);
}

/* --- The client --- */

static inline void redis_play_on_up(void *owner)
{
    ((struct redis_play *)owner)->ups++;
}

static inline void redis_play_on_down(void *owner, enum redis_trouble trouble, struct span detail)
{
    struct redis_play *play = owner;
    play->downs++;
    play->trouble = trouble;
    (void)snprintf(play->detail, sizeof(play->detail), "%.*s", (int)detail.len, detail.at);
}

static const struct redis_events redis_play_events = {redis_play_on_up, redis_play_on_down};

static const struct redis_options redis_play_options = {.max_commands = 1000,
                                                        .max_bytes = 8 * MIB,
                                                        .max_reply_bytes = 4 * MIB,
                                                        .quick_ms = 100,
                                                        .silence_ms = 5000};

static inline int redis_play_set_up(void **state)
{
    static struct redis_play play;
    play = (struct redis_play){.ups = 0};
    loop_init(&play.loop);
    timer_init(&play.tick, &play.loop.timers, redis_play_on_tick);
    arena_init(&play.arena, MIB);
    redis_server_init(&play.server);
    *state = &play;
    return 0;
}

static inline int redis_play_tear_down(void **state)
{
    struct redis_play *play = *state;
    if (play->redis)
        redis_destroy(play->redis);
    if (play->subscriber)
        redis_subscriber_destroy(play->subscriber);
    if (play->target)
        redis_target_destroy(play->target);
    redis_server_clear(&play->server);
    arena_clear(&play->arena);
    loop_close(&play->loop);
    return 0;
}

/* format: of the URL, with the port, or the socket's path, in it. */
static inline void redis_play_aim(struct redis_play *play, const char *format, const char *where,
                                  const char *ca_file)
{
    struct redis_url url;
    char text[256], error[TLS_ERROR_SIZE];
    const char *hole = strstr(format, "%s");
    (void)snprintf(text, sizeof(text), "%.*s%s%s", (int)(hole - format), format, where, hole + 2);
    assert_null(redis_url_parse(span_of(text), &play->arena, &url));
    const struct redis_target_options target = {
        .url = &url, .ca_file = ca_file, .connect_ms = 2000, .refresh_ms = 30000};
    play->target = redis_target_create(&play->loop, &target, error);
    assert_non_null(play->target);
}

static inline void redis_play_open_at(struct redis_play *play, const char *format)
{
    redis_play_aim(play, format, play->server.port, NULL);
    play->redis =
        redis_create(&play->loop, play->target, &redis_play_options, &redis_play_events, play);
}

static inline void redis_play_open_at_socket(struct redis_play *play)
{
    redis_play_aim(play, "unix://%s", play->server.socket, NULL);
    play->redis =
        redis_create(&play->loop, play->target, &redis_play_options, &redis_play_events, play);
}

static inline void redis_play_close(struct redis_play *play)
{
    redis_destroy(play->redis);
    redis_target_destroy(play->target);
    play->redis = NULL;
    play->target = NULL;
}

static inline void redis_play_on_done(struct redis_call *call, enum redis_result result,
                                      const struct redis_reply *reply)
{
    struct redis_play *play = container_of(call, struct redis_play, call);
    play->told++;
    play->result = result;
    play->reply_len = reply ? reply->text.len : 0;
    play->reply[0] = '\0';
    if (reply)
        (void)snprintf(play->reply, sizeof(play->reply), "%.*s", (int)reply->text.len,
                       reply->text.at);
}

static inline void redis_play_ask_within(struct redis_play *play, const struct span *argv,
                                         size_t argc, uint64_t within_ms)
{
    play->call.on_done = redis_play_on_done;
    uv_update_time(&play->loop.uv);
    play->wanted_told = play->told + 1;
    assert_int_equal(redis_call_begin(&play->call, play->redis, argv, argc,
                                      loop_now_ms(&play->loop) + within_ms),
                     OK);
    redis_play_run_until(play, redis_play_has_been_told);
}

#define ASK(play, ...)                                                                             \
    redis_play_ask_within(play, (const struct span[]){__VA_ARGS__},                                \
                          COUNT_OF(((const struct span[]){__VA_ARGS__})), REDIS_PLAY_PATIENT_MS)

static const char *const redis_play_no_more[] = {NULL};

#endif
