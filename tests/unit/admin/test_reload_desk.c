#include "admin/reload_desk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "admin/admin_call.h"
#include "base/text.h"

enum { CALLS = 3 };

static struct scene {
    struct admin_services services;
    struct arena arena;
    struct admin_call calls[CALLS];
    unsigned statuses[CALLS];
    char texts[CALLS][256];
    uint64_t asked;
} scene;

/* Linked in the place of the real one. */
void admin_answer(struct admin_call *call, unsigned status, struct span json)
{
    size_t i = (size_t)(call - scene.calls);
    assert_int_equal(scene.statuses[i], 0);
    scene.statuses[i] = status;
    (void)snprintf(scene.texts[i], sizeof(scene.texts[i]), "%.*s", (int)json.len, json.at);
}

void admin_wait(struct admin_call *call, void *operation, void (*call_off)(void *operation))
{
    call->operation = operation;
    call->call_off = call_off;
}

static void on_ask(void *owner, uint64_t number)
{
    assert_ptr_equal(owner, &scene);
    scene.asked = number;
}

static int begin(void **state)
{
    (void)state;
    scene = (struct scene){.asked = 0};
    arena_init(&scene.arena, MIB);
    reload_desk_init(&scene.services.reloads, on_ask, &scene);
    for (size_t i = 0; i < CALLS; i++)
        scene.calls[i] = (struct admin_call){.services = &scene.services, .arena = &scene.arena};
    return 0;
}

static int end(void **state)
{
    (void)state;
    arena_clear(&scene.arena);
    return 0;
}

static void tell(uint64_t covers, bool is_good, const char *text)
{
    struct reload_news news = {.wall_ms = 1, .covers = covers, .is_good = is_good};
    (void)snprintf(news.text, sizeof(news.text), "%s", text);
    reload_desk_tell(&scene.services.reloads, &news);
}

static void an_answer_is_that_of_a_reload_that_began_later(void **state)
{
    (void)state;
    answer_reload(&scene.calls[0]);
    assert_int_equal(scene.asked, 1);
    answer_reload(&scene.calls[1]);
    assert_int_equal(scene.asked, 2);
    tell(0, true, "");
    assert_int_equal(scene.statuses[0], 0);
    tell(1, true, "workers: later\nredis: later");
    assert_int_equal(scene.statuses[0], 200);
    assert_string_equal(scene.texts[0],
                        "{\"reloaded\":true,\"notes\":[\"workers: later\",\"redis: later\"]}");
    assert_int_equal(scene.statuses[1], 0);
    tell(2, false, "x.yaml:1:2: no");
    assert_int_equal(scene.statuses[1], 422);
    assert_string_equal(scene.texts[1], "{\"reloaded\":false,\"problems\":[\"x.yaml:1:2: no\"]}");
    assert_false(scene.services.reloads.last.is_good);
}

static void who_has_left_is_forgotten(void **state)
{
    (void)state;
    for (size_t i = 0; i < CALLS; i++)
        answer_reload(&scene.calls[i]);
    scene.calls[1].call_off(scene.calls[1].operation);
    tell(3, true, "");
    assert_int_equal(scene.statuses[0], 200);
    assert_int_equal(scene.statuses[1], 0);
    assert_int_equal(scene.statuses[2], 200);
    assert_true(list_is_empty(&scene.services.reloads.waiting));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_answer_is_that_of_a_reload_that_began_later, begin, end),
        cmocka_unit_test_setup_teardown(who_has_left_is_forgotten, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
