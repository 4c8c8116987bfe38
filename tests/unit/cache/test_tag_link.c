#include "cache/tag_link.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "cache/tag_wire.h"
#include "store/redis_reply.h"
#include "support/fake_redis.h"

enum { TEXT = 512, BEAT_MS = 30000, ECHO_MS = 3000, RETRY_MS = 2000, SECOND_US = 1000000 };
enum { APART_US = 10000 }; /* of clocks, by which a time that is read counts as later */

static const uint64_t hour_us = UINT64_C(3600) * SECOND_US;

struct scene {
    struct redis_target target;
    struct tags *tags;
    struct tag_link *link;         /* NULL once destroyed */
    struct fake_redis *subscribed; /* where it listens */
    int64_t server_offset_us;      /* the server's clock, from ours */
    uint64_t since_us;
    const char *at_open, *at_scan, *at_tell; /* in place of the usual answer */
    bool is_deaf;                            /* publishes nothing */
    unsigned opens, scans, tells;
    char hard[TEXT], soft[TEXT]; /* of the last tell that had some */
    char sender[TEXT];
};

static uint64_t server_us(const struct scene *scene)
{
    return tags_machine_us(scene->tags) + (uint64_t)scene->server_offset_us;
}

static void publish(struct scene *scene, struct span message)
{
    if (!scene->subscribed || scene->is_deaf)
        return;
    fake_redis_say(scene->subscribed, "*3\r\n$7\r\nmessage\r\n$11\r\nbpgate:tags");
    fake_redis_bulk(scene->subscribed, message);
}

static void copy(char to[TEXT], const struct redis_reply *reply)
{
    (void)snprintf(to, TEXT, "%.*s", (int)reply->text.len, reply->text.at);
}

static void answer_tell(struct scene *scene, struct fake_redis *server,
                        const struct redis_reply *command)
{
    char message[4 * TEXT], now[32];
    scene->tells++;
    copy(scene->sender, redis_reply_item(command, 4));
    const struct redis_reply *hard = redis_reply_item(command, 5);
    const struct redis_reply *soft = redis_reply_item(command, 6);
    copy(redis_reply_is(hard, SPAN("-")) ? message : scene->hard, hard);
    copy(redis_reply_is(soft, SPAN("-")) ? message : scene->soft, soft);
    (void)snprintf(now, sizeof(now), "%" PRIu64, server_us(scene));
    (void)snprintf(message, sizeof(message), "1 %s %s %.*s %.*s", scene->sender, now,
                   (int)hard->text.len, hard->text.at, (int)soft->text.len, soft->text.at);
    publish(scene, span_of(message));
    if (scene->at_tell)
        fake_redis_say(server, scene->at_tell);
    else
        fake_redis_bulk(server, span_of(now));
}

static void answer_open(struct scene *scene, struct fake_redis *server)
{
    char number[32];
    scene->opens++;
    if (scene->at_open) {
        fake_redis_say(server, scene->at_open);
        return;
    }
    fake_redis_say(server, "*2");
    (void)snprintf(number, sizeof(number), "%" PRIu64, server_us(scene));
    fake_redis_bulk(server, span_of(number));
    (void)snprintf(number, sizeof(number), "%" PRIu64, scene->since_us);
    fake_redis_bulk(server, span_of(number));
}

static void answer(struct fake_redis *server, const struct redis_reply *command)
{
    struct scene *scene = container_of(server->target, struct scene, target);
    const struct redis_reply *word = redis_reply_item(command, 0);
    if (redis_reply_is(word, SPAN("SUBSCRIBE"))) {
        scene->subscribed = server;
        fake_redis_say(server, "*3\r\n$9\r\nsubscribe\r\n$11\r\nbpgate:tags\r\n:1");
    } else if (redis_reply_is(word, SPAN("HSCAN"))) {
        scene->scans++;
        fake_redis_say(server, scene->at_scan ? scene->at_scan : "*2\r\n$1\r\n0\r\n*0");
    } else if (redis_reply_is(word, SPAN("PING")) && server == scene->subscribed) {
        fake_redis_say(server, "*2\r\n$4\r\npong\r\n$0\r\n");
    } else if (redis_reply_is(word, SPAN("PING"))) {
        fake_redis_say(server, "+PONG");
    } else if (redis_reply_is(redis_reply_item(command, 1), tag_script_open)) {
        answer_open(scene, server);
    } else {
        assert_true(redis_reply_is(redis_reply_item(command, 1), tag_script_tell));
        answer_tell(scene, server, command);
    }
}

static void build(struct scene *scene)
{
    *scene = (struct scene){.since_us = 1};
    fake_target_init(&scene->target);
    scene->target.answer = answer;
    scene->tags = tags_create();
    scene->link = tag_link_create(&(struct tag_link_options){
        .loop = &scene->target.loop, .tags = scene->tags, .target = &scene->target});
}

static void destroy(struct scene *scene)
{
    tag_link_destroy(scene->link);
    scene->link = NULL;
}

static void clear(struct scene *scene)
{
    if (scene->link)
        destroy(scene);
    fake_target_clear(&scene->target);
    tags_destroy(scene->tags);
}

static int set_up(void **state)
{
    static struct scene scene;
    build(&scene);
    *state = &scene;
    return 0;
}

static int tear_down(void **state)
{
    clear(*state);
    return 0;
}

static void turn(struct scene *scene)
{
    fake_target_turn(&scene->target);
}

static void pass(struct scene *scene, uint64_t ms)
{
    fake_target_pass(&scene->target, ms);
}

/* What the loop does when it is woken; here without its clock. */
static void open_letters(struct scene *scene)
{
    struct list *link;
    while ((link = list_pop_front(&scene->target.loop.mailbox.letters)) != NULL) {
        struct letter *letter = container_of(link, struct letter, link);
        letter->deliver(letter);
    }
}

static void deliver(struct scene *scene)
{
    open_letters(scene);
    turn(scene);
}

static void cut_all(struct scene *scene)
{
    for (size_t i = 0; i < scene->target.connected; i++)
        fake_redis_hang_up(&scene->target.servers[i]);
    scene->subscribed = NULL;
}

static bool hears(const struct scene *scene)
{
    return tag_link_hears(scene->link);
}

static enum tag_state state_of(const struct scene *scene, uint16_t slot, uint64_t began_us)
{
    return tags_state(scene->tags, &slot, 1, began_us);
}

static void it_hears_once_it_has_subscribed_and_read(void **state)
{
    struct scene *scene = *state;
    assert_false(hears(scene));
    scene->at_scan =
        "*2\r\n$1\r\n0\r\n*4\r\n$3\r\nh:7\r\n$4\r\n1000\r\n$7\r\ns:65536\r\n$4\r\n2000";
    turn(scene);
    assert_true(hears(scene));
    assert_int_equal(tags_time(scene->tags, 7, false), 1000 + APART_US);
    assert_int_equal(tags_time(scene->tags, TAG_SLOTS, true), 2000 + APART_US);
    assert_int_equal(tags_time(scene->tags, TAG_SLOTS, false), 1);
}

static void what_began_before_the_hash_knows_of_writes_is_old(void **state)
{
    struct scene *scene = *state;
    uint64_t began_us = tags_now_us(scene->tags);
    scene->since_us = began_us + 1;
    turn(scene);
    assert_int_equal(state_of(scene, 1, began_us), TAGS_WRITTEN);
    assert_int_equal(state_of(scene, 1, began_us + 2), TAGS_OLDER);
}

static void the_servers_clock_is_everybodys(void **state)
{
    struct scene *scene = *state;
    scene->server_offset_us = (int64_t)hour_us;
    turn(scene);
    uint64_t now_us = tags_now_us(scene->tags);
    assert_in_range(now_us, server_us(scene) - SECOND_US, server_us(scene) + SECOND_US);
}

/* Our clock was ahead: what others stamp now seems older than what we have. */
static void a_clock_that_was_ahead_makes_old_what_began_by_it(void **state)
{
    struct scene *scene = *state;
    uint64_t began_us = tags_now_us(scene->tags);
    scene->server_offset_us = -(int64_t)hour_us;
    turn(scene);
    assert_true(hears(scene));
    assert_int_equal(state_of(scene, 1, began_us), TAGS_WRITTEN);
    uint64_t next_us = tags_now_us(scene->tags);
    assert_int_equal(state_of(scene, 1, next_us), TAGS_OLDER);
}

static void a_set_clock_is_followed_by_the_next_beat(void **state)
{
    struct scene *scene = *state;
    turn(scene);
    scene->server_offset_us = (int64_t)hour_us;
    pass(scene, BEAT_MS + 1);
    assert_true(tags_now_us(scene->tags) > server_us(scene) - SECOND_US);
}

static void stamps_are_told_together_and_once(void **state)
{
    struct scene *scene = *state;
    const uint16_t first[] = {5, 65535, 5}, second[] = {3};
    turn(scene);
    unsigned before = scene->tells;
    tag_link_tell(scene->link, first, 3, false);
    tag_link_tell(scene->link, second, 1, true);
    tag_link_tell_all(scene->link, false);
    deliver(scene);
    assert_int_equal(scene->tells, before + 1);
    assert_string_equal(scene->hard, "5,65535,65536");
    assert_string_equal(scene->soft, "3");
    assert_int_equal(strlen(scene->sender), TAG_SENDER_LEN);
    deliver(scene);
    assert_int_equal(scene->tells, before + 1);
}

static void what_got_no_answer_is_told_again_with_what_came_since(void **state)
{
    struct scene *scene = *state;
    const uint16_t slots[] = {1, 2, 3};
    turn(scene);
    scene->target.is_mute = true;
    tag_link_tell(scene->link, &slots[0], 1, false);
    deliver(scene);
    tag_link_tell(scene->link, &slots[1], 2, false);
    deliver(scene);
    scene->target.is_mute = false;
    cut_all(scene);
    pass(scene, 300);
    assert_string_equal(scene->hard, "1,2,3"); /* the one that got no answer, too */
}

static void what_is_refused_is_told_again_later(void **state)
{
    struct scene *scene = *state;
    const uint16_t slot = 4;
    turn(scene);
    scene->at_tell = "-ERR not now";
    tag_link_tell(scene->link, &slot, 1, true);
    deliver(scene);
    unsigned before = scene->tells;
    scene->soft[0] = '\0';
    pass(scene, RETRY_MS - 1);
    assert_int_equal(scene->tells, before);
    scene->at_tell = NULL;
    pass(scene, 1);
    assert_int_equal(scene->tells, before + 1);
    assert_string_equal(scene->soft, "4");
    assert_true(hears(scene));
}

static void what_is_told_while_redis_is_away_is_told_when_it_is_back(void **state)
{
    struct scene *scene = *state;
    const uint16_t slot = 4;
    scene->target.refuses_dials = true;
    pass(scene, 10);
    tag_link_tell(scene->link, &slot, 1, false);
    deliver(scene);
    pass(scene, 5000);
    assert_int_equal(scene->tells, 0);
    scene->target.refuses_dials = false;
    unsigned told = 0;
    for (unsigned i = 0; i < 2000 && !told; i++) {
        pass(scene, 1);
        told += strcmp(scene->hard, "4") == 0 || scene->tells > 1;
    }
    assert_true(told);
}

static void hear(struct scene *scene, const char *message)
{
    publish(scene, span_of(message));
    turn(scene);
}

static void a_message_counts_from_when_it_came(void **state)
{
    struct scene *scene = *state;
    turn(scene);
    uint64_t began_us = tags_now_us(scene->tags);
    hear(scene, "1 0123456789abcdef 5 7,9 8");
    assert_int_equal(state_of(scene, 7, began_us), TAGS_WRITTEN);
    assert_int_equal(state_of(scene, 9, began_us), TAGS_WRITTEN);
    assert_int_equal(state_of(scene, 8, began_us), TAGS_SOFTLY_PURGED);
    assert_int_equal(state_of(scene, 7, tags_now_us(scene->tags)), TAGS_OLDER);
}

static void a_message_of_the_far_future_counts_for_a_second(void **state)
{
    struct scene *scene = *state;
    turn(scene);
    hear(scene, "1 0123456789abcdef 18446744073709551615 7 65536");
    uint64_t now_us = tags_now_us(scene->tags);
    assert_int_equal(state_of(scene, 7, now_us), TAGS_WRITTEN);
    assert_int_equal(state_of(scene, 7, now_us + SECOND_US), TAGS_OLDER);
}

static void a_message_of_our_own_is_no_news(void **state)
{
    struct scene *scene = *state;
    const uint16_t slot = 7;
    turn(scene);
    uint64_t began_us = tags_now_us(scene->tags);
    tag_link_tell(scene->link, &slot, 1, false);
    deliver(scene);
    assert_int_equal(state_of(scene, 7, began_us), TAGS_OLDER);
}

static void damaged_messages_are_ignored(void **state)
{
    struct scene *scene = *state;
    static const char *const messages[] = {
        "",
        "1",
        "2 0123456789abcdef 5 7 -",
        "1 0123456789abcde 5 7 -",
        "1 0123456789abcdef x 7 -",
        "1 0123456789abcdef 5 7",
        "1 0123456789abcdef 5 7,65537 -",
        "1 0123456789abcdef 5 7, -",
        "1 0123456789abcdef 5 7 8 9",
        "1 0123456789abcdef 5 -7 -",
        "1 0123456789abcdef 99999999999999999999 7 -",
        "1  0123456789abcdef 5 7 -",
    };
    turn(scene);
    uint64_t began_us = tags_now_us(scene->tags);
    for (size_t i = 0; i < COUNT_OF(messages); i++)
        hear(scene, messages[i]);
    assert_true(hears(scene));
    assert_int_equal(state_of(scene, 7, began_us), TAGS_OLDER);
}

static void odd_answers_are_asked_for_again(void **state)
{
    struct scene *scene = *state;
    static const char *const opens[] = {"-ERR no",        "+OK", "*0",
                                        "*2\r\n:1\r\n:2", ":7",  "*2\r\n$1\r\nx\r\n$1\r\nx"};
    static const char *const scans[] = {"-WRONGTYPE no", "+0", "*0", "*1\r\n*0",
                                        "*2\r\n$30\r\n012345678901234567890123456789\r\n*0"};
    for (size_t i = 0; i < COUNT_OF(opens) + COUNT_OF(scans); i++) {
        bool is_open = i < COUNT_OF(opens);
        scene->at_open = is_open ? opens[i] : NULL;
        scene->at_scan = is_open ? NULL : scans[i - COUNT_OF(opens)];
        unsigned opened = scene->opens;
        pass(scene, RETRY_MS + 1);
        assert_true(scene->opens > opened);
        assert_false(hears(scene));
    }
    scene->at_open = scene->at_scan = NULL;
    pass(scene, RETRY_MS + 1);
    assert_true(hears(scene));
}

static void odd_fields_are_passed_over(void **state)
{
    struct scene *scene = *state;
    scene->at_scan =
        "*2\r\n$1\r\n0\r\n*9\r\n$3\r\nh:7\r\n:5\r\n*0\r\n$1\r\n5\r\n$3\r\nh:8\r\n*0\r\n"
        "$3\r\nh:9\r\n$1\r\n5\r\n$3\r\nh:1";
    turn(scene);
    assert_true(hears(scene));
    assert_int_equal(tags_time(scene->tags, 7, false), 0);
    assert_int_equal(tags_time(scene->tags, 9, false), 5 + APART_US);
}

static void a_hash_without_end_is_given_up(void **state)
{
    struct scene *scene = *state;
    scene->at_scan = "*2\r\n$1\r\n5\r\n*0";
    turn(scene); /* ends */
    assert_false(hears(scene));
    scene->at_scan = NULL;
    pass(scene, RETRY_MS + 1);
    assert_true(hears(scene));
}

static void a_lost_subscription_is_not_heard_through(void **state)
{
    struct scene *scene = *state;
    turn(scene);
    fake_redis_hang_up(scene->subscribed);
    fake_target_step(&scene->target);
    loop_flush(&scene->target.loop);
    assert_false(hears(scene));
    unsigned opened = scene->opens;
    pass(scene, 200);
    assert_true(hears(scene));
    assert_int_equal(scene->opens, opened + 1);
}

static void a_subscription_that_is_deaf_is_begun_anew(void **state)
{
    struct scene *scene = *state;
    turn(scene);
    size_t connected = scene->target.connected;
    scene->is_deaf = true;
    pass(scene, BEAT_MS + ECHO_MS - 1);
    assert_true(hears(scene));
    assert_int_equal(scene->target.connected, connected);
    pass(scene, 2);
    assert_int_equal(scene->target.connected, connected + 1);
    scene->is_deaf = false;
    pass(scene, 200);
    assert_true(hears(scene));
}

/* However often it is told something. */
static void a_busy_one_learns_of_its_deafness_too(void **state)
{
    struct scene *scene = *state;
    turn(scene);
    size_t connected = scene->target.connected;
    scene->is_deaf = true;
    for (unsigned i = 0; i <= ECHO_MS / 100; i++) {
        const uint16_t slot = (uint16_t)i;
        tag_link_tell(scene->link, &slot, 1, false);
        deliver(scene);
        pass(scene, 100);
    }
    assert_true(scene->target.connected > connected);
}

static void quiet_hours_are_no_trouble(void **state)
{
    struct scene *scene = *state;
    turn(scene);
    size_t connected = scene->target.connected;
    pass(scene, 10 * BEAT_MS);
    assert_true(hears(scene));
    assert_int_equal(scene->target.connected, connected);
    assert_in_range(scene->tells, 10, 12);
    assert_int_equal(scene->opens, 1);
}

static void what_it_sends_first(struct scene *scene)
{
    const uint16_t slot = 4;
    scene->at_scan = "*2\r\n$1\r\n0\r\n*2\r\n$3\r\nh:7\r\n$4\r\n1000";
    tag_link_tell(scene->link, &slot, 1, false);
    open_letters(scene);
}

static bool step(struct scene *scene)
{
    bool has_moved = fake_target_dial(&scene->target) || fake_target_step(&scene->target);
    loop_flush(&scene->target.loop);
    return has_moved;
}

/* After each step of its beginning, in pieces of some bytes. */
static void it_may_be_destroyed_at_any_moment(void **state)
{
    static struct scene scene;
    (void)state;
    bool is_over = false;
    for (size_t steps = 0; !is_over; steps++) {
        build(&scene);
        scene.target.most = 40;
        what_it_sends_first(&scene);
        for (size_t i = 0; i < steps && !is_over; i++)
            is_over = !step(&scene);
        clear(&scene);
    }
}

/* The same, but the connections are cut, and come back. */
static void it_may_lose_its_connections_at_any_moment(void **state)
{
    static struct scene scene;
    (void)state;
    bool is_over = false;
    for (size_t steps = 0; !is_over; steps++) {
        build(&scene);
        scene.target.most = 40;
        what_it_sends_first(&scene);
        for (size_t i = 0; i < steps && !is_over; i++)
            is_over = !step(&scene);
        cut_all(&scene);
        scene.target.most = LOOP_READ_SIZE;
        pass(&scene, 300);
        assert_true(hears(&scene));
        assert_int_equal(tags_time(scene.tags, 7, false), 1000 + APART_US);
        assert_true(scene.tells > 0);
        clear(&scene);
    }
}

static void a_letter_under_way_outlives_it(void **state)
{
    struct scene *scene = *state;
    const uint16_t slot = 1;
    turn(scene);
    tag_link_tell(scene->link, &slot, 1, false);
    destroy(scene);
    deliver(scene);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(it_hears_once_it_has_subscribed_and_read),
        TEST(what_began_before_the_hash_knows_of_writes_is_old),
        TEST(the_servers_clock_is_everybodys),
        TEST(a_clock_that_was_ahead_makes_old_what_began_by_it),
        TEST(a_set_clock_is_followed_by_the_next_beat),
        TEST(stamps_are_told_together_and_once),
        TEST(what_got_no_answer_is_told_again_with_what_came_since),
        TEST(what_is_refused_is_told_again_later),
        TEST(what_is_told_while_redis_is_away_is_told_when_it_is_back),
        TEST(a_message_counts_from_when_it_came),
        TEST(a_message_of_the_far_future_counts_for_a_second),
        TEST(a_message_of_our_own_is_no_news),
        TEST(damaged_messages_are_ignored),
        TEST(odd_answers_are_asked_for_again),
        TEST(odd_fields_are_passed_over),
        TEST(a_hash_without_end_is_given_up),
        TEST(a_lost_subscription_is_not_heard_through),
        TEST(a_subscription_that_is_deaf_is_begun_anew),
        TEST(a_busy_one_learns_of_its_deafness_too),
        TEST(quiet_hours_are_no_trouble),
        cmocka_unit_test(it_may_be_destroyed_at_any_moment),
        cmocka_unit_test(it_may_lose_its_connections_at_any_moment),
        TEST(a_letter_under_way_outlives_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
