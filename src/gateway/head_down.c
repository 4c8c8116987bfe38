#include "gateway/head_down.h"

#include "base/text.h"
#include "gateway/cors.h"
#include "gateway/head_up.h"
#include "gateway/limits.h"

/* Clients sleep as long as they are told, and take an epoch time for a duration (product §1). */
enum { LONGEST_RESET_S = 60 };

static bool is_rate_field(const struct header *header)
{
    return (header->name.len > 10 &&
            span_equal_nocase((struct span){header->name.at, 10}, SPAN("ratelimit-"))) ||
           (header->name.len > 12 &&
            span_equal_nocase((struct span){header->name.at, 12}, SPAN("x-ratelimit-"))) ||
           span_equal_nocase(header->name, SPAN("ratelimit"));
}

static bool is_not_for_client(const struct header *header, const void *context)
{
    const struct exchange *ex = context;
    if (header->id == HEADER_X_REQUEST_ID)
        return true; /* one id a request: the one in our log, sent upstream too */
    return ex->response->status != 429 && is_rate_field(header);
}

static void bound_resets(struct exchange *ex)
{
    struct header_list *headers = &ex->response->headers;
    for (size_t i = 0; i < headers->count; i++) {
        struct header *header = &headers->at[i];
        uint64_t seconds;
        bool is_reset =
            header->name.len >= 5 && is_rate_field(header) &&
            span_equal_nocase(span_skip(header->name, header->name.len - 5), SPAN("reset"));
        if (is_reset && (!span_to_u64(header->value, &seconds) || seconds > LONGEST_RESET_S))
            header->value = SPAN("60");
    }
}

void head_down_prepare(struct exchange *ex)
{
    struct header_list *headers = &ex->response->headers;
    if (ex->source == SOURCE_UPSTREAM) {
        header_list_remove_hop_by_hop(headers);
        header_list_remove_if(headers, is_not_for_client, ex);
        if (ex->response->status == 429)
            bound_resets(ex);
    }
    if (ex->source != SOURCE_GATEWAY) {
        ASSERT(header_list_add_known(headers, HEADER_VIA, via_value(ex, ex->response->version)));
    }
    limits_add_fields(ex);
    cors_add_fields(ex);
    ASSERT(header_list_add_known(headers, HEADER_X_REQUEST_ID, ex->request_id));
}
