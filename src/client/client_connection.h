/* client_connection.h - one client's stream plus HTTP framing: requests come out, responses go in.
 *
 * One request at a time; pipelined ones wait in their order. Knows nothing of what answers them: a
 * handler is told of each request and sends the response through the functions below. At rest a
 * connection is one small block and its stream: arena and input buffer exist only while needed.
 *
 * Ownership: made for an accepted stream, closes and frees itself; the server's list has it until
 * then. The request, its arena and the connection are the handler's to use until it calls
 * client_done, which it must do exactly once for each request, also after on_gone. Lives on one loop.
 */
#ifndef CLIENT_CLIENT_CONNECTION_H
#define CLIENT_CLIENT_CONNECTION_H

#include "base/arena.h"
#include "http/date.h"
#include "http/message.h"
#include "http/parser.h"
#include "net/loop.h"
#include "net/stream.h"

struct client_options {
    struct head_limits head;
    size_t spare_headers;  /* room in a request's list for fields that are added */
    uint64_t head_ms;      /* from the first byte of a head to its last; and for a stream to open */
    uint64_t idle_ms;      /* between requests */
    unsigned keep_alive_s; /* what Keep-Alive promises; shorter than idle_ms */
    uint64_t linger_ms; /* how long a closing connection still reads, so that its answer arrives */
    size_t drain_bytes; /* of an unread request body, taken so that the connection can go on */
    uint64_t rate_window_ms; /* while a body moves, each window must see this much of it */
    uint64_t rate_bytes;
};

struct client_connection;

/* exchange is what on_request or on_refused returned; after client_done nothing more comes for it.
 * All are raised from the loop. Inside on_request and on_refused everything may be done, a complete
 * response and client_done included. */
struct client_handler {
    /* A checked request. Its body, if any, comes only after client_read_body. */
    void *(*on_request)(void *owner, struct client_connection *connection, struct arena *arena,
                        struct request *request);
    /* What came is not HTTP as this gateway takes it: to be answered and the connection closed. line
     * is what of its first line may be shown (printable, cut). */
    void *(*on_refused)(void *owner, struct client_connection *connection, struct arena *arena,
                        enum http_fault fault, struct span line);
    void (*on_body)(void *exchange, struct span piece);
    void (*on_body_end)(void *exchange);
    /* The rest of the body will not come: FAULT_CHUNK for bad framing, FAULT_TIMEOUT for one that is too
     * slow. An answer may still be sent; the connection is closed after it. */
    void (*on_body_failed)(void *exchange, enum http_fault fault);
    void (*on_drained)(void *exchange); /* client_is_congested has become false */
    void (*on_gone)(void *exchange);    /* the client has left: what is sent now goes nowhere */
};

/* What the connections of one worker share. */
struct client_server {
    struct loop *loop;                    /* borrowed */
    const struct client_options *options; /* borrowed; replaced on reload */
    const struct client_handler *handler;
    void *owner; /* borrowed: the handler's */
    struct list connections;
    size_t count;
    bool is_draining; /* answers say Connection: close */
    /* A connection has gone; ticket is its origin's. NULL is allowed. */
    void (*on_leave)(struct client_server *server, void *ticket);
    /* One leaves whose stream could not be opened: ERR_CLOSED when it just left, ERR_LIMIT when it
     * took too long, else what was wrong with its first bytes. NULL is allowed. */
    void (*on_unopened)(struct client_server *server, enum status why);
    uint64_t date_s; /* the second that date_text is of */
    char date_text[HTTP_DATE_SIZE];
};

/* Where a connection comes from, as whoever accepted it knows. */
struct client_origin {
    struct address address; /* the socket's; what the stream says of its peer counts more */
    void *ticket;           /* the accepter's own; on_leave gives it back */
};

void client_server_init(struct client_server *server, struct loop *loop,
                        const struct client_options *options, const struct client_handler *handler,
                        void *owner);

/* Takes over an accepted stream, which must open within head_ms. */
void client_server_accept(struct client_server *server, struct stream *stream,
                          const struct client_origin *origin);

/* A request of the handler's own, as if its client had left already: nothing is read, what is sent goes
 * nowhere. The arena is for the request; client_done ends it, as for any. After client_nobody_asks
 * on_gone tells when the server ends. */
struct client_connection *client_server_nobody(struct client_server *server, struct arena **arena);
void client_nobody_asks(struct client_connection *nobody, void *exchange);

/* Idle connections are closed, busy ones after their answer. */
void client_server_drain(struct client_server *server);

/* Closes all at once; running exchanges hear on_gone; those that go on after that hear it a second time,
 * and have to end. */
void client_server_abort(struct client_server *server);

/* The client's address, as far as the connection knows it. Borrowed. */
const struct address *client_peer(const struct client_connection *connection);

/* SHA-256 of the certificate that the client has proved to hold; false when it has none. */
bool client_fingerprint(const struct client_connection *connection,
                        unsigned char sha256[FINGERPRINT_SIZE]);

/* --- The request's body ----------------------------------------------------------------------- */

/* Lets the body come (and sends 100 Continue if the client waits for that), or come again after a
 * pause. Events follow from the loop. */
void client_read_body(struct client_connection *connection);

/* No further read of the stream until client_read_body. What was read already still comes. */
void client_pause_body(struct client_connection *connection);

/* --- The response ----------------------------------------------------------------------------- */

/* Before the final response: 103 and the like. Dropped for HTTP/1.0. */
void client_send_interim(struct client_connection *connection, const struct response *response);

/* The head: framing is the response's body as it will be sent with client_send_body (BODY_CHUNKED
 * and BODY_UNTIL_CLOSE become what the client's version allows). Kept back until the first piece or
 * the end of this turn of the loop, so that both leave in one write. */
void client_send_head(struct client_connection *connection, const struct response *response);

/* A piece of the body, copied or sent before it returns. Nothing is sent for HEAD, 204 and 304. */
void client_send_body(struct client_connection *connection, struct span piece);

/* The response is complete. */
void client_send_end(struct client_connection *connection);

/* The response cannot be completed: the connection is reset, so that nobody takes what was sent for
 * all of it. */
void client_cut(struct client_connection *connection);

/* The answer goes out, then the connection closes. */
void client_close_after(struct client_connection *connection);

bool client_is_congested(const struct client_connection *connection);

/* Whether on_gone came because the client took its answer more slowly than the least rate. */
bool client_was_too_slow(const struct client_connection *connection);

/* Bytes of the current exchange: heads and bodies read and written. */
uint64_t client_bytes_in(const struct client_connection *connection);
uint64_t client_bytes_out(const struct client_connection *connection);

/* The exchange has ended. Frees the arena (later); the next request may come. */
void client_done(struct client_connection *connection);

#endif
