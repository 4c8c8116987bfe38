#include "store/redis_subscriber.h"

#include <stdlib.h>

#include "base/text.h"
#include "store/redis_link.h"

/* "message", the channel and two items more than a message are in a reply with it. */
enum { MAX_COMMANDS_BYTES = 4 * KIB, REPLY_OVERHEAD = KIB };

struct redis_subscriber {
    struct redis_link link;
    struct loop *loop; /* borrowed */
    char *channel;     /* owned */
    size_t channel_len;
    uint64_t silence_ms;
    const struct redis_subscriber_events *events; /* borrowed, as the next */
    void *owner;
    struct timer watch; /* since when nothing was heard */
    struct task bury;
    bool is_subscribed;
    bool is_asked; /* whether it is there; the answer is to come */
    bool is_destroyed;
};

static struct span channel_of(const struct redis_subscriber *subscriber)
{
    return (struct span){subscriber->channel, subscriber->channel_len};
}

static void watch_anew(struct redis_subscriber *subscriber)
{
    timer_set(&subscriber->watch, loop_now_ms(subscriber->loop) + subscriber->silence_ms);
}

static void send_command(struct redis_subscriber *subscriber, const struct span *argv, size_t argc)
{
    /* Two commands at most are under way, and there is room for them. */
    ASSERT(redis_link_send(&subscriber->link, argv, argc) == OK);
}

static void on_watch(struct timer *timer)
{
    struct redis_subscriber *subscriber = container_of(timer, struct redis_subscriber, watch);
    static const struct span ping[] = {SPAN_INIT("PING")};
    if (subscriber->is_asked || !subscriber->is_subscribed) {
        redis_link_fail(&subscriber->link, REDIS_SILENT, SPAN("nothing was heard"));
        return;
    }
    subscriber->is_asked = true;
    send_command(subscriber, ping, COUNT_OF(ping));
    watch_anew(subscriber);
}

static void on_up(void *owner)
{
    struct redis_subscriber *subscriber = owner;
    const struct span subscribe[] = {SPAN("SUBSCRIBE"), channel_of(subscriber)};
    subscriber->is_asked = false;
    send_command(subscriber, subscribe, COUNT_OF(subscribe));
    watch_anew(subscriber);
}

static enum redis_trouble on_subscribe(struct redis_subscriber *subscriber)
{
    if (subscriber->is_subscribed)
        return REDIS_BROKEN;
    subscriber->is_subscribed = true;
    subscriber->events->on_subscribed(subscriber->owner);
    return REDIS_NO_TROUBLE;
}

static enum redis_trouble on_pong(struct redis_subscriber *subscriber)
{
    enum redis_trouble trouble = subscriber->is_asked ? REDIS_NO_TROUBLE : REDIS_BROKEN;
    subscriber->is_asked = false;
    return trouble;
}

static enum redis_trouble on_push(struct redis_subscriber *subscriber,
                                  const struct redis_reply *reply)
{
    const struct redis_reply *what = redis_reply_item(reply, 0);
    if (redis_reply_is(what, SPAN("pong")))
        return on_pong(subscriber);
    if (!redis_reply_is(redis_reply_item(reply, 1), channel_of(subscriber)))
        return REDIS_BROKEN;
    if (redis_reply_is(what, SPAN("subscribe")))
        return on_subscribe(subscriber);
    const struct redis_reply *message = redis_reply_item(reply, 2);
    if (!redis_reply_is(what, SPAN("message")) || message->kind != REDIS_TEXT ||
        !subscriber->is_subscribed)
        return REDIS_BROKEN;
    subscriber->events->on_message(subscriber->owner, message->text);
    return REDIS_NO_TROUBLE;
}

/* Only SUBSCRIBE can be refused: the ACL leaves us no such channel, unless it is something worse. */
static enum redis_trouble trouble_of_refusal(const struct redis_reply *reply)
{
    enum redis_trouble trouble = redis_trouble_of(reply->text);
    return trouble == REDIS_NO_TROUBLE ? REDIS_FORBIDDEN : trouble;
}

static enum redis_trouble on_reply(void *owner, const struct redis_reply *reply)
{
    struct redis_subscriber *subscriber = owner;
    watch_anew(subscriber);
    return reply->kind == REDIS_REFUSAL ? trouble_of_refusal(reply) : on_push(subscriber, reply);
}

static void on_down(void *owner, enum redis_trouble trouble, struct span detail)
{
    struct redis_subscriber *subscriber = owner;
    timer_stop(&subscriber->watch);
    subscriber->is_subscribed = false;
    subscriber->events->on_lost(subscriber->owner, trouble, detail);
}

static const struct redis_link_events link_events = {on_up, on_reply, on_down};

struct redis_subscriber *redis_subscriber_create(struct loop *loop, struct redis_target *target,
                                                 const struct redis_subscriber_options *options,
                                                 const struct redis_subscriber_events *events,
                                                 void *owner)
{
    struct redis_subscriber *subscriber = xcalloc(1, sizeof(*subscriber));
    ASSERT(options->channel.len <= REPLY_OVERHEAD / 2);
    subscriber->loop = loop;
    subscriber->channel = xstrdup(options->channel);
    subscriber->channel_len = options->channel.len;
    subscriber->silence_ms = options->silence_ms;
    subscriber->events = events;
    subscriber->owner = owner;
    timer_init(&subscriber->watch, &loop->timers, on_watch);
    redis_link_init(&subscriber->link, MAX_COMMANDS_BYTES,
                    options->max_message_bytes + REPLY_OVERHEAD);
    redis_link_open(&subscriber->link, loop, target, &link_events, subscriber);
    return subscriber;
}

static void bury(struct task *task)
{
    struct redis_subscriber *subscriber = container_of(task, struct redis_subscriber, bury);
    redis_link_clear(&subscriber->link);
    free(subscriber->channel);
    free(subscriber);
}

void redis_subscriber_destroy(struct redis_subscriber *subscriber)
{
    ASSERT(!subscriber->is_destroyed);
    subscriber->is_destroyed = true;
    timer_stop(&subscriber->watch);
    redis_link_close(&subscriber->link);
    later_run(&subscriber->loop->later, &subscriber->bury, bury);
}

bool redis_subscriber_is_up(const struct redis_subscriber *subscriber)
{
    return subscriber->is_subscribed;
}
