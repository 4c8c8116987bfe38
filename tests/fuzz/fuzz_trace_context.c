/* fuzz_trace_context.c - traceparent: what is taken is hex of the right lengths, and goes on as valid. */
#include "base/text.h"
#include "http/trace_context.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_hex(struct span digits, size_t len)
{
    ASSERT(digits.len == len);
    for (size_t i = 0; i < len; i++)
        ASSERT(hex_digit(digits.at[i]) >= 0 && ascii_lower(digits.at[i]) == digits.at[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct trace_context trace, again;
    char text[TRACEPARENT_LEN + 1];
    if (!traceparent_parse((struct span){(const char *)data, size}, &trace))
        return 0;
    check_hex(trace.trace_id, TRACE_ID_LEN);
    check_hex(trace.parent_id, SPAN_ID_LEN);
    struct span value = traceparent_write(text, trace.trace_id, trace.parent_id, trace.is_sampled);
    ASSERT(traceparent_parse(value, &again));
    ASSERT(span_equal(again.trace_id, trace.trace_id) && again.is_sampled == trace.is_sampled);
    return 0;
}
