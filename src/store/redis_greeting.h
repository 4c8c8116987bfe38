/* redis_greeting.h - what is said first on a connection: who we are, and is this the Redis we need?
 *
 * All of it is sent at once; the answers come in order. Pure.
 */
#ifndef STORE_REDIS_GREETING_H
#define STORE_REDIS_GREETING_H

#include "base/buffer.h"
#include "store/redis_reply.h"
#include "store/redis_trouble.h"
#include "store/redis_url.h"

struct redis_greeting {
    const struct redis_login *login; /* borrowed */
    size_t step;                     /* whose answer comes next */
};

/* Appends the commands to out, which must have room for the login. */
void redis_greeting_begin(struct redis_greeting *greeting, const struct redis_login *login,
                          struct buffer *out);

/* Judges the next answer. The first trouble counts; after it nothing more is asked. */
enum redis_trouble redis_greeting_take(struct redis_greeting *greeting,
                                       const struct redis_reply *reply);

/* All answers were good: commands may follow. */
bool redis_greeting_is_done(const struct redis_greeting *greeting);

#endif
