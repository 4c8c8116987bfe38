#include "gateway/forward.h"

#include "base/log.h"
#include "base/random.h"
#include "base/text.h"
#include "botpress/translate.h"
#include "gateway/filters.h"
#include "gateway/head_up.h"
#include "gateway/local_answer.h"
#include "gateway/lookup.h"
#include "gateway/outcome.h"
#include "gateway/stages.h"
#include "gateway/tally.h"

/* OVERSHOOT: what one read may bring beyond a bound. */
enum { BACKOFF_MS = 25, RETRY_AFTER_S = 1, OVERSHOOT = 2 * LOOP_READ_SIZE };

/* --- The answer --- */

/* Long-lived answers keep no total, whatever operation they come from (product §7). */
static bool is_stream(const struct response *response)
{
    const struct header *type = header_list_find(&response->headers, HEADER_CONTENT_TYPE);
    if (!type)
        return false;
    struct span rest = type->value;
    struct span media = span_trim(span_cut(&rest, ';'));
    return span_equal_nocase(media, SPAN("application/x-ndjson")) ||
           span_equal_nocase(media, SPAN("text/event-stream"));
}

static struct upstream_deadlines deadlines_of(const struct exchange *ex, enum deadline_class class)
{
    const struct gateway_options *options = ex->services->options;
    const struct class_deadlines *deadlines = &options->deadlines[class];
    return (struct upstream_deadlines){
        .send_idle_ms = options->send_idle_ms,
        .first_byte_ms = deadlines->first_byte_ms,
        .body_idle_ms = deadlines->body_idle_ms,
        .total_at_ms = deadlines->total_ms ? ex->started_ms + deadlines->total_ms : 0,
    };
}

static void on_ready(void *owner)
{
    struct forward *f = owner;
    upload_begin(&f->upload);
}

static void on_drained(void *owner)
{
    struct forward *f = owner;
    upload_drained(&f->upload);
}

static void on_interim(void *owner, struct response *response)
{
    struct forward *f = owner;
    header_list_remove_hop_by_hop(&response->headers);
    client_send_interim(f->exchange->client, response);
}

static void on_head(void *owner, struct response *response)
{
    struct forward *f = owner;
    f->response = response;
    struct exchange *ex = f->exchange;
    bool is_validated = response->status == 304 && ex->lookup && ex->lookup->validates;
    if (is_validated || (response->status >= 400 && !ex->services->options->is_generic)) {
        f->state = FORWARD_COLLECTING;
        return;
    }
    outcome_of_answer(f, response->status, ex->services->options->is_generic);
    f->filter_limit = filters_want_body(ex, response);
    if (f->filter_limit > 0) {
        f->collected.limit = f->filter_limit + OVERSHOOT;
        f->state = FORWARD_COLLECTING;
        return;
    }
    if (is_stream(response)) {
        struct upstream_deadlines deadlines = deadlines_of(ex, DEADLINE_STREAM);
        upstream_call_set_deadlines(&f->call, &deadlines);
    }
    f->state = FORWARD_RELAYING;
    exchange_resume(ex);
}

/* More than filters take goes on as if there were none, or ends: stage filter_body says. */
static void collect_for_filters(struct forward *f, struct span piece)
{
    struct services *services = f->exchange->services;
    if (services->lasting->held + piece.len > services->options->held_bytes ||
        buffer_append(&f->collected, piece) != OK) {
        const struct problem problem = {.id = PROBLEM_OVERLOADED, .retry_after_s = RETRY_AFTER_S};
        (void)problem_respond(f->exchange, &problem);
        exchange_interrupt(f->exchange);
        return;
    }
    services->lasting->held += piece.len;
    f->held += piece.len;
    if (f->collected.len <= f->filter_limit)
        return;
    f->is_beyond_filters = true;
    f->state = FORWARD_RELAYING;
    exchange_resume(f->exchange);
}

static void on_body(void *owner, struct span piece)
{
    struct forward *f = owner;
    if (f->state == FORWARD_RELAYING) {
        deliver_piece(f->exchange, piece);
        return;
    }
    if (f->filter_limit > 0) {
        collect_for_filters(f, piece);
        return;
    }
    if (buffer_append(&f->collected, piece) == OK)
        return;
    f->collected_is_too_long = true;
    tally_attempt(f, ATTEMPT_ABANDONED);
    upstream_call_off(&f->call);
    f->state = FORWARD_OVER;
    exchange_resume(f->exchange);
}

static void on_end(void *owner)
{
    struct forward *f = owner;
    f->state = FORWARD_OVER;
    tally_attempt(f, ATTEMPT_ANSWERED);
    exchange_resume(f->exchange);
}

static void on_failed(void *owner, const struct call_failure *failure)
{
    struct forward *f = owner;
    f->failure = *failure;
    f->failure.detail = arena_copy(f->exchange->arena, failure->detail);
    f->was_sent = f->was_sent || failure->was_sent;
    f->state = FORWARD_FAILED;
    outcome_of_failure(f);
    tally_failure(f);
    exchange_resume(f->exchange);
}

static const struct call_events call_events = {
    .on_ready = on_ready,
    .on_drained = on_drained,
    .on_head = on_head,
    .on_interim = on_interim,
    .on_body = on_body,
    .on_end = on_end,
    .on_failed = on_failed,
};

/* --- Attempts --- */

static void drop_collected(struct forward *f)
{
    f->exchange->services->lasting->held -= f->held;
    f->held = 0;
    buffer_clear(&f->collected);
}

static void start_call(struct forward *f, struct span head)
{
    struct exchange *ex = f->exchange;
    const struct upstream_request request = {
        .arena = ex->arena,
        .head = head,
        .body = ex->request->framing.kind,
        .is_head = ex->request->method == METHOD_HEAD,
        .must_not_repeat = !(ex->operation_flags & OP_IDEMPOTENT),
        .is_any_api = ex->services->options->is_generic,
        .deadlines = deadlines_of(ex, ex->deadline),
    };
    if (f->attempts++ > 0)
        metrics_add(ex->services->metrics, METRIC_RETRIES, HERE, 1);
    f->state = FORWARD_ASKING;
    f->response = NULL;
    drop_collected(f);
    upstream_call_begin(&f->call, ex->services->pool, ex->services->loop, &request, &call_events,
                        f);
}

/* A file that cannot be read any more leaves the last token in use: somebody should know. */
static void log_trouble(struct credential *credential)
{
    const char *trouble = credential_take_problem(credential);
    if (trouble)
        log_event(LOG_WARN, "credential_trouble", FIELDS(field_text("reason", span_of(trouble))));
}

static bool begin_attempt(struct forward *f)
{
    struct credential_token token = {.text = SPAN("")};
    if (f->credential) {
        token = credential_current(f->credential, loop_now_ms(f->exchange->services->loop));
        log_trouble(f->credential);
        if (token.text.len == 0)
            return false;
    }
    f->generation = token.generation;
    start_call(f, head_up_write(f->exchange, token.text));
    return true;
}

static void on_timer(struct timer *timer)
{
    struct forward *f = container_of(timer, struct forward, timer);
    if (f->state == FORWARD_GATHERING) {
        struct problem problem = problem_of_fault(FAULT_TIMEOUT);
        (void)problem_respond(f->exchange, &problem);
        exchange_interrupt(f->exchange);
        return;
    }
    if (outcome_may_try(f) && begin_attempt(f))
        return;
    f->has_given_up = true; /* the failure before stands */
    exchange_resume(f->exchange);
}

void forward_call_off(void *operation)
{
    struct forward *f = operation;
    timer_stop(&f->timer);
    if (!upstream_call_is_over(&f->call))
        tally_attempt(f, ATTEMPT_ABANDONED);
    upstream_call_off(&f->call);
}

static enum verdict wait(struct forward *f)
{
    return exchange_wait(f->exchange, f, forward_call_off);
}

/* Product §7: for idempotent operations whose answer was lost, and for anything that was never
 * sent; while the whole body is at hand; within the budget of all traffic. */
static bool may_retry(const struct forward *f)
{
    const struct call_failure *failure = &f->failure;
    const struct services *services = f->exchange->services;
    if (f->has_given_up || f->attempts > services->options->max_retries || !f->upload.is_whole)
        return false;
    switch (failure->kind) {
    case CALL_NOT_CONNECTED:
        return failure->dial != DIAL_TLS_UNTRUSTED && failure->dial != DIAL_OK;
    case CALL_LOST:
    case CALL_MALFORMED:
    case CALL_BODY_CUT:
    case CALL_BODY_MALFORMED:
        return f->exchange->operation_flags & OP_IDEMPOTENT;
    case CALL_POOL_FULL:
    case CALL_SEND_TIMEOUT:
    case CALL_NO_ANSWER:
    case CALL_TOTAL_TIMEOUT:
    case CALL_BODY_TIMEOUT:
    case CALL_HEAD_TOO_LARGE:
        return false;
    }
    UNREACHABLE();
}

static enum verdict retry(struct forward *f)
{
    struct loop *loop = f->exchange->services->loop;
    upload_rewind(&f->upload);
    /* A connection that was idle too long says nothing about the server's health: go on at once. */
    uint64_t delay_ms = f->failure.was_reused && f->failure.kind == CALL_LOST
                            ? 0
                            : BACKOFF_MS * f->attempts + random_below(BACKOFF_MS);
    timer_set(&f->timer, loop_now_ms(loop) + delay_ms);
    return wait(f);
}

/* --- Failures as problems: product §8's table --- */

static const char *words_of(const struct call_failure *failure)
{
    if (failure->kind == CALL_POOL_FULL)
        return "too many requests are under way";
    switch (failure->dial) {
    case DIAL_RESOLVE_FAILED:
        return "its name does not resolve; check upstream.url and the DNS of this machine";
    case DIAL_RESOLVE_TIMEOUT:
        return "its name was not resolved in time";
    case DIAL_REFUSED:
        return "the connection was refused";
    case DIAL_UNREACHABLE:
        return "there is no way to its network";
    case DIAL_CONNECT_TIMEOUT:
        return "it did not accept the connection in time";
    case DIAL_PROXY_REFUSED:
        return "the proxy did not let us through; check upstream.proxy";
    case DIAL_PROXY_FAILED:
        return "the proxy failed";
    case DIAL_PROXY_TIMEOUT:
        return "the proxy did not connect us in time";
    case DIAL_TLS_UNTRUSTED:
        return "its certificate was not accepted";
    case DIAL_TLS_FAILED:
        return "the TLS handshake failed";
    case DIAL_TLS_TIMEOUT:
        return "the TLS handshake took too long";
    case DIAL_OK:
        break;
    }
    return "no connection in time";
}

static enum verdict say_not_sent(struct forward *f)
{
    struct exchange *ex = f->exchange;
    const struct call_failure *failure = &f->failure;
    struct span host = ex->services->upstream_authority;
    const struct problem problem = {
        .id = PROBLEM_NOT_SENT,
        .proxy_status = failure->proxy_status,
        .retry_after_s = RETRY_AFTER_S,
        .message =
            arena_format(ex->arena, "%.*s could not be reached: %s%s%.*s%s.%s", (int)host.len,
                         host.at, words_of(failure), failure->detail.len ? " (" : "",
                         (int)failure->detail.len, failure->detail.at,
                         failure->detail.len ? ")" : "", f->was_sent ? "" : " Nothing was sent."),
    };
    return problem_respond(ex, &problem);
}

static enum problem_id problem_of(const struct exchange *ex, enum call_failure_kind kind)
{
    bool is_idempotent = ex->operation_flags & OP_IDEMPOTENT;
    switch (kind) {
    case CALL_NOT_CONNECTED:
    case CALL_POOL_FULL:
        return PROBLEM_NOT_SENT;
    case CALL_SEND_TIMEOUT:
    case CALL_NO_ANSWER:
    case CALL_TOTAL_TIMEOUT:
    case CALL_BODY_TIMEOUT:
        return PROBLEM_UPSTREAM_TIMEOUT;
    case CALL_LOST:
    case CALL_BODY_CUT:
        return is_idempotent ? PROBLEM_UPSTREAM_LOST : PROBLEM_OUTCOME_UNKNOWN;
    case CALL_MALFORMED:
    case CALL_HEAD_TOO_LARGE:
    case CALL_BODY_MALFORMED:
        return is_idempotent ? PROBLEM_UPSTREAM_MALFORMED : PROBLEM_OUTCOME_UNKNOWN;
    }
    UNREACHABLE();
}

static enum verdict say_failed(struct forward *f)
{
    struct exchange *ex = f->exchange;
    if (!f->failure.was_sent)
        return say_not_sent(f);
    const struct problem problem = {
        .id = problem_of(ex, f->failure.kind),
        .proxy_status = f->failure.proxy_status,
        .message = arena_format(ex->arena, "%.*s did not answer this request: %.*s.%s",
                                (int)ex->services->upstream_authority.len,
                                ex->services->upstream_authority.at, (int)f->failure.detail.len,
                                f->failure.detail.at,
                                ex->operation_flags & OP_IDEMPOTENT
                                    ? ""
                                    : " It was sent, so it may have been done: look before you "
                                      "send it again."),
    };
    return problem_respond(ex, &problem);
}

/* --- The stage --- */

static enum verdict say_missing(struct exchange *ex, struct span missing)
{
    return problem_say(ex, PROBLEM_MISSING_HEADER,
                       arena_format(ex->arena,
                                    "This operation needs %.*s: send it, or set it in the "
                                    "gateway's profile \"%.*s\".",
                                    (int)missing.len, missing.at, (int)ex->profile->name.len,
                                    ex->profile->name.at));
}

static enum verdict say_too_large(struct exchange *ex, uint64_t limit)
{
    return problem_say(ex, PROBLEM_BODY_TOO_LARGE,
                       arena_format(ex->arena,
                                    "The request body is larger than the %llu bytes that this part "
                                    "of the API takes.",
                                    (unsigned long long)limit));
}

static struct forward *forward_create(struct exchange *ex, uint64_t limit)
{
    struct forward *f = arena_zalloc(ex->arena, sizeof(*f));
    f->exchange = ex;
    if (ex->profile->credential >= 0)
        f->credential = ex->services->credentials[ex->profile->credential];
    timer_init(&f->timer, &ex->services->loop->timers, on_timer);
    buffer_init(&f->collected, TRANSLATE_BODY_LIMIT);
    upload_init(&f->upload, ex, &f->call, limit);
    ex->forward = f;
    return f;
}

static enum verdict ask(struct forward *f)
{
    struct exchange *ex = f->exchange;
    timer_stop(&f->timer);
    if (!outcome_may_try(f))
        return outcome_say_unavailable(ex);
    if (!begin_attempt(f))
        return problem_say(ex, PROBLEM_CREDENTIAL, SPAN(""));
    return wait(f);
}

/* A body that comes slowly must not keep a connection upstream waiting: there are fewer of those than
 * of clients. */
static enum verdict gather(struct forward *f)
{
    uint64_t due_ms = deadlines_of(f->exchange, f->exchange->deadline).total_at_ms;
    if (due_ms > 0)
        timer_set(&f->timer, due_ms);
    client_read_body(f->exchange->client);
    return wait(f);
}

enum verdict forward_begin(struct exchange *ex)
{
    uint64_t limit = service_body_limit(ex->route.service);
    struct span missing;
    if (head_up_is_loop(ex))
        return problem_say(ex, PROBLEM_LOOP, SPAN(""));
    if (!head_up_may_go_on(ex))
        return empty_respond(ex, 204);
    if (ex->request->framing.kind == BODY_LENGTH && ex->request->framing.length > limit)
        return say_too_large(ex, limit);
    filters_prepare_fetch(ex);
    if (ex->lookup)
        lookup_prepare_fetch(ex->lookup);
    if (!head_up_prepare(ex, &missing))
        return say_missing(ex, missing);
    struct forward *f = forward_create(ex, limit);
    retry_budget_earn(&ex->services->lasting->retries, ex->services->options->retry_percent);
    if (ex->filtering && ex->filtering->has_body)
        upload_give(&f->upload, ex->filtering->new_body);
    return upload_is_gathered(&f->upload) ? ask(f) : gather(f);
}

/* A 401 says that nothing was done: the other token may be right. */
static bool try_other_token(struct forward *f)
{
    struct exchange *ex = f->exchange;
    uint64_t now_ms = loop_now_ms(ex->services->loop);
    struct credential_token other;
    if (f->tried_other_token || !f->upload.is_whole ||
        !credential_other(f->credential, f->generation, now_ms, &other))
        return false;
    f->tried_other_token = true;
    f->generation = other.generation;
    upload_rewind(&f->upload);
    upstream_call_off(&f->call);
    start_call(f, head_up_write(ex, other.text));
    return true;
}

enum verdict forward_finish(struct exchange *ex)
{
    struct forward *f = ex->forward;
    if (f->state == FORWARD_GATHERING)
        return ask(f);
    if (f->state == FORWARD_FAILED) {
        if (may_retry(f) && retry_budget_spend(&ex->services->lasting->retries))
            return retry(f);
        return say_failed(f);
    }
    if (f->credential) {
        bool is_refused = f->response->status == 401;
        if (is_refused && try_other_token(f))
            return wait(f);
        if (!is_refused || f->tried_other_token)
            credential_report(f->credential, f->generation, !is_refused,
                              loop_now_ms(ex->services->loop));
    }
    upload_forget(&f->upload);
    ex->response = f->response;
    ex->source = SOURCE_UPSTREAM;
    return STAGE_NEXT;
}

/* --- From the client --- */

static void ask_if_gathered(struct forward *f)
{
    if (f->state == FORWARD_GATHERING && upload_is_gathered(&f->upload))
        exchange_resume(f->exchange);
}

void forward_take_body(struct exchange *ex, struct span piece)
{
    struct upload *upload = &ex->forward->upload;
    enum upload_result result = upload_take(upload, piece);
    if (result != UPLOAD_OK && ex->is_delivering) {
        ex->is_cut = true;
        client_cut(ex->client);
        exchange_abort(ex);
        return;
    }
    switch (result) {
    case UPLOAD_OK:
        ask_if_gathered(ex->forward);
        return;
    case UPLOAD_TOO_LARGE:
        (void)say_too_large(ex, upload->limit);
        break;
    case UPLOAD_OVERLOADED: {
        const struct problem problem = {.id = PROBLEM_OVERLOADED, .retry_after_s = RETRY_AFTER_S};
        (void)problem_respond(ex, &problem);
        break;
    }
    }
    exchange_interrupt(ex);
}

void forward_end_body(struct exchange *ex)
{
    upload_end(&ex->forward->upload);
    ask_if_gathered(ex->forward);
}

void forward_clear(struct forward *f)
{
    if (!f)
        return;
    outcome_unknown(f);
    forward_call_off(f);
    drop_collected(f);
    upload_clear(&f->upload);
}
