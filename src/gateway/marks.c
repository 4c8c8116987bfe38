#include "gateway/marks.h"

#include <stdio.h>

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

/* W3C Trace Context §3.2, §3.3: the caller's trace goes on with a span of ours, or one begins. */
static void settle_trace(struct exchange *ex)
{
    char span_id[SPAN_ID_LEN + 1], trace_id[TRACE_ID_LEN + 1];
    struct trace_context trace;
    char *text = arena_alloc(ex->arena, TRACEPARENT_LEN + 1);
    ex->continues_trace = trace_context_find(&ex->request->headers, &trace);
    if (!ex->continues_trace) {
        (void)snprintf(trace_id, sizeof(trace_id), "%016llx%016llx",
                       (unsigned long long)random_u64(), (unsigned long long)random_u64() | 1);
        trace = (struct trace_context){.trace_id = {trace_id, TRACE_ID_LEN}};
    }
    (void)snprintf(span_id, sizeof(span_id), "%016llx", (unsigned long long)random_u64() | 1);
    ex->traceparent = traceparent_write(text, trace.trace_id, (struct span){span_id, SPAN_ID_LEN},
                                        trace.is_sampled);
}

void marks_settle(struct exchange *ex)
{
    ex->request_id = marks_own_id(ex->request);
    if (ex->request_id.len == 0)
        ex->request_id = arena_format(ex->arena, "%016llx%016llx", (unsigned long long)random_u64(),
                                      (unsigned long long)random_u64());
    settle_trace(ex);
}
