#include "script/script_tell.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"
#include "support/script_scene.h"

enum { LOG_MAX = 64 * KIB };

/* What went to standard error since the last time. */
struct tape {
    int file, kept;
    char text[LOG_MAX];
};

static void tape_begin(struct tape *tape)
{
    char name[] = "/tmp/bpgate-tell-XXXXXX";
    tape->file = mkstemp(name);
    assert_true(tape->file >= 0);
    (void)unlink(name);
    tape->kept = dup(STDERR_FILENO);
    assert_true(dup2(tape->file, STDERR_FILENO) >= 0);
}

static size_t tape_end(struct tape *tape)
{
    assert_true(dup2(tape->kept, STDERR_FILENO) >= 0);
    close(tape->kept);
    ssize_t len = pread(tape->file, tape->text, LOG_MAX - 1, 0);
    close(tape->file);
    tape->text[len > 0 ? len : 0] = '\0';
    size_t lines = 0;
    for (const char *at = tape->text; (at = strchr(at, '\n')); at++)
        lines++;
    return lines;
}

static void open_with(struct script_scene *scene, const char *body)
{
    char text[1024];
    script_scene_open(scene);
    snprintf(text, sizeof(text), "return {on_request = function(req, gw)\n%s\nend}", body);
    assert_true(script_scene_load(scene, text));
}

static size_t lines_of(struct script_scene *scene, struct tape *tape, uint64_t now_ms)
{
    script_scene_request(scene);
    scene->call.now_ms = now_ms;
    tape_begin(tape);
    enum script_end end = script_scene_run(scene, SCRIPT_REQUEST);
    size_t lines = tape_end(tape);
    if (end != SCRIPT_DONE)
        fail_msg("%s", scene->error);
    return lines;
}

static void a_line_names_the_filter_and_the_request(void **state)
{
    (void)state;
    struct script_scene scene;
    struct tape tape;
    open_with(&scene, "gw.log('a \"b\"\\n', 'warn') gw.log('unseen', 'debug')");
    assert_int_equal(lines_of(&scene, &tape, 1000), 1);
    assert_non_null(strstr(tape.text, "\"event\":\"filter\""));
    assert_non_null(strstr(tape.text, "\"filter\":\"test.lua\",\"message\":\"a \\\"b\\\"\\n\""));
    assert_non_null(strstr(tape.text, "\"request_id\":\"req-1\""));
    assert_null(strstr(tape.text, "left_out"));
    script_scene_close(&scene);
}

static void a_call_writes_ten_lines_a_second_a_hundred_and_none_fails(void **state)
{
    (void)state;
    struct script_scene scene;
    struct tape tape;
    open_with(&scene, "for i = 1, 25 do gw.log('line ' .. i) end");
    size_t lines = 0;
    for (int i = 0; i < 15; i++) {
        size_t some = lines_of(&scene, &tape, 1000 + (uint64_t)i);
        assert_true(some <= SCRIPT_LINES_A_CALL);
        lines += some;
    }
    assert_int_equal(lines, SCRIPT_LINES_A_SECOND);
    assert_int_equal(lines_of(&scene, &tape, 2001), SCRIPT_LINES_A_CALL);
    assert_non_null(strstr(tape.text, "\"message\":\"line 1\""));
    assert_non_null(strstr(tape.text, "\"left_out\":"));
    assert_null(strstr(strstr(tape.text, "line 2"), "left_out"));
    script_scene_close(&scene);
}

static void what_a_filter_counts_is_summed_by_name(void **state)
{
    (void)state;
    struct script_scene scene;
    struct metrics *metrics = metrics_create(1);
    open_with(&scene, "gw.metric('seen') gw.metric('seen', 4)\n"
                      "for i = 1, 100 do gw.metric('name-' .. i) end");
    scene.call.metrics = metrics;
    scene.call.cells = metrics_cells(metrics, 0);
    for (int i = 0; i < 2; i++) {
        if (script_scene_run(&scene, SCRIPT_REQUEST) != SCRIPT_DONE)
            fail_msg("%s", scene.error);
    }
    unsigned seen = metrics_word(metrics, LABEL_FILTER_EVENT, SPAN("seen"));
    unsigned last = metrics_word(metrics, LABEL_FILTER_EVENT, SPAN("name-31"));
    assert_int_equal(metrics_sum(metrics, METRIC_FILTER_EVENTS, AT(seen)), 10);
    assert_int_equal(metrics_sum(metrics, METRIC_FILTER_EVENTS, AT(last)), 2);
    assert_int_equal(metrics_sum(metrics, METRIC_FILTER_EVENTS, AT(WORD_OTHER)), 2 * 69);
    script_scene_close(&scene);
    metrics_destroy(metrics);
}

static void what_is_no_name_or_number_is_an_error(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "gw.metric('')",       "gw.metric('a b')",         "gw.metric('a\\0')",
        "gw.metric('a\"')",    "gw.metric('a', -1)",       "gw.metric('a', 1e10)",
        "gw.metric('a', 1.5)", "gw.metric(('a'):rep(65))", "gw.log()",
        "gw.log('a', 'loud')",
    };
    for (size_t i = 0; i < COUNT_OF(bodies); i++) {
        struct script_scene scene;
        open_with(&scene, bodies[i]);
        if (script_scene_run(&scene, SCRIPT_REQUEST) != SCRIPT_FAILED)
            fail_msg("%s is taken", bodies[i]);
        assert_non_null(strstr(scene.error, "filters/test.lua:2: bad argument"));
        script_scene_close(&scene);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_names_the_filter_and_the_request),
        cmocka_unit_test(a_call_writes_ten_lines_a_second_a_hundred_and_none_fails),
        cmocka_unit_test(what_a_filter_counts_is_summed_by_name),
        cmocka_unit_test(what_is_no_name_or_number_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
