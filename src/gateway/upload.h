/* upload.h - the request's body on its way up: client to upstream, with back-pressure, held for a
 * second try as far as that is bounded.
 *
 * Before the upstream is asked, pieces are held; then they are sent as they come. The first
 * replay_bytes are kept until the answer's head, so that a request may be sent again whole. Owned by
 * the forward stage; lives in its arena, its buffer is freed by upload_clear.
 */
#ifndef GATEWAY_UPLOAD_H
#define GATEWAY_UPLOAD_H

#include "gateway/exchange.h"

struct upload {
    struct exchange *exchange;  /* borrowed */
    struct upstream_call *call; /* borrowed */
    struct buffer held;
    uint64_t len, limit; /* of the body: so far, and what the service takes */
    bool is_ready;       /* the call takes pieces */
    bool is_over;        /* the client has sent all */
    bool is_whole;       /* held has everything so far: the request can be sent again */
};

enum upload_result { UPLOAD_OK, UPLOAD_TOO_LARGE, UPLOAD_OVERLOADED };

void upload_init(struct upload *upload, struct exchange *exchange, struct upstream_call *call,
                 uint64_t limit);

/* All of the body has come, or as much as is held: time to ask the upstream. */
bool upload_is_gathered(const struct upload *upload);

/* The call is ready (for the first or a further time): sends what is held, and lets the rest come. */
void upload_begin(struct upload *upload);

/* The call is no longer there; pieces are held again until the next upload_begin. Only while
 * is_whole. */
void upload_rewind(struct upload *upload);

/* A piece from the client. Anything but UPLOAD_OK: the request must be refused. */
enum upload_result upload_take(struct upload *upload, struct span piece) MUST_CHECK;

/* All of the body, which somebody has gathered already. */
void upload_give(struct upload *upload, struct span body);

/* The client has sent all. */
void upload_end(struct upload *upload);

/* The call has room again. */
void upload_drained(struct upload *upload);

/* No second try will be made: what is held and sent already is dropped. */
void upload_forget(struct upload *upload);

void upload_clear(struct upload *upload);

#endif
