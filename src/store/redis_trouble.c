#include "store/redis_trouble.h"

#include "base/log.h"
#include "base/text.h"

enum { MAX_DETAIL = 200 };

#define REDIS_TROUBLE_ROW(name, word, remedy) [name] = {SPAN_INIT(word), SPAN_INIT(remedy)},
static const struct {
    struct span word, remedy;
} rows[] = {REDIS_TROUBLES(REDIS_TROUBLE_ROW)};
#undef REDIS_TROUBLE_ROW

/* How refusals begin. What is not here is about the command alone. */
static const struct {
    struct span start;
    enum redis_trouble trouble;
} refusals[] = {
    {SPAN_INIT("NOAUTH "), REDIS_NEEDS_PASSWORD},
    {SPAN_INIT("WRONGPASS "), REDIS_WRONG_PASSWORD},
    {SPAN_INIT("ERR invalid password"), REDIS_WRONG_PASSWORD}, /* before Redis 6 */
    {SPAN_INIT("LOADING "), REDIS_LOADING},
    {SPAN_INIT("READONLY "), REDIS_REPLICA},
    {SPAN_INIT("MASTERDOWN "), REDIS_REPLICA},
    {SPAN_INIT("MOVED "), REDIS_CLUSTER},
    {SPAN_INIT("ASK "), REDIS_CLUSTER},
    {SPAN_INIT("CLUSTERDOWN "), REDIS_CLUSTER},
    {SPAN_INIT("CROSSSLOT "), REDIS_CLUSTER},
    {SPAN_INIT("ERR SELECT is not allowed in cluster mode"), REDIS_CLUSTER},
    {SPAN_INIT("DENIED "), REDIS_FORBIDDEN}, /* protected mode */
    {SPAN_INIT("ERR max number of clients"), REDIS_FULL},
};

struct span redis_trouble_word(enum redis_trouble trouble)
{
    return rows[trouble].word;
}

struct span redis_trouble_remedy(enum redis_trouble trouble)
{
    return rows[trouble].remedy;
}

/* Redis before 7 wraps what a script was refused: "ERR Error running script (…): …: -READONLY …". */
static bool wraps_readonly(struct span refusal)
{
    static const char readonly[] = ": -READONLY ";
    return span_starts_with(refusal, SPAN("ERR Error running script")) &&
           memmem(refusal.at, refusal.len, readonly, sizeof(readonly) - 1) != NULL;
}

enum redis_trouble redis_trouble_of(struct span refusal)
{
    for (size_t i = 0; i < COUNT_OF(refusals); i++)
        if (span_starts_with(refusal, refusals[i].start))
            return refusals[i].trouble;
    return wraps_readonly(refusal) ? REDIS_REPLICA : REDIS_NO_TROUBLE;
}

void redis_trouble_log(struct log_fold *fold, struct span purpose, enum redis_trouble trouble,
                       struct span detail, uint64_t now_ms)
{
    uint64_t count = log_fold_count(fold, now_ms);
    if (count == 0)
        return;
    if (detail.len > MAX_DETAIL)
        detail.len = MAX_DETAIL;
    log_event(
        LOG_WARN, "redis_down",
        FIELDS(field_text("purpose", purpose), field_text("reason", redis_trouble_word(trouble)),
               field_text("detail", detail), field_text("remedy", redis_trouble_remedy(trouble)),
               field_number("count", (int64_t)count)));
}
