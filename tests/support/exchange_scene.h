/* exchange_scene.h - an exchange with a parsed request and nothing around it. Header only. */
#ifndef SUPPORT_EXCHANGE_SCENE_H
#define SUPPORT_EXCHANGE_SCENE_H

#include "base/text.h"
#include "gateway/exchange.h"
#include "gateway/head_up.h"
#include "http/parser.h"

struct exchange_scene {
    struct arena arena;
    struct gateway_options options;
    struct services services;
    struct profile profile;
    struct request request;
    struct response response;
    struct exchange exchange;
};

static inline void exchange_scene_set_up(struct exchange_scene *scene)
{
    *scene = (struct exchange_scene){
        .services = {.options = &scene->options,
                     .upstream_authority = SPAN("up.test"),
                     .via = SPAN("bpgate-7")},
        .profile = {.name = SPAN("support"), .credential = -1},
    };
    arena_init(&scene->arena, 4 * MIB);
    scene->exchange = (struct exchange){
        .services = &scene->services,
        .arena = &scene->arena,
        .request = &scene->request,
        .profile = &scene->profile,
        .request_id = SPAN("id-1"),
    };
}

static inline void exchange_scene_tear_down(struct exchange_scene *scene)
{
    arena_clear(&scene->arena);
}

/* head: with its empty line. Less the fields of the connection, as the stages before leave it. */
static inline void exchange_scene_parse(struct exchange_scene *scene, const char *head)
{
    const struct parser_limits limits = {.header_count = 100, .spare = HEAD_UP_SPARE};
    ASSERT(parse_request(span_of(head), &limits, &scene->arena, &scene->request) == FAULT_NONE);
    header_list_remove_hop_by_hop(&scene->request.headers);
}

static inline void exchange_scene_answer(struct exchange_scene *scene, const char *head)
{
    const struct parser_limits limits = {.header_count = 100, .spare = 8};
    ASSERT(parse_response(span_of(head), false, &limits, &scene->arena, &scene->response) ==
           FAULT_NONE);
    scene->exchange.response = &scene->response;
    scene->exchange.source = SOURCE_UPSTREAM;
}

#endif
