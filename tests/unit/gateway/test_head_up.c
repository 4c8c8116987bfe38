#include "gateway/head_up.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "support/exchange_scene.h"

/* What every request gets, in this order, at the end of its own fields. */
#define OURS "host: up.test\r\nvia: 1.1 bpgate-7\r\nx-request-id: id-1\r\n"

static int set_up(void **state)
{
    static struct exchange_scene scene;
    exchange_scene_set_up(&scene);
    *state = &scene;
    return 0;
}

static int tear_down(void **state)
{
    exchange_scene_tear_down(*state);
    return 0;
}

static void assert_span(struct span is, const char *wanted)
{
    struct span text = span_of(wanted);
    assert_int_equal(is.len, text.len);
    assert_memory_equal(is.at, text.at, text.len);
}

static void assert_up(struct exchange_scene *scene, const char *wanted)
{
    struct span missing = {0};
    assert_true(head_up_prepare(&scene->exchange, &missing));
    assert_span(head_up_write(&scene->exchange, SPAN("")), wanted);
}

/* --- What goes and what stays --- */

static const struct {
    const char *what, *down, *up;
} requests[] = {
    {"fields that are nobody's business pass as they are spelled",
     "GET /v1/a HTTP/1.1\r\nHost: gw\r\nAccept: */*\r\nX-Own: a, b\r\nUser-Agent: u\r\n"
     "traceparent: 00-a-b-01\r\nX-Multiple-Integrations: true\r\n\r\n",
     "GET /v1/a HTTP/1.1\r\nAccept: */*\r\nX-Own: a, b\r\nUser-Agent: u\r\n"
     "X-Multiple-Integrations: true\r\n" OURS "\r\n"},
    {"of a trace that is none nothing passes",
     "GET /v1/a HTTP/1.1\r\nHost: gw\r\ntraceparent: 00-a-b-01\r\nTracestate: a=1\r\n\r\n",
     "GET /v1/a HTTP/1.1\r\n" OURS "\r\n"},
    {"the target goes byte for byte",
     "GET /v1/files/a%2Fb?nextToken=a+b/c==&tags.x={%22a%22}&&x HTTP/1.1\r\nhost: gw\r\n\r\n",
     "GET /v1/files/a%2Fb?nextToken=a+b/c==&tags.x={%22a%22}&&x HTTP/1.1\r\n" OURS "\r\n"},
    {"an absolute form loses its authority",
     "GET http://other.test/a?b HTTP/1.1\r\nhost: gw\r\n\r\n", "GET /a?b HTTP/1.1\r\n" OURS "\r\n"},
    {"what is the caller's own stays here",
     "GET /a HTTP/1.1\r\nhost: gw\r\nauthorization: Bearer bpg_x\r\ncookie: a=b\r\n"
     "x-bpgate-key: bpg_x\r\nx-bpgate-other: y\r\nX-Forwarded-For: 1.2.3.4\r\n"
     "x-forwarded-proto: http\r\nforwarded: for=1.2.3.4\r\norigin: http://a\r\n"
     "sec-fetch-mode: cors\r\nSec-WebSocket-Key: k\r\n\r\n",
     "GET /a HTTP/1.1\r\n" OURS "\r\n"},
    {"ids that nobody settled are dropped unread",
     "GET /a HTTP/1.1\r\nhost: gw\r\nx-bot-id: b\r\nx-workspace-id: w\r\nx-integration-id: i\r\n"
     "x-integration-alias: l\r\nx-destination-bot-id: d\r\nx-user-id: u\r\nx-user-role: r\r\n"
     "x-integration-name: n\r\n\r\n",
     "GET /a HTTP/1.1\r\n" OURS "\r\n"},
    {"fields of the connection stay on it",
     "GET /a HTTP/1.1\r\nhost: gw\r\nconnection: keep-alive, x-mine\r\nkeep-alive: 5\r\n"
     "x-mine: 1\r\nte: trailers\r\ntrailer: a\r\nupgrade: h2c\r\nproxy-connection: x\r\n"
     "proxy-authorization: y\r\n\r\n",
     "GET /a HTTP/1.1\r\n" OURS "\r\n"},
    {"the caller's request id is replaced by the one that was chosen",
     "GET /a HTTP/1.1\r\nhost: gw\r\nx-request-id: theirs\r\n\r\n",
     "GET /a HTTP/1.1\r\n" OURS "\r\n"},
    {"Via grows at its end", "GET /a HTTP/1.1\r\nhost: gw\r\nvia: 1.0 first, 1.1 second\r\n\r\n",
     "GET /a HTTP/1.1\r\nvia: 1.0 first, 1.1 second\r\n" OURS "\r\n"},
    {"Expect is answered here",
     "POST /a HTTP/1.1\r\nhost: gw\r\nexpect: 100-continue\r\ncontent-length: 5\r\n\r\n",
     "POST /a HTTP/1.1\r\n" OURS "content-length: 5\r\n\r\n"},
    {"a chunked body stays chunked",
     "POST /a HTTP/1.1\r\nhost: gw\r\ntransfer-encoding: chunked\r\n\r\n",
     "POST /a HTTP/1.1\r\n" OURS "transfer-encoding: chunked\r\n\r\n"},
    {"methods that mean a body say when there is none", "POST /a HTTP/1.1\r\nhost: gw\r\n\r\n",
     "POST /a HTTP/1.1\r\n" OURS "content-length: 0\r\n\r\n"},
    {"others do not", "DELETE /a HTTP/1.1\r\nhost: gw\r\ncontent-length: 0\r\n\r\n",
     "DELETE /a HTTP/1.1\r\n" OURS "\r\n"},
    {"DELETE may have one", "DELETE /a HTTP/1.1\r\nhost: gw\r\ncontent-length: 2\r\n\r\n",
     "DELETE /a HTTP/1.1\r\n" OURS "content-length: 2\r\n\r\n"},
    {"an unknown method goes by its name", "REPORT /a HTTP/1.1\r\nhost: gw\r\n\r\n",
     "REPORT /a HTTP/1.1\r\n" OURS "\r\n"},
    {"HTTP/1.0 goes on as 1.1", "GET /a HTTP/1.0\r\n\r\n",
     "GET /a HTTP/1.1\r\n"
     "host: up.test\r\nvia: 1.0 bpgate-7\r\nx-request-id: id-1\r\n\r\n"},
};

static void each_field_goes_where_it_belongs(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(requests); i++) {
        struct exchange_scene scene;
        exchange_scene_set_up(&scene);
        exchange_scene_parse(&scene, requests[i].down);
        print_message("%s\n", requests[i].what);
        assert_up(&scene, requests[i].up);
        exchange_scene_tear_down(&scene);
    }
}

/* --- Injection --- */

#define ALL_IDS                                                                                    \
    "x-bot-id: b1\r\nx-workspace-id: w1\r\nx-integration-id: i1\r\nx-integration-alias: l1\r\n"    \
    "x-destination-bot-id: d1\r\n"

static void settle_all_ids(struct exchange_scene *scene)
{
    scene->exchange.ids[ID_BOT] = SPAN("b1");
    scene->exchange.ids[ID_WORKSPACE] = SPAN("w1");
    scene->exchange.ids[ID_INTEGRATION] = SPAN("i1");
    scene->exchange.integration_alias = SPAN("l1");
    scene->exchange.destination_bot = SPAN("d1");
}

static void what_was_settled_is_injected_once(void **state)
{
    struct exchange_scene *scene = *state;
    settle_all_ids(scene);
    exchange_scene_parse(scene, "GET /a HTTP/1.1\r\nhost: gw\r\nx-bot-id: theirs\r\n"
                                "x-destination-bot-id: theirs\r\n\r\n");
    assert_up(scene, "GET /a HTTP/1.1\r\n" OURS ALL_IDS "\r\n");
}

static void no_connection_field_strips_what_is_injected(void **state)
{
    struct exchange_scene *scene = *state;
    struct span missing;
    settle_all_ids(scene);
    exchange_scene_parse(scene, "GET /a HTTP/1.1\r\nhost: gw\r\nconnection: x-bot-id, host, via\r\n"
                                "connection: authorization, x-workspace-id, x-request-id\r\n"
                                "connection: content-length, transfer-encoding\r\n"
                                "via: 1.1 before\r\nx-bot-id: theirs\r\n\r\n");
    assert_true(head_up_prepare(&scene->exchange, &missing));
    assert_span(head_up_write(&scene->exchange, SPAN("tok")),
                "GET /a HTTP/1.1\r\n" OURS ALL_IDS "authorization: Bearer tok\r\n\r\n");
}

static void no_connection_field_strips_the_length(void **state)
{
    struct exchange_scene *scene = *state;
    exchange_scene_parse(scene, "POST /a HTTP/1.1\r\nhost: gw\r\nconnection: content-length\r\n"
                                "content-length: 7\r\n\r\n");
    assert_up(scene, "POST /a HTTP/1.1\r\n" OURS "content-length: 7\r\n\r\n");
}

static void a_token_is_injected_and_another_replaces_it(void **state)
{
    struct exchange_scene *scene = *state;
    struct span missing;
    exchange_scene_parse(scene, "GET /a HTTP/1.1\r\nhost: gw\r\nauthorization: Bearer x\r\n\r\n");
    assert_true(head_up_prepare(&scene->exchange, &missing));
    assert_span(head_up_write(&scene->exchange, SPAN("one")),
                "GET /a HTTP/1.1\r\n" OURS "authorization: Bearer one\r\n\r\n");
    assert_span(head_up_write(&scene->exchange, SPAN("two")),
                "GET /a HTTP/1.1\r\n" OURS "authorization: Bearer two\r\n\r\n");
}

static void fields_of_the_user_pass_where_operation_and_profile_let_them(void **state)
{
    static const struct {
        unsigned flags, pass;
        const char *fields;
    } rows[] = {
        {0, PASS_USER_ID | PASS_USER_ROLE | PASS_INTEGRATION_NAME, ""},
        {OP_TAKES_USER, 0, ""},
        {OP_TAKES_USER, PASS_USER_ID, "x-user-id: u\r\n"},
        {OP_TAKES_USER, PASS_USER_ROLE, "x-user-role: r\r\n"},
        {OP_TAKES_USER, PASS_INTEGRATION_NAME, "x-integration-name: n\r\n"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct exchange_scene scene;
        char wanted[200];
        exchange_scene_set_up(&scene);
        scene.exchange.operation_flags = rows[i].flags;
        scene.profile.pass = rows[i].pass;
        exchange_scene_parse(&scene, "GET /a HTTP/1.1\r\nhost: gw\r\nx-user-id: u\r\n"
                                     "x-user-role: r\r\nx-integration-name: n\r\n\r\n");
        (void)snprintf(wanted, sizeof(wanted), "GET /a HTTP/1.1\r\n%s" OURS "\r\n", rows[i].fields);
        assert_up(&scene, wanted);
        exchange_scene_tear_down(&scene);
    }
}

/* --- The caller's own token --- */

static void authorization_passes_only_when_the_profile_says_so_and_has_no_token(void **state)
{
    static const struct {
        bool passes;
        int credential;
        const char *value;
        bool is_sent;
    } rows[] = {
        {true, -1, "Bearer bp_pat_x", true},    {true, -1, "Basic abc", true},
        {false, -1, "Bearer bp_pat_x", false},  {true, 0, "Bearer bp_pat_x", false},
        {true, -1, "Bearer bpg_a_b_c", false},  {true, -1, "bearer  \tbpg_a_b_c", false},
        {true, -1, "Bearer\tbpg_a_b_c", false}, {true, -1, "bpg_a_b_c", false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct exchange_scene scene;
        char request[200], wanted[200];
        exchange_scene_set_up(&scene);
        scene.profile.pass_authorization = rows[i].passes;
        scene.profile.credential = rows[i].credential;
        (void)snprintf(request, sizeof(request),
                       "GET /a HTTP/1.1\r\nhost: gw\r\nauthorization: %s\r\n\r\n", rows[i].value);
        (void)snprintf(wanted, sizeof(wanted), "GET /a HTTP/1.1\r\n" OURS "%s%s%s\r\n",
                       rows[i].is_sent ? "authorization: " : "",
                       rows[i].is_sent ? rows[i].value : "", rows[i].is_sent ? "\r\n" : "");
        exchange_scene_parse(&scene, request);
        assert_up(&scene, wanted);
        exchange_scene_tear_down(&scene);
    }
}

/* --- What is missing --- */

static void an_id_that_is_needed_and_unknown_is_named(void **state)
{
    static const struct {
        unsigned flags;
        bool has_bot, has_workspace;
        const char *missing; /* NULL: nothing */
    } rows[] = {
        {OP_NEEDS_BOT, false, false, "x-bot-id"},
        {OP_NEEDS_BOT, true, false, NULL},
        {OP_NEEDS_WORKSPACE, false, false, "x-workspace-id"},
        {OP_NEEDS_WORKSPACE, false, true, NULL},
        {OP_NEEDS_BOT | OP_NEEDS_WORKSPACE, true, false, "x-workspace-id"},
        {OP_TAKES_BOT | OP_TAKES_WORKSPACE, false, false, NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct exchange_scene scene;
        struct span missing = {0};
        exchange_scene_set_up(&scene);
        scene.exchange.operation_flags = rows[i].flags;
        scene.exchange.ids[ID_BOT] = rows[i].has_bot ? SPAN("b") : SPAN("");
        scene.exchange.ids[ID_WORKSPACE] = rows[i].has_workspace ? SPAN("w") : SPAN("");
        exchange_scene_parse(&scene, "GET /a HTTP/1.1\r\nhost: gw\r\n\r\n");
        assert_int_equal(head_up_prepare(&scene.exchange, &missing), !rows[i].missing);
        if (rows[i].missing)
            assert_span(missing, rows[i].missing);
        exchange_scene_tear_down(&scene);
    }
}

/* --- Traces --- */

static void a_trace_goes_on_with_a_span_of_ours(void **state)
{
    struct exchange_scene *scene = *state;
    exchange_scene_parse(scene, "GET /a HTTP/1.1\r\nhost: gw\r\ntracestate: a=1\r\ntraceparent: "
                                "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n\r\n");
    scene->exchange.continues_trace = true;
    scene->exchange.traceparent = SPAN("00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01");
    assert_up(scene,
              "GET /a HTTP/1.1\r\ntracestate: a=1\r\nhost: up.test\r\nvia: 1.1 bpgate-7\r\n"
              "x-request-id: id-1\r\n"
              "traceparent: 00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01\r\n\r\n");
}

/* --- Any other API --- */

static void without_a_catalogue_fields_are_the_apis_own_affair(void **state)
{
    struct exchange_scene *scene = *state;
    scene->options.is_generic = true;
    exchange_scene_parse(scene, "GET /a HTTP/1.1\r\nhost: gw\r\ncookie: a=b\r\norigin: o\r\n"
                                "x-forwarded-for: 1.2.3.4\r\nx-bot-id: b\r\nte: trailers\r\n"
                                "authorization: Bearer bpg_x\r\nx-bpgate-key: bpg_y\r\n\r\n");
    assert_up(scene, "GET /a HTTP/1.1\r\ncookie: a=b\r\norigin: o\r\nx-forwarded-for: 1.2.3.4\r\n"
                     "x-bot-id: b\r\n" OURS "\r\n");
}

/* --- Loops --- */

static void a_request_that_was_here_before_is_known_by_its_via(void **state)
{
    static const struct {
        const char *fields;
        bool is_loop;
    } rows[] = {
        {"", false},
        {"via: 1.1 bpgate-7\r\n", true},
        {"via: 1.0 a, 1.1 bpgate-7 , 1.1 b\r\n", true},
        {"via: 1.1 a\r\nvia: 1.1 bpgate-7\r\n", true},
        {"via: 1.1 bpgate-8\r\n", false},
        {"via: 1.1 bpgate-77, 1.1 bpgate\r\n", false},
        {"x-via: 1.1 bpgate-7\r\n", false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct exchange_scene scene;
        char request[200];
        exchange_scene_set_up(&scene);
        (void)snprintf(request, sizeof(request), "GET /a HTTP/1.1\r\nhost: gw\r\n%s\r\n",
                       rows[i].fields);
        exchange_scene_parse(&scene, request);
        assert_int_equal(head_up_is_loop(&scene.exchange), rows[i].is_loop);
        exchange_scene_tear_down(&scene);
    }
}

static void the_fullest_request_leaves_room_for_what_is_added(void **state)
{
    struct exchange_scene *scene = *state;
    struct buffer head;
    struct span missing;
    buffer_init(&head, SIZE_MAX);
    assert_int_equal(buffer_append(&head, SPAN("GET /a HTTP/1.0\r\n")), OK);
    for (int i = 0; i < 100; i++)
        assert_int_equal(buffer_append(&head, SPAN("a: b\r\n")), OK);
    assert_int_equal(buffer_append(&head, (struct span){"\r\n", 3}), OK);
    settle_all_ids(scene);
    exchange_scene_parse(scene, head.at);
    assert_true(head_up_prepare(&scene->exchange, &missing));
    (void)head_up_write(&scene->exchange, SPAN("token"));
    assert_int_equal(scene->request.headers.count, 100 + 9);
    buffer_clear(&head);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_field_goes_where_it_belongs),
        cmocka_unit_test(fields_of_the_user_pass_where_operation_and_profile_let_them),
        cmocka_unit_test(authorization_passes_only_when_the_profile_says_so_and_has_no_token),
        cmocka_unit_test(an_id_that_is_needed_and_unknown_is_named),
        cmocka_unit_test(a_request_that_was_here_before_is_known_by_its_via),
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(what_was_settled_is_injected_once),
        TEST(no_connection_field_strips_what_is_injected),
        TEST(no_connection_field_strips_the_length),
        TEST(a_token_is_injected_and_another_replaces_it),
        TEST(a_trace_goes_on_with_a_span_of_ours),
        TEST(without_a_catalogue_fields_are_the_apis_own_affair),
        TEST(the_fullest_request_leaves_room_for_what_is_added),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
