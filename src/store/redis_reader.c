#include "store/redis_reader.h"

#include <limits.h>
#include <stdlib.h>

#include <hiredis/hiredis.h>

#include "base/arena.h"
#include "base/text.h"

/* No text without a length of its own (a status, a refusal) is longer, nor is the line that tells a
 * length: hiredis looks through an unfinished line again with every piece. */
enum { MAX_LINE = 64 * KIB, MAX_LENGTH_LINE = 32 };

/* Of lists in lists: as much as hiredis 0.14 reads; 1.x has no bound. */
enum { MAX_DEPTH = 7 };

struct redis_reader {
    redisReader *hiredis;
    struct arena arena; /* the reply that is being read, or was handed out */
    size_t used, max_bytes;
    bool is_handed_out;
    bool is_broken;
    const char *error; /* static text; NULL: hiredis' own words, or none */
};

#if HIREDIS_MAJOR >= 1
typedef size_t item_count;
#else
typedef int item_count;
#endif

static struct redis_reader *reader_of(const redisReadTask *task)
{
    return task->privdata;
}

/* False when the reply becomes longer than it may. */
static bool charge(struct redis_reader *reader, size_t bytes)
{
    if (bytes > reader->max_bytes - reader->used) {
        reader->error = "a reply is too long";
        return false;
    }
    reader->used += bytes;
    return true;
}

/* Where the reader wants its next value: an item of a list that was made before, or the reply. */
static struct redis_reply *place_of(const redisReadTask *task)
{
    if (!task->parent)
        return arena_alloc(&reader_of(task)->arena, sizeof(struct redis_reply));
    const struct redis_reply *list = task->parent->obj;
    struct redis_reply *items;
    memcpy(&items, &list->items, sizeof(items)); /* const for those who read it */
    return &items[task->idx];
}

static void *create(const redisReadTask *task, struct redis_reply value)
{
    struct redis_reply *reply = place_of(task);
    *reply = value;
    return reply;
}

/* Of RESP3, which nobody has asked for. hiredis 0.14 does not know it. */
static void *refuse_type(const redisReadTask *task)
{
    reader_of(task)->error = "a reply of an unknown type";
    return NULL;
}

static void *create_text(const redisReadTask *task, char *at, size_t len)
{
    struct redis_reader *reader = reader_of(task);
    bool is_line = task->type == REDIS_REPLY_STATUS || task->type == REDIS_REPLY_ERROR;
    if (!is_line && task->type != REDIS_REPLY_STRING)
        return refuse_type(task);
    if (is_line && len > MAX_LINE) {
        reader->error = "a line is too long";
        return NULL;
    }
    if (!charge(reader, len))
        return NULL;
    return create(task, (struct redis_reply){
                            .kind = task->type == REDIS_REPLY_ERROR ? REDIS_REFUSAL : REDIS_TEXT,
                            .text = arena_copy(&reader->arena, (struct span){at, len})});
}

static bool is_too_deep(const redisReadTask *task)
{
    int depth = 1;
    while (task->parent && depth <= MAX_DEPTH) {
        task = task->parent;
        depth++;
    }
    return depth > MAX_DEPTH;
}

static void *create_list(const redisReadTask *task, item_count count)
{
    struct redis_reader *reader = reader_of(task);
    if (task->type != REDIS_REPLY_ARRAY)
        return refuse_type(task);
    if (is_too_deep(task)) {
        reader->error = "lists are nested too deeply";
        return NULL;
    }
    size_t items = (size_t)count;
    if (items > SIZE_MAX / sizeof(struct redis_reply) ||
        !charge(reader, items * sizeof(struct redis_reply))) {
        reader->error = "a list is too long";
        return NULL;
    }
    return create(task,
                  (struct redis_reply){
                      .kind = REDIS_LIST,
                      .items = arena_zalloc(&reader->arena, items * sizeof(struct redis_reply)),
                      .count = items});
}

static void *create_number(const redisReadTask *task, long long number)
{
    return create(task, (struct redis_reply){.kind = REDIS_NUMBER, .number = number});
}

static void *create_nil(const redisReadTask *task)
{
    return create(task, (struct redis_reply){.kind = REDIS_NIL});
}

static void free_nothing(void *object)
{
    (void)object; /* the arena's */
}

#if HIREDIS_MAJOR >= 1
static void *refuse_double(const redisReadTask *task, double value, char *at, size_t len)
{
    (void)value, (void)at, (void)len;
    return refuse_type(task);
}

static void *refuse_bool(const redisReadTask *task, int value)
{
    (void)value;
    return refuse_type(task);
}
#endif

static redisReplyObjectFunctions functions = {
    .createString = create_text,
    .createArray = create_list,
    .createInteger = create_number,
    .createNil = create_nil,
    .freeObject = free_nothing,
#if HIREDIS_MAJOR >= 1
    .createDouble = refuse_double,
    .createBool = refuse_bool,
#endif
};

struct redis_reader *redis_reader_create(size_t max_bytes)
{
    struct redis_reader *reader = xcalloc(1, sizeof(*reader));
    arena_init(&reader->arena, SIZE_MAX); /* what goes in is charged */
    reader->max_bytes = max_bytes;
    reader->hiredis = redisReaderCreateWithFunctions(&functions);
    ASSERT(reader->hiredis);
    reader->hiredis->privdata = reader;
    return reader;
}

void redis_reader_destroy(struct redis_reader *reader)
{
    redisReaderFree(reader->hiredis);
    arena_clear(&reader->arena);
    free(reader);
}

void redis_reader_feed(struct redis_reader *reader, struct span bytes)
{
    if (!reader->is_broken)
        reader->is_broken = redisReaderFeed(reader->hiredis, bytes.at, bytes.len) != REDIS_OK;
}

/* What waits for its end is one text at most, and the line that tells its length. */
static bool waits_for_too_much(struct redis_reader *reader)
{
    const redisReader *hiredis = reader->hiredis;
    size_t waiting = hiredis->len - hiredis->pos;
    if (waiting > MAX_LINE && !memmem(hiredis->buf + hiredis->pos, MAX_LENGTH_LINE, "\r\n", 2))
        reader->error = "a line is too long";
    else if (waiting > MAX_LINE && waiting - MAX_LENGTH_LINE > reader->max_bytes - reader->used)
        reader->error = "a reply is too long";
    return reader->error != NULL;
}

enum redis_read redis_reader_next(struct redis_reader *reader, const struct redis_reply **reply)
{
    void *object = NULL;
    if (reader->is_handed_out) {
        arena_clear(&reader->arena);
        reader->used = 0;
        reader->is_handed_out = false;
    }
    if (reader->is_broken)
        return REDIS_READ_BROKEN;
    if (redisReaderGetReply(reader->hiredis, &object) != REDIS_OK ||
        (!object && waits_for_too_much(reader))) {
        reader->is_broken = true;
        return REDIS_READ_BROKEN;
    }
    if (!object)
        return REDIS_READ_MORE;
    reader->is_handed_out = true;
    *reply = object;
    return REDIS_READ_REPLY;
}

struct span redis_reader_error(const struct redis_reader *reader)
{
    return span_of(reader->error ? reader->error : reader->hiredis->errstr);
}
