#include "script/script_dict.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "support/script_scene.h"

static void open_with(struct script_scene *scene, bool has_dict, const char *body)
{
    char text[2048];
    script_scene_open(scene);
    if (has_dict)
        scene->call.dict = scene->dict = shared_dict_create(256 * KIB);
    snprintf(text, sizeof(text), "return {on_request = function(req, gw)\n%s\nend}", body);
    assert_true(script_scene_load(scene, text));
}

static void expect_error(bool has_dict, const char *body, const char *error)
{
    struct script_scene scene;
    open_with(&scene, has_dict, body);
    if (script_scene_run(&scene, SCRIPT_REQUEST) != SCRIPT_FAILED || !strstr(scene.error, error))
        fail_msg("%s: %s", body, scene.error);
    assert_non_null(strstr(scene.error, "filters/test.lua:2: "));
    script_scene_close(&scene);
}

static void values_go_in_and_out_as_what_they_are(void **state)
{
    (void)state;
    struct script_scene scene;
    open_with(&scene, true,
              "local d = gw.dict\n"
              "assert(d.get('a') == nil)\n"
              "d.set('a', 'x\\0y') assert(d.get('a') == 'x\\0y')\n"
              "d.set('a', 7) assert(math.type(d.get('a')) == 'integer' and d.get('a') == 7)\n"
              "d.set('a', 7.0) assert(math.type(d.get('a')) == 'float')\n"
              "d.set('a', false) assert(d.get('a') == false)\n"
              "assert(not d.add('a', 1) and d.get('a') == false)\n"
              "d.delete('a') assert(d.get('a') == nil)\n"
              "d.set('a', 1) d.set('a', nil) assert(d.get('a') == nil and d.add('a', 1))\n"
              "assert(d.incr('a') == 2 and d.incr('a', 5) == 7 and d.incr('n', -1, 60) == -1)\n");
    if (script_scene_run(&scene, SCRIPT_REQUEST) != SCRIPT_DONE)
        fail_msg("%s", scene.error);
    script_scene_close(&scene);
}

static void what_is_kept_outlives_its_call_and_ends_with_its_life(void **state)
{
    (void)state;
    struct script_scene scene;
    open_with(&scene, true,
              "local n = gw.dict.incr('n', 1, 2.5)\n"
              "req:set_header('x-n', tostring(n))");
    static const struct {
        uint64_t now_ms;
        const char *n;
    } rows[] = {{1000, "1"}, {3499, "2"}, {3500, "1"}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        script_scene_request(&scene);
        scene.call.now_ms = rows[i].now_ms;
        assert_int_equal(script_scene_run(&scene, SCRIPT_REQUEST), SCRIPT_DONE);
        const struct header *n = header_list_find_name(&scene.request.headers, SPAN("x-n"));
        assert_true(n && span_equal(n->value, span_of(rows[i].n)));
    }
    script_scene_close(&scene);
}

static void what_does_not_fit_is_an_error(void **state)
{
    (void)state;
    static const struct {
        const char *body, *error;
    } rows[] = {
        {"gw.dict.set('', 1)", "must be 1 to 256 bytes"},
        {"gw.dict.set(('k'):rep(257), 1)", "must be 1 to 256 bytes"},
        {"gw.dict.set('k', ('v'):rep(8193))", "longer than 8 KiB"},
        {"gw.dict.set('k', {})", "must be a text, a number or a boolean"},
        {"gw.dict.set('k', req)", "must be a text, a number or a boolean"},
        {"gw.dict.set('k')", "value expected"},
        {"gw.dict.set('k', 1, 0)", "must be from 0.001 s to 30 days"},
        {"gw.dict.set('k', 1, 0/0)", "must be from 0.001 s to 30 days"},
        {"gw.dict.set('k', 1, 1e300)", "must be from 0.001 s to 30 days"},
        {"gw.dict.set('k', 'x') gw.dict.incr('k')", "no integer"},
        {"gw.dict.incr('k', math.maxinteger) gw.dict.incr('k')", "no integer"},
        {"gw.dict.incr('k', 1.5)", "no integer representation"},
        {"gw.dict.x = 1", "gw cannot be written to"},
        {"local i = 0 while true do i = i + 1 gw.dict.set(tostring(i), i) end", "the call took"},
        {"while true do pcall(gw.dict.get, 'k') end", "the call took"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        expect_error(true, rows[i].body, rows[i].error);
    expect_error(false, "gw.dict.get('k')", "there is no gw.dict here");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_go_in_and_out_as_what_they_are),
        cmocka_unit_test(what_is_kept_outlives_its_call_and_ends_with_its_life),
        cmocka_unit_test(what_does_not_fit_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
