#include "http/writer.h"

#include "base/text.h"
#include "http/byte_class.h"

#define REASONS(X)                                                                                 \
    X(100, "Continue")                                                                             \
    X(101, "Switching Protocols")                                                                  \
    X(102, "Processing")                                                                           \
    X(103, "Early Hints")                                                                          \
    X(200, "OK")                                                                                   \
    X(201, "Created")                                                                              \
    X(202, "Accepted")                                                                             \
    X(203, "Non-Authoritative Information")                                                        \
    X(204, "No Content")                                                                           \
    X(205, "Reset Content")                                                                        \
    X(206, "Partial Content")                                                                      \
    X(207, "Multi-Status")                                                                         \
    X(208, "Already Reported")                                                                     \
    X(226, "IM Used")                                                                              \
    X(300, "Multiple Choices")                                                                     \
    X(301, "Moved Permanently")                                                                    \
    X(302, "Found")                                                                                \
    X(303, "See Other")                                                                            \
    X(304, "Not Modified")                                                                         \
    X(305, "Use Proxy")                                                                            \
    X(307, "Temporary Redirect")                                                                   \
    X(308, "Permanent Redirect")                                                                   \
    X(400, "Bad Request")                                                                          \
    X(401, "Unauthorized")                                                                         \
    X(402, "Payment Required")                                                                     \
    X(403, "Forbidden")                                                                            \
    X(404, "Not Found")                                                                            \
    X(405, "Method Not Allowed")                                                                   \
    X(406, "Not Acceptable")                                                                       \
    X(407, "Proxy Authentication Required")                                                        \
    X(408, "Request Timeout")                                                                      \
    X(409, "Conflict")                                                                             \
    X(410, "Gone")                                                                                 \
    X(411, "Length Required")                                                                      \
    X(412, "Precondition Failed")                                                                  \
    X(413, "Content Too Large")                                                                    \
    X(414, "URI Too Long")                                                                         \
    X(415, "Unsupported Media Type")                                                               \
    X(416, "Range Not Satisfiable")                                                                \
    X(417, "Expectation Failed")                                                                   \
    X(421, "Misdirected Request")                                                                  \
    X(422, "Unprocessable Content")                                                                \
    X(423, "Locked")                                                                               \
    X(424, "Failed Dependency")                                                                    \
    X(425, "Too Early")                                                                            \
    X(426, "Upgrade Required")                                                                     \
    X(428, "Precondition Required")                                                                \
    X(429, "Too Many Requests")                                                                    \
    X(431, "Request Header Fields Too Large")                                                      \
    X(451, "Unavailable For Legal Reasons")                                                        \
    X(500, "Internal Server Error")                                                                \
    X(501, "Not Implemented")                                                                      \
    X(502, "Bad Gateway")                                                                          \
    X(503, "Service Unavailable")                                                                  \
    X(504, "Gateway Timeout")                                                                      \
    X(505, "HTTP Version Not Supported")                                                           \
    X(506, "Variant Also Negotiates")                                                              \
    X(507, "Insufficient Storage")                                                                 \
    X(508, "Loop Detected")                                                                        \
    X(511, "Network Authentication Required")

#define REASON_CASE(status, reason)                                                                \
    case status:                                                                                   \
        return SPAN(reason);
struct span reason_phrase(unsigned status)
{
    switch (status) {
        REASONS(REASON_CASE)
    default:
        return SPAN("");
    }
}

/* Room for the words, numbers and line ends around what the caller gives. */
enum { FIXED_BYTES = 256 };

/* A run of memory that is filled from its front. */
struct head_text {
    char *at;
    size_t len, cap;
};

static struct head_text begin(struct arena *arena, const struct header_list *headers, size_t more)
{
    size_t cap = FIXED_BYTES + more + headers->lines.len;
    for (size_t i = headers->line_count; i < headers->count; i++)
        cap += headers->at[i].name.len + headers->at[i].value.len + SPAN(": \r\n").len;
    return (struct head_text){.at = arena_alloc(arena, cap), .cap = cap};
}

static void put(struct head_text *text, struct span bytes)
{
    ASSERT(bytes.len <= text->cap - text->len);
    if (bytes.len > 0)
        memcpy(text->at + text->len, bytes.at, bytes.len);
    text->len += bytes.len;
}

static void put_number(struct head_text *text, uint64_t number)
{
    char room[U64_DIGITS];
    put(text, u64_digits(number, room));
}

/* name: a known one, or looked at. */
static void put_field(struct head_text *text, struct span name, struct span value)
{
    ASSERT(name.len + value.len + SPAN(": \r\n").len + BYTES_BEHIND <= text->cap - text->len);
    char *at = put_span(put_span(text->at + text->len, name), SPAN(": "));
    ASSERT(copy_field(at, value));
    at = put_span(at + value.len, SPAN("\r\n"));
    text->len = (size_t)(at - text->at);
}

static void put_length(struct head_text *text, uint64_t length)
{
    put(text, SPAN("content-length: "));
    put_number(text, length);
    put(text, SPAN("\r\n"));
}

static void put_chunked(struct head_text *text)
{
    put(text, SPAN("transfer-encoding: chunked\r\n"));
}

/* The fields that are not about this connection or this framing, which are written anew. */
static void put_fields(struct head_text *text, const struct header_list *headers)
{
    if (headers->line_count > 0)
        put(text, headers->lines);
    for (size_t i = headers->line_count; i < headers->count; i++) {
        const struct header *header = &headers->at[i];
        /* Of those without an id none is. */
        unsigned flags = header->id == HEADER_OTHER ? 0 : header_flags_of(header->id, header->name);
        ASSERT(header->id != HEADER_OTHER || bytes_of_field(header->name) == header->name.len);
        if (!(flags & (HEADER_HOP | HEADER_FRAMING)))
            put_field(text, header->name, header->value);
    }
}

static struct span end(struct head_text *text)
{
    put(text, SPAN("\r\n"));
    return (struct span){text->at, text->len};
}

struct span write_request_head(struct arena *arena, const struct request *request,
                               bool wants_length)
{
    struct span method = request->method_name, target = request->target;
    ASSERT(is_token(method) && target.len > 0);
    ASSERT(bytes_of_class(target, BYTE_VISIBLE) == target.len);
    struct head_text text = begin(arena, &request->headers, method.len + target.len);
    put(&text, method);
    put(&text, SPAN(" "));
    put(&text, target);
    put(&text, SPAN(" HTTP/1.1\r\n"));
    put_fields(&text, &request->headers);
    switch (request->framing.kind) {
    case BODY_CHUNKED:
        put_chunked(&text);
        break;
    case BODY_LENGTH:
        put_length(&text, request->framing.length);
        break;
    case BODY_NONE:
        if (wants_length)
            put_length(&text, 0);
        break;
    case BODY_UNTIL_CLOSE:
        UNREACHABLE(); /* a request ends before its connection does */
    }
    return end(&text);
}

static void put_status_line(struct head_text *text, unsigned status)
{
    ASSERT(status >= 100 && status <= 999);
    put(text, SPAN("HTTP/1.1 "));
    put_number(text, status);
    put(text, SPAN(" "));
    put(text, reason_phrase(status));
    put(text, SPAN("\r\n"));
}

/* RFC 9110 §8.6: an answer to HEAD or a 304 may say how long the body would have been. */
static void put_length_of_absent_body(struct head_text *text, const struct response *response)
{
    const struct header *length = header_list_find(&response->headers, HEADER_CONTENT_LENGTH);
    if (length)
        put_field(text, length->name, length->value);
    else if (response->framing.kind == BODY_LENGTH)
        put_length(text, response->framing.length);
}

static void put_response_framing(struct head_text *text, const struct response *response,
                                 const struct response_line_options *options)
{
    if (response->status < 200 || response->status == 204)
        return; /* RFC 9110 §8.6, RFC 9112 §6.1: neither field may be there */
    if (options->to_head || response->status == 304) {
        put_length_of_absent_body(text, response);
        return;
    }
    switch (response->framing.kind) {
    case BODY_CHUNKED:
        if (!options->to_http10)
            put_chunked(text);
        break;
    case BODY_LENGTH:
    case BODY_NONE:
        put_length(text, response->framing.length);
        break;
    case BODY_UNTIL_CLOSE:
        break;
    }
}

static bool ends_by_close(const struct response *response,
                          const struct response_line_options *options)
{
    enum body_kind kind = response->framing.kind;
    return !options->to_head &&
           (kind == BODY_UNTIL_CLOSE || (kind == BODY_CHUNKED && options->to_http10));
}

/* "keep-alive" is the default of HTTP/1.1 and only said to carry the timeout. */
static void put_persistence(struct head_text *text, const struct response *response,
                            const struct response_line_options *options)
{
    if (!options->keep_alive || ends_by_close(response, options)) {
        put(text, SPAN("connection: close\r\n"));
        return;
    }
    if (options->to_http10 || options->idle_seconds > 0)
        put(text, SPAN("connection: keep-alive\r\n"));
    if (options->idle_seconds > 0) {
        put(text, SPAN("keep-alive: timeout="));
        put_number(text, options->idle_seconds);
        put(text, SPAN("\r\n"));
    }
}

struct span write_response_head(struct arena *arena, const struct response *response,
                                const struct response_line_options *options)
{
    struct head_text text = begin(arena, &response->headers, options->date.len);
    put_status_line(&text, response->status);
    put_fields(&text, &response->headers);
    if (options->date.len > 0 && !header_list_find(&response->headers, HEADER_DATE))
        put_field(&text, SPAN("date"), options->date);
    put_response_framing(&text, response, options);
    put_persistence(&text, response, options);
    return end(&text);
}

struct span write_interim_head(struct arena *arena, const struct response *response)
{
    ASSERT(response->status < 200);
    struct head_text text = begin(arena, &response->headers, 0);
    put_status_line(&text, response->status);
    put_fields(&text, &response->headers);
    return end(&text);
}

struct span write_chunk_head(char text[CHUNK_HEAD_SIZE], size_t len)
{
    char digits[CHUNK_HEAD_SIZE];
    size_t count = 0;
    ASSERT(len > 0); /* a chunk of nothing would end the body */
    for (; len > 0; len >>= 4)
        digits[count++] = "0123456789abcdef"[len & 15];
    for (size_t i = 0; i < count; i++)
        text[i] = digits[count - 1 - i];
    text[count] = '\r';
    text[count + 1] = '\n';
    return (struct span){text, count + 2};
}
