#include "gateway/upload.h"

/* What the client's stream may still deliver after it was paused: one read and what is ahead. */
enum { OVERSHOOT = 3 * LOOP_READ_SIZE };

static size_t replay_bytes(const struct upload *upload)
{
    return upload->exchange->services->options->replay_bytes;
}

void upload_init(struct upload *upload, struct exchange *exchange, struct upstream_call *call,
                 uint64_t limit)
{
    *upload = (struct upload){
        .exchange = exchange,
        .call = call,
        .limit = limit,
        .is_whole = true,
        .is_over = exchange->request->framing.kind == BODY_NONE,
    };
    buffer_init(&upload->held, replay_bytes(upload) + OVERSHOOT);
}

static void drop_held(struct upload *upload)
{
    upload->exchange->services->lasting->held -= upload->held.len;
    buffer_clear(&upload->held);
}

static bool is_running(const struct upload *upload)
{
    return upload->is_ready && !upstream_call_is_over(upload->call);
}

bool upload_is_gathered(const struct upload *upload)
{
    return upload->is_over || upload->held.len >= replay_bytes(upload);
}

void upload_begin(struct upload *upload)
{
    upload->is_ready = true;
    upstream_call_send(upload->call, buffer_bytes(&upload->held), upload->is_over);
    if (upload->held.len > replay_bytes(upload)) {
        upload->is_whole = false;
        drop_held(upload);
    }
    if (!upload->is_over && !upstream_call_is_congested(upload->call))
        client_read_body(upload->exchange->client);
}

void upload_rewind(struct upload *upload)
{
    ASSERT(upload->is_whole);
    upload->is_ready = false;
}

/* Keeps a piece; false when all bodies together hold too much already, which settings that are loaded
 * anew may make so. */
static bool hold(struct upload *upload, struct span piece)
{
    struct services *services = upload->exchange->services;
    if (services->lasting->held + piece.len > services->options->held_bytes)
        return false;
    if (buffer_append(&upload->held, piece) != OK)
        return false;
    services->lasting->held += piece.len;
    return true;
}

static enum upload_result take_early(struct upload *upload, struct span piece)
{
    if (!hold(upload, piece))
        return UPLOAD_OVERLOADED;
    if (upload->held.len >= replay_bytes(upload))
        client_pause_body(upload->exchange->client);
    return UPLOAD_OK;
}

enum upload_result upload_take(struct upload *upload, struct span piece)
{
    upload->len += piece.len;
    if (upload->len > upload->limit)
        return UPLOAD_TOO_LARGE;
    if (!upload->is_ready)
        return take_early(upload, piece);
    if (upload->is_whole &&
        (upload->held.len + piece.len > replay_bytes(upload) || !hold(upload, piece)))
        upload_forget(upload);
    if (!is_running(upload))
        return UPLOAD_OK;
    upstream_call_send(upload->call, piece, false);
    if (upstream_call_is_congested(upload->call))
        client_pause_body(upload->exchange->client);
    return UPLOAD_OK;
}

/* It was counted against the bound of what may be held when it was gathered. */
void upload_give(struct upload *upload, struct span body)
{
    buffer_init(&upload->held, replay_bytes(upload) + OVERSHOOT + body.len);
    ASSERT(buffer_append(&upload->held, body) == OK);
    upload->exchange->services->lasting->held += body.len;
    upload->len = body.len;
    upload->is_over = true;
}

void upload_end(struct upload *upload)
{
    upload->is_over = true;
    if (is_running(upload))
        upstream_call_send(upload->call, (struct span){"", 0}, true);
}

void upload_drained(struct upload *upload)
{
    if (!upload->is_over)
        client_read_body(upload->exchange->client);
}

void upload_forget(struct upload *upload)
{
    upload->is_whole = false;
    if (upload->is_ready)
        drop_held(upload);
}

void upload_clear(struct upload *upload)
{
    drop_held(upload);
}
