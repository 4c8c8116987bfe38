#include "store/redis_target.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "support/fake_dialers.h"

struct scene {
    struct loop loop;
    struct arena arena;
    struct redis_target *target; /* NULL once destroyed */
    struct redis_dial *dial;     /* NULL once told */
    unsigned told;
    struct recorder stream;
    enum redis_trouble trouble;
    char detail[300];
    bool destroys; /* the target, when it is told */
};

static void on_done(void *owner, struct stream *stream, enum redis_trouble trouble,
                    struct span detail)
{
    struct scene *scene = owner;
    scene->dial = NULL;
    scene->told++;
    scene->trouble = trouble;
    (void)snprintf(scene->detail, sizeof(scene->detail), "%.*s", (int)detail.len, detail.at);
    assert_int_equal(stream == NULL, trouble != REDIS_NO_TROUBLE);
    if (stream)
        recorder_listen(&scene->stream, stream);
    if (scene->destroys) {
        redis_target_destroy(scene->target);
        scene->target = NULL;
    }
    loop_stop(&scene->loop);
}

static int set_up(void **state)
{
    static struct scene scene;
    scene = (struct scene){.told = 0};
    fake_dialers_init();
    loop_init(&scene.loop);
    arena_init(&scene.arena, MIB);
    *state = &scene;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *scene = *state;
    if (scene->dial)
        redis_dial_call_off(scene->dial);
    if (scene->target)
        redis_target_destroy(scene->target);
    recorder_close(&scene->stream);
    fake_dialers_clear();
    arena_clear(&scene->arena);
    loop_close(&scene->loop);
    return 0;
}

static void aim(struct scene *scene, const char *text, struct span sentinel_password)
{
    struct redis_url url;
    char error[TLS_ERROR_SIZE];
    assert_null(redis_url_parse(span_of(text), &scene->arena, &url));
    const struct redis_target_options options = {.url = &url,
                                                 .sentinel_password = sentinel_password,
                                                 .connect_ms = 1000,
                                                 .refresh_ms = 30000};
    scene->target = redis_target_create(&scene->loop, &options, error);
    arena_clear(&scene->arena); /* all is copied */
    assert_non_null(scene->target);
}

static void begin(struct scene *scene)
{
    scene->told = 0;
    scene->dial = redis_dial_begin(scene->target, on_done, scene);
    assert_int_equal(scene->told, 0);
}

static void the_login_of_the_url_is_kept(void **state)
{
    struct scene *scene = *state;
    aim(scene, "redis://me:secret@127.0.0.1/7", SPAN(""));
    const struct redis_login *login = redis_target_login(scene->target);
    assert_true(span_equal(login->user, SPAN("me")));
    assert_true(span_equal(login->password, SPAN("secret")));
    assert_int_equal(login->database, 7);
}

static void a_host_is_dialled(void **state)
{
    struct scene *scene = *state;
    aim(scene, "redis://redis.internal:7000", SPAN(""));
    assert_string_equal(fake_dialers.names[0], "redis.internal:7000");
    begin(scene);
    (void)fake_dialer_connect(&fake_dialers.at[0]);
    assert_int_equal(scene->told, 1);
    assert_non_null(scene->stream.stream);
}

static void a_failure_is_told_with_the_place_and_never_with_the_password(void **state)
{
    static const struct {
        enum dial_result result;
        enum redis_trouble trouble;
    } rows[] = {
        {DIAL_RESOLVE_FAILED, REDIS_UNREACHABLE},  {DIAL_REFUSED, REDIS_UNREACHABLE},
        {DIAL_CONNECT_TIMEOUT, REDIS_UNREACHABLE}, {DIAL_TLS_FAILED, REDIS_UNTRUSTED},
        {DIAL_TLS_UNTRUSTED, REDIS_UNTRUSTED},     {DIAL_TLS_TIMEOUT, REDIS_UNREACHABLE},
    };
    struct scene *scene = *state;
    aim(scene, "redis://:secret@redis.internal", SPAN(""));
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        begin(scene);
        fake_dialer_fail(&fake_dialers.at[0], rows[i].result, SPAN("because"));
        assert_int_equal(scene->trouble, rows[i].trouble);
        assert_string_equal(scene->detail, "redis.internal:6379: because");
    }
}

static void a_ca_file_that_cannot_be_used_is_told(void **state)
{
    struct scene *scene = *state;
    struct redis_url url;
    char error[TLS_ERROR_SIZE] = "";
    assert_null(redis_url_parse(SPAN("rediss://127.0.0.1"), &scene->arena, &url));
    const struct redis_target_options options = {.url = &url, .ca_file = "/nowhere/ca.pem"};
    assert_null(redis_target_create(&scene->loop, &options, error));
    assert_non_null(strstr(error, "/nowhere/ca.pem"));
}

#define MASTER SPAN("*2\r\n$8\r\n10.0.0.9\r\n$4\r\n6380\r\n")

static void the_master_is_asked_for_and_dialled_each_time(void **state)
{
    struct scene *scene = *state;
    aim(scene, "redis+sentinel://:pw@10.0.0.1/mymaster", SPAN("other"));
    for (size_t round = 1; round <= 2; round++) {
        begin(scene);
        struct fake_server *server = fake_dialer_connect(&fake_dialers.at[0]);
        recorder_write(&server->server, SPAN("+OK\r\n"));
        recorder_write(&server->server, MASTER);
        fake_dialers_turn(&scene->loop);
        assert_true(span_starts_with(buffer_bytes(&server->server.got),
                                     SPAN("*2\r\n$4\r\nAUTH\r\n$5\r\nother\r\n")));
        assert_int_equal(scene->told, 0);
        assert_string_equal(fake_dialers.names[round], "10.0.0.9:6380");
        if (round == 1)
            fake_dialer_fail(&fake_dialers.at[round], DIAL_REFUSED, SPAN("connection refused"));
        else
            (void)fake_dialer_connect(&fake_dialers.at[round]);
        assert_int_equal(scene->told, 1);
        assert_true(fake_dialers.is_destroyed[round]);
        assert_string_equal(scene->detail, round == 1 ? "10.0.0.9:6380: connection refused" : "");
    }
}

static void no_master_is_told_with_what_the_last_sentinel_said(void **state)
{
    struct scene *scene = *state;
    aim(scene, "redis+sentinel://10.0.0.1/mymaster", SPAN(""));
    begin(scene);
    fake_dialer_fail(&fake_dialers.at[0], DIAL_REFUSED, SPAN("connection refused"));
    assert_int_equal(scene->trouble, REDIS_NO_MASTER);
    assert_string_equal(scene->detail, "mymaster: 10.0.0.1:26379: connection refused");
}

static void a_dial_may_be_called_off_in_each_phase(void **state)
{
    struct scene *scene = *state;
    aim(scene, "redis+sentinel://10.0.0.1/mymaster", SPAN(""));
    for (int phase = 0; phase < 3; phase++) {
        begin(scene);
        if (phase > 0) {
            struct fake_server *server = fake_dialer_connect(&fake_dialers.at[0]);
            if (phase > 1)
                recorder_write(&server->server, MASTER);
            fake_dialers_turn(&scene->loop);
        }
        redis_dial_call_off(scene->dial);
        scene->dial = NULL;
        fake_dialers_turn(&scene->loop);
        assert_int_equal(scene->told, 0);
    }
    assert_int_equal(fake_dialers.count, 2);
}

static void the_target_may_be_destroyed_when_the_dial_is_told(void **state)
{
    struct scene *scene = *state;
    aim(scene, "redis://10.0.0.1", SPAN(""));
    scene->destroys = true;
    begin(scene);
    fake_dialer_fail(&fake_dialers.at[0], DIAL_REFUSED, SPAN("connection refused"));
    assert_null(scene->target);
}

/* --- A local socket --- */

static int listen_at(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int descriptor = socket(AF_UNIX, SOCK_STREAM, 0);
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    assert_int_equal(bind(descriptor, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(descriptor, 1), 0);
    return descriptor;
}

static void a_local_socket_is_connected_to(void **state)
{
    struct scene *scene = *state;
    char folder[] = "/tmp/bpgate-test-XXXXXX", path[64], url[80];
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof(path), "%s/socket", folder);
    (void)snprintf(url, sizeof(url), "unix://%s", path);
    aim(scene, url, SPAN(""));
    begin(scene);
    loop_run(&scene->loop);
    assert_int_equal(scene->trouble, REDIS_UNREACHABLE);
    assert_non_null(strstr(scene->detail, "/socket: no such file or directory"));
    int listener = listen_at(path);
    begin(scene);
    loop_run(&scene->loop);
    assert_int_equal(scene->trouble, REDIS_NO_TROUBLE);
    int accepted = accept(listener, NULL, NULL);
    recorder_write(&scene->stream, SPAN("hello"));
    char got[8] = "";
    assert_int_equal(read(accepted, got, sizeof(got)), 5);
    assert_string_equal(got, "hello");
    begin(scene);
    redis_dial_call_off(scene->dial);
    scene->dial = NULL;
    (void)close(accepted);
    (void)close(listener);
    (void)unlink(path);
    (void)rmdir(folder);
}

int main(void)
{
#define SCENE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        SCENE(the_login_of_the_url_is_kept),
        SCENE(a_host_is_dialled),
        SCENE(a_failure_is_told_with_the_place_and_never_with_the_password),
        SCENE(a_ca_file_that_cannot_be_used_is_told),
        SCENE(the_master_is_asked_for_and_dialled_each_time),
        SCENE(no_master_is_told_with_what_the_last_sentinel_said),
        SCENE(a_dial_may_be_called_off_in_each_phase),
        SCENE(the_target_may_be_destroyed_when_the_dial_is_told),
        SCENE(a_local_socket_is_connected_to),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
