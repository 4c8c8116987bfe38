#include "http/head_check.h"

#include "base/text.h"
#include "http/byte_class.h"
#include "http/start_line.h"

/* What the next byte belongs to. */
enum state {
    AT_START = 0,
    AT_SKIPPED_LF,
    IN_METHOD,
    IN_START_LINE, /* after the method, if there is one */
    AT_LF,
    AT_LINE,
    IN_NAME,
    IN_VALUE,
    AT_LAST_LF,
};

#define FAULT_ROW(name, status, text) [name] = {status, {text, sizeof(text) - 1}},
static const struct {
    unsigned status;
    struct span text;
} faults[] = {HTTP_FAULTS(FAULT_ROW)};

unsigned http_fault_status(enum http_fault fault)
{
    return faults[fault].status;
}

struct span http_fault_text(enum http_fault fault)
{
    return faults[fault].text;
}

static enum http_fault fault_of(char c, enum http_fault otherwise)
{
    if (c == '\r' || c == '\n')
        return FAULT_BARE_LINE_END;
    return byte_is(c, BYTE_FIELD) ? otherwise : FAULT_CONTROL_BYTE;
}

static bool is_at_first_line(const struct head_check *check)
{
    return check->lines == 0;
}

/* RFC 9112 §2.2: one empty line before a request is what an old client leaves behind a body. */
static enum http_fault check_first_byte(struct head_check *check, enum head_kind kind, char c)
{
    if (kind == HEAD_RESPONSE) {
        check->state = IN_START_LINE;
        return FAULT_NONE;
    }
    if (c == '\r' && check->skipped > 0)
        return FAULT_START_LINE;
    if (c == '\r') {
        check->state = AT_SKIPPED_LF;
        check->checked++;
        return FAULT_NONE;
    }
    check->state = IN_METHOD;
    return byte_is(c, BYTE_TOKEN) ? FAULT_NONE : fault_of(c, FAULT_METHOD);
}

static enum http_fault check_line_start(struct head_check *check, char c,
                                        const struct head_limits *limits)
{
    if (c == '\r') {
        check->state = AT_LAST_LF;
        check->checked++;
        return FAULT_NONE;
    }
    if (check->lines > limits->header_count)
        return FAULT_TOO_MANY_HEADERS;
    if (c == ' ' || c == '\t')
        return FAULT_FOLDED_LINE;
    check->state = IN_NAME;
    return byte_is(c, BYTE_TOKEN) ? FAULT_NONE : fault_of(c, FAULT_HEADER_NAME);
}

static enum http_fault check_start_line(enum head_kind kind, struct span line)
{
    struct request_line request;
    struct status_line response;
    return kind == HEAD_REQUEST ? request_line_parse(line, &request)
                                : status_line_parse(line, &response);
}

static enum http_fault check_lf(struct head_check *check, enum head_kind kind, struct span bytes)
{
    if (bytes.at[check->checked] != '\n')
        return FAULT_BARE_LINE_END;
    size_t line_end = check->checked++ - 1;
    switch (check->state) {
    case AT_SKIPPED_LF:
        check->skipped = check->line = check->checked;
        check->state = AT_START;
        return FAULT_NONE;
    case AT_LAST_LF:
        check->len = check->checked;
        return FAULT_NONE;
    default:
        break;
    }
    struct span line = {bytes.at + check->line, line_end - check->line};
    enum http_fault fault = is_at_first_line(check) ? check_start_line(kind, line) : FAULT_NONE;
    check->lines++;
    check->line = check->checked;
    check->state = AT_LINE;
    return fault;
}

/* The byte that ended a run: either the one that must follow, or a fault. */
static enum http_fault check_run_end(struct head_check *check, char c)
{
    if (check->state == IN_NAME) {
        if (c == '\r')
            return FAULT_HEADER_NAME;
        check->state = IN_VALUE;
        return c == ':' ? FAULT_NONE : fault_of(c, FAULT_HEADER_NAME);
    }
    if (c == '\r') {
        check->state = AT_LF;
        return FAULT_NONE;
    }
    if (check->state == IN_METHOD && c == ' ') {
        check->state = IN_START_LINE;
        return FAULT_NONE;
    }
    return fault_of(c, FAULT_METHOD);
}

/* A name, a value or a part of the start line: as many bytes as may be in it, and the one after
 * them. */
static enum http_fault check_run(struct head_check *check, enum head_kind kind, struct span bytes,
                                 const struct head_limits *limits)
{
    size_t line_max = check->line + limits->line_bytes;
    size_t stop = bytes.len < line_max ? bytes.len : line_max;
    struct span run = {bytes.at + check->checked, stop - check->checked};
    bool is_of_tokens = check->state == IN_NAME || check->state == IN_METHOD;
    check->checked += is_of_tokens ? bytes_of_class(run, BYTE_TOKEN) : bytes_of_field(run);

    if (kind == HEAD_RESPONSE && is_at_first_line(check)) {
        struct span protocol = SPAN("HTTP/1.");
        size_t len = check->checked < protocol.len ? check->checked : protocol.len;
        if (memcmp(bytes.at, protocol.at, len) != 0)
            return FAULT_STATUS;
    }
    if (check->checked == bytes.len)
        return FAULT_NONE;
    char c = bytes.at[check->checked];
    if (check->checked == line_max && c != '\r') {
        bool is_request_line = kind == HEAD_REQUEST && is_at_first_line(check);
        return is_request_line ? FAULT_TARGET_TOO_LONG : FAULT_LINE_TOO_LONG;
    }
    check->checked++;
    return check_run_end(check, c);
}

/* Takes a good field that is there whole in one step, as nearly all are; whatever else is looked at part by
 * part, by which the fault is found. */
static bool check_good_field(struct head_check *check, struct span bytes,
                             const struct head_limits *limits)
{
    struct span line = span_skip(bytes, check->checked);
    size_t len = bytes_of_class(line, BYTE_TOKEN);
    if (check->lines > limits->header_count || len == 0 || len == line.len || line.at[len] != ':')
        return false;
    len += 1 + bytes_of_field(span_skip(line, len + 1));
    if (len > limits->line_bytes || line.len - len < 2 || line.at[len] != '\r' ||
        line.at[len + 1] != '\n')
        return false;
    check->checked += len + 2;
    check->line = check->checked;
    check->lines++;
    return true;
}

static bool are_equal(const struct head_limits *a, const struct head_limits *b)
{
    return a->head_bytes == b->head_bytes && a->line_bytes == b->line_bytes &&
           a->header_count == b->header_count;
}

/* Takes all fields in one step when they are those that have passed before and are there whole. */
static bool check_passed_fields(struct head_check *check, struct span bytes,
                                const struct head_limits *limits)
{
    const struct passed_fields *passed = check->passed;
    if (!passed || check->lines != 1 || !are_equal(&passed->limits, limits) ||
        !span_starts_with(span_skip(bytes, check->checked), passed->bytes))
        return false;
    check->checked += passed->bytes.len;
    check->len = check->checked;
    check->lines += passed->count;
    check->has_passed = true;
    return true;
}

static enum http_fault check_next(struct head_check *check, enum head_kind kind, struct span bytes,
                                  const struct head_limits *limits)
{
    switch ((enum state)check->state) {
    case AT_START:
        return check_first_byte(check, kind, bytes.at[check->checked]);
    case AT_LINE:
        if (check_passed_fields(check, bytes, limits) || check_good_field(check, bytes, limits))
            return FAULT_NONE;
        return check_line_start(check, bytes.at[check->checked], limits);
    case AT_SKIPPED_LF:
    case AT_LF:
    case AT_LAST_LF:
        return check_lf(check, kind, bytes);
    case IN_METHOD:
    case IN_START_LINE:
    case IN_NAME:
    case IN_VALUE:
        return check_run(check, kind, bytes, limits);
    }
    UNREACHABLE();
}

static enum http_fault too_large_fault(const struct head_check *check, enum head_kind kind)
{
    return kind == HEAD_REQUEST && is_at_first_line(check) ? FAULT_TARGET_TOO_LONG
                                                           : FAULT_HEAD_TOO_LARGE;
}

enum head_verdict head_check(struct head_check *check, enum head_kind kind, struct span bytes,
                             const struct head_limits *limits)
{
    struct span head = bytes;
    if (head.len > limits->head_bytes)
        head.len = limits->head_bytes;
    while (check->checked < head.len && check->len == 0 && check->fault == FAULT_NONE)
        check->fault = check_next(check, kind, head, limits);
    if (check->fault == FAULT_NONE && check->len == 0 && head.len == limits->head_bytes)
        check->fault = too_large_fault(check, kind);
    if (check->fault != FAULT_NONE)
        return HEAD_REFUSED;
    return check->len > 0 ? HEAD_COMPLETE : HEAD_PARTIAL;
}
