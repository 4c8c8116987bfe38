/* start_line.h - the first line of a head, exactly as RFC 9112 §3 and §4 spell it. Pure. */
#ifndef HTTP_START_LINE_H
#define HTTP_START_LINE_H

#include "http/head_check.h"

struct request_line {
    struct span method, target; /* of the line; the target is not empty and has no white space */
    unsigned version; /* 10 or 11: a higher minor version is read as 11 (RFC 9110 §2.5) */
};

/* line: without its end. One space between the parts, no other white space. */
enum http_fault request_line_parse(struct span line, struct request_line *parsed);

struct status_line {
    unsigned status; /* 100 to 999 */
    unsigned version;
};

/* The space after the status is required by the RFC and often left out together with the reason;
 * nothing else can be meant, so both are accepted. */
enum http_fault status_line_parse(struct span line, struct status_line *parsed);

#endif
