/* load.c - a generator of load: requests at a fixed rate or as fast as answers come, and how long
 * the answers took.
 *
 *   bench_load --to 127.0.0.1:8080 --requests FILE [--connections 64] [--seconds 4] [--warm 1]
 *              [--rate N] [--tls] [--fresh | --resume] [--hold] [--spin] [--count N]
 *              [--pids 1,2]
 *
 * FILE holds whole requests, each followed by a NUL; they are sent in turn. With --rate the loop is
 * open: request i is due at i / rate, on the beat before, and its time counts from then, whether or not a
 * connection was free: a server that stalls is charged for all that had to wait. Without, each connection asks
 * again as soon as it has its answer. --fresh opens a connection for each request when that is due, --resume
 * with it also resumes the TLS session of the one before. --hold asks once on each connection, says so and keeps
 * them until standard input ends. --spin never sleeps: a server on this machine would pay for waking
 * us, which it does not where clients are elsewhere. --count ends after so many answers. --pids:
 * processes whose processor time is counted while it is measured, the kernel's own figure for their
 * threads.
 *
 * Prints one JSON object. Ends with 1 when a request failed.
 */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <openssl/ssl.h>
#include <uv.h>

#include "base/base.h"
#include "load_options.h"
#include "measure.h"
#include "response_head.h"

enum {
    HEAD_MAX = 16 * KIB,
    READ_SIZE = 256 * KIB,
    /* Between groups of requests. Woken for each of 14 000 a second, this program took half of the core that it
     * shares with the upstream, and what was measured was the queue for that core. */
    BEAT_NS = 500000,
    SOURCES = 200, /* addresses of the loopback net, so that ports in TIME_WAIT do not run out */
};

enum phase { WARMS, MEASURES, IS_OVER };

struct connection {
    uv_tcp_t tcp;
    uv_connect_t connect;
    SSL *ssl; /* NULL: plain */
    char head[HEAD_MAX];
    size_t head_len;
    uint64_t left; /* of the body; meaningful once has_head */
    uint64_t due_ns;
    bool has_head, is_busy, is_ready;
    struct connection *next_idle;
};

static struct load_options options;

static struct {
    uv_loop_t uv;
    uv_timer_t phases;
    uv_poll_t beats;
    uv_pipe_t end_of_input;
    int beat;
    size_t next_request;
    bool is_open_loop;
    SSL_CTX *tls;
    SSL_SESSION *session;

    enum phase phase;
    struct connection *idle;
    uint64_t began_ns, sent, waiting; /* waiting: due and without a connection */
    uint64_t measured_from_ns, measured_to_ns, cpu_from_ns, cpu_to_ns;
    uint64_t answers, failed, bytes, opened, resumed;
    struct histogram times;
    char input[READ_SIZE], plain[READ_SIZE], first_failure[128];
} load;

/* --- Sending --- */

static void open_connection(struct connection *c, uint64_t due_ns);

static void complain(const char *what)
{
    load.failed++;
    if (!load.first_failure[0])
        (void)snprintf(load.first_failure, sizeof(load.first_failure), "%s", what);
}

static void on_written(uv_write_t *request, int rc)
{
    (void)rc; /* the read says it too */
    free(request);
}

static void write_bytes(struct connection *c, const char *bytes, size_t len)
{
    uv_buf_t buf = uv_buf_init((char *)(uintptr_t)bytes, (unsigned)len);
    int rc = uv_try_write((uv_stream_t *)&c->tcp, &buf, 1);
    size_t taken = rc > 0 ? (size_t)rc : 0;
    if (taken == len || (rc < 0 && rc != UV_EAGAIN))
        return;
    uv_write_t *request = xmalloc(sizeof(*request) + len - taken);
    char *copy = (char *)(request + 1);
    memcpy(copy, bytes + taken, len - taken);
    buf = uv_buf_init(copy, (unsigned)(len - taken));
    if (uv_write(request, (uv_stream_t *)&c->tcp, &buf, 1, on_written) != 0)
        free(request);
}

static void flush_tls(struct connection *c)
{
    char *bytes;
    long len = BIO_get_mem_data(SSL_get_wbio(c->ssl), &bytes);
    if (len > 0)
        write_bytes(c, bytes, (size_t)len);
    (void)BIO_reset(SSL_get_wbio(c->ssl));
}

static void ask(struct connection *c, uint64_t due_ns)
{
    struct span request = options.requests[load.next_request];
    load.next_request = (load.next_request + 1) % options.request_count;
    c->due_ns = due_ns;
    c->is_busy = true;
    c->has_head = false;
    c->head_len = 0;
    if (!c->ssl) {
        write_bytes(c, request.at, request.len);
        return;
    }
    size_t written;
    if (SSL_write_ex(c->ssl, request.at, request.len, &written) != 1)
        complain("TLS cannot write");
    flush_tls(c);
}

static uint64_t due_of(uint64_t number)
{
    uint64_t after_ns = (uint64_t)((double)number * 1e9 / options.rate);
    return load.began_ns + after_ns - after_ns % BEAT_NS;
}

static void rest(struct connection *c)
{
    c->next_idle = load.idle;
    load.idle = c;
}

/* The next request that is due. */
static void serve_due(struct connection *c)
{
    uint64_t due_ns = due_of(load.sent++);
    if (options.is_fresh)
        open_connection(c, due_ns);
    else
        ask(c, due_ns);
}

/* A connection that could ask. */
static void serve(struct connection *c)
{
    if (load.phase == IS_OVER || (options.holds && c->due_ns > 0))
        return;
    if (!load.is_open_loop) {
        ask(c, uv_hrtime());
    } else if (load.waiting > 0) {
        load.waiting--;
        serve_due(c);
    } else {
        rest(c);
    }
}

static void on_beat(uv_poll_t *poll, int status, int events)
{
    uint64_t beats = 0;
    (void)poll, (void)status, (void)events;
    if (read(load.beat, &beats, sizeof(beats)) != sizeof(beats) || load.phase == IS_OVER)
        return;
    uint64_t now_ns = uv_hrtime();
    while (due_of(load.sent + load.waiting) <= now_ns) {
        struct connection *c = load.idle;
        if (!c) {
            load.waiting++;
            continue;
        }
        load.idle = c->next_idle;
        serve_due(c);
    }
}

/* --- Receiving --- */

static void on_closed(uv_handle_t *handle)
{
    struct connection *c = handle->data;
    SSL_free(c->ssl);
    c->ssl = NULL;
    if (load.phase == IS_OVER || options.holds)
        return;
    if (options.is_fresh && load.is_open_loop)
        serve(c);
    else
        open_connection(c, uv_hrtime());
}

static void drop(struct connection *c)
{
    if (uv_is_closing((uv_handle_t *)&c->tcp))
        return;
    struct connection **at = &load.idle;
    while (*at && *at != c)
        at = &(*at)->next_idle;
    if (*at)
        *at = c->next_idle;
    c->is_ready = false;
    uv_close((uv_handle_t *)&c->tcp, on_closed);
}

static void stop_measuring(uv_timer_t *timer);

static void finish(struct connection *c)
{
    uint64_t now_ns = uv_hrtime();
    c->is_busy = false;
    if (load.phase == MEASURES) {
        load.answers++;
        histogram_note(&load.times, now_ns - c->due_ns);
        if (load.answers == options.count)
            stop_measuring(&load.phases);
    }
    if (options.holds) {
        load.answers++;
        return;
    }
    if (!options.is_fresh) {
        serve(c);
        return;
    }
    if (c->ssl) {
        (void)SSL_shutdown(c->ssl);
        flush_tls(c);
    }
    drop(c);
}

static bool read_head(struct connection *c)
{
    unsigned status;
    c->has_head = true;
    if (!response_head_read(c->head, &status, &c->left)) {
        complain("no HTTP, or no length");
        return false;
    }
    char what[32];
    (void)snprintf(what, sizeof(what), "status %u", status);
    if (status != 200)
        complain(what);
    return true;
}

/* Takes what there is of the head; what follows it stays in *bytes. False: the connection is lost. */
static bool take_head(struct connection *c, struct span *bytes)
{
    size_t before = c->head_len, room = HEAD_MAX - 1 - before;
    size_t take = bytes->len < room ? bytes->len : room;
    memcpy(c->head + before, bytes->at, take);
    c->head[before + take] = '\0';
    char *end = strstr(c->head + (before > 3 ? before - 3 : 0), "\r\n\r\n");
    if (!end) {
        c->head_len += take;
        bytes->len = 0;
        return c->head_len < HEAD_MAX - 1;
    }
    end[2] = '\0';
    size_t used = (size_t)(end + 4 - c->head) - before;
    *bytes = (struct span){bytes->at + used, bytes->len - used};
    return read_head(c);
}

static void take(struct connection *c, struct span bytes)
{
    if (load.phase == MEASURES)
        load.bytes += bytes.len;
    while (bytes.len > 0 && c->is_busy) {
        if (!c->has_head && !take_head(c, &bytes)) {
            drop(c);
            return;
        }
        uint64_t body = c->has_head && bytes.len > c->left ? c->left : bytes.len;
        if (c->has_head) {
            c->left -= body;
            bytes = (struct span){bytes.at + body, bytes.len - (size_t)body};
        }
        if (c->has_head && c->left == 0)
            finish(c);
    }
}

static void become_ready(struct connection *c)
{
    c->is_ready = true;
    load.opened++;
    if (options.is_fresh && load.phase != IS_OVER)
        ask(c, c->due_ns);
    else
        serve(c);
}

static void shake_hands(struct connection *c)
{
    int rc = SSL_do_handshake(c->ssl);
    flush_tls(c);
    if (rc == 1) {
        load.resumed += SSL_session_reused(c->ssl) == 1;
        become_ready(c);
    } else if (SSL_get_error(c->ssl, rc) != SSL_ERROR_WANT_READ) {
        complain("TLS handshake");
        drop(c);
    }
}

static void take_encrypted(struct connection *c, struct span bytes)
{
    size_t got;
    ASSERT(BIO_write(SSL_get_rbio(c->ssl), bytes.at, (int)bytes.len) == (int)bytes.len);
    if (!c->is_ready)
        shake_hands(c);
    while (c->is_ready && SSL_read_ex(c->ssl, load.plain, READ_SIZE, &got) == 1)
        take(c, (struct span){load.plain, got});
}

static void on_alloc(uv_handle_t *handle, size_t wanted, uv_buf_t *buf)
{
    (void)handle, (void)wanted;
    *buf = uv_buf_init(load.input, READ_SIZE);
}

static void on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *buf)
{
    struct connection *c = stream->data;
    if (got < 0) {
        if ((c->is_busy || options.is_fresh) && load.phase != IS_OVER)
            complain("the connection was lost");
        drop(c);
    } else if (got > 0 && c->ssl) {
        take_encrypted(c, (struct span){buf->base, (size_t)got});
    } else if (got > 0) {
        take(c, (struct span){buf->base, (size_t)got});
    }
}

/* --- Connecting --- */

static void on_connected(uv_connect_t *request, int rc)
{
    struct connection *c = request->data;
    if (rc != 0) {
        complain(uv_strerror(rc));
        drop(c);
        return;
    }
    (void)uv_tcp_nodelay(&c->tcp, 1);
    (void)uv_read_start((uv_stream_t *)&c->tcp, on_alloc, on_read);
    if (c->ssl)
        shake_hands(c);
    else
        become_ready(c);
}

static void start_tls(struct connection *c)
{
    c->ssl = SSL_new(load.tls);
    SSL_set_bio(c->ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_connect_state(c->ssl);
    if (load.session && options.resumes)
        (void)SSL_set_session(c->ssl, load.session);
}

/* due_ns: of the request, when the connection is for one alone. */
static void open_connection(struct connection *c, uint64_t due_ns)
{
    static unsigned next_source;
    struct sockaddr_in from = {.sin_family = AF_INET};
    from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + next_source++ % SOURCES);
    memset(c, 0, sizeof(*c));
    ASSERT(uv_tcp_init(&load.uv, &c->tcp) == 0);
    c->tcp.data = c->connect.data = c;
    if (options.is_fresh)
        c->due_ns = due_ns;
    if (load.tls)
        start_tls(c);
    if (options.is_fresh)
        (void)uv_tcp_bind(&c->tcp, (const struct sockaddr *)&from, 0);
    int rc =
        uv_tcp_connect(&c->connect, &c->tcp, (const struct sockaddr *)&options.to, on_connected);
    ASSERT(rc == 0);
}

/* --- The run --- */

/* The upstream has this core too: we do not take it away from an answer that it is about to give. */
static void yield_to_upstream(void)
{
    struct sched_param none = {0};
    (void)sched_setscheduler(0, SCHED_BATCH, &none);
}

static void start_beats(void)
{
    struct itimerspec every = {.it_interval = {.tv_nsec = BEAT_NS},
                               .it_value = {.tv_nsec = BEAT_NS}};
    load.beat = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    ASSERT(load.beat >= 0 && timerfd_settime(load.beat, 0, &every, NULL) == 0);
    ASSERT(uv_poll_init(&load.uv, &load.beats, load.beat) == 0);
    load.began_ns = uv_hrtime();
    (void)uv_poll_start(&load.beats, UV_READABLE, on_beat);
}

static void stop_measuring(uv_timer_t *timer)
{
    (void)uv_timer_stop(timer);
    load.measured_to_ns = uv_hrtime();
    load.cpu_to_ns = cpu_ns_of(options.pids, options.pid_count);
    load.phase = IS_OVER;
}

static void start_measuring(uv_timer_t *timer)
{
    load.phase = MEASURES;
    load.cpu_from_ns = cpu_ns_of(options.pids, options.pid_count);
    load.measured_from_ns = uv_hrtime();
    if (options.count == 0)
        (void)uv_timer_start(timer, stop_measuring, (uint64_t)(options.seconds * 1000), 0);
}

static void stop_holding(uv_stream_t *stream, ssize_t got, const uv_buf_t *buf)
{
    (void)stream, (void)buf;
    if (got < 0)
        uv_stop(&load.uv);
}

static void look_whether_all_are_held(uv_timer_t *timer)
{
    if (load.answers + load.failed < options.connections)
        return;
    printf("{\"held\": %llu, \"failed\": %llu}\n", (unsigned long long)load.answers,
           (unsigned long long)load.failed);
    (void)fflush(stdout);
    (void)uv_timer_stop(timer);
    (void)uv_pipe_init(&load.uv, &load.end_of_input, 0);
    (void)uv_pipe_open(&load.end_of_input, STDIN_FILENO);
    (void)uv_read_start((uv_stream_t *)&load.end_of_input, on_alloc, stop_holding);
}

static void report(void)
{
    double seconds = (double)(load.measured_to_ns - load.measured_from_ns) / 1e9;
    double answers = load.answers > 0 ? (double)load.answers : 1;
    printf("{\"answers\": %llu, \"failed\": %llu, \"first_failure\": \"%s\", "
           "\"opened\": %llu, \"resumed\": %llu, \"waiting\": %llu, \"seconds\": %.3f, \"rate\": "
           "%.1f, "
           "\"mib_per_second\": %.1f, \"cpu_us\": %.3f, \"cpu_share\": %.3f, \"p50_us\": %.1f, "
           "\"p99_us\": %.1f, \"p999_us\": %.1f, \"largest_us\": %.1f}\n",
           (unsigned long long)load.answers, (unsigned long long)load.failed, load.first_failure,
           (unsigned long long)load.opened, (unsigned long long)load.resumed,
           (unsigned long long)load.waiting, seconds, (double)load.answers / seconds,
           (double)load.bytes / seconds / MIB,
           (double)(load.cpu_to_ns - load.cpu_from_ns) / 1000 / answers,
           (double)(load.cpu_to_ns - load.cpu_from_ns) / 1e9 / seconds,
           histogram_us(&load.times, 0.5), histogram_us(&load.times, 0.99),
           histogram_us(&load.times, 0.999), (double)load.times.largest / 1000);
}

static void run(void)
{
    struct connection *all = xcalloc(options.connections, sizeof(*all));
    ASSERT(uv_loop_init(&load.uv) == 0);
    (void)uv_timer_init(&load.uv, &load.phases);
    load.is_open_loop = options.rate > 0;
    for (unsigned i = 0; i < options.connections; i++) {
        if (load.is_open_loop && options.is_fresh)
            rest(&all[i]);
        else
            open_connection(&all[i], uv_hrtime());
    }
    if (options.holds) {
        (void)uv_timer_start(&load.phases, look_whether_all_are_held, 20, 20);
        (void)uv_run(&load.uv, UV_RUN_DEFAULT);
        return;
    }
    if (options.count > 0)
        start_measuring(&load.phases);
    else
        (void)uv_timer_start(&load.phases, start_measuring, (uint64_t)(options.warm * 1000), 0);
    if (load.is_open_loop) {
        yield_to_upstream();
        start_beats();
    }
    while (load.phase != IS_OVER)
        (void)uv_run(&load.uv, options.spins ? UV_RUN_NOWAIT : UV_RUN_ONCE);
    report();
}

static int on_session(SSL *ssl, SSL_SESSION *session)
{
    (void)ssl;
    SSL_SESSION_free(load.session);
    load.session = session;
    return 1;
}

/* Certificates are not verified: what is measured is the server. */
static void use_tls(void)
{
    load.tls = SSL_CTX_new(TLS_client_method());
    (void)SSL_CTX_set_session_cache_mode(load.tls,
                                         SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE);
    SSL_CTX_sess_set_new_cb(load.tls, on_session);
}

int main(int argc, char **argv)
{
    load_options_read(&options, argc, argv);
    if (options.uses_tls)
        use_tls();
    run();
    return load.failed > 0;
}
