#include "store/redis_link.h"

#include "base/random.h"
#include "base/text.h"
#include "store/redis_command.h"

enum { FIRST_WAIT_MS = 50, LONGEST_WAIT_MS = 1000, GREETING_MS = 1000 };
enum { LARGE_ARGUMENT = 16 * KIB, KEPT_BYTES = 64 * KIB, GREETING_BYTES = 16 * KIB };
_Static_assert(GREETING_BYTES > 2 * REDIS_LOGIN_MAX_LEN + KIB, "a greeting must find room");

static uint64_t now_of(const struct redis_link *link)
{
    return loop_now_ms(link->loop);
}

static void dial(struct redis_link *link);

/* --- Coming down, and back --- */

/* Somewhere in the second half of the time. */
static uint64_t jittered(uint64_t wait_ms)
{
    return wait_ms - random_below(wait_ms / 2 + 1);
}

static void plan_retry(struct redis_link *link)
{
    bool was_well = link->is_up && now_of(link) - link->up_since_ms >= LONGEST_WAIT_MS;
    if (was_well)
        link->wait_ms = FIRST_WAIT_MS;
    timer_set(&link->timer, now_of(link) + jittered(link->wait_ms));
    link->wait_ms = link->wait_ms < LONGEST_WAIT_MS / 2 ? link->wait_ms * 2 : LONGEST_WAIT_MS;
}

static void drop_stream(struct redis_link *link)
{
    later_cancel(&link->flush);
    buffer_clear(&link->out);
    if (link->stream)
        stream_close(link->stream);
    link->stream = NULL;
}

void redis_link_fail(struct redis_link *link, enum redis_trouble trouble, struct span detail)
{
    drop_stream(link);
    plan_retry(link);
    link->is_up = false;
    link->events->on_down(link->owner, trouble, detail);
}

static void on_time(struct timer *timer)
{
    struct redis_link *link = container_of(timer, struct redis_link, timer);
    if (link->stream)
        redis_link_fail(link, REDIS_SILENT, SPAN("no answer to the greeting"));
    else
        dial(link);
}

/* --- What arrives --- */

static void on_open(void *owner)
{
    (void)owner; /* a dial has seen to it */
}

static enum redis_trouble greet(struct redis_link *link, const struct redis_reply *reply)
{
    enum redis_trouble trouble = redis_greeting_take(&link->greeting, reply);
    if (trouble != REDIS_NO_TROUBLE || !redis_greeting_is_done(&link->greeting))
        return trouble;
    timer_stop(&link->timer);
    link->is_up = true;
    link->up_since_ms = now_of(link);
    link->events->on_up(link->owner);
    return REDIS_NO_TROUBLE;
}

static struct span detail_of(const struct redis_reply *reply, enum redis_trouble trouble)
{
    if (reply->kind == REDIS_REFUSAL)
        return reply->text;
    return trouble == REDIS_BROKEN ? SPAN("an answer that nobody asked for")
                                   : SPAN("it said so when asked");
}

/* False when nothing more may be read: it is closed or down. */
static bool take(struct redis_link *link, const struct redis_reply *reply)
{
    const struct stream *stream = link->stream;
    enum redis_trouble trouble =
        link->is_up ? link->events->on_reply(link->owner, reply) : greet(link, reply);
    if (link->stream != stream)
        return false;
    if (trouble != REDIS_NO_TROUBLE)
        redis_link_fail(link, trouble, detail_of(reply, trouble));
    return trouble == REDIS_NO_TROUBLE;
}

static void on_data(void *owner, struct span bytes)
{
    struct redis_link *link = owner;
    const struct redis_reply *reply;
    redis_reader_feed(link->reader, bytes);
    for (;;) {
        switch (redis_reader_next(link->reader, &reply)) {
        case REDIS_READ_MORE:
            return;
        case REDIS_READ_REPLY:
            if (!take(link, reply))
                return;
            break;
        case REDIS_READ_BROKEN:
            redis_link_fail(link, REDIS_BROKEN, redis_reader_error(link->reader));
            return;
        }
    }
}

static void on_drained(void *owner)
{
    (void)owner; /* what may wait is bounded by who sends */
}

static void on_end(void *owner)
{
    redis_link_fail(owner, REDIS_GONE, SPAN("the connection was closed"));
}

static void on_failed(void *owner, enum status why)
{
    (void)why;
    redis_link_fail(owner, REDIS_GONE, SPAN("the connection was broken"));
}

static const struct stream_events events = {on_open, on_data, on_drained, on_end, on_failed};

/* --- Up --- */

static void flush(struct task *task)
{
    struct redis_link *link = container_of(task, struct redis_link, flush);
    struct span bytes = buffer_bytes(&link->out);
    if (bytes.len > 0)
        stream_write(link->stream, &bytes, 1);
    if (link->out.cap > KEPT_BYTES)
        buffer_clear(&link->out);
    else
        buffer_drop(&link->out, bytes.len);
}

static void on_dialed(void *owner, struct stream *stream, enum redis_trouble trouble,
                      struct span detail)
{
    struct redis_link *link = owner;
    link->dial = NULL;
    if (!stream) {
        redis_link_fail(link, trouble, detail);
        return;
    }
    link->stream = stream;
    stream_listen_to(stream, &events, link);
    if (link->reader)
        redis_reader_destroy(link->reader);
    link->reader = redis_reader_create(link->max_reply_bytes);
    redis_greeting_begin(&link->greeting, redis_target_login(link->target), &link->out);
    later_run(&link->loop->later, &link->flush, flush);
    timer_set(&link->timer, now_of(link) + GREETING_MS);
}

static void dial(struct redis_link *link)
{
    link->dial = redis_dial_begin(link->target, on_dialed, link);
}

void redis_link_init(struct redis_link *link, size_t max_bytes, size_t max_reply_bytes)
{
    *link = (struct redis_link){.max_reply_bytes = max_reply_bytes, .wait_ms = FIRST_WAIT_MS};
    buffer_init(&link->out, max_bytes + GREETING_BYTES);
}

void redis_link_open(struct redis_link *link, struct loop *loop, struct redis_target *target,
                     const struct redis_link_events *link_events, void *owner)
{
    link->loop = loop;
    link->target = target;
    link->events = link_events;
    link->owner = owner;
    timer_init(&link->timer, &loop->timers, on_time);
    dial(link);
}

void redis_link_close(struct redis_link *link)
{
    if (link->is_closed)
        return;
    link->is_closed = true;
    link->is_up = false;
    timer_stop(&link->timer);
    drop_stream(link);
    if (link->dial)
        redis_dial_call_off(link->dial);
    link->dial = NULL;
}

void redis_link_clear(struct redis_link *link)
{
    ASSERT(link->is_closed);
    if (link->reader)
        redis_reader_destroy(link->reader);
    link->reader = NULL;
}

/* A large argument goes out behind what waits, in the same write, and is not copied. */
static enum status send_argument(struct redis_link *link, struct span argument)
{
    char line[REDIS_LINE_SIZE];
    enum status status = buffer_append(&link->out, redis_command_line(line, '$', argument.len));
    if (status != OK)
        return status;
    if (argument.len < LARGE_ARGUMENT) {
        status = buffer_append(&link->out, argument);
    } else {
        const struct span spans[] = {buffer_bytes(&link->out), argument};
        stream_write(link->stream, spans, COUNT_OF(spans));
        buffer_drop(&link->out, link->out.len);
    }
    return status == OK ? buffer_append(&link->out, SPAN("\r\n")) : status;
}

enum status redis_link_send(struct redis_link *link, const struct span *argv, size_t argc)
{
    char line[REDIS_LINE_SIZE];
    ASSERT(link->is_up);
    if (redis_command_len(argv, argc) > link->out.limit - link->out.len)
        return ERR_LIMIT;
    enum status status = buffer_append(&link->out, redis_command_line(line, '*', argc));
    for (size_t i = 0; i < argc && status == OK; i++)
        status = send_argument(link, argv[i]);
    later_run(&link->loop->later, &link->flush, flush);
    return status;
}
