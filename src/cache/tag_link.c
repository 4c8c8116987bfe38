#include "cache/tag_link.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/random.h"
#include "base/text.h"
#include "cache/shared_clock.h"
#include "cache/tag_wire.h"
#include "store/redis.h"
#include "store/redis_subscriber.h"

/* How it goes:
 *
 *   subscribed and commands taken -> the script "open" -> HSCAN, piece by piece -> hears
 *   tell -> pending slots, a letter -> the script "tell", a batch at a time, until none is pending
 *
 * What is lost on the way begins anew with on_subscribed or on_up; what Redis refuses, or answers too
 * late, with the next beat.
 */

enum {
    BEAT_MS = 30000,
    ECHO_MS = 3000, /* longer than CALL_MS: a server that is slow is not deaf */
    RETRY_MS = 2000,
    CALL_MS = 2000,
    APART_US = 10000,   /* how far clocks that follow one server usually are apart at most */
    AHEAD_US = 1000000, /* and how far one may be ahead that is believed */
    PIECE_FIELDS = 1000,
    CURSOR_SIZE = 24,
    MAX_COMMANDS = 16,
    MAX_QUEUED = 256 * KIB,
    MAX_REPLY = 32 * MIB, /* of a hash that Redis keeps as one block, and so gives whole */
    MAX_MESSAGE = 64 * KIB,
    QUICK_MS = 25,
    SILENCE_MS = 5000,
};

/* Beyond, the hash is not what instances have written. */
enum { MAX_FIELDS = 4 * 2 * (TAG_SLOTS + 1) };

static const struct span name = SPAN_INIT("bpgate:tags"); /* of the hash and of the channel */

struct tag_link {
    struct loop *loop; /* borrowed, as the next two */
    struct tags *tags;
    struct redis_target *target;
    struct redis *redis;
    struct redis_subscriber *subscriber;
    char id[TAG_SENDER_LEN + 1]; /* of this process in messages */
    struct log_fold trouble, refusals;

    struct redis_call read; /* of the table; idle while there is nothing to read */
    char cursor[CURSOR_SIZE];
    size_t looked_at; /* fields so far; a piece, however small, is some */
    bool is_read;     /* since the subscription */
    atomic_bool hears;

    struct pending_slots pending;
    struct letter letter;
    atomic_bool is_posted;
    struct redis_call tell;
    struct pending_slot batch[TAG_BATCH]; /* that tell is about */
    size_t batch_len;

    struct shared_clock clock;
    uint64_t read_asked_us, tell_asked_us;
    struct timer beat; /* the next call, if nothing is told before */
    struct timer echo; /* set while the subscription owes what was told */
    bool is_closed;    /* freed when the letter comes */
};

/* --- Time --- */

static void note_time(struct tag_link *link, uint64_t asked_us, const struct redis_reply *reply)
{
    uint64_t server_us;
    if (reply->kind == REDIS_TEXT && span_to_u64(reply->text, &server_us) &&
        shared_clock_note(&link->clock, asked_us, tags_machine_us(link->tags), server_us))
        tags_set_offset(link->tags, link->clock.offset_us);
}

/* A time of the far future (a clock that was wrong, somebody's HSET) must not make everything old
 * until then. */
static uint64_t limited(uint64_t at_us, uint64_t now_us)
{
    return at_us < now_us + AHEAD_US ? at_us : now_us + AHEAD_US;
}

static void stamp(struct tag_link *link, struct pending_slot slot, uint64_t at_us)
{
    uint16_t number = (uint16_t)slot.slot;
    if (slot.slot == TAG_SLOTS)
        tags_stamp_all(link->tags, at_us, slot.is_soft);
    else
        tags_stamp(link->tags, &number, 1, at_us, slot.is_soft);
}

/* --- Trouble --- */

static void note_trouble(struct tag_link *link, enum redis_trouble trouble, struct span detail)
{
    redis_trouble_log(&link->trouble, SPAN("tags"), trouble, detail, loop_now_ms(link->loop));
}

/* Later, and not at once: whatever Redis did not like is likely to be so for a while. */
static void retry(struct tag_link *link, enum redis_result result, const struct redis_reply *reply)
{
    uint64_t now_ms = loop_now_ms(link->loop);
    uint64_t count = result == REDIS_REFUSED ? log_fold_count(&link->refusals, now_ms) : 0;
    if (count > 0)
        log_event(LOG_WARN, "tags_refused",
                  FIELDS(field_text("detail", reply->text), field_number("count", (int64_t)count)));
    if (result != REDIS_LOST)
        timer_set(&link->beat, now_ms + RETRY_MS);
}

/* --- Reading the table --- */

static void stop_reading(struct tag_link *link)
{
    redis_call_off(&link->read);
    link->is_read = false;
    atomic_store_explicit(&link->hears, false, memory_order_release);
}

static void begin_read(struct tag_link *link, const struct span *argv, size_t argc)
{
    uint64_t deadline_ms = loop_now_ms(link->loop) + CALL_MS;
    link->read_asked_us = tags_machine_us(link->tags);
    (void)!redis_call_begin(&link->read, link->redis, argv, argc, deadline_ms); /* else: on_up */
}

static void on_opened(struct redis_call *call, enum redis_result result,
                      const struct redis_reply *reply);

/* From the beginning, if it is time to. */
static void read_table(struct tag_link *link)
{
    const struct span argv[] = {SPAN("EVAL"), tag_script_open, SPAN("1"), name};
    if (link->is_read || redis_call_is_running(&link->read) ||
        !redis_subscriber_is_up(link->subscriber))
        return;
    link->read.on_done = on_opened;
    begin_read(link, argv, COUNT_OF(argv));
}

static void read_piece(struct tag_link *link);

/* What began a moment before a write may bear a later time, given by an instance whose clock was ahead:
 * nobody hears of a write that is only read about. */
static void take_piece(struct tag_link *link, const struct redis_reply *fields)
{
    uint64_t now_us = tags_now_us(link->tags);
    for (size_t i = 0; i + 1 < fields->count; i += 2) {
        struct pending_slot slot;
        uint64_t at_us;
        if (tag_field_parse(fields->items[i].text, fields->items[i + 1].text, &slot, &at_us))
            stamp(link, slot, limited(at_us, now_us) + APART_US);
    }
    link->looked_at += PIECE_FIELDS / 4 + fields->count / 2;
}

static void finish_reading(struct tag_link *link)
{
    link->is_read = true;
    atomic_store_explicit(&link->hears, true, memory_order_release);
    log_event(LOG_DEBUG, "tags_read", NO_FIELDS);
}

static void on_piece(struct redis_call *call, enum redis_result result,
                     const struct redis_reply *reply)
{
    struct tag_link *link = container_of(call, struct tag_link, read);
    if (result != REDIS_ANSWERED) {
        retry(link, result, reply);
        return;
    }
    struct span cursor = redis_reply_item(reply, 0)->text;
    if (cursor.len == 0 || cursor.len >= CURSOR_SIZE || link->looked_at > MAX_FIELDS) {
        const struct redis_reply odd = {REDIS_REFUSAL, .text = SPAN("the hash is not ours")};
        retry(link, REDIS_REFUSED, &odd);
        return;
    }
    take_piece(link, redis_reply_item(reply, 1));
    if (span_equal(cursor, SPAN("0"))) {
        finish_reading(link);
        return;
    }
    (void)snprintf(link->cursor, CURSOR_SIZE, "%.*s", (int)cursor.len, cursor.at);
    read_piece(link);
}

static void read_piece(struct tag_link *link)
{
    char count[CURSOR_SIZE];
    (void)snprintf(count, sizeof(count), "%d", PIECE_FIELDS);
    const struct span argv[] = {
        SPAN("HSCAN"), name, span_of(link->cursor), SPAN("COUNT"), span_of(count),
    };
    link->read.on_done = on_piece;
    begin_read(link, argv, COUNT_OF(argv));
}

/* A clock of ours that is ahead of the server's stands still until that has caught up: what others
 * have stamped meanwhile seems older than it is. */
static bool is_ahead(const struct tag_link *link, uint64_t now_us)
{
    uint64_t server_us = tags_machine_us(link->tags) + (uint64_t)link->clock.offset_us;
    return now_us > server_us + link->clock.round_us + APART_US;
}

static void on_opened(struct redis_call *call, enum redis_result result,
                      const struct redis_reply *reply)
{
    struct tag_link *link = container_of(call, struct tag_link, read);
    uint64_t since_us;
    if (result != REDIS_ANSWERED || !span_to_u64(redis_reply_item(reply, 1)->text, &since_us)) {
        retry(link, result, reply);
        return;
    }
    link->clock = (struct shared_clock){0};
    note_time(link, link->read_asked_us, redis_reply_item(reply, 0));
    uint64_t now_us = tags_now_us(link->tags);
    tags_stamp_all(link->tags, is_ahead(link, now_us) ? now_us : limited(since_us, now_us), false);
    link->looked_at = 0;
    (void)snprintf(link->cursor, CURSOR_SIZE, "0");
    read_piece(link);
}

/* --- Hearing --- */

static void on_subscribed(void *owner)
{
    struct tag_link *link = owner;
    stop_reading(link);
    read_table(link);
}

static void hear(struct tag_link *link, struct span list, bool is_soft, uint64_t at_us)
{
    struct pending_slot slot = {.is_soft = is_soft};
    while (tag_list_next(&list, &slot.slot))
        stamp(link, slot, at_us);
}

/* What began here before the message came may have missed the write, whatever the clocks say. Our own
 * is nothing new: it was stamped before it was told, and what began since then is good. */
static void on_message(void *owner, struct span text)
{
    struct tag_link *link = owner;
    struct tag_message message;
    if (!tag_message_parse(text, &message))
        return;
    if (span_equal(message.sender, (struct span){link->id, TAG_SENDER_LEN})) {
        timer_stop(&link->echo);
        return;
    }
    uint64_t now_us = tags_now_us(link->tags);
    uint64_t at_us = message.at_us > now_us ? limited(message.at_us, now_us) : now_us;
    hear(link, message.hard, false, at_us);
    hear(link, message.soft, true, at_us);
}

static void on_lost(void *owner, enum redis_trouble trouble, struct span detail)
{
    struct tag_link *link = owner;
    timer_stop(&link->echo);
    stop_reading(link);
    note_trouble(link, trouble, detail);
}

static void subscribe(struct tag_link *link)
{
    static const struct redis_subscriber_events events = {on_subscribed, on_message, on_lost};
    const struct redis_subscriber_options options = {
        .channel = name,
        .max_message_bytes = MAX_MESSAGE,
        .silence_ms = SILENCE_MS,
    };
    link->subscriber = redis_subscriber_create(link->loop, link->target, &options, &events, link);
}

bool tag_link_hears(const struct tag_link *link)
{
    return atomic_load_explicit(&link->hears, memory_order_acquire);
}

/* --- Telling --- */

static void on_told(struct redis_call *call, enum redis_result result,
                    const struct redis_reply *reply);

/* With nothing to tell it asks for the time. In any case it is heard back. */
static bool begin_tell(struct tag_link *link)
{
    uint64_t now_ms = loop_now_ms(link->loop);
    char hard[TAG_LIST_SIZE], soft[TAG_LIST_SIZE];
    const struct span argv[] = {
        SPAN("EVAL"),
        tag_script_tell,
        SPAN("1"),
        name,
        {link->id, TAG_SENDER_LEN},
        tag_list_write(link->batch, link->batch_len, false, hard),
        tag_list_write(link->batch, link->batch_len, true, soft),
    };
    link->tell.on_done = on_told;
    link->tell_asked_us = tags_machine_us(link->tags);
    if (redis_call_begin(&link->tell, link->redis, argv, COUNT_OF(argv), now_ms + CALL_MS) != OK)
        return false;
    if (redis_subscriber_is_up(link->subscriber) && !timer_is_set(&link->echo))
        timer_set(&link->echo, now_ms + ECHO_MS);
    return true;
}

static void put_back(struct tag_link *link)
{
    for (size_t i = 0; i < link->batch_len; i++)
        pending_slots_add(&link->pending, link->batch[i]);
    link->batch_len = 0;
}

static void tell_pending(struct tag_link *link)
{
    if (redis_call_is_running(&link->tell) || !redis_is_up(link->redis))
        return;
    link->batch_len = pending_slots_take(&link->pending, link->batch, TAG_BATCH);
    if (link->batch_len > 0 && !begin_tell(link))
        put_back(link);
}

static void on_told(struct redis_call *call, enum redis_result result,
                    const struct redis_reply *reply)
{
    struct tag_link *link = container_of(call, struct tag_link, tell);
    if (result != REDIS_ANSWERED || reply->kind != REDIS_TEXT) {
        put_back(link);
        timer_stop(&link->echo);
        retry(link, result, reply);
        return;
    }
    link->batch_len = 0;
    note_time(link, link->tell_asked_us, reply);
    tell_pending(link);
}

static void on_letter(struct letter *letter)
{
    struct tag_link *link = container_of(letter, struct tag_link, letter);
    if (link->is_closed) {
        free(link);
        return;
    }
    /* Before looking: what is added from now on posts anew. */
    (void)atomic_exchange_explicit(&link->is_posted, false, memory_order_acq_rel);
    tell_pending(link);
}

static void post(struct tag_link *link)
{
    if (!atomic_exchange_explicit(&link->is_posted, true, memory_order_acq_rel))
        mailbox_post(&link->loop->mailbox, &link->letter, on_letter);
}

void tag_link_tell(struct tag_link *link, const uint16_t *slots, size_t count, bool is_soft)
{
    for (size_t i = 0; i < count; i++)
        pending_slots_add(&link->pending, (struct pending_slot){slots[i], is_soft});
    post(link);
}

void tag_link_tell_all(struct tag_link *link, bool is_soft)
{
    pending_slots_add(&link->pending, (struct pending_slot){TAG_SLOTS, is_soft});
    post(link);
}

/* --- The connection --- */

static void on_beat(struct timer *timer)
{
    struct tag_link *link = container_of(timer, struct tag_link, beat);
    timer_set(timer, loop_now_ms(link->loop) + BEAT_MS);
    read_table(link);
    tell_pending(link);
    if (!redis_call_is_running(&link->tell) && redis_is_up(link->redis))
        (void)begin_tell(link);
}

/* What is published where commands go is not heard. */
static void on_no_echo(struct timer *timer)
{
    struct tag_link *link = container_of(timer, struct tag_link, echo);
    on_lost(link, REDIS_SILENT, SPAN("the subscription is deaf"));
    redis_subscriber_destroy(link->subscriber);
    subscribe(link);
}

static void on_up(void *owner)
{
    on_beat(&((struct tag_link *)owner)->beat);
}

/* The next connection may be to another server, with another table. */
static void on_down(void *owner, enum redis_trouble trouble, struct span detail)
{
    struct tag_link *link = owner;
    link->is_read = link->is_read && trouble == REDIS_SLOW;
    note_trouble(link, trouble, detail);
}

struct tag_link *tag_link_create(const struct tag_link_options *options)
{
    static const struct redis_events events = {on_up, on_down};
    static const struct redis_options redis = {
        .max_commands = MAX_COMMANDS,
        .max_bytes = MAX_QUEUED,
        .max_reply_bytes = MAX_REPLY,
        .quick_ms = QUICK_MS,
        .silence_ms = SILENCE_MS,
    };
    struct tag_link *link = xcalloc(1, sizeof(*link));
    link->loop = options->loop;
    link->tags = options->tags;
    link->target = options->target;
    pending_slots_init(&link->pending);
    atomic_init(&link->hears, false);
    atomic_init(&link->is_posted, false);
    (void)snprintf(link->id, sizeof(link->id), "%016llx", (unsigned long long)random_u64());
    timer_init(&link->beat, &link->loop->timers, on_beat);
    timer_init(&link->echo, &link->loop->timers, on_no_echo);
    link->redis = redis_create(link->loop, link->target, &redis, &events, link);
    subscribe(link);
    return link;
}

void tag_link_destroy(struct tag_link *link)
{
    if (!link)
        return;
    redis_destroy(link->redis);
    redis_subscriber_destroy(link->subscriber);
    timer_stop(&link->beat);
    timer_stop(&link->echo);
    link->is_closed = true;
    if (!atomic_load_explicit(&link->is_posted, memory_order_acquire))
        free(link);
}
