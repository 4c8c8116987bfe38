#include "upstream/upstream_pool.h"

#include <stdlib.h>

#include "upstream/idle_life.h"

struct upstream_pool {
    struct loop *loop;
    struct dialer *dialer;
    struct upstream_pool_options options;
    struct list idle;    /* newest first */
    struct list dialing; /* waits for which one is dialed, oldest first */
    struct list coming;  /* connections that are dialed for nobody any more */
    struct list line;    /* waits for which none may be dialed, oldest first */
    size_t idle_count, open_count, line_count;
    struct idle_life life;
    bool is_closing;
};

enum { FRESH_SHARE = 3, SURPLUS_REST_MS = 1000 };

static struct upstream_connection *connection_of(struct list *link)
{
    return container_of(link, struct upstream_connection, link);
}

static uint64_t now_of(const struct upstream_pool *pool)
{
    return loop_now_ms(pool->loop);
}

/* --- Connections --- */

static void serve_line(struct upstream_pool *pool);

static void free_connection(struct task *task)
{
    free(container_of(task, struct upstream_connection, bury));
}

static void free_pool_if_done(struct upstream_pool *pool)
{
    if (pool->is_closing && pool->open_count == 0)
        free(pool);
}

static void leave_idle(struct upstream_connection *connection)
{
    if (!list_has(&connection->link))
        return;
    list_remove(&connection->link);
    connection->pool->idle_count--;
    timer_stop(&connection->timer);
}

static void close_connection(struct upstream_connection *connection)
{
    struct upstream_pool *pool = connection->pool;
    leave_idle(connection);
    stream_close(connection->stream);
    connection->stream = NULL;
    later_run(&pool->loop->later, &connection->bury, free_connection);
    pool->open_count--;
    serve_line(pool);
    free_pool_if_done(pool);
}

static uint64_t idle_limit_ms(const struct upstream_pool *pool)
{
    return idle_life_limit_ms(&pool->life, pool->options.idle_ms, now_of(pool));
}

static void rest_until(struct upstream_connection *connection, uint64_t limit_ms)
{
    timer_set(&connection->timer, connection->idle_since_ms + limit_ms);
}

/* Of more than max_idle the one that has rested longest goes, after a moment. Not at once: under load the
 * next request would have to shake hands anew, again and again. */
static void thin_out(struct upstream_pool *pool)
{
    if (pool->idle_count <= pool->options.max_idle)
        return;
    struct upstream_connection *oldest = connection_of(pool->idle.prev);
    uint64_t limit_ms = idle_limit_ms(pool);
    rest_until(oldest, limit_ms < SURPLUS_REST_MS ? limit_ms : SURPLUS_REST_MS);
}

/* The server has ended a connection at rest: the others need not wait for the same. */
static void note_life(struct upstream_connection *connection)
{
    struct upstream_pool *pool = connection->pool;
    uint64_t now_ms = now_of(pool), before_ms = idle_limit_ms(pool);
    idle_life_note(&pool->life, now_ms - connection->idle_since_ms, now_ms);
    uint64_t limit_ms = idle_limit_ms(pool);
    if (limit_ms >= before_ms)
        return;
    for (struct list *link = pool->idle.next; link != &pool->idle; link = link->next) {
        struct upstream_connection *other = connection_of(link);
        if (other->idle_since_ms + limit_ms < other->timer.due_ms)
            rest_until(other, limit_ms);
    }
}

static void on_open(void *owner)
{
    (void)owner;
}

static void dial(struct pool_wait *wait);

/* A connection at rest has ended. If somebody was about to be given it, a new one takes its place:
 * the older ones at rest may have ended too. */
static void lose(struct upstream_connection *connection)
{
    struct pool_wait *wait = connection->taken_by;
    if (wait) {
        later_cancel(&wait->ready);
        wait->connection = NULL;
        dial(wait);
    }
    close_connection(connection);
}

/* Nothing was asked: whatever this is, it could be taken for the next answer. */
static void on_data(void *owner, struct span bytes)
{
    (void)bytes;
    lose(owner);
}

static void on_drained(void *owner)
{
    (void)owner;
}

static void on_end(void *owner)
{
    note_life(owner);
    lose(owner);
}

static void on_failed(void *owner, enum status why)
{
    (void)why;
    note_life(owner);
    lose(owner);
}

static const struct stream_events idle_events = {on_open, on_data, on_drained, on_end, on_failed};

static void on_rested(struct timer *timer)
{
    struct upstream_connection *connection = container_of(timer, struct upstream_connection, timer);
    struct upstream_pool *pool = connection->pool;
    uint64_t rested_ms = now_of(pool) - connection->idle_since_ms, limit_ms = idle_limit_ms(pool);
    if (pool->idle_count <= pool->options.max_idle && rested_ms < limit_ms) {
        rest_until(connection, limit_ms); /* others have been taken since */
        return;
    }
    idle_life_note_kept(&pool->life, rested_ms, now_of(pool));
    close_connection(connection);
    thin_out(pool);
}

/* --- Waits --- */

static void end_wait(struct pool_wait *wait, enum pool_result result, enum dial_result dial,
                     struct span detail)
{
    timer_stop(&wait->timer);
    wait->on_done(wait, result, dial, detail);
}

static void settle(struct upstream_connection *connection);

/* Nothing was dialed, or it is not wanted: there is room for another. */
static void forget(struct upstream_connection *connection)
{
    struct upstream_pool *pool = connection->pool;
    free(connection);
    pool->open_count--;
    serve_line(pool);
    free_pool_if_done(pool);
}

static void on_dialed(void *owner, enum dial_result result, struct stream *stream,
                      struct span detail)
{
    struct upstream_connection *connection = owner;
    struct pool_wait *wait = connection->taken_by;
    connection->dial = NULL;
    connection->taken_by = NULL;
    list_remove(wait ? &wait->link : &connection->link);
    if (wait)
        wait->dialed = NULL;
    if (result != DIAL_OK) {
        forget(connection);
        if (wait)
            end_wait(wait, POOL_DIAL_FAILED, result, detail);
        return;
    }
    connection->stream = stream;
    connection->idle_since_ms = now_of(connection->pool);
    stream_listen_to(stream, &idle_events, connection);
    if (!wait) {
        settle(connection);
        return;
    }
    wait->connection = connection;
    end_wait(wait, POOL_OK, DIAL_OK, (struct span){"", 0});
}

static struct upstream_connection *dial_anew(struct upstream_pool *pool)
{
    struct upstream_connection *connection = xcalloc(1, sizeof(*connection));
    connection->pool = pool;
    timer_init(&connection->timer, &pool->loop->timers, on_rested);
    pool->open_count++;
    connection->dial = dial_begin(pool->dialer, on_dialed, connection);
    return connection;
}

static bool may_dial(const struct upstream_pool *pool)
{
    return pool->open_count < pool->options.max_open || !list_is_empty(&pool->coming);
}

/* Waits for what is dialed already and no longer wanted, the newest, or dials. */
static void dial(struct pool_wait *wait)
{
    struct upstream_pool *pool = wait->pool;
    bool is_coming = !list_is_empty(&pool->coming);
    struct upstream_connection *connection =
        is_coming ? connection_of(pool->coming.prev) : dial_anew(pool);
    list_remove(&connection->link);
    connection->taken_by = wait;
    wait->dialed = connection;
    list_push_back(&pool->dialing, &wait->link);
}

static void call_off_dial(struct upstream_connection *connection)
{
    list_remove(&connection->link);
    dial_call_off(connection->dial);
    forget(connection);
}

/* What is dialed for a wait goes on without it, unless nobody will come any more. */
static void leave_dial(struct pool_wait *wait)
{
    struct upstream_connection *connection = wait->dialed;
    list_remove(&wait->link);
    wait->dialed = NULL;
    connection->taken_by = NULL;
    if (wait->pool->is_closing) {
        call_off_dial(connection);
        return;
    }
    list_push_back(&wait->pool->coming, &connection->link);
    serve_line(wait->pool);
}

static void tell_taken(struct task *task)
{
    struct pool_wait *wait = container_of(task, struct pool_wait, ready);
    wait->connection->taken_by = NULL;
    end_wait(wait, POOL_OK, DIAL_OK, (struct span){"", 0});
}

static void tell_full(struct task *task)
{
    end_wait(container_of(task, struct pool_wait, ready), POOL_FULL, DIAL_OK,
             SPAN("too many requests wait for a connection"));
}

static void take(struct pool_wait *wait, struct upstream_connection *connection)
{
    leave_idle(connection);
    connection->rested_ms = now_of(wait->pool) - connection->idle_since_ms;
    wait->connection = connection;
    connection->taken_by = wait;
    later_run(&wait->pool->loop->later, &wait->ready, tell_taken);
}

static void leave_line(struct pool_wait *wait)
{
    list_remove(&wait->link);
    wait->pool->line_count--;
    timer_stop(&wait->timer);
}

static void on_waited(struct timer *timer)
{
    struct pool_wait *wait = container_of(timer, struct pool_wait, timer);
    leave_line(wait);
    end_wait(wait, POOL_WAIT_TIMEOUT, DIAL_OK, SPAN("no connection became free in time"));
}

/* Lets the first in the line open a connection where one has gone. */
static void serve_line(struct upstream_pool *pool)
{
    if (list_is_empty(&pool->line) || !may_dial(pool))
        return;
    struct pool_wait *wait = container_of(pool->line.next, struct pool_wait, link);
    leave_line(wait);
    dial(wait);
}

static bool may_serve(const struct upstream_pool *pool, struct upstream_connection *connection,
                      bool must_be_fresh)
{
    if (!must_be_fresh)
        return true;
    uint64_t rested_ms = now_of(pool) - connection->idle_since_ms;
    return rested_ms * FRESH_SHARE < idle_life_shortest_ms(&pool->life, now_of(pool)) &&
           stream_is_quiet(connection->stream);
}

void pool_wait_begin(struct pool_wait *wait, struct upstream_pool *pool, bool must_be_fresh)
{
    wait->pool = pool;
    wait->dialed = NULL;
    wait->connection = NULL;
    wait->must_be_fresh = must_be_fresh;
    timer_init(&wait->timer, &pool->loop->timers, on_waited);
    struct upstream_connection *newest =
        list_is_empty(&pool->idle) ? NULL : connection_of(pool->idle.next);
    if (newest && may_serve(pool, newest, must_be_fresh)) {
        take(wait, newest);
        return;
    }
    if (newest && !may_dial(pool))
        close_connection(connection_of(pool->idle.prev)); /* too old for this one: make room */
    if (may_dial(pool)) {
        dial(wait);
    } else if (pool->line_count >= pool->options.max_waiting) {
        later_run(&pool->loop->later, &wait->ready, tell_full);
    } else {
        list_push_back(&pool->line, &wait->link);
        pool->line_count++;
        timer_set(&wait->timer, now_of(pool) + pool->options.wait_ms);
    }
}

/* The wait that has waited longest, if this connection may serve it. */
static struct pool_wait *first_wait(const struct upstream_pool *pool,
                                    struct upstream_connection *connection)
{
    const struct list *waits = list_is_empty(&pool->dialing) ? &pool->line : &pool->dialing;
    if (list_is_empty(waits))
        return NULL;
    struct pool_wait *first = container_of(waits->next, struct pool_wait, link);
    return may_serve(pool, connection, first->must_be_fresh) ? first : NULL;
}

/* To who waits, else to the idle ones. What may serve nobody is closed while there is a line, so that the first
 * of it may dial. */
static void settle(struct upstream_connection *connection)
{
    struct upstream_pool *pool = connection->pool;
    struct pool_wait *first = first_wait(pool, connection);
    connection->was_pooled = true;
    if (first) {
        if (first->dialed)
            leave_dial(first);
        else
            leave_line(first);
        take(first, connection);
    } else if (!list_is_empty(&pool->line) || pool->is_closing || pool->options.max_idle == 0) {
        close_connection(connection);
    } else {
        list_push_front(&pool->idle, &connection->link);
        pool->idle_count++;
        rest_until(connection, idle_limit_ms(pool));
        thin_out(pool);
    }
}

void pool_wait_call_off(struct pool_wait *wait)
{
    later_cancel(&wait->ready);
    if (wait->dialed) {
        list_remove(&wait->link);
        call_off_dial(wait->dialed);
        wait->dialed = NULL;
    } else if (list_has(&wait->link)) {
        leave_line(wait);
    } else if (wait->connection) {
        wait->connection->taken_by = NULL;
        settle(wait->connection); /* it rests since when it did: nothing was sent on it */
        wait->connection = NULL;
    }
}

/* --- The pool --- */

struct upstream_pool *upstream_pool_create(struct loop *loop, struct dialer *dialer,
                                           const struct upstream_pool_options *options)
{
    struct upstream_pool *pool = xcalloc(1, sizeof(*pool));
    pool->loop = loop;
    pool->dialer = dialer;
    pool->options = *options;
    idle_life_init(&pool->life, options->first_life_ms);
    list_init(&pool->idle);
    list_init(&pool->dialing);
    list_init(&pool->coming);
    list_init(&pool->line);
    return pool;
}

void upstream_pool_destroy(struct upstream_pool *pool)
{
    pool->open_count++; /* holds the pool until the loop below is done with it */
    pool->is_closing = true;
    while (!list_is_empty(&pool->idle))
        close_connection(connection_of(pool->idle.next));
    while (!list_is_empty(&pool->coming))
        call_off_dial(connection_of(pool->coming.next));
    pool->open_count--;
    free_pool_if_done(pool);
}

struct upstream_pool_counts upstream_pool_counts(const struct upstream_pool *pool)
{
    return (struct upstream_pool_counts){pool->idle_count, pool->open_count, pool->line_count,
                                         idle_life_shortest_ms(&pool->life, now_of(pool))};
}

void upstream_pool_release(struct upstream_connection *connection, bool is_clean)
{
    struct upstream_pool *pool = connection->pool;
    connection->idle_since_ms = now_of(pool);
    if (!is_clean) {
        close_connection(connection);
        return;
    }
    idle_life_note_kept(&pool->life, connection->rested_ms, connection->idle_since_ms);
    stream_listen_to(connection->stream, &idle_events, connection);
    settle(connection);
}
