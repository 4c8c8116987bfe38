#include "cache/redis_tier.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/clock.h"
#include "support/fake_redis.h"
#include "support/field_lines.h"

enum { READ_MS = 15, OBJECT_BYTES = 64 * KIB, MAX_QUEUED = 200 * KIB, HOUR_S = 3600 };
enum { VALUE_MAX = 128 * KIB };

/* A Redis of one key. */
struct scene {
    struct redis_target target;
    struct redis *redis;
    struct tags *tags;
    struct redis_tier *tier;
    struct redis_tier_options options;

    char name[128], value[VALUE_MAX], px[32];
    size_t value_len;
    unsigned gets, sets;
    const char *at_get; /* in place of the usual answer */

    struct redis_lookup lookup;
    unsigned told;
    struct cache_entry *found;
    bool asks_again;
};

static const struct span key = SPAN_INIT("a key\0of any bytes");

static void copy(char *to, size_t size, const struct redis_reply *reply)
{
    (void)snprintf(to, size, "%.*s", (int)reply->text.len, reply->text.at);
}

static void answer(struct fake_redis *server, const struct redis_reply *command)
{
    struct scene *scene = container_of(server->target, struct scene, target);
    const struct redis_reply *value = redis_reply_item(command, 2);
    if (redis_reply_is(redis_reply_item(command, 0), SPAN("SET"))) {
        scene->sets++;
        copy(scene->name, sizeof(scene->name), redis_reply_item(command, 1));
        assert_true(value->text.len <= VALUE_MAX);
        memcpy(scene->value, value->text.at, value->text.len);
        scene->value_len = value->text.len;
        assert_true(redis_reply_is(redis_reply_item(command, 3), SPAN("PX")));
        copy(scene->px, sizeof(scene->px), redis_reply_item(command, 4));
        fake_redis_say(server, "+OK");
        return;
    }
    assert_true(redis_reply_is(redis_reply_item(command, 0), SPAN("GET")));
    scene->gets++;
    if (scene->at_get)
        fake_redis_say(server, scene->at_get);
    else if (redis_reply_is(redis_reply_item(command, 1), span_of(scene->name)))
        fake_redis_bulk(server, (struct span){scene->value, scene->value_len});
    else
        fake_redis_say(server, "$-1");
}

static void on_up(void *owner)
{
    (void)owner;
}

static void on_down(void *owner, enum redis_trouble trouble, struct span detail)
{
    (void)owner, (void)trouble, (void)detail;
}

static void open_tier(struct scene *scene, bool keeps_private)
{
    redis_tier_destroy(scene->tier);
    scene->options = (struct redis_tier_options){
        .read_ms = READ_MS,
        .keeps_private = keeps_private,
        .object_bytes = OBJECT_BYTES,
        .tags = scene->tags,
    };
    scene->tier = redis_tier_create(&scene->target.loop, scene->redis, &scene->options);
}

static int set_up(void **state)
{
    static const struct redis_events events = {on_up, on_down};
    static const struct redis_options options = {.max_commands = 100,
                                                 .max_bytes = MAX_QUEUED,
                                                 .max_reply_bytes = MIB,
                                                 .quick_ms = 10,
                                                 .silence_ms = 5000};
    struct scene *scene = xcalloc(1, sizeof(*scene));
    fake_target_init(&scene->target);
    scene->target.answer = answer;
    scene->tags = tags_create();
    scene->redis = redis_create(&scene->target.loop, &scene->target, &options, &events, scene);
    open_tier(scene, false);
    fake_target_turn(&scene->target);
    assert_true(redis_tier_is_up(scene->tier));
    *state = scene;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *scene = *state;
    cache_entry_release(scene->found);
    redis_lookup_off(&scene->lookup);
    redis_tier_destroy(scene->tier);
    redis_destroy(scene->redis);
    fake_target_clear(&scene->target);
    tags_destroy(scene->tags);
    free(scene);
    return 0;
}

static void turn(struct scene *scene)
{
    fake_target_turn(&scene->target);
}

static struct cache_facts facts_now(void)
{
    return (struct cache_facts){
        .began_us = clock_wall_ms() * 1000,
        .response_wall_ms = clock_wall_ms(),
        .lifetime_s = HOUR_S,
        .status = 200,
        .flags = CACHE_SHARED,
    };
}

static struct cache_entry *make(const struct cache_facts *facts, size_t body_len)
{
    struct field_lines fields;
    struct cache_entry *entry =
        cache_entry_create(facts, key, field_lines_read(&fields, SPAN("A: b")), SPAN(""), body_len);
    memset(cache_entry_body(entry), 'x', body_len);
    return entry;
}

/* At the moment at which its response came, and ms after. */
static void put(struct scene *scene, const struct cache_facts *facts, size_t body_len, uint64_t ms)
{
    struct cache_entry *entry = make(facts, body_len);
    redis_tier_put(scene->tier, entry, facts->response_wall_ms + ms);
    cache_entry_release(entry);
    turn(scene);
}

static void on_found(struct redis_lookup *lookup, struct cache_entry *entry)
{
    struct scene *scene = container_of(lookup, struct scene, lookup);
    scene->told++;
    cache_entry_release(scene->found);
    scene->found = entry;
    if (scene->asks_again) {
        scene->asks_again = false;
        assert_true(redis_lookup_begin(lookup, scene->tier, key, on_found));
    }
}

static struct cache_entry *look_up(struct scene *scene)
{
    unsigned told = scene->told;
    scene->lookup = (struct redis_lookup){0};
    assert_true(redis_lookup_begin(&scene->lookup, scene->tier, key, on_found));
    assert_int_equal(scene->told, told);
    turn(scene);
    assert_int_equal(scene->told, told + 1);
    return scene->found;
}

static void what_was_put_is_found(void **state)
{
    struct scene *scene = *state;
    struct cache_facts facts = facts_now();
    assert_null(look_up(scene));
    put(scene, &facts, 5000, 0);
    struct cache_entry *entry = look_up(scene);
    assert_non_null(entry);
    assert_int_equal(entry->references, 1);
    assert_true(span_equal(entry->key, key));
    assert_int_equal(entry->body.len, 5000);
    assert_true(scene->value_len < 1000); /* deflated */
    struct redis_tier_counts counts = redis_tier_counts(scene->tier);
    assert_true(counts.found == 1 && counts.absent == 1 && counts.written == 1);
}

static void its_name_is_a_hash_of_the_key(void **state)
{
    struct scene *scene = *state;
    struct cache_facts facts = facts_now();
    put(scene, &facts, 0, 0);
    assert_string_equal(scene->name,
                        "bpgate:c:"
                        "7cb59c63ae6be6f5f78a58897a355ae195cc3ca76a4a77b7900a149e733ffb77");
}

static void it_lives_there_as_long_as_it_is_of_use(void **state)
{
    struct scene *scene = *state;
    struct cache_facts facts = facts_now();
    put(scene, &facts, 0, 0);
    assert_string_equal(scene->px, "3600000");
    put(scene, &facts, 0, 600500);
    assert_string_equal(scene->px, "2999500");
    facts.initial_age_s = 1000;
    put(scene, &facts, 0, 0);
    assert_string_equal(scene->px, "2600000");
    facts.stale_while_s = 60;
    facts.stale_if_error_s = 100;
    put(scene, &facts, 0, 0);
    assert_string_equal(scene->px, "2700000");
    facts.stale_while_s = 400;
    put(scene, &facts, 0, 0);
    assert_string_equal(scene->px, "3000000");
    facts.flags |= CACHE_MUST_REVALIDATE;
    put(scene, &facts, 0, 0);
    assert_string_equal(scene->px, "2600000");
    facts.lifetime_s = facts.stale_if_error_s = UINT32_MAX;
    facts.flags = CACHE_SHARED;
    put(scene, &facts, 0, 0);
    assert_string_equal(scene->px, "8589933590000");
}

static void what_ends_within_a_second_is_not_written(void **state)
{
    struct scene *scene = *state;
    struct cache_facts facts = facts_now();
    put(scene, &facts, 0, (HOUR_S - 1) * 1000ULL);
    put(scene, &facts, 0, HOUR_S * 1000ULL);
    put(scene, &facts, 0, UINT64_C(1) << 50);
    assert_int_equal(scene->sets, 0);
    put(scene, &facts, 0, (HOUR_S - 1) * 1000ULL - 1);
    assert_string_equal(scene->px, "1001");
}

static void private_entries_travel_only_if_they_may_and_secrets_never(void **state)
{
    struct scene *scene = *state;
    struct cache_facts facts = facts_now();
    facts.flags = 0;
    put(scene, &facts, 0, 0);
    assert_int_equal(scene->sets, 0);
    open_tier(scene, true);
    put(scene, &facts, 0, 0);
    assert_int_equal(scene->sets, 1);
    assert_non_null(look_up(scene));
    facts.flags = CACHE_SECRET | CACHE_SHARED;
    put(scene, &facts, 0, 0);
    assert_int_equal(scene->sets, 1);
    open_tier(scene, false);
    assert_null(look_up(scene)); /* left from before the setting was changed */
}

static void long_bodies_stay_in_memory(void **state)
{
    struct scene *scene = *state;
    struct cache_facts facts = facts_now();
    put(scene, &facts, OBJECT_BYTES + 1, 0);
    assert_int_equal(scene->sets, 0);
    put(scene, &facts, OBJECT_BYTES, 0);
    assert_int_equal(scene->sets, 1);
    assert_non_null(look_up(scene));
}

static void what_does_not_fit_is_a_miss(void **state)
{
    struct scene *scene = *state;
    struct cache_facts facts = facts_now();
    put(scene, &facts, 100, 0);
    scene->value[scene->value_len - 1] ^= 1;
    assert_null(look_up(scene));
    scene->value_len = 0;
    assert_null(look_up(scene));
    assert_int_equal(redis_tier_counts(scene->tier).damaged, 2);
}

static void other_answers_are_a_miss(void **state)
{
    struct scene *scene = *state;
    static const char *const answers[] = {"-ERR no", "-WRONGTYPE no", ":5",
                                          "*0",      "*1\r\n:5",      "+OK"};
    for (size_t i = 0; i < COUNT_OF(answers); i++) {
        scene->at_get = answers[i];
        assert_null(look_up(scene));
    }
}

static void what_began_in_the_future_is_a_miss(void **state)
{
    struct scene *scene = *state;
    struct cache_facts facts = facts_now();
    facts.began_us += 10 * 1000000ULL;
    put(scene, &facts, 100, 0);
    assert_null(look_up(scene));
    tags_set_offset(scene->tags, 10 * 1000000LL); /* by the shared clock it is not */
    assert_non_null(look_up(scene));
}

static void a_late_answer_is_a_miss(void **state)
{
    struct scene *scene = *state;
    struct cache_facts facts = facts_now();
    put(scene, &facts, 100, 0);
    scene->target.is_mute = true;
    assert_true(redis_lookup_begin(&scene->lookup, scene->tier, key, on_found));
    fake_target_pass(&scene->target, READ_MS - 1);
    assert_int_equal(scene->told, 0);
    fake_target_pass(&scene->target, 3);
    assert_int_equal(scene->told, 1);
    assert_null(scene->found);
    assert_int_equal(redis_tier_counts(scene->tier).late, 1);
}

static void all_its_reads_together_have_the_time_of_one(void **state)
{
    struct scene *scene = *state;
    scene->target.is_mute = true;
    assert_true(redis_lookup_begin(&scene->lookup, scene->tier, key, on_found));
    fake_target_pass(&scene->target, READ_MS - 5);
    redis_lookup_off(&scene->lookup);
    assert_true(redis_lookup_begin(&scene->lookup, scene->tier, key, on_found));
    fake_target_pass(&scene->target, 5 + 3);
    assert_int_equal(scene->told, 1);
    assert_null(scene->found);
    assert_false(redis_lookup_begin(&scene->lookup, scene->tier, key, on_found));
}

static void a_lost_connection_is_a_miss_and_then_nobody_asks(void **state)
{
    struct scene *scene = *state;
    struct cache_facts facts = facts_now();
    scene->target.is_mute = true;
    scene->target.refuses_dials = true;
    assert_true(redis_lookup_begin(&scene->lookup, scene->tier, key, on_found));
    fake_redis_hang_up(fake_target_newest(&scene->target));
    turn(scene);
    assert_int_equal(scene->told, 1);
    assert_null(scene->found);
    assert_false(redis_tier_is_up(scene->tier));
    assert_false(redis_lookup_begin(&scene->lookup, scene->tier, key, on_found));
    put(scene, &facts, 0, 0);
    assert_int_equal(redis_tier_counts(scene->tier).dropped, 1);
}

static void who_has_left_is_not_told(void **state)
{
    struct scene *scene = *state;
    struct cache_facts facts = facts_now();
    put(scene, &facts, 100, 0);
    redis_lookup_off(&scene->lookup); /* before it was ever begun */
    assert_true(redis_lookup_begin(&scene->lookup, scene->tier, key, on_found));
    redis_lookup_off(&scene->lookup);
    redis_lookup_off(&scene->lookup);
    turn(scene);
    assert_int_equal(scene->told, 0);
    assert_non_null(look_up(scene));
}

static void it_may_ask_again_when_it_is_told(void **state)
{
    struct scene *scene = *state;
    scene->asks_again = true;
    assert_true(redis_lookup_begin(&scene->lookup, scene->tier, key, on_found));
    turn(scene);
    assert_int_equal(scene->told, 2);
    assert_int_equal(scene->gets, 2);
}

static void writes_beyond_the_queue_are_dropped(void **state)
{
    struct scene *scene = *state;
    struct cache_facts facts = facts_now();
    facts.coding = CODING_GZIP; /* not deflated */
    scene->target.is_mute = true;
    for (unsigned i = 0; i < 10; i++)
        put(scene, &facts, 50 * KIB, 0);
    struct redis_tier_counts counts = redis_tier_counts(scene->tier);
    assert_int_equal(counts.written, 3);
    assert_int_equal(counts.dropped, 7);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_was_put_is_found),
        TEST(its_name_is_a_hash_of_the_key),
        TEST(it_lives_there_as_long_as_it_is_of_use),
        TEST(what_ends_within_a_second_is_not_written),
        TEST(private_entries_travel_only_if_they_may_and_secrets_never),
        TEST(long_bodies_stay_in_memory),
        TEST(what_does_not_fit_is_a_miss),
        TEST(other_answers_are_a_miss),
        TEST(what_began_in_the_future_is_a_miss),
        TEST(a_late_answer_is_a_miss),
        TEST(all_its_reads_together_have_the_time_of_one),
        TEST(a_lost_connection_is_a_miss_and_then_nobody_asks),
        TEST(who_has_left_is_not_told),
        TEST(it_may_ask_again_when_it_is_told),
        TEST(writes_beyond_the_queue_are_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
