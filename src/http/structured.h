/* structured.h - Structured Fields, strictly, item by item (RFC 8941 §4.2).
 *
 * A field is valid as a whole or not at all: who walks one uses nothing of it before SF_END. What is
 * handed out borrows from the text. Takes the types of RFC 8941; the two that RFC 9651 adds, dates
 * and display strings, are invalid. Pure; linear; no allocation.
 */
#ifndef HTTP_STRUCTURED_H
#define HTTP_STRUCTURED_H

#include "base/arena.h"

enum sf_kind {
    SF_INTEGER,
    SF_DECIMAL,
    SF_STRING,
    SF_TOKEN,
    SF_BYTES,
    SF_BOOLEAN,
    SF_INNER_LIST,
};

struct sf_value {
    enum sf_kind kind;
    int64_t number;   /* of an integer; thousandths of a decimal; 0 or 1 of a boolean */
    struct span text; /* a token; a string without its quotes, still escaped; base64 without its
                          colons; what stands between the parentheses of an inner list */
    struct span parameters; /* from the first ';' on; for sf_next_parameter */
};

enum sf_step { SF_MEMBER, SF_END, SF_INVALID };

/* Walks a list or a dictionary. A field of several lines is walked line by line: that is what they
 * are when joined with commas (RFC 8941 §4.2), where an empty line among others is invalid. */
struct sf_walk {
    struct span rest; /* borrowed */
    bool has_begun;
};

void sf_walk_init(struct sf_walk *walk, struct span text);

/* The next member of a dictionary. A key that comes again replaces the value that it had (§4.2.2):
 * the caller sees both and keeps the last. A key without a value is the boolean 1. */
enum sf_step sf_next_member(struct sf_walk *walk, struct span *key, struct sf_value *value);

/* The next member of a list. */
enum sf_step sf_next_element(struct sf_walk *walk, struct sf_value *value);

/* text as one item, which is no inner list (§4.2.3). */
bool sf_item_read(struct span text, struct sf_value *value);

/* The next item of an inner list (of its text), the next parameter of a value (of its parameters).
 * Both have been checked already; they end with SF_END. */
enum sf_step sf_next_inner(struct span *rest, struct sf_value *value);
enum sf_step sf_next_parameter(struct span *rest, struct span *key, struct sf_value *value);

/* A string's text without its escapes: itself when it has none, else a copy in the arena. */
struct span sf_unescape(struct arena *arena, struct span text);

/* Whether text can be written as a token (§3.3.4). */
bool sf_is_token(struct span text);

/* text as a string, with quotes, escapes and '?' for what is not printable ASCII. */
struct span sf_string_write(struct arena *arena, struct span text);

#endif
