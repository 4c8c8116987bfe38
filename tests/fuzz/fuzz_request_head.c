/* Request heads: the same verdict in any pieces, and what was accepted survives being written and
 * read again. */
#include "base/text.h"
#include "http/parser.h"
#include "http/writer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct head_limits head_limits = {32 * KIB, 8 * KIB, 100};
static const struct parser_limits parser_limits = {.header_count = 100, .spare = 4};

static enum head_verdict check_bytewise(struct head_check *check, struct span bytes)
{
    enum head_verdict verdict = HEAD_PARTIAL;
    for (size_t len = 0; len <= bytes.len && verdict == HEAD_PARTIAL; len++)
        verdict = head_check(check, HEAD_REQUEST, (struct span){bytes.at, len}, &head_limits);
    return verdict;
}

static bool is_within(struct span inner, struct span outer)
{
    return inner.at >= outer.at && inner.at + inner.len <= outer.at + outer.len;
}

static void check_fields(const struct request *request, struct span head)
{
    for (size_t i = 0; i < request->headers.count; i++) {
        ASSERT(is_within(request->headers.at[i].name, head));
        ASSERT(is_within(request->headers.at[i].value, head));
    }
    ASSERT(request->framing.kind != BODY_UNTIL_CLOSE);
    ASSERT(request->framing.kind == BODY_LENGTH || request->framing.length == 0);
}

/* As it would go upstream, with a Host of its own. */
static struct span rewrite(struct arena *arena, struct request *request)
{
    header_list_remove_hop_by_hop(&request->headers);
    header_list_remove(&request->headers, HEADER_HOST);
    ASSERT(header_list_add_known(&request->headers, HEADER_HOST, SPAN("upstream.example")));
    return write_request_head(arena, request, false);
}

static void check_round_trip(struct arena *arena, struct request *request)
{
    static const struct head_limits wide = {MIB, MIB, 200};
    static const struct parser_limits many = {.header_count = 200};
    struct head_check check = {0};
    struct request again;
    struct span head = rewrite(arena, request);
    ASSERT(head_check(&check, HEAD_REQUEST, head, &wide) == HEAD_COMPLETE);
    ASSERT(check.len == head.len);
    ASSERT(parse_request(head, &many, arena, &again) == FAULT_NONE);
    ASSERT(span_equal(again.method_name, request->method_name));
    ASSERT(span_equal(again.target, request->target));
    ASSERT(again.framing.kind == request->framing.kind);
    ASSERT(again.framing.length == request->framing.length);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span bytes = {(const char *)data, size};
    struct head_check whole = {0}, pieces = {0};
    enum head_verdict verdict = head_check(&whole, HEAD_REQUEST, bytes, &head_limits);
    ASSERT(check_bytewise(&pieces, bytes) == verdict);
    ASSERT(pieces.fault == whole.fault && pieces.len == whole.len);
    if (verdict != HEAD_COMPLETE)
        return 0;

    struct arena arena;
    struct request request;
    struct span head = {bytes.at, whole.len};
    arena_init(&arena, 4 * MIB);
    enum http_fault fault = parse_request(head, &parser_limits, &arena, &request);
    ASSERT(fault != FAULT_PARSER); /* llhttp and we agree on what a head is */
    if (fault == FAULT_NONE) {
        check_fields(&request, head);
        check_round_trip(&arena, &request);
    }
    arena_clear(&arena);
    return 0;
}
