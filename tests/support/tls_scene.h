/* tls_scene.h - two TLS streams back to back over a memory pair. Header only. */
#ifndef SUPPORT_TLS_SCENE_H
#define SUPPORT_TLS_SCENE_H

#include "net/memory_stream.h"
#include "net/tls_stream.h"
#include "support/certificates.h"
#include "support/recorder.h"

enum { TLS_SCENE_PIECE = 5000, TLS_SCENE_DAY_S = 86400 };

struct tls_scene {
    struct loop loop;
    struct memory_pair *pair;
    struct certificate authority, good, by_address, expired, unknown;
    struct tls_context *client_side, *server_side;
    struct stream *client_lower, *server_lower; /* borrowed from the TLS streams */
    struct recorder client, server;
};

static inline void tls_scene_make_certificates(struct tls_scene *scene)
{
    certificate_make_authority(&scene->authority, "authority");
    certificate_make_server(&scene->good, "DNS:a.test", &scene->authority);
    certificate_make_server(&scene->by_address, "IP:127.0.0.1,IP:::1", &scene->authority);
    certificate_make_server(&scene->unknown, "DNS:a.test", NULL);
    certificate_make(&scene->expired,
                     &(struct certificate_wish){.common_name = "server",
                                                .names = "DNS:a.test",
                                                .valid_from_s = -2 * TLS_SCENE_DAY_S,
                                                .valid_until_s = -TLS_SCENE_DAY_S,
                                                .issuer = &scene->authority});
}

static inline void tls_scene_drop_certificates(struct tls_scene *scene)
{
    certificate_clear(&scene->authority);
    certificate_clear(&scene->good);
    certificate_clear(&scene->by_address);
    certificate_clear(&scene->expired);
    certificate_clear(&scene->unknown);
}

static inline void tls_scene_make_contexts(struct tls_scene *scene, const char *name,
                                           const struct certificate *identity)
{
    char error[TLS_ERROR_SIZE];
    struct tls_client_options client = {name, scene->authority.certificate_file};
    struct tls_server_options server = {.certificate_file = identity->certificate_file,
                                        .key_file = identity->key_file};
    scene->client_side = tls_context_create_client(&client, error);
    scene->server_side = tls_context_create_server(&server, error);
    ASSERT(scene->client_side && scene->server_side);
}

static inline void tls_scene_drop_contexts(struct tls_scene *scene)
{
    tls_context_release(scene->client_side);
    tls_context_release(scene->server_side);
}

static inline void tls_scene_join_client(struct tls_scene *scene)
{
    scene->client = scene->server = (struct recorder){0};
    scene->pair = memory_pair_create(&scene->client_lower, &scene->server_lower);
    recorder_listen(&scene->client,
                    tls_stream_create(scene->client_lower, scene->client_side, &scene->loop));
}

static inline void tls_scene_join(struct tls_scene *scene)
{
    tls_scene_join_client(scene);
    recorder_listen(&scene->server,
                    tls_stream_create(scene->server_lower, scene->server_side, &scene->loop));
}

static inline void tls_scene_part(struct tls_scene *scene)
{
    recorder_close(&scene->client);
    recorder_close(&scene->server);
    loop_flush(&scene->loop);
    memory_pair_destroy(scene->pair);
}

static inline bool tls_scene_step(struct tls_scene *scene, size_t max)
{
    loop_flush(&scene->loop);
    bool has_moved = memory_pair_step(scene->pair, max);
    loop_flush(&scene->loop);
    return has_moved;
}

static inline void tls_scene_settle(struct tls_scene *scene)
{
    while (tls_scene_step(scene, TLS_SCENE_PIECE))
        continue;
}

/* For cmocka, around each test and around all. */
static inline void tls_scene_begin(struct tls_scene *scene)
{
    loop_init(&scene->loop);
    tls_scene_make_contexts(scene, "a.test", &scene->good);
    tls_scene_join(scene);
}

static inline void tls_scene_end(struct tls_scene *scene)
{
    tls_scene_part(scene);
    tls_scene_drop_contexts(scene);
    loop_close(&scene->loop);
}

#endif
