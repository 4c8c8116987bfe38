/* json_writer.h - JSON into a fixed run of bytes, escaped, commas placed, never more than fits.
 *
 * For log lines and error bodies, which have bounds of their own: what does not fit cuts the value
 * that was being written (strings end cleanly) and every later member is left out, so that the
 * text is valid JSON whatever came in. Invalid UTF-8 is replaced by U+FFFD. No allocation.
 */
#ifndef BASE_JSON_WRITER_H
#define BASE_JSON_WRITER_H

#include "base/text.h"

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
 * every request. A word is a text that is the program's own or was looked at: nothing in it is escaped either. */
#define JSON_TEXT(json, name, value)   json_text_of(json, SPAN(",\"" name "\":\""), value)
#define JSON_WORD(json, name, value)   json_word_of(json, SPAN(",\"" name "\":\""), value)
#define JSON_NUMBER(json, name, value) json_number_of(json, SPAN(",\"" name "\":"), value)

/* A member whose value is JSON already. Left out whole if it does not fit. */
void json_raw(struct json_writer *json, struct span name, struct span value);

/* An element of an array. */
void json_element(struct json_writer *json, struct span value);

/* Closes what is open and returns the text, borrowed from the caller's bytes. */
struct span json_finish(struct json_writer *json);

/* --- For the macros above: in the header, as a literal of known length is copied without a call --- */

/* Nothing in it has to be escaped. */
bool json_is_plain(struct span value);

/* Where a member's value goes when both fit, as nearly all do; NULL: with care. member: ',', the name and what is
 * before the value; the ',' is not written if there is no need. */
__attribute__((always_inline)) static inline char *
json_begin_member(struct json_writer *json, struct span member, size_t value_len)
{
    if (json->is_full || member.len + value_len >= json->cap - json->len - json->depth)
        return NULL;
    char *at = json->at + json->len;
    size_t skipped = json->needs_comma ? 0 : 1;
    json->needs_comma = true;
    memcpy(at, member.at + skipped, member.len); /* the literal's end for one that is skipped */
    return at + member.len - skipped;
}

__attribute__((always_inline)) static inline void
json_word_of(struct json_writer *json, struct span member, struct span value)
{
    char *at = json_begin_member(json, member, value.len);
    if (!at) {
        json_text(json, (struct span){member.at + 2, member.len - SPAN(",\"\":\"").len}, value);
        return;
    }
    at = put_span(at, value);
    *at = '"';
    json->len = (size_t)(at + 1 - json->at);
}

__attribute__((always_inline)) static inline void
json_text_of(struct json_writer *json, struct span member, struct span value)
{
    if (json_is_plain(value))
        json_word_of(json, member, value);
    else
        json_text(json, (struct span){member.at + 2, member.len - SPAN(",\"\":\"").len}, value);
}

__attribute__((always_inline)) static inline void json_number_of(struct json_writer *json,
                                                                 struct span member, int64_t value)
{
    char room[U64_DIGITS];
    struct span digits = u64_digits((uint64_t)value, room);
    char *at = value < 0 ? NULL : json_begin_member(json, member, digits.len);
    if (at)
        json->len = (size_t)(put_span(at, digits) - json->at);
    else
        json_number(json, (struct span){member.at + 2, member.len - SPAN(",\"\":").len}, value);
}

#endif
