/* call_scene.h - one upstream call through a pool to a server in memory. Header only.
 *
 * The owner writes down what it hears and does what the test plans in each event; time, dials and
 * the server are moved by hand.
 */
#ifndef SUPPORT_CALL_SCENE_H
#define SUPPORT_CALL_SCENE_H

#include <stdio.h>

#include "base/text.h"
#include "support/fake_dialer.h"
#include "upstream/upstream_call.h"

struct call_scene;

/* What the owner does in each event besides writing it down; NULL: nothing (on_ready: sends body
 * as the last piece). */
struct call_plan {
    void (*on_ready)(struct call_scene *scene);
    void (*on_drained)(struct call_scene *scene);
    void (*on_head)(struct call_scene *scene);
    void (*on_interim)(struct call_scene *scene);
    void (*on_body)(struct call_scene *scene);
    void (*on_end)(struct call_scene *scene);
    void (*on_failed)(struct call_scene *scene);
};

struct call_scene {
    struct loop loop;
    struct dialer dialer;
    struct upstream_pool_options pool_options;
    struct upstream_pool *pool;
    struct arena arena;
    struct upstream_request request;
    struct span body;
    struct call_plan plan;
    struct upstream_call call;
    struct buffer said;
    bool in_a_piece;
    size_t ended, failed, drained;
    struct response *response;
    struct call_failure failure;
};

static inline void call_scene_say(struct call_scene *scene, struct span text)
{
    if (scene->in_a_piece)
        ASSERT(buffer_append(&scene->said, SPAN(">")) == OK);
    scene->in_a_piece = false;
    ASSERT(buffer_append(&scene->said, text) == OK);
    ASSERT(buffer_append(&scene->said, SPAN(" ")) == OK);
}

static inline void call_scene_say_number(struct call_scene *scene, const char *word,
                                         unsigned number)
{
    char text[40];
    int len = snprintf(text, sizeof(text), "%s%u", word, number);
    call_scene_say(scene, (struct span){text, (size_t)len});
}

static inline void call_scene_do(struct call_scene *scene, void (*deed)(struct call_scene *scene))
{
    if (deed)
        deed(scene);
}

static inline void call_scene_on_ready(void *owner)
{
    struct call_scene *scene = owner;
    call_scene_say(scene, SPAN("ready"));
    if (scene->plan.on_ready)
        scene->plan.on_ready(scene);
    else
        upstream_call_send(&scene->call, scene->body, true);
}

static inline void call_scene_on_drained(void *owner)
{
    struct call_scene *scene = owner;
    scene->drained++;
    call_scene_do(scene, scene->plan.on_drained);
}

static inline void call_scene_on_head(void *owner, struct response *response)
{
    struct call_scene *scene = owner;
    scene->response = response;
    call_scene_say_number(scene, "head", response->status);
    call_scene_do(scene, scene->plan.on_head);
}

static inline void call_scene_on_interim(void *owner, struct response *response)
{
    struct call_scene *scene = owner;
    call_scene_say_number(scene, "interim", response->status);
    call_scene_do(scene, scene->plan.on_interim);
}

static inline void call_scene_on_body(void *owner, struct span piece)
{
    struct call_scene *scene = owner;
    ASSERT(piece.len > 0);
    if (!scene->in_a_piece)
        ASSERT(buffer_append(&scene->said, SPAN("<")) == OK);
    scene->in_a_piece = true;
    ASSERT(buffer_append(&scene->said, piece) == OK);
    call_scene_do(scene, scene->plan.on_body);
}

static inline void call_scene_on_end(void *owner)
{
    struct call_scene *scene = owner;
    scene->ended++;
    call_scene_say(scene, SPAN("end"));
    call_scene_do(scene, scene->plan.on_end);
}

static inline struct span call_scene_failure_name(enum call_failure_kind kind)
{
    static const struct span names[] = {
#define CALL_SCENE_NAME(name, after_sending, proxy_status) [name] = SPAN_INIT(#name),
        CALL_FAILURES(CALL_SCENE_NAME)
#undef CALL_SCENE_NAME
    };
    return names[kind];
}

static inline void call_scene_on_failed(void *owner, const struct call_failure *failure)
{
    struct call_scene *scene = owner;
    scene->failed++;
    scene->failure = *failure;
    call_scene_say(scene, call_scene_failure_name(failure->kind));
    call_scene_do(scene, scene->plan.on_failed);
}

static const struct call_events call_scene_events = {
    .on_ready = call_scene_on_ready,
    .on_drained = call_scene_on_drained,
    .on_head = call_scene_on_head,
    .on_interim = call_scene_on_interim,
    .on_body = call_scene_on_body,
    .on_end = call_scene_on_end,
    .on_failed = call_scene_on_failed,
};

#define CALL_SCENE_HEAD "GET /a HTTP/1.1\r\nhost: x\r\n\r\n"

static inline void call_scene_set_up(struct call_scene *scene)
{
    *scene = (struct call_scene){
        .pool_options = {.max_idle = 4,
                         .max_open = 4,
                         .max_waiting = 1,
                         .wait_ms = 2000,
                         .idle_ms = 60000,
                         .first_life_ms = 5000},
        .request = {.arena = &scene->arena,
                    .head = SPAN(CALL_SCENE_HEAD),
                    .deadlines = {.send_idle_ms = 10000,
                                  .first_byte_ms = 50000,
                                  .body_idle_ms = 15000}},
    };
    loop_init(&scene->loop);
    fake_dialer_init(&scene->dialer);
    arena_init(&scene->arena, MIB);
    buffer_init(&scene->said, SIZE_MAX);
    scene->pool = upstream_pool_create(&scene->loop, &scene->dialer, &scene->pool_options);
}

static inline void call_scene_begin(struct call_scene *scene)
{
    upstream_call_begin(&scene->call, scene->pool, &scene->loop, &scene->request,
                        &call_scene_events, scene);
}

static inline void call_scene_turn(struct call_scene *scene)
{
    fake_dialer_turn(&scene->dialer, &scene->loop);
}

static inline void call_scene_pass(struct call_scene *scene, uint64_t ms)
{
    scene->loop.uv.time += ms;
    timers_run(&scene->loop.timers, loop_now_ms(&scene->loop));
    call_scene_turn(scene);
}

/* Begun, connected and sent. */
static inline struct fake_server *call_scene_send(struct call_scene *scene)
{
    call_scene_begin(scene);
    struct fake_server *server = fake_dialer_connect(&scene->dialer);
    call_scene_turn(scene);
    return server;
}

static inline void call_scene_answer(struct call_scene *scene, struct fake_server *server,
                                     struct span bytes)
{
    recorder_write(&server->server, bytes);
    call_scene_turn(scene);
}

static inline size_t call_scene_idle(const struct call_scene *scene)
{
    return upstream_pool_counts(scene->pool).idle;
}

static inline size_t call_scene_open(const struct call_scene *scene)
{
    return upstream_pool_counts(scene->pool).open;
}

static inline void call_scene_tear_down(struct call_scene *scene)
{
    upstream_call_off(&scene->call);
    ASSERT(upstream_call_is_over(&scene->call));
    ASSERT(call_scene_open(scene) == call_scene_idle(scene));
    upstream_pool_destroy(scene->pool);
    call_scene_turn(scene);
    fake_dialer_clear(&scene->dialer);
    arena_clear(&scene->arena);
    buffer_clear(&scene->said);
    loop_close(&scene->loop);
}

#endif
