#include "gateway/head_down.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "http/writer.h"
#include "support/exchange_scene.h"

#define OURS "via: 1.1 bpgate-7\r\nx-request-id: id-1\r\n"

static const struct {
    const char *what, *up, *down;
} responses[] = {
    {"fields of the resource pass",
     "HTTP/1.1 200 OK\r\ndate: D\r\nServer: s\r\nETag: \"a\"\r\nset-cookie: a=b\r\nset-cookie: "
     "c=d\r\n"
     "vary: origin\r\nx-bp: 1\r\ncontent-length: 2\r\n\r\n",
     "HTTP/1.1 200 OK\r\ndate: D\r\nServer: s\r\nETag: \"a\"\r\nset-cookie: a=b\r\nset-cookie: "
     "c=d\r\n"
     "vary: origin\r\nx-bp: 1\r\n" OURS "content-length: 2\r\n\r\n"},
    {"fields of the connection stay on it",
     "HTTP/1.1 200 OK\r\ndate: D\r\nconnection: close, x-hop\r\nkeep-alive: timeout=5\r\nx-hop: "
     "1\r\n"
     "upgrade: h2\r\ntrailer: a\r\nproxy-authenticate: b\r\ntransfer-encoding: chunked\r\n\r\n",
     "HTTP/1.1 200 OK\r\ndate: D\r\n" OURS "transfer-encoding: chunked\r\n\r\n"},
    {"there is one request id, ours",
     "HTTP/1.1 200 OK\r\ndate: D\r\nX-Request-Id: theirs\r\ncontent-length: 2\r\n\r\n",
     "HTTP/1.1 200 OK\r\ndate: D\r\n" OURS "content-length: 2\r\n\r\n"},
    {"the upstream's rate fields speak of a budget that is not the caller's",
     "HTTP/1.1 200 OK\r\ndate: D\r\nRateLimit-Limit: 100\r\nratelimit-remaining: 3\r\n"
     "RateLimit-Reset: 1\r\nX-RateLimit-Limit: 5\r\nx-ratelimit-reset: 9\r\nratelimit: \"a\"\r\n"
     "RateLimit-Policy: \"a\"\r\ncontent-length: 2\r\n\r\n",
     "HTTP/1.1 200 OK\r\ndate: D\r\n" OURS "content-length: 2\r\n\r\n"},
    {"on a 503 they would make clients sleep",
     "HTTP/1.1 503 \r\ndate: D\r\nRateLimit-Reset: 1\r\nretry-after: 2\r\ncontent-length: "
     "2\r\n\r\n",
     "HTTP/1.1 503 Service Unavailable\r\ndate: D\r\nretry-after: 2\r\n" OURS
     "content-length: 2\r\n\r\n"},
    {"with its own 429 they pass",
     "HTTP/1.1 429 \r\ndate: D\r\nRateLimit-Limit: 100\r\nRateLimit-Remaining: 0\r\n"
     "RateLimit-Reset: 7\r\ncontent-length: 2\r\n\r\n",
     "HTTP/1.1 429 Too Many Requests\r\ndate: D\r\nRateLimit-Limit: 100\r\nRateLimit-Remaining: "
     "0\r\n"
     "RateLimit-Reset: 7\r\n" OURS "content-length: 2\r\n\r\n"},
    {"but no reset is long, an epoch or no number",
     "HTTP/1.1 429 \r\ndate: D\r\nRateLimit-Reset: 1767225600\r\nX-RateLimit-Reset: 61\r\n"
     "x-ratelimit-reset: soon\r\nx-ratelimit-reset: 60\r\ncontent-length: 2\r\n\r\n",
     "HTTP/1.1 429 Too Many Requests\r\ndate: D\r\nRateLimit-Reset: 60\r\nX-RateLimit-Reset: 60\r\n"
     "x-ratelimit-reset: 60\r\nx-ratelimit-reset: 60\r\n" OURS "content-length: 2\r\n\r\n"},
    {"Via grows at its end",
     "HTTP/1.1 200 OK\r\ndate: D\r\nvia: 1.1 edge\r\ncontent-length: 2\r\n\r\n",
     "HTTP/1.1 200 OK\r\ndate: D\r\nvia: 1.1 edge\r\n" OURS "content-length: 2\r\n\r\n"},
};

static void assert_down(struct exchange_scene *scene, const char *wanted)
{
    const struct response_line_options options = {.keep_alive = true};
    head_down_prepare(&scene->exchange);
    struct span head = write_response_head(&scene->arena, scene->exchange.response, &options);
    assert_int_equal(head.len, strlen(wanted));
    assert_memory_equal(head.at, wanted, head.len);
}

static void each_field_goes_where_it_belongs(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(responses); i++) {
        struct exchange_scene scene;
        exchange_scene_set_up(&scene);
        exchange_scene_answer(&scene, responses[i].up);
        print_message("%s\n", responses[i].what);
        assert_down(&scene, responses[i].down);
        exchange_scene_tear_down(&scene);
    }
}

static void an_answer_of_our_own_gets_the_request_id_alone(void **state)
{
    struct exchange_scene scene;
    (void)state;
    exchange_scene_set_up(&scene);
    exchange_scene_answer(&scene, "HTTP/1.1 429 \r\ndate: D\r\nratelimit: \"a\";r=0\r\n"
                                  "x-ratelimit-reset: 100\r\ncontent-length: 2\r\n\r\n");
    scene.exchange.source = SOURCE_GATEWAY;
    assert_down(&scene,
                "HTTP/1.1 429 Too Many Requests\r\ndate: D\r\nratelimit: \"a\";r=0\r\n"
                "x-ratelimit-reset: 100\r\nx-request-id: id-1\r\ncontent-length: 2\r\n\r\n");
    exchange_scene_tear_down(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_field_goes_where_it_belongs),
        cmocka_unit_test(an_answer_of_our_own_gets_the_request_id_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
