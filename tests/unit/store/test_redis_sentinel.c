#include "store/redis_sentinel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "support/fake_dialers.h"

enum { SENTINELS = 3 };

struct scene {
    struct loop loop;
    struct redis_sentinel *sentinel;
    struct redis_question *question; /* NULL once told */
    unsigned told;
    bool is_known;
    char master[300], detail[300];
};

static void on_done(void *owner, const struct redis_address *master, struct span detail)
{
    struct scene *scene = owner;
    scene->question = NULL;
    scene->told++;
    scene->is_known = master != NULL;
    if (master)
        (void)snprintf(scene->master, sizeof(scene->master), "%s:%u", master->host, master->port);
    (void)snprintf(scene->detail, sizeof(scene->detail), "%.*s", (int)detail.len, detail.at);
}

static void build(struct scene *scene, struct span user, struct span password)
{
    static const struct redis_address addresses[SENTINELS] = {
        {"10.0.0.1", 26379}, {"10.0.0.2", 26379}, {"10.0.0.3", 26380}};
    const struct redis_sentinel_options options = {.addresses = addresses,
                                                   .count = SENTINELS,
                                                   .master = SPAN("mymaster"),
                                                   .user = user,
                                                   .password = password,
                                                   .connect_ms = 1000,
                                                   .refresh_ms = 30000};
    *scene = (struct scene){.told = 0};
    fake_dialers_init();
    loop_init(&scene->loop);
    scene->loop.uv.time = 1000;
    scene->sentinel = redis_sentinel_create(&scene->loop, &options);
}

static int set_up(void **state)
{
    static struct scene scene;
    build(&scene, SPAN(""), SPAN(""));
    *state = &scene;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *scene = *state;
    if (scene->question)
        redis_question_call_off(scene->question);
    redis_sentinel_destroy(scene->sentinel);
    fake_dialers_clear();
    assert_true(timers_next_ms(&scene->loop.timers) == UINT64_MAX);
    loop_close(&scene->loop);
    return 0;
}

static void begin(struct scene *scene)
{
    scene->told = 0;
    scene->question = redis_question_begin(scene->sentinel, on_done, scene);
    assert_int_equal(scene->told, 0);
}

static struct fake_server *connect_to(size_t index)
{
    return fake_dialer_connect(&fake_dialers.at[index]);
}

static void answer(struct scene *scene, struct fake_server *server, struct span bytes)
{
    recorder_write(&server->server, bytes);
    fake_dialers_turn(&scene->loop);
}

#define MASTER SPAN("*2\r\n$8\r\n10.0.0.9\r\n$4\r\n6380\r\n")

static void the_first_that_is_asked_knows(void **state)
{
    struct scene *scene = *state;
    begin(scene);
    struct fake_server *server = connect_to(0);
    fake_dialers_turn(&scene->loop);
    assert_true(span_equal(
        buffer_bytes(&server->server.got),
        SPAN("*3\r\n$8\r\nSENTINEL\r\n$23\r\nget-master-addr-by-name\r\n$8\r\nmymaster\r\n")));
    answer(scene, server, MASTER);
    assert_int_equal(scene->told, 1);
    assert_string_equal(scene->master, "10.0.0.9:6380");
    assert_int_equal(server->server.ended, 1);
}

static void an_answer_may_come_in_any_pieces(void **state)
{
    struct scene *scene = *state;
    for (size_t most = 1; most < 31; most++) {
        size_t index = most - 1;
        begin(scene);
        fake_dialers.at[index % SENTINELS].most = most;
        answer(scene, connect_to(index % SENTINELS), MASTER);
        assert_string_equal(scene->master, "10.0.0.9:6380");
        scene->master[0] = '\0';
    }
}

static void each_question_begins_with_another(void **state)
{
    struct scene *scene = *state;
    for (size_t i = 0; i < 6; i++) {
        begin(scene);
        answer(scene, connect_to(i % SENTINELS), MASTER);
        assert_int_equal(scene->told, 1);
    }
}

static void one_that_is_of_no_help_is_followed_by_the_next(void **state)
{
    static const struct {
        struct span answer;
        const char *detail;
    } rows[] = {
        {SPAN_INIT("*-1\r\n"), "it knows no master of this name"},
        {SPAN_INIT("$-1\r\n"), "it knows no master of this name"},
        {SPAN_INIT("-NOAUTH Authentication required.\r\n"), "NOAUTH Authentication required."},
        {SPAN_INIT("-ERR unknown command\r\n"), "ERR unknown command"},
        {SPAN_INIT("+OK\r\n"), "its answer is no address"},
        {SPAN_INIT("*0\r\n"), "its answer is no address"},
        {SPAN_INIT("*2\r\n$0\r\n\r\n$1\r\n1\r\n"), "its answer is no address"},
        {SPAN_INIT("*2\r\n$3\r\na b\r\n$1\r\n1\r\n"), "its answer is no address"},
        {SPAN_INIT("*2\r\n$3\r\na\0b\r\n$1\r\n1\r\n"), "its answer is no address"},
        {SPAN_INIT("*2\r\n$1\r\na\r\n$1\r\n0\r\n"), "its answer is no address"},
        {SPAN_INIT("*2\r\n$1\r\na\r\n$5\r\n65536\r\n"), "its answer is no address"},
        {SPAN_INIT("*2\r\n$1\r\na\r\n:6379\r\n"), "its answer is no address"},
        {SPAN_INIT("HTTP/1.1 400\r\n"), "its answer is not Redis'"},
    };
    struct scene *scene = *state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char detail[340];
        begin(scene);
        for (size_t asked = 0; asked < SENTINELS; asked++) {
            assert_int_equal(scene->told, 0);
            answer(scene, connect_to((i + asked) % SENTINELS), rows[i].answer);
        }
        assert_int_equal(scene->told, 1);
        assert_false(scene->is_known);
        (void)snprintf(detail, sizeof(detail), "%s: %s", fake_dialers.names[(i + 2) % SENTINELS],
                       rows[i].detail);
        assert_string_equal(scene->detail, detail);
    }
}

static void one_that_cannot_be_had_hangs_up_or_breaks_is_followed_by_the_next(void **state)
{
    struct scene *scene = *state;
    begin(scene);
    fake_dialer_fail(&fake_dialers.at[0], DIAL_REFUSED, SPAN("connection refused"));
    struct fake_server *second = connect_to(1);
    fake_dialers_turn(&scene->loop);
    recorder_close(&second->server);
    fake_dialers_turn(&scene->loop);
    struct fake_server *third = connect_to(2);
    memory_pair_break(third->pair, third->ours);
    fake_dialers_turn(&scene->loop);
    assert_int_equal(scene->told, 1);
    assert_string_equal(scene->detail, "10.0.0.3:26380: the connection was broken");
}

static void one_that_is_silent_is_left_after_half_a_second(void **state)
{
    struct scene *scene = *state;
    begin(scene);
    (void)connect_to(0);
    fake_dialers_turn(&scene->loop);
    scene->loop.uv.time += 499;
    timers_run(&scene->loop.timers, loop_now_ms(&scene->loop));
    assert_true(list_is_empty(&fake_dialers.at[1].running));
    scene->loop.uv.time += 1;
    timers_run(&scene->loop.timers, loop_now_ms(&scene->loop));
    answer(scene, connect_to(1), MASTER);
    assert_true(scene->is_known);
}

static void answer_after_login(struct span user, struct span password, struct span sent)
{
    static const struct span to_login[] = {
        SPAN_INIT("+OK\r\n"), SPAN_INIT("-ERR AUTH <password> called without any password\r\n")};
    for (size_t i = 0; i < COUNT_OF(to_login); i++) {
        static struct scene scene;
        void *state = &scene;
        build(&scene, user, password);
        begin(&scene);
        struct fake_server *server = connect_to(0);
        answer(&scene, server, to_login[i]);
        assert_true(span_starts_with(buffer_bytes(&server->server.got), sent));
        assert_int_equal(scene.told, 0);
        answer(&scene, server, MASTER);
        assert_string_equal(scene.master, "10.0.0.9:6380");
        tear_down(&state);
    }
}

static void a_login_is_sent_and_its_answer_does_not_matter(void **state)
{
    (void)state;
    answer_after_login(SPAN(""), SPAN("pw"), SPAN("*2\r\n$4\r\nAUTH\r\n$2\r\npw\r\n*3"));
    answer_after_login(SPAN("me"), SPAN("pw"),
                       SPAN("*3\r\n$4\r\nAUTH\r\n$2\r\nme\r\n$2\r\npw\r\n*3"));
}

static void a_question_may_be_called_off_in_each_phase(void **state)
{
    struct scene *scene = *state;
    for (int phase = 0; phase < 3; phase++) {
        begin(scene);
        if (phase > 0)
            (void)connect_to((size_t)phase);
        if (phase > 1)
            answer(scene, &fake_dialers.at[phase].servers[fake_dialers.at[phase].count - 1],
                   SPAN("*2\r\n$8\r\n10."));
        redis_question_call_off(scene->question);
        scene->question = NULL;
        fake_dialers_turn(&scene->loop);
        assert_int_equal(scene->told, 0);
    }
}

int main(void)
{
#define SCENE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        SCENE(the_first_that_is_asked_knows),
        SCENE(an_answer_may_come_in_any_pieces),
        SCENE(each_question_begins_with_another),
        SCENE(one_that_is_of_no_help_is_followed_by_the_next),
        SCENE(one_that_cannot_be_had_hangs_up_or_breaks_is_followed_by_the_next),
        SCENE(one_that_is_silent_is_left_after_half_a_second),
        cmocka_unit_test(a_login_is_sent_and_its_answer_does_not_matter),
        SCENE(a_question_may_be_called_off_in_each_phase),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
