/* pool_scene.h - waits for connections of an upstream pool, told and counted. Header only. */
#ifndef SUPPORT_POOL_SCENE_H
#define SUPPORT_POOL_SCENE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/text.h"
#include "support/fake_dialer.h"
#include "upstream/upstream_pool.h"

enum { POOL_SCENE_WAITERS = 6 };

struct waiter {
    struct pool_wait wait;
    int told;
    enum pool_result result;
    enum dial_result dial;
    struct span detail;
    struct upstream_connection *connection;
    bool begins_again;
};

struct pool_scene {
    struct loop loop;
    struct dialer dialer;
    struct upstream_pool_options options;
    struct upstream_pool *pool; /* NULL once destroyed */
    struct waiter waiters[POOL_SCENE_WAITERS];
};

static inline void pool_scene_on_done(struct pool_wait *wait, enum pool_result result,
                                      enum dial_result dial, struct span detail)
{
    struct waiter *waiter = container_of(wait, struct waiter, wait);
    waiter->told++;
    waiter->result = result;
    waiter->dial = dial;
    waiter->detail = detail;
    waiter->connection = result == POOL_OK ? wait->connection : NULL;
    if (waiter->begins_again) {
        waiter->begins_again = false;
        pool_wait_begin(wait, wait->pool, wait->must_be_fresh);
    }
}

static inline void pool_scene_build(struct pool_scene *scene, size_t max_open, size_t max_waiting)
{
    *scene = (struct pool_scene){.options = {.max_idle = 3,
                                             .max_open = max_open,
                                             .max_waiting = max_waiting,
                                             .wait_ms = 2000,
                                             .idle_ms = 60000,
                                             .first_life_ms = 5000}};
    loop_init(&scene->loop);
    fake_dialer_init(&scene->dialer);
    scene->pool = upstream_pool_create(&scene->loop, &scene->dialer, &scene->options);
}

static inline void pool_scene_turn(struct pool_scene *scene)
{
    fake_dialer_turn(&scene->dialer, &scene->loop);
}

static inline void pool_scene_pass(struct pool_scene *scene, uint64_t ms)
{
    scene->loop.uv.time += ms;
    timers_run(&scene->loop.timers, loop_now_ms(&scene->loop));
    pool_scene_turn(scene);
}

static inline struct waiter *pool_scene_begin(struct pool_scene *scene, size_t index,
                                              bool must_be_fresh)
{
    struct waiter *waiter = &scene->waiters[index];
    *waiter = (struct waiter){.wait.on_done = pool_scene_on_done};
    pool_wait_begin(&waiter->wait, scene->pool, must_be_fresh);
    ASSERT(waiter->told == 0);
    return waiter;
}

static inline void pool_scene_give_back(struct waiter *waiter, bool is_clean)
{
    upstream_pool_release(waiter->connection, is_clean);
    waiter->connection = NULL;
}

static inline struct fake_server *pool_scene_connect_one(struct pool_scene *scene, size_t index)
{
    (void)pool_scene_begin(scene, index, false);
    struct fake_server *server = fake_dialer_connect(&scene->dialer);
    ASSERT(scene->waiters[index].result == POOL_OK);
    return server;
}

static inline void pool_scene_destroy(struct pool_scene *scene)
{
    upstream_pool_destroy(scene->pool);
    scene->pool = NULL;
}

static inline void pool_scene_clear(struct pool_scene *scene)
{
    for (size_t i = 0; i < POOL_SCENE_WAITERS; i++) {
        if (scene->waiters[i].connection)
            pool_scene_give_back(&scene->waiters[i], false);
        else if (scene->waiters[i].wait.pool && !scene->waiters[i].told)
            pool_wait_call_off(&scene->waiters[i].wait);
    }
    if (scene->pool)
        pool_scene_destroy(scene);
    pool_scene_turn(scene);
    fake_dialer_clear(&scene->dialer);
    loop_close(&scene->loop);
}

/* A scene for a group of tests: one at a time. */
static inline int pool_scene_set_up(void **state, size_t max_open, size_t max_waiting)
{
    static struct pool_scene scene;
    pool_scene_build(&scene, max_open, max_waiting);
    *state = &scene;
    return 0;
}

static inline int pool_scene_tear_down(void **state)
{
    pool_scene_clear(*state);
    return 0;
}

/* Waiter 0 gives back what it has been connected with, which then rests for so many milliseconds. */
static inline struct fake_server *pool_scene_rest_one(struct pool_scene *scene, uint64_t ms)
{
    struct fake_server *server = pool_scene_connect_one(scene, 0);
    pool_scene_give_back(&scene->waiters[0], true);
    pool_scene_pass(scene, ms);
    return server;
}

static inline void assert_pool_counts(const struct pool_scene *scene, size_t idle, size_t open,
                                      size_t waiting)
{
    struct upstream_pool_counts counts = upstream_pool_counts(scene->pool);
    assert_int_equal(counts.idle, idle);
    assert_int_equal(counts.open, open);
    assert_int_equal(counts.waiting, waiting);
}

#endif
