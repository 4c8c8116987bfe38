#include "gateway/audit.h"

#include "base/log.h"
#include "base/text.h"
#include "gateway/access_line.h"
#include "gateway/forward.h"
#include "gateway/tally.h"

/* A write that may have been done: something of it went upstream, with a token of ours. */
static bool is_write(const struct exchange *ex)
{
    const struct forward *f = ex->forward;
    return f && f->credential && !(ex->operation_flags & OP_READS) &&
           (f->was_sent || f->response || f->call.ready_ms > 0);
}

static bool is_denial(const struct exchange *ex)
{
    static const enum problem_id ids[] = {PROBLEM_NO_KEY, PROBLEM_BAD_KEY, PROBLEM_FORBIDDEN};
    for (size_t i = 0; i < COUNT_OF(ids); i++) {
        if (ex->refusal == 1 + (unsigned)ids[i])
            return true;
    }
    return false;
}

static void write_line(const struct exchange *ex, const char *action)
{
    const struct services *services = ex->services;
    const struct operation *operation = ex->route.operation;
    char text[ACCESS_LINE_SIZE], address[ADDRESS_TEXT_SIZE];
    const struct log_field fields[] = {
        field_text("action", span_of(action)),
        field_text("request_id", ex->request_id),
        field_text("client", address_write(&ex->address, address)),
        field_text("key", ex->key ? ex->key->name : SPAN("")),
        field_text("key_id", ex->key ? ex->key->id : SPAN("")),
        field_text("profile", ex->profile ? ex->profile->name : SPAN("")),
        field_text("bot", ex->ids[ID_BOT]),
        field_text("workspace", ex->ids[ID_WORKSPACE]),
        field_text("method", shown_path(ex->request->method_name)),
        field_text("op", operation ? operation->name : SPAN("unknown")),
        field_text("path", shown_path(ex->request->path)),
        field_number("status", (int64_t)exchange_status(ex)),
        field_text("reason", ex->reason),
    };
    const struct log_line to = {text, sizeof(text), services->audit_log_is_text};
    size_t len = log_format(&to, LOG_INFO, "audit", fields, COUNT_OF(fields));
    (void)log_ring_write(services->audit_log, (struct span){text, len});
}

void audit_exchange(const struct exchange *ex)
{
    if (!ex->services->audit_log)
        return;
    if (is_denial(ex))
        write_line(ex, "denied");
    else if (is_write(ex))
        write_line(ex, "write");
}
