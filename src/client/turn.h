/* turn.h - what the parts of client/ share: a connection, and the request whose turn it is.
 *
 * client_connection.c has the states, what comes in and the deadlines, client_response.c what goes
 * out, client_watch.c whether both move. For these files alone.
 */
#ifndef CLIENT_TURN_H
#define CLIENT_TURN_H

#include "base/buffer.h"
#include "client/client_connection.h"
#include "client/pace.h"
#include "http/body_reader.h"

enum pause_reason { PAUSE_AHEAD = 1, PAUSE_BODY = 2 };

enum client_state {
    OPENING,  /* the stream is not ready for bytes: a TLS handshake, a PROXY header */
    AT_REST,  /* nothing of a request yet */
    IN_HEAD,  /* a head has begun */
    IN_TURN,  /* a request is with the handler */
    IN_DRAIN, /* answered; the rest of its body is taken and dropped */
    LINGERS,  /* answered for the last time; reads until the client goes, so that no reset overtakes
                 the answer */
    GONE,     /* the stream is closed */
};

/* What exists only while a request is answered; in its own arena. */
struct turn {
    struct arena arena;
    struct request request;
    void *exchange;   /* the handler's */
    struct span head; /* of the response, not yet written */
    enum body_kind out;
    bool wants_body, body_is_over, continue_is_owed;
    bool is_started; /* the response's head was given */
    bool is_ended;   /* and its end */
    bool has_no_body;
    bool must_close;
    bool was_too_slow;
    bool is_last_call; /* the server has ended: who goes on without a client was told so */
    uint64_t bytes_in, bytes_out;
    struct pace receiving; /* of the body */
    struct task bury;
};

struct client_connection {
    struct stream *stream; /* owned; NULL once GONE */
    struct client_server *server;
    struct list link;
    struct turn *turn; /* NULL between requests */
    struct timer timer;
    struct task later;
    struct buffer input; /* what has come and was not taken yet */
    uint32_t taken;      /* of its front */
    enum client_state state : 8;
    bool is_pumping;
    bool is_owed;    /* bytes of an answer were queued when it was last looked at: see sending */
    bool could_send; /* more of the body since then: see turn->receiving */
    struct head_check check;
    struct field_memory memory; /* of the fields it sends */
    struct body_reader body;
    uint32_t drained; /* bytes of a body dropped in IN_DRAIN */
    struct pace sending;
    uint64_t rest_until_ms;      /* AT_REST, LINGERS: then it leaves, once it is owed nothing */
    struct client_origin origin; /* with the address that counts */
};
_Static_assert(sizeof(struct client_connection) <= 400, "a connection at rest is small");

/* Lets go of the stream; the block itself goes when no turn needs it any more. is_cut: what was
 * sent is not all; nor is it while a part is still queued here. */
void client_leave(struct client_connection *connection, bool is_cut);

/* Looks at what is kept, and at the head that is to go out, once no callback is on the stack. */
void client_wake(struct client_connection *connection);

/* Whether the client takes its answer fast enough. Who does not holds memory, and perhaps a call
 * upstream. Only what is queued here counts against it: the rest is the kernel's affair. */
bool client_takes_answer(struct client_connection *connection);

/* Whether it sends its request's body fast enough; a time in which it was we who did not read does
 * not count. In a turn. */
bool client_sends_body(struct client_connection *connection);

/* Begins to watch both, unless a timer is set: then somebody does. In a turn. */
void client_watch(struct client_connection *connection);

/* Sets the timer for the next look, if there is anything to look at. In a turn. */
void client_look_later(struct client_connection *connection);

#endif
