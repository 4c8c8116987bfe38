/* limit_look.h - what the limits would say to a request now; nothing is spent.
 *
 * With Redis it is asked, once, for all of them, and what this worker has debited ahead counts as left; what
 * address alone limits is in memory in any case. Of a limit under load other workers may have debited up to a
 * quarter of the burst that nobody has used yet. Lives in the arena of who asks; one loop.
 */
#ifndef GATEWAY_LIMIT_LOOK_H
#define GATEWAY_LIMIT_LOOK_H

#include "gateway/limits.h"

/* Who has said it. */
enum limit_view {
    LIMIT_VIEW_MEMORY, /* this gateway, which counts alone */
    LIMIT_VIEW_REDIS,  /* of all gateways */
    LIMIT_VIEW_AWAY,   /* this gateway, by redis.away: Redis could not be asked */
};

struct limit_look {
    struct exchange *exchange; /* borrowed: its key, profile, ids, address and operation count */
    bool of_any_operation;     /* the operation is not known: those of certain ones count too */
    struct limits limits;      /* the policies of all places that it falls under, in their order */
    uint64_t ahead_us[LIMIT_CLAIMS_MAX]; /* how far the arrival time of each is ahead of now */
    enum limit_view view;                /* of all but those of LIMIT_ADDRESS */
    struct redis_look redis;
    void (*on_done)(struct limit_look *look); /* raised once unless begun with the answer at hand */
};

/* Zeroed but for exchange, of_any_operation and on_done. True: the answer is there, and nothing will be raised. */
bool limit_look_begin(struct limit_look *look, uint64_t most_ms);
void limit_look_off(struct limit_look *look); /* silent; legal at any moment */

/* Of the i-th: what there is now (cost 0), or what a request of that cost would be answered. */
struct gcra_answer limit_look_ask(const struct limit_look *look, size_t i, uint64_t cost);

/* "memory", "redis" or "memory, redis is away", for the i-th. */
struct span limit_look_view(const struct limit_look *look, size_t i);

#endif
