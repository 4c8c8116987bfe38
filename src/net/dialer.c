#include "net/dialer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "net/tcp_stream.h"
#include "net/tls_stream.h"
#include "net/tunnel.h"

enum { DETAIL_SIZE = 200 };
enum { STAGGER_MS = 250 }; /* RFC 8305 §5: the connection attempt delay */

struct dialer {
    struct loop *loop;         /* borrowed */
    struct tls_context *tls;   /* counted; NULL for plain TCP */
    struct resolver *resolver; /* owned; of the proxy if there is one */
    char *connect_request;     /* owned, secret; NULL without a proxy */
    uint64_t resolve_ms, connect_ms, tls_ms;
    size_t running;                /* dials */
    struct metrics_cells *metrics; /* borrowed; may be NULL */
};

struct attempt {
    struct dial *dial;     /* borrowed: its member */
    struct stream *stream; /* owned; NULL when not running */
};

struct dial {
    struct dialer *dialer; /* borrowed */
    dial_done_fn *on_done;
    void *owner; /* borrowed */
    struct resolve resolve;
    struct timer deadline; /* of the step it is in */
    uint64_t step_us;      /* when that began */
    struct timer stagger;  /* until the next address is tried beside those that are silent */
    enum dial_result at_deadline;
    struct addresses addresses;
    size_t begun; /* of addresses */
    struct attempt attempts[RESOLVER_MAX_ADDRESSES];
    enum dial_result failure; /* the most telling so far */
    const char *detail;       /* static text */
    struct tunnel tunnel;
    struct stream *through; /* owned: to the proxy, while it is asked; NULL else */
    struct stream *tls;     /* owned; NULL before that step */
};

#define DIAL_STATUS(name, proxy_status) [name] = {proxy_status, sizeof(proxy_status) - 1},
static const struct span proxy_statuses[] = {DIAL_RESULTS(DIAL_STATUS)};
#undef DIAL_STATUS

struct span dial_result_proxy_status(enum dial_result result)
{
    return proxy_statuses[result];
}

struct dialer *dialer_create(struct loop *loop, const struct dialer_options *options,
                             struct tls_context *tls)
{
    struct dialer *dialer = xcalloc(1, sizeof(*dialer));
    const struct dialer_proxy *proxy = &options->proxy;
    bool is_direct = !proxy->host;
    *dialer = (struct dialer){
        .loop = loop,
        .tls = tls ? tls_context_hold(tls) : NULL,
        .resolver = resolver_create(loop, is_direct ? options->host : proxy->host,
                                    is_direct ? options->port : proxy->port, options->refresh_ms),
        .resolve_ms = options->resolve_ms,
        .connect_ms = options->connect_ms,
        .tls_ms = options->tls_ms,
        .metrics = options->metrics,
    };
    if (!is_direct)
        dialer->connect_request = tunnel_request(options->host, options->port, proxy->credentials);
    return dialer;
}

void dialer_destroy(struct dialer *dialer)
{
    ASSERT(dialer->running == 0);
    resolver_destroy(dialer->resolver);
    if (dialer->tls)
        tls_context_release(dialer->tls);
    if (dialer->connect_request)
        explicit_bzero(dialer->connect_request, strlen(dialer->connect_request));
    free(dialer->connect_request);
    free(dialer);
}

static void close_attempts(struct dial *dial)
{
    for (size_t i = 0; i < dial->begun; i++) {
        if (dial->attempts[i].stream)
            stream_close(dial->attempts[i].stream);
        dial->attempts[i].stream = NULL;
    }
}

static void dispose(struct dial *dial)
{
    resolver_call_off(&dial->resolve);
    timer_stop(&dial->deadline);
    timer_stop(&dial->stagger);
    close_attempts(dial);
    tunnel_clear(&dial->tunnel);
    if (dial->through)
        stream_close(dial->through);
    if (dial->tls)
        stream_close(dial->tls);
    dial->dialer->running--;
    free(dial);
}

/* The last thing a dial does. */
static void finish_failed(struct dial *dial, enum dial_result result, struct span detail)
{
    dial_done_fn *on_done = dial->on_done;
    void *owner = dial->owner;
    char text[DETAIL_SIZE];
    bool is_proxys = dial->dialer->connect_request && !dial->tls;
    (void)snprintf(text, sizeof(text), "%s%.*s", is_proxys ? "the proxy: " : "", (int)detail.len,
                   detail.at);
    dispose(dial);
    on_done(owner, result, NULL, span_of(text));
}

static void finish_open(struct dial *dial, struct stream *stream)
{
    dial_done_fn *on_done = dial->on_done;
    void *owner = dial->owner;
    dial->tls = NULL;
    dispose(dial);
    on_done(owner, DIAL_OK, stream, (struct span){0});
}

static void on_deadline(struct timer *timer)
{
    struct dial *dial = container_of(timer, struct dial, deadline);
    finish_failed(dial, dial->at_deadline, SPAN("timed out"));
}

/* The step that began with its deadline has succeeded. */
static void tell_step(const struct dial *dial, enum metric_phase phase)
{
    metrics_observe(dial->dialer->metrics, METRIC_PHASES, AT(phase), clock_us() - dial->step_us);
}

static void set_deadline(struct dial *dial, uint64_t within_ms, enum dial_result result)
{
    dial->at_deadline = result;
    dial->step_us = clock_us();
    timer_set(&dial->deadline, loop_now_ms(dial->dialer->loop) + within_ms);
}

/* The handshake. */

static void on_tls_open(void *owner)
{
    struct dial *dial = owner;
    tell_step(dial, PHASE_TLS);
    finish_open(dial, dial->tls);
}

static void on_tls_failed(void *owner, enum status why)
{
    struct dial *dial = owner;
    (void)why;
    metrics_add(dial->dialer->metrics, METRIC_HANDSHAKES, AT(SIDE_UPSTREAM, HANDSHAKE_FAILED), 1);
    bool is_untrusted = tls_stream_is_untrusted(dial->tls);
    finish_failed(dial, is_untrusted ? DIAL_TLS_UNTRUSTED : DIAL_TLS_FAILED,
                  tls_stream_error(dial->tls));
}

static void on_early_data(void *owner, struct span bytes)
{
    (void)owner, (void)bytes;
    UNREACHABLE(); /* on_open comes first and gives the stream away */
}

static void on_nothing(void *owner)
{
    (void)owner;
}

static const struct stream_events tls_events = {
    .on_open = on_tls_open,
    .on_data = on_early_data,
    .on_drained = on_nothing,
    .on_end = on_nothing,
    .on_failed = on_tls_failed,
};

static void begin_handshake(struct dial *dial, struct stream *stream)
{
    struct dialer *dialer = dial->dialer;
    if (!dialer->tls) {
        finish_open(dial, stream);
        return;
    }
    dial->tls = tls_stream_create(stream, dialer->tls, dialer->loop);
    stream_listen_to(dial->tls, &tls_events, dial);
    set_deadline(dial, dialer->tls_ms, DIAL_TLS_TIMEOUT);
}

/* The proxy. */

static void on_tunnel(void *owner, enum tunnel_result result)
{
    struct dial *dial = owner;
    char status[32];
    struct stream *stream = dial->through;
    switch (result) {
    case TUNNEL_OPEN:
        dial->through = NULL;
        begin_handshake(dial, stream);
        return;
    case TUNNEL_REFUSED:
        (void)snprintf(status, sizeof(status), "it answered %u", dial->tunnel.status);
        finish_failed(dial, DIAL_PROXY_REFUSED, span_of(status));
        return;
    case TUNNEL_BROKEN:
        finish_failed(dial, DIAL_PROXY_FAILED, SPAN("it gave no answer that is valid HTTP"));
        return;
    }
    UNREACHABLE();
}

static void begin_tunnel(struct dial *dial, struct stream *stream)
{
    struct dialer *dialer = dial->dialer;
    dial->through = stream;
    tunnel_begin(&dial->tunnel, stream, span_of(dialer->connect_request), on_tunnel, dial);
    set_deadline(dial, dialer->connect_ms, DIAL_PROXY_TIMEOUT);
}

/* Connecting. */

static void begin_next(struct dial *dial);

/* Those that were begun and overtaken: the next dial need not wait for them first. */
static void demote_silent(struct dial *dial)
{
    for (size_t i = 0; i < dial->begun; i++)
        if (dial->attempts[i].stream)
            resolver_demote(dial->dialer->resolver, (struct sockaddr *)&dial->addresses.at[i]);
}

static void on_connected(void *owner)
{
    struct attempt *attempt = owner;
    struct dial *dial = attempt->dial;
    struct stream *stream = attempt->stream;
    attempt->stream = NULL;
    tell_step(dial, PHASE_CONNECT);
    demote_silent(dial);
    close_attempts(dial);
    timer_stop(&dial->stagger);
    if (dial->dialer->connect_request)
        begin_tunnel(dial, stream);
    else
        begin_handshake(dial, stream);
}

static bool is_connecting(const struct dial *dial)
{
    for (size_t i = 0; i < dial->begun; i++)
        if (dial->attempts[i].stream)
            return true;
    return false;
}

/* A refusal is an answer of the server itself; that other addresses lead nowhere is often just a
 * machine without IPv6. */
static void note_failure(struct dial *dial, int error)
{
    if (dial->failure == DIAL_REFUSED)
        return;
    dial->failure = error == UV_ECONNREFUSED ? DIAL_REFUSED
                    : error == UV_ETIMEDOUT  ? DIAL_CONNECT_TIMEOUT
                                             : DIAL_UNREACHABLE;
    dial->detail = uv_strerror(error);
}

static void on_not_connected(void *owner, enum status why)
{
    struct attempt *attempt = owner;
    struct dial *dial = attempt->dial;
    size_t index = (size_t)(attempt - dial->attempts);
    (void)why;
    note_failure(dial, tcp_stream_error(attempt->stream));
    resolver_demote(dial->dialer->resolver, (struct sockaddr *)&dial->addresses.at[index]);
    stream_close(attempt->stream);
    attempt->stream = NULL;
    if (dial->begun < dial->addresses.count)
        begin_next(dial);
    else if (!is_connecting(dial))
        finish_failed(dial, dial->failure, span_of(dial->detail));
}

static const struct stream_events attempt_events = {
    .on_open = on_connected,
    .on_data = on_early_data,
    .on_drained = on_nothing,
    .on_end = on_nothing,
    .on_failed = on_not_connected,
};

static void on_silence(struct timer *timer)
{
    begin_next(container_of(timer, struct dial, stagger));
}

static void begin_next(struct dial *dial)
{
    struct loop *loop = dial->dialer->loop;
    struct attempt *attempt = &dial->attempts[dial->begun];
    const struct sockaddr *address = (struct sockaddr *)&dial->addresses.at[dial->begun++];
    attempt->dial = dial;
    attempt->stream = tcp_stream_connect(loop, address);
    stream_listen_to(attempt->stream, &attempt_events, attempt);
    if (dial->begun < dial->addresses.count)
        timer_set(&dial->stagger, loop_now_ms(loop) + STAGGER_MS);
    else
        timer_stop(&dial->stagger);
}

static void begin_connecting(struct dial *dial)
{
    set_deadline(dial, dial->dialer->connect_ms, DIAL_CONNECT_TIMEOUT);
    begin_next(dial);
}

/* Resolving. */

static void on_resolved(struct resolve *resolve)
{
    struct dial *dial = container_of(resolve, struct dial, resolve);
    struct resolver *resolver = dial->dialer->resolver;
    if (resolver_find(resolver, &dial->addresses)) {
        tell_step(dial, PHASE_RESOLVE);
        begin_connecting(dial);
        return;
    }
    finish_failed(dial, DIAL_RESOLVE_FAILED, span_of(resolver_error(resolver)));
}

struct dial *dial_begin(struct dialer *dialer, dial_done_fn *on_done, void *owner)
{
    struct dial *dial = xcalloc(1, sizeof(*dial));
    dial->dialer = dialer;
    dial->on_done = on_done;
    dial->owner = owner;
    timer_init(&dial->deadline, &dialer->loop->timers, on_deadline);
    timer_init(&dial->stagger, &dialer->loop->timers, on_silence);
    dialer->running++;
    if (resolver_find(dialer->resolver, &dial->addresses)) {
        begin_connecting(dial);
    } else {
        set_deadline(dial, dialer->resolve_ms, DIAL_RESOLVE_TIMEOUT);
        resolver_wait(dialer->resolver, &dial->resolve, on_resolved);
    }
    return dial;
}

void dial_call_off(struct dial *dial)
{
    dispose(dial);
}
