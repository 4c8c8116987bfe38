#include "store/redis_target.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "net/dialer.h"
#include "net/tcp_stream.h"
#include "store/redis_sentinel.h"

enum { DETAIL_SIZE = 512 };

struct redis_target {
    struct loop *loop;               /* borrowed */
    struct redis_login login;        /* its texts are in secrets */
    struct buffer secrets;           /* user, then password */
    char *path;                      /* of a local socket; NULL: none, as the next two */
    struct dialer *dialer;           /* of one host */
    struct redis_sentinel *sentinel; /* that know the host */
    char *name;                      /* what details begin with: "host:port" or the path */
    uint64_t connect_ms, refresh_ms;
    size_t running;
};

struct redis_dial {
    struct redis_target *target; /* borrowed */
    redis_dial_done_fn *on_done;
    void *owner;                     /* borrowed */
    struct stream *local;            /* owned: while it connects; NULL else, as the next three */
    struct redis_question *question; /* where the master is */
    struct dialer *master;           /* owned: to where it is */
    struct dial *dial;
    struct timer deadline; /* of local; the others have their own */
    char name[DETAIL_SIZE / 2];
};

static struct dialer *create_dialer(struct redis_target *target,
                                    const struct redis_address *address, struct tls_context *tls)
{
    return dialer_create(target->loop,
                         &(struct dialer_options){.host = address->host,
                                                  .port = address->port,
                                                  .resolve_ms = target->connect_ms,
                                                  .connect_ms = target->connect_ms,
                                                  .tls_ms = target->connect_ms,
                                                  .refresh_ms = target->refresh_ms},
                         tls);
}

static void name_address(char *name, size_t size, const struct redis_address *address)
{
    (void)snprintf(name, size, "%s:%u", address->host, address->port);
}

static void keep_login(struct redis_target *target, const struct redis_login *login)
{
    buffer_init(&target->secrets, (size_t)2 * REDIS_LOGIN_MAX_LEN);
    ASSERT(buffer_append(&target->secrets, login->user) == OK);
    ASSERT(buffer_append(&target->secrets, login->password) == OK);
    struct span all = buffer_bytes(&target->secrets);
    target->login = (struct redis_login){.user = {all.at, login->user.len},
                                         .password = span_skip(all, login->user.len),
                                         .database = login->database};
}

static enum status aim_at_host(struct redis_target *target,
                               const struct redis_target_options *options,
                               char error[TLS_ERROR_SIZE])
{
    const struct redis_address *address = &options->url->addresses[0];
    const struct tls_client_options trust = {address->host, options->ca_file};
    struct tls_context *tls = NULL;
    char name[DETAIL_SIZE / 2];
    if (options->url->is_tls) {
        tls = tls_context_create_client(&trust, error);
        if (!tls)
            return ERR_TLS;
    }
    name_address(name, sizeof(name), address);
    target->name = xstrdup(span_of(name));
    target->dialer = create_dialer(target, address, tls);
    if (tls)
        tls_context_release(tls);
    return OK;
}

static void aim_at_master(struct redis_target *target, const struct redis_target_options *options)
{
    const struct redis_url *url = options->url;
    bool has_own = options->sentinel_password.len > 0;
    struct redis_sentinel_options sentinel = {
        .addresses = url->addresses,
        .count = url->count,
        .master = url->master,
        .user = has_own ? (struct span){"", 0} : url->login.user,
        .password = has_own ? options->sentinel_password : url->login.password,
        .connect_ms = options->connect_ms,
        .refresh_ms = options->refresh_ms,
    };
    target->name = xstrdup(url->master);
    target->sentinel = redis_sentinel_create(target->loop, &sentinel);
}

struct redis_target *redis_target_create(struct loop *loop,
                                         const struct redis_target_options *options,
                                         char error[TLS_ERROR_SIZE])
{
    struct redis_target *target = xcalloc(1, sizeof(*target));
    enum status status = OK;
    target->loop = loop;
    target->connect_ms = options->connect_ms;
    target->refresh_ms = options->refresh_ms;
    keep_login(target, &options->url->login);
    switch (options->url->kind) {
    case REDIS_URL_TCP:
        status = aim_at_host(target, options, error);
        break;
    case REDIS_URL_UNIX:
        target->path = xstrdup(span_of(options->url->path));
        target->name = xstrdup(span_of(options->url->path));
        break;
    case REDIS_URL_SENTINEL:
        aim_at_master(target, options);
        break;
    }
    if (status == OK)
        return target;
    redis_target_destroy(target);
    return NULL;
}

void redis_target_destroy(struct redis_target *target)
{
    ASSERT(target->running == 0);
    if (target->dialer)
        dialer_destroy(target->dialer);
    if (target->sentinel)
        redis_sentinel_destroy(target->sentinel);
    if (target->secrets.len > 0)
        explicit_bzero(target->secrets.at, target->secrets.len);
    buffer_clear(&target->secrets);
    free(target->path);
    free(target->name);
    free(target);
}

const struct redis_login *redis_target_login(const struct redis_target *target)
{
    return &target->login;
}

static void dispose(struct redis_dial *dial)
{
    timer_stop(&dial->deadline);
    if (dial->local)
        stream_close(dial->local);
    if (dial->question)
        redis_question_call_off(dial->question);
    if (dial->dial)
        dial_call_off(dial->dial);
    if (dial->master)
        dialer_destroy(dial->master);
    dial->target->running--;
    free(dial);
}

/* Either is the last thing a dial does. */
static void finish_open(struct redis_dial *dial, struct stream *stream)
{
    redis_dial_done_fn *on_done = dial->on_done;
    void *owner = dial->owner;
    dispose(dial);
    on_done(owner, stream, REDIS_NO_TROUBLE, (struct span){"", 0});
}

static void finish_failed(struct redis_dial *dial, enum redis_trouble trouble, struct span detail)
{
    redis_dial_done_fn *on_done = dial->on_done;
    void *owner = dial->owner;
    char text[DETAIL_SIZE];
    (void)snprintf(text, sizeof(text), "%s: %.*s", dial->name, (int)detail.len, detail.at);
    dispose(dial);
    on_done(owner, NULL, trouble, span_of(text));
}

/* --- A local socket --- */

static void on_local_open(void *owner)
{
    struct redis_dial *dial = owner;
    struct stream *stream = dial->local;
    dial->local = NULL;
    finish_open(dial, stream);
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

static void on_local_failed(void *owner, enum status why)
{
    struct redis_dial *dial = owner;
    (void)why;
    finish_failed(dial, REDIS_UNREACHABLE, span_of(uv_strerror(tcp_stream_error(dial->local))));
}

static const struct stream_events local_events = {
    .on_open = on_local_open,
    .on_data = on_early_data,
    .on_drained = on_nothing,
    .on_end = on_nothing,
    .on_failed = on_local_failed,
};

static void on_local_deadline(struct timer *timer)
{
    finish_failed(container_of(timer, struct redis_dial, deadline), REDIS_UNREACHABLE,
                  SPAN("timed out"));
}

/* --- A host --- */

static void on_dialed(void *owner, enum dial_result result, struct stream *stream,
                      struct span detail)
{
    struct redis_dial *dial = owner;
    dial->dial = NULL;
    if (result == DIAL_OK) {
        finish_open(dial, stream);
        return;
    }
    bool is_tls = result == DIAL_TLS_FAILED || result == DIAL_TLS_UNTRUSTED;
    finish_failed(dial, is_tls ? REDIS_UNTRUSTED : REDIS_UNREACHABLE, detail);
}

static void on_master(void *owner, const struct redis_address *master, struct span detail)
{
    struct redis_dial *dial = owner;
    dial->question = NULL;
    if (!master) {
        finish_failed(dial, REDIS_NO_MASTER, detail);
        return;
    }
    name_address(dial->name, sizeof(dial->name), master);
    dial->master = create_dialer(dial->target, master, NULL);
    dial->dial = dial_begin(dial->master, on_dialed, dial);
}

struct redis_dial *redis_dial_begin(struct redis_target *target, redis_dial_done_fn *on_done,
                                    void *owner)
{
    struct redis_dial *dial = xcalloc(1, sizeof(*dial));
    dial->target = target;
    dial->on_done = on_done;
    dial->owner = owner;
    timer_init(&dial->deadline, &target->loop->timers, on_local_deadline);
    (void)snprintf(dial->name, sizeof(dial->name), "%s", target->name);
    target->running++;
    if (target->path) {
        dial->local = tcp_stream_connect_local(target->loop, target->path);
        stream_listen_to(dial->local, &local_events, dial);
        timer_set(&dial->deadline, loop_now_ms(target->loop) + target->connect_ms);
    } else if (target->sentinel) {
        dial->question = redis_question_begin(target->sentinel, on_master, dial);
    } else {
        dial->dial = dial_begin(target->dialer, on_dialed, dial);
    }
    return dial;
}

void redis_dial_call_off(struct redis_dial *dial)
{
    dispose(dial);
}
