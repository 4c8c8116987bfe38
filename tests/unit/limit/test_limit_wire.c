/* What Redis answers, and the scripts in a real redis-server against the arithmetic here. */
#include "limit/limit_wire.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/text.h"
#include "store/redis.h"
#include "support/redis_server.h"

enum { GIVE_UP_MS = 30000, ROUNDS = 400, TEXT = 24, KEYS = 3 };

/* --- Answers --- */

static const struct gcra_rate rate = {1000, 10};

static struct redis_reply text(const char *text)
{
    return (struct redis_reply){.kind = REDIS_TEXT, .text = span_of(text)};
}

static struct redis_reply number(int64_t number)
{
    return (struct redis_reply){.kind = REDIS_NUMBER, .number = number};
}

static bool read_one(struct redis_reply ahead, struct redis_reply more, struct limit_claim *claim,
                     uint64_t *granted)
{
    const struct redis_reply items[] = {ahead, more};
    const struct redis_reply reply = {.kind = REDIS_LIST, .items = items, .count = 2};
    uint64_t all[LIMIT_CLAIMS_MAX];
    *claim = (struct limit_claim){.rate = &rate, .cost = 1};
    if (!limit_reply_read(&reply, claim, 1, all))
        return false;
    *granted = all[0];
    return true;
}

static void an_answer_is_what_the_arithmetic_makes_of_it(void **state)
{
    (void)state;
    struct limit_claim claim;
    uint64_t granted;
    assert_true(read_one(text("2000"), number(3), &claim, &granted));
    assert_true(claim.answer.is_admitted);
    assert_int_equal(claim.answer.remaining, 7);
    assert_int_equal(granted, 3);
    assert_true(read_one(text("9500"), number(0), &claim, &granted));
    assert_false(claim.answer.is_admitted);
    assert_int_equal(claim.answer.retry_us, 500);
}

static void what_does_not_fit_is_no_answer(void **state)
{
    (void)state;
    struct limit_claim claim;
    uint64_t granted;
    static const char *const wrong[] = {"", "-1", "1.5", "x", "20001", "99999999999999999999"};
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        assert_false(read_one(text(wrong[i]), number(0), &claim, &granted));
    assert_false(read_one(number(5), number(0), &claim, &granted));
    assert_false(read_one(text("5"), text("0"), &claim, &granted));
    assert_false(read_one(text("5"), number(-1), &claim, &granted));
    assert_false(read_one(text("5"), number(11), &claim, &granted));
    const struct redis_reply none = {.kind = REDIS_NIL}, empty = {.kind = REDIS_LIST};
    uint64_t all[LIMIT_CLAIMS_MAX];
    assert_false(limit_reply_read(&none, &claim, 1, all));
    assert_false(limit_reply_read(&empty, &claim, 1, all));
}

/* What others in Redis may read: nothing of the caller's. */
static void a_name_in_redis_tells_the_policy_and_differs_by_partition(void **state)
{
    (void)state;
    char name[LIMIT_NAME_SIZE], other[LIMIT_NAME_SIZE], policy[LIMIT_POLICY_LEN];
    const struct limit_partition abc = {SPAN("per-key"), SPAN("abc")};
    struct span written = limit_name_write(&abc, name);
    /* SHA-256 of "abc", FIPS 180-2 B.1 */
    assert_true(span_equal(written, SPAN("bpgate:rl:per-key:ba7816bf8f01cfea414140de5dae2223")));
    memset(policy, 'p', sizeof(policy));
    const struct limit_partition longest = {{policy, sizeof(policy)}, SPAN("abd")};
    written = limit_name_write(&longest, other);
    assert_true(written.len < LIMIT_NAME_SIZE);
    assert_memory_not_equal(written.at + written.len - 32, name + strlen("bpgate:rl:per-key:"), 32);
}

/* --- The scripts --- */

struct scene {
    struct loop loop;
    struct redis_server server;
    struct arena arena;
    struct redis_target *target;
    struct redis *redis;
    struct redis_call call;
    struct timer tick;
    bool is_answered;
    struct limit_claim claims[KEYS];
    size_t count;
    uint64_t granted[LIMIT_CLAIMS_MAX];
    char ahead[KEYS][TEXT], value[TEXT]; /* of the last answers */
};

static void on_nothing(void *owner)
{
    (void)owner;
}

static void on_down(void *owner, enum redis_trouble trouble, struct span detail)
{
    (void)owner, (void)trouble, (void)detail;
}

static void on_tick(struct timer *timer)
{
    struct scene *scene = container_of(timer, struct scene, tick);
    if (scene->is_answered || redis_is_up(scene->redis))
        loop_stop(&scene->loop);
    timer_set(timer, loop_now_ms(&scene->loop) + 1);
}

static void on_answer(struct redis_call *call, enum redis_result result,
                      const struct redis_reply *reply)
{
    struct scene *scene = container_of(call, struct scene, call);
    assert_int_equal(result, REDIS_ANSWERED);
    scene->is_answered = true;
    if (reply->kind == REDIS_TEXT)
        (void)snprintf(scene->value, TEXT, "%.*s", (int)reply->text.len, reply->text.at);
    else if (reply->kind == REDIS_LIST) {
        for (size_t i = 0; i < scene->count; i++)
            (void)snprintf(scene->ahead[i], TEXT, "%.*s", (int)reply->items[2 * i].text.len,
                           reply->items[2 * i].text.at);
        assert_true(limit_reply_read(reply, scene->claims, scene->count, scene->granted));
    } else {
        scene->value[0] = '\0';
    }
    loop_stop(&scene->loop);
}

static void command(struct scene *scene, const struct span *argv, size_t argc)
{
    scene->is_answered = false;
    scene->call.on_done = on_answer;
    assert_int_equal(redis_call_begin(&scene->call, scene->redis, argv, argc,
                                      loop_now_ms(&scene->loop) + GIVE_UP_MS),
                     OK);
    while (!scene->is_answered)
        loop_run(&scene->loop);
}

static uint64_t stored(struct scene *scene, struct span key)
{
    uint64_t time_us = 0;
    command(scene, (const struct span[]){SPAN("GET"), key}, 2);
    if (scene->value[0] != '\0')
        assert_true(span_to_u64(span_of(scene->value), &time_us));
    return time_us;
}

static int set_up(void **state)
{
    static const struct redis_events events = {on_nothing, on_down};
    static const struct redis_options options = {.max_commands = 100,
                                                 .max_bytes = MIB,
                                                 .max_reply_bytes = MIB,
                                                 .quick_ms = 1000,
                                                 .silence_ms = GIVE_UP_MS};
    static const char *const no_more[] = {NULL};
    struct scene *scene = xcalloc(1, sizeof(*scene));
    char error[TLS_ERROR_SIZE];
    struct redis_url url;
    loop_init(&scene->loop);
    arena_init(&scene->arena, MIB);
    redis_server_init(&scene->server);
    redis_server_start(&scene->server, no_more);
    assert_null(redis_url_parse(arena_format(&scene->arena, "unix://%s", scene->server.socket),
                                &scene->arena, &url));
    scene->target = redis_target_create(
        &scene->loop,
        &(struct redis_target_options){.url = &url, .connect_ms = 2000, .refresh_ms = 1000}, error);
    scene->redis = redis_create(&scene->loop, scene->target, &options, &events, scene);
    timer_init(&scene->tick, &scene->loop.timers, on_tick);
    timer_set(&scene->tick, loop_now_ms(&scene->loop) + 1);
    while (!redis_is_up(scene->redis))
        loop_run(&scene->loop);
    timer_stop(&scene->tick);
    *state = scene;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *scene = *state;
    redis_destroy(scene->redis);
    redis_target_destroy(scene->target);
    loop_close(&scene->loop);
    arena_clear(&scene->arena);
    redis_server_clear(&scene->server);
    free(scene);
    return 0;
}

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(2685821657736338717);
}

static const struct span keys[KEYS] = {SPAN_INIT("bpgate:rl:a:1"), SPAN_INIT("bpgate:rl:b:2"),
                                       SPAN_INIT("bpgate:rl:c:3")};

static struct span digits(struct scene *scene, uint64_t value)
{
    return arena_format(&scene->arena, "%" PRIu64, value);
}

static void take_with(struct scene *scene, struct span script, uint64_t wish)
{
    struct span argv[3 + KEYS * 6] = {SPAN("EVAL"), script, digits(scene, scene->count)};
    size_t argc = 3;
    for (size_t i = 0; i < scene->count; i++)
        argv[argc++] = keys[i];
    for (size_t i = 0; i < scene->count; i++) {
        argv[argc++] = digits(scene, scene->claims[i].rate->interval_us);
        argv[argc++] = digits(scene, scene->claims[i].rate->burst);
        argv[argc++] = digits(scene, scene->claims[i].cost);
        argv[argc++] = scene->claims[i].is_shadow ? SPAN("1") : SPAN("0");
        argv[argc++] = digits(scene, wish);
    }
    command(scene, argv, argc);
}

static void take(struct scene *scene, uint64_t wish)
{
    take_with(scene, limit_script_take, wish);
}

/* The server's time follows from what was stored and how far ahead of it that was. */
static void redis_and_the_arithmetic_decide_alike(void **state)
{
    struct scene *scene = *state;
    uint64_t random = 11;
    struct gcra_rate rates[KEYS];
    size_t admitted = 0, refused = 0;
    for (size_t i = 0; i < KEYS; i++)
        rates[i] =
            (struct gcra_rate){2000 + next_random(&random) % 400000, 1 + next_random(&random) % 12};
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t before[KEYS], after[KEYS], wish = next_random(&random) % 4;
        bool may = true;
        scene->count = 1 + next_random(&random) % KEYS;
        for (size_t i = 0; i < scene->count; i++) {
            before[i] = stored(scene, keys[i]);
            scene->claims[i] =
                (struct limit_claim){.rate = &rates[i],
                                     .cost = 1 + next_random(&random) % rates[i].burst,
                                     .is_shadow = next_random(&random) % 4 == 0};
        }
        take(scene, wish);
        for (size_t i = 0; i < scene->count; i++) {
            after[i] = stored(scene, keys[i]);
            may = may && (scene->claims[i].is_shadow || scene->claims[i].answer.is_admitted);
        }
        *(may ? &admitted : &refused) += 1;
        for (size_t i = 0; i < scene->count; i++) {
            uint64_t ahead_us;
            assert_true(span_to_u64(span_of(scene->ahead[i]), &ahead_us));
            const struct gcra_answer *answer = &scene->claims[i].answer;
            if (!may || !answer->is_admitted) {
                assert_true(after[i] == before[i] || after[i] == 0); /* it may be over by now */
                assert_int_equal(may ? 0 : scene->granted[i], 0);
                continue;
            }
            assert_true(scene->granted[i] <= wish && scene->granted[i] <= answer->remaining);
            if (ahead_us > 0 && after[i] > 0)
                assert_int_equal(after[i] - before[i], (scene->claims[i].cost + scene->granted[i]) *
                                                           rates[i].interval_us);
        }
        arena_clear(&scene->arena);
    }
    assert_true(admitted > ROUNDS / 20 && refused > ROUNDS / 20);
}

static void look(struct scene *scene)
{
    struct span argv[3 + KEYS * 3] = {SPAN("EVAL"), limit_script_look, digits(scene, scene->count)};
    size_t argc = 3;
    for (size_t i = 0; i < scene->count; i++)
        argv[argc++] = keys[i];
    for (size_t i = 0; i < scene->count; i++) {
        argv[argc++] = digits(scene, scene->claims[i].rate->interval_us);
        argv[argc++] = digits(scene, scene->claims[i].rate->burst);
    }
    command(scene, argv, argc);
}

/* Somebody else's text and a time beyond all sense count as never seen, as they do for who takes. */
static void who_looks_is_told_what_is_left_and_writes_nothing(void **state)
{
    struct scene *scene = *state;
    const struct gcra_rate slow = {UINT64_C(3600000000), 10};
    scene->count = KEYS;
    for (size_t i = 0; i < KEYS; i++)
        scene->claims[i] = (struct limit_claim){.rate = &slow, .cost = 1 + i};
    take(scene, 0);
    uint64_t before[KEYS];
    for (size_t i = 0; i < KEYS; i++) {
        before[i] = stored(scene, keys[i]);
        scene->claims[i].cost = 0;
    }
    for (int round = 0; round < 3; round++)
        look(scene);
    for (size_t i = 0; i < KEYS; i++) {
        assert_int_equal(scene->claims[i].answer.remaining, 10 - 1 - i);
        assert_int_equal(stored(scene, keys[i]), before[i]);
    }
    command(scene, (const struct span[]){SPAN("SET"), keys[0], SPAN("nonsense")}, 3);
    command(scene, (const struct span[]){SPAN("SET"), keys[1], SPAN("9e99")}, 3);
    command(scene, (const struct span[]){SPAN("DEL"), keys[2]}, 2);
    look(scene);
    for (size_t i = 0; i < KEYS; i++)
        assert_int_equal(scene->claims[i].answer.remaining, 10);
    assert_int_equal(stored(scene, keys[2]), 0);
    arena_clear(&scene->arena);
}

/* The script as it is, but for the clock. */
static struct span take_at(struct scene *scene, uint64_t now_us)
{
    static const char clock[] = "redis.call('TIME')";
    struct span text = limit_script_take;
    const char *at = memmem(text.at, text.len, clock, strlen(clock));
    assert_non_null(at);
    return arena_format(&scene->arena, "%.*s{'%" PRIu64 "', '%" PRIu64 "'}%s", (int)(at - text.at),
                        text.at, now_us / 1000000, now_us % 1000000, at + strlen(clock));
}

/* Redis' Lua writes 1.8300000000000e+15 with tostring; in 2028 the microseconds since 1970 begin with
 * another digit, in 2040 the seconds no longer fit 31 bits. Intervals are long, so that no key that
 * matters goes by the server's own clock. */
static void from_year(struct scene *scene, uint64_t now_us, uint64_t *random)
{
    struct gcra_rate rates[KEYS];
    uint64_t arrivals_us[KEYS] = {0};
    size_t admitted = 0, refused = 0;
    command(scene, (const struct span[]){SPAN("FLUSHALL")}, 1);
    for (size_t i = 0; i < KEYS; i++)
        rates[i] = (struct gcra_rate){60000001 + next_random(random) % 600000000,
                                      1 + next_random(random) % 12};
    for (int round = 0; round < ROUNDS; round++) {
        struct limit_claim model[KEYS];
        bool may = true;
        uint64_t wish = next_random(random) % 3;
        now_us += next_random(random) % 200000001;
        scene->count = 1 + next_random(random) % KEYS;
        for (size_t i = 0; i < scene->count; i++) {
            model[i] = (struct limit_claim){.rate = &rates[i],
                                            .cost = next_random(random) % (rates[i].burst + 1),
                                            .is_shadow = next_random(random) % 4 == 0};
            scene->claims[i] = model[i];
            model[i].answer = gcra_ask(&rates[i], arrivals_us[i], model[i].cost, now_us);
            may = may && (model[i].is_shadow || model[i].answer.is_admitted);
        }
        take_with(scene, take_at(scene, now_us), wish);
        for (size_t i = 0; i < scene->count; i++) {
            const struct gcra_answer *here = &model[i].answer, *there = &scene->claims[i].answer;
            assert_int_equal(here->is_admitted, there->is_admitted);
            assert_int_equal(here->retry_us, there->retry_us);
            assert_int_equal(here->remaining, there->remaining);
            assert_int_equal(here->full_us, there->full_us);
            if (may && here->is_admitted) {
                uint64_t more = wish < here->remaining ? wish : here->remaining;
                assert_int_equal(scene->granted[i], more);
                arrivals_us[i] = here->arrival_us + more * rates[i].interval_us;
                uint64_t kept_us = stored(scene, keys[i]);
                if (kept_us == 0 && arrivals_us[i] < now_us + 1000000)
                    continue; /* at no cost little is kept, and that may be over by now */
                assert_int_equal(kept_us, arrivals_us[i]);
            }
        }
        *(may ? &admitted : &refused) += 1;
        arena_clear(&scene->arena);
    }
    assert_true(admitted > ROUNDS / 20 && refused > ROUNDS / 20);
}

static void the_script_decides_as_the_arithmetic_does_in_2028_and_in_2040(void **state)
{
    uint64_t random = 23;
    from_year(*state, UINT64_C(1798761600123457), &random); /* 2027, into 2028 and on */
    from_year(*state, UINT64_C(1999999999999999), &random);
    from_year(*state, UINT64_C(2208988801987653), &random);
}

static void what_is_given_back_was_never_spent(void **state)
{
    struct scene *scene = *state;
    static const struct gcra_rate slow = {10000000, 5};
    scene->count = 1;
    scene->claims[0] = (struct limit_claim){.rate = &slow, .cost = 2};
    take(scene, 0);
    uint64_t first_us = stored(scene, keys[0]);
    scene->claims[0].cost = 3;
    take(scene, 0);
    assert_int_equal(stored(scene, keys[0]), first_us + 30000000);
    const struct span second[] = {SPAN("EVAL"), limit_script_give_back, SPAN("1"), keys[0],
                                  SPAN("30000000")};
    command(scene, second, COUNT_OF(second));
    assert_int_equal(stored(scene, keys[0]), first_us);
    const struct span more[] = {SPAN("EVAL"), limit_script_give_back, SPAN("1"), keys[0],
                                SPAN("50000000")};
    command(scene, more, COUNT_OF(more));
    assert_int_equal(stored(scene, keys[0]), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_is_what_the_arithmetic_makes_of_it),
        cmocka_unit_test(what_does_not_fit_is_no_answer),
        cmocka_unit_test(a_name_in_redis_tells_the_policy_and_differs_by_partition),
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(redis_and_the_arithmetic_decide_alike),
        TEST(who_looks_is_told_what_is_left_and_writes_nothing),
        TEST(the_script_decides_as_the_arithmetic_does_in_2028_and_in_2040),
        TEST(what_is_given_back_was_never_spent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
