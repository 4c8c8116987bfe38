#include "net/dialer.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/text.h"
#include "net/listener.h"
#include "net/tls_stream.h"
#include "support/certificates.h"
#include "support/fake_dns.h"
#include "support/recorder.h"

enum { SOON_MS = 40, LONG_MS = 20000, GIVE_UP_S = 60, POOL_THREADS = 4 };

struct scene {
    struct loop loop;
    struct listener *listener;
    unsigned port;
    struct tls_context *server_side; /* of what is accepted; NULL: plain */
    bool is_silent;                  /* accepts and says nothing */
    struct recorder accepted, dialed;
    struct dialer *dialer;
    struct dial *dial;
    unsigned done;
    enum dial_result result;
    char detail[128];
    bool destroys;
};

static struct certificate authority, server;
static char error[TLS_ERROR_SIZE];

static int make_certificates(void **state)
{
    (void)state;
    certificate_make_authority(&authority, "authority");
    certificate_make_server(&server, "IP:127.0.0.1", &authority);
    return 0;
}

static int drop_certificates(void **state)
{
    (void)state;
    certificate_clear(&authority);
    certificate_clear(&server);
    return 0;
}

static void on_accept(void *owner, struct stream *stream, const struct sockaddr *peer)
{
    struct scene *scene = owner;
    (void)peer;
    if (scene->server_side && !scene->is_silent)
        stream = tls_stream_create(stream, scene->server_side, &scene->loop);
    recorder_close(&scene->accepted);
    recorder_listen(&scene->accepted, stream);
}

static void answer(const char *const *addresses, size_t count)
{
    fake_dns.addresses = addresses;
    fake_dns.count = count;
    fake_dns.error = 0;
}

static int set_up(void **state)
{
    static const char *const loopback[] = {"127.0.0.1"};
    static const struct listener_events events = {.on_accept = on_accept};
    static struct scene scene;
    char name[LISTENER_NAME_SIZE], problem[LISTENER_ERROR_SIZE];
    int descriptor;
    scene = (struct scene){0};
    answer(loopback, COUNT_OF(loopback));
    loop_init(&scene.loop);
    assert_int_equal(listener_bind(SPAN("127.0.0.1:0"), &descriptor, 1, problem), OK);
    listener_name(descriptor, name);
    uint64_t port;
    assert_true(span_to_u64(span_of(name + strlen("127.0.0.1:")), &port));
    scene.port = (unsigned)port;
    scene.listener = listener_create(&scene.loop, descriptor, &events, &scene);
    *state = &scene;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *scene = *state;
    if (scene->dialer)
        dialer_destroy(scene->dialer);
    if (scene->listener)
        listener_close(scene->listener);
    recorder_close(&scene->dialed);
    recorder_close(&scene->accepted);
    if (scene->server_side)
        tls_context_release(scene->server_side);
    loop_close(&scene->loop);
    return 0;
}

static void on_done(void *owner, enum dial_result result, struct stream *stream, struct span detail)
{
    struct scene *scene = owner;
    scene->done++;
    scene->dial = NULL;
    scene->result = result;
    assert_true(detail.len < sizeof(scene->detail));
    if (detail.len > 0)
        memcpy(scene->detail, detail.at, detail.len);
    assert_int_equal(stream != NULL, result == DIAL_OK);
    if (stream)
        recorder_listen(&scene->dialed, stream);
    if (scene->destroys)
        dialer_destroy(scene->dialer);
    loop_stop(&scene->loop);
}

static struct dialer_options options_for(const struct scene *scene, const char *host)
{
    return (struct dialer_options){.host = host,
                                   .port = scene->port,
                                   .resolve_ms = LONG_MS,
                                   .connect_ms = LONG_MS,
                                   .tls_ms = LONG_MS,
                                   .refresh_ms = LONG_MS};
}

static void begin(struct scene *scene, const struct dialer_options *options,
                  struct tls_context *client_side)
{
    scene->dialer = dialer_create(&scene->loop, options, client_side);
    scene->dial = dial_begin(scene->dialer, on_done, scene);
    assert_int_equal(scene->done, 0);
}

static void dial_plainly(struct scene *scene, const char *host)
{
    struct dialer_options options = options_for(scene, host);
    begin(scene, &options, NULL);
    loop_run(&scene->loop);
    assert_int_equal(scene->done, 1);
}

static struct tls_context *new_client(const char *name)
{
    struct tls_client_options options = {name, authority.certificate_file};
    struct tls_context *context = tls_context_create_client(&options, error);
    assert_non_null(context);
    return context;
}

/* A server that speaks TLS and a dialer that expects name. */
static void begin_tls(struct scene *scene, const char *name, uint64_t tls_ms)
{
    struct tls_server_options identity = {.certificate_file = server.certificate_file,
                                          .key_file = server.key_file};
    struct dialer_options options = options_for(scene, "127.0.0.1");
    struct tls_context *client_side = new_client(name);
    scene->server_side = tls_context_create_server(&identity, error);
    assert_non_null(scene->server_side);
    options.tls_ms = tls_ms;
    begin(scene, &options, client_side);
    tls_context_release(client_side); /* the dialer counts its own */
}

static void talk(struct scene *scene)
{
    recorder_write(&scene->dialed, SPAN("ping"));
    while (scene->accepted.got.len < 4)
        (void)uv_run(&scene->loop.uv, UV_RUN_ONCE);
    recorder_write(&scene->accepted, SPAN("pong"));
    while (scene->dialed.got.len < 4)
        (void)uv_run(&scene->loop.uv, UV_RUN_ONCE);
}

static void an_address_is_dialed_and_the_stream_is_open(void **state)
{
    struct scene *scene = *state;
    dial_plainly(scene, "127.0.0.1");
    assert_int_equal(scene->result, DIAL_OK);
    talk(scene);
    assert_int_equal(scene->dialed.opened, 0); /* it was open when it was given */
}

static void a_name_is_dialed(void **state)
{
    struct scene *scene = *state;
    dial_plainly(scene, "name.test");
    assert_int_equal(scene->result, DIAL_OK);
    talk(scene);
}

static void the_next_address_is_tried_when_one_refuses(void **state)
{
    static const char *const addresses[] = {"127.0.0.2", "127.0.0.3", "127.0.0.1"};
    struct scene *scene = *state;
    answer(addresses, COUNT_OF(addresses));
    dial_plainly(scene, "name.test");
    assert_int_equal(scene->result, DIAL_OK);
    talk(scene);
}

static void two_dials_at_once_share_a_dialer(void **state)
{
    struct scene *scene = *state;
    struct dialer_options options = options_for(scene, "name.test");
    begin(scene, &options, NULL);
    struct dial *second = dial_begin(scene->dialer, on_done, scene);
    assert_non_null(second);
    dial_call_off(scene->dial);
    loop_run(&scene->loop);
    assert_int_equal(scene->done, 1);
    assert_int_equal(scene->result, DIAL_OK);
}

static void the_dialer_may_be_destroyed_when_the_dial_is_done(void **state)
{
    struct scene *scene = *state;
    scene->destroys = true;
    dial_plainly(scene, "name.test");
    scene->dialer = NULL;
    talk(scene);
}

static void nobody_listening_is_a_refusal(void **state)
{
    struct scene *scene = *state;
    listener_close(scene->listener);
    scene->listener = NULL;
    dial_plainly(scene, "127.0.0.1");
    assert_int_equal(scene->result, DIAL_REFUSED);
    assert_string_equal(scene->detail, "connection refused");
}

static void a_refusal_counts_more_than_an_address_that_leads_nowhere(void **state)
{
    static const char *const addresses[] = {"255.255.255.255", "127.0.0.1", "255.255.255.255"};
    struct scene *scene = *state;
    listener_close(scene->listener);
    scene->listener = NULL;
    answer(addresses, COUNT_OF(addresses));
    dial_plainly(scene, "name.test");
    assert_int_equal(scene->result, DIAL_REFUSED);
}

static void an_address_that_leads_nowhere_is_unreachable(void **state)
{
    struct scene *scene = *state;
    dial_plainly(scene, "255.255.255.255");
    assert_int_equal(scene->result, DIAL_UNREACHABLE);
    assert_true(strlen(scene->detail) > 0);
}

static void a_name_that_does_not_exist_cannot_be_resolved(void **state)
{
    struct scene *scene = *state;
    fake_dns.error = EAI_NONAME;
    dial_plainly(scene, "name.invalid");
    assert_int_equal(scene->result, DIAL_RESOLVE_FAILED);
    assert_true(strlen(scene->detail) > 0);
}

static uv_sem_t gate;

static void block(uv_work_t *work)
{
    (void)work;
    uv_sem_wait(&gate);
}

static void on_unblocked(uv_work_t *work, int rc)
{
    (void)work, (void)rc;
}

static void a_resolver_that_does_not_answer_is_a_timeout(void **state)
{
    struct scene *scene = *state;
    struct dialer_options options = options_for(scene, "name.test");
    uv_work_t work[POOL_THREADS];
    assert_int_equal(uv_sem_init(&gate, 0), 0);
    for (size_t i = 0; i < POOL_THREADS; i++)
        assert_int_equal(uv_queue_work(&scene->loop.uv, &work[i], block, on_unblocked), 0);
    options.resolve_ms = SOON_MS;
    begin(scene, &options, NULL);
    loop_run(&scene->loop);
    assert_int_equal(scene->result, DIAL_RESOLVE_TIMEOUT);
    for (size_t i = 0; i < POOL_THREADS; i++)
        uv_sem_post(&gate);
    /* The look-up ends alone and the next dial profits from it. */
    scene->dial = dial_begin(scene->dialer, on_done, scene);
    loop_run(&scene->loop);
    assert_int_equal(scene->result, DIAL_OK);
    listener_close(scene->listener);
    scene->listener = NULL;
    recorder_close(&scene->dialed);
    recorder_close(&scene->accepted);
    loop_run(&scene->loop);
    uv_sem_destroy(&gate);
}

/* A listener whose queue is full: the kernel drops further SYNs. */
struct deaf {
    int listening, fillers[8];
};

static void deaf_begin(struct deaf *deaf, in_addr_t ip, unsigned port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(ip)};
    deaf->listening = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(deaf->listening, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(deaf->listening, 0), 0);
    for (size_t i = 0; i < COUNT_OF(deaf->fillers); i++) {
        deaf->fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)connect(deaf->fillers[i], (struct sockaddr *)&address, sizeof(address));
    }
}

static void deaf_end(struct deaf *deaf)
{
    for (size_t i = 0; i < COUNT_OF(deaf->fillers); i++)
        (void)close(deaf->fillers[i]);
    (void)close(deaf->listening);
}

static void a_server_that_takes_no_connection_is_a_timeout(void **state)
{
    struct scene *scene = *state;
    struct deaf deaf;
    struct dialer_options options = options_for(scene, "127.0.0.2");
    deaf_begin(&deaf, INADDR_LOOPBACK + 1, scene->port);
    options.connect_ms = SOON_MS;
    begin(scene, &options, NULL);
    loop_run(&scene->loop);
    assert_int_equal(scene->result, DIAL_CONNECT_TIMEOUT);
    deaf_end(&deaf);
}

/* RFC 8305 §5 */
static void a_silent_address_is_overtaken_by_the_next(void **state)
{
    static const char *const addresses[] = {"127.0.0.2", "127.0.0.1"};
    struct scene *scene = *state;
    struct deaf deaf;
    deaf_begin(&deaf, INADDR_LOOPBACK + 1, scene->port);
    answer(addresses, COUNT_OF(addresses));
    uint64_t begun_ms = loop_now_ms(&scene->loop);
    dial_plainly(scene, "name.test");
    assert_int_equal(scene->result, DIAL_OK);
    assert_true(loop_now_ms(&scene->loop) >= begun_ms + 250);
    talk(scene);
    uint64_t fastest_ms = UINT64_MAX; /* of a few: the machine may be busy */
    for (int i = 0; i < 5; i++) {
        recorder_close(&scene->dialed);
        begun_ms = loop_now_ms(&scene->loop);
        scene->dial = dial_begin(scene->dialer, on_done, scene);
        loop_run(&scene->loop);
        assert_int_equal(scene->result, DIAL_OK);
        uint64_t took_ms = loop_now_ms(&scene->loop) - begun_ms;
        fastest_ms = took_ms < fastest_ms ? took_ms : fastest_ms;
    }
    assert_true(fastest_ms < 250); /* the silent one is last now */
    deaf_end(&deaf);
}

static void tls_is_spoken_with_a_verified_server(void **state)
{
    struct scene *scene = *state;
    begin_tls(scene, "127.0.0.1", LONG_MS);
    loop_run(&scene->loop);
    assert_int_equal(scene->result, DIAL_OK);
    talk(scene);
    assert_int_equal(scene->dialed.opened, 0);
}

static void a_server_that_cannot_be_verified_is_untrusted(void **state)
{
    struct scene *scene = *state;
    begin_tls(scene, "127.0.0.2", LONG_MS);
    loop_run(&scene->loop);
    assert_int_equal(scene->result, DIAL_TLS_UNTRUSTED);
    assert_non_null(strstr(scene->detail, "mismatch"));
}

static void a_server_that_hangs_up_in_the_handshake_fails(void **state)
{
    struct scene *scene = *state;
    begin_tls(scene, "127.0.0.1", LONG_MS);
    scene->is_silent = true;
    while (scene->accepted.got.len == 0)
        (void)uv_run(&scene->loop.uv, UV_RUN_ONCE);
    recorder_close(&scene->accepted);
    loop_run(&scene->loop);
    assert_int_equal(scene->result, DIAL_TLS_FAILED);
    assert_true(strlen(scene->detail) > 0);
}

static void a_server_that_is_silent_in_the_handshake_is_a_timeout(void **state)
{
    struct scene *scene = *state;
    begin_tls(scene, "127.0.0.1", SOON_MS);
    scene->is_silent = true;
    loop_run(&scene->loop);
    assert_int_equal(scene->result, DIAL_TLS_TIMEOUT);
}

/* Calls off after so many turns; returns whether the dial was still running then. */
static bool call_off_after(struct scene *scene, const char *host, unsigned turns)
{
    struct dialer_options options = options_for(scene, host);
    struct tls_context *client_side = new_client("127.0.0.1");
    scene->done = 0;
    begin(scene, &options, client_side);
    tls_context_release(client_side);
    for (unsigned i = 0; i < turns && scene->dial; i++)
        (void)uv_run(&scene->loop.uv, UV_RUN_ONCE);
    bool is_running = scene->dial != NULL;
    if (is_running)
        dial_call_off(scene->dial);
    scene->dial = NULL;
    unsigned done = scene->done;
    for (int i = 0; i < 20; i++)
        (void)uv_run(&scene->loop.uv, UV_RUN_NOWAIT);
    assert_int_equal(scene->done, done);
    dialer_destroy(scene->dialer);
    scene->dialer = NULL;
    recorder_close(&scene->dialed);
    return is_running;
}

static void a_dial_may_be_called_off_at_every_turn(void **state)
{
    static const char *const hosts[] = {"127.0.0.1", "name.test"};
    struct scene *scene = *state;
    struct tls_server_options identity = {.certificate_file = server.certificate_file,
                                          .key_file = server.key_file};
    scene->server_side = tls_context_create_server(&identity, error);
    for (size_t i = 0; i < COUNT_OF(hosts); i++) {
        unsigned turns = 0;
        while (call_off_after(scene, hosts[i], turns))
            turns++;
        assert_true(turns > 1);
        assert_int_equal(scene->done, 1);
        assert_int_equal(scene->result, DIAL_OK);
    }
}

static void every_failure_has_a_name_for_the_client(void **state)
{
    (void)state;
    assert_int_equal(dial_result_proxy_status(DIAL_OK).len, 0);
    assert_true(span_equal(dial_result_proxy_status(DIAL_REFUSED), SPAN("connection_refused")));
    assert_true(span_equal(dial_result_proxy_status(DIAL_TLS_TIMEOUT), SPAN("connection_timeout")));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(an_address_is_dialed_and_the_stream_is_open),
        TEST(a_name_is_dialed),
        TEST(the_next_address_is_tried_when_one_refuses),
        TEST(two_dials_at_once_share_a_dialer),
        TEST(the_dialer_may_be_destroyed_when_the_dial_is_done),
        TEST(nobody_listening_is_a_refusal),
        TEST(a_refusal_counts_more_than_an_address_that_leads_nowhere),
        TEST(an_address_that_leads_nowhere_is_unreachable),
        TEST(a_name_that_does_not_exist_cannot_be_resolved),
        TEST(a_resolver_that_does_not_answer_is_a_timeout),
        TEST(a_server_that_takes_no_connection_is_a_timeout),
        TEST(a_silent_address_is_overtaken_by_the_next),
        TEST(tls_is_spoken_with_a_verified_server),
        TEST(a_server_that_cannot_be_verified_is_untrusted),
        TEST(a_server_that_hangs_up_in_the_handshake_fails),
        TEST(a_server_that_is_silent_in_the_handshake_is_a_timeout),
        TEST(a_dial_may_be_called_off_at_every_turn),
        cmocka_unit_test(every_failure_has_a_name_for_the_client),
    };
    (void)alarm(GIVE_UP_S);
    return cmocka_run_group_tests(tests, make_certificates, drop_certificates);
}
