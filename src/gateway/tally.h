/* tally.h - what exchanges add to the metrics. */
#ifndef GATEWAY_TALLY_H
#define GATEWAY_TALLY_H

#include "gateway/forward.h"

/* Names of operations, services and reasons, in the order of their tables; before anything is counted. */
void tally_register(struct metrics *metrics);

/* Gives each key the word that its requests are counted under. Before the keys are used. */
void tally_register_keys(struct metrics *metrics, struct key_record *keys, size_t count);

/* Likewise each limit. */
void tally_register_limits(struct metrics *metrics, const struct limit_rules *rules);

/* Likewise the filters. */
void tally_register_filters(struct metrics *metrics, const struct filter_rules *rules);

/* A filter was called, or was set aside when it should have been. */
void tally_filter(const struct services *services, size_t filter, enum script_end end);

/* The exchange has ended. */
void tally_exchange(const struct exchange *exchange);

/* What its limits have said. For exchanges of which tally_exchange is not told. */
void tally_limits(const struct exchange *exchange);

/* The call upstream has ended: answered whole, failed, or was called off. */
enum attempt_end {
    ATTEMPT_ANSWERED,
    ATTEMPT_ABANDONED,
    ATTEMPT_NOT_CONNECTED,
    ATTEMPT_POOL_FULL,
    ATTEMPT_TIMEOUT,
    ATTEMPT_LOST,
    ATTEMPT_MALFORMED,
};
void tally_attempt(const struct forward *forward, enum attempt_end end);
void tally_failure(const struct forward *forward);

/* The status that the client got; 0 when it left before there was one. */
unsigned exchange_status(const struct exchange *exchange);

#endif
