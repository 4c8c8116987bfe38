/* writer.h - heads and chunk framing into bytes.
 *
 * A head is written into one run of the arena, so that it goes out with the first piece of the body
 * in one call. Names and values were checked when they were parsed or are our own; a CR, LF or NUL in
 * one is a bug and ends the process.
 */
#ifndef HTTP_WRITER_H
#define HTTP_WRITER_H

#include "base/arena.h"
#include "http/message.h"

/* "POST /path HTTP/1.1 … Content-Length|Transfer-Encoding … \r\n\r\n". Fields of the list that are
 * framing or hop-by-hop are left out; framing is written from request->framing (BODY_LENGTH 0 bodies
 * of methods that usually have one are written as "content-length: 0" when wants_length is set). */
struct span write_request_head(struct arena *arena, const struct request *request,
                               bool wants_length);

struct response_line_options {
    bool keep_alive;       /* else Connection: close */
    unsigned idle_seconds; /* for Keep-Alive: timeout=…; 0: not said */
    bool to_http10;        /* the client spoke HTTP/1.0: say Connection: keep-alive, never chunk */
    bool to_head;          /* an answer to HEAD or a 304: the length, if any, describes no body */
    struct span date;      /* added when the response has no Date */
};

/* The same for a response; an unknown status gets an empty reason. With BODY_UNTIL_CLOSE nothing is
 * said about the length; such a head, and a chunked one for HTTP/1.0, says "close" whatever
 * keep_alive is. With to_head, Content-Length of the list is kept as it came. */
struct span write_response_head(struct arena *arena, const struct response *response,
                                const struct response_line_options *options);

/* An interim response (100, 103) with its fields. */
struct span write_interim_head(struct arena *arena, const struct response *response);

/* The framing around one chunk, which is not empty: "1a2b\r\n" before it and "\r\n" after it. */
enum { CHUNK_HEAD_SIZE = 18 };
struct span write_chunk_head(char text[CHUNK_HEAD_SIZE], size_t len);
#define CHUNK_TAIL SPAN("\r\n")
#define CHUNK_LAST SPAN("0\r\n\r\n")

/* "OK" … for a status; empty for one without a registered reason. */
struct span reason_phrase(unsigned status);

#endif
