#include "gateway/outcome.h"

#include "base/log.h"
#include "base/text.h"
#include "gateway/local_answer.h"

static uint64_t now_of(const struct exchange *ex)
{
    return loop_now_ms(ex->services->loop);
}

bool outcome_may_try(struct forward *f)
{
    struct services *services = f->exchange->services;
    if (!services->options->breaker_enabled)
        return true;
    f->owes_outcome = breaker_allows(&services->lasting->breaker, now_of(f->exchange));
    return f->owes_outcome;
}

static void record(struct forward *f, enum call_outcome outcome)
{
    struct services *services = f->exchange->services;
    if (!f->owes_outcome)
        return;
    f->owes_outcome = false;
    uint64_t now_ms = now_of(f->exchange);
    if (!breaker_record(&services->lasting->breaker, outcome, now_ms))
        return;
    metrics_add(services->metrics, METRIC_BREAKER_OPENED, HERE, 1);
    log_event(
        LOG_WARN, "breaker_open",
        FIELDS(field_text("upstream", services->upstream_authority),
               field_number("ms", (int64_t)breaker_wait_ms(&services->lasting->breaker, now_ms))));
}

/* Operations that may be silent for long without anything being wrong (product §7). */
static bool may_be_slow(const struct exchange *ex)
{
    return ex->deadline == DEADLINE_COGNITIVE || ex->deadline == DEADLINE_STREAM ||
           (ex->route.operation && span_equal(ex->route.operation->name, SPAN("callAction")));
}

void outcome_of_failure(struct forward *f)
{
    switch (f->failure.kind) {
    case CALL_NOT_CONNECTED:
        record(f, f->failure.dial == DIAL_OK ? OUTCOME_UNKNOWN : OUTCOME_UNCONNECTED);
        return;
    case CALL_NO_ANSWER:
    case CALL_TOTAL_TIMEOUT:
        record(f, may_be_slow(f->exchange) ? OUTCOME_UNKNOWN : OUTCOME_BAD);
        return;
    case CALL_LOST:
    case CALL_MALFORMED:
    case CALL_HEAD_TOO_LARGE:
    case CALL_SEND_TIMEOUT:
        record(f, OUTCOME_BAD);
        return;
    case CALL_POOL_FULL:
    case CALL_BODY_TIMEOUT:
    case CALL_BODY_CUT:
    case CALL_BODY_MALFORMED:
        break;
    }
    record(f, OUTCOME_UNKNOWN);
}

void outcome_of_answer(struct forward *f, unsigned status, bool is_foreign)
{
    record(f, is_foreign && status >= 502 && status <= 504 ? OUTCOME_BAD : OUTCOME_GOOD);
}

void outcome_unknown(struct forward *f)
{
    record(f, OUTCOME_UNKNOWN);
}

enum verdict outcome_say_unavailable(struct exchange *ex)
{
    uint64_t wait_ms = breaker_wait_ms(&ex->services->lasting->breaker, now_of(ex));
    const struct problem problem = {.id = PROBLEM_UNAVAILABLE,
                                    .retry_after_s = (unsigned)(wait_ms / 1000 + 1)};
    return problem_respond(ex, &problem);
}
