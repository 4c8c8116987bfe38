#include "gateway/forward.h"
#include "gateway/head_down.h"
#include "gateway/lookup.h"
#include "gateway/stages.h"

/* At most this much is handed to a client at once: who reads slowly keeps little here. */
enum { PIECE = 64 * KIB };

/* Hands the client what it takes of a body that is at hand; true when that is all. */
static bool feed(struct exchange *ex, struct span body)
{
    while (ex->sent < body.len && !client_is_congested(ex->client)) {
        size_t left = body.len - ex->sent;
        struct span piece = {body.at + ex->sent, left < PIECE ? left : PIECE};
        client_send_body(ex->client, piece);
        ex->sent += piece.len;
    }
    return ex->sent == body.len;
}

static void nothing_to_call_off(void *exchange)
{
    (void)exchange;
}

static enum verdict finish_feeding(struct exchange *ex)
{
    ex->is_feeding = true;
    if (!feed(ex, ex->body))
        return exchange_wait(ex, ex, nothing_to_call_off);
    client_send_end(ex->client);
    return STAGE_NEXT;
}

static bool is_relaying(const struct exchange *ex)
{
    return ex->now == WHEN_OPEN && ex->forward->state == FORWARD_RELAYING;
}

/* It is too much to be kept: what the client has not had yet of it goes out, and the rest as it
 * comes. Nobody fetches a body for a client that has left and a store that does not keep it. */
static void stop_filling(struct exchange *ex)
{
    struct lookup *l = ex->lookup;
    struct span all = cache_fill_bytes(&l->fill);
    client_send_body(ex->client, (struct span){all.at + ex->sent, all.len - ex->sent});
    cache_fill_clear(&l->fill);
    lookup_land(l, LANDED_ALONE, NULL);
}

/* False: nobody wants any more of it. */
static bool take_piece(struct exchange *ex, struct span piece)
{
    if (lookup_is_filling(ex->lookup)) {
        struct cache_fill *fill = &ex->lookup->fill;
        if (cache_fill_take(fill, piece)) {
            /* A client that reads slowly holds up nobody who waits for the same. */
            (void)feed(ex, cache_fill_bytes(fill));
            return true;
        }
        stop_filling(ex);
        if (ex->has_left)
            return false;
    }
    client_send_body(ex->client, piece);
    if (client_is_congested(ex->client))
        upstream_call_pause(&ex->forward->call);
    return true;
}

/* What was collected of a body that turned out to be too long for filters. */
static bool give_first(struct exchange *ex)
{
    struct span first = buffer_bytes(&ex->forward->collected);
    if (first.len == 0 || take_piece(ex, first))
        return true;
    forward_call_off(ex->forward);
    return false;
}

enum verdict deliver_begin(struct exchange *ex)
{
    if (ex->has_left && !lookup_is_filling(ex->lookup))
        return STAGE_NEXT; /* for nobody */
    head_down_prepare(ex);
    ex->is_delivering = true;
    client_send_head(ex->client, ex->response);
    if (!is_relaying(ex))
        return finish_feeding(ex);
    return give_first(ex) ? exchange_wait(ex, ex->forward, forward_call_off) : STAGE_NEXT;
}

void deliver_piece(struct exchange *ex, struct span piece)
{
    if (!take_piece(ex, piece))
        exchange_abort(ex);
}

void deliver_drained(struct exchange *ex)
{
    if (ex->is_feeding) {
        if (ex->is_waiting && feed(ex, ex->body))
            exchange_resume(ex);
    } else if (lookup_is_filling(ex->lookup)) {
        (void)feed(ex, cache_fill_bytes(&ex->lookup->fill));
    } else {
        upstream_call_resume(&ex->forward->call);
    }
}

/* All has come: kept, and fed to the client from what is kept. */
static enum verdict complete(struct exchange *ex)
{
    struct lookup *l = ex->lookup;
    struct cache_entry *entry = cache_fill_finish(&l->fill);
    if (!entry) { /* not as long as announced, which framing should have told */
        lookup_land(l, LANDED_AGAIN, NULL);
        ex->is_cut = true;
        client_cut(ex->client);
        return STAGE_NEXT;
    }
    lookup_complete(l, entry);
    ex->body = entry->body; /* counted by the lookup */
    return finish_feeding(ex);
}

enum verdict deliver_finish(struct exchange *ex)
{
    if (ex->is_feeding)
        return finish_feeding(ex);
    if (ex->forward->state != FORWARD_OVER) {
        ex->is_cut = true;
        client_cut(ex->client);
        return STAGE_NEXT;
    }
    if (lookup_is_filling(ex->lookup))
        return complete(ex);
    client_send_end(ex->client);
    return STAGE_NEXT;
}
