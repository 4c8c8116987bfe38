/* head_check.h - finds the end of a head and refuses bytes that could be read in two ways.
 *
 * Runs before the parser, on requests and responses alike, because the parser is more forgiving than
 * a gateway may be (folded values, "Host :", bare line feeds, empty names). Incremental: a head
 * that drips in is not read again from its start. Pure.
 */
#ifndef HTTP_HEAD_CHECK_H
#define HTTP_HEAD_CHECK_H

#include "base/base.h"

/* Everything that can be wrong with a message, with the status a request gets for it and a
 * sentence for its sender. One table for head_check, parser, framing, url and body_reader. */
#define HTTP_FAULTS(X)                                                                             \
    X(FAULT_NONE, 0, "")                                                                           \
    X(FAULT_HEAD_TOO_LARGE, 431, "The request head is larger than this gateway accepts.")          \
    X(FAULT_LINE_TOO_LONG, 431, "A header line is longer than this gateway accepts.")              \
    X(FAULT_TARGET_TOO_LONG, 414, "The request line is longer than this gateway accepts.")         \
    X(FAULT_TOO_MANY_HEADERS, 431, "There are more headers than this gateway accepts.")            \
    X(FAULT_BARE_LINE_END, 400, "A line does not end with CR LF.")                                 \
    X(FAULT_CONTROL_BYTE, 400, "The head holds a control byte.")                                   \
    X(FAULT_FOLDED_LINE, 400, "A header line is folded, which HTTP no longer allows.")             \
    X(FAULT_START_LINE, 400, "The first line is not one of HTTP/1.")                               \
    X(FAULT_METHOD, 400, "The method is not a token.")                                             \
    X(FAULT_METHOD_REFUSED, 501, "This gateway does not serve the methods CONNECT and TRACE.")     \
    X(FAULT_VERSION, 505, "Only HTTP/1.0 and HTTP/1.1 are spoken here.")                           \
    X(FAULT_HEADER_NAME, 400, "A header name is empty or not a token.")                            \
    X(FAULT_HEADER_ALIAS, 400, "A header of the injected family is spelled with an underscore.")   \
    X(FAULT_HEADER_REPEATED, 400, "A header that may come once is repeated.")                      \
    X(FAULT_HOST, 400, "The Host header is missing, repeated or malformed.")                       \
    X(FAULT_LENGTH, 400, "The Content-Length is repeated or not a number.")                        \
    X(FAULT_LENGTH_AND_CODING, 400, "Content-Length and Transfer-Encoding exclude each other.")    \
    X(FAULT_CODING, 400, "The Transfer-Encoding is not one \"chunked\" in HTTP/1.1.")              \
    X(FAULT_TARGET, 400, "The request target is malformed.")                                       \
    X(FAULT_PATH, 400, "The path holds a dot segment, %00, a backslash or a bad escape.")          \
    X(FAULT_EXPECT, 417, "The only expectation understood is 100-continue.")                       \
    X(FAULT_CHUNK, 400, "The chunked body is malformed.")                                          \
    X(FAULT_TIMEOUT, 408, "The request did not arrive in time.")                                   \
    X(FAULT_STATUS, 400, "The status line is malformed.")                                          \
    X(FAULT_PARSER, 400, "The message is malformed.")

#define FAULT_ENUM(name, status, text) name,
enum http_fault { HTTP_FAULTS(FAULT_ENUM) };
#undef FAULT_ENUM

unsigned http_fault_status(enum http_fault fault);
struct span http_fault_text(enum http_fault fault);

struct head_limits {
    size_t head_bytes; /* with the empty line */
    size_t line_bytes; /* of each line, the first one too, without its end */
    size_t header_count;
};

enum head_kind { HEAD_REQUEST, HEAD_RESPONSE, HEAD_KIND_COUNT };
enum head_verdict { HEAD_PARTIAL, HEAD_COMPLETE, HEAD_REFUSED };

/* The fields of another head that have passed, its empty line included. */
struct passed_fields {
    struct span bytes;
    size_t count;              /* of the fields */
    struct head_limits limits; /* within which they did */
};

/* Where the check of one head stands; zero to begin. */
struct head_check {
    const struct passed_fields
        *passed;     /* borrowed; what has passed is not looked at again; or NULL */
    bool has_passed; /* the fields are those */
    uint8_t state;   /* what the next byte belongs to */
    size_t checked;  /* bytes looked at: the next call goes on from here */
    size_t skipped;  /* of them: an empty line before the head (RFC 9112 §2.2), at most one */
    size_t line;     /* where the line under way begins */
    size_t lines;    /* before it, the start line included */
    size_t len;      /* HEAD_COMPLETE: the head's bytes, skipped ones included */
    enum http_fault fault; /* HEAD_REFUSED */
};

/* bytes: all that came so far, from the head's first byte on; what follows the head is not looked
 * at. Refuses at the first byte that makes it certain, so the answer does not depend on the pieces
 * in which the head came. */
enum head_verdict head_check(struct head_check *check, enum head_kind kind, struct span bytes,
                             const struct head_limits *limits);

#endif
