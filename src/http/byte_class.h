/* byte_class.h - what a byte may be part of: one look-up a byte, for everything that scans. Pure. */
#ifndef HTTP_BYTE_CLASS_H
#define HTTP_BYTE_CLASS_H

#include "base/base.h"

enum byte_class {
    BYTE_TOKEN = 1,       /* tchar (RFC 9110 §5.6.2) */
    BYTE_FIELD = 2,       /* of a field value: HTAB, SP, visible, obs-text (RFC 9110 §5.5) */
    BYTE_VISIBLE = 4,     /* VCHAR: ASCII without controls and space */
    BYTE_PATH = 8,        /* of a path as it is forwarded; escapes, '/' and brackets included */
    BYTE_UNRESERVED = 16, /* RFC 3986 §2.3; of a name or an IPv4 address in Host, too */
};

extern const uint8_t byte_classes[256];

static inline bool byte_is(char c, enum byte_class class)
{
    return (byte_classes[(unsigned char)c] & class) != 0;
}

/* How many bytes from the front of text are of the class. */
size_t bytes_of_class(struct span text, enum byte_class class);

/* The same for BYTE_FIELD, eight bytes at a time: values are most of a head. */
size_t bytes_of_field(struct span text);

/* Copies the value of a field, for which there is room and BYTES_BEHIND more, which may be written to. False: it
 * holds a byte that none may have. */
enum { BYTES_BEHIND = 8 };
bool copy_field(char *to, struct span value);

/* Whether text is a token: not empty, of BYTE_TOKEN only. */
bool is_token(struct span text);

#endif
