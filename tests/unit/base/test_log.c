#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/text.h"
#include "support/json_check.h"

enum { LINE_BYTES = 4096 };

/* Standard error, taken away for a while. */
struct capture {
    int saved, reader, writer;
};

static void begin_capture(struct capture *capture, int reader, int writer)
{
    *capture = (struct capture){dup(STDERR_FILENO), reader, writer};
    assert_true(capture->saved >= 0);
    assert_true(dup2(writer, STDERR_FILENO) >= 0);
}

static void capture_pipe(struct capture *capture)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    begin_capture(capture, ends[0], ends[1]);
}

static void capture_terminal(struct capture *capture)
{
    int terminal = posix_openpt(O_RDWR | O_NOCTTY);
    assert_true(terminal >= 0);
    assert_int_equal(grantpt(terminal), 0);
    assert_int_equal(unlockpt(terminal), 0);
    int other_side = open(ptsname(terminal), O_RDWR | O_NOCTTY);
    assert_true(other_side >= 0);
    begin_capture(capture, terminal, other_side);
}

/* Gives standard error back and reads what was written meanwhile, terminated. */
static size_t end_capture(struct capture *capture, char *text, size_t size)
{
    assert_true(dup2(capture->saved, STDERR_FILENO) >= 0);
    assert_int_equal(fcntl(capture->reader, F_SETFL, O_NONBLOCK), 0);
    ssize_t len = read(capture->reader, text, size - 1);
    close(capture->saved);
    close(capture->reader);
    close(capture->writer);
    text[len > 0 ? len : 0] = '\0';
    return len > 0 ? (size_t)len : 0;
}

static void a_pipe_gets_one_line_of_json_for_an_event(void **state)
{
    (void)state;
    struct capture capture;
    char text[LINE_BYTES + 1];
    capture_pipe(&capture);
    log_event(LOG_INFO, "ready",
              FIELDS(field_text("address", SPAN("127.0.0.1:8080")), field_number("workers", 2)));
    size_t len = end_capture(&capture, text, sizeof(text));
    assert_int_equal(text[len - 1], '\n');
    assert_true(json_is_valid((struct span){text, len - 1}));
    assert_memory_equal(text, "{\"ts\":\"20", 9);
    assert_non_null(strstr(text, "Z\",\"level\":\"info\",\"event\":\"ready\","
                                 "\"address\":\"127.0.0.1:8080\",\"workers\":2}\n"));
}

static void an_event_needs_no_fields(void **state)
{
    (void)state;
    struct capture capture;
    char text[LINE_BYTES + 1];
    capture_pipe(&capture);
    log_event(LOG_ERROR, "stopped", NO_FIELDS);
    (void)end_capture(&capture, text, sizeof(text));
    assert_non_null(strstr(text, "\"level\":\"error\",\"event\":\"stopped\"}\n"));
}

static void events_below_the_level_are_dropped(void **state)
{
    (void)state;
    struct capture capture;
    char text[LINE_BYTES + 1];
    capture_pipe(&capture);
    log_event(LOG_DEBUG, "hidden_at_first", NO_FIELDS);
    log_set_level(LOG_WARN);
    log_event(LOG_INFO, "hidden", NO_FIELDS);
    log_event(LOG_WARN, "shown", NO_FIELDS);
    log_milestone("awaited", NO_FIELDS);
    log_set_level(LOG_DEBUG);
    log_event(LOG_DEBUG, "detail", NO_FIELDS);
    log_set_level(LOG_INFO);
    (void)end_capture(&capture, text, sizeof(text));
    assert_null(strstr(text, "hidden"));
    assert_non_null(strstr(text, "\"shown\""));
    assert_non_null(strstr(text, "\"level\":\"info\",\"event\":\"awaited\""));
    assert_non_null(strstr(text, "\"level\":\"debug\",\"event\":\"detail\""));
}

static void a_value_cannot_begin_a_line_of_its_own(void **state)
{
    (void)state;
    struct capture capture;
    char text[LINE_BYTES + 1];
    capture_pipe(&capture);
    log_event(LOG_INFO, "refused",
              FIELDS(field_text("name", SPAN("x\n{\"event\":\"ready\"}\xff"))));
    size_t len = end_capture(&capture, text, sizeof(text));
    assert_ptr_equal(strchr(text, '\n'), text + len - 1);
    assert_true(json_is_valid((struct span){text, len - 1}));
}

static void a_long_event_is_cut_to_4_kib_and_stays_one_line_of_json(void **state)
{
    (void)state;
    struct capture capture;
    char text[2 * LINE_BYTES + 1], value[2 * LINE_BYTES];
    memset(value, '\n', sizeof(value));
    capture_pipe(&capture);
    log_event(LOG_INFO, "long",
              FIELDS(field_text("a", (struct span){value, sizeof(value)}), field_number("b", 1)));
    size_t len = end_capture(&capture, text, sizeof(text));
    assert_in_range(len, LINE_BYTES - 8, LINE_BYTES);
    assert_ptr_equal(strchr(text, '\n'), text + len - 1);
    assert_true(json_is_valid((struct span){text, len - 1}));
}

static void a_terminal_gets_readable_text(void **state)
{
    (void)state;
    struct capture capture;
    char text[LINE_BYTES + 1];
    assert_int_equal(setenv("NO_COLOR", "1", 1), 0);
    capture_terminal(&capture);
    log_event(LOG_WARN, "reload",
              FIELDS(field_text("file", SPAN("b\xc3\xbc.yaml")), field_number("line", -7)));
    (void)end_capture(&capture, text, sizeof(text));
    assert_non_null(strstr(text, "Z warn  reload  file=b\xc3\xbc.yaml  line=-7\r\n"));
    assert_null(strchr(text, '\x1b'));
}

static void colour_is_used_unless_no_color_is_set(void **state)
{
    (void)state;
    struct capture capture;
    char text[LINE_BYTES + 1];
    assert_int_equal(setenv("NO_COLOR", "", 1), 0);
    capture_terminal(&capture);
    log_event(LOG_ERROR, "failed", NO_FIELDS);
    (void)end_capture(&capture, text, sizeof(text));
    assert_int_equal(unsetenv("NO_COLOR"), 0);
    assert_non_null(strstr(text, "\x1b[31merror\x1b[0m failed\r\n"));
}

static void a_value_cannot_steer_the_terminal(void **state)
{
    (void)state;
    struct capture capture;
    char text[LINE_BYTES + 1];
    assert_int_equal(setenv("NO_COLOR", "1", 1), 0);
    capture_terminal(&capture);
    log_event(LOG_INFO, "x", FIELDS(field_text("v", SPAN("a\x1b[2J\r\n\x7f\xc2\x9b"))));
    (void)end_capture(&capture, text, sizeof(text));
    assert_non_null(strstr(text, "v=a\\x1b[2J\\x0d\\x0a\\x7f\\xc2"));
}

static void errno_survives_a_line(void **state)
{
    (void)state;
    struct capture capture;
    char text[LINE_BYTES + 1];
    capture_pipe(&capture);
    errno = ENOENT;
    log_event(LOG_INFO, "x", NO_FIELDS);
    int after = errno;
    (void)end_capture(&capture, text, sizeof(text));
    assert_int_equal(after, ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pipe_gets_one_line_of_json_for_an_event),
        cmocka_unit_test(an_event_needs_no_fields),
        cmocka_unit_test(events_below_the_level_are_dropped),
        cmocka_unit_test(a_value_cannot_begin_a_line_of_its_own),
        cmocka_unit_test(a_long_event_is_cut_to_4_kib_and_stays_one_line_of_json),
        cmocka_unit_test(a_terminal_gets_readable_text),
        cmocka_unit_test(colour_is_used_unless_no_color_is_set),
        cmocka_unit_test(a_value_cannot_steer_the_terminal),
        cmocka_unit_test(errno_survives_a_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
