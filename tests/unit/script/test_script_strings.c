#include "script/script_strings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "support/script_scene.h"

static void steps_are_the_length_to_the_power_of_repetitions(void **state)
{
    (void)state;
    assert_int_equal(script_pattern_steps(SPAN("abc"), 1000), 1000);
    assert_int_equal(script_pattern_steps(SPAN("^abc"), 1000), 1000);
    assert_int_equal(script_pattern_steps(SPAN("a*"), 1000), 1000000);
    assert_int_equal(script_pattern_steps(SPAN("^a*"), 1000), 1000);
    assert_int_equal(script_pattern_steps(SPAN("a*b+"), 100), 1000000);
    assert_int_equal(script_pattern_steps(SPAN("%*%+%-%?"), 100), 100);
    assert_int_equal(script_pattern_steps(SPAN("%b()"), 100), 10000);
    assert_int_equal(script_pattern_steps(SPAN("(a)%1"), 100), 10000);
    assert_int_equal(script_pattern_steps(SPAN("[a-z*+?-]"), 100), 100);
    assert_int_equal(script_pattern_steps(SPAN("[]*]+[^]*%]]"), 100), 10000);
    assert_int_equal(script_pattern_steps(SPAN("%f[%]*]%b[]a*"), 100), 1000000);
    assert_int_equal(script_pattern_steps(SPAN("[a"), 100), 100);
    assert_int_equal(script_pattern_steps(SPAN("[^"), 100), 100);
    assert_int_equal(script_pattern_steps(SPAN("["), 100), 100);
    assert_int_equal(script_pattern_steps(SPAN("[%"), 100), 100);
    assert_int_equal(script_pattern_steps(SPAN("%"), 100), 100);
    assert_true(script_pattern_steps(SPAN("a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?"), 30) >
                1000000);
    assert_true(script_pattern_steps(SPAN("********************************************"),
                                     1 << 20) == UINT64_MAX);
}

/* Against what Lua itself answers. */
static void the_functions_answer_as_those_of_the_library(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "local a, b = ('hello'):find('l') assert(a == 3 and b == 3)",
        "local a, b = ('hello'):find('l', 4) assert(a == 4 and b == 4)",
        "local a, b = ('hello'):find('l', -2) assert(a == 4 and b == 4)",
        "local a, b = ('hello'):find('l', -100) assert(a == 3)",
        "assert(('hello'):find('l', 6) == nil and ('hello'):find('', 6) == 6)",
        "assert(('hello'):find('', 7) == nil and ('hello'):find('') == 1)",
        "local a, b = (''):find('') assert(a == 1 and b == 0)",
        "assert(('a.b'):find('.', 1, true) == 2 and ('a.b'):find('.') == 1)",
        "assert(('a.b'):find('%.') == 2 and ('x=1'):match('(%w+)=(%w+)') == 'x')",
        "local n = 0 for w in ('a b c'):gmatch('%a') do n = n + 1 end assert(n == 3)",
        "local n = 0 for w in (('word '):rep(190)):gmatch('%w+') do n = n + 1 end assert(n == 190)",
        "assert(('a'):rep(1 << 18):find('[b-z]') == nil)",
        "assert(('abc'):gsub('b', 'x') == 'axc' and ('abc'):gsub('%w', {a = '1'}) == '1bc')",
        "assert(('x'):rep(3, ',') == 'x,x,x' and ('x'):rep(0) == '' and ('x'):rep(-1) == '')",
        "assert(('abc'):upper() == 'ABC' and #('abc') == 3 and ('abc'):byte(2) == 98)",
        "assert(string.format('%d %s %.2f', 1, 'a', 0.5) == '1 a 0.50')",
        "local t = {3, 1, 2} table.sort(t) assert(table.concat(t, ',') == '1,2,3')",
        "local t = {'b', 'a'} table.sort(t, function(a, b) return a > b end) assert(t[1] == 'b')",
        "local t = {} table.insert(t, 'a') table.insert(t, 1, 'b') assert(t[1] == 'b' and #t == 2)",
        "local t = {1, 2, 3} assert(table.remove(t) == 3 and table.remove(t, 1) == 1 and #t == 1)",
        "assert(select('#', table.unpack{1, 2, 3}) == 3 and table.pack(1, 2).n == 2)",
        "local t = table.move({1, 2, 3}, 1, 3, 2) assert(t[4] == 3)",
        "local n = 0 for k, v in pairs{a = 1, b = 2} do n = n + v end assert(n == 3)",
        "local n = 0 for i, v in ipairs{5, 6} do n = n + v end assert(n == 11)",
        "assert(utf8.len('\\u{e9}a') == 2 and utf8.char(233) == '\\u{e9}')",
        "assert(math.floor(1.5) == 1 and tonumber('0x10') == 16 and tostring(1) == '1')",
        "assert(type(setmetatable({}, {__index = {a = 1}}).a) == 'number')",
        "assert(not pcall(error, 'x') and select(2, pcall(error, 'x')) == 'x')",
        "local l = gw.json.decode('[1]') table.insert(l, 3) assert(gw.json.encode(l) == '[1,3]')",
    };
    for (size_t i = 0; i < COUNT_OF(lines); i++) {
        char text[512];
        struct script_scene scene;
        script_scene_open(&scene);
        snprintf(text, sizeof(text), "return {on_request = function(req, gw)\n%s\nend}", lines[i]);
        assert_true(script_scene_load(&scene, text));
        if (script_scene_run(&scene, SCRIPT_REQUEST) != SCRIPT_DONE)
            fail_msg("%s: %s", lines[i], scene.error);
        script_scene_close(&scene);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_are_the_length_to_the_power_of_repetitions),
        cmocka_unit_test(the_functions_answer_as_those_of_the_library),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
