#include "admin/admin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "cache/tags.h"
#include "support/client_scene.h"

/* A client in memory; what is stamped is written down. */
struct admin_scene {
    struct client_scene client;
    struct admin_services services;
    size_t stamps, stamps_of_all, slots;
    uint16_t first;
    bool is_soft;
};

static void on_stamp(void *owner, const uint16_t *slots, size_t count, bool is_soft)
{
    struct admin_scene *scene = owner;
    scene->stamps++;
    scene->slots += count;
    scene->first = slots[0];
    scene->is_soft = is_soft;
}

static void on_stamp_all(void *owner, bool is_soft)
{
    struct admin_scene *scene = owner;
    scene->stamps_of_all++;
    scene->is_soft = is_soft;
}

static int set_up(void **state)
{
    static struct admin_scene scene;
    scene = (struct admin_scene){.services = {.stamp = on_stamp, .stamp_all = on_stamp_all}};
    scene.services.owner = &scene;
    client_scene_set_up(&scene.client);
    scene.client.server.handler = &admin_handler;
    scene.client.server.owner = &scene.services;
    (void)client_scene_connect(&scene.client);
    *state = &scene;
    return 0;
}

static int tear_down(void **state)
{
    struct admin_scene *scene = *state;
    client_scene_tear_down(&scene->client);
    return 0;
}

/* What the text is answered with; earlier answers are dropped. */
static struct span ask(struct admin_scene *scene, struct span text)
{
    buffer_clear(&scene->client.peers[0].client.got);
    client_scene_send(&scene->client, text);
    return client_scene_got(&scene->client);
}

static bool is_status(struct span answer, const char *status)
{
    return span_starts_with(span_skip(answer, strlen("HTTP/1.1 ")), span_of(status));
}

static bool holds(struct span text, const char *part)
{
    for (struct span rest = text; rest.len > 0; rest = span_skip(rest, 1)) {
        if (span_starts_with(rest, span_of(part)))
            return true;
    }
    return false;
}

#define HEAD_OF(line) line " HTTP/1.1\r\nhost: 127.0.0.1:9901\r\n"
#define GET(path)     SPAN(HEAD_OF("GET " path) "\r\n")

static void health_and_readiness_are_told(void **state)
{
    struct admin_scene *scene = *state;
    struct span answer = ask(scene, GET("/healthz"));
    assert_true(is_status(answer, "200"));
    assert_true(holds(answer, "content-type: application/json\r\n"));
    assert_true(holds(answer, "cache-control: no-store\r\n"));
    assert_true(holds(answer, "\r\n\r\n{\"status\":\"ok\"}"));
    assert_true(holds(ask(scene, GET("/readyz")), "{\"status\":\"ready\"}"));
    scene->services.is_draining = true;
    answer = ask(scene, GET("/readyz"));
    assert_true(is_status(answer, "503"));
    assert_true(holds(answer, "{\"status\":\"draining\"}"));
    assert_true(is_status(ask(scene, GET("/healthz")), "200"));
}

static void head_is_answered_without_a_body(void **state)
{
    struct span answer = ask(*state, SPAN(HEAD_OF("HEAD /healthz") "\r\n"));
    assert_true(is_status(answer, "200"));
    assert_true(holds(answer, "content-length: 15\r\n"));
    assert_false(holds(answer, "{"));
}

static void an_unknown_path_is_answered_with_what_was_meant(void **state)
{
    static const struct {
        struct span request;
        const char *message;
    } rows[] = {
        {SPAN_INIT(HEAD_OF("GET /metrix") "\r\n"),
         "There is no /metrix here. Did you mean /metrics? GET /api lists all that there is."},
        {SPAN_INIT(HEAD_OF("GET /metrics/") "\r\n"), "Did you mean /metrics?"},
        {SPAN_INIT(HEAD_OF("GET /API/Keys") "\r\n"), "Did you mean /api/keys?"},
        {SPAN_INIT(HEAD_OF("GET /health") "\r\n"), "Did you mean /healthz?"},
        {SPAN_INIT(HEAD_OF("GET /x") "\r\n"), "There is no /x here. GET /api lists all"},
        {SPAN_INIT(HEAD_OF("GET /v1/chat/users") "\r\n"), "There is no /v1/chat/users here. GET"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct span answer = ask(*state, rows[i].request);
        assert_true(is_status(answer, "404"));
        assert_true(holds(answer, "\"type\":\"ResourceNotFound\""));
        if (!holds(answer, rows[i].message))
            fail_msg("%s: %.*s", rows[i].message, (int)answer.len, answer.at);
    }
}

static void all_paths_are_listed_with_what_they_are_for(void **state)
{
    struct span answer = ask(*state, GET("/api"));
    assert_true(is_status(answer, "200"));
    assert_true(holds(answer, "{\"method\":\"GET\",\"path\":\"/metrics\",\"about\":\""));
    assert_true(holds(answer, "{\"method\":\"POST\",\"path\":\"/cache/purge\",\"about\":\""));
    assert_true(holds(answer, "]}"));
}

static void another_method_is_answered_with_those_that_there_are(void **state)
{
    struct admin_scene *scene = *state;
    struct span answer = ask(scene, GET("/cache/purge"));
    assert_true(is_status(answer, "405"));
    assert_true(holds(answer, "allow: POST\r\n"));
    assert_true(holds(answer, "/cache/purge takes POST, not GET: makes what is kept old: {"));
    answer = ask(scene, SPAN(HEAD_OF("POST /healthz") "content-length: 2\r\n\r\nhi"));
    assert_true(is_status(answer, "405"));
    assert_true(holds(answer, "allow: GET, HEAD\r\n"));
    assert_true(is_status(ask(scene, GET("/healthz")), "200"));
}

#define PURGE(fields, body) SPAN(HEAD_OF("POST /cache/purge") fields "\r\n" body)

static void a_purge_stamps_and_tells_what(void **state)
{
    struct admin_scene *scene = *state;
    struct span answer =
        ask(scene, PURGE("content-length: 36\r\n", "{\"tags\":[\"bot:b1\"],\"urls\":[\"/v1/x\"]}"));
    assert_true(is_status(answer, "200"));
    assert_true(holds(answer, "{\"purged\":{\"tags\":1,\"urls\":1,\"operations\":0,\"all\":false},"
                              "\"hard\":false}"));
    assert_int_equal(scene->stamps, 1);
    assert_int_equal(scene->slots, 2);
    assert_int_equal(scene->first, tag_slot(SPAN("bot:b1")));
    assert_true(scene->is_soft);
}

static void a_purge_of_all_may_come_in_chunks_and_in_pieces(void **state)
{
    struct admin_scene *scene = *state;
    (void)ask(scene, PURGE("transfer-encoding: chunked\r\n", "6\r\n{\"all\""));
    assert_int_equal(client_scene_got(&scene->client).len, 0);
    (void)ask(scene, SPAN("\r\n12\r\n:true,\"hard\":true}"));
    struct span answer = ask(scene, SPAN("\r\n0\r\n\r\n"));
    assert_true(is_status(answer, "200"));
    assert_true(holds(answer, "\"all\":true},\"hard\":true}"));
    assert_int_equal(scene->stamps_of_all, 1);
    assert_int_equal(scene->stamps, 0);
    assert_false(scene->is_soft);
}

static void a_purge_that_is_wrong_stamps_nothing(void **state)
{
    struct admin_scene *scene = *state;
    struct span answer = ask(scene, PURGE("content-length: 15\r\n", "{\"tag\":[\"a\"]}  "));
    assert_true(is_status(answer, "400"));
    assert_true(holds(answer, "\\\"tag\\\" is no member of a purge"));
    assert_true(holds(answer, "\"type\":\"InvalidPayload\""));
    answer = ask(scene, PURGE("", ""));
    assert_true(is_status(answer, "400"));
    assert_true(holds(answer, "The body is empty"));
    assert_int_equal(scene->stamps + scene->stamps_of_all, 0);
}

static void a_body_without_end_is_refused(void **state)
{
    struct admin_scene *scene = *state;
    assert_true(is_status(ask(scene, PURGE("content-length: 65537\r\n", "")), "413"));
    assert_int_equal(scene->client.peers[0].client.ended, 1);
}

static void a_chunked_body_without_end_is_refused(void **state)
{
    struct admin_scene *scene = *state;
    char *chunk = xmalloc(70000);
    memset(chunk, ' ', 70000);
    (void)ask(scene, PURGE("transfer-encoding: chunked\r\n", "11170\r\n"));
    struct span answer = ask(scene, (struct span){chunk, 70000});
    free(chunk);
    assert_true(is_status(answer, "413"));
    assert_int_equal(scene->stamps_of_all, 0);
}

static void a_broken_body_is_refused(void **state)
{
    struct admin_scene *scene = *state;
    struct span answer =
        ask(scene, PURGE("transfer-encoding: chunked\r\n", "6\r\n{\"all\"\r\nx\r\n"));
    assert_true(is_status(answer, "400"));
    assert_int_equal(scene->client.peers[0].client.ended, 1);
}

static void who_leaves_within_a_body_leaves_nothing_behind(void **state)
{
    struct admin_scene *scene = *state;
    (void)ask(scene, PURGE("content-length: 12\r\n", "{\"all\":"));
    stream_end(scene->client.peers[0].client.stream);
    client_scene_turn(&scene->client);
    assert_int_equal(scene->stamps_of_all, 0);
    assert_int_equal(scene->client.server.count, 0);
}

static void a_foreign_host_and_a_foreign_page_are_refused(void **state)
{
    struct admin_scene *scene = *state;
    struct span answer = ask(scene, SPAN("GET /healthz HTTP/1.1\r\nhost: evil.example\r\n\r\n"));
    assert_true(is_status(answer, "403"));
    assert_true(holds(answer, "by its IP address or as localhost"));
    answer = ask(scene,
                 PURGE("origin: http://evil.example\r\ncontent-length: 12\r\n", "{\"all\":true}"));
    assert_true(is_status(answer, "403"));
    assert_int_equal(scene->stamps_of_all, 0);
}

static void the_token_is_asked_for_but_not_for_health(void **state)
{
    struct admin_scene *scene = *state;
    scene->services.token = SPAN("secret");
    assert_true(is_status(ask(scene, GET("/healthz")), "200"));
    assert_true(is_status(ask(scene, GET("/readyz")), "200"));
    struct span answer = ask(scene, PURGE("content-length: 12\r\n", "{\"all\":true}"));
    assert_true(is_status(answer, "401"));
    assert_true(holds(answer, "www-authenticate: Bearer realm=\"bpgate admin\"\r\n"));
    answer = ask(scene,
                 PURGE("authorization: Bearer wrong\r\ncontent-length: 12\r\n", "{\"all\":true}"));
    assert_true(is_status(answer, "401"));
    assert_true(is_status(ask(scene, GET("/nowhere")), "401"));
    assert_int_equal(scene->stamps_of_all, 0);
    answer = ask(scene,
                 PURGE("authorization: Bearer secret\r\ncontent-length: 12\r\n", "{\"all\":true}"));
    assert_true(is_status(answer, "200"));
    assert_int_equal(scene->stamps_of_all, 1);
}

static void a_refused_head_is_answered(void **state)
{
    struct admin_scene *scene = *state;
    struct span answer = ask(scene, SPAN("GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n"));
    assert_true(is_status(answer, "400"));
    assert_true(holds(answer, "\"type\":\"InvalidPayload\""));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(health_and_readiness_are_told),
        TEST(head_is_answered_without_a_body),
        TEST(an_unknown_path_is_answered_with_what_was_meant),
        TEST(all_paths_are_listed_with_what_they_are_for),
        TEST(another_method_is_answered_with_those_that_there_are),
        TEST(a_purge_stamps_and_tells_what),
        TEST(a_purge_of_all_may_come_in_chunks_and_in_pieces),
        TEST(a_purge_that_is_wrong_stamps_nothing),
        TEST(a_body_without_end_is_refused),
        TEST(a_chunked_body_without_end_is_refused),
        TEST(a_broken_body_is_refused),
        TEST(who_leaves_within_a_body_leaves_nothing_behind),
        TEST(a_foreign_host_and_a_foreign_page_are_refused),
        TEST(the_token_is_asked_for_but_not_for_health),
        TEST(a_refused_head_is_answered),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
