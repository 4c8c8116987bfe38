#include "store/redis.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "support/redis_scene.h"

static int set_up(void **state)
{
    static struct redis_scene scene;
    redis_scene_build(&scene);
    *state = &scene;
    return 0;
}

static int set_up_started(void **state)
{
    set_up(state);
    redis_scene_start(*state);
    return 0;
}

static int tear_down(void **state)
{
    redis_scene_clear(*state);
    return 0;
}

static void assert_told(const struct scene_call *call, enum redis_result result, const char *text)
{
    assert_int_equal(call->told, 1);
    assert_int_equal(call->result, result);
    assert_string_equal(call->text, text);
}

static void pass(struct redis_scene *scene, uint64_t ms)
{
    fake_target_pass(&scene->target, ms);
}

/* --- Commands --- */

static void a_command_is_answered_from_the_loop(void **state)
{
    struct redis_scene *scene = *state;
    struct scene_call *call = redis_scene_begin(scene, 0, "hello", 25);
    assert_true(redis_call_is_running(&call->call));
    assert_int_equal(call->told, 0);
    fake_target_turn(&scene->target);
    assert_told(call, REDIS_ANSWERED, "hello");
    pass(scene, 100);
    assert_int_equal(call->told, 1);
}

static void answers_reach_their_calls_in_any_pieces(void **state)
{
    struct redis_scene *scene = *state;
    static const char *const texts[] = {"a", "", "ccc\r\n", "$5", "*1", "-ERR", "end", "z"};
    for (size_t most = 1; most < 40; most++) {
        scene->target.most = most;
        for (size_t i = 0; i < REDIS_SCENE_CALLS; i++) {
            scene->calls[i].told = 0;
            (void)redis_scene_begin(scene, i, texts[i], 25);
        }
        fake_target_turn(&scene->target);
        for (size_t i = 0; i < REDIS_SCENE_CALLS; i++)
            assert_told(&scene->calls[i], REDIS_ANSWERED, texts[i]);
    }
}

static void answer_with_a_refusal(struct fake_redis *server, const struct redis_reply *command)
{
    (void)command;
    fake_redis_say(server, "-NOSCRIPT No matching script");
}

static void a_refusal_is_told_with_its_text(void **state)
{
    struct redis_scene *scene = *state;
    scene->target.answer = answer_with_a_refusal;
    struct scene_call *call = redis_scene_begin(scene, 0, "x", 25);
    fake_target_turn(&scene->target);
    assert_told(call, REDIS_REFUSED, "NOSCRIPT No matching script");
    assert_true(redis_is_up(scene->redis));
    assert_int_equal(redis_counts(scene->redis).refused, 1);
}

static void a_completion_may_begin_the_next_call(void **state)
{
    struct redis_scene *scene = *state;
    scene->calls[0].begins = &scene->calls[1];
    (void)redis_scene_begin(scene, 0, "first", 25);
    fake_target_turn(&scene->target);
    assert_told(&scene->calls[1], REDIS_ANSWERED, "begun in a completion");
}

/* What the client's end of the connection is made to do at its writes. */
static struct {
    void (*write)(struct stream *stream, const struct span *spans, size_t count);
    struct memory_pair *pair;
    size_t count, fails_at; /* fails_at 0: none */
} writes;

static void counting_write(struct stream *stream, const struct span *spans, size_t count)
{
    writes.count++;
    if (writes.count == writes.fails_at)
        memory_pair_break(writes.pair, stream);
    writes.write(stream, spans, count);
}

static void count_writes(struct redis_scene *scene)
{
    static struct stream_kind counting;
    struct fake_redis *server = fake_target_newest(&scene->target);
    if (server->ours->kind != &counting) {
        counting = *server->ours->kind;
        writes.write = counting.write;
        counting.write = counting_write;
        server->ours->kind = &counting;
    }
    writes.pair = server->pair;
    writes.count = writes.fails_at = 0;
}

static void all_commands_of_a_turn_are_one_write(void **state)
{
    struct redis_scene *scene = *state;
    count_writes(scene);
    for (size_t i = 0; i < REDIS_SCENE_CALLS; i++)
        (void)redis_scene_begin(scene, i, "x", 25);
    assert_int_equal(writes.count, 0);
    fake_target_turn(&scene->target);
    assert_int_equal(writes.count, 1);
    assert_told(&scene->calls[7], REDIS_ANSWERED, "x");
}

static void large_values_arrive_whole_and_in_order(void **state)
{
    struct redis_scene *scene = *state;
    struct span large = pattern_make(MIB);
    count_writes(scene);
    (void)redis_scene_begin(scene, 0, "before", 25);
    assert_int_equal(
        redis_scene_begin_until(&scene->calls[1], large, loop_now_ms(&scene->target.loop) + 25),
        OK);
    (void)redis_scene_begin(scene, 2, "after", 25);
    assert_int_equal(writes.count, 1);
    fake_target_turn(&scene->target);
    assert_int_equal(writes.count, 2);
    assert_told(&scene->calls[0], REDIS_ANSWERED, "before");
    assert_int_equal(scene->calls[1].told, 1);
    assert_memory_equal(scene->calls[1].text, large.at, REDIS_SCENE_TEXT - 1);
    assert_told(&scene->calls[2], REDIS_ANSWERED, "after");
    pattern_free(large);
}

static void a_post_is_sent_and_its_answer_is_told_to_nobody(void **state)
{
    struct redis_scene *scene = *state;
    const struct span argv[] = {SPAN("SET"), SPAN("key"), SPAN("value")};
    (void)redis_scene_begin(scene, 0, "before", 25);
    assert_int_equal(redis_post(scene->redis, argv, 3), OK);
    (void)redis_scene_begin(scene, 1, "after", 25);
    fake_target_turn(&scene->target);
    assert_told(&scene->calls[1], REDIS_ANSWERED, "after");
    assert_int_equal(fake_target_newest(&scene->target)->commands, 3);
    assert_int_equal(redis_counts(scene->redis).answered, 3);
}

struct many {
    struct redis_call call;
    size_t number;
};
static size_t many_told;

static void on_one_of_many(struct redis_call *call, enum redis_result result,
                           const struct redis_reply *reply)
{
    struct many *one = container_of(call, struct many, call);
    uint64_t number;
    assert_int_equal(result, REDIS_ANSWERED);
    assert_true(span_to_u64(reply->text, &number));
    assert_int_equal(number, one->number);
    assert_int_equal(number, many_told);
    many_told++;
}

static void ten_thousand_calls_in_one_turn_are_answered_in_order(void **state)
{
    enum { MANY = 10000 };
    struct redis_scene *scene = *state;
    struct many *calls = xcalloc(MANY, sizeof(*calls));
    scene->options.max_commands = MANY;
    redis_scene_start(scene);
    many_told = 0;
    for (size_t i = 0; i < MANY; i++) {
        char text[16];
        (void)snprintf(text, sizeof(text), "%zu", i);
        const struct span argv[] = {SPAN("ECHO"), span_of(text)};
        calls[i] = (struct many){.call.on_done = on_one_of_many, .number = i};
        assert_int_equal(redis_call_begin(&calls[i].call, scene->redis, argv, 2,
                                          loop_now_ms(&scene->target.loop) + 25),
                         OK);
    }
    fake_target_turn(&scene->target);
    assert_int_equal(many_told, MANY);
    free(calls);
}

/* --- Bounds --- */

static void no_more_commands_are_under_way_than_may_be(void **state)
{
    struct redis_scene *scene = *state;
    scene->options.max_commands = 2;
    redis_scene_start(scene);
    (void)redis_scene_begin(scene, 0, "a", 25);
    (void)redis_scene_begin(scene, 1, "b", 25);
    uint64_t deadline_ms = loop_now_ms(&scene->target.loop) + 25;
    assert_int_equal(redis_scene_begin_until(&scene->calls[2], SPAN("c"), deadline_ms), ERR_LIMIT);
    assert_false(redis_call_is_running(&scene->calls[2].call));
    redis_call_off(&scene->calls[0].call);
    assert_int_equal(redis_scene_begin_until(&scene->calls[2], SPAN("c"), deadline_ms), ERR_LIMIT);
    fake_target_turn(&scene->target);
    assert_int_equal(scene->calls[2].told, 0);
    assert_int_equal(redis_counts(scene->redis).commands, 0);
    assert_int_equal(redis_scene_begin_until(&scene->calls[2], SPAN("c"), deadline_ms), OK);
    fake_target_turn(&scene->target);
    assert_told(&scene->calls[2], REDIS_ANSWERED, "c");
}

static void no_more_bytes_are_under_way_than_may_be(void **state)
{
    struct redis_scene *scene = *state;
    scene->options.max_bytes = 2 * 31; /* *2 $4 ECHO $10 0123456789: 31 bytes */
    redis_scene_start(scene);
    uint64_t deadline_ms = loop_now_ms(&scene->target.loop) + 25;
    (void)redis_scene_begin(scene, 0, "0123456789", 25);
    assert_int_equal(redis_counts(scene->redis).bytes, 31);
    assert_int_equal(redis_scene_begin_until(&scene->calls[1], SPAN("0123456789x"), deadline_ms),
                     ERR_LIMIT);
    assert_int_equal(redis_scene_begin_until(&scene->calls[1], SPAN("0123456789"), deadline_ms),
                     OK);
    assert_int_equal(redis_scene_begin_until(&scene->calls[2], SPAN(""), deadline_ms), ERR_LIMIT);
    fake_target_turn(&scene->target);
    assert_int_equal(redis_counts(scene->redis).bytes, 0);
}

/* --- Late --- */

static void a_call_is_late_once_and_its_answer_is_dropped(void **state)
{
    struct redis_scene *scene = *state;
    struct fake_redis *server = fake_target_newest(&scene->target);
    scene->target.is_mute = true;
    struct scene_call *call = redis_scene_begin(scene, 0, "slow", 25);
    struct scene_call *next = redis_scene_begin(scene, 1, "quick", 100);
    pass(scene, 25);
    assert_int_equal(call->told, 0);
    pass(scene, 1);
    assert_told(call, REDIS_LATE, "");
    fake_redis_bulk(server, SPAN("slow"));
    fake_redis_bulk(server, SPAN("quick"));
    fake_target_turn(&scene->target);
    assert_int_equal(call->told, 1);
    assert_told(next, REDIS_ANSWERED, "quick");
    assert_int_equal(redis_counts(scene->redis).late, 1);
}

/* A loop that was busy looks at its deadlines before it looks at its sockets. */
static void an_answer_that_is_there_when_the_deadline_comes_is_not_late(void **state)
{
    struct redis_scene *scene = *state;
    struct scene_call *call = redis_scene_begin(scene, 0, "there", 25);
    loop_flush(&scene->target.loop);
    scene->target.loop.uv.time += 500;
    timers_run(&scene->target.loop.timers, loop_now_ms(&scene->target.loop));
    assert_int_equal(call->told, 0);
    fake_target_turn(&scene->target);
    assert_told(call, REDIS_ANSWERED, "there");
}

static void a_late_call_may_be_begun_again(void **state)
{
    struct redis_scene *scene = *state;
    scene->target.is_mute = true;
    struct scene_call *call = redis_scene_begin(scene, 0, "first", 25);
    pass(scene, 30);
    assert_told(call, REDIS_LATE, "");
    call->told = 0;
    scene->target.is_mute = false;
    (void)redis_scene_begin(scene, 0, "second", 25);
    fake_target_turn(&scene->target); /* the answer to the second is the first that comes */
    fake_redis_bulk(fake_target_newest(&scene->target), SPAN("in its place"));
    fake_target_turn(&scene->target);
    assert_told(call, REDIS_ANSWERED, "in its place");
}

static void nothing_is_begun_after_its_deadline(void **state)
{
    struct redis_scene *scene = *state;
    uint64_t now_ms = loop_now_ms(&scene->target.loop);
    assert_int_equal(redis_scene_begin_until(&scene->calls[0], SPAN("x"), now_ms), ERR_CLOSED);
    fake_target_turn(&scene->target);
    assert_int_equal(fake_target_newest(&scene->target)->commands, 0);
}

/* --- Calling off --- */

static void a_call_that_is_called_off_is_silent_and_keeps_its_place(void **state)
{
    struct redis_scene *scene = *state;
    struct scene_call *call = redis_scene_begin(scene, 0, "off", 25);
    (void)redis_scene_begin(scene, 1, "on", 25);
    redis_call_off(&call->call);
    redis_call_off(&call->call);
    assert_false(redis_call_is_running(&call->call));
    pass(scene, 100);
    assert_int_equal(call->told, 0);
    assert_told(&scene->calls[1], REDIS_ANSWERED, "on");
}

static void a_completion_may_call_others_off(void **state)
{
    struct redis_scene *scene = *state;
    scene->calls[0].calls_off = &scene->calls[1];
    for (size_t i = 0; i < 3; i++)
        (void)redis_scene_begin(scene, i, "x", 25);
    fake_target_turn(&scene->target);
    assert_int_equal(scene->calls[0].told, 1);
    assert_int_equal(scene->calls[1].told, 0);
    assert_int_equal(scene->calls[2].told, 1);
}

/* --- Losing the connection --- */

static void all_calls_are_told_that_they_are_lost_and_then_the_owner(void **state)
{
    struct redis_scene *scene = *state;
    scene->target.is_mute = true;
    for (size_t i = 0; i < 4; i++)
        (void)redis_scene_begin(scene, i, "x", 25);
    scene->calls[0].begins = &scene->calls[5]; /* is refused: it is down already */
    scene->calls[1].calls_off = &scene->calls[2];
    fake_target_turn(&scene->target);
    scene->target.refuses_dials = true;
    fake_redis_hang_up(fake_target_newest(&scene->target));
    fake_target_turn(&scene->target);
    assert_told(&scene->calls[0], REDIS_LOST, "");
    assert_told(&scene->calls[1], REDIS_LOST, "");
    assert_int_equal(scene->calls[2].told, 0);
    assert_told(&scene->calls[3], REDIS_LOST, "");
    assert_false(redis_call_is_running(&scene->calls[5].call));
    assert_int_equal(scene->calls[3].order, 2);
    assert_int_equal(scene->downs, 1);
    assert_int_equal(scene->trouble, REDIS_GONE);
    assert_int_equal(scene->completions_at_down, 3);
    uint64_t deadline_ms = loop_now_ms(&scene->target.loop) + 25;
    assert_int_equal(redis_scene_begin_until(&scene->calls[6], SPAN("x"), deadline_ms), ERR_CLOSED);
}

static void whichever_write_fails_calls_are_lost_and_it_comes_back(void **state)
{
    struct redis_scene *scene = *state;
    for (size_t nth = 1; nth <= 3; nth++) {
        count_writes(scene);
        writes.fails_at = nth;
        unsigned lost = 0;
        for (size_t i = 0; i < 3; i++) {
            scene->calls[i].told = 0;
            (void)redis_scene_begin(scene, i, "x", 25);
            fake_target_turn(&scene->target);
            assert_int_equal(scene->calls[i].told, 1);
            lost += scene->calls[i].result == REDIS_LOST;
            if (scene->calls[i].result == REDIS_LOST)
                break;
        }
        assert_int_equal(lost, 1);
        assert_int_equal(scene->downs, nth);
        pass(scene, 2000);
        assert_int_equal(scene->ups, nth + 1);
    }
}

static void an_answer_that_nobody_asked_for_closes_the_connection(void **state)
{
    struct redis_scene *scene = *state;
    fake_redis_say(fake_target_newest(&scene->target), "+OK");
    fake_target_turn(&scene->target);
    assert_int_equal(scene->downs, 1);
    assert_int_equal(scene->trouble, REDIS_BROKEN);
    pass(scene, 100);
    assert_int_equal(scene->ups, 2);
}

static void bytes_that_are_no_reply_close_the_connection(void **state)
{
    struct redis_scene *scene = *state;
    (void)redis_scene_begin(scene, 0, "x", 25);
    scene->target.is_mute = true;
    fake_target_turn(&scene->target);
    fake_redis_say(fake_target_newest(&scene->target), "HTTP/1.1 400 Bad Request");
    fake_target_turn(&scene->target);
    assert_told(&scene->calls[0], REDIS_LOST, "");
    assert_int_equal(scene->trouble, REDIS_BROKEN);
}

static void a_reply_beyond_its_bound_closes_the_connection(void **state)
{
    struct redis_scene *scene = *state;
    scene->options.max_reply_bytes = 1000;
    redis_scene_start(scene);
    (void)redis_scene_begin(scene, 0, "x", 25);
    scene->target.is_mute = true;
    fake_target_turn(&scene->target);
    fake_redis_say(fake_target_newest(&scene->target), "*2147483647");
    fake_target_turn(&scene->target);
    assert_told(&scene->calls[0], REDIS_LOST, "");
    assert_int_equal(scene->trouble, REDIS_BROKEN);
    assert_string_equal(scene->detail, "a list is too long");
}

static void answer_readonly(struct fake_redis *server, const struct redis_reply *command)
{
    (void)command;
    fake_redis_say(server, "-READONLY You can't write against a read only replica.");
}

static void a_master_that_became_a_replica_is_left_after_its_call_was_told(void **state)
{
    struct redis_scene *scene = *state;
    scene->target.answer = answer_readonly;
    (void)redis_scene_begin(scene, 0, "x", 25);
    (void)redis_scene_begin(scene, 1, "y", 25);
    fake_target_turn(&scene->target);
    assert_int_equal(scene->calls[0].result, REDIS_REFUSED);
    assert_told(&scene->calls[1], REDIS_LOST, "");
    assert_int_equal(scene->trouble, REDIS_REPLICA);
    assert_string_equal(scene->detail, "READONLY You can't write against a read only replica.");
    pass(scene, 100);
    assert_int_equal(scene->ups, 2);
}

/* --- Being destroyed --- */

static void it_may_be_destroyed_before_it_is_connected(void **state)
{
    struct redis_scene *scene = *state;
    redis_scene_open(scene);
    redis_scene_destroy(scene);
    assert_int_equal(scene->target.called_off, 1);
}

static void it_may_be_destroyed_in_its_own_events(void **state)
{
    struct redis_scene *scene = *state;
    scene->destroys_at_up = true;
    redis_scene_open(scene);
    fake_target_turn(&scene->target);
    assert_int_equal(scene->ups, 1);
    scene->destroys_at_up = false;
    scene->destroys_at_down = true;
    scene->target.refuses_dials = true;
    redis_scene_open(scene);
    fake_target_turn(&scene->target);
    assert_int_equal(scene->downs, 1);
    assert_null(scene->redis);
}

/* how: 0 answered, 1 late, 2 lost. */
static void destroy_in_completion(struct redis_scene *scene, int how)
{
    redis_scene_build(scene);
    redis_scene_start(scene);
    scene->target.is_mute = how > 0;
    for (size_t i = 0; i < 3; i++)
        (void)redis_scene_begin(scene, i, "x", 20 + i);
    scene->calls[1].destroys = true;
    scene->destroys_at_down = true; /* must not be reached a second time */
    fake_target_turn(&scene->target);
    if (how == 1)
        pass(scene, 30);
    if (how == 2) {
        fake_redis_hang_up(fake_target_newest(&scene->target));
        fake_target_turn(&scene->target);
    }
    assert_int_equal(scene->calls[0].told, 1);
    assert_int_equal(scene->calls[1].told, 1);
    assert_int_equal(scene->calls[2].told, 0);
    assert_int_equal(scene->downs, 0);
    assert_null(scene->redis);
    redis_scene_clear(scene);
}

static void it_may_be_destroyed_in_a_completion_and_the_others_are_silent(void **state)
{
    static struct redis_scene scene;
    (void)state;
    for (int how = 0; how < 3; how++)
        destroy_in_completion(&scene, how);
}

static void it_may_be_destroyed_at_every_step(void **state)
{
    static struct redis_scene scene;
    (void)state;
    bool has_ended = false;
    for (int cut = 0; !has_ended; cut++) {
        redis_scene_build(&scene);
        scene.target.most = 7;
        redis_scene_open(&scene);
        for (int step = 0; step < cut && !has_ended; step++) {
            loop_flush(&scene.target.loop);
            if (scene.ups == 1 && scene.completions == 0 && !scene.calls[0].call.redis)
                for (size_t i = 0; i < 3; i++)
                    (void)redis_scene_begin(&scene, i, "x", 25);
            if (!fake_target_dial(&scene.target) && !fake_target_step(&scene.target))
                has_ended = scene.completions == 3;
        }
        redis_scene_clear(&scene);
        assert_true(cut < 1000);
    }
}

int main(void)
{
#define STARTED(test) cmocka_unit_test_setup_teardown(test, set_up_started, tear_down)
#define BUILT(test)   cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        STARTED(a_command_is_answered_from_the_loop),
        STARTED(answers_reach_their_calls_in_any_pieces),
        STARTED(a_refusal_is_told_with_its_text),
        STARTED(a_completion_may_begin_the_next_call),
        STARTED(all_commands_of_a_turn_are_one_write),
        STARTED(large_values_arrive_whole_and_in_order),
        STARTED(a_post_is_sent_and_its_answer_is_told_to_nobody),
        BUILT(ten_thousand_calls_in_one_turn_are_answered_in_order),
        BUILT(no_more_commands_are_under_way_than_may_be),
        BUILT(no_more_bytes_are_under_way_than_may_be),
        STARTED(a_call_is_late_once_and_its_answer_is_dropped),
        STARTED(an_answer_that_is_there_when_the_deadline_comes_is_not_late),
        STARTED(a_late_call_may_be_begun_again),
        STARTED(nothing_is_begun_after_its_deadline),
        STARTED(a_call_that_is_called_off_is_silent_and_keeps_its_place),
        STARTED(a_completion_may_call_others_off),
        STARTED(all_calls_are_told_that_they_are_lost_and_then_the_owner),
        STARTED(whichever_write_fails_calls_are_lost_and_it_comes_back),
        STARTED(an_answer_that_nobody_asked_for_closes_the_connection),
        STARTED(bytes_that_are_no_reply_close_the_connection),
        BUILT(a_reply_beyond_its_bound_closes_the_connection),
        STARTED(a_master_that_became_a_replica_is_left_after_its_call_was_told),
        BUILT(it_may_be_destroyed_before_it_is_connected),
        BUILT(it_may_be_destroyed_in_its_own_events),
        cmocka_unit_test(it_may_be_destroyed_in_a_completion_and_the_others_are_silent),
        cmocka_unit_test(it_may_be_destroyed_at_every_step),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
