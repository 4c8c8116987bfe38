#include "store/redis_reply.h"

#include "base/text.h"

bool redis_reply_is(const struct redis_reply *reply, struct span text)
{
    return reply->kind == REDIS_TEXT && span_equal(reply->text, text);
}

bool redis_reply_refuses(const struct redis_reply *reply, struct span code)
{
    return reply->kind == REDIS_REFUSAL && span_starts_with(reply->text, code) &&
           (reply->text.len == code.len || reply->text.at[code.len] == ' ');
}

const struct redis_reply *redis_reply_item(const struct redis_reply *reply, size_t index)
{
    static const struct redis_reply nil = {.kind = REDIS_NIL};
    return index < reply->count ? &reply->items[index] : &nil;
}
