#include "store/redis_subscriber.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "support/fake_redis.h"

struct scene {
    struct redis_target target;
    struct redis_subscriber *subscriber; /* NULL once destroyed */
    unsigned subscribed, messages, lost;
    enum redis_trouble trouble;
    char message[64];
    enum { NEVER, AT_SUBSCRIBED, AT_MESSAGE, AT_LOST } destroys;
};

static void destroy(struct scene *scene)
{
    redis_subscriber_destroy(scene->subscriber);
    scene->subscriber = NULL;
}

static void on_subscribed(void *owner)
{
    struct scene *scene = owner;
    scene->subscribed++;
    if (scene->destroys == AT_SUBSCRIBED)
        destroy(scene);
}

static void on_message(void *owner, struct span message)
{
    struct scene *scene = owner;
    scene->messages++;
    (void)snprintf(scene->message, sizeof(scene->message), "%.*s", (int)message.len, message.at);
    if (scene->destroys == AT_MESSAGE)
        destroy(scene);
}

static void on_lost(void *owner, enum redis_trouble trouble, struct span detail)
{
    struct scene *scene = owner;
    scene->lost++;
    scene->trouble = trouble;
    assert_true(detail.len > 0);
    if (scene->destroys == AT_LOST)
        destroy(scene);
}

static const struct redis_subscriber_events events = {on_subscribed, on_message, on_lost};

static void answer(struct fake_redis *server, const struct redis_reply *command)
{
    const struct redis_reply *name = redis_reply_item(command, 0);
    if (redis_reply_is(name, SPAN("PING")))
        fake_redis_say(server, "*2\r\n$4\r\npong\r\n$0\r\n");
    else if (redis_reply_is(redis_reply_item(command, 1), SPAN("news")))
        fake_redis_say(server, "*3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1");
}

static void open_it(struct scene *scene)
{
    const struct redis_subscriber_options options = {
        .channel = SPAN("news"), .max_message_bytes = 1000, .silence_ms = 3000};
    scene->subscriber =
        redis_subscriber_create(&scene->target.loop, &scene->target, &options, &events, scene);
}

static int set_up(void **state)
{
    static struct scene scene;
    scene = (struct scene){.subscribed = 0};
    fake_target_init(&scene.target);
    scene.target.answer = answer;
    open_it(&scene);
    *state = &scene;
    return 0;
}

static int set_up_subscribed(void **state)
{
    set_up(state);
    struct scene *scene = *state;
    fake_target_turn(&scene->target);
    assert_int_equal(scene->subscribed, 1);
    assert_true(redis_subscriber_is_up(scene->subscriber));
    return 0;
}

static int tear_down(void **state)
{
    struct scene *scene = *state;
    if (scene->subscriber)
        destroy(scene);
    fake_target_clear(&scene->target);
    return 0;
}

static void publish(struct scene *scene, const char *channel, const char *message)
{
    struct fake_redis *server = fake_target_newest(&scene->target);
    fake_redis_say(server, "*3\r\n$7\r\nmessage");
    fake_redis_bulk(server, span_of(channel));
    fake_redis_bulk(server, span_of(message));
}

static void messages_are_heard_in_any_pieces(void **state)
{
    struct scene *scene = *state;
    for (size_t most = 1; most < 60; most++) {
        scene->target.most = most;
        scene->messages = 0;
        publish(scene, "news", "one");
        publish(scene, "news", "and another\r\n");
        fake_target_turn(&scene->target);
        assert_int_equal(scene->messages, 2);
        assert_string_equal(scene->message, "and another\r\n");
    }
}

static void it_subscribes_again_after_each_loss(void **state)
{
    struct scene *scene = *state;
    for (unsigned round = 1; round < 4; round++) {
        fake_redis_hang_up(fake_target_newest(&scene->target));
        fake_target_turn(&scene->target);
        assert_int_equal(scene->lost, round);
        assert_int_equal(scene->trouble, REDIS_GONE);
        assert_false(redis_subscriber_is_up(scene->subscriber));
        fake_target_pass(&scene->target, 1000);
        assert_int_equal(scene->subscribed, round + 1);
    }
}

static void what_nobody_subscribed_to_closes_the_connection(void **state)
{
    static const char *const unexpected[] = {
        "+OK",
        ":1",
        "*0",
        "*2\r\n$4\r\npong\r\n$0\r\n",
        "*3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1",
        "*3\r\n$7\r\nmessage\r\n$5\r\nother\r\n$1\r\nx",
        "*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$-1",
        "*2\r\n$7\r\nmessage\r\n$4\r\nnews",
        "$5\r\nhello",
        "?",
    };
    struct scene *scene = *state;
    for (unsigned i = 0; i < COUNT_OF(unexpected); i++) {
        fake_redis_say(fake_target_newest(&scene->target), unexpected[i]);
        fake_target_turn(&scene->target);
        assert_int_equal(scene->lost, i + 1);
        assert_int_equal(scene->trouble, REDIS_BROKEN);
        fake_target_pass(&scene->target, 2000);
        assert_int_equal(scene->subscribed, i + 2);
    }
    assert_int_equal(scene->messages, 0);
}

static void a_message_beyond_its_bound_closes_the_connection(void **state)
{
    struct scene *scene = *state;
    char text[3000] = {0};
    memset(text, 'x', sizeof(text) - 1);
    publish(scene, "news", text);
    fake_target_turn(&scene->target);
    assert_int_equal(scene->messages, 0);
    assert_int_equal(scene->trouble, REDIS_BROKEN);
}

static void refuse(struct fake_redis *server, const struct redis_reply *command)
{
    (void)command;
    fake_redis_say(server, "-NOPERM No permissions to access a channel");
}

static void a_channel_that_is_forbidden_is_told(void **state)
{
    struct scene *scene = *state;
    scene->target.answer = refuse;
    fake_target_turn(&scene->target);
    assert_int_equal(scene->subscribed, 0);
    assert_int_equal(scene->lost, 1);
    assert_int_equal(scene->trouble, REDIS_FORBIDDEN);
}

static void a_quiet_channel_is_kept_while_redis_is_there(void **state)
{
    struct scene *scene = *state;
    fake_target_pass(&scene->target, 60000);
    assert_int_equal(scene->lost, 0);
    assert_in_range(fake_target_newest(&scene->target)->commands, 19, 22);
    scene->target.is_mute = true;
    fake_target_pass(&scene->target, 7000);
    assert_int_equal(scene->lost, 1);
    assert_int_equal(scene->trouble, REDIS_SILENT);
}

static void a_subscription_that_is_not_answered_is_lost(void **state)
{
    struct scene *scene = *state;
    scene->target.is_mute = true;
    fake_target_turn(&scene->target);
    fake_target_pass(&scene->target, 3000);
    assert_int_equal(scene->lost, 1);
    assert_int_equal(scene->trouble, REDIS_SILENT);
}

static void it_may_be_destroyed_in_each_event(void **state)
{
    struct scene *scene = *state;
    for (int when = AT_SUBSCRIBED; when <= AT_LOST; when++) {
        scene->destroys = NEVER;
        if (!scene->subscriber)
            open_it(scene);
        if (when != AT_SUBSCRIBED)
            fake_target_turn(&scene->target);
        scene->destroys = when;
        fake_target_turn(&scene->target);
        if (when == AT_MESSAGE) {
            publish(scene, "news", "x");
            publish(scene, "news", "y");
        } else if (when == AT_LOST) {
            fake_redis_hang_up(fake_target_newest(&scene->target));
        }
        fake_target_turn(&scene->target);
        assert_null(scene->subscriber);
    }
    assert_int_equal(scene->messages, 1);
    assert_int_equal(scene->lost, 1);
}

static void it_may_be_destroyed_at_every_step(void **state)
{
    struct scene *scene = *state;
    bool has_ended = false;
    scene->target.most = 11;
    destroy(scene);
    for (int cut = 0; !has_ended; cut++) {
        fake_target_clear(&scene->target);
        fake_target_init(&scene->target);
        scene->target.answer = answer;
        scene->target.most = 11;
        scene->subscribed = 0;
        open_it(scene);
        for (int step = 0; step < cut && !has_ended; step++) {
            loop_flush(&scene->target.loop);
            has_ended = !fake_target_dial(&scene->target) && !fake_target_step(&scene->target) &&
                        scene->subscribed == 1;
        }
        destroy(scene);
        assert_true(cut < 1000);
    }
}

int main(void)
{
#define SUBSCRIBED(test) cmocka_unit_test_setup_teardown(test, set_up_subscribed, tear_down)
#define OPENED(test)     cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        SUBSCRIBED(messages_are_heard_in_any_pieces),
        SUBSCRIBED(it_subscribes_again_after_each_loss),
        SUBSCRIBED(what_nobody_subscribed_to_closes_the_connection),
        SUBSCRIBED(a_message_beyond_its_bound_closes_the_connection),
        OPENED(a_channel_that_is_forbidden_is_told),
        SUBSCRIBED(a_quiet_channel_is_kept_while_redis_is_there),
        OPENED(a_subscription_that_is_not_answered_is_lost),
        OPENED(it_may_be_destroyed_in_each_event),
        OPENED(it_may_be_destroyed_at_every_step),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
