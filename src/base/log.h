/* log.h - events: one line each, a name and fields, on standard error.
 *
 * JSON where standard error is a file or a pipe, readable text where it is a terminal (coloured
 * unless NO_COLOR is set). For rare things: start, stop, failures. Requests have the access log
 * (log_writer.h). Any thread. Nothing secret may be passed in.
 *
 *     log_event(LOG_INFO, "ready", FIELDS(field_text("address", address), field_number("workers", 2)));
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/base.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

struct log_field {
    const char *name;
    enum log_field_kind { LOG_TEXT, LOG_NUMBER, LOG_LIST } kind;
    struct span text;
    int64_t number;
    const struct span *list; /* borrowed for the call; number of them */
};

#define FIELDS(...)                                                                                \
    (const struct log_field[]){__VA_ARGS__},                                                       \
        sizeof((const struct log_field[]){__VA_ARGS__}) / sizeof(struct log_field)
#define NO_FIELDS NULL, 0

static inline struct log_field field_text(const char *name, struct span text)
{
    return (struct log_field){.name = name, .text = text};
}

static inline struct log_field field_number(const char *name, int64_t number)
{
    return (struct log_field){.name = name, .kind = LOG_NUMBER, .number = number};
}

static inline struct log_field field_list(const char *name, const struct span *list, size_t count)
{
    return (struct log_field){
        .name = name, .kind = LOG_LIST, .list = list, .number = (int64_t)count};
}

/* Lines below the level are dropped; LOG_INFO at first. */
void log_set_level(enum log_level level);

/* The line of an event, without its newline, into the caller's bytes (size ≥ 64): JSON, or for people. */
struct log_line {
    char *at;
    size_t size;
    bool is_text;
};
size_t log_format(const struct log_line *line, enum log_level level, const char *event,
                  const struct log_field *fields, size_t count);

/* Debug, info, warn or error; false when it is none. */
bool log_level_parse(struct span name, enum log_level *level);
struct span log_level_name(enum log_level level);
enum log_level log_get_level(void);

/* The line is written whole or not at all, at most 4 KiB of it. */
void log_event(enum log_level level, const char *event, const struct log_field *fields,
               size_t count);

/* An event of level info that others wait for: written whatever the level. */
void log_milestone(const char *event, const struct log_field *fields, size_t count);

#endif
