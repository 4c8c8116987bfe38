#include "upstream/upstream_call.h"

#include "base/text.h"
#include "http/writer.h"

/* Of answers: larger than requests', since set-cookie and policies of edges can be long. */
static const struct head_limits answer_limits = {
    .head_bytes = 64 * KIB, .line_bytes = 32 * KIB, .header_count = 128};
enum { SPARE_HEADERS = 16, MAX_INTERIM = 16, INTERIM_BYTES = 64 * KIB };
enum { PAUSE_CLIENT = 1 };

static const struct {
    bool after_sending;
    struct span proxy_status;
} failures[] = {
#define FAILURE_ROW(name, after_sending, proxy_status)                                             \
    [name] = {after_sending, SPAN_INIT(proxy_status)},
    CALL_FAILURES(FAILURE_ROW)
#undef FAILURE_ROW
};

static uint64_t now_of(const struct upstream_call *call)
{
    return loop_now_ms(call->loop);
}

/* --- Ends --- */

/* Lets go of the connection; the owner hears nothing after the event that follows. */
static void end(struct upstream_call *call, bool is_clean)
{
    call->state = CALL_ENDED;
    timer_stop(&call->timer);
    buffer_clear(&call->input);
    if (!call->connection)
        return;
    if (call->is_paused) /* else it would rest deaf, and so would its next call */
        stream_resume(call->connection->stream, PAUSE_CLIENT);
    upstream_pool_release(call->connection, is_clean);
    call->connection = NULL;
}

static void fail(struct upstream_call *call, enum call_failure_kind kind, struct span detail)
{
    struct call_failure failure = {
        .kind = kind,
        .was_sent = call->head_is_sent,
        .was_reused = call->connection && call->connection->was_pooled,
        .proxy_status = failures[kind].proxy_status,
        .detail = detail,
    };
    ASSERT(!call->head_is_sent || failures[kind].after_sending);
    end(call, false);
    call->events->on_failed(call->owner, &failure);
}

static void complete(struct upstream_call *call, bool is_clean)
{
    end(call, is_clean && call->keep_alive);
    call->events->on_end(call->owner);
}

/* --- Deadlines --- */

static bool is_sending(const struct upstream_call *call)
{
    return call->head_is_sent && stream_is_congested(call->connection->stream);
}

/* The moment of the next deadline but the total one. */
static uint64_t phase_due_ms(const struct upstream_call *call)
{
    const struct upstream_deadlines *deadlines = &call->request.deadlines;
    if (call->state == CALL_BODY)
        return call->is_paused ? UINT64_MAX : call->progress_ms + deadlines->body_idle_ms;
    if (call->state != CALL_HEAD)
        return UINT64_MAX;
    if (is_sending(call))
        return call->progress_ms + deadlines->send_idle_ms;
    return call->request_is_sent ? call->progress_ms + deadlines->first_byte_ms : UINT64_MAX;
}

static void arm(struct upstream_call *call)
{
    uint64_t due_ms = phase_due_ms(call);
    uint64_t total_ms = call->request.deadlines.total_at_ms;
    if (total_ms && total_ms < due_ms)
        due_ms = total_ms;
    if (due_ms == UINT64_MAX)
        timer_stop(&call->timer);
    else
        timer_set(&call->timer, due_ms);
}

static void progress(struct upstream_call *call)
{
    call->progress_ms = now_of(call);
    call->queued = stream_queued(call->connection->stream);
    arm(call);
}

static void on_due(struct timer *timer)
{
    struct upstream_call *call = container_of(timer, struct upstream_call, timer);
    uint64_t total_ms = call->request.deadlines.total_at_ms;
    if (call->state == CALL_WAITING) {
        pool_wait_call_off(&call->wait);
        fail(call, CALL_NOT_CONNECTED, SPAN("no connection in time"));
    } else if (total_ms && now_of(call) >= total_ms) {
        fail(call, CALL_TOTAL_TIMEOUT, SPAN("the whole exchange took too long"));
    } else if (call->state == CALL_BODY) {
        fail(call, CALL_BODY_TIMEOUT, SPAN("the answer stalled"));
    } else if (is_sending(call) && stream_queued(call->connection->stream) < call->queued) {
        progress(call);
    } else if (is_sending(call)) {
        fail(call, CALL_SEND_TIMEOUT, SPAN("the upstream stopped reading the request"));
    } else {
        fail(call, CALL_NO_ANSWER, SPAN("no answer in time"));
    }
}

/* --- The answer --- */

/* As a part of a longer sentence. */
static struct span words_of(enum http_fault fault)
{
    struct span text = http_fault_text(fault);
    if (text.len > 0 && text.at[text.len - 1] == '.')
        text.len--;
    return text;
}

static void take_interim(struct upstream_call *call, struct response *response, size_t len)
{
    call->interim_bytes += len;
    if (++call->interim_count > MAX_INTERIM || call->interim_bytes > INTERIM_BYTES)
        fail(call, CALL_MALFORMED, SPAN("interim answers without end"));
    else if (response->status != 100)
        call->events->on_interim(call->owner, response);
}

/* RFC 9110 §8.6, RFC 9112 §6.1: a 204 has no body. A server that announces one may send it, and it
 * would be read as the next answer. */
static bool announces_what_must_not_come(const struct response *response)
{
    const struct header *length = header_list_find(&response->headers, HEADER_CONTENT_LENGTH);
    if (response->status != 204)
        return false;
    return header_list_find(&response->headers, HEADER_TRANSFER_ENCODING) ||
           (length && !span_equal(length->value, SPAN("0")));
}

static bool may_be_used_again(const struct upstream_call *call, const struct response *response)
{
    /* An upstream that answers before it has all of the request may never read the rest. */
    bool was_sent = call->request_is_sent && stream_queued(call->connection->stream) == 0;
    return was_sent && response->keep_alive && !announces_what_must_not_come(response);
}

static void take_head(struct upstream_call *call, struct span head)
{
    const struct parser_limits limits = {.header_count = answer_limits.header_count,
                                         .spare = SPARE_HEADERS,
                                         .lines = call->check.lines,
                                         .takes_foreign_codings = call->request.is_any_api};
    struct span copy = arena_copy(call->arena, head);
    struct response *response = arena_zalloc(call->arena, sizeof(*response));
    enum http_fault fault =
        parse_response(copy, call->request.is_head, &limits, call->arena, response);
    call->check = (struct head_check){0};
    if (fault != FAULT_NONE) {
        fail(call, CALL_MALFORMED, words_of(fault));
        return;
    }
    if (response->status < 200) {
        take_interim(call, response, head.len);
        return;
    }
    call->state = CALL_BODY;
    call->head_ms = now_of(call);
    call->keep_alive = may_be_used_again(call, response);
    body_reader_init(&call->body, &response->framing);
    call->events->on_head(call->owner, response);
}

/* Takes a head off the front of *in, if it is all there. */
static bool find_head(struct upstream_call *call, struct span *in)
{
    switch (head_check(&call->check, HEAD_RESPONSE, *in, &answer_limits)) {
    case HEAD_PARTIAL:
        return false;
    case HEAD_REFUSED:
        fail(call, call->check.fault == FAULT_HEAD_TOO_LARGE ? CALL_HEAD_TOO_LARGE : CALL_MALFORMED,
             words_of(call->check.fault));
        return false;
    case HEAD_COMPLETE:
        break;
    }
    struct span head = {in->at, call->check.len};
    *in = span_skip(*in, head.len);
    take_head(call, head);
    return true;
}

static bool take_body(struct upstream_call *call, struct span *in)
{
    struct span piece;
    switch (body_reader_next(&call->body, in, &piece)) {
    case BODY_MORE:
        return false;
    case BODY_PIECE:
        call->events->on_body(call->owner, piece);
        return true;
    case BODY_COMPLETE:
        complete(call, in->len == 0);
        return false;
    case BODY_BROKEN:
        break;
    }
    fail(call, CALL_BODY_MALFORMED, SPAN("the answer's chunks are malformed"));
    return false;
}

static bool step(struct upstream_call *call, struct span *in)
{
    if (call->state == CALL_HEAD)
        return in->len > 0 && find_head(call, in);
    return call->state == CALL_BODY && take_body(call, in);
}

static void on_open(void *owner)
{
    (void)owner;
}

static void on_data(void *owner, struct span bytes)
{
    struct upstream_call *call = owner;
    bool is_fresh = call->input.len == 0;
    call->bytes_in += bytes.len;
    if (!is_fresh) {
        ASSERT(buffer_append(&call->input, bytes) == OK);
        bytes = buffer_bytes(&call->input);
    }
    struct span in = bytes;
    while (step(call, &in)) {
    }
    if (call->state != CALL_HEAD && call->state != CALL_BODY)
        return;
    if (in.len == 0)
        buffer_clear(&call->input);
    else if (is_fresh)
        ASSERT(buffer_append(&call->input, in) == OK);
    else
        buffer_drop(&call->input, bytes.len - in.len);
    if (call->state == CALL_BODY) /* a head that drips does not move its deadline */
        progress(call);
}

static void on_drained(void *owner)
{
    struct upstream_call *call = owner;
    if (call->state == CALL_HEAD)
        progress(call);
    call->events->on_drained(call->owner);
}

static void on_end(void *owner)
{
    struct upstream_call *call = owner;
    if (call->state == CALL_HEAD)
        fail(call, CALL_LOST, SPAN("the connection was closed before an answer"));
    else if (body_reader_end(&call->body))
        complete(call, false);
    else
        fail(call, CALL_BODY_CUT, SPAN("the answer was cut short"));
}

/* Also a TLS end without goodbye: a body that lasts until the close may have been cut. */
static void on_failed(void *owner, enum status why)
{
    struct upstream_call *call = owner;
    (void)why;
    if (call->state == CALL_HEAD)
        fail(call, CALL_LOST, SPAN("the connection was lost before an answer"));
    else
        fail(call, CALL_BODY_CUT, SPAN("the answer was cut short"));
}

static const struct stream_events stream_events = {on_open, on_data, on_drained, on_end, on_failed};

/* --- The request --- */

static void on_connection(struct pool_wait *wait, enum pool_result result, enum dial_result dial,
                          struct span detail)
{
    struct upstream_call *call = container_of(wait, struct upstream_call, wait);
    if (result != POOL_OK) {
        struct call_failure failure = {
            .kind = result == POOL_DIAL_FAILED ? CALL_NOT_CONNECTED : CALL_POOL_FULL,
            .dial = dial,
            .detail = detail,
        };
        failure.proxy_status = result == POOL_DIAL_FAILED ? dial_result_proxy_status(dial)
                                                          : failures[failure.kind].proxy_status;
        end(call, false);
        call->events->on_failed(call->owner, &failure);
        return;
    }
    call->connection = wait->connection;
    wait->connection = NULL;
    call->state = CALL_HEAD;
    call->ready_ms = now_of(call);
    stream_listen_to(call->connection->stream, &stream_events, call);
    call->events->on_ready(call->owner);
    ASSERT(call->state != CALL_HEAD || call->head_is_sent);
}

void upstream_call_begin(struct upstream_call *call, struct upstream_pool *pool, struct loop *loop,
                         const struct upstream_request *request, const struct call_events *events,
                         void *owner)
{
    *call = (struct upstream_call){
        .events = events,
        .owner = owner,
        .loop = loop,
        .arena = request->arena,
        .request = *request,
        .state = CALL_WAITING,
        .wait.on_done = on_connection,
    };
    timer_init(&call->timer, &loop->timers, on_due);
    buffer_init(&call->input, answer_limits.head_bytes + LOOP_READ_SIZE);
    arm(call);
    pool_wait_begin(&call->wait, pool, request->must_not_repeat);
}

/* Framed for the wire; returns how many spans were filled. */
static size_t frame(const struct upstream_call *call, struct span piece, bool is_last,
                    char text[CHUNK_HEAD_SIZE], struct span spans[4])
{
    size_t count = 0;
    if (call->request.body != BODY_CHUNKED) {
        spans[count++] = piece;
        return count;
    }
    if (piece.len > 0) {
        spans[count++] = write_chunk_head(text, piece.len);
        spans[count++] = piece;
        spans[count++] = CHUNK_TAIL;
    }
    if (is_last)
        spans[count++] = CHUNK_LAST;
    return count;
}

void upstream_call_send(struct upstream_call *call, struct span piece, bool is_last)
{
    struct span spans[5] = {call->request.head};
    char text[CHUNK_HEAD_SIZE];
    size_t skipped = call->head_is_sent ? 1 : 0;
    size_t count = 1 + frame(call, piece, is_last, text, spans + 1);
    ASSERT(call->state == CALL_HEAD || call->state == CALL_BODY);
    ASSERT(!call->request_is_sent);
    call->head_is_sent = true;
    call->request_is_sent = is_last;
    uint64_t total = 0;
    for (size_t i = skipped; i < count; i++)
        total += spans[i].len;
    call->bytes_out += total;
    if (total > 0)
        stream_write(call->connection->stream, spans + skipped, count - skipped);
    if (is_last)
        call->sent_ms = now_of(call);
    if (call->state == CALL_HEAD)
        progress(call);
}

bool upstream_call_is_congested(const struct upstream_call *call)
{
    return call->connection && stream_is_congested(call->connection->stream);
}

void upstream_call_pause(struct upstream_call *call)
{
    if (!call->connection || call->is_paused)
        return;
    call->is_paused = true;
    stream_pause(call->connection->stream, PAUSE_CLIENT);
    arm(call);
}

void upstream_call_resume(struct upstream_call *call)
{
    if (!call->connection || !call->is_paused)
        return;
    call->is_paused = false;
    stream_resume(call->connection->stream, PAUSE_CLIENT);
    progress(call);
}

void upstream_call_set_deadlines(struct upstream_call *call,
                                 const struct upstream_deadlines *deadlines)
{
    call->request.deadlines = *deadlines;
    arm(call);
}

bool upstream_call_is_over(const struct upstream_call *call)
{
    return call->state == CALL_IDLE || call->state == CALL_ENDED;
}

void upstream_call_off(struct upstream_call *call)
{
    if (call->state == CALL_WAITING)
        pool_wait_call_off(&call->wait);
    if (!upstream_call_is_over(call))
        end(call, false);
}
