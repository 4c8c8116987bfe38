#include "base/log.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/calendar.h"
#include "base/clock.h"
#include "base/json_writer.h"
#include "base/text.h"

/* Not more than PIPE_BUF, so that a pipe takes a line whole (POSIX, write). */
enum { LINE_BYTES = 4096 };

static atomic_int lowest_level = LOG_INFO;

static const struct {
    const char *name, *colour;
} levels[] = {
    [LOG_DEBUG] = {"debug", "\x1b[2m"},
    [LOG_INFO] = {"info", "\x1b[32m"},
    [LOG_WARN] = {"warn", "\x1b[33m"},
    [LOG_ERROR] = {"error", "\x1b[31m"},
};

void log_set_level(enum log_level level)
{
    atomic_store_explicit(&lowest_level, (int)level, memory_order_relaxed);
}

enum log_level log_get_level(void)
{
    return (enum log_level)atomic_load_explicit(&lowest_level, memory_order_relaxed);
}

struct span log_level_name(enum log_level level)
{
    return span_of(levels[level].name);
}

bool log_level_parse(struct span name, enum log_level *level)
{
    for (size_t i = 0; i < COUNT_OF(levels); i++) {
        if (!span_equal(name, span_of(levels[i].name)))
            continue;
        *level = (enum log_level)i;
        return true;
    }
    return false;
}

static void write_json_field(struct json_writer *json, const struct log_field *field)
{
    struct span name = span_of(field->name);
    switch (field->kind) {
    case LOG_TEXT:
        json_text(json, name, field->text);
        return;
    case LOG_NUMBER:
        json_number(json, name, field->number);
        return;
    case LOG_LIST:
        break;
    }
    json_array_in(json, name);
    for (int64_t i = 0; i < field->number; i++)
        json_element(json, field->list[i]);
    json_close(json);
}

static size_t write_json(const struct log_line *line, enum log_level level, const char *event,
                         const struct log_field *fields, size_t count)
{
    char now[TIME_TEXT_SIZE];
    struct json_writer json;
    json_init(&json, line->at, line->size);
    json_object(&json);
    json_text(&json, SPAN("ts"), time_text(clock_wall_ms(), now));
    json_text(&json, SPAN("level"), span_of(levels[level].name));
    json_text(&json, SPAN("event"), span_of(event));
    for (size_t i = 0; i < count; i++)
        write_json_field(&json, &fields[i]);
    return json_finish(&json).len;
}

/* A line for people, cut where it is full. */
struct text_line {
    char *at;
    size_t len, cap;
};

static void add(struct text_line *line, struct span text)
{
    size_t left = line->cap - line->len, len = text.len < left ? text.len : left;
    if (len > 0)
        memcpy(line->at + line->len, text.at, len);
    line->len += len;
}

/* Values come from outside too and must not steer the terminal: C0 and, in UTF-8, C1 controls. */
static bool may_steer(struct span rest)
{
    unsigned char byte = (unsigned char)rest.at[0];
    if (byte < 0x20 || byte == 0x7f)
        return true;
    return byte == 0xc2 && rest.len > 1 && (unsigned char)rest.at[1] < 0xa0;
}

static void add_value(struct text_line *line, struct span value)
{
    for (; value.len > 0; value = span_skip(value, 1)) {
        char escaped[8];
        if (may_steer(value)) {
            (void)snprintf(escaped, sizeof(escaped), "\\x%02x", (unsigned char)value.at[0]);
            add(line, span_of(escaped));
        } else {
            add(line, (struct span){value.at, 1});
        }
    }
}

static void add_field(struct text_line *line, const struct log_field *field)
{
    add(line, SPAN("  "));
    add(line, span_of(field->name));
    add(line, SPAN("="));
    char digits[24];
    switch (field->kind) {
    case LOG_TEXT:
        add_value(line, field->text);
        return;
    case LOG_NUMBER:
        (void)snprintf(digits, sizeof(digits), "%lld", (long long)field->number);
        add(line, span_of(digits));
        return;
    case LOG_LIST:
        break;
    }
    for (int64_t i = 0; i < field->number; i++) {
        add(line, i > 0 ? SPAN(",") : SPAN(""));
        add_value(line, field->list[i]);
    }
}

static size_t write_text(const struct log_line *to, enum log_level level, const char *event,
                         const struct log_field *fields, size_t count)
{
    const char *no_color = getenv("NO_COLOR");
    bool has_colour = !no_color || !no_color[0];
    char start[80], now[TIME_TEXT_SIZE];
    struct span ts = time_text(clock_wall_ms(), now);
    (void)snprintf(start, sizeof(start), "%.*s %s%-5s%s ", (int)ts.len, ts.at,
                   has_colour ? levels[level].colour : "", levels[level].name,
                   has_colour ? "\x1b[0m" : "");
    struct text_line line = {to->at, 0, to->size};
    add(&line, span_of(start));
    add(&line, span_of(event));
    for (size_t i = 0; i < count; i++)
        add_field(&line, &fields[i]);
    return line.len;
}

size_t log_format(const struct log_line *line, enum log_level level, const char *event,
                  const struct log_field *fields, size_t count)
{
    return line->is_text ? write_text(line, level, event, fields, count)
                         : write_json(line, level, event, fields, count);
}

static void write_event(enum log_level level, const char *event, const struct log_field *fields,
                        size_t count)
{
    int saved_errno = errno;
    char line[LINE_BYTES];
    const struct log_line to = {line, sizeof(line) - 1, isatty(STDERR_FILENO)};
    size_t len = log_format(&to, level, event, fields, count);
    line[len++] = '\n';
    while (write(STDERR_FILENO, line, len) < 0 && errno == EINTR)
        continue;
    errno = saved_errno;
}

void log_event(enum log_level level, const char *event, const struct log_field *fields,
               size_t count)
{
    if ((int)level >= atomic_load_explicit(&lowest_level, memory_order_relaxed))
        write_event(level, event, fields, count);
}

void log_milestone(const char *event, const struct log_field *fields, size_t count)
{
    write_event(LOG_INFO, event, fields, count);
}
