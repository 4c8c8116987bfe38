#include "gateway/forward.h"
#include "gateway/head_down.h"
#include "gateway/stages.h"

enum verdict deliver_begin(struct exchange *ex)
{
    struct forward *f = ex->forward;
    head_down_prepare(ex);
    ex->is_delivering = true;
    client_send_head(ex->client, ex->response);
    if (ex->now == WHEN_OPEN && f->state == FORWARD_RELAYING)
        return exchange_wait(ex, f, forward_call_off);
    client_send_body(ex->client, ex->body);
    client_send_end(ex->client);
    return STAGE_NEXT;
}

enum verdict deliver_finish(struct exchange *ex)
{
    if (ex->forward->state == FORWARD_OVER) {
        client_send_end(ex->client);
    } else {
        ex->is_cut = true;
        client_cut(ex->client);
    }
    return STAGE_NEXT;
}
