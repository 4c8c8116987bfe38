/* redis_target.h - which Redis the connections of a loop go to, and the way there.
 *
 * A host with or without TLS, a local socket, or whatever the sentinels name as the master when a
 * connection is wanted. One per loop, shared by its connections, which it outlives.
 */
#ifndef STORE_REDIS_TARGET_H
#define STORE_REDIS_TARGET_H

#include "net/loop.h"
#include "net/stream.h"
#include "net/tls_context.h"
#include "store/redis_trouble.h"
#include "store/redis_url.h"

struct redis_target_options {
    const struct redis_url *url;   /* with its texts, copied */
    const char *ca_file;           /* NULL: the system's */
    struct span sentinel_password; /* at most REDIS_LOGIN_MAX_LEN, copied; empty: the URL's login */
    uint64_t connect_ms;           /* to resolve, to connect and to shake hands, each */
    uint64_t refresh_ms;           /* of DNS answers */
};

struct redis_target;

/* NULL when the CA file cannot be used; error then says why. */
struct redis_target *redis_target_create(struct loop *loop,
                                         const struct redis_target_options *options,
                                         char error[TLS_ERROR_SIZE]);

/* No dial may be running. */
void redis_target_destroy(struct redis_target *target);

/* --- For redis_link --------------------------------------------------------------------------- */

const struct redis_login *redis_target_login(const struct redis_target *target);

struct redis_dial; /* one attempt; owned by the target */

/* Raised once, from the loop, unless called off. The stream is the owner's, open already, and must
 * be listened to before on_done returns; NULL when there is none, and then trouble and detail
 * (borrowed for the call) say why. */
typedef void redis_dial_done_fn(void *owner, struct stream *stream, enum redis_trouble trouble,
                                struct span detail);

struct redis_dial *redis_dial_begin(struct redis_target *target, redis_dial_done_fn *on_done,
                                    void *owner);

/* Silent; before on_done only. */
void redis_dial_call_off(struct redis_dial *dial);

#endif
