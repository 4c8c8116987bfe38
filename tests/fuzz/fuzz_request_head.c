/* Request heads: the same verdict in any pieces; what was accepted means the same when its fields are known, and
 * survives being written and read again. */
#include <stdlib.h>

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

static void check_same_fields(const struct header_list *a, const struct header_list *b)
{
    ASSERT(a->count == b->count && a->absent == b->absent);
    for (size_t i = 0; i < a->count; i++) {
        ASSERT(span_equal(a->at[i].name, b->at[i].name));
        ASSERT(span_equal(a->at[i].value, b->at[i].value));
        ASSERT(a->at[i].id == b->at[i].id);
    }
}

/* The same head once more, as a connection takes it that has kept its fields. */
static void check_known(struct arena *arena, const struct request *request, struct span head)
{
    struct span fields = head;
    if (span_starts_with(head, SPAN("\r\n")))
        (void)span_cut(&fields, '\n');
    (void)span_cut(&fields, '\n');
    struct known_fields *known = known_fields_new(fields, &head_limits, request);
    if (!known)
        return;
    struct parser_limits limits = parser_limits;
    struct head_check check = {.passed = &known->passed};
    struct request again;
    struct span copy = arena_copy(arena, head);
    limits.known = known;
    ASSERT(head_check(&check, HEAD_REQUEST, copy, &head_limits) == HEAD_COMPLETE);
    ASSERT(check.has_passed && check.len == head.len);
    ASSERT(check.lines == request->headers.count + 1);
    ASSERT(parse_request(copy, &limits, arena, &again) == FAULT_NONE);
    check_same_fields(&again.headers, &request->headers);
    check_fields(&again, copy);
    ASSERT(span_equal(again.host, request->host));
    ASSERT(span_equal(again.target, request->target));
    ASSERT(again.framing.kind == request->framing.kind);
    ASSERT(again.framing.length == request->framing.length);
    ASSERT(again.keep_alive == request->keep_alive);
    ASSERT(again.expects_continue == request->expects_continue);
    free(known);
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
        check_known(&arena, &request, head);
        check_round_trip(&arena, &request);
    }
    arena_clear(&arena);
    return 0;
}
