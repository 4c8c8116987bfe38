#include "gateway/marks.h"

#include "base/random.h"
#include "base/text.h"
#include "http/trace_context.h"

enum { REQUEST_ID_MAX = 128 };

struct span marks_own_id(const struct request *request)
{
    struct span id = header_list_value(&request->headers, HEADER_X_REQUEST_ID);
    bool is_fit = id.len > 0 && id.len <= REQUEST_ID_MAX;
    for (size_t i = 0; is_fit && i < id.len; i++)
        is_fit = id.at[i] > ' ' && id.at[i] < 0x7f;
    return is_fit ? id : SPAN("");
}

static struct span new_id(struct arena *arena)
{
    char *id = arena_alloc(arena, 2 * U64_HEX_DIGITS);
    (void)put_hex(put_hex(id, random_u64()), random_u64());
    return (struct span){id, 2 * U64_HEX_DIGITS};
}

/* W3C Trace Context §3.2, §3.3: the caller's trace goes on with a span of ours, or one begins. */
static void settle_trace(struct exchange *ex)
{
    char span_id[SPAN_ID_LEN], trace_id[TRACE_ID_LEN];
    struct trace_context trace;
    char *text = arena_alloc(ex->arena, TRACEPARENT_LEN + 1);
    ex->continues_trace = trace_context_find(&ex->request->headers, &trace);
    if (!ex->continues_trace) {
        (void)put_hex(put_hex(trace_id, random_u64()), random_u64() | 1);
        trace = (struct trace_context){.trace_id = {trace_id, TRACE_ID_LEN}};
    }
    (void)put_hex(span_id, random_u64() | 1);
    ex->traceparent = traceparent_write(text, trace.trace_id, (struct span){span_id, SPAN_ID_LEN},
                                        trace.is_sampled);
}

void marks_settle(struct exchange *ex)
{
    ex->request_id = marks_own_id(ex->request);
    if (ex->request_id.len == 0)
        ex->request_id = new_id(ex->arena);
    settle_trace(ex);
}
