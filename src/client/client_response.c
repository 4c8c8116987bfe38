#include "base/clock.h"
#include "base/text.h"
#include "client/turn.h"
#include "http/writer.h"

void client_send_interim(struct client_connection *c, const struct response *response)
{
    struct turn *turn = c->turn;
    if (!c->stream || turn->is_started || turn->request.version < 11)
        return;
    struct span head = write_interim_head(&turn->arena, response);
    turn->bytes_out += head.len;
    stream_write(c->stream, &head, 1);
}

/* For a response that has none. */
static struct span date_of(struct client_server *server, const struct header_list *headers)
{
    if (header_list_find(headers, HEADER_DATE))
        return SPAN("");
    uint64_t now_s = clock_wall_s();
    if (now_s != server->date_s) {
        server->date_s = now_s;
        (void)http_date_write(server->date_text, now_s);
    }
    return span_of(server->date_text);
}

/* Whether the rest of the request's body is more than we would take to save the connection, or will
 * never come because nobody said 100 Continue. */
static bool body_is_in_the_way(const struct client_connection *c)
{
    const struct turn *turn = c->turn;
    if (turn->body_is_over)
        return false;
    if (turn->continue_is_owed)
        return true;
    return c->body.kind == BODY_LENGTH && c->body.left > c->server->options->drain_bytes;
}

void client_send_head(struct client_connection *c, const struct response *response)
{
    struct turn *turn = c->turn;
    ASSERT(!turn->is_started);
    turn->is_started = true;
    if (!c->stream)
        return;
    struct response sent = *response;
    bool is_old = turn->request.version < 11;
    bool is_unbounded = sent.framing.kind == BODY_CHUNKED || sent.framing.kind == BODY_UNTIL_CLOSE;
    bool to_head = turn->request.method == METHOD_HEAD;
    if (is_unbounded)
        sent.framing.kind = is_old ? BODY_UNTIL_CLOSE : BODY_CHUNKED;
    turn->has_no_body = to_head || sent.status == 204 || sent.status == 304;
    turn->out = turn->has_no_body ? BODY_NONE : sent.framing.kind;
    turn->must_close = turn->must_close || c->server->is_draining || body_is_in_the_way(c) ||
                       turn->out == BODY_UNTIL_CLOSE;
    const struct response_line_options options = {
        .keep_alive = !turn->must_close,
        .idle_seconds = c->server->options->keep_alive_s,
        .to_http10 = is_old,
        .to_head = to_head || sent.status == 304,
        .date = date_of(c->server, &sent.headers),
    };
    turn->head = write_response_head(&turn->arena, &sent, &options);
    turn->bytes_out += turn->head.len;
    client_wake(c);
}

/* Writes the spans behind the head, if that is still here. */
static void put(struct client_connection *c, const struct span *spans, size_t count)
{
    struct span all[4] = {c->turn->head};
    size_t filled = c->turn->head.len > 0 ? 1 : 0;
    c->turn->head.len = 0;
    for (size_t i = 0; i < count; i++) {
        all[filled++] = spans[i];
        c->turn->bytes_out += spans[i].len;
    }
    stream_write(c->stream, all, filled);
    if (stream_queued(c->stream) > 0)
        client_watch(c);
}

void client_send_body(struct client_connection *c, struct span piece)
{
    struct turn *turn = c->turn;
    ASSERT(turn->is_started);
    if (!c->stream || turn->has_no_body || piece.len == 0)
        return;
    char text[CHUNK_HEAD_SIZE];
    if (turn->out == BODY_CHUNKED)
        put(c, (struct span[]){write_chunk_head(text, piece.len), piece, CHUNK_TAIL}, 3);
    else
        put(c, &piece, 1);
}

void client_send_end(struct client_connection *c)
{
    c->turn->is_ended = true;
    if (!c->stream)
        return;
    if (c->turn->out == BODY_CHUNKED)
        put(c, (struct span[]){CHUNK_LAST}, 1);
    else if (c->turn->head.len > 0)
        put(c, NULL, 0);
}

void client_cut(struct client_connection *c)
{
    client_leave(c, true);
}

void client_close_after(struct client_connection *c)
{
    c->turn->must_close = true;
}

bool client_is_congested(const struct client_connection *c)
{
    return c->stream && stream_is_congested(c->stream);
}

bool client_was_too_slow(const struct client_connection *c)
{
    return c->turn->was_too_slow;
}

uint64_t client_bytes_in(const struct client_connection *c)
{
    return c->turn->bytes_in;
}

uint64_t client_bytes_out(const struct client_connection *c)
{
    return c->turn->bytes_out;
}
