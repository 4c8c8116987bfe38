/* known_fields.h - what the fields of a request meant, for the next request that brings the same bytes.
 *
 * Over one connection a client sends much the same fields with request after request; what differs is the
 * start line. All that follows from the fields alone then follows again: that they are well-formed, the list
 * of them, Host, the framing. Compared is every byte, so nothing is guessed, and nothing is known of fields
 * that were refused. Pure but for its memory, which holds a copy of the bytes, credentials too: it is of one
 * connection and ends with it.
 */
#ifndef HTTP_KNOWN_FIELDS_H
#define HTTP_KNOWN_FIELDS_H

#include "http/head_check.h"
#include "http/message.h"

struct known_fields {
    struct passed_fields passed; /* for head_check; its bytes are this block's own */
    unsigned version;            /* of the request: framing and persistence depend on it */
    struct header_list headers;  /* in those bytes; the array too is this block's own */
    struct framing framing;
    bool keep_alive, expects_continue;
};

/* A new one, for the caller to free, of a request as the parser has filled it. fields: its head from the
 * second line on, the empty line included, which passed head_check within these limits. NULL when they are
 * many or long, or when a field was replaced by what the start line said. */
struct known_fields *known_fields_new(struct span fields, const struct head_limits *limits,
                                      const struct request *request);

/* Fills in of *request, whose start line has been read, what the same fields have meant before, with room in
 * the list for `spare` more; false when these are others, or came with another version. known: may be NULL. */
bool known_fields_recall(const struct known_fields *known, struct span fields, size_t spare,
                         struct arena *arena, struct request *request);

/* What a connection knows; zero to begin. */
struct field_memory {
    struct known_fields *known; /* owned; NULL: nothing */
    uint32_t strange;           /* requests since one had the known fields */
};

/* A request has been accepted, whose fields were the known ones or not. Those that were not are kept when their
 * number since is 2, 4, 8 and so on: not of a first request, which may be the only one, and ever more seldom of
 * a client that never sends the same. The rest as for known_fields_new; fields need not be cut out of the head when
 * they were known. */
void field_memory_note(struct field_memory *memory, bool was_known, struct span fields,
                       const struct head_limits *limits, const struct request *request);
void field_memory_clear(struct field_memory *memory);

#endif
