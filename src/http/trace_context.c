#include "http/trace_context.h"

#include "base/text.h"

enum { VERSION_LEN = 2, FLAGS_LEN = 2, FLAG_SAMPLED = 1 };

static bool is_lower_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

/* Takes len digits and, but at the end, the dash after them off the front. */
static bool take_hex(struct span *rest, size_t len, struct span *digits)
{
    if (rest->len < len)
        return false;
    *digits = (struct span){rest->at, len};
    for (size_t i = 0; i < len; i++) {
        if (!is_lower_hex(digits->at[i]))
            return false;
    }
    *rest = span_skip(*rest, len);
    if (rest->len == 0)
        return true;
    bool has_dash = rest->at[0] == '-';
    *rest = span_skip(*rest, 1);
    return has_dash;
}

static bool is_zero(struct span digits)
{
    for (size_t i = 0; i < digits.len; i++) {
        if (digits.at[i] != '0')
            return false;
    }
    return true;
}

bool traceparent_parse(struct span value, struct trace_context *trace)
{
    struct span rest = value, version, flags;
    if (value.len < TRACEPARENT_LEN || !take_hex(&rest, VERSION_LEN, &version) ||
        !take_hex(&rest, TRACE_ID_LEN, &trace->trace_id) ||
        !take_hex(&rest, SPAN_ID_LEN, &trace->parent_id) || !take_hex(&rest, FLAGS_LEN, &flags))
        return false;
    if (span_equal(version, SPAN("ff")) || is_zero(trace->trace_id) || is_zero(trace->parent_id))
        return false;
    trace->is_sampled = hex_digit(flags.at[1]) & FLAG_SAMPLED;
    return value.len == TRACEPARENT_LEN || !span_equal(version, SPAN("00"));
}

bool trace_context_find(const struct header_list *headers, struct trace_context *trace)
{
    const struct header *found = NULL;
    for (size_t i = 0; i < headers->count; i++) {
        if (headers->at[i].id != HEADER_TRACEPARENT)
            continue;
        if (found)
            return false;
        found = &headers->at[i];
    }
    return found && traceparent_parse(found->value, trace);
}

struct span traceparent_write(char text[TRACEPARENT_LEN + 1], struct span trace_id,
                              struct span span_id, bool is_sampled)
{
    ASSERT(trace_id.len == TRACE_ID_LEN && span_id.len == SPAN_ID_LEN);
    char *at = put_span(put_span(text, SPAN("00-")), trace_id);
    at = put_span(put_span(at, SPAN("-")), span_id);
    *put_span(at, is_sampled ? SPAN("-01") : SPAN("-00")) = '\0';
    return (struct span){text, TRACEPARENT_LEN};
}
