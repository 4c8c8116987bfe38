/* Two instances and a real redis-server: they hear each other, through flushes and restarts. */
#include "cache/tag_link.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/text.h"
#include "cache/tag_wire.h"
#include "store/redis.h"
#include "support/redis_server.h"

enum { GIVE_UP_MS = 30000, SOON_MS = 50, SECOND_US = 1000000, ROUNDS = 50 };

struct instance {
    struct tags *tags;
    struct redis_target *target;
    struct tag_link *link;
};

struct scene {
    struct loop loop;
    struct redis_server server;
    struct arena arena;
    struct instance first, second;
    struct redis_target *target; /* of the test's own client, as the next */
    struct redis *redis;
    struct redis_call call;
    bool is_told;
    char reply[64];
    struct timer tick;
    uint64_t give_up_ms;
    bool (*is_done)(struct scene *scene);

    uint16_t slot; /* that is_written looks at, in second */
    uint64_t began_us;
};

/* --- The loop, until something is so --- */

static void on_tick(struct timer *timer)
{
    struct scene *scene = container_of(timer, struct scene, tick);
    if (scene->is_done(scene) || loop_now_ms(&scene->loop) >= scene->give_up_ms)
        loop_stop(&scene->loop);
    else
        timer_set(timer, loop_now_ms(&scene->loop) + 1);
}

/* How long it took. */
static uint64_t run_until(struct scene *scene, bool (*is_done)(struct scene *scene))
{
    uint64_t before_ms = clock_ms();
    scene->is_done = is_done;
    uv_update_time(&scene->loop.uv);
    scene->give_up_ms = loop_now_ms(&scene->loop) + GIVE_UP_MS;
    timer_set(&scene->tick, loop_now_ms(&scene->loop) + 1);
    loop_run(&scene->loop);
    assert_true(is_done(scene));
    return clock_ms() - before_ms;
}

static bool do_both_hear(struct scene *scene)
{
    return tag_link_hears(scene->first.link) && tag_link_hears(scene->second.link);
}

static bool does_neither_hear(struct scene *scene)
{
    return !tag_link_hears(scene->first.link) && !tag_link_hears(scene->second.link);
}

static bool does_second_hear(struct scene *scene)
{
    return tag_link_hears(scene->second.link);
}

static bool is_written(struct scene *scene)
{
    return tags_state(scene->second.tags, &scene->slot, 1, scene->began_us) == TAGS_WRITTEN;
}

static bool is_purged(struct scene *scene)
{
    return tags_state(scene->second.tags, &scene->slot, 1, scene->began_us) == TAGS_SOFTLY_PURGED;
}

/* --- The test's own client --- */

static void on_nothing(void *owner)
{
    (void)owner;
}

static void on_down(void *owner, enum redis_trouble trouble, struct span detail)
{
    (void)owner, (void)trouble, (void)detail;
}

static bool is_client_up(struct scene *scene)
{
    return redis_is_up(scene->redis);
}

static bool is_told(struct scene *scene)
{
    return scene->is_told;
}

static void on_told(struct redis_call *call, enum redis_result result,
                    const struct redis_reply *reply)
{
    struct scene *scene = container_of(call, struct scene, call);
    assert_true(result == REDIS_ANSWERED || result == REDIS_REFUSED);
    scene->is_told = true;
    (void)snprintf(scene->reply, sizeof(scene->reply), "%.*s", (int)reply->text.len,
                   reply->text.at);
}

/* Words separated by single spaces. */
static void command(struct scene *scene, const char *text)
{
    struct span rest = span_of(text), argv[8];
    size_t argc = 0;
    while (rest.len > 0)
        argv[argc++] = span_cut(&rest, ' ');
    (void)run_until(scene, is_client_up);
    scene->call.on_done = on_told;
    scene->is_told = false;
    assert_int_equal(redis_call_begin(&scene->call, scene->redis, argv, argc,
                                      loop_now_ms(&scene->loop) + GIVE_UP_MS),
                     OK);
    (void)run_until(scene, is_told);
}

/* --- Set-up --- */

static struct redis_target *make_target(struct scene *scene)
{
    struct redis_url url;
    struct span text = arena_format(&scene->arena, "unix://%s", scene->server.socket);
    assert_null(redis_url_parse(text, &scene->arena, &url));
    char error[TLS_ERROR_SIZE];
    return redis_target_create(
        &scene->loop,
        &(struct redis_target_options){.url = &url, .connect_ms = 2000, .refresh_ms = 1000}, error);
}

static void open_instance(struct scene *scene, struct instance *instance)
{
    instance->tags = tags_create();
    instance->target = make_target(scene);
    instance->link = tag_link_create(&(struct tag_link_options){
        .loop = &scene->loop, .tags = instance->tags, .target = instance->target});
}

static void close_instance(struct instance *instance)
{
    tag_link_destroy(instance->link);
    redis_target_destroy(instance->target);
    tags_destroy(instance->tags);
    *instance = (struct instance){0};
}

static const char *const no_more[] = {NULL};

static int set_up(void **state)
{
    static const struct redis_events events = {on_nothing, on_down};
    static const struct redis_options options = {.max_commands = 100,
                                                 .max_bytes = MIB,
                                                 .max_reply_bytes = MIB,
                                                 .quick_ms = 1000,
                                                 .silence_ms = GIVE_UP_MS};
    struct scene *scene = xcalloc(1, sizeof(*scene));
    loop_init(&scene->loop);
    arena_init(&scene->arena, MIB);
    timer_init(&scene->tick, &scene->loop.timers, on_tick);
    redis_server_init(&scene->server);
    redis_server_start(&scene->server, no_more);
    scene->target = make_target(scene);
    scene->redis = redis_create(&scene->loop, scene->target, &options, &events, scene);
    open_instance(scene, &scene->first);
    open_instance(scene, &scene->second);
    (void)run_until(scene, do_both_hear);
    *state = scene;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *scene = *state;
    if (scene->first.link)
        close_instance(&scene->first);
    if (scene->second.link)
        close_instance(&scene->second);
    redis_destroy(scene->redis);
    redis_target_destroy(scene->target);
    loop_close(&scene->loop);
    arena_clear(&scene->arena);
    redis_server_clear(&scene->server);
    free(scene);
    return 0;
}

/* --- The plays --- */

/* A fetch of the second begins now; slot is what it reads. */
static void begin_fetch(struct scene *scene, uint16_t slot)
{
    scene->slot = slot;
    scene->began_us = tags_now_us(scene->second.tags);
}

static void write_in_first(struct scene *scene, uint16_t slot)
{
    tags_stamp(scene->first.tags, &slot, 1, tags_now_us(scene->first.tags), false);
    tag_link_tell(scene->first.link, &slot, 1, false);
}

static void a_write_is_heard_elsewhere_soon(void **state)
{
    struct scene *scene = *state;
    uint64_t longest_ms = 0;
    for (unsigned i = 0; i < ROUNDS; i++) {
        const uint16_t slot = (uint16_t)i;
        begin_fetch(scene, slot);
        write_in_first(scene, slot);
        uint64_t took_ms = run_until(scene, is_written);
        longest_ms = took_ms > longest_ms ? took_ms : longest_ms;
        assert_int_equal(
            tags_state(scene->second.tags, &slot, 1, tags_now_us(scene->second.tags) + SECOND_US),
            TAGS_OLDER);
    }
    print_message("heard within %u ms\n", (unsigned)longest_ms);
    assert_in_range(longest_ms, 0, SOON_MS);
}

static void what_begins_after_it_was_heard_is_good_at_once(void **state)
{
    struct scene *scene = *state;
    begin_fetch(scene, 7);
    write_in_first(scene, 7);
    (void)run_until(scene, is_written);
    begin_fetch(scene, 7);
    assert_int_equal(tags_state(scene->second.tags, &scene->slot, 1, scene->began_us), TAGS_OLDER);
}

static void what_one_has_told_itself_makes_nothing_old_again(void **state)
{
    struct scene *scene = *state;
    const uint16_t slot = 9;
    begin_fetch(scene, slot);
    write_in_first(scene, slot);
    uint64_t began_us = tags_now_us(scene->first.tags); /* after the write: sees it */
    (void)run_until(scene, is_written);
    command(scene, "PING"); /* and one more turn, in which the first has heard itself */
    assert_int_equal(tags_state(scene->first.tags, &slot, 1, began_us), TAGS_OLDER);
}

static void purges_and_everything_are_heard_as_what_they_are(void **state)
{
    struct scene *scene = *state;
    const uint16_t slot = 65535;
    begin_fetch(scene, slot);
    tag_link_tell(scene->first.link, &slot, 1, true);
    (void)run_until(scene, is_purged);
    begin_fetch(scene, 1);
    tag_link_tell_all(scene->first.link, true);
    (void)run_until(scene, is_purged);
    tag_link_tell_all(scene->first.link, false);
    (void)run_until(scene, is_written);
}

static void who_comes_later_reads_what_was_written_before(void **state)
{
    struct scene *scene = *state;
    begin_fetch(scene, 77);
    uint64_t began_us = scene->began_us;
    write_in_first(scene, 77);
    (void)run_until(scene, is_written);
    close_instance(&scene->second);
    open_instance(scene, &scene->second);
    assert_false(tag_link_hears(scene->second.link));
    (void)run_until(scene, does_second_hear);
    scene->began_us = began_us;
    assert_true(is_written(scene));
    assert_true(tags_time(scene->second.tags, 77, false) > began_us);
}

/* Between 65 and 131 thousand fields, so that HSCAN needs many pieces. */
static void a_whole_table_is_told_and_read(void **state)
{
    struct scene *scene = *state;
    for (uint32_t slot = 0; slot < TAG_SLOTS; slot++)
        tag_link_tell(scene->first.link, &(uint16_t){(uint16_t)slot}, 1, slot % 2 == 0);
    begin_fetch(scene, TAG_SLOTS - 1);
    uint64_t told_ms = run_until(scene, is_written);
    close_instance(&scene->second);
    uint64_t before_ms = clock_ms();
    open_instance(scene, &scene->second);
    (void)run_until(scene, does_second_hear);
    print_message("told in %u ms, read in %u ms\n", (unsigned)told_ms,
                  (unsigned)(clock_ms() - before_ms));
    for (uint32_t slot = 0; slot < TAG_SLOTS; slot++)
        assert_true(tags_time(scene->second.tags, slot, slot % 2 == 0) > 0);
}

static void all_agree_on_the_time(void **state)
{
    struct scene *scene = *state;
    command(scene, "TIME");
    uint64_t first = tags_now_us(scene->first.tags), second = tags_now_us(scene->second.tags);
    assert_in_range(second, first - SECOND_US / 20, first + SECOND_US / 20);
}

static void what_is_stamped_while_redis_is_away_is_told_when_it_is_back(void **state)
{
    struct scene *scene = *state;
    redis_server_stop(&scene->server);
    (void)run_until(scene, does_neither_hear);
    begin_fetch(scene, 5);
    write_in_first(scene, 5);
    tag_link_tell_all(scene->first.link, true);
    redis_server_start(&scene->server, no_more);
    (void)run_until(scene, do_both_hear);
    (void)run_until(scene, is_written);
    command(scene, "HEXISTS bpgate:tags h:5");
    command(scene, "HGET bpgate:tags s:65536");
    assert_true(strlen(scene->reply) == 16);
}

/* The server has forgotten what it knew, or remembers an older state of it. */
static void a_server_that_restarts_makes_old_what_began_before(void **state)
{
    struct scene *scene = *state;
    begin_fetch(scene, 5);
    redis_server_stop(&scene->server);
    (void)run_until(scene, does_neither_hear);
    redis_server_start(&scene->server, no_more);
    (void)run_until(scene, do_both_hear);
    assert_true(is_written(scene));
    begin_fetch(scene, 5);
    assert_false(is_written(scene));
}

static void after_a_flush_the_next_reader_trusts_nothing_older(void **state)
{
    struct scene *scene = *state;
    begin_fetch(scene, 5);
    uint64_t began_us = scene->began_us;
    command(scene, "FLUSHALL");
    assert_true(do_both_hear(scene));
    close_instance(&scene->second);
    open_instance(scene, &scene->second);
    (void)run_until(scene, does_second_hear);
    scene->began_us = began_us;
    assert_true(is_written(scene));
}

static void a_restart_of_the_gateway_alone_keeps_what_is_good(void **state)
{
    struct scene *scene = *state;
    begin_fetch(scene, 5);
    uint64_t began_us = scene->began_us;
    close_instance(&scene->first);
    close_instance(&scene->second);
    open_instance(scene, &scene->second);
    (void)run_until(scene, does_second_hear);
    scene->began_us = began_us;
    assert_false(is_written(scene));
    open_instance(scene, &scene->first);
}

static void connections_that_are_cut_come_back(void **state)
{
    struct scene *scene = *state;
    command(scene, "CLIENT KILL TYPE pubsub");
    (void)run_until(scene, does_neither_hear);
    (void)run_until(scene, do_both_hear);
    command(scene, "CLIENT KILL TYPE normal SKIPME yes");
    begin_fetch(scene, 6);
    write_in_first(scene, 6);
    (void)run_until(scene, is_written);
    (void)run_until(scene, do_both_hear);
}

static void a_time_of_the_far_future_counts_as_now(void **state)
{
    struct scene *scene = *state;
    command(scene, "HSET bpgate:tags h:5 99999999999999999 h:6 18446744073709551615");
    close_instance(&scene->second);
    open_instance(scene, &scene->second);
    (void)run_until(scene, does_second_hear);
    uint64_t later_us = tags_now_us(scene->second.tags) + 2 * SECOND_US;
    scene->began_us = later_us;
    for (scene->slot = 5; scene->slot <= 6; scene->slot++)
        assert_false(is_written(scene));
}

static void a_since_of_the_far_future_is_put_right(void **state)
{
    struct scene *scene = *state;
    command(scene, "HSET bpgate:tags since 99999999999999999");
    close_instance(&scene->second);
    open_instance(scene, &scene->second);
    (void)run_until(scene, does_second_hear);
    begin_fetch(scene, 1);
    assert_false(is_written(scene));
    command(scene, "HGET bpgate:tags since");
    assert_int_equal(strlen(scene->reply), 16);
}

static void what_others_wrote_into_the_hash_and_the_channel_is_ignored(void **state)
{
    struct scene *scene = *state;
    command(scene, "HSET bpgate:tags junk 1 h:65537 5");
    command(scene, "HSET bpgate:tags h: 5 x:1 5 h:1x");
    command(scene, "HSET bpgate:tags h:2 yesterday h:-3 5");
    command(scene, "PUBLISH bpgate:tags junk");
    close_instance(&scene->second);
    open_instance(scene, &scene->second);
    (void)run_until(scene, does_second_hear);
    begin_fetch(scene, 8);
    write_in_first(scene, 8);
    (void)run_until(scene, is_written);
    assert_int_equal(tags_time(scene->second.tags, 2, false), 0);
}

static void what_is_no_hash_is_waited_for_to_become_one(void **state)
{
    struct scene *scene = *state;
    command(scene, "SET bpgate:tags text");
    close_instance(&scene->second);
    open_instance(scene, &scene->second);
    command(scene, "PING");
    command(scene, "PING");
    assert_false(tag_link_hears(scene->second.link));
    command(scene, "DEL bpgate:tags");
    (void)run_until(scene, does_second_hear);
}

static void without_memory_in_redis_those_who_are_there_hear_all_the_same(void **state)
{
    struct scene *scene = *state;
    begin_fetch(scene, 12);
    command(scene, "CONFIG SET maxmemory 1");
    write_in_first(scene, 12);
    (void)run_until(scene, is_written);
    command(scene, "CONFIG SET maxmemory 0");
}

static void told_by_many_threads(void *argument)
{
    struct scene *scene = argument;
    for (uint32_t slot = 0; slot < TAG_SLOTS; slot += 7)
        tag_link_tell(scene->first.link, &(uint16_t){(uint16_t)slot}, 1, false);
}

static bool is_last_written(struct scene *scene)
{
    for (uint32_t slot = 0; slot < TAG_SLOTS; slot += 7) {
        if (tags_time(scene->second.tags, slot, false) < scene->began_us)
            return false;
    }
    return true;
}

static void any_thread_may_tell(void **state)
{
    struct scene *scene = *state;
    uv_thread_t threads[3];
    begin_fetch(scene, 0);
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        assert_int_equal(uv_thread_create(&threads[i], told_by_many_threads, scene), 0);
    (void)run_until(scene, is_last_written);
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        uv_thread_join(&threads[i]);
}

static void it_may_go_with_something_still_to_tell(void **state)
{
    struct scene *scene = *state;
    write_in_first(scene, 3);
    close_instance(&scene->first);
    command(scene, "PING");
    write_in_first(&(struct scene){.first = scene->second}, 4);
    close_instance(&scene->second); /* its letter is in the box when the loop is closed */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_write_is_heard_elsewhere_soon),
        TEST(what_begins_after_it_was_heard_is_good_at_once),
        TEST(what_one_has_told_itself_makes_nothing_old_again),
        TEST(purges_and_everything_are_heard_as_what_they_are),
        TEST(who_comes_later_reads_what_was_written_before),
        TEST(a_whole_table_is_told_and_read),
        TEST(all_agree_on_the_time),
        TEST(what_is_stamped_while_redis_is_away_is_told_when_it_is_back),
        TEST(a_server_that_restarts_makes_old_what_began_before),
        TEST(after_a_flush_the_next_reader_trusts_nothing_older),
        TEST(a_restart_of_the_gateway_alone_keeps_what_is_good),
        TEST(connections_that_are_cut_come_back),
        TEST(a_time_of_the_far_future_counts_as_now),
        TEST(a_since_of_the_far_future_is_put_right),
        TEST(what_others_wrote_into_the_hash_and_the_channel_is_ignored),
        TEST(what_is_no_hash_is_waited_for_to_become_one),
        TEST(without_memory_in_redis_those_who_are_there_hear_all_the_same),
        TEST(any_thread_may_tell),
        TEST(it_may_go_with_something_still_to_tell),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
