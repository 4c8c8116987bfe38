/* body_reader.h - takes a body out of the bytes of a connection, whatever frames it.
 *
 * A pull reader: the caller hands in what has arrived and gets the body's bytes as spans of it, until
 * the body is complete. Chunked framing is read strictly (RFC 9112 §7.1): no bare line ends, no
 * space around sizes, extensions and trailers bounded and dropped. Pure.
 */
#ifndef HTTP_BODY_READER_H
#define HTTP_BODY_READER_H

#include "http/message.h"

enum body_state {
    BODY_MORE,     /* in is used up; more must come */
    BODY_PIECE,    /* piece holds bytes of the body; call again */
    BODY_COMPLETE, /* the body has ended; what is left of in belongs to the next message */
    BODY_BROKEN,   /* the framing is wrong: nothing after it can be trusted */
};

struct body_reader {
    enum body_kind kind;
    uint8_t state;        /* of the chunked framing */
    uint16_t line_bytes;  /* of the current size or trailer line, bounded */
    uint32_t extra_bytes; /* of all extensions, less the data between them, or of all trailers */
    uint64_t left;        /* of the length or the chunk */
};

void body_reader_init(struct body_reader *reader, const struct framing *framing);

/* Takes from the front of *in. A body of BODY_NONE is complete at once. */
enum body_state body_reader_next(struct body_reader *reader, struct span *in, struct span *piece);

/* The peer has ended its side: whether the body is complete (BODY_UNTIL_CLOSE, or ended before). */
bool body_reader_end(const struct body_reader *reader);

#endif
