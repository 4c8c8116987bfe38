/* client_scene.h - a client and the server's side of its connection, joined in memory. Header only.
 *
 * The handler writes down what it hears and answers as the test plans it; time and turns of the loop
 * are moved by hand. What a handler gets lives in the request's arena, so that a sanitizer sees each
 * use after client_done.
 */
#ifndef SUPPORT_CLIENT_SCENE_H
#define SUPPORT_CLIENT_SCENE_H

#include <stdio.h>

#include "base/text.h"
#include "client/client_connection.h"
#include "net/memory_stream.h"
#include "support/recorder.h"

enum { CLIENT_SCENE_PEERS = 4, CLIENT_SCENE_STEPS = 2000000, CLIENT_SCENE_TICK = 1000 };

struct client_scene;

/* One request as the handler has it. */
struct heard {
    struct client_scene *scene;
    struct client_connection *connection;
    struct arena *arena;
    struct request *request; /* NULL for one that was refused */
    enum http_fault fault;
    struct span line; /* of a refused one, as it is shown */
};

/* What the handler does; NULL: as client_scene_set_up says. */
struct client_plan {
    void (*on_request)(struct heard *heard);
    void (*on_refused)(struct heard *heard);
    void (*on_body)(struct heard *heard, struct span piece);
    void (*on_body_end)(struct heard *heard);
    void (*on_body_failed)(struct heard *heard);
    void (*on_drained)(struct heard *heard);
    void (*on_gone)(struct heard *heard);
};

struct client_scene {
    struct loop loop;
    struct client_options options;
    struct client_server server;
    struct client_plan plan;
    struct peer {
        struct memory_pair *pair;
        struct recorder client;
        struct stream *served; /* borrowed: the server's end, to look at */
    } peers[CLIENT_SCENE_PEERS];
    size_t peer_count;
    struct heard *heard; /* the newest that is not done */
    struct buffer said;  /* what the handler heard, as text */
    size_t requests, refusals, body_bytes, done, gone, left;
    size_t writes;   /* stream_write calls of the server's side */
    size_t most;     /* bytes that one step moves */
    bool in_a_piece; /* of a body, in said */
};

static inline void client_scene_say(struct client_scene *scene, const char *word, struct span text)
{
    if (scene->in_a_piece)
        ASSERT(buffer_append(&scene->said, SPAN(">")) == OK);
    scene->in_a_piece = false;
    ASSERT(buffer_append(&scene->said, span_of(word)) == OK);
    ASSERT(buffer_append(&scene->said, text) == OK);
    ASSERT(buffer_append(&scene->said, SPAN(" ")) == OK);
}

/* --- Answers --- */

static inline void heard_head(struct heard *heard, unsigned status, enum body_kind kind,
                              uint64_t length)
{
    struct response response = {
        .status = status, .framing = {kind, length}, .version = 11, .keep_alive = true};
    header_list_init(&response.headers, heard->arena, 1);
    ASSERT(header_list_add(&response.headers, SPAN("date"), SPAN("D")));
    client_send_head(heard->connection, &response);
}

static inline void heard_done(struct heard *heard)
{
    struct client_scene *scene = heard->scene;
    struct client_connection *connection = heard->connection;
    if (scene->heard == heard)
        scene->heard = NULL;
    scene->done++;
    client_done(connection);
}

/* A whole response with a length, and done. */
static inline void heard_answer(struct heard *heard, unsigned status, struct span body)
{
    heard_head(heard, status, body.len > 0 ? BODY_LENGTH : BODY_NONE, body.len);
    client_send_body(heard->connection, body);
    client_send_end(heard->connection);
    heard_done(heard);
}

static inline void heard_answer_ok(struct heard *heard)
{
    heard_answer(heard, 200, SPAN("ok"));
}

/* The target is the body: to see that answers keep their order. */
static inline void heard_echo_target(struct heard *heard)
{
    heard_answer(heard, 200, heard->request->target);
}

/* Reads the body; the default on_body_end answers. */
static inline void heard_read(struct heard *heard)
{
    if (heard->request->framing.kind == BODY_NONE)
        heard_answer_ok(heard);
    else
        client_read_body(heard->connection);
}

static inline void heard_nothing(struct heard *heard)
{
    (void)heard;
}

/* --- The handler --- */

static inline struct heard *heard_create(struct client_scene *scene, struct client_connection *from,
                                         struct arena *arena)
{
    struct heard *heard = arena_zalloc(arena, sizeof(*heard));
    heard->scene = scene;
    heard->connection = from;
    heard->arena = arena;
    scene->heard = heard;
    return heard;
}

static inline void *client_scene_on_request(void *owner, struct client_connection *connection,
                                            struct arena *arena, struct request *request)
{
    struct client_scene *scene = owner;
    struct heard *heard = heard_create(scene, connection, arena);
    heard->request = request;
    scene->requests++;
    client_scene_say(scene, "", request->target);
    scene->plan.on_request(heard);
    return heard;
}

static inline void *client_scene_on_refused(void *owner, struct client_connection *connection,
                                            struct arena *arena, enum http_fault fault,
                                            struct span line)
{
    struct client_scene *scene = owner;
    struct heard *heard = heard_create(scene, connection, arena);
    heard->fault = fault;
    heard->line = line;
    scene->refusals++;
    client_scene_say(scene, "refused:", line);
    scene->plan.on_refused(heard);
    return heard;
}

static inline void client_scene_on_body(void *exchange, struct span piece)
{
    struct heard *heard = exchange;
    struct client_scene *scene = heard->scene;
    ASSERT(piece.len > 0);
    scene->body_bytes += piece.len;
    if (!scene->in_a_piece)
        ASSERT(buffer_append(&scene->said, SPAN("<")) == OK);
    scene->in_a_piece = true;
    ASSERT(buffer_append(&scene->said, piece) == OK);
    scene->plan.on_body(heard, piece);
}

static inline void client_scene_on_body_end(void *exchange)
{
    struct heard *heard = exchange;
    client_scene_say(heard->scene, "end", SPAN(""));
    heard->scene->plan.on_body_end(heard);
}

static inline void client_scene_on_body_failed(void *exchange, enum http_fault fault)
{
    struct heard *heard = exchange;
    heard->fault = fault;
    client_scene_say(heard->scene, "failed", SPAN(""));
    heard->scene->plan.on_body_failed(heard);
}

static inline void client_scene_on_drained(void *exchange)
{
    struct heard *heard = exchange;
    heard->scene->plan.on_drained(heard);
}

static inline void client_scene_on_gone(void *exchange)
{
    struct heard *heard = exchange;
    heard->scene->gone++;
    client_scene_say(heard->scene, "gone", SPAN(""));
    heard->scene->plan.on_gone(heard);
}

static const struct client_handler client_scene_handler = {
    .on_request = client_scene_on_request,
    .on_refused = client_scene_on_refused,
    .on_body = client_scene_on_body,
    .on_body_end = client_scene_on_body_end,
    .on_body_failed = client_scene_on_body_failed,
    .on_drained = client_scene_on_drained,
    .on_gone = client_scene_on_gone,
};

static inline void client_scene_on_leave(struct client_server *server, void *ticket)
{
    (void)ticket;
    container_of(server, struct client_scene, server)->left++;
}

static inline void heard_answer_fault(struct heard *heard)
{
    heard_answer(heard, http_fault_status(heard->fault), SPAN("no"));
}

static inline void heard_ignore_piece(struct heard *heard, struct span piece)
{
    (void)heard, (void)piece;
}

/* --- The scene --- */

static inline void client_scene_set_up(struct client_scene *scene)
{
    *scene = (struct client_scene){
        .options = {.head = {.head_bytes = 4096, .line_bytes = 1024, .header_count = 20},
                    .spare_headers = 4,
                    .head_ms = 10000,
                    .idle_ms = 65000,
                    .keep_alive_s = 0,
                    .linger_ms = 2000,
                    .drain_bytes = 1000,
                    .rate_window_ms = 30000,
                    .rate_bytes = 300},
        .plan = {.on_request = heard_read,
                 .on_refused = heard_answer_fault,
                 .on_body = heard_ignore_piece,
                 .on_body_end = heard_answer_ok,
                 .on_body_failed = heard_answer_fault,
                 .on_drained = heard_nothing,
                 .on_gone = heard_done},
        .most = LOOP_READ_SIZE,
    };
    loop_init(&scene->loop);
    buffer_init(&scene->said, SIZE_MAX);
    client_server_init(&scene->server, &scene->loop, &scene->options, &client_scene_handler, scene);
    scene->server.on_leave = client_scene_on_leave;
}

/* Calls go through to the memory stream; writes are counted in the scene. */
static struct stream_kind client_scene_counting;
static const struct stream_kind *client_scene_memory;
static struct client_scene *client_scene_counter;

static inline void client_scene_count_write(struct stream *stream, const struct span *spans,
                                            size_t count)
{
    client_scene_counter->writes++;
    client_scene_memory->write(stream, spans, count);
}

static inline void client_scene_count_writes(struct client_scene *scene, struct stream *stream)
{
    client_scene_counter = scene;
    client_scene_memory = stream->kind;
    client_scene_counting = *stream->kind;
    client_scene_counting.write = client_scene_count_write;
    stream->kind = &client_scene_counting;
}

/* Everything that can happen without a clock. False if nothing did. */
static inline bool client_scene_step(struct client_scene *scene)
{
    bool has_moved = false;
    loop_flush(&scene->loop);
    for (size_t i = 0; i < scene->peer_count; i++)
        has_moved = memory_pair_step(scene->peers[i].pair, scene->most) || has_moved;
    loop_flush(&scene->loop);
    return has_moved;
}

static inline void client_scene_turn(struct client_scene *scene)
{
    for (int steps = 0; client_scene_step(scene); steps++)
        ASSERT(steps < CLIENT_SCENE_STEPS);
}

/* A client that is about to connect: its stream is not open yet. */
static inline struct peer *client_scene_accept(struct client_scene *scene,
                                               const struct client_origin *origin)
{
    ASSERT(scene->peer_count < CLIENT_SCENE_PEERS);
    struct peer *peer = &scene->peers[scene->peer_count++];
    struct stream *client;
    peer->pair = memory_pair_create(&client, &peer->served);
    recorder_listen(&peer->client, client);
    client_scene_count_writes(scene, peer->served);
    client_server_accept(&scene->server, peer->served, origin);
    return peer;
}

/* A client that has connected. */
static inline struct peer *client_scene_connect(struct client_scene *scene)
{
    static const struct client_origin nowhere = {0};
    struct peer *peer = client_scene_accept(scene, &nowhere);
    client_scene_turn(scene);
    return peer;
}

static inline void client_scene_send(struct client_scene *scene, struct span bytes)
{
    recorder_write(&scene->peers[0].client, bytes);
    client_scene_turn(scene);
}

static inline void client_scene_pass(struct client_scene *scene, uint64_t ms)
{
    while (ms > 0) {
        uint64_t step = ms < CLIENT_SCENE_TICK ? ms : CLIENT_SCENE_TICK;
        ms -= step;
        scene->loop.uv.time += step;
        timers_run(&scene->loop.timers, loop_now_ms(&scene->loop));
        client_scene_turn(scene);
    }
}

static inline struct span client_scene_got(const struct client_scene *scene)
{
    return buffer_bytes(&scene->peers[0].client.got);
}

static inline struct span client_scene_said(const struct client_scene *scene)
{
    return buffer_bytes(&scene->said);
}

/* Ends everything; ASan tells what is left. */
static inline void client_scene_tear_down(struct client_scene *scene)
{
    client_server_abort(&scene->server);
    loop_flush(&scene->loop);
    if (scene->heard)
        heard_done(scene->heard);
    loop_flush(&scene->loop);
    ASSERT(scene->server.count == 0 && list_is_empty(&scene->server.connections));
    ASSERT(scene->left == scene->peer_count);
    ASSERT(scene->done == scene->requests + scene->refusals);
    for (size_t i = 0; i < scene->peer_count; i++) {
        recorder_close(&scene->peers[i].client);
        memory_pair_destroy(scene->peers[i].pair);
    }
    buffer_clear(&scene->said);
    loop_close(&scene->loop);
}

#endif
