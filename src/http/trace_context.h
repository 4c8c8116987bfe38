/* trace_context.h - the trace that a request belongs to (W3C Trace Context). Pure. */
#ifndef HTTP_TRACE_CONTEXT_H
#define HTTP_TRACE_CONTEXT_H

#include "http/header_list.h"

enum { TRACE_ID_LEN = 32, SPAN_ID_LEN = 16, TRACEPARENT_LEN = 55 };

/* Spans are borrowed from the field. */
struct trace_context {
    struct span trace_id;  /* 32 lower-case hex digits, not all zero */
    struct span parent_id; /* 16, likewise */
    bool is_sampled;
};

/* §3.2: strictly; of later versions what is known of them (§4.3). False: there is no trace to go on
 * with. */
bool traceparent_parse(struct span value, struct trace_context *trace);

/* The one of the request. Of two fields none is believed. */
bool trace_context_find(const struct header_list *headers, struct trace_context *trace);

/* Of version 00, which is what we speak: the ids have their lengths. */
struct span traceparent_write(char text[TRACEPARENT_LEN + 1], struct span trace_id,
                              struct span span_id, bool is_sampled);

#endif
