/* script_scene.h - one filter from a text, and a request to run it for. */
#ifndef TESTS_SUPPORT_SCRIPT_SCENE_H
#define TESTS_SUPPORT_SCRIPT_SCENE_H

#include <string.h>
#include <time.h>

#include "base/text.h"
#include "script/script_host.h"

struct script_scene {
    struct script_host *host;
    struct script_source source;
    struct arena arena;
    struct request request;
    struct response response;
    struct script_wishes wishes;
    struct script_call call;
    char error[SCRIPT_ERROR_SIZE];
    bool fell;
    uint64_t took_us;
    struct shared_dict *dict; /* owned; NULL: none */
    size_t memory_bytes;      /* of the state; 0: as much as by default */
};

static inline bool script_scene_is_type(struct span name)
{
    return span_equal(name, SPAN("Forbidden")) || span_equal(name, SPAN("Internal"));
}

/* False, with error, when it does not compile. */
static inline bool script_scene_load(struct script_scene *scene, const char *text)
{
    static const struct span env[] = {SPAN_INIT("HOME")};
    scene->source.file = SPAN("filters/test.lua");
    scene->source.text = span_of(text);
    scene->source.env = env;
    scene->source.env_count = 1;
    const struct script_host_options options = {
        .sources = &scene->source,
        .count = 1,
        .limits = {scene->memory_bytes ? scene->memory_bytes : 8 * MIB, 200000, 10000},
        .body_bytes = 256 * KIB,
        .is_error_type = script_scene_is_type,
    };
    scene->host = script_host_create(&options, scene->error);
    return scene->host != NULL;
}

static inline void script_scene_request(struct script_scene *scene)
{
    struct header_list *headers = &scene->request.headers;
    scene->wishes = (struct script_wishes){0};
    scene->request = (struct request){.method = METHOD_GET,
                                      .method_name = SPAN("GET"),
                                      .target = SPAN("/v1/chat/users/u%201?tags=a%26b&x=1&x=2"),
                                      .path = SPAN("/v1/chat/users/u%201"),
                                      .query = SPAN("tags=a%26b&x=1&x=2"),
                                      .version = 11};
    header_list_init(headers, &scene->arena, 8);
    (void)header_list_add(headers, SPAN("Authorization"), SPAN("Bearer bpg_secret"));
    (void)header_list_add(headers, SPAN("X-Team"), SPAN("blue"));
    (void)header_list_add(headers, SPAN("Cookie"), SPAN("a=b"));
    (void)header_list_add(headers, SPAN("x-bpgate-key"), SPAN("bpg_secret"));
    static const struct span params[] = {SPAN_INIT("u%201")};
    scene->call = (struct script_call){.arena = &scene->arena,
                                       .request = &scene->request,
                                       .spare_fields = 2,
                                       .request_id = SPAN("req-1"),
                                       .operation = SPAN("getUser"),
                                       .pattern = SPAN("/v1/chat/users/{id}"),
                                       .key_name = SPAN("ci"),
                                       .key_id = SPAN("Ab3dE6gH9k"),
                                       .profile = SPAN("support"),
                                       .params = params,
                                       .param_count = 1,
                                       .wall_ms = UINT64_C(1772000000000),
                                       .now_ms = 1000,
                                       .dict = scene->dict,
                                       .wishes = &scene->wishes};
}

static inline void script_scene_open(struct script_scene *scene)
{
    *scene = (struct script_scene){0};
    arena_init(&scene->arena, 4 * MIB);
    script_scene_request(scene);
}

/* With a body of its own, and an answer with one. */
static inline void script_scene_answer(struct script_scene *scene, const char *body)
{
    script_call_clear(&scene->call);
    script_scene_request(scene);
    scene->response = (struct response){.status = 200, .version = 11};
    header_list_init(&scene->response.headers, &scene->arena, 4);
    (void)header_list_add(&scene->response.headers, SPAN("Server"), SPAN("x"));
    (void)header_list_add(&scene->response.headers, SPAN("Set-Cookie"), SPAN("a=b"));
    scene->call.response = &scene->response;
    scene->call.has_body = body != NULL;
    scene->call.body = span_of(body);
}

/* Of this thread: what else the machine does is not the call's. */
static inline uint64_t script_scene_us(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static inline enum script_end script_scene_run(struct script_scene *scene, enum script_phase phase)
{
    uint64_t began_us = script_scene_us();
    enum script_end end =
        script_host_call(scene->host, 0, phase, &scene->call, scene->error, &scene->fell);
    scene->took_us = script_scene_us() - began_us;
    return end;
}

static inline void script_scene_close(struct script_scene *scene)
{
    script_call_clear(&scene->call);
    script_host_destroy(scene->host);
    shared_dict_destroy(scene->dict);
    arena_clear(&scene->arena);
}

#endif
