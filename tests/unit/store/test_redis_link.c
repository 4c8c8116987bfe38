#include "store/redis_link.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "support/fake_redis.h"

struct scene {
    struct redis_target target;
    struct redis_link link;
    unsigned ups, downs, replies;
    enum redis_trouble trouble;
    char detail[200];
    enum redis_trouble judgement; /* of every reply */
};

static void on_up(void *owner)
{
    ((struct scene *)owner)->ups++;
}

static enum redis_trouble on_reply(void *owner, const struct redis_reply *reply)
{
    struct scene *scene = owner;
    (void)reply;
    scene->replies++;
    return scene->judgement;
}

static void on_down(void *owner, enum redis_trouble trouble, struct span detail)
{
    struct scene *scene = owner;
    scene->downs++;
    scene->trouble = trouble;
    (void)snprintf(scene->detail, sizeof(scene->detail), "%.*s", (int)detail.len, detail.at);
}

static const struct redis_link_events events = {on_up, on_reply, on_down};

static int set_up(void **state)
{
    static struct scene scene;
    scene = (struct scene){.ups = 0};
    fake_target_init(&scene.target);
    redis_link_init(&scene.link, 64 * KIB, KIB);
    *state = &scene;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *scene = *state;
    redis_link_close(&scene->link);
    redis_link_close(&scene->link);
    redis_link_clear(&scene->link);
    fake_target_clear(&scene->target);
    return 0;
}

static void start(struct scene *scene)
{
    redis_link_open(&scene->link, &scene->target.loop, &scene->target, &events, scene);
    fake_target_turn(&scene->target);
}

static void it_is_up_after_the_greeting(void **state)
{
    struct scene *scene = *state;
    start(scene);
    assert_int_equal(scene->ups, 1);
    assert_true(redis_link_is_up(&scene->link));
    assert_int_equal(scene->replies, 0);
}

static void a_greeting_that_is_refused_is_told_in_redis_words(void **state)
{
    struct scene *scene = *state;
    scene->target.at_ping = "-LOADING Redis is loading the dataset in memory";
    start(scene);
    assert_int_equal(scene->ups, 0);
    assert_int_equal(scene->downs, 1);
    assert_int_equal(scene->trouble, REDIS_LOADING);
    assert_string_equal(scene->detail, "LOADING Redis is loading the dataset in memory");
    scene->target.at_ping = NULL;
    fake_target_pass(&scene->target, 100);
    assert_int_equal(scene->ups, 1);
}

static void a_replica_is_left(void **state)
{
    struct scene *scene = *state;
    scene->target.at_role = "*1\r\n$5\r\nslave";
    start(scene);
    assert_int_equal(scene->trouble, REDIS_REPLICA);
    assert_string_equal(scene->detail, "it said so when asked");
}

/* How long it was from loss to dial, in turn. */
static void waits_grow_from_fifty_milliseconds_to_a_second_and_are_jittered(void **state)
{
    static const uint64_t longest[] = {50, 100, 200, 400, 800, 1000, 1000, 1000, 1000};
    struct scene *scene = *state;
    uint64_t sum = 0;
    scene->target.refuses_dials = true;
    start(scene);
    for (size_t i = 0; i < COUNT_OF(longest); i++) {
        size_t begun = scene->target.begun;
        uint64_t waited = 0;
        for (; scene->target.begun == begun; waited++)
            fake_target_pass(&scene->target, 1);
        assert_in_range(waited, longest[i] / 2, longest[i]);
        sum += waited;
        assert_int_equal(scene->downs, i + 2);
    }
    assert_true(sum < 5550); /* not always the longest */
    assert_int_equal(scene->trouble, REDIS_UNREACHABLE);
}

static void a_connection_that_was_well_for_a_second_starts_the_waits_anew(void **state)
{
    struct scene *scene = *state;
    scene->target.refuses_dials = true;
    start(scene);
    fake_target_pass(&scene->target, 5000);
    scene->target.refuses_dials = false;
    fake_target_pass(&scene->target, 1000);
    assert_int_equal(scene->ups, 1);
    fake_redis_hang_up(fake_target_newest(&scene->target));
    fake_target_pass(&scene->target, 1000); /* was up for less: the wait stays long */
    assert_int_equal(scene->ups, 2);
    fake_target_pass(&scene->target, 1000);
    fake_redis_hang_up(fake_target_newest(&scene->target));
    fake_target_turn(&scene->target);
    fake_target_pass(&scene->target, 50);
    assert_int_equal(scene->ups, 3);
}

static void a_greeting_that_is_not_answered_ends_after_a_second(void **state)
{
    struct scene *scene = *state;
    scene->target.is_deaf = true;
    start(scene);
    fake_target_pass(&scene->target, 999);
    assert_int_equal(scene->downs, 0);
    fake_target_pass(&scene->target, 1);
    assert_int_equal(scene->downs, 1);
    assert_int_equal(scene->trouble, REDIS_SILENT);
}

static void trouble_that_a_reply_makes_brings_it_down(void **state)
{
    struct scene *scene = *state;
    const struct span argv[] = {SPAN("GET")};
    start(scene);
    scene->judgement = REDIS_BROKEN;
    assert_int_equal(redis_link_send(&scene->link, argv, 1), OK);
    assert_int_equal(redis_link_send(&scene->link, argv, 1), OK);
    fake_target_turn(&scene->target);
    assert_int_equal(scene->replies, 1);
    assert_int_equal(scene->downs, 1);
    assert_string_equal(scene->detail, "an answer that nobody asked for");
}

static void what_waits_for_the_end_of_the_turn_is_bounded(void **state)
{
    struct scene *scene = *state;
    static char large[100 * KIB];
    const struct span argv[] = {SPAN("SET"), {large, sizeof(large)}};
    start(scene);
    assert_int_equal(redis_link_send(&scene->link, argv, 2), ERR_LIMIT);
    assert_int_equal(redis_link_send(&scene->link, argv, 1), OK);
    fake_target_turn(&scene->target);
    assert_int_equal(scene->replies, 1);
}

static void what_was_to_be_sent_when_it_broke_is_not_sent_on_the_next_connection(void **state)
{
    struct scene *scene = *state;
    const struct span argv[] = {SPAN("GET")};
    start(scene);
    assert_int_equal(redis_link_send(&scene->link, argv, 1), OK);
    redis_link_fail(&scene->link, REDIS_SILENT, SPAN("test"));
    fake_target_pass(&scene->target, 100);
    assert_int_equal(scene->ups, 2);
    assert_int_equal(scene->target.servers[0].commands, 0);
    assert_int_equal(scene->target.servers[1].commands, 0);
}

int main(void)
{
#define SCENE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        SCENE(it_is_up_after_the_greeting),
        SCENE(a_greeting_that_is_refused_is_told_in_redis_words),
        SCENE(a_replica_is_left),
        SCENE(waits_grow_from_fifty_milliseconds_to_a_second_and_are_jittered),
        SCENE(a_connection_that_was_well_for_a_second_starts_the_waits_anew),
        SCENE(a_greeting_that_is_not_answered_ends_after_a_second),
        SCENE(trouble_that_a_reply_makes_brings_it_down),
        SCENE(what_waits_for_the_end_of_the_turn_is_bounded),
        SCENE(what_was_to_be_sent_when_it_broke_is_not_sent_on_the_next_connection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
