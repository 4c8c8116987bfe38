#include "http/framing.h"

#include "base/text.h"
#include "http/byte_class.h"

/* The fields that say where the message ends, as they came. */
struct declared {
    struct span length, coding; /* the last of each */
    size_t lengths, codings;
};

static struct declared find_declared(const struct header_list *headers)
{
    struct declared found = {0};
    for (size_t i = 0; i < headers->count; i++) {
        const struct header *header = &headers->at[i];
        if (header->id == HEADER_CONTENT_LENGTH) {
            found.length = header->value;
            found.lengths++;
        } else if (header->id == HEADER_TRANSFER_ENCODING) {
            found.coding = header->value;
            found.codings++;
        }
    }
    return found;
}

static enum http_fault frame_by_coding(const struct declared *declared, unsigned version,
                                       struct framing *framing)
{
    if (declared->codings > 1 || version < 11 ||
        !span_equal_nocase(declared->coding, SPAN("chunked")))
        return FAULT_CODING;
    framing->kind = BODY_CHUNKED;
    return FAULT_NONE;
}

static enum http_fault frame_by_length(const struct declared *declared, struct framing *framing)
{
    uint64_t length;
    if (declared->lengths > 1 || !span_to_u64(declared->length, &length) || length > INT64_MAX)
        return FAULT_LENGTH;
    if (length > 0)
        *framing = (struct framing){BODY_LENGTH, length};
    return FAULT_NONE;
}

/* without: how a body ends that neither field describes. */
static enum http_fault frame(const struct declared *declared, unsigned version,
                             enum body_kind without, struct framing *framing)
{
    *framing = (struct framing){BODY_NONE, 0};
    if (declared->codings > 0 && declared->lengths > 0)
        return FAULT_LENGTH_AND_CODING;
    if (declared->codings > 0)
        return frame_by_coding(declared, version, framing);
    if (declared->lengths > 0)
        return frame_by_length(declared, framing);
    framing->kind = without;
    return FAULT_NONE;
}

enum http_fault framing_of_request(const struct header_list *headers, unsigned version,
                                   struct framing *framing)
{
    struct declared declared = find_declared(headers);
    return frame(&declared, version, BODY_NONE, framing);
}

enum http_fault framing_of_response(const struct header_list *headers, unsigned version,
                                    unsigned status, bool to_head, struct framing *framing)
{
    /* RFC 9110 §8.6, RFC 9112 §6.1: the fields must not be there; servers send them all the same. */
    *framing = (struct framing){BODY_NONE, 0};
    if (status < 200 || status == 204)
        return FAULT_NONE;
    struct declared declared = find_declared(headers);
    enum http_fault fault = frame(&declared, version, BODY_UNTIL_CLOSE, framing);
    if (to_head || status == 304)
        *framing = (struct framing){BODY_NONE, 0};
    return fault;
}

bool framing_has_foreign_coding(const struct header_list *headers, unsigned version)
{
    static const struct span known[] = {SPAN_INIT("gzip"),     SPAN_INIT("x-gzip"),
                                        SPAN_INIT("deflate"),  SPAN_INIT("compress"),
                                        SPAN_INIT("identity"), SPAN_INIT("x-compress")};
    struct declared declared = find_declared(headers);
    if (declared.codings != 1 || declared.lengths > 0 || version < 11 || !is_token(declared.coding))
        return false;
    for (size_t i = 0; i < COUNT_OF(known); i++) {
        if (span_equal_nocase(declared.coding, known[i]))
            return false;
    }
    const size_t len = SPAN("chunked").len;
    for (struct span rest = declared.coding; rest.len >= len; rest = span_skip(rest, 1)) {
        if (span_equal_nocase((struct span){rest.at, len}, SPAN("chunked")))
            return false;
    }
    return true;
}
