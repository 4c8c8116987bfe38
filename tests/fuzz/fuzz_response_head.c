/* Response heads: the same verdict in any pieces, and what was accepted survives being written and
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
        verdict = head_check(check, HEAD_RESPONSE, (struct span){bytes.at, len}, &head_limits);
    return verdict;
}

static struct span rewrite(struct arena *arena, struct response *response, bool to_head)
{
    const struct response_line_options options = {
        .keep_alive = response->keep_alive,
        .to_head = to_head,
        .idle_seconds = 5,
        .date = SPAN("Sun, 06 Nov 1994 08:49:37 GMT"),
    };
    header_list_remove_hop_by_hop(&response->headers);
    return response->status < 200 ? write_interim_head(arena, response)
                                  : write_response_head(arena, response, &options);
}

static void check_round_trip(struct arena *arena, struct response *response, bool to_head)
{
    static const struct head_limits wide = {MIB, MIB, 200};
    static const struct parser_limits many = {.header_count = 200};
    struct head_check check = {0};
    struct response again;
    struct span head = rewrite(arena, response, to_head);
    ASSERT(head_check(&check, HEAD_RESPONSE, head, &wide) == HEAD_COMPLETE);
    ASSERT(check.len == head.len);
    ASSERT(parse_response(head, to_head, &many, arena, &again) == FAULT_NONE);
    ASSERT(again.status == response->status);
    ASSERT(again.framing.kind == response->framing.kind);
    ASSERT(again.framing.length == response->framing.length);
    ASSERT(again.keep_alive == response->keep_alive || response->status < 200);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span bytes = {(const char *)data, size};
    struct head_check whole = {0}, pieces = {0};
    enum head_verdict verdict = head_check(&whole, HEAD_RESPONSE, bytes, &head_limits);
    ASSERT(check_bytewise(&pieces, bytes) == verdict);
    ASSERT(pieces.fault == whole.fault && pieces.len == whole.len);
    if (verdict != HEAD_COMPLETE)
        return 0;

    struct arena arena;
    struct response response;
    struct span head = {bytes.at, whole.len};
    arena_init(&arena, 4 * MIB);
    for (int to_head = 0; to_head <= 1; to_head++) {
        enum http_fault fault = parse_response(head, to_head, &parser_limits, &arena, &response);
        ASSERT(fault != FAULT_PARSER); /* llhttp and we agree on what a head is */
        if (fault == FAULT_NONE)
            check_round_trip(&arena, &response, to_head);
    }
    arena_clear(&arena);
    return 0;
}
