#include "net/tunnel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "net/memory_stream.h"
#include "support/recorder.h"

#define GOOD "HTTP/1.1 200 Connection established\r\n\r\n"

struct scene {
    struct memory_pair *pair;
    struct stream *ours;
    struct tunnel tunnel;
    struct recorder proxy, through;
    int told;
    enum tunnel_result result;
};

static void on_done(void *owner, enum tunnel_result result)
{
    struct scene *scene = owner;
    scene->told++;
    scene->result = result;
    if (result == TUNNEL_OPEN)
        recorder_listen(&scene->through, scene->ours);
}

static void begin(struct scene *scene)
{
    struct stream *theirs;
    *scene = (struct scene){0};
    scene->pair = memory_pair_create(&scene->ours, &theirs);
    recorder_listen(&scene->proxy, theirs);
    tunnel_begin(&scene->tunnel, scene->ours, SPAN("CONNECT a:1 HTTP/1.1\r\n\r\n"), on_done, scene);
}

static void settle(struct scene *scene, size_t most)
{
    while (memory_pair_step(scene->pair, most)) {
    }
}

static void end(struct scene *scene)
{
    tunnel_clear(&scene->tunnel);
    stream_close(scene->ours);
    buffer_clear(&scene->through.got);
    recorder_close(&scene->proxy);
    memory_pair_destroy(scene->pair);
}

static void the_request_names_host_and_port_twice(void **state)
{
    (void)state;
    static const struct {
        const char *host;
        unsigned port;
        const char *credentials, *request;
    } rows[] = {
        {"api.example", 443, NULL,
         "CONNECT api.example:443 HTTP/1.1\r\nHost: api.example:443\r\n\r\n"},
        {"::1", 8443, NULL, "CONNECT [::1]:8443 HTTP/1.1\r\nHost: [::1]:8443\r\n\r\n"},
        {"a", 1, "Aladdin:open sesame",
         "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n"
         "Proxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n\r\n"},
        {"a", 1, ":",
         "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\nProxy-Authorization: Basic Og==\r\n\r\n"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char *request = tunnel_request(rows[i].host, rows[i].port, rows[i].credentials);
        assert_string_equal(request, rows[i].request);
        free(request);
    }
}

static const struct answer_row {
    struct span bytes;
    enum tunnel_result result;
    unsigned status;
} answers[] = {
    {SPAN_INIT(GOOD), TUNNEL_OPEN, 200},
    {SPAN_INIT("HTTP/1.0 200\r\n\r\n"), TUNNEL_OPEN, 200},
    {SPAN_INIT("HTTP/1.1 204 \r\nA: b\tc\r\nContent-Length: 5\r\n\r\n"), TUNNEL_OPEN, 204},
    {SPAN_INIT("HTTP/1.1 407 No\r\nContent-Length: 2\r\n\r\nno"), TUNNEL_REFUSED, 407},
    {SPAN_INIT("HTTP/1.1 302 Found\r\n\r\n<html>"), TUNNEL_REFUSED, 302},
    {SPAN_INIT("HTTP/1.1 100 Continue\r\n\r\n"), TUNNEL_BROKEN, 100},
    {SPAN_INIT("HTTP/1.1 2x0 OK\r\n\r\n"), TUNNEL_BROKEN, 0},
    {SPAN_INIT("HTTP/1.1 2000 OK\r\n\r\n"), TUNNEL_BROKEN, 0},
    {SPAN_INIT("HTTP/1.1 20\r\n\r\n"), TUNNEL_BROKEN, 0},
    {SPAN_INIT("HTTP/1.1\r\n\r\n"), TUNNEL_BROKEN, 0},
    {SPAN_INIT("HTTP/1.2 200 OK\r\n\r\n"), TUNNEL_BROKEN, 0},
    {SPAN_INIT("HTTP/1.1  200 OK\r\n\r\n"), TUNNEL_BROKEN, 0},
    {SPAN_INIT("HTTP/2 200\r\n\r\n"), TUNNEL_BROKEN, 0},
    {SPAN_INIT("<html>"), TUNNEL_BROKEN, 0},
    {SPAN_INIT("\r\n"), TUNNEL_BROKEN, 0},
    {SPAN_INIT("HTTP/1.1 200 OK\n"), TUNNEL_BROKEN, 0},
    {SPAN_INIT("HTTP/1.1 200 OK\rX"), TUNNEL_BROKEN, 0},
    {SPAN_INIT("HTTP/1.1 200 OK\r\r"), TUNNEL_BROKEN, 0},
    {SPAN_INIT("HTTP/1.1 200 \0"), TUNNEL_BROKEN, 0},
};

static void an_answer_opens_the_way_or_does_not(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(answers); i++) {
        for (size_t most = 1; most <= 4096; most *= 16) {
            struct scene scene;
            begin(&scene);
            settle(&scene, most);
            recorder_write(&scene.proxy, answers[i].bytes);
            while (scene.told == 0)
                assert_true(memory_pair_step(scene.pair, most));
            assert_int_equal(scene.result, answers[i].result);
            assert_int_equal(scene.told, 1);
            if (answers[i].status)
                assert_int_equal(scene.tunnel.status, answers[i].status);
            end(&scene);
        }
    }
}

static void the_request_is_sent_and_the_stream_is_free_behind_the_answer(void **state)
{
    (void)state;
    struct scene scene;
    begin(&scene);
    settle(&scene, 3);
    assert_int_equal(scene.proxy.got.len, strlen("CONNECT a:1 HTTP/1.1\r\n\r\n"));
    recorder_write(&scene.proxy, SPAN(GOOD));
    settle(&scene, 4096);
    assert_int_equal(scene.result, TUNNEL_OPEN);
    recorder_write(&scene.proxy, SPAN("hello"));
    settle(&scene, 4096);
    assert_int_equal(scene.through.got.len, 5);
    end(&scene);
}

static void bytes_behind_the_answer_are_not_from_the_other_side(void **state)
{
    (void)state;
    struct scene scene;
    begin(&scene);
    settle(&scene, 4096);
    recorder_write(&scene.proxy, SPAN(GOOD "\x16"));
    settle(&scene, 4096);
    assert_int_equal(scene.result, TUNNEL_BROKEN);
    end(&scene);
}

static void a_head_without_end_is_not_collected(void **state)
{
    (void)state;
    struct scene scene;
    begin(&scene);
    recorder_write(&scene.proxy, SPAN("HTTP/1.1 200 OK\r\n"));
    for (int i = 0; i < 10000 && scene.told == 0; i++) {
        recorder_write(&scene.proxy, SPAN("A: b\r\n"));
        settle(&scene, 4096);
    }
    assert_int_equal(scene.result, TUNNEL_BROKEN);
    end(&scene);
}

static void an_end_or_a_failure_before_the_answer_is_told(void **state)
{
    (void)state;
    for (int breaks = 0; breaks < 2; breaks++) {
        struct scene scene;
        begin(&scene);
        recorder_write(&scene.proxy, SPAN("HTTP/1.1 200 OK\r\n"));
        settle(&scene, 4096);
        assert_int_equal(scene.told, 0);
        if (breaks)
            memory_pair_break(scene.pair, scene.ours);
        else
            stream_end(scene.proxy.stream);
        settle(&scene, 4096);
        assert_int_equal(scene.told, 1);
        assert_int_equal(scene.result, TUNNEL_BROKEN);
        end(&scene);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_request_names_host_and_port_twice),
        cmocka_unit_test(an_answer_opens_the_way_or_does_not),
        cmocka_unit_test(the_request_is_sent_and_the_stream_is_free_behind_the_answer),
        cmocka_unit_test(bytes_behind_the_answer_are_not_from_the_other_side),
        cmocka_unit_test(a_head_without_end_is_not_collected),
        cmocka_unit_test(an_end_or_a_failure_before_the_answer_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
