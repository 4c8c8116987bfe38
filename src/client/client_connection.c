#include "client/client_connection.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "client/turn.h"

/* Of the next requests while one is answered: beyond this the stream is paused. */
enum { AHEAD_LIMIT = 16 * KIB };

/* Far above what is ever kept: head_bytes, which may be another while a head comes, is at most 1 MiB. */
enum { INPUT_LIMIT = 2 * MIB };
enum { ARENA_LIMIT = 4 * MIB, SHOWN_LINE = 120 };

static uint64_t now_of(const struct client_connection *c)
{
    return loop_now_ms(c->server->loop);
}

/* --- The end of a turn and of the connection --- */

static void free_connection(struct task *task)
{
    struct client_connection *c = container_of(task, struct client_connection, later);
    field_memory_clear(&c->memory);
    free(c);
}

static void free_turn(struct task *task)
{
    struct arena arena = container_of(task, struct turn, bury)->arena; /* which holds the turn */
    arena_clear(&arena);
}

void client_leave(struct client_connection *c, bool is_cut)
{
    if (c->stream && (is_cut || stream_queued(c->stream) > 0))
        stream_abort(c->stream);
    else if (c->stream)
        stream_close(c->stream);
    c->stream = NULL;
    c->state = GONE;
    timer_stop(&c->timer);
    buffer_clear(&c->input);
    if (c->turn || !list_has(&c->link))
        return;
    struct client_server *server = c->server;
    list_remove(&c->link);
    server->count--;
    later_cancel(&c->later);
    later_run(&server->loop->soon, &c->later, free_connection);
    if (server->on_leave)
        server->on_leave(server, c->origin.ticket);
}

/* Waits until its time is over; but not while the client takes what it is owed. */
static void settle(struct client_connection *c)
{
    uint64_t due_ms = c->rest_until_ms;
    if (c->is_owed && (c->sending.next_ms < due_ms || due_ms <= now_of(c)))
        due_ms = c->sending.next_ms;
    timer_set(&c->timer, due_ms);
}

static void settle_for(struct client_connection *c, uint64_t ms)
{
    c->rest_until_ms = now_of(c) + ms;
    if (!c->is_owed)
        (void)client_takes_answer(c);
    settle(c);
}

static void on_rest_due(struct client_connection *c)
{
    bool keeps_pace = client_takes_answer(c);
    bool is_over = now_of(c) >= c->rest_until_ms;
    if (keeps_pace && (c->is_owed || !is_over))
        settle(c);
    else
        client_leave(c, false);
}

static void linger(struct client_connection *c)
{
    c->state = LINGERS;
    buffer_clear(&c->input);
    c->taken = 0;
    stream_end(c->stream);
    stream_resume(c->stream, PAUSE_AHEAD | PAUSE_BODY);
    settle_for(c, c->server->options->linger_ms);
}

/* Leaves, but not before its last answer has. */
static void retire(struct client_connection *c)
{
    if (stream_queued(c->stream) > 0)
        linger(c);
    else
        client_leave(c, false);
}

static void rest(struct client_connection *c)
{
    c->state = AT_REST;
    c->check = (struct head_check){.passed = c->memory.known ? &c->memory.known->passed : NULL};
    settle_for(c, c->server->is_draining ? c->server->options->linger_ms
                                         : c->server->options->idle_ms);
}

/* There was nothing to answer. */
static void give_up_opening(struct client_connection *c, enum status why)
{
    if (c->server->on_unopened)
        c->server->on_unopened(c->server, why);
    client_leave(c, false);
}

/* --- What the client sends --- */

static void tell_gone(struct client_connection *c)
{
    struct turn *turn = c->turn;
    client_leave(c, turn && turn->is_started && !turn->is_ended);
    if (turn)
        c->server->handler->on_gone(turn->exchange);
}

static struct turn *begin_turn(struct client_connection *c)
{
    struct arena arena;
    arena_init_pooled(&arena, ARENA_LIMIT, &c->server->loop->blocks);
    struct turn *turn = arena_zalloc(&arena, sizeof(*turn));
    turn->arena = arena;
    c->turn = turn;
    c->state = IN_TURN;
    timer_stop(&c->timer);
    c->could_send = false;
    return turn;
}

/* What of the first line may stand in a log: printable and short, and no query. */
static struct span shown_line(struct arena *arena, struct span in)
{
    struct span line = span_cut(&in, '\r');
    line = span_cut(&line, '?');
    if (line.len > SHOWN_LINE)
        line.len = SHOWN_LINE;
    char *text = arena_alloc(arena, line.len + 1);
    for (size_t i = 0; i < line.len; i++)
        text[i] = (char)(line.at[i] > ' ' && line.at[i] < 0x7f ? line.at[i] : ' ');
    return (struct span){text, line.len};
}

static void refuse(struct client_connection *c, enum http_fault fault, struct span in)
{
    struct turn *turn = c->turn ? c->turn : begin_turn(c);
    turn->request = (struct request){.version = 11};
    turn->must_close = true;
    turn->body_is_over = true;
    struct span line = shown_line(&turn->arena, in);
    turn->exchange = c->server->handler->on_refused(c->server->owner, c, &turn->arena, fault, line);
}

/* head: of the request that has begun. */
static void note_fields(struct client_connection *c, struct span head)
{
    bool was_known = c->check.has_passed;
    c->check.passed = NULL; /* may be freed */
    if (!was_known)
        (void)span_cut(&head, '\n');
    field_memory_note(&c->memory, was_known, head, &c->server->options->head, &c->turn->request);
}

static void start(struct client_connection *c, struct span head)
{
    const struct client_options *options = c->server->options;
    const struct parser_limits limits = {.header_count = options->head.header_count,
                                         .spare = options->spare_headers,
                                         .lines = c->check.lines,
                                         .known = c->check.has_passed ? c->memory.known : NULL};
    struct turn *turn = begin_turn(c);
    struct span copy = arena_copy(&turn->arena, span_skip(head, c->check.skipped));
    enum http_fault fault = parse_request(copy, &limits, &turn->arena, &turn->request);
    turn->bytes_in = head.len;
    if (fault != FAULT_NONE) {
        refuse(c, fault, copy);
        return;
    }
    note_fields(c, copy);
    turn->must_close = !turn->request.keep_alive;
    turn->continue_is_owed = turn->request.expects_continue;
    turn->body_is_over = turn->request.framing.kind == BODY_NONE;
    body_reader_init(&c->body, &turn->request.framing);
    turn->exchange =
        c->server->handler->on_request(c->server->owner, c, &turn->arena, &turn->request);
}

/* The empty line that may stand before a head, or half of it, is none of it. */
static bool has_begun(const struct client_connection *c, struct span in)
{
    return in.len > c->check.skipped && !span_equal(in, SPAN("\r"));
}

/* Takes a head off the front of *in; false when it is not all there. */
static bool take_head(struct client_connection *c, struct span *in)
{
    switch (head_check(&c->check, HEAD_REQUEST, *in, &c->server->options->head)) {
    case HEAD_PARTIAL:
        if (c->state == AT_REST && has_begun(c, *in)) {
            c->state = IN_HEAD;
            timer_set(&c->timer, now_of(c) + c->server->options->head_ms);
        }
        return false;
    case HEAD_REFUSED: {
        struct span all = *in;
        *in = span_skip(*in, in->len);
        refuse(c, c->check.fault, all);
        return true;
    }
    case HEAD_COMPLETE:
        break;
    }
    struct span head = {in->at, c->check.len};
    *in = span_skip(*in, head.len);
    start(c, head);
    return true;
}

/* Takes one piece of the body; false when nothing can be done now. */
static bool take_body(struct client_connection *c, struct span *in)
{
    struct turn *turn = c->turn;
    if (turn->body_is_over || !turn->wants_body)
        return false;
    const struct client_handler *handler = c->server->handler;
    struct span piece;
    size_t before = in->len;
    if (in->len > 0)
        turn->continue_is_owed = false;
    enum body_state state = body_reader_next(&c->body, in, &piece);
    turn->bytes_in += before - in->len;
    switch (state) {
    case BODY_MORE:
        return false;
    case BODY_PIECE:
        handler->on_body(turn->exchange, piece);
        return true;
    case BODY_COMPLETE:
        turn->body_is_over = true;
        handler->on_body_end(turn->exchange);
        return true;
    case BODY_BROKEN:
        break;
    }
    turn->body_is_over = turn->must_close = true;
    handler->on_body_failed(turn->exchange, FAULT_CHUNK);
    return true;
}

/* Drops what is left of an answered request's body, up to the bound. */
static bool drop_body(struct client_connection *c, struct span *in)
{
    struct span piece;
    size_t before = in->len;
    enum body_state state = body_reader_next(&c->body, in, &piece);
    c->drained += (uint32_t)(before - in->len);
    if (state == BODY_BROKEN || c->drained > c->server->options->drain_bytes)
        linger(c);
    else if (state == BODY_COMPLETE)
        rest(c);
    return state != BODY_MORE;
}

static bool step(struct client_connection *c, struct span *in)
{
    switch (c->state) {
    case AT_REST:
    case IN_HEAD:
        /* Who asks and asks but does not take the answers would fill our memory with them. */
        return in->len > 0 && !stream_is_congested(c->stream) && take_head(c, in);
    case IN_TURN:
        return take_body(c, in);
    case IN_DRAIN:
        return drop_body(c, in);
    case OPENING: /* brings no bytes */
    case LINGERS:
    case GONE:
        break;
    }
    *in = span_skip(*in, in->len);
    return false;
}

/* Keeps what could not be taken now. in is the unread end of the input, or of a fresh read. */
static void keep(struct client_connection *c, struct span in, bool is_fresh)
{
    if (c->state == GONE || c->state == LINGERS)
        return;
    if (in.len == 0) {
        buffer_clear(&c->input);
        c->taken = 0;
    } else if (is_fresh) {
        /* A read comes only while less than AHEAD_LIMIT is kept, or for a head within its limit. */
        ASSERT(buffer_append(&c->input, in) == OK);
    } else {
        c->taken = (uint32_t)(c->input.len - in.len);
    }
    bool must_wait = c->state == IN_TURN || stream_is_congested(c->stream);
    if (must_wait && in.len > AHEAD_LIMIT)
        stream_pause(c->stream, PAUSE_AHEAD);
    else
        stream_resume(c->stream, PAUSE_AHEAD);
}

/* A head whose body has not come within this turn of the loop goes out alone. */
static void flush_head(struct client_connection *c)
{
    if (!c->turn || c->turn->head.len == 0 || !c->stream)
        return;
    struct span head = c->turn->head;
    c->turn->head.len = 0;
    stream_write(c->stream, &head, 1);
}

static void pump(struct client_connection *c, struct span in, bool is_fresh)
{
    ASSERT(!c->is_pumping);
    c->is_pumping = true;
    while (step(c, &in)) {
    }
    c->is_pumping = false;
    keep(c, in, is_fresh);
    flush_head(c);
}

static void pump_later(struct task *task)
{
    struct client_connection *c = container_of(task, struct client_connection, later);
    if (c->state != GONE)
        pump(c, span_skip(buffer_bytes(&c->input), c->taken), false);
}

void client_wake(struct client_connection *c)
{
    if (!c->is_pumping)
        later_run(&c->server->loop->soon, &c->later, pump_later);
}

static void on_open(void *owner)
{
    struct client_connection *c = owner;
    (void)stream_peer_address(c->stream, &c->origin.address);
    rest(c);
}

static void on_data(void *owner, struct span bytes)
{
    struct client_connection *c = owner;
    if (c->input.len == 0) {
        pump(c, bytes, true);
        return;
    }
    buffer_drop(&c->input, c->taken);
    c->taken = 0;
    ASSERT(buffer_append(&c->input, bytes) == OK);
    pump(c, buffer_bytes(&c->input), false);
}

static void on_drained(void *owner)
{
    struct client_connection *c = owner;
    if (c->turn)
        c->server->handler->on_drained(c->turn->exchange);
    else
        client_wake(c); /* for a head that had to wait */
}

/* FIN while an answer is owed counts as having left: nobody can tell a half-closed client from one
 * that is gone, and an abandoned call upstream should end. An answer that was given already is
 * still delivered. */
static void on_end(void *owner)
{
    struct client_connection *c = owner;
    if (c->turn)
        tell_gone(c);
    else if (c->state != LINGERS || stream_queued(c->stream) == 0)
        retire(c);
}

static void on_failed(void *owner, enum status why)
{
    struct client_connection *c = owner;
    if (c->state == OPENING)
        give_up_opening(c, why);
    else
        tell_gone(c);
}

static const struct stream_events stream_events = {on_open, on_data, on_drained, on_end, on_failed};

/* --- Deadlines --- */

static void on_turn_due(struct client_connection *c)
{
    struct turn *turn = c->turn;
    if (!client_takes_answer(c)) {
        turn->was_too_slow = true;
        tell_gone(c);
    } else if (!client_sends_body(c)) {
        turn->body_is_over = turn->must_close = true;
        c->server->handler->on_body_failed(turn->exchange, FAULT_TIMEOUT);
    } else {
        client_look_later(c);
    }
}

static void on_due(struct timer *timer)
{
    struct client_connection *c = container_of(timer, struct client_connection, timer);
    switch (c->state) {
    case OPENING:
        give_up_opening(c, ERR_LIMIT);
        return;
    case IN_HEAD: {
        struct span all = span_skip(buffer_bytes(&c->input), c->taken);
        refuse(c, FAULT_TIMEOUT, all);
        return;
    }
    case IN_TURN:
        on_turn_due(c);
        return;
    case AT_REST:
    case LINGERS:
        on_rest_due(c);
        return;
    case IN_DRAIN:
        retire(c);
        return;
    case GONE:
        break;
    }
    client_leave(c, false);
}

/* --- The server's side of a connection --- */

void client_server_init(struct client_server *server, struct loop *loop,
                        const struct client_options *options, const struct client_handler *handler,
                        void *owner)
{
    *server = (struct client_server){
        .loop = loop, .options = options, .handler = handler, .owner = owner};
    list_init(&server->connections);
}

void client_server_accept(struct client_server *server, struct stream *stream,
                          const struct client_origin *origin)
{
    struct client_connection *c = xcalloc(1, sizeof(*c));
    c->stream = stream;
    c->server = server;
    c->origin = *origin;
    c->state = OPENING;
    buffer_init(&c->input, INPUT_LIMIT);
    timer_init(&c->timer, &server->loop->timers, on_due);
    list_push_back(&server->connections, &c->link);
    server->count++;
    stream_listen_to(stream, &stream_events, c);
    timer_set(&c->timer, now_of(c) + server->options->head_ms);
}

static struct client_connection *connection_of(struct list *link)
{
    return container_of(link, struct client_connection, link);
}

/* At rest, and no request has just arrived. */
static bool is_idle(const struct client_connection *c)
{
    return c->state == AT_REST && stream_is_quiet(c->stream);
}

void client_server_drain(struct client_server *server)
{
    server->is_draining = true;
    struct list *next;
    for (struct list *at = server->connections.next; at != &server->connections; at = next) {
        struct client_connection *c = connection_of(at);
        next = at->next;
        if (is_idle(c))
            retire(c);
        else if (c->state == AT_REST || c->state == OPENING)
            settle_for(c, server->options->linger_ms);
    }
}

void client_server_abort(struct client_server *server)
{
    server->is_draining = true;
    struct list *next;
    for (struct list *at = server->connections.next; at != &server->connections; at = next) {
        struct client_connection *c = connection_of(at);
        next = at->next;
        if (c->state != GONE)
            tell_gone(c);
        if (!c->turn || c->turn->is_last_call)
            continue;
        c->turn->is_last_call = true;
        server->handler->on_gone(c->turn->exchange);
    }
}

struct client_connection *client_server_nobody(struct client_server *server, struct arena **arena)
{
    struct client_connection *c = xcalloc(1, sizeof(*c));
    c->server = server;
    timer_init(&c->timer, &server->loop->timers, on_due);
    list_push_back(&server->connections, &c->link);
    server->count++;
    struct turn *turn = begin_turn(c);
    turn->request.version = 11;
    turn->body_is_over = true;
    c->state = GONE;
    *arena = &turn->arena;
    return c;
}

void client_nobody_asks(struct client_connection *nobody, void *exchange)
{
    nobody->turn->exchange = exchange;
}

const struct address *client_peer(const struct client_connection *c)
{
    return &c->origin.address;
}

bool client_fingerprint(const struct client_connection *c, unsigned char sha256[FINGERPRINT_SIZE])
{
    return c->stream && stream_peer_fingerprint(c->stream, sha256);
}

/* --- What the handler does --- */

void client_read_body(struct client_connection *c)
{
    static const struct span interim = SPAN_INIT("HTTP/1.1 100 Continue\r\n\r\n");
    struct turn *turn = c->turn;
    if (!c->stream || turn->body_is_over)
        return;
    if (turn->continue_is_owed && !turn->is_started) {
        turn->continue_is_owed = false;
        turn->bytes_out += interim.len;
        stream_write(c->stream, &interim, 1);
    }
    if (!turn->wants_body)
        client_wake(c);
    turn->wants_body = true;
    stream_resume(c->stream, PAUSE_BODY);
    client_watch(c);
}

void client_pause_body(struct client_connection *c)
{
    if (!c->stream || c->turn->body_is_over)
        return;
    stream_pause(c->stream, PAUSE_BODY);
    c->could_send = false;
}

void client_done(struct client_connection *c)
{
    struct turn *turn = c->turn;
    /* Not for draining alone: an answer that did not say "close" is followed by one that does. */
    bool must_close = turn->must_close;
    c->turn = NULL;
    later_run(&c->server->loop->soon, &turn->bury, free_turn);
    if (c->state == GONE) {
        client_leave(c, false);
        return;
    }
    if (must_close) {
        linger(c);
        return;
    }
    stream_resume(c->stream, PAUSE_BODY);
    if (turn->body_is_over) {
        rest(c);
    } else {
        c->state = IN_DRAIN;
        c->drained = 0;
        timer_set(&c->timer, now_of(c) + c->server->options->linger_ms);
    }
    client_wake(c);
}
