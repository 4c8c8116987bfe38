#include "client/turn.h"

/* Looks at a body in a window of the least rate: it is seen byte by byte. What a slow reader takes
 * is acknowledged in steps of tens of KiB, so an answer may stand still for longer. */
enum { BODY_LOOKS = 3, ANSWER_LOOKS = 4 };

static uint64_t now_of(const struct client_connection *c)
{
    return loop_now_ms(c->server->loop);
}

static struct pace_limits limits_of(const struct client_connection *c, unsigned looks)
{
    const struct client_options *options = c->server->options;
    return (struct pace_limits){
        .step_ms = options->rate_window_ms / BODY_LOOKS,
        .span = looks,
        .least = options->rate_bytes * looks / BODY_LOOKS,
    };
}

bool client_takes_answer(struct client_connection *c)
{
    bool was_owed = c->is_owed;
    c->is_owed = stream_queued(c->stream) > 0;
    if (!c->is_owed)
        return true;
    const struct pace_limits limits = limits_of(c, ANSWER_LOOKS);
    uint64_t taken = stream_taken(c->stream);
    if (was_owed)
        return pace_is_kept(&c->sending, &limits, now_of(c), taken);
    pace_begin(&c->sending, &limits, now_of(c), taken);
    return true;
}

bool client_sends_body(struct client_connection *c)
{
    struct turn *turn = c->turn;
    const struct pace_limits limits = limits_of(c, BODY_LOOKS);
    bool could_send = c->could_send;
    c->could_send = turn->wants_body && !turn->body_is_over && c->stream->pause_reasons == 0;
    if (could_send && c->could_send)
        return pace_is_kept(&turn->receiving, &limits, now_of(c), turn->bytes_in);
    pace_begin(&turn->receiving, &limits, now_of(c), turn->bytes_in);
    return true;
}

void client_look_later(struct client_connection *c)
{
    uint64_t due_ms = UINT64_MAX;
    if (c->is_owed)
        due_ms = c->sending.next_ms;
    if (c->could_send && c->turn->receiving.next_ms < due_ms)
        due_ms = c->turn->receiving.next_ms;
    if (due_ms != UINT64_MAX)
        timer_set(&c->timer, due_ms);
}

void client_watch(struct client_connection *c)
{
    if (timer_is_set(&c->timer))
        return;
    if (!c->is_owed)
        (void)client_takes_answer(c);
    (void)client_sends_body(c);
    client_look_later(c);
}
