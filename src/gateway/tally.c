#include "gateway/tally.h"

#include "gateway/limits.h"
#include "gateway/lookup.h"

enum { MICROSECONDS_A_MS = 1000, SERVICE_FIRST = SERVICE_REFUSED + 1 };

/* --- Words --- */

void tally_register(struct metrics *metrics)
{
    for (size_t i = 0; i < operation_count(); i++) {
        unsigned word = metrics_word(metrics, LABEL_OP, operation_at(i)->name);
        ASSERT(word == OP_FIRST + i);
    }
    for (size_t i = 0; i < SERVICE_COUNT; i++) {
        unsigned word = metrics_word(metrics, LABEL_SERVICE, service_name((enum service)i));
        ASSERT(word == SERVICE_FIRST + i);
    }
    for (size_t i = 0; i < PROBLEM_COUNT; i++) {
        const struct problem problem = {.id = (enum problem_id)i};
        unsigned word = metrics_word(metrics, LABEL_REASON, problem_reason(&problem));
        ASSERT(word == 1 + i);
    }
}

void tally_register_keys(struct metrics *metrics, struct key_record *keys, size_t count)
{
    for (size_t i = 0; i < count; i++)
        keys[i].metric_word = metrics_word(metrics, LABEL_KEY, keys[i].name);
}

void tally_register_limits(struct metrics *metrics, const struct limit_rules *rules)
{
    for (size_t i = 0; i < rules->count; i++)
        rules->policies[i].metric_word =
            metrics_word(metrics, LABEL_POLICY, rules->policies[i].name);
}

void tally_register_filters(struct metrics *metrics, const struct filter_rules *rules)
{
    for (size_t i = 0; i < rules->count; i++)
        rules->rules[i].metric_word = metrics_word(metrics, LABEL_FILTER, rules->rules[i].name);
}

void tally_filter(const struct services *services, size_t filter, enum script_end end)
{
    metrics_add(services->metrics, METRIC_FILTERS,
                AT(services->filters.rules->rules[filter].metric_word, (unsigned)end), 1);
}

/* --- An exchange --- */

unsigned exchange_status(const struct exchange *ex)
{
    return ex->response && ex->is_delivering ? ex->response->status : 0;
}

static bool is_refused(const struct exchange *ex)
{
    return ex->refused_line.len > 0 || ex->request->path.len == 0;
}

static unsigned op_of(const struct exchange *ex)
{
    if (ex->route.operation)
        return OP_FIRST + (unsigned)operation_index(ex->route.operation);
    return is_refused(ex) ? OP_REFUSED : OP_UNKNOWN;
}

static unsigned service_of(const struct exchange *ex)
{
    return is_refused(ex) ? SERVICE_REFUSED : SERVICE_FIRST + (unsigned)ex->route.service;
}

/* The words of LABEL_CACHE are those of the access log. */
static unsigned cache_word_of(const struct lookup *l)
{
    enum { COLLAPSED = 8 };
    static const unsigned words[CACHE_OUTCOME_COUNT] = {
        [CACHE_STATUS_NONE] = 0,      [CACHE_STATUS_HIT] = 1,     [CACHE_STATUS_BYPASS] = 2,
        [CACHE_STATUS_METHOD] = 3,    [CACHE_STATUS_MISS] = 4,    [CACHE_STATUS_URI_MISS] = 4,
        [CACHE_STATUS_VARY_MISS] = 4, [CACHE_STATUS_REQUEST] = 5, [CACHE_STATUS_STALE] = 6,
        [CACHE_STATUS_PARTIAL] = 7,
    };
    return l->status.collapsed ? COLLAPSED : words[l->status.outcome];
}

static void tally_times(struct metrics_cells *cells, const struct exchange *ex)
{
    metrics_observe(cells, METRIC_DURATION, AT(service_of(ex), (unsigned)ex->source),
                    ex->ended_us - ex->started_us);
    if (ex->is_delivering)
        metrics_observe(cells, METRIC_OVERHEAD, HERE,
                        ex->ended_us - ex->started_us - ex->waited_us);
}

static void tally_bytes(struct metrics_cells *cells, const struct exchange *ex)
{
    metrics_add(cells, METRIC_CLIENT_BYTES, AT(DIRECTION_UP), client_bytes_in(ex->client));
    metrics_add(cells, METRIC_CLIENT_BYTES, AT(DIRECTION_DOWN), client_bytes_out(ex->client));
    if (ex->source == SOURCE_CACHE && ex->is_delivering)
        metrics_add(cells, METRIC_CACHE_SAVED, HERE, ex->body.len);
}

void tally_limits(const struct exchange *ex)
{
    struct metrics_cells *cells = ex->services->metrics;
    const struct limits *limits = ex->limits;
    for (size_t i = 0; cells && limits && i < limits->count; i++) {
        const struct limit_claim *claim = &limits->claims[i];
        enum metric_decision decision = claim->answer.is_admitted ? DECISION_ADMITTED
                                        : claim->is_shadow        ? DECISION_SHADOW_REFUSED
                                                                  : DECISION_REFUSED;
        metrics_add(cells, METRIC_LIMITS, AT(limits->policies[i]->metric_word, decision), 1);
    }
}

static void note_refusal(const struct exchange *ex)
{
    char address[ADDRESS_TEXT_SIZE];
    struct refusal refusal = {.wall_ms = ex->started_wall_ms, .status = exchange_status(ex)};
    refusal_text(refusal.reason, ex->reason);
    refusal_text(refusal.op, ex->route.operation ? ex->route.operation->name : (struct span){0});
    refusal_text(refusal.key, ex->key ? ex->key->name : (struct span){0});
    refusal_text(refusal.client, address_write(&ex->address, address));
    refusals_note(ex->services->refusals, &refusal);
}

void tally_exchange(const struct exchange *ex)
{
    struct metrics_cells *cells = ex->services->metrics;
    if (!cells)
        return;
    unsigned key = ex->key ? ex->key->metric_word : KEY_NONE;
    metrics_add(cells, METRIC_REQUESTS,
                AT(op_of(ex), (unsigned)ex->source, exchange_status(ex) / 100), 1);
    metrics_add(cells, METRIC_KEY_REQUESTS, AT(key, ex->key ? ex->secret : 0), 1);
    tally_times(cells, ex);
    tally_bytes(cells, ex);
    if (ex->refusal > 0)
        metrics_add(cells, METRIC_REFUSALS, AT(ex->refusal), 1);
    tally_limits(ex);
    if (ex->refusal > 0 && ex->services->refusals)
        note_refusal(ex);
    if (ex->key)
        metrics_set(cells, METRIC_KEY_LAST, AT(key), ex->started_wall_ms / 1000);
    if (ex->lookup)
        metrics_add(cells, METRIC_CACHE, AT(cache_word_of(ex->lookup)), 1);
}

/* --- A call upstream --- */

static void observe_ms(struct metrics_cells *cells, enum metric_phase phase, uint64_t from_ms,
                       uint64_t to_ms)
{
    metrics_observe(cells, METRIC_PHASES, AT(phase), (to_ms - from_ms) * MICROSECONDS_A_MS);
}

void tally_attempt(const struct forward *f, enum attempt_end end)
{
    struct metrics_cells *cells = f->exchange->services->metrics;
    const struct upstream_call *call = &f->call;
    metrics_add(cells, METRIC_ATTEMPTS, AT(end), 1);
    metrics_add(cells, METRIC_UPSTREAM_BYTES, AT(DIRECTION_UP), call->bytes_out);
    metrics_add(cells, METRIC_UPSTREAM_BYTES, AT(DIRECTION_DOWN), call->bytes_in);
    if (call->head_ms > 0)
        observe_ms(cells, PHASE_FIRST_BYTE, call->ready_ms, call->head_ms);
    if (call->head_ms > 0 && end == ATTEMPT_ANSWERED)
        observe_ms(cells, PHASE_BODY, call->head_ms, loop_now_ms(call->loop));
}

void tally_failure(const struct forward *f)
{
    static const enum attempt_end ends[] = {
        [CALL_NOT_CONNECTED] = ATTEMPT_NOT_CONNECTED,
        [CALL_POOL_FULL] = ATTEMPT_POOL_FULL,
        [CALL_SEND_TIMEOUT] = ATTEMPT_TIMEOUT,
        [CALL_NO_ANSWER] = ATTEMPT_TIMEOUT,
        [CALL_TOTAL_TIMEOUT] = ATTEMPT_TIMEOUT,
        [CALL_BODY_TIMEOUT] = ATTEMPT_TIMEOUT,
        [CALL_LOST] = ATTEMPT_LOST,
        [CALL_MALFORMED] = ATTEMPT_MALFORMED,
        [CALL_HEAD_TOO_LARGE] = ATTEMPT_MALFORMED,
        [CALL_BODY_CUT] = ATTEMPT_LOST,
        [CALL_BODY_MALFORMED] = ATTEMPT_MALFORMED,
    };
    tally_attempt(f, ends[f->failure.kind]);
}
