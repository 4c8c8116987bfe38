#include "script/script_regex.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "support/script_scene.h"

static void expect_lines(const char *const *lines, size_t count, const char *error)
{
    for (size_t i = 0; i < count; i++) {
        char text[1024];
        struct script_scene scene;
        script_scene_open(&scene);
        snprintf(text, sizeof(text), "return {on_request = function(req, gw)\n%s\nend}", lines[i]);
        assert_true(script_scene_load(&scene, text));
        enum script_end end = script_scene_run(&scene, SCRIPT_REQUEST);
        if (error ? end != SCRIPT_FAILED || !strstr(scene.error, error) : end != SCRIPT_DONE)
            fail_msg("%s: %s", lines[i], scene.error);
        assert_true(scene.took_us < (getenv("BPGATE_SLOW") ? 2000000 : 50000));
        script_scene_close(&scene);
    }
}

static void expressions_test_match_and_replace(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "assert(gw.regex('a+b'):test('xaab') and not gw.regex('a+b'):test('xb'))",
        "assert(gw.regex('A', 'i'):test('a') and not gw.regex('A'):test('a'))",
        "local a, b = gw.regex('(\\\\d+)-(\\\\d+)'):match('1-23') assert(a == '1' and b == '23')",
        "assert(gw.regex('\\\\d+'):match('a12b') == '12' and gw.regex('x'):match('a') == nil)",
        "local a, b = gw.regex('(a)|(b)'):match('b') assert(a == false and b == 'b')",
        "local s, n = gw.regex('[aeiou]'):gsub('hello', '*') assert(s == 'h*ll*' and n == 2)",
        "local s, n = gw.regex('x*'):gsub('abc', '-') assert(s == '-a-b-c-' and n == 4, s)",
        "assert(gw.regex('(?<=a)'):gsub('aa', '-') == 'a-a-')",
        "assert(gw.regex('\\\\K'):gsub('', '-') == '-')",
        "assert(gw.regex('.*\\\\.(png|jpg)$'):test(('x'):rep(100000) .. '.png'))",
        "local s, n = gw.regex('a'):gsub(('a'):rep(3000), 'b') assert(n == 3000)",
        "assert(not gw.regex('^a'):test(('b'):rep(1 << 18)))",
        "assert(gw.regex('(*UTF)^.$'):test('\\u{e9}') and "
        "gw.regex('(*UTF)(*UCP)\\\\w'):test('\\u{e9}'))",
        "local a = gw.regex('(?x) (a) # one\\n | b'):match('b') assert(a == 'b')",
        "assert(gw.sha256('abc') == "
        "'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')",
        "assert(gw.hmac('key', 'The quick brown fox jumps over the lazy dog') == "
        "'f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8')",
        "assert(gw.base64.encode('a') == 'YQ==' and gw.base64.decode('YQ==') == 'a')",
        "assert(gw.base64.encode('') == '' and gw.base64.decode('') == '')",
        "assert(gw.base64.decode('Y') == nil and gw.base64.decode('!!!!') == nil)",
        "assert(gw.base64.decode(gw.base64.encode('a\\0b')) == 'a\\0b')",
    };
    expect_lines(lines, COUNT_OF(lines), NULL);
}

static void what_would_take_too_long_is_an_error(void **state)
{
    (void)state;
    static const char *const steps[] = {
        "gw.regex('(a+)+$'):test(('a'):rep(5000) .. 'b')",
        "gw.regex('(.*)(.*)(.*)(.*)(.*)[xy]'):test(('a'):rep(5000))",
        "gw.regex('^(a|a?)+$'):test(('a'):rep(100) .. 'b')",
    };
    static const char *const over[] = {
        "local r = gw.regex('(a+)+$') while true do pcall(r.test, r, ('a'):rep(500) .. 'b') end",
        "local r = gw.regex('b') local s = ('a'):rep(1 << 20) while true do r:test(s) end",
        "local r = gw.regex('a') r:gsub(('a'):rep(1 << 20), 'b')",
        /* Few steps at each place, but of 100000 places: 3.9 s without a look at the clock. */
        "gw.regex('a{0,200}?a{0,200}?[bc]'):test(('a'):rep(100000))",
        "gw.regex('x|a{0,200}?a{0,200}?[bc]'):gsub(('a'):rep(100000), '')",
        "while true do pcall(gw.regex, 'a') end",
        "local s = ('a'):rep(1 << 20) while true do gw.sha256(s) end",
    };
    static const char *const none[] = {"gw.regex('(')", "gw.regex('[')", "gw.regex('\\\\C')",
                                       "gw.regex('*a')", "gw.regex('(*UTF)*')"};
    expect_lines(steps, COUNT_OF(steps), "takes too many steps");
    expect_lines(over, COUNT_OF(over), "the call took more");
    expect_lines(none, COUNT_OF(none), "this regular expression is none");
    static const char *const many[] = {"local t = {} for i = 1, 100 do t[i] = gw.regex('a') end"};
    expect_lines(many, COUNT_OF(many), "64 regular expressions are all");
}

static void a_filter_that_keeps_its_expressions_has_64(void **state)
{
    (void)state;
    struct script_scene scene;
    script_scene_open(&scene);
    assert_true(script_scene_load(&scene, "local t = {}\nreturn {on_request = function(req, gw)\n"
                                          "for i = 1, 8 do t[#t + 1] = gw.regex('a') end end}"));
    for (int i = 0; i < 8; i++)
        assert_int_equal(script_scene_run(&scene, SCRIPT_REQUEST), SCRIPT_DONE);
    assert_int_equal(script_scene_run(&scene, SCRIPT_REQUEST), SCRIPT_FAILED);
    assert_non_null(strstr(scene.error, "64 regular expressions are all"));
    script_scene_close(&scene);
}

static void strings_of_a_body_are_rewritten(void **state)
{
    (void)state;
    struct script_scene scene;
    script_scene_open(&scene);
    assert_true(script_scene_load(
        &scene, "local mail = gw.regex([[[\\w.+-]+@[\\w.-]+]])\n"
                "return {needs = {'body'}, on_response = function(res, gw)\n"
                "assert(res:edit{strings = mail, paths = {'token'}, with = '***'} == 3) end}"));
    script_scene_answer(&scene,
                        "{\"a@b.c\":\"x a.b@c.de, y\",\"l\":[\"q\\u0040r.s\",1],\"token\":\"t\"}");
    if (script_scene_run(&scene, SCRIPT_BODY) != SCRIPT_DONE)
        fail_msg("%s", scene.error);
    assert_true(span_equal(scene.call.body,
                           SPAN("{\"a@b.c\":\"x ***, y\",\"l\":[\"***\",1],\"token\":\"***\"}")));
    script_scene_close(&scene);
}

static void strings_that_take_too_long_are_an_error(void **state)
{
    (void)state;
    struct script_scene scene;
    script_scene_open(&scene);
    assert_true(script_scene_load(&scene,
                                  "local slow = gw.regex('(a+)+$')\n"
                                  "return {needs = {'body'}, on_response = function(res, gw)\n"
                                  "res:edit{strings = slow, with = ''} end}"));
    script_scene_answer(&scene, "[\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab\"]");
    assert_int_equal(script_scene_run(&scene, SCRIPT_BODY), SCRIPT_FAILED);
    assert_non_null(strstr(scene.error, ":3: the strings of this body"));
    script_scene_close(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(expressions_test_match_and_replace),
        cmocka_unit_test(what_would_take_too_long_is_an_error),
        cmocka_unit_test(a_filter_that_keeps_its_expressions_has_64),
        cmocka_unit_test(strings_of_a_body_are_rewritten),
        cmocka_unit_test(strings_that_take_too_long_are_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
