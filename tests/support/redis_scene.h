/* redis_scene.h - a client of a Redis in memory, and calls that write down how they ended. Header
 * only. */
#ifndef SUPPORT_REDIS_SCENE_H
#define SUPPORT_REDIS_SCENE_H

#include "store/redis.h"
#include "support/fake_redis.h"

enum { REDIS_SCENE_CALLS = 8, REDIS_SCENE_TEXT = 64 };

struct redis_scene;

struct scene_call {
    struct redis_call call;
    struct redis_scene *scene;
    unsigned told;
    enum redis_result result;
    char text[REDIS_SCENE_TEXT]; /* of the reply */
    size_t order;                /* among the completions of the scene */
    bool destroys;               /* the client, when it is told */
    struct scene_call *calls_off, *begins;
};

struct redis_scene {
    struct redis_target target;
    struct redis_options options;
    struct redis *redis; /* NULL once destroyed */
    unsigned ups, downs;
    enum redis_trouble trouble;
    char detail[REDIS_SCENE_TEXT];
    size_t completions, completions_at_down;
    bool is_in_call; /* inside a redis_* call: an event now would be wrong */
    bool destroys_at_up, destroys_at_down;
    struct scene_call calls[REDIS_SCENE_CALLS];
};

static inline void redis_scene_destroy(struct redis_scene *scene)
{
    redis_destroy(scene->redis);
    scene->redis = NULL;
}

static inline void redis_scene_on_up(void *owner)
{
    struct redis_scene *scene = owner;
    ASSERT(!scene->is_in_call && redis_is_up(scene->redis));
    scene->ups++;
    if (scene->destroys_at_up)
        redis_scene_destroy(scene);
}

static inline void redis_scene_on_down(void *owner, enum redis_trouble trouble, struct span detail)
{
    struct redis_scene *scene = owner;
    ASSERT(!scene->is_in_call && !redis_is_up(scene->redis) && trouble != REDIS_NO_TROUBLE);
    scene->downs++;
    scene->trouble = trouble;
    scene->completions_at_down = scene->completions;
    (void)snprintf(scene->detail, sizeof(scene->detail), "%.*s", (int)detail.len, detail.at);
    if (scene->destroys_at_down)
        redis_scene_destroy(scene);
}

static const struct redis_events redis_scene_events = {redis_scene_on_up, redis_scene_on_down};

static inline enum status redis_scene_begin_until(struct scene_call *call, struct span text,
                                                  uint64_t deadline_ms)
{
    struct redis_scene *scene = call->scene;
    const struct span argv[] = {SPAN("ECHO"), text};
    bool was_in_call = scene->is_in_call;
    scene->is_in_call = true;
    enum status status = redis_call_begin(&call->call, scene->redis, argv, 2, deadline_ms);
    scene->is_in_call = was_in_call;
    return status;
}

static inline void redis_scene_on_done(struct redis_call *done, enum redis_result result,
                                       const struct redis_reply *reply)
{
    struct scene_call *call = container_of(done, struct scene_call, call);
    struct redis_scene *scene = call->scene;
    ASSERT(!scene->is_in_call && !redis_call_is_running(done));
    ASSERT((reply != NULL) == (result == REDIS_ANSWERED || result == REDIS_REFUSED));
    call->told++;
    call->result = result;
    call->order = scene->completions++;
    if (reply)
        (void)snprintf(call->text, sizeof(call->text), "%.*s", (int)reply->text.len,
                       reply->text.at);
    if (call->calls_off)
        redis_call_off(&call->calls_off->call);
    if (call->destroys)
        redis_scene_destroy(scene);
    if (call->begins)
        (void)redis_scene_begin_until(call->begins, SPAN("begun in a completion"),
                                      loop_now_ms(&scene->target.loop) + 1000);
}

static inline void redis_scene_build(struct redis_scene *scene)
{
    *scene = (struct redis_scene){.options = {.max_commands = 100,
                                              .max_bytes = 4 * MIB,
                                              .max_reply_bytes = 2 * MIB,
                                              .quick_ms = 25,
                                              .silence_ms = 5000}};
    fake_target_init(&scene->target);
    for (size_t i = 0; i < REDIS_SCENE_CALLS; i++) {
        scene->calls[i].scene = scene;
        scene->calls[i].call.on_done = redis_scene_on_done;
    }
}

static inline void redis_scene_open(struct redis_scene *scene)
{
    scene->redis = redis_create(&scene->target.loop, &scene->target, &scene->options,
                                &redis_scene_events, scene);
}

/* Open, and up. */
static inline void redis_scene_start(struct redis_scene *scene)
{
    redis_scene_open(scene);
    fake_target_turn(&scene->target);
    ASSERT(scene->ups == 1);
}

/* The call that sends text and is late after within_ms. */
static inline struct scene_call *redis_scene_begin(struct redis_scene *scene, size_t index,
                                                   const char *text, uint64_t within_ms)
{
    struct scene_call *call = &scene->calls[index];
    ASSERT(redis_scene_begin_until(call, span_of(text),
                                   loop_now_ms(&scene->target.loop) + within_ms) == OK);
    ASSERT(call->told == 0);
    return call;
}

static inline void redis_scene_clear(struct redis_scene *scene)
{
    if (scene->redis)
        redis_scene_destroy(scene);
    for (size_t i = 0; i < REDIS_SCENE_CALLS; i++)
        ASSERT(!redis_call_is_running(&scene->calls[i].call));
    fake_target_clear(&scene->target);
}

#endif
