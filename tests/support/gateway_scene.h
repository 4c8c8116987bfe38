/* gateway_scene.h - a client, the whole gateway and an upstream, all in memory. Header only.
 *
 * Dials, time and the upstream's answers are moved by hand.
 */
#ifndef SUPPORT_GATEWAY_SCENE_H
#define SUPPORT_GATEWAY_SCENE_H

#include "base/text.h"
#include "gateway/gateway.h"
#include "gateway/head_up.h"
#include "support/fake_dialer.h"

enum { GATEWAY_SCENE_STEPS = 2000000 };

struct gateway_scene {
    struct loop loop;
    struct dialer dialer;
    struct gateway_options options;
    struct services services;
    struct lasting lasting;
    struct profile profile;
    struct credential *credential; /* the profile's, if its index is 0 */
    struct client_options client_options;
    struct client_server clients;
    struct memory_pair *pair;
    struct recorder client;
    struct stream *served; /* borrowed: the gateway's end of the client */
    int held;              /* references to the services */
    size_t exchanges;
    size_t most; /* bytes that one step moves */
};

static inline void gateway_scene_hold(void *generation)
{
    struct gateway_scene *scene = generation;
    scene->held++;
    scene->exchanges++;
}

static inline void gateway_scene_let_go(void *generation)
{
    ((struct gateway_scene *)generation)->held--;
}

static inline struct services gateway_scene_services(struct gateway_scene *scene)
{
    static const struct upstream_pool_options pool = {.max_idle = 4,
                                                      .max_open = 4,
                                                      .max_waiting = 4,
                                                      .wait_ms = 2000,
                                                      .idle_ms = 60000,
                                                      .first_life_ms = 5000};
    static const struct limit_rules no_limits;
    struct services services = {
        .loop = &scene->loop,
        .options = &scene->options,
        .catalogue = route_catalogue_create(),
        .limits = {.rules = &no_limits},
        .keys = key_ring_create(NULL, 0),
        .anonymous = &scene->profile,
        .credentials = &scene->credential,
        .pool = upstream_pool_create(&scene->loop, &scene->dialer, &pool),
        .upstream_authority = SPAN("up.test"),
        .via = SPAN("bpgate-7"),
        .lasting = &scene->lasting,
        .generation = scene,
        .hold = gateway_scene_hold,
        .let_go = gateway_scene_let_go,
    };
    retry_budget_init(&scene->lasting.retries);
    breaker_init(&scene->lasting.breaker);
    return services;
}

static inline void gateway_scene_connect(struct gateway_scene *scene)
{
    static const struct client_origin nowhere = {0};
    struct stream *client;
    scene->pair = memory_pair_create(&client, &scene->served);
    recorder_listen(&scene->client, client);
    client_server_accept(&scene->clients, scene->served, &nowhere);
}

static inline void gateway_scene_set_up(struct gateway_scene *scene)
{
    *scene = (struct gateway_scene){
        .options = {.send_idle_ms = 10000,
                    .replay_bytes = 64,
                    .max_retries = 2,
                    .retry_percent = 20,
                    .breaker_enabled = true,
                    .held_bytes = MIB},
        .profile = {.name = SPAN("p"), .credential = -1},
        .client_options = {.head = {.head_bytes = 4096, .line_bytes = 1024, .header_count = 20},
                           .spare_headers = HEAD_UP_SPARE,
                           .head_ms = 10000,
                           .idle_ms = 65000,
                           .linger_ms = 2000,
                           .drain_bytes = 1000,
                           .rate_window_ms = 30000,
                           .rate_bytes = 300},
        .most = LOOP_READ_SIZE,
    };
    for (size_t i = 0; i < DEADLINE_CLASS_COUNT; i++)
        scene->options.deadlines[i] = (struct class_deadlines){50000, 15000, 55000};
    scene->options.deadlines[DEADLINE_STREAM] = (struct class_deadlines){92000, 75000, 0};
    loop_init(&scene->loop);
    fake_dialer_init(&scene->dialer);
    scene->services = gateway_scene_services(scene);
    client_server_init(&scene->clients, &scene->loop, &scene->client_options, &gateway_handler,
                       &scene->services);
    gateway_scene_connect(scene);
}

/* False if nothing could happen without a clock and a dial. */
static inline bool gateway_scene_step(struct gateway_scene *scene)
{
    loop_flush(&scene->loop);
    scene->dialer.most = scene->most;
    bool has_moved = memory_pair_step(scene->pair, scene->most);
    has_moved = fake_dialer_step(&scene->dialer) || has_moved;
    loop_flush(&scene->loop);
    return has_moved;
}

static inline void gateway_scene_turn(struct gateway_scene *scene)
{
    for (int steps = 0; gateway_scene_step(scene); steps++)
        ASSERT(steps < GATEWAY_SCENE_STEPS);
}

static inline void gateway_scene_pass(struct gateway_scene *scene, uint64_t ms)
{
    scene->loop.uv.time += ms;
    timers_run(&scene->loop.timers, loop_now_ms(&scene->loop));
    gateway_scene_turn(scene);
}

static inline void gateway_scene_ask(struct gateway_scene *scene, struct span request)
{
    recorder_write(&scene->client, request);
    gateway_scene_turn(scene);
}

static inline struct fake_server *gateway_scene_dialed(struct gateway_scene *scene)
{
    struct fake_server *server = fake_dialer_connect(&scene->dialer);
    gateway_scene_turn(scene);
    return server;
}

static inline void gateway_scene_answer(struct gateway_scene *scene, struct fake_server *server,
                                        struct span bytes)
{
    recorder_write(&server->server, bytes);
    gateway_scene_turn(scene);
}

static inline struct span gateway_scene_got(const struct gateway_scene *scene)
{
    return buffer_bytes(&scene->client.got);
}

static inline bool span_holds(struct span text, struct span part)
{
    for (; text.len >= part.len; text = span_skip(text, 1)) {
        if (span_starts_with(text, part))
            return true;
    }
    return false;
}

/* Ends everything and checks that nothing is left. */
static inline void gateway_scene_tear_down(struct gateway_scene *scene)
{
    struct upstream_pool *pool = scene->services.pool;
    client_server_abort(&scene->clients);
    gateway_scene_turn(scene);
    ASSERT(scene->clients.count == 0 && scene->held == 0 && scene->lasting.held == 0);
    ASSERT(upstream_pool_counts(pool).open == upstream_pool_counts(pool).idle);
    upstream_pool_destroy(pool);
    gateway_scene_turn(scene);
    fake_dialer_clear(&scene->dialer);
    recorder_close(&scene->client);
    memory_pair_destroy(scene->pair);
    route_catalogue_destroy((struct route_catalogue *)(uintptr_t)scene->services.catalogue);
    key_ring_destroy((struct key_ring *)(uintptr_t)scene->services.keys);
    if (scene->credential)
        credential_destroy(scene->credential);
    loop_close(&scene->loop);
}

#endif
