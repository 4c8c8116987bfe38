/* json_writer.h - JSON into a fixed run of bytes, escaped, commas placed, never more than fits.
 *
 * For log lines and error bodies, which have bounds of their own: what does not fit cuts the value
 * that was being written (strings end cleanly) and every later member is left out, so that the
 * text is valid JSON whatever came in. Invalid UTF-8 is replaced by U+FFFD. No allocation.
 */
#ifndef BASE_JSON_WRITER_H
#define BASE_JSON_WRITER_H

#include "base/base.h"

struct json_writer {
    char *at; /* borrowed: the caller's bytes */
    size_t len, cap;
    unsigned depth; /* open objects and arrays, each of which reserves its closing byte */
    uint32_t kinds; /* a bit a level: 1 = array */
    unsigned
        left_out; /* opened when nothing fitted any more: their closing is not written either */
    bool needs_comma, is_full;
};

/* cap ≥ 64. */
void json_init(struct json_writer *json, char *at, size_t cap);

void json_object(struct json_writer *json);
void json_object_in(struct json_writer *json, struct span name);
void json_array_in(struct json_writer *json, struct span name);
void json_close(struct json_writer *json); /* the innermost object or array */

void json_text(struct json_writer *json, struct span name, struct span value);
void json_number(struct json_writer *json, struct span name, int64_t value);
void json_bool(struct json_writer *json, struct span name, bool value);
void json_null(struct json_writer *json, struct span name);

/* The same with a name of the program's own, a literal without anything to escape: for what is written on
 * every request. */
#define JSON_TEXT(json, name, value)   json_text_of(json, SPAN("\"" name "\":"), value)
#define JSON_NUMBER(json, name, value) json_number_of(json, SPAN("\"" name "\":"), value)
#define JSON_WORD(json, name, value)   json_word_of(json, SPAN("\"" name "\":"), value)
void json_text_of(struct json_writer *json, struct span quoted, struct span value);
void json_number_of(struct json_writer *json, struct span quoted, int64_t value);

/* The same with a value that is the program's own or was looked at: nothing in it is escaped either. */
void json_word_of(struct json_writer *json, struct span quoted, struct span value);

/* A member whose value is JSON already. Left out whole if it does not fit. */
void json_raw(struct json_writer *json, struct span name, struct span value);

/* An element of an array. */
void json_element(struct json_writer *json, struct span value);

/* Closes what is open and returns the text, borrowed from the caller's bytes. */
struct span json_finish(struct json_writer *json);

#endif
