#include "store/redis_sentinel.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "net/dialer.h"
#include "store/redis_command.h"
#include "store/redis_reader.h"

enum { ANSWER_MS = 500, MAX_ANSWER_BYTES = 4 * KIB, DETAIL_SIZE = 256, HOST_SIZE = 254 };
enum { PORT_MAX = 65535, MAX_QUESTION_BYTES = 16 * KIB };

struct redis_sentinel {
    struct loop *loop; /* borrowed */
    struct dialer *dialers[REDIS_URL_MAX_ADDRESSES];
    char *names[REDIS_URL_MAX_ADDRESSES]; /* "host:port" */
    size_t count;
    size_t next;         /* with whom the next question begins */
    struct buffer asked; /* what is sent to each; secret */
    bool has_login;
    size_t running;
};

struct redis_question {
    struct redis_sentinel *sentinel; /* borrowed */
    redis_question_done_fn *on_done;
    void *owner; /* borrowed */
    size_t first, tried;
    struct dial *dial;           /* while one runs; else NULL */
    struct stream *stream;       /* owned; NULL while there is none */
    struct redis_reader *reader; /* owned; likewise */
    struct timer deadline;
    size_t answers; /* that this sentinel still owes */
    char detail[DETAIL_SIZE];
};

struct redis_sentinel *redis_sentinel_create(struct loop *loop,
                                             const struct redis_sentinel_options *options)
{
    struct redis_sentinel *sentinel = xcalloc(1, sizeof(*sentinel));
    ASSERT(options->count > 0 && options->count <= REDIS_URL_MAX_ADDRESSES);
    sentinel->loop = loop;
    for (; sentinel->count < options->count; sentinel->count++) {
        const struct redis_address *address = &options->addresses[sentinel->count];
        char name[HOST_SIZE + 8];
        (void)snprintf(name, sizeof(name), "%s:%u", address->host, address->port);
        sentinel->names[sentinel->count] = xstrdup(span_of(name));
        sentinel->dialers[sentinel->count] =
            dialer_create(loop,
                          &(struct dialer_options){.host = address->host,
                                                   .port = address->port,
                                                   .resolve_ms = options->connect_ms,
                                                   .connect_ms = options->connect_ms,
                                                   .refresh_ms = options->refresh_ms},
                          NULL);
    }
    buffer_init(&sentinel->asked, MAX_QUESTION_BYTES);
    sentinel->has_login = options->password.len > 0;
    const struct span login[] = {SPAN("AUTH"), options->user, options->password};
    const struct span password[] = {SPAN("AUTH"), options->password};
    const struct span ask[] = {SPAN("SENTINEL"), SPAN("get-master-addr-by-name"), options->master};
    if (sentinel->has_login && options->user.len > 0)
        ASSERT(redis_command_append(&sentinel->asked, login, COUNT_OF(login)) == OK);
    else if (sentinel->has_login)
        ASSERT(redis_command_append(&sentinel->asked, password, COUNT_OF(password)) == OK);
    ASSERT(redis_command_append(&sentinel->asked, ask, COUNT_OF(ask)) == OK);
    return sentinel;
}

void redis_sentinel_destroy(struct redis_sentinel *sentinel)
{
    ASSERT(sentinel->running == 0);
    for (size_t i = 0; i < sentinel->count; i++) {
        dialer_destroy(sentinel->dialers[i]);
        free(sentinel->names[i]);
    }
    explicit_bzero(sentinel->asked.at, sentinel->asked.len);
    buffer_clear(&sentinel->asked);
    free(sentinel);
}

static size_t index_of(const struct redis_question *question)
{
    return (question->first + question->tried) % question->sentinel->count;
}

/* Leaves the sentinel that is being asked. */
static void leave(struct redis_question *question)
{
    timer_stop(&question->deadline);
    if (question->dial)
        dial_call_off(question->dial);
    if (question->stream)
        stream_close(question->stream);
    if (question->reader)
        redis_reader_destroy(question->reader);
    question->dial = NULL;
    question->stream = NULL;
    question->reader = NULL;
}

/* The last thing a question does. */
static void finish(struct redis_question *question, const struct redis_address *master)
{
    redis_question_done_fn *on_done = question->on_done;
    void *owner = question->owner;
    char detail[DETAIL_SIZE];
    memcpy(detail, question->detail, sizeof(detail));
    leave(question);
    question->sentinel->running--;
    free(question);
    on_done(owner, master, span_of(detail));
}

static void ask(struct redis_question *question);

/* why may be in an answer that is read yet. */
static void try_next(struct redis_question *question, struct span why)
{
    (void)snprintf(question->detail, sizeof(question->detail), "%s: %.*s",
                   question->sentinel->names[index_of(question)],
                   (int)(why.len < DETAIL_SIZE ? why.len : DETAIL_SIZE), why.at);
    leave(question);
    question->tried++;
    if (question->tried < question->sentinel->count)
        ask(question);
    else
        finish(question, NULL);
}

static void on_deadline(struct timer *timer)
{
    try_next(container_of(timer, struct redis_question, deadline), SPAN("no answer"));
}

static void on_open(void *owner)
{
    (void)owner;
}

static bool is_host(struct span text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] <= ' ' || text.at[i] == 0x7f)
            return false;
    return text.len > 0 && text.len < HOST_SIZE;
}

static void judge(struct redis_question *question, const struct redis_reply *reply)
{
    const struct redis_reply *host = redis_reply_item(reply, 0);
    const struct redis_reply *port = redis_reply_item(reply, 1);
    char name[HOST_SIZE];
    uint64_t number;
    if (reply->kind == REDIS_REFUSAL) {
        try_next(question, reply->text);
    } else if (reply->kind == REDIS_NIL) {
        try_next(question, SPAN("it knows no master of this name"));
    } else if (host->kind != REDIS_TEXT || !is_host(host->text) || port->kind != REDIS_TEXT ||
               !span_to_u64(port->text, &number) || number < 1 || number > PORT_MAX) {
        try_next(question, SPAN("its answer is no address"));
    } else {
        (void)snprintf(name, sizeof(name), "%.*s", (int)host->text.len, host->text.at);
        finish(question, &(struct redis_address){name, (unsigned)number});
    }
}

static void on_data(void *owner, struct span bytes)
{
    struct redis_question *question = owner;
    const struct redis_reply *reply = NULL;
    enum redis_read read;
    redis_reader_feed(question->reader, bytes);
    /* What it says to the login shows in what it says to the question. */
    while ((read = redis_reader_next(question->reader, &reply)) == REDIS_READ_REPLY &&
           question->answers > 1)
        question->answers--;
    if (read == REDIS_READ_BROKEN)
        try_next(question, SPAN("its answer is not Redis'"));
    else if (read == REDIS_READ_REPLY)
        judge(question, reply);
}

static void on_drained(void *owner)
{
    (void)owner;
}

static void on_end(void *owner)
{
    try_next(owner, SPAN("it closed the connection"));
}

static void on_failed(void *owner, enum status why)
{
    (void)why;
    try_next(owner, SPAN("the connection was broken"));
}

static const struct stream_events events = {on_open, on_data, on_drained, on_end, on_failed};

static void on_dialed(void *owner, enum dial_result result, struct stream *stream,
                      struct span detail)
{
    struct redis_question *question = owner;
    struct redis_sentinel *sentinel = question->sentinel;
    question->dial = NULL;
    if (result != DIAL_OK) {
        try_next(question, detail);
        return;
    }
    struct span asked = buffer_bytes(&sentinel->asked);
    question->stream = stream;
    question->reader = redis_reader_create(MAX_ANSWER_BYTES);
    question->answers = sentinel->has_login ? 2 : 1;
    stream_listen_to(stream, &events, question);
    stream_write(stream, &asked, 1);
    timer_set(&question->deadline, loop_now_ms(sentinel->loop) + ANSWER_MS);
}

static void ask(struct redis_question *question)
{
    question->dial =
        dial_begin(question->sentinel->dialers[index_of(question)], on_dialed, question);
}

struct redis_question *redis_question_begin(struct redis_sentinel *sentinel,
                                            redis_question_done_fn *on_done, void *owner)
{
    struct redis_question *question = xcalloc(1, sizeof(*question));
    question->sentinel = sentinel;
    question->on_done = on_done;
    question->owner = owner;
    question->first = sentinel->next;
    sentinel->next = (sentinel->next + 1) % sentinel->count;
    timer_init(&question->deadline, &sentinel->loop->timers, on_deadline);
    sentinel->running++;
    ask(question);
    return question;
}

void redis_question_call_off(struct redis_question *question)
{
    leave(question);
    question->sentinel->running--;
    free(question);
}
