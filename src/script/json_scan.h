/* json_scan.h - JSON text token by token, where it stands (RFC 8259).
 *
 * Nothing is built and nothing allocated: tokens are spans of the text, so that what is edited keeps all
 * its other bytes. Strict, but for invalid UTF-8, which is nobody's business here; depth is bounded.
 * Pure.
 */
#ifndef SCRIPT_JSON_SCAN_H
#define SCRIPT_JSON_SCAN_H

#include "base/buffer.h"

enum json_token {
    TOKEN_END, /* of the text */
    TOKEN_BAD, /* no JSON, here */
    TOKEN_OBJECT,
    TOKEN_OBJECT_END,
    TOKEN_ARRAY,
    TOKEN_ARRAY_END,
    TOKEN_NAME, /* of a member: its value follows */
    TOKEN_STRING,
    TOKEN_NUMBER,
    TOKEN_TRUE,
    TOKEN_FALSE,
    TOKEN_NULL,
};

enum { JSON_DEPTH_MAX = 64 };

struct json_scan {
    struct span text;
    size_t at;
    struct span token; /* of names and strings: what is between the quotes */
    unsigned depth;    /* of what is open, the token's own opening included */
    uint64_t arrays;   /* a bit a level: it is an array */
    bool is_bad;
    enum json_expects {
        JSON_EXPECTS_VALUE,
        JSON_EXPECTS_VALUE_OR_END, /* behind [ */
        JSON_EXPECTS_NAME_OR_END,  /* behind { */
        JSON_EXPECTS_COMMA,        /* or the end of what is open */
    } expects;
};

void json_scan_init(struct json_scan *scan, struct span text);

enum json_token json_scan_next(struct json_scan *scan);

/* After the token that begins a value: to its last. False: no JSON. */
bool json_scan_skip(struct json_scan *scan, enum json_token first);

/* What a token of a name or a string means: escapes resolved. bytes ≥ token.len; returns how many. A
 * surrogate that stands alone becomes U+FFFD. */
size_t json_unescape(struct span token, char *bytes);

/* Appends text as a string with its quotes; ERR_LIMIT when there is no room. Bytes that are no UTF-8
 * become U+FFFD. */
enum status json_append_string(struct buffer *out, struct span text) MUST_CHECK;

#endif
